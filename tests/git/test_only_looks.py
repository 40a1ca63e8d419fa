"""What can't be filtered is refused where it would get into git; git still tells what has changed,
and a checkout is never left half-way."""

from __future__ import annotations

import pytest

from jupyter_mlsec.git import asking
from tests.git.repository import MARK, Repository, notebook

NAME = "a.ipynb"
GOOD = notebook("a = 1\n", "b = 2\n")
BROKEN = {
    "cut off": GOOD[: GOOD.index("b = 2") - 40],
    "no JSON": f"{MARK}\n" * 20,
    "no text": "\x89PNG\0" + MARK,
}


@pytest.fixture
def known(repo: Repository) -> Repository:
    """A repository with one notebook, another file, and a second branch."""
    repo.write(NAME, GOOD)
    repo.write("b.txt", "1\n")
    repo.commit()
    repo.git("branch", "other")
    repo.settle()
    return repo


@pytest.mark.parametrize(
    "command",
    [
        ("status", "--porcelain"),
        ("diff", "--stat"),
        ("-c", "core.quotePath=false", "diff", "HEAD"),
        ("checkout", "-q", "other"),
        ("commit", "-qm", "x", "b.txt"),
    ],
    ids=" ".join,
)
def test_what_works(known: Repository, command: tuple[str, ...]) -> None:
    for number, broken in enumerate(BROKEN.values()):
        known.write(NAME, broken)
        known.write("b.txt", "1\n" if "checkout" in command else f"{number + 2}\n")
        known.git(*command)
        assert known.read(NAME) == broken
    assert not known.leaks()


@pytest.mark.parametrize(
    "command",
    [
        ("add", NAME),
        ("commit", "-qam", "x"),
        ("stash",),
        ("hash-object", "-w", NAME),
        ("diff-files", "-p"),  # what `git add -p` takes its hunks from
        ("update-index", NAME),
    ],
    ids=" ".join,
)
def test_what_is_refused(known: Repository, command: tuple[str, ...]) -> None:
    for broken in BROKEN.values():
        known.write(NAME, broken)
        said = known.refused(*command)
        assert said.startswith(f"mlsec: {NAME}:")
        assert known.read(NAME) == broken
    assert not known.leaks()


def test_a_checkout_that_merges_is_refused(known: Repository) -> None:
    known.git("checkout", "-q", "other")
    known.write(NAME, GOOD.replace("a = 1", "a = 2"))
    known.commit()
    known.git("checkout", "-q", "main")
    for broken in BROKEN.values():
        known.write(NAME, broken)
        assert f"mlsec: {NAME}:" in known.refused("checkout", "-m", "other")
        assert known.read(NAME) == broken
    assert not known.leaks()


def test_thrown_away_on_request(known: Repository) -> None:
    known.write(NAME, BROKEN["cut off"])
    known.git("restore", NAME)
    assert known.read(NAME) == GOOD
    assert known.status() == ""


@pytest.mark.parametrize("command", [("checkout", "-q", "-f", "other"), ("reset", "-q", "--hard")])
def test_a_mistake_in_the_configuration_stops_no_checkout(
    known: Repository, command: tuple[str, ...]
) -> None:
    """Half of the files of a checkout would be there, and half not."""
    known.write("mlsec.toml", '[strip]\nmodus = "all"\n')
    (known.path / NAME).unlink()
    known.git(*command)
    assert '"b = 2\\n"' in known.read(NAME)
    known.write(NAME, GOOD)
    assert "modus" in known.refused("add", NAME)
    assert not known.leaks()


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("git status", ["status"]),
        ("/usr/bin/git -c a.b=c -C /x --no-pager diff -w", ["diff", "-w"]),
        ("git --git-dir=/x --work-tree /y reset --hard", ["reset", "--hard"]),
        ("git", []),
    ],
)
def test_which_command_asks(line: str, command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> int:
        raise FileNotFoundError

    monkeypatch.setattr(asking, "_parent", lambda: line.split())
    assert asking.git_command() == command
    monkeypatch.undo()
    monkeypatch.setattr("builtins.open", missing)
    monkeypatch.setattr("subprocess.run", missing)
    assert asking.git_command() == []  # Windows: nobody knows


@pytest.mark.parametrize(
    ("line", "looks"),
    [
        ("git status -s", True),
        ("git diff -p", True),
        ("git checkout main", True),
        ("git checkout -qf main", True),
        ("git switch --create x", True),
        ("git restore --progress a", True),
        ("git checkout -qm main", False),
        ("git checkout --merge main", False),
        ("git switch --conflict=diff3 main", False),
        ("git restore --patch", False),
        ("git reset -p", False),
        ("git commit -a", False),
        ("git stash", False),
        ("git", False),
        ("", False),
    ],
)
def test_which_commands_only_look(line: str, looks: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_parent", lambda: line.split())
    assert asking.only_looks() == looks
