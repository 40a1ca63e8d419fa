"""`mlsec fix` from outside: what is changed in a file, and above all what is not."""

from __future__ import annotations

import difflib
import json
import os
import stat
import sys

import pytest

from tests.faces.command import Folder, leak, notebook, token

# a safe fix, and one that is not (the shell takes the bound for a redirection)
BANG = "!pip install numpy==1.26.4\n"
MAGIC = "%pip install numpy==1.26.4\n"
SAFE = ("--select", "bang-pip-wrong-environment")
REDIRECTED = "!pip install numpy>=1.26\n"
QUOTED = '!pip install "numpy>=1.26"\n'
UNPINNED = "%pip install -q requests 'pandas[excel]'\n"
PINNED = "%pip install -q requests==2.32.0 'pandas[excel]==2.2.2'\n"

REQUIREMENTS = "requests==2.32.0\npandas==2.2.2  # frames\nother>=1\n"


def source(data: bytes, cell: int = 0) -> str:
    return "".join(json.loads(data)["cells"][cell]["source"])


def changed_lines(before: bytes, after: bytes) -> list[bytes]:
    """What stands in `after` and not in `before`, line by line, line ends included."""
    pairs = difflib.SequenceMatcher(
        None, before.splitlines(True), after.splitlines(True), autojunk=False
    ).get_opcodes()
    lines = after.splitlines(True)
    return [line for tag, _, _, k, m in pairs if tag != "equal" for line in lines[k:m]]


def test_safe_fixes_by_default(folder: Folder) -> None:
    folder.write("a.ipynb", notebook(BANG, REDIRECTED, f'Client("{token()}")\n', f"!ls\n{BANG}"))
    before = folder.read("a.ipynb")
    outcome = folder.mlsec("fix", ".", "--extend-select", SAFE[1])
    assert (outcome.code, outcome.err) == (0, "2 fixes made (2 bang-pip-wrong-environment)\n")
    assert outcome.out == "a.ipynb: use %pip (2 times)\n"
    after = folder.read("a.ipynb")
    assert changed_lines(before, after) == [
        b'    "%pip install numpy==1.26.4\\n"\n',
        b'    "%pip install numpy==1.26.4\\n"\n',
    ]
    again = folder.mlsec("fix", ".", "--extend-select", SAFE[1])
    assert (again.code, again.out, again.err) == (0, "", "0 fixes made\n")
    assert folder.read("a.ipynb") == after


def test_a_diff_changes_nothing(folder: Folder) -> None:
    path = folder.write("a.ipynb", notebook(REDIRECTED, f'password = "{token()[3:20]}"\n'))
    before, time = folder.read("a.ipynb"), path.stat().st_mtime_ns
    outcome = folder.mlsec("fix", ".", "--diff", "--unsafe")
    assert outcome.code == 0
    assert outcome.shows("--- a.ipynb cell 1\n+++ a.ipynb cell 1\n", f"\n+{QUOTED}")
    assert outcome.shows("--- a.ipynb cell 2\n")
    assert outcome.shows("2 fixes would be made")
    assert not outcome.shows(token()[3:20])
    assert (folder.read("a.ipynb"), path.stat().st_mtime_ns) == (before, time)


def test_unsafe_fixes_when_asked_for(folder: Folder) -> None:
    folder.write("a.ipynb", notebook(f'x = 1\ntoken = "{token()}"\n'))
    outcome = folder.mlsec("fix", "a.ipynb", "--unsafe")
    assert outcome.code == 0
    assert not outcome.shows(token())
    after = source(folder.read("a.ipynb"))
    assert "environ" in after
    gone = token() not in after
    assert gone
    assert folder.scan(".").rules == []
    kept = folder.read("a.ipynb")
    folder.mlsec("fix", "a.ipynb", "--unsafe")
    assert folder.read("a.ipynb") == kept


LOCKS = {
    "requirements.txt": REQUIREMENTS,
    "uv.lock": "".join(
        f'[[package]]\nname = "{name}"\nversion = "{version}"\n'
        for name, version in (("requests", "2.32.0"), ("pandas", "2.2.2"))
    ),
    "pylock.toml": "".join(
        f'[[packages]]\nname = "{name}"\nversion = "{version}"\n'
        for name, version in (("requests", "2.32.0"), ("pandas", "2.2.2"))
    ),
    "environment.yml": "dependencies:\n  - requests=2.32.0\n  - pip:\n    - pandas==2.2.2\n",
    "Pipfile.lock": '{"default": {"requests": {"version": "==2.32.0"}, "own": {"path": "."}},'
    ' "develop": {"pandas": {"version": "==2.2.2"}}}',
}


