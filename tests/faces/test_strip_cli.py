"""`mlsec strip` as a user meets it: in place, as a filter, and when something goes wrong."""

from __future__ import annotations

import json
import os
import resource
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.faces.command import Folder, cell, notebook, token

MAIL = "ann.smith@contoso.de"


def shown(text: str) -> dict[str, object]:
    return {"name": "stdout", "output_type": "stream", "text": [text]}


def with_mail() -> str:
    return notebook(cell("x = 1\n", shown(f"from {MAIL} to you\n"), execution_count=3))


CLEAN = notebook(cell("x = 1\n", shown("nothing\n")))


def test_in_place(folder: Folder) -> None:
    folder.write("a.ipynb", with_mail())
    folder.write("sub/b.ipynb", with_mail())
    folder.write("sub/c.py", f"# {MAIL}\n")
    done = folder.mlsec("strip", ".")
    assert done.code == 0
    assert done.out == "a.ipynb: removed e-mail\nsub/b.ipynb: removed e-mail\n"
    assert folder.read("a.ipynb").decode() == with_mail().replace(MAIL, "[redacted: e-mail]")
    assert MAIL.encode() in folder.read("sub/c.py")
    again = folder.mlsec("strip", ".")
    assert (again.code, again.out) == (0, "")


def test_mode_all(folder: Folder) -> None:
    folder.write("a.ipynb", with_mail())
    assert folder.mlsec("strip", "--mode", "all", "a.ipynb").code == 0
    assert json.loads(folder.read("a.ipynb"))["cells"][0]["outputs"] == []


@pytest.mark.parametrize(
    ("options", "outputs", "count"),
    [
        (["--keep-output"], 1, None),
        (["--keep-count"], 0, 3),
        (["--max-size", "1k"], 1, None),
        (["--keep-output-type", "error,stream:stdout"], 1, None),
        (["--keep-output", "--drop-output-type", "stream"], 0, None),
    ],
)
def test_options_of_nbstripout(
    folder: Folder, options: list[str], outputs: int, count: int | None
) -> None:
    folder.write("a.ipynb", with_mail())
    assert folder.mlsec("strip", "--mode", "all", *options, "a.ipynb").code == 0
    made = json.loads(folder.read("a.ipynb"))["cells"][0]
    assert (len(made["outputs"]), made["execution_count"]) == (outputs, count)


def test_nothing_to_do_touches_nothing(folder: Folder) -> None:
    path = folder.write("a.ipynb", CLEAN)
    os.utime(path, (1_000_000_000, 1_000_000_000))
    before = path.stat()
    assert folder.mlsec("strip", "a.ipynb").code == 0
    after = path.stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)


def test_mode_of_the_file_and_links_stay(folder: Folder) -> None:
    path = folder.write("real/a.ipynb", with_mail())
    path.chmod(0o640)
    link = folder.path / "link.ipynb"
    link.symlink_to("real/a.ipynb")
    assert folder.mlsec("strip", "link.ipynb").code == 0
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert MAIL.encode() not in path.read_bytes()
    assert os.listdir(path.parent) == ["a.ipynb"]


def test_standard_input_to_standard_output(folder: Folder) -> None:
    done = folder.mlsec("strip", "--mode", "all", "-", stdin=with_mail().encode())
    assert done.code == 0
    assert json.loads(done.out)["cells"][0]["outputs"] == []
    same = folder.mlsec("strip", "-", stdin=CLEAN.encode())
    assert same.out == CLEAN


@pytest.mark.parametrize("mode", ["all", "sensitive"])
def test_what_is_no_json_gives_nothing_on_stdout(folder: Folder, mode: str) -> None:
    done = folder.mlsec("strip", "--mode", mode, "-", stdin=b'{"cells": [\n}')
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("mlsec: <stdin>:2:1: not valid JSON: expecting value; restore")


@pytest.mark.parametrize(("option", "code"), [("--check", 1), ("--dry-run", 0)])
def test_check(folder: Folder, option: str, code: int) -> None:
    folder.write("a.ipynb", with_mail())
    folder.write("b.ipynb", CLEAN)
    done = folder.mlsec("strip", option, "a.ipynb", "b.ipynb")
    assert (done.code, done.out) == (code, "a.ipynb: would remove e-mail\n")
    assert folder.read("a.ipynb").decode() == with_mail()
    assert folder.mlsec("strip", option, "b.ipynb").code == 0
    through = folder.mlsec("strip", option, "-", stdin=with_mail().encode())
    assert (through.code, through.out) == (code, "<stdin>: would remove e-mail\n")


@pytest.mark.parametrize("mode", ["all", "sensitive"])
def test_diff_shows_no_value(folder: Folder, mode: str) -> None:
    secret = token(4)
    text = notebook(cell("x = 1\n", shown(f"{secret} and {MAIL}\n")))
    folder.write("a.ipynb", text)
    done = folder.mlsec("strip", "--diff", "--mode", mode, "a.ipynb")
    assert done.code == 0
    assert done.out.startswith("--- a.ipynb\n+++ a.ipynb\n@@ ")
    assert "••••" in done.out
    assert not done.shows(secret, secret[8:], MAIL)
    assert folder.read("a.ipynb").decode() == text


