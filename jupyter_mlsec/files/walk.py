"""Finding the files to scan."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from jupyter_mlsec.core.config import Config
from jupyter_mlsec.core.model import ScanError
from jupyter_mlsec.files.ignore import (
    Ignores,
    excluded,
    ignored,
    ignored_within,
    read_ignores,
    repository_ignores,
)
from jupyter_mlsec.files.source import Source, kind_of, shown

# Copies, other people's code, and the stores of tools.
SKIPPED = frozenset(
    {
        *(".ipynb_checkpoints", ".virtual_documents", "__pycache__"),
        *(".git", ".hg", ".svn", ".bzr", ".jj", "CVS", "_darcs"),
        *("site-packages", "node_modules", ".tox", ".nox", ".eggs"),
        *(".mypy_cache", ".pytest_cache", ".ruff_cache"),
    }
)
# A folder that holds one of these is an environment: of venv and virtualenv, or of conda.
ENVIRONMENT = frozenset({"pyvenv.cfg", "conda-meta"})


def discover(
    paths: Iterable[str], config: Config, *, cwd: str | None = None
) -> Iterator[Source | ScanError]:
    """The files that the paths stand for, each once, in a fixed order.

    A file is always taken, as plain text if it is of no known kind. A folder is walked: files of
    known kinds, without those that .gitignore files or `exclude` name, and without environments,
    checkpoints and stores of tools. Links to files are followed, links to folders are not unless
    given. What can't be read gives a ScanError, here or when it is read, and the rest goes on.
    """
    cwd = os.path.abspath(cwd or os.getcwd())
    seen: set[str] = set()
    for path in paths:
        full = os.path.normpath(os.path.join(cwd, path))
        found: Iterable[Source | ScanError]
        if os.path.isdir(full):
            found = _walk(full, excluded(config, cwd), cwd)
        elif os.path.isfile(full) or _is_broken_link(full):
            found = [Source(shown(full, cwd), full, kind_of(full) or "text")]
        elif os.path.exists(full):
            reason = "neither a file nor a folder; pipe it into `mlsec scan -`"
            found = [ScanError(shown(full, cwd), reason)]
        else:
            found = [ScanError(shown(full, cwd), "there is no such file or folder")]
        for item in found:
            key = item.file if isinstance(item, Source) else item.path
            if key not in seen:
                seen.add(key)
                yield item


def is_scanned(path: str, config: Config, *, cwd: str | None = None) -> bool:
    """Whether a walk that meets this file would take it, .gitignore files aside.

    For files that git names: those it tracks are scanned even if a pattern ignores them.
    """
    if kind_of(path) is None or not SKIPPED.isdisjoint(path.split(os.sep)):
        return False
    cwd = os.path.abspath(cwd or os.getcwd())
    return not ignored_within(os.path.normpath(os.path.join(cwd, path)), excluded(config, cwd))


def _walk(top: str, exclude: Ignores, cwd: str) -> Iterator[Source | ScanError]:
    """The files under a folder: those of a folder by name, then its folders by name."""
    pending: list[tuple[str, Ignores]] = [(top, repository_ignores(top))]
    while pending:
        folder, ignores = pending.pop()
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            yield ScanError(shown(folder, cwd), f"this folder cannot be read: {reason}")
            continue
        names = {entry.name for entry in entries}
        if folder != top and not ENVIRONMENT.isdisjoint(names):
            continue
        if ".gitignore" in names:
            ignores += read_ignores(os.path.join(folder, ".gitignore"), folder)
        folders: list[tuple[str, Ignores]] = []
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in SKIPPED and not _left_out(entry.path, True, exclude, ignores):
                    folders.append((entry.path, ignores))
            else:
                kind = kind_of(entry.path)
                if (
                    kind is not None
                    and not _left_out(entry.path, False, exclude, ignores)
                    and _is_file(entry)
                ):
                    yield Source(shown(entry.path, cwd), entry.path, kind)
        pending.extend(reversed(folders))


def _left_out(path: str, folder: bool, exclude: Ignores, ignores: Ignores) -> bool:
    return ignored(path, exclude, folder) or ignored(path, ignores, folder)


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Whether it is a file or a link: no pipe or device, which could be read for ever.

    A link that leads nowhere or in a circle is one too: reading it says what is wrong with it.
    """
    try:
        return entry.is_file() or (entry.is_symlink() and _is_broken_link(entry.path))
    except OSError:  # a circle of links
        return True


def _is_broken_link(path: str) -> bool:
    return os.path.islink(path) and not os.path.exists(path)
