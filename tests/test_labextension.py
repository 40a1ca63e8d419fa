"""The JupyterLab extension as it is built: its size, what it brings along, what it shares."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BUNDLE = ROOT / "jupyter_mlsec" / "labextension"
MOST = 150_000  # bytes of all that a browser may load
# What is bundled. All else is JupyterLab's own, above all CodeMirror's state and view: a copy of
# those leaves the cells of every notebook unrendered.
BUNDLED = {"@codemirror/lint", "@codemirror/merge", "css-loader", "style-loader"}

built = pytest.mark.skipif(
    not (BUNDLE / "package.json").exists(), reason="the JupyterLab extension is not built"
)


@built
def test_size() -> None:
    assert 20_000 < sum(path.stat().st_size for path in BUNDLE.rglob("*.js")) <= MOST


@built
def test_only_what_is_allowed_is_bundled() -> None:
    licences = json.loads((BUNDLE / "static" / "third-party-licenses.json").read_text("utf-8"))
    assert {package["name"] for package in licences["packages"]} == BUNDLED


def test_what_is_bundled_is_not_shared() -> None:
    package = json.loads((ROOT / "package.json").read_text("utf-8"))
    assert not BUNDLED & package["dependencies"].keys()


@built
def test_how_to_uninstall_is_said() -> None:
    assert json.loads((BUNDLE / "install.json").read_text("utf-8"))["packageName"] == (
        "jupyter-mlsec"
    )


def test_the_lock_names_no_host() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text("utf-8"))
    entries = {name: entry for name, entry in lock["packages"].items() if name}
    assert len(entries) > 100
    assert [name for name, entry in entries.items() if "resolved" in entry] == []
    assert [name for name, entry in entries.items() if "integrity" not in entry] == []


def test_sources_are_short() -> None:
    sources = [*(ROOT / "labextension" / "src").rglob("*.ts*")]
    lengths = {path.name: len(path.read_text("utf-8").splitlines()) for path in sources}
    assert len(lengths) > 20
    assert {name: length for name, length in lengths.items() if length > 400} == {}


def test_every_command_of_the_schema_exists() -> None:
    schema = (ROOT / "labextension" / "schema" / "commands.json").read_text("utf-8")
    sources = "".join(
        path.read_text("utf-8") for path in (ROOT / "labextension" / "src").rglob("*.ts")
    )
    named = set(re.findall(r'"command": "(mlsec:[\w-]+)"', schema))
    defined = set(re.findall(r"(?:add|addCommand)\(\s*'(mlsec:[\w-]+)'", sources))
    assert len(named) >= 6
    assert named <= defined


@built
def test_the_extension_is_found(tmp_path: Path) -> None:
    jupyter = ROOT / ".venv" / "bin" / "jupyter"
    if not jupyter.exists():
        pytest.skip("not in this checkout's own environment")
    printed = subprocess.run(
        [jupyter, "labextension", "list"],
        capture_output=True,
        text=True,
        env={"PATH": str(jupyter.parent), "HOME": str(tmp_path)},
    )
    (line,) = [x for x in (printed.stdout + printed.stderr).splitlines() if "jupyter-mlsec " in x]
    assert "enabled" in line
    assert "OK" in line
