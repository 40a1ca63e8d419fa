"""Advisories about packages out of a file that the user has downloaded, as an index on disk.

osv.dev gives away all of the Python package index's in one archive (30,000 small files); reading
it takes seconds. So it is read once into a file with one line for each package, which is searched
as it is: nothing of it is parsed but the lines that are asked for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property, lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING

from jupyter_mlsec.core.advisories import Advisory, modified, read
from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.files.writing import keep

if TYPE_CHECKING:
    from datetime import date

_FORMAT = b"jupyter-mlsec advisories 1 "
REMEDY = "download it anew: docs/advisories.md says from where"


class Advisories:
    """The advisories in a file: OSV's archive, or a folder with its records as JSON.

    `folder` keeps the index, None keeps none. Raises MlsecError where the file can't be read, or
    holds no advisory about a Python package: a check without its data must not look like one that
    found nothing.
    """

    # CISA asks for mending holes that are exploited within two weeks (BOD 22-01): a copy older
    # than that hides what should be mended by now
    OLD_DAYS = 14

    def __init__(self, path: str, folder: str | None) -> None:
        self.path = path
        self._folder = folder
        self.of = lru_cache(maxsize=4096)(self._of)

    @cached_property
    def _index(self) -> bytes:
        index = self._index_file()
        known = _saved(index) if index else None
        if known is None:
            known = _made(self.path)
            if index:
                keep(index, known)
        return known

    def open(self) -> Advisories:
        """Itself, with the index read. Raises MlsecError as above."""
        self._index  # noqa: B018
        return self

    def age(self, today: date | None = None) -> int:
        """Days since the newest change; 0 where no advisory says when it was changed."""
        from datetime import date

        try:
            newest = date.fromisoformat(self.newest)
        except ValueError:
            return 0
        return ((today or date.today()) - newest).days

    @property
    def newest(self) -> str:
        """The day of the newest change to an advisory, YYYY-MM-DD."""
        return self._index[len(_FORMAT) : self._index.index(b"\n")].decode()

    def _of(self, name: str) -> tuple[Advisory, ...]:
        start = self._index.find(b"\n" + name.encode() + b"\t")
        if start < 0:
            return ()
        from json import loads

        first = self._index.index(b"\t", start) + 1
        rows = loads(self._index[first : self._index.index(b"\n", first)])
        return tuple(_advisory(*row) for row in rows)

    def _index_file(self) -> str:
        """Where the index is kept, named after the file as it is now; "" where none is kept."""
        facts = _stat(self.path)
        if self._folder is None:
            return ""
        what = f"{os.path.abspath(self.path)}\0{facts.st_size}\0{facts.st_mtime_ns}"
        digest = blake2b(what.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
        return os.path.join(self._folder, f"advisories-{digest}")


def stamp(path: str) -> str:
    """What changes when the file does, for the key of a cache; "" where there is none."""
    try:
        facts = os.stat(path)
    except OSError:
        return ""
    return f"{facts.st_size} {facts.st_mtime_ns}"


def _stat(path: str) -> os.stat_result:
    try:
        return os.stat(path)
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: str, error: OSError) -> MlsecError:
    return MlsecError(f"advisories: {path} can't be read: {error.strerror or error}", REMEDY)


def _made(path: str) -> bytes:
    """The index: the newest change, then a line for each package, its name and its advisories."""
    from json import dumps

    found: dict[str, list[Advisory]] = {}
    newest = ""
    for record in _records(path):
        for name, advisory in read(record):
            found.setdefault(name, []).append(advisory)
            newest = max(newest, modified(record))
    if not found:
        raise MlsecError(f"advisories: {path} has none about a Python package", REMEDY)
    lines = [f"{name}\t{dumps(found[name], separators=(',', ':'))}\n" for name in sorted(found)]
    return _FORMAT + f"{newest}\n".encode() + "".join(lines).encode()


def _records(path: str) -> Iterator[object]:
    """The JSON values in an archive or a folder; what is no JSON is passed over."""
    from json import loads

    for data in _folder(path) if os.path.isdir(path) else _archive(path):
        try:
            yield loads(data)
        except (ValueError, RecursionError):
            continue


def _archive(path: str) -> Iterator[bytes]:
    from zipfile import BadZipFile, ZipFile
    from zlib import error as DeflateError

    try:
        with ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".json"):
                    yield archive.read(name)
    except OSError as error:
        raise _unreadable(path, error) from None
    except (BadZipFile, DeflateError, EOFError, RuntimeError):  # the last: one with a password
        wrong = f"advisories: {path} is no zip archive, or a damaged one"
        raise MlsecError(wrong, REMEDY) from None


def _folder(path: str) -> Iterator[bytes]:
    for folder, _, names in os.walk(path):
        for name in sorted(names):
            if name.endswith(".json"):
                file = os.path.join(folder, name)
                try:
                    with open(file, "rb") as content:
                        yield content.read()
                except OSError as error:
                    raise _unreadable(file, error) from None


def _advisory(
    id: str, aliases: list[str], ranges: list[list[list[str]]], versions: list[str], level: str
) -> Advisory:
    events = tuple(tuple((kind, at) for kind, at in found) for found in ranges)
    return Advisory(id, tuple(aliases), events, tuple(versions), level)


def _saved(index: str) -> bytes | None:
    try:
        with open(index, "rb") as file:
            known = file.read()
    except OSError:
        return None
    return known if known.startswith(_FORMAT) and known.endswith(b"]\n") else None
