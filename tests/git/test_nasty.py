"""Every notebook of `tests.nasty` through real git, and what then stands in the index."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.git.repository import Repository, environment
from tests.nasty import CASES, Case, holds

# those with the same options in one folder
FOLDERS = {case.name: repr((case.mode, case.settings)) for case in CASES}
NUMBERS = {options: number for number, options in enumerate(dict.fromkeys(FOLDERS.values()))}
PATHS = {
    case.name: f"{NUMBERS[FOLDERS[case.name]]}/{number:03}.ipynb"
    for number, case in enumerate(CASES)
}


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A repository with all of them, each with its own options, added by one git."""
    top = tmp_path_factory.mktemp("nasty")
    made = Repository(top / "work", environment(top))
    made.path.mkdir()
    made.git("init", "-q")
    made.git("config", "core.autocrlf", "false")
    made.install()
    tables = {}
    for case in CASES:
        path = made.write(PATHS[case.name], case.data)
        settings = {"mode": case.mode, **case.settings}
        lines = [f"{key} = {json.dumps(value)}\n" for key, value in settings.items()]
        tables[path.parent.name] = "".join(lines)
    text = "".join(f'[strip.per-path."{name}/**"]\n{table}' for name, table in tables.items())
    made.write("mlsec.toml", text)
    made.git("add", "-A")
    return made


@pytest.fixture(scope="module")
def index(repo: Repository) -> dict[str, bytes]:
    """What git has of each path."""
    listed = repo.git("ls-files", "--stage").splitlines()
    blobs = [line.split()[1] for line in listed]
    done = repo.run("git", "cat-file", "--batch", stdin="\n".join(blobs).encode())
    found, at = {}, 0
    for line in listed:
        end = done.stdout.index(b"\n", at)
        size = int(done.stdout[at:end].split()[2])
        found[line.partition("\t")[2]] = done.stdout[end + 1 : end + 1 + size]
        at = end + 1 + size + 1
    return found


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_nothing_gets_in(case: Case, index: dict[str, bytes]) -> None:
    staged = index[PATHS[case.name]]
    assert not [number for number, mark in enumerate(case.gone) if holds(staged, mark)]
    assert [holds(staged, mark) for mark in case.stays] == [True] * len(case.stays)


def test_the_files_stay_as_they_are(repo: Repository, index: dict[str, bytes]) -> None:
    for case in CASES:
        assert Path(repo.path / PATHS[case.name]).read_bytes() == case.data


def test_asked_again_git_hears_the_same(repo: Repository, index: dict[str, bytes]) -> None:
    for path in PATHS.values():
        os.utime(repo.path / path)
    changed = [line for line in repo.status().splitlines() if not line.startswith("A  ")]
    assert changed == []
    assert repo.healthy()
