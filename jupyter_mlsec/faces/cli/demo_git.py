"""The second part of `mlsec demo`: the git filter at work in a throwaway repository."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

from jupyter_mlsec.faces.cli import git as mlsec_git
from jupyter_mlsec.git import command
from jupyter_mlsec.git.outputs import Outputs

NOTEBOOK = "load-data.ipynb"
_WHO = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
_OUTPUT = '"2"'  # what `len(users)` gave


def show(examples: Path, folder: Path) -> None:
    """Set the filter up in a new repository, commit, merge, and print what becomes of outputs."""
    if shutil.which("git") is None:
        print("\n(git is not installed: the filter is not shown)")
        return
    print("\n--- the same notebook, committed through the git filter ---\n")
    folder.mkdir()
    shutil.copy(examples / NOTEBOOK, folder)
    before = os.getcwd()
    os.chdir(folder)
    try:
        _redacted()
        _merged()
    finally:
        os.chdir(before)


def _redacted() -> None:
    """Mode sensitive: outputs are committed, except what is sensitive in them."""
    original = Path(NOTEBOOK).read_bytes()
    _git("init", "-q", "-b", "main")
    _mlsec("install")
    _git("add", NOTEBOOK)
    _git("commit", "-q", "-m", "Load the data")
    _git("show", f"HEAD:{NOTEBOOK}", only=lambda line: "redacted" in line)
    _tell(f"{NOTEBOOK} itself is unchanged", Path(NOTEBOOK).read_bytes() == original)
    print()


def _merged() -> None:
    """Mode all: no output is committed, and a merge brings those back that were here."""
    _mlsec("install", "--mode", "all")
    _git("add", "--renormalize", NOTEBOOK)
    _git("commit", "-q", "-m", "Outputs stay here")
    _git("switch", "-q", "-c", "colleague", shown=False)
    path = Path(NOTEBOOK)
    path.write_bytes(path.read_bytes().replace(b"# Load the data", b"# Load the data, weekly"))
    _git("commit", "-q", "-a", "-m", "A colleague's change", shown=False)
    _git("switch", "-q", "main", shown=False)
    _git("merge", "-q", "colleague")
    text = path.read_text("utf-8")
    _tell("it has the colleague's title", "weekly" in text)
    _tell("what len(users) gave is in git", _OUTPUT in _show())
    _tell("and in the file, after the merge", _OUTPUT in text)
    print("# the table of passwords is not kept below .git: its cell can be run again")
    Outputs(".git").wait()  # before the folder goes


def _tell(what: str, true: bool) -> None:
    print(f"# {what}: {'yes' if true else 'no'}")


def _show() -> str:
    return command.output(".", "show", f"HEAD:{NOTEBOOK}").decode()


def _git(*arguments: str, only: Callable[[str], bool] | None = None, shown: bool = True) -> None:
    if shown:
        print("$", shlex.join(("git", *arguments)) + (" | grep redacted" if only else ""))
    out = command.output(".", *_WHO, *arguments).decode()
    if only:
        print("".join(f"{line}\n" for line in out.splitlines() if only(line)))


def _mlsec(*arguments: str) -> None:
    print("$ mlsec git", *arguments)
    mlsec_git.run(arguments)