@pytest.mark.parametrize("lock", LOCKS)
def test_pins_from_a_file(folder: Folder, lock: str) -> None:
    folder.write(f"locks/{lock}", LOCKS[lock])
    folder.write("a.ipynb", notebook(UNPINNED))
    outcome = folder.mlsec("fix", "a.ipynb", "--unsafe", "--pin-from", f"locks/{lock}")
    assert outcome.code == 0
    assert source(folder.read("a.ipynb")) == PINNED
    assert outcome.shows(f"pin to 2.32.0, the version in locks/{lock}")


@pytest.mark.parametrize("where", ["environment", "kernel", "interpreter"])
def test_pins_from_what_is_installed(folder: Folder, where: str) -> None:
    from importlib.metadata import version

    kernel = {"name": "of-mine", "language": "python", "display_name": "x"}
    folder.write("a.ipynb", notebook("%pip install -q pytest\n", metadata={"kernelspec": kernel}))
    folder.write("kernels/of-mine/kernel.json", json.dumps({"argv": [sys.executable, "-m", "x"]}))
    outcome = folder.mlsec(
        *("fix", "a.ipynb", "--unsafe", "--pin-from"),
        sys.executable if where == "interpreter" else where,
        env={"JUPYTER_PATH": str(folder.path)},
    )
    assert outcome.code == 0
    expected = f"%pip install -q pytest=={version('pytest')}\n"
    assert source(folder.read("a.ipynb")) == expected


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        ("nowhere.txt", "nowhere.txt: there is no such file"),
        ("empty.txt", "empty.txt pins no package to an exact version"),
        ("broken.lock", "broken.lock is not valid TOML"),
        ("odd.lock", "odd.lock lists no packages"),
        ("odder.lock", "odder.lock lists no packages"),
        ("Pipfile.lock", "Pipfile.lock is no lock file of Pipenv"),
        ("a.ipynb", "a.ipynb pins no package to an exact version"),
        ("kernel", "the notebook doesn't say which kernel it uses"),
    ],
)
def test_nothing_to_pin_to(folder: Folder, choice: str, says: str) -> None:
    folder.write("a.ipynb", notebook(UNPINNED))
    folder.write("empty.txt", "requests\n")
    folder.write("broken.lock", "[[package]\n")
    folder.write("odd.lock", "package = 3\n")
    folder.write("Pipfile.lock", '{"default": 3}')
    folder.write("odder.lock", '[[packages]]\nname = 3\nversion = ["x"]\n')
    before = folder.read("a.ipynb")
    outcome = folder.mlsec("fix", "a.ipynb", "--unsafe", "--pin-from", choice)
    assert outcome.code == 2
    assert outcome.shows(says)
    assert folder.read("a.ipynb") == before


def test_a_pyproject_stays_valid(folder: Folder) -> None:
    folder.write("lock.txt", REQUIREMENTS)
    before = '[tool.poetry.dependencies]\npython = "^3.10"\nrequests = "*"\n'
    folder.write("pyproject.toml", before)
    outcome = folder.mlsec(
        *("fix", "pyproject.toml", "--unsafe", "--pin-from", "lock.txt", "--profile", "pedantic")
    )
    assert outcome.code == 0
    after = folder.read("pyproject.toml").decode()
    assert after == before.replace('"*"', '"2.32.0"')


def test_pins_are_unsafe(folder: Folder) -> None:
    outcome = folder.mlsec("fix", ".", "--pin-from", "environment")
    assert outcome.code == 2
    assert outcome.shows("--pin-from goes with --unsafe")


# Every other byte stays

ODD = notebook("x = 'ü'  # \u2028\n", REDIRECTED, metadata={"é": [1.0, 1e5, 0.1], "z": {}})
FORMS = {
    "jupyter": ODD.encode(),
    "crlf": ODD.replace("\n", "\r\n").encode(),
    "crlf sources": json.dumps(json.loads(ODD.replace("\\n", "\\r\\n"))).encode(),
    "bom": b"\xef\xbb\xbf" + ODD.encode(),
    "one line": json.dumps(json.loads(ODD), separators=(",", ":")).encode(),
    "ascii": json.dumps(json.loads(ODD), indent="\t").encode() + b"\n\n",
    "string sources": json.dumps(
        {**json.loads(ODD), "cells": [{"cell_type": "code", "source": REDIRECTED}]}, indent=2
    ).encode(),
    "invalid utf-8": ODD.encode().replace("ü".encode(), b"\xff"),
    "nan": ODD.replace("null", "NaN").encode(),
    "escapes": ODD.replace("!pip", "\\u0021pip").encode(),
}


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """A folder of notebooks written in all these forms, fixed by one run."""
    folder = Folder(tmp_path_factory.mktemp("forms"))
    for name, data in FORMS.items():
        folder.write(f"{name}.ipynb", data)
    outcome = folder.mlsec("fix", ".", "--unsafe", "--select", "unpinned-install")
    assert outcome.code == 0
    assert outcome.err == f"{len(FORMS)} fixes made ({len(FORMS)} unpinned-install)\n"
    return folder


