"""`mlsec enable` and `mlsec disable` on IPython's configuration, in a copy of the environment."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials import autoload
from jupyter_mlsec.faces.cli import main

FILE = Path("etc/ipython/ipython_config.json")


@pytest.fixture(autouse=True)
def _environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.chdir(tmp_path)


BEFORE = [
    "{}",
    '{"InteractiveShellApp": {}}',
    '{\n\t"InteractiveShellApp": {"extensions": ["autoreload"]},\n\t"A": {"b": 1.50}}\n\n',
    '{"InteractiveShellApp": {"extra_extensions": ["autoreload"]}}',
    '{"InteractiveShellApp": {"extra_extensions": []}, "Ä": "\u00e4"}',
]


@pytest.mark.parametrize("before", BEFORE)
def test_what_was_there_stays_and_comes_back_to_the_byte(before: str) -> None:
    FILE.parent.mkdir(parents=True)
    FILE.write_bytes(before.encode())
    assert autoload.enable() == (FILE.absolute(), True)
    now, was = json.loads(FILE.read_text("utf-8")), json.loads(before)
    old = was.setdefault("InteractiveShellApp", {}).get("extra_extensions", [])
    was["InteractiveShellApp"]["extra_extensions"] = [*old, "jupyter_mlsec"]
    assert now == was
    assert autoload.enable() == (FILE.absolute(), False)
    assert autoload.disable() == (FILE.absolute(), True)
    assert FILE.read_bytes() == before.encode()
    assert [path.name for path in FILE.parent.iterdir()] == [FILE.name]
    assert autoload.disable() == (FILE.absolute(), False)


def test_nothing_is_left_where_nothing_was() -> None:
    autoload.enable()
    autoload.disable()
    assert not Path("etc").exists()


def test_what_was_changed_in_between_stays() -> None:
    FILE.parent.mkdir(parents=True)
    FILE.write_text('{"A": 1}')
    autoload.enable()
    changed = json.loads(FILE.read_text())
    changed["B"] = 2
    FILE.write_text(json.dumps(changed))
    autoload.disable()
    assert json.loads(FILE.read_text()) == {
        "A": 1,
        "B": 2,
        "InteractiveShellApp": {"extra_extensions": []},
    }


def test_configuration_in_python_is_not_touched() -> None:
    FILE.parent.mkdir(parents=True)
    for name in ("ipython_config.py", "ipython_kernel_config.py"):
        (FILE.parent / name).write_text("c.InteractiveShellApp.extensions = ['autoreload']\n")
    autoload.enable()
    autoload.disable()
    assert sorted(path.name for path in FILE.parent.iterdir()) == [
        "ipython_config.py",
        "ipython_kernel_config.py",
    ]


@pytest.mark.parametrize("text", ["{", "[]", '{"InteractiveShellApp": {"extra_extensions": "a"}}'])
def test_what_cannot_be_merged_is_left_alone(text: str) -> None:
    FILE.parent.mkdir(parents=True)
    FILE.write_text(text)
    for act in (autoload.enable, autoload.disable):
        with pytest.raises(MlsecError, match="json"):
            act()
    assert FILE.read_text() == text


def test_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["enable", "--user"]) == 0
    assert Path("ipython/profile_default/ipython_config.json").exists()
    assert main(["enable", "--user"]) == 0
    assert main(["disable", "--user"]) == 0
    assert not Path("ipython/profile_default").exists()
    said = capsys.readouterr().out.splitlines()
    assert [line.partition(" ")[0] for line in said] == ["Every", "`mlsec", "It", "Taken"]
