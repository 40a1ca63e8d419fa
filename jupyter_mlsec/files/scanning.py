"""Scanning one file: whatever is wrong with it becomes its result."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.model import ScanError, ScanResult
from jupyter_mlsec.files.cache import Cache, digest_of
from jupyter_mlsec.files.source import Source

Scan = Callable[[bytes, str, str], ScanResult]
MakeScan = Callable[[], Scan]


class Job(NamedTuple):
    """One file to scan; `number` is its place in the order of the results, `size` in bytes."""

    number: int
    source: Source
    size: int


class Done(NamedTuple):
    """One file scanned; `digest` is None where nothing new is to be remembered."""

    number: int
    digest: str | None
    result: ScanResult


class FileScan:
    """Reads and scans files. The engine is made when the first file needs it.

    `digests` says whether to work out what names a result in a cache.
    """

    def __init__(self, make_scan: MakeScan, max_size: int, digests: bool) -> None:
        self.make_scan = make_scan
        self.max_size = max_size
        self.digests = digests

    @cached_property
    def scan(self) -> Scan:
        return self.make_scan()

    def __call__(self, job: Job, cache: Cache | None = None) -> Done:
        """The result of a file, from the cache if it is given and knows it."""
        try:
            data = job.source.content(self.max_size)
        except MlsecError as error:
            return failed(job, error)
        digest = digest_of(job.source, data) if self.digests else None
        if cache is not None and digest is not None:
            known = cache.get(digest)
            if known is not None:
                return Done(job.number, None, known)
        scan = self.scan
        try:
            return Done(job.number, digest, scan(data, job.source.path, job.source.kind))
        except MlsecError as error:
            return failed(job, error)
        except MemoryError:
            return failed(job, MlsecError("there is not enough memory to scan this file"))
        except Exception as error:
            return failed(job, _bug(error))


def failed(job: Job, error: MlsecError) -> Done:
    """A file that could not be scanned."""
    path = job.source.path
    reason = ScanError(path, error.full, error.line, error.column)
    return Done(job.number, None, ScanResult(path, error=reason, size=job.size))


def _bug(error: Exception) -> MlsecError:
    """Where our own code failed. Not the error's text: it may quote the file, secrets included."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = ""
    if place is not None:
        name = os.path.basename(place.tb_frame.f_code.co_filename)
        where = f" in {name}, line {place.tb_lineno}"
    return MlsecError(
        f"the scanner failed on this file: {type(error).__name__}{where}", "please report this"
    )