@pytest.mark.parametrize("name", FORMS)
def test_only_the_place_is_changed(fixed: Folder, name: str) -> None:
    before, after = FORMS[name], fixed.read(f"{name}.ipynb")
    edits = [
        (before[i:j], after[k:m])
        for tag, i, j, k, m in difflib.SequenceMatcher(
            None, before, after, autojunk=False
        ).get_opcodes()
        if tag != "equal"
    ]
    assert edits == [(b"", b'\\"'), (b"", b'\\"')]


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_not_edited(folder: Folder, codec: str) -> None:
    folder.write("a.ipynb", notebook(BANG).encode(codec))
    before = folder.read("a.ipynb")
    outcome = folder.mlsec("fix", ".", *SAFE)
    assert outcome.code == 2
    assert outcome.shows("can't be edited in place; save the file as UTF-8 first")
    assert folder.read("a.ipynb") == before


def test_a_bad_file_stays_and_the_others_are_fixed(folder: Folder) -> None:
    folder.write("bad.ipynb", notebook(BANG)[:-9])
    folder.write("good.ipynb", notebook(BANG))
    before = folder.read("bad.ipynb")
    outcome = folder.mlsec("fix", ".", *SAFE)
    assert outcome.code == 2
    assert outcome.shows("mlsec: bad.ipynb:")
    assert outcome.shows("not valid JSON: ")
    assert folder.read("bad.ipynb") == before
    assert source(folder.read("good.ipynb")) == MAGIC


def test_suppressed_findings_stay(folder: Folder) -> None:
    silenced = BANG.rstrip() + f"  # mlsec: ignore[{SAFE[1]}] as it is\n"
    folder.write("a.ipynb", notebook(silenced))
    before = folder.read("a.ipynb")
    outcome = folder.mlsec("fix", ".", *SAFE)
    assert (outcome.code, outcome.err) == (0, "0 fixes made\n")
    assert folder.read("a.ipynb") == before


def test_findings_that_are_not_selected_stay(folder: Folder) -> None:
    folder.write("a.ipynb", notebook(BANG))
    for arguments in ([], ["--select", "secrets"], ["--min-severity", "low", *SAFE]):
        assert folder.mlsec("fix", ".", *arguments).err == "0 fixes made\n"
    folder.write("mlsec.toml", '[per-path-ignore]\n"*.ipynb" = ["installs"]\n')
    assert folder.mlsec("fix", ".", *SAFE).err == "0 fixes made\n"
    assert source(folder.read("a.ipynb")) == BANG


def test_kinds_that_are_not_selected_stay(folder: Folder) -> None:
    folder.write("a.ipynb", notebook(f'token = "{token()}"\n'))
    before = folder.read("a.ipynb")
    for arguments in (
        ["--select", "provider-token:openai-api-key"],
        ["--ignore", "provider-token:hugging-face-user-access-token"],
    ):
        assert folder.mlsec("fix", ".", "--unsafe", *arguments).err == "0 fixes made\n"
    assert folder.read("a.ipynb") == before


def test_files_that_are_no_notebooks(folder: Folder) -> None:
    folder.write("setup.sh", b"#!/bin/sh\r\npip install numpy>=1.26\r\n\xff\r\n")
    outcome = folder.mlsec("fix", ".", "--unsafe")
    assert (outcome.code, outcome.err) == (0, "1 fix made (1 unpinned-install)\n")
    assert folder.read("setup.sh") == b'#!/bin/sh\r\npip install "numpy>=1.26"\r\n\xff\r\n'


@pytest.mark.skipif(sys.platform == "win32", reason="modes and links of POSIX")
def test_mode_and_link_stay(folder: Folder) -> None:
    target = folder.write("real/a.ipynb", notebook(BANG))
    target.chmod(0o640)
    link = folder.path / "link.ipynb"
    link.symlink_to("real/a.ipynb")
    assert folder.mlsec("fix", "link.ipynb", *SAFE).code == 0
    assert link.is_symlink()
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert source(target.read_bytes()) == MAGIC
    assert sorted(os.listdir(target.parent)) == ["a.ipynb"]


@pytest.mark.skipif(sys.platform == "win32" or not os.getuid(), reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(folder: Folder) -> None:
    path = folder.write("closed/a.ipynb", notebook(BANG))
    path.parent.chmod(0o555)
    outcome = folder.mlsec("fix", ".", *SAFE)
    path.parent.chmod(0o755)
    assert outcome.code == 2
    assert outcome.shows("mlsec: closed/a.ipynb: can't be written: Permission denied")
    assert source(path.read_bytes()) == BANG


def test_no_value_is_shown(folder: Folder) -> None:
    folder.write("a.ipynb", leak())
    for arguments in (["--diff", "--unsafe"], ["--unsafe"]):
        assert not folder.mlsec("fix", ".", *arguments).shows(token())
