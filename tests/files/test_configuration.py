from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from jupyter_mlsec.core.config import Config
from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.files.configuration import find, load

NAMES = frozenset({"installs", "secrets"})
PROJECT = "[project]\nname = 'x'\n"


def write(folder: Path, name: str, text: str | bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", "[tool.mlsec]\nselect = ['installs']\n"),
        ("pyproject.toml", PROJECT + "[ tool . mlsec ]\r\nselect = ['installs']\r\n"),
        ("pyproject.toml", "tool.mlsec.select = ['installs']"),
        ("pyproject.toml", "[tool]\nmlsec = {select = ['installs']}"),
        ("pyproject.toml", "tool = {'mlsec' = {select = ['installs']}}"),
        ("pyproject.toml", "[tool.\"mlsec\"]\nselect = ['installs']"),
        ("pyproject.toml", b"\xef\xbb\xbf[tool.mlsec]\nselect = ['installs']"),
        ("mlsec.toml", "select = ['installs']\n"),
    ],
)
@pytest.mark.parametrize("below", [".", "a", "a/b/c"])
def test_the_nearest_file_above_counts(tmp_path: Path, name: str, text: str, below: str) -> None:
    write(tmp_path, name, text)
    (tmp_path / below).mkdir(parents=True, exist_ok=True)
    config = load(NAMES, start=str(tmp_path / below))
    assert config == Config(select=("installs",), root=str(tmp_path))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"mlsec.toml": "jobs = 1", "a/mlsec.toml": "jobs = 2"}, 2),
        ({"mlsec.toml": "jobs = 1", "pyproject.toml": "[tool.mlsec]\njobs = 2"}, 1),
        ({"mlsec.toml": "jobs = 1", "a/pyproject.toml": PROJECT}, 1),
        ({"mlsec.toml": "jobs = 1", "a/pyproject.toml": "[tool.x]\ny = 'mlsec'"}, 1),
        ({"mlsec.toml": "jobs = 1", "a/pyproject.toml": "[broken"}, 1),
        ({"mlsec.toml": "jobs = 1", "a/pyproject.toml": "[tool.mlsec]"}, 0),
        ({"mlsec.toml": "jobs = 1", "a/mlsec.toml": ""}, 0),
    ],
)
def test_which_of_several_files_counts(
    tmp_path: Path, files: dict[str, str], expected: int
) -> None:
    for name, text in files.items():
        write((tmp_path / name).parent, os.path.basename(name), text)
    (tmp_path / "a").mkdir(exist_ok=True)
    assert load(NAMES, start=str(tmp_path / "a")).jobs == expected


def test_without_a_file_all_is_default(tmp_path: Path) -> None:
    write(tmp_path, "pyproject.toml", PROJECT)
    assert find(str(tmp_path)) is None
    assert load(NAMES, start=str(tmp_path)) == Config(root=str(tmp_path))


def test_a_given_file_counts_alone(tmp_path: Path) -> None:
    write(tmp_path, "mlsec.toml", "jobs = 1")
    write(tmp_path / "x", "strict.toml", "jobs = 2\nbaseline = 'known.json'")
    config = load(NAMES, start=str(tmp_path), file="x/strict.toml")
    assert (config.jobs, config.root) == (2, str(tmp_path / "x"))
    assert config.baseline == str(tmp_path / "x" / "known.json")


def test_a_given_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(MlsecError, match=r"strict\.toml: there is no such file"):
        load(NAMES, start=str(tmp_path), file="strict.toml")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("pyproject.toml", "[tool.mlsec]\nselct = []", 'pyproject.toml: unknown setting "selct"'),
        ("mlsec.toml", "[tool.mlsec]\njobs = 1", 'mlsec.toml: unknown setting "tool"'),
        ("mlsec.toml", "profile = 'x'", "mlsec.toml: profile must be one of regular, "),
        ("pyproject.toml", "tool.mlsec = 1", "pyproject.toml: tool.mlsec must be a table"),
        ("pyproject.toml", "[tool.mlsec]\njobs = =", "pyproject.toml:2: invalid value"),
        ("mlsec.toml", "a = 1\n\njobs = 'x", "mlsec.toml:3: "),
        ("mlsec.toml", "a = 1\njobs = [1,", "mlsec.toml:2: "),
        ("mlsec.toml", b"a = 1\nb = '\xff'", "mlsec.toml:2: not UTF-8"),
        ("mlsec.toml", "a = " + "[" * 100_000, "mlsec.toml"),
    ],
)
def test_what_is_wrong_names_the_file_and_the_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    text: str | bytes,
    message: str,
) -> None:
    write(tmp_path, name, text)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MlsecError) as caught:
        load(NAMES)
    assert caught.value.message.startswith(message)
    assert "\n" not in caught.value.message


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
def test_a_file_without_permission(
    open_folder: Path, unprivileged: Callable[[], AbstractContextManager[None]]
) -> None:
    write(open_folder, "mlsec.toml", "jobs = 1")
    os.chmod(open_folder / "mlsec.toml", 0)
    with unprivileged(), pytest.raises(MlsecError, match=r"mlsec\.toml: permission denied"):
        load(NAMES, start=str(open_folder))
