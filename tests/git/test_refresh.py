"""After a save that changed only outputs git is told that nothing changed, and nothing more."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.git.refresh import refresh
from tests.git.repository import Repository, notebook

NAMES = ("a.ipynb", 'folder/ü "b\'s".ipynb', "line\nend.ipynb")
SAME = notebook("x = 1\n", output="another output")
OTHER = notebook("x = 2\n", output="another output")


@pytest.fixture
def committed(repo: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    for name in NAMES:
        repo.write(name, notebook("x = 1\n"))
    repo.write("plain.txt", "plain\n")
    repo.commit()
    for key, value in repo.env.items():
        monkeypatch.setenv(key, value)
    return repo


def test_outputs_only(committed: Repository) -> None:
    for name in NAMES:
        committed.write(name, SAME)
    assert committed.status() != ""
    assert sorted(refresh(str(committed.path))) == sorted(NAMES)
    assert committed.status() == ""
    assert refresh(str(committed.path)) == []
    assert committed.read(NAMES[0]) == SAME


def test_named_files_from_a_folder_below(committed: Repository) -> None:
    for name in NAMES:
        committed.write(name, SAME)
    found = refresh(str(committed.path / "folder"), ['ü "b\'s".ipynb'])
    assert found == [NAMES[1]]
    assert "a.ipynb" in committed.status()


@pytest.mark.parametrize(
    "change",
    [
        lambda repo: repo.write("a.ipynb", OTHER),
        lambda repo: (repo.path / "a.ipynb").chmod(0o755),
        lambda repo: (repo.path / "a.ipynb").unlink(),
        lambda repo: repo.write("a.ipynb", "{"),
        lambda repo: repo.write("plain.txt", "changed\n"),
        lambda repo: [(repo.path / "a.ipynb").unlink(), (repo.path / "a.ipynb").symlink_to("x")],
    ],
    ids=["source", "mode", "deleted", "broken", "no notebook", "link"],
)
def test_whatever_else_differs_is_left_alone(committed: Repository, change: object) -> None:
    assert callable(change)
    change(committed)
    before = committed.git("diff-files", "--raw", "--no-abbrev")
    index = committed.git("ls-files", "--stage")
    assert refresh(str(committed.path)) == []
    assert committed.git("diff-files", "--raw", "--no-abbrev") == before
    assert committed.git("ls-files", "--stage") == index


def test_one_broken_notebook_does_not_hold_up_the_others(committed: Repository) -> None:
    committed.write(NAMES[0], "{")
    committed.write(NAMES[1], SAME)
    assert refresh(str(committed.path)) == [NAMES[1]]


def test_what_is_staged_stays_staged(committed: Repository) -> None:
    committed.write("a.ipynb", OTHER)
    committed.git("add", "a.ipynb")
    committed.write("a.ipynb", notebook("x = 2\n", output="run again"))
    assert refresh(str(committed.path)) == ["a.ipynb"]
    assert committed.status() == "M  a.ipynb"


def test_a_merge_is_not_refused_afterwards(committed: Repository) -> None:
    committed.git("checkout", "-q", "-b", "work")
    committed.write("a.ipynb", notebook("x = 3\n", output=None))
    committed.commit()
    committed.git("checkout", "-q", "main")
    committed.write("a.ipynb", SAME)
    assert "would be overwritten" in committed.refused("merge", "work")
    refresh(str(committed.path))
    committed.git("merge", "-q", "work")


def test_a_held_index_is_said(committed: Repository) -> None:
    committed.write("a.ipynb", SAME)
    (committed.path / ".git/index.lock").touch()
    with pytest.raises(MlsecError, match=r"index\.lock"):
        refresh(str(committed.path))


def test_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    with pytest.raises(MlsecError, match="is in no git repository"):
        refresh(str(tmp_path))


def test_no_such_file(committed: Repository) -> None:
    with pytest.raises(MlsecError, match=r"nope\.ipynb: there is no such file"):
        refresh(str(committed.path), ["nope.ipynb"])
