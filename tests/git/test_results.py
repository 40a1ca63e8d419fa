"""What the filter remembers of notebooks: only the very same bytes, options and code count."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from jupyter_mlsec.core.strip import Options
from jupyter_mlsec.faces.git_filter import Plan
from jupyter_mlsec.git.results import Results, code_stamp
from tests.git.repository import MARK, Repository, notebook, wait_for

DATA = notebook("x = 1\n").encode()
BARE = notebook("x = 1\n", output=None).encode()


def test_the_same_bytes(tmp_path: Path) -> None:
    results = Results(str(tmp_path), "settings")
    assert results.get("a.ipynb", DATA) is None
    results.put("a.ipynb", DATA, BARE)
    assert results.get("a.ipynb", DATA) == BARE
    assert Results(str(tmp_path), "settings").get("a.ipynb", DATA) == BARE
    assert results.get("a.ipynb", DATA + b"\n") is None
    assert results.get("b.ipynb", DATA) is None
    assert Results(str(tmp_path), "other settings").get("a.ipynb", DATA) is None


def test_nothing_removed_is_the_very_same_object(tmp_path: Path) -> None:
    results = Results(str(tmp_path), "")
    results.put("a.ipynb", DATA, DATA)
    assert results.get("a.ipynb", DATA) is DATA
    assert MARK.encode() not in (tmp_path / "mlsec/results/a.ipynb.result").read_bytes()


def test_torn_files_are_passed_over(tmp_path: Path) -> None:
    results = Results(str(tmp_path), "")
    results.put("a.ipynb", DATA, BARE)
    file = tmp_path / "mlsec/results/a.ipynb.result"
    whole = file.read_bytes()
    for size in range(0, len(whole), 7):
        file.write_bytes(whole[:size])
        assert results.get("a.ipynb", DATA) is None
    for damaged in (whole[:-9] + b"x" + whole[-8:], whole + b"x", whole.replace(b"= 1", b"= 2")):
        file.write_bytes(damaged)
        assert results.get("a.ipynb", DATA) is None


@pytest.mark.parametrize("path", ["../a", "..\\a", "/etc/a", "a/../../b", "a" * 400, "a\0b"])
def test_paths_that_cannot_be(path: str, tmp_path: Path) -> None:
    results = Results(str(tmp_path / "git"), "")
    results.put(path, DATA, BARE)
    assert results.get(path, DATA) is None
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_edited_code_meets_no_old_result() -> None:
    before = code_stamp("core/strip")
    assert before == code_stamp("core/strip")
    assert before != code_stamp()
    real = os.stat(Path(__file__).parents[2] / "jupyter_mlsec/core/strip/__init__.py")
    assert str(real.st_mtime_ns) in before


def test_git_is_answered_from_them(repo: Repository) -> None:
    """Large enough that the filter looks: known bytes are answered, others are stripped."""
    big = notebook("x = 1\n", output=f"{MARK} " * 60_000)
    repo.write("a.ipynb", big)
    repo.write("b.ipynb", notebook("y = 1\n", output=None, filler="z" * 1_100_000))
    repo.commit()
    kept = repo.path / ".git/mlsec/results"
    wait_for((kept / "a.ipynb.result").exists)
    assert MARK.encode() not in (kept / "a.ipynb.result").read_bytes()
    for name in ("a.ipynb", "b.ipynb"):
        os.utime(repo.path / name)
    assert repo.status() == ""
    repo.write("a.ipynb", big.replace("x = 1", "x = 2"))
    repo.commit()
    assert b"x = 2" in repo.staged("a.ipynb")
    assert not repo.leaks()


def test_other_options_are_other_results(repo: Repository) -> None:
    repo.write("a.ipynb", notebook("x = 1\n", filler="z" * 1_100_000))
    repo.commit()
    repo.install(mode="all", keep_count="true")
    repo.git("add", "--renormalize", "a.ipynb")
    assert b'"execution_count": 1' in repo.staged("a.ipynb")


def test_after_an_upgrade_they_are_remembered_anew(repo: Repository) -> None:
    """Outputs that are kept already are no reason to forget the result."""
    repo.write("a.ipynb", notebook("x = 1\n", filler="z" * 1_100_000))
    repo.commit()
    repo.settle()
    file = repo.path / ".git/mlsec/results/a.ipynb.result"
    known = file.read_bytes()
    file.write_bytes(b"of another version")
    repo.git("add", "--renormalize", "a.ipynb")
    repo.settle()
    assert file.read_bytes() == known


def test_what_is_known_needs_no_parser_and_no_rules(repo: Repository) -> None:
    repo.write("a.ipynb", notebook("x = 1\n"))
    code = (
        "import sys; sys.path += eval(sys.argv[1])\n"
        "from jupyter_mlsec.faces.git_filter import Session\n"
        "session = Session({'mode': 'sensitive'})\n"
        "session.clean('a.ipynb', open('a.ipynb', 'rb').read()); session.close()\n"
        "print(*(name for name in sys.modules if name.startswith('jupyter_mlsec.')))"
    )
    first, again = (
        repo.run(sys.executable, "-I", "-S", "-c", code, repr(sys.path)).stdout.decode().split()
        for _ in range(2)
    )
    assert "jupyter_mlsec.core.strip.sensitive" in first
    assert "jupyter_mlsec.git.results" in again
    assert not [name for name in again if ".core.strip" in name or ".rules" in name]


def test_a_plan_has_the_mode_of_its_options() -> None:
    """Which are made only where a result is not known."""
    for settings in ({}, {"mode": "all"}, {"mode": "sensitive", "keep_count": "true"}):
        assert Plan(settings).mode == Plan(settings).options.mode
    options = Options(mode="all", keep_id=False)
    assert Plan(options=options).options is options
    assert Plan(options=options).key != Plan(options=options.but(keep_id=True)).key
    assert Plan({"mode": "all"}).key != Plan({"mode": "all", "keep_count": "true"}).key
