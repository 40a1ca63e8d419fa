"""A disk that is really full: a small one in memory, which only root may mount."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.git.repository import MARK, Repository, environment, notebook

SIZE = 3 << 20
LONG = "".join(f"{MARK} {n} {n * 7919 % 104729}\n" for n in range(20_000))  # 800 kB


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """An empty disk of 3 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(place)]
    if sys.platform != "linux" or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("no right to mount a disk here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def repo(disk: Path, tmp_path: Path) -> Repository:
    made = Repository(disk / "work", environment(tmp_path))
    made.path.mkdir()
    made.git("init", "-q", "-b", "main")
    made.install(mode="all")
    made.write("a.ipynb", notebook("x = 1\n", output=LONG))
    return made


def fill(disk: Path, left: int) -> Path:
    """Fill the disk but for some bytes."""
    file = disk / "filler"
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    file.write_bytes(b"\0" * (free - left))
    return file


def below(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.rglob("*") if p.is_file())


def test_add(repo: Repository, disk: Path) -> None:
    filler = fill(disk, 0)
    assert repo.run("git", "add", "a.ipynb").returncode != 0
    assert repo.read("a.ipynb") == notebook("x = 1\n", output=LONG)
    filler.unlink()
    repo.commit()
    repo.settle()
    assert repo.healthy()
    assert not repo.leaks()


def test_no_room_for_outputs(repo: Repository, disk: Path) -> None:
    """git has what it needs; outputs that can't be kept whole are not kept, and not half."""
    filler = fill(disk, 200_000)
    assert repo.run("git", "add", "a.ipynb").stderr == b""
    repo.settle()
    assert below(repo.path / ".git/mlsec/outputs") == []
    repo.git("commit", "-q", "-m", "x")
    assert repo.status() == ""
    filler.unlink()
    os.utime(repo.path / "a.ipynb", (1, 1))
    repo.git("add", "--renormalize", "a.ipynb")
    repo.settle()
    assert below(repo.path / ".git/mlsec/outputs") == ["a.ipynb.outputs"]
    (repo.path / "a.ipynb").unlink()
    repo.git("checkout", "-q", "--", "a.ipynb")
    assert repo.read("a.ipynb") == notebook("x = 1\n", output=LONG)


def test_no_room_to_restore(repo: Repository, disk: Path) -> None:
    """A checkout that can't write the outputs fails as any would, and succeeds when there is
    room."""
    repo.commit()
    repo.settle()
    (repo.path / "a.ipynb").unlink()
    filler = fill(disk, 100_000)
    assert repo.run("git", "checkout", "--", "a.ipynb").returncode != 0
    filler.unlink()
    repo.git("checkout", "-q", "--", "a.ipynb")
    assert repo.read("a.ipynb") == notebook("x = 1\n", output=LONG)
    assert repo.healthy()


@pytest.mark.parametrize("mode", ["all", "sensitive"])
def test_strip_in_place(mode: str, disk: Path, tmp_path: Path) -> None:
    made = Repository(disk, environment(tmp_path))
    before = notebook("x = 1\n", output=f"ann.smith@contoso.de\n{LONG}")
    file = made.write("a.ipynb", before)
    small = made.write("b.ipynb", notebook("x = 1\n", output=None))
    filler = fill(disk, 0)
    mlsec = Path(sys.executable).with_name("mlsec")
    done = made.run(str(mlsec), "strip", "--mode", mode, "a.ipynb", "b.ipynb")
    assert done.returncode == 2
    assert b"a.ipynb: can't be written: No space left on device" in done.stderr
    assert file.read_text() == before
    assert small.read_text() == notebook("x = 1\n", output=None)
    assert below(disk) == ["a.ipynb", "b.ipynb", "filler"]
    filler.unlink()
    assert made.run(str(mlsec), "strip", "--mode", mode, "a.ipynb").returncode == 0
    assert file.read_text() != before
