"""Writing in a file's place: killed, no space, odd names. The old or the new file, whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.files import writing
from jupyter_mlsec.files.writing import replace

LARGE = b"x" * 40_000_000


@pytest.fixture(autouse=True)
def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_swept", set())


def test_killed_at_any_point(tmp_path: Path) -> None:
    file = tmp_path / "a.ipynb"
    written = 0
    for number in range(8):
        file.write_bytes(b"old")
        program = (
            f"from jupyter_mlsec.files.writing import replace\nprint(flush=True)\n"
            f"replace({str(file)!r}, b'x' * {len(LARGE)})"
        )
        process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(number * 0.012)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        data = file.read_bytes()
        assert data in (b"old", LARGE)
        written += data == LARGE
    assert written < 8, "nothing was killed half-way"
    # the next run takes away what the killed ones have left
    replace(str(file), b"new")
    assert os.listdir(tmp_path) == ["a.ipynb"]
    assert file.read_bytes() == b"new"


@pytest.mark.parametrize("name", ["n" * 249 + ".ipynb", "ü" * 124 + ".ipynb", "a b\n.ipynb", "-x"])
def test_names(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_bytes(b"old")
    replace(str(file), b"new")
    assert file.read_bytes() == b"new"
    assert os.listdir(tmp_path) == [name]


def test_what_others_write_stays(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    others = [f"a.{os.getppid()}.mlsec", "a.mlsec", "a.ipynb.x1.mlsec", "notes.mlsec"]
    for name in others:
        (tmp_path / name).write_bytes(b"")
    replace(str(tmp_path / "a"), b"new")
    assert sorted(os.listdir(tmp_path)) == sorted(["a", *others])


def test_nobody_else_reads_it_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"old")
    file.chmod(0o640)
    seen: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda fd: seen.append(os.fstat(fd).st_mode & 0o777))
    replace(str(file), b"new")
    assert seen == [0o600]
    assert file.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_stopped_half_way(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"old")

    def fail(_: int) -> None:
        raise error

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises((MlsecError, KeyboardInterrupt)) as caught:
        replace(str(file), b"new")
    if isinstance(caught.value, MlsecError):
        assert caught.value.message == "can't be written: No space left on device"
    assert file.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]