def test_a_secret_in_a_source_is_named(folder: Folder) -> None:
    secret = token(5)
    text = notebook(f'a = "{secret}"\n', cell("x", shown(MAIL)))
    folder.write("a.ipynb", text)
    done = folder.mlsec("strip", "a.ipynb")
    assert done.code == 0
    assert "a.ipynb: cell 1: a secret stays in the source (provider-token)" in done.err
    assert not done.shows(secret, secret[8:])
    assert secret.encode() in folder.read("a.ipynb")


@pytest.mark.parametrize("mode", ["all", "sensitive"])
def test_block(folder: Folder, mode: str) -> None:
    text = notebook(f'a = "{token(5)}"\n', cell("x", shown(MAIL)))
    folder.write("a.ipynb", text)
    folder.write("pyproject.toml", f'[tool.mlsec.strip]\nblock = true\nmode = "{mode}"\n')
    done = folder.mlsec("strip", "a.ipynb")
    assert done.code == 1
    assert "provider-token" in done.err
    assert folder.read("a.ipynb").decode() == text
    through = folder.mlsec("strip", "-", stdin=text.encode())
    assert (through.code, through.out) == (1, "")


def test_configuration_by_path(folder: Folder) -> None:
    folder.write(
        "pyproject.toml",
        '[tool.mlsec.strip]\nallow = ["e-mail"]\n'
        '[tool.mlsec.strip.per-path]\n"demo/" = "all"\n"mail/*.ipynb" = { allow = [] }\n',
    )
    for name in ("a.ipynb", "demo/a.ipynb", "mail/a.ipynb"):
        folder.write(name, with_mail())
    done = folder.mlsec("strip", ".")
    assert done.code == 0
    assert folder.read("a.ipynb").decode() == with_mail()
    assert json.loads(folder.read("demo/a.ipynb"))["cells"][0]["outputs"] == []
    assert b"[redacted: e-mail]" in folder.read("mail/a.ipynb")


def test_mistakes_are_one_line(folder: Folder) -> None:
    folder.write("pyproject.toml", '[tool.mlsec.strip]\nmoode = "all"\n')
    done = folder.mlsec("strip", ".")
    assert done.code == 2
    assert done.err == ('mlsec: pyproject.toml: unknown option strip.moode; did you mean "mode"?\n')


def test_the_rest_is_done(folder: Folder) -> None:
    folder.write("a.ipynb", b'{"cells": [')
    folder.write("b.ipynb", with_mail())
    folder.write("empty.ipynb", b"")
    done = folder.mlsec("strip", "a.ipynb", "b.ipynb", "empty.ipynb", "missing.ipynb")
    assert done.code == 2
    assert done.out == "b.ipynb: removed e-mail\n"
    assert [line.partition(": ")[2].partition(":")[0] for line in done.err.splitlines()] == [
        "a.ipynb",
        "missing.ipynb",
    ]
    assert folder.read("empty.ipynb") == b""


def large(megabytes: int) -> bytes:
    line = "x" * 999 + "\n"
    return notebook(cell("x = 1\n", *[shown(line * 100)] * (10 * megabytes))).encode()


def test_a_full_disk_loses_nothing(folder: Folder) -> None:
    """A limit on the size of files stands for the disk: writing fails in the middle."""
    text = notebook(cell("y = 2\n" * 60_000, shown(MAIL)))
    path = folder.write("a.ipynb", text)
    done = subprocess.run(
        [sys.executable, "-m", "jupyter_mlsec", "strip", "a.ipynb"],
        cwd=folder.path,
        env={**folder.environment(), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000)),
    )
    assert done.returncode == 2
    assert "can't be written" in done.stderr
    assert path.read_text() == text
    assert os.listdir(folder.path) == ["a.ipynb"]


def test_kill_in_the_middle_loses_nothing(folder: Folder, tmp_path: Path) -> None:
    """Killed at whatever moment, the file is the old one or the new one, whole."""
    data = large(8)
    path = folder.write("a.ipynb", data)
    assert folder.mlsec("strip", "--mode", "all", "a.ipynb").code == 0
    stripped = path.read_bytes()
    assert len(stripped) < 1000
    seen = set()
    for step in range(12):
        path.write_bytes(data)
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_mlsec", "strip", "--mode", "all", "a.ipynb"],
            cwd=folder.path,
            env=folder.environment(),
            stdout=subprocess.DEVNULL,
        )
        time.sleep(0.03 * step)
        process.send_signal(signal.SIGKILL)
        process.wait()
        content = path.read_bytes()
        assert content in (data, stripped)
        seen.add(content == data)
    assert True in seen
