"""Which files git and the user want left alone: .gitignore files, `exclude`, `per-path-ignore`."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from jupyter_mlsec.core.config import Config
from jupyter_mlsec.files.source import Source

if TYPE_CHECKING:
    from jupyter_mlsec.files.gitignore import Patterns


class Ignore(NamedTuple):
    """Patterns and the folder (absolute, ending in a separator) that they are relative to."""

    folder: str
    patterns: Patterns

    def decides(self, path: str, folder: bool) -> bool | None:
        """Whether an absolute path is ignored, or None where no pattern matches it."""
        if not path.startswith(self.folder):
            return None
        return self.patterns.decides(path[len(self.folder) :].replace(os.sep, "/"), folder)


Ignores = tuple[Ignore, ...]


def ignored(path: str, ignores: Ignores, folder: bool = False) -> bool:
    """Whether an absolute path itself is ignored; the last of `ignores` that decides wins."""
    for ignore in reversed(ignores):
        decided = ignore.decides(path, folder)
        if decided is not None:
            return decided
    return False


def ignored_within(path: str, ignores: Ignores) -> bool:
    """Whether an absolute path or one of the folders that it is in is ignored."""
    if ignored(path, ignores):
        return True
    folder = os.path.dirname(path)
    while any(folder.startswith(ignore.folder) for ignore in ignores):
        if ignored(folder, ignores, folder=True):
            return True
        folder = os.path.dirname(folder)
    return False


def excluded(config: Config, cwd: str) -> Ignores:
    """The setting `exclude`, relative to the configuration's folder."""
    return _ignores(config.exclude, config.root or cwd)


def silenced(config: Config, source: Source, cwd: str) -> tuple[str, ...]:
    """The names that `per-path-ignore` switches off in a file (see `core.config.named`)."""
    path = os.path.normpath(os.path.join(cwd, source.file or source.path))
    return tuple(
        name
        for glob, names in config.per_path_ignore
        if matches(glob, path, config.root or cwd)
        for name in names
    )


def matches(glob: str, path: str, root: str) -> bool:
    """Whether a glob as in `exclude`, relative to a folder, matches an absolute path."""
    return ignored_within(path, _ignores((glob,), root))


def read_ignores(file: str, folder: str) -> Ignores:
    """The patterns of a .gitignore file, empty if it can't be read or holds none."""
    try:
        with open(file, encoding="utf-8-sig", errors="surrogateescape", newline="\n") as lines:
            return _ignores(tuple(lines), folder)
    except OSError:
        return ()


def repository_ignores(folder: str) -> Ignores:
    """What the enclosing repository says about a folder: info/exclude, .gitignore files above it.

    Nothing if the folder itself is ignored: who names it wants it scanned.
    """
    above: list[str] = []
    top = folder
    while not os.path.lexists(os.path.join(top, ".git")):
        parent = os.path.dirname(top)
        if parent == top:
            return ()
        above.append(parent)
        top = parent
    found = read_ignores(os.path.join(top, ".git", "info", "exclude"), top)
    for parent in reversed(above):
        found += read_ignores(os.path.join(parent, ".gitignore"), parent)
    return () if found and _ignored_folder(folder, found) else found


def _ignored_folder(folder: str, ignores: Ignores) -> bool:
    return ignored(folder, ignores, folder=True) or ignored_within(folder, ignores)


@lru_cache(maxsize=256)
def _ignores(patterns: tuple[str, ...], folder: str) -> Ignores:
    if not patterns:
        return ()
    from jupyter_mlsec.files.gitignore import parse

    found = parse(patterns)
    return (Ignore(os.path.join(folder, ""), found),) if found.lines else ()
