"""Random life cycles in real git: whatever is done in whatever order, no planted value gets in.

A seed makes a run of edits, commits, branches, merges, rebases, picks, stashes, renames and
partial staging, conflicts included, over notebooks whose outputs hold fresh credentials and
addresses. At the end every object that git has, reachable or not, is searched for each of them.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from random import Random
from typing import Any

import pytest

from jupyter_mlsec.core.formats import sample
from tests.git.repository import Repository

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_STEPS = 30


class Life:
    """One repository, its notebooks and branches, and the values that must not get into git."""

    def __init__(self, repository: Repository, random: Random) -> None:
        self.repository = repository
        self.random = random
        self.planted: list[str] = []
        self.names = ["a.ipynb", "dir b/ü c.ipynb", "sub/d.ipynb"]
        self.branches = ["main"]
        for name in self.names:
            self.write(name, [self.cell() for _ in range(4)])
        repository.commit("first")

    def secret(self) -> str:
        address = f"{sample('{a:9}', self.random)}@{sample('{a:8}', self.random)}.de"
        self.planted.append(self.random.choice([sample("gsk_{an:52}", self.random), address]))
        return self.planted[-1]

    def cell(self) -> dict[str, Any]:
        value = self.secret() if self.random.random() < 0.7 else f"{self.random.random()}"
        stream = {"output_type": "stream", "name": "stdout", "text": [f"user {value}\n", "fine\n"]}
        shown = {"text/plain": [f"'{value}'"], "text/html": [f"<b>{value}</b>"]}
        rich = {"output_type": "display_data", "metadata": {}, "data": shown}
        return {
            "cell_type": "code",
            "id": f"c{self.random.randrange(10**6)}",
            "metadata": {},
            "execution_count": 1,
            "source": [f"x = {self.random.randrange(10**6)}\n", "print(x)"],
            "outputs": [self.random.choice([stream, rich])],
        }

    def write(self, name: str, cells: list[dict[str, Any]]) -> None:
        value = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        self.repository.write(name, json.dumps(value, indent=1) + "\n")

    def git(self, *arguments: str, stdin: bytes = b"") -> None:
        """A git command that may well refuse: but never because of an error of ours."""
        done = self.repository.run("git", *arguments, stdin=stdin)
        assert b"Traceback" not in done.stderr

    def step(self) -> None:
        name, branch = self.random.choice(self.names), self.random.choice(self.branches)
        match self.random.randrange(12):
            case 0 | 1 | 2:
                self.edit(name)
            case 3:
                self.git("add", "-A")
                self.git("commit", "-q", "-m", "x", *self.random.choice([(), ("--amend",)]))
            case 4:
                self.git("stash", "-q")
                self.git("stash", "pop", "-q")
            case 5:
                self.branches.append(f"branch-{len(self.branches)}")
                self.git("checkout", "-q", "-b", self.branches[-1])
            case 6:
                self.git("checkout", "-q", branch)
            case 7 | 8:
                self.join(self.random.choice(["merge", "rebase", "cherry-pick"]), branch)
            case 9:
                self.names.append(f"renamed-{len(self.names)}.ipynb")
                self.git("mv", name, self.names[-1])
            case 10:
                self.git("reset", "-q", self.random.choice(["--soft", "--mixed"]), "HEAD~1")
            case 11:
                self.git("add", "-p", name, stdin=b"y\nn\ny\n")

    def edit(self, name: str) -> None:
        """Another cell in the place of one; not in the middle of a conflict, or where none is."""
        try:
            cells = json.loads(self.repository.read(name))["cells"]
        except (FileNotFoundError, ValueError):
            return
        cells[self.random.randrange(len(cells))] = self.cell()
        self.write(name, cells)

    def join(self, how: str, branch: str) -> None:
        """A merge, rebase or pick; what is left in conflict is looked at, and then resolved in
        favour of one side or given up."""
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "before")
        self.git(how, branch)
        self.git("diff")
        if self.random.random() < 0.5:
            self.git("checkout", "--theirs", ".")
            self.git("add", "-A")
            self.git("commit" if how == "merge" else how, *_GO_ON[how])
        for open_one in _GO_ON:
            self.git(open_one, "--abort")


_GO_ON = {
    "merge": ("--no-edit", "-q"),
    "rebase": ("--continue",),
    "cherry-pick": ("--continue",),
}


@pytest.mark.parametrize("mode", ["sensitive", "all"])
@pytest.mark.parametrize("seed", [1, 2])
def test_no_planted_value_gets_into_git(tmp_path: Path, mode: str, seed: int) -> None:
    life = Life(Repository.new(tmp_path, mode=mode), Random(seed))
    for _ in range(_STEPS):
        life.step()
    life.git("add", "-A")
    life.git("commit", "-q", "-m", "last")
    life.repository.settle()
    assert len(life.planted) > 10
    leaked = life.repository.leaks(*life.planted)  # no value in a failure's message
    assert not leaked
    assert life.repository.healthy()
    left = [name for name in os.listdir(life.repository.path) if name.endswith(".mlsec")]
    assert left == []
