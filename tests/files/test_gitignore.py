"""The patterns of .gitignore compared with git itself, on real files."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import pytest

from jupyter_mlsec.core.config import Config
from jupyter_mlsec.files.source import Source
from jupyter_mlsec.files.walk import discover

FILES = [
    folder + name
    for folder in ("", "a/", "a/b/", "a/b/c/", "b/", "b/a/", "data/", "data/a/", "x y/", "A/")
    for name in ("a.ipynb", "b.ipynb", "ab.ipynb", "#a.ipynb", "!a.ipynb", "keep.ipynb", "a].py")
]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("tree")
    for name in FILES:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(b"{}")
    environment = {**os.environ, "HOME": str(top), "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", "init", "-q", str(top)], check=True, env=environment)
    return top


def by_git(top: Path) -> set[str]:
    environment = {**os.environ, "HOME": str(top), "GIT_CONFIG_NOSYSTEM": "1"}
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--others", "--exclude-standard"],
        cwd=top,
        check=True,
        capture_output=True,
        env=environment,
    ).stdout
    return {name for name in os.fsdecode(listing).split("\0") if name and "gitignore" not in name}


def by_walk(top: Path) -> set[str]:
    found = discover([str(top)], Config(), cwd=str(top))
    return {source.path for source in found if isinstance(source, Source)}


TABLE = [
    "*.ipynb",
    "a",
    "a/",
    "/a",
    "/a/",
    "a/b",
    "b/a/",
    "a/*",
    "a/**",
    "**/b",
    "**/b/",
    "a/**/c",
    "a/**/b",
    "**/a/**",
    "*",
    "**",
    "/*",
    "/**",
    "*/",
    "a?.ipynb",
    "[ab].ipynb",
    "[!a].ipynb",
    "[^a-b].ipynb",
    "[a-",
    "a].py",
    "[]]*",
    "a[]].py",
    "[[:alpha:]].ipynb",
    "[[:upper:]]/",
    "[b-a].ipynb",
    "x y",
    "x y/  ",
    "x\\ y",
    "\\#a.ipynb",
    "#a.ipynb",
    "\\!a.ipynb",
    "\\a.ipynb",
    "a.ipynb\\",
    "a**.ipynb",
    "a/**b/a.ipynb",
    "",
    "/",
    "!",
    "\r",
    "a.ipynb\r",
    "*\n!*/\n!*.ipynb",
    "*\n!*/\n!keep.ipynb",
    "data/**\n!data/keep.ipynb",
    "data/*\n!data/keep.ipynb",
    "data/\n!data/keep.ipynb",
    "/*\n!/a/",
    "/*\n!/a\n/a/*\n!/a/b",
    "*.ipynb\n!a.ipynb\nb/",
    "\ufeffa.ipynb",
]


@pytest.mark.parametrize("patterns", TABLE)
def test_a_file_of_patterns_means_what_git_means(tree: Path, patterns: str) -> None:
    (tree / ".gitignore").write_bytes(patterns.encode() + b"\n")
    assert by_walk(tree) == by_git(tree)


@pytest.mark.parametrize(
    ("patterns", "nested"),
    [
        ("*.ipynb", "!a.ipynb"),
        ("!a.ipynb", "*.ipynb"),
        ("b/", "!b/"),
        ("/a/b/*.ipynb", "/b/*.py"),
        ("a/", "!*"),
    ],
)
def test_a_nested_file_of_patterns_comes_last(tree: Path, patterns: str, nested: str) -> None:
    (tree / ".gitignore").write_text(patterns + "\n")
    (tree / "a" / ".gitignore").write_text(nested + "\n")
    try:
        assert by_walk(tree) == by_git(tree)
    finally:
        (tree / "a" / ".gitignore").unlink()


def test_the_repository_may_exclude_in_private(tree: Path) -> None:
    (tree / ".gitignore").write_text("!b.ipynb\n")
    exclude = tree / ".git" / "info" / "exclude"
    exclude.write_text("*.ipynb\n")
    try:
        assert by_walk(tree) == by_git(tree)
    finally:
        exclude.write_text("")


PIECES = ["a", "b", "c", "data", "keep.ipynb", "*", "**", "?", "[ab]", "[!a]", "*.ipynb", "\\a"]


@pytest.mark.parametrize("seed", range(80))
def test_random_patterns_mean_what_git_means(tree: Path, seed: int) -> None:
    chance = random.Random(seed)
    lines = []
    for _ in range(chance.randint(1, 5)):
        middle = "/".join(chance.choice(PIECES) for _ in range(chance.randint(1, 3)))
        lines.append(chance.choice(["", "", "!"]) + chance.choice(["", "/"]) + middle)
        lines[-1] += chance.choice(["", "", "/", "*"])
    (tree / ".gitignore").write_text("\n".join(lines) + "\n")
    assert (lines, by_walk(tree)) == (lines, by_git(tree))
