"""Scanning many files: what is cached is looked up, the rest scanned in as many processes as pay.

The engine is given as a function that makes it, called once in each process that scans, and not
at all where the cache knows everything.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.model import ScanResult
from jupyter_mlsec.files.cache import Cache, digest_of
from jupyter_mlsec.files.scanning import Done, FileScan, Job, MakeScan
from jupyter_mlsec.files.source import MEGABYTE, Source

Progress = Callable[[int, int], None]

_PAYS = 20 * MEGABYTE  # starting processes takes as long as scanning this much


def scan_many(
    sources: Sequence[Source],
    make_scan: MakeScan,
    *,
    jobs: int = 0,
    max_size: int = 0,
    cache: Cache | None = None,
    progress: Progress | None = None,
) -> list[ScanResult]:
    """The results of all sources, in their order.

    `make_scan` returns the function that scans: (data, path, kind) to result. It must be
    picklable where processes cannot be forked. `jobs` is the number of processes, 0 for as many
    as pay; `max_size` is in megabytes, 0 for no limit. A file that can't be read or that makes
    its process die gives a result with an error. The cache is saved at the end; `progress` is
    told the number of files done and of all.
    """
    results: dict[int, ScanResult] = {}

    def collect(found: Iterable[Done]) -> None:
        for number, digest, result in found:
            results[number] = result
            if cache is not None and digest is not None:
                cache.put(digest, result)
            if progress is not None:
                progress(len(results), len(sources))

    work = [Job(number, source, _size(source)) for number, source in enumerate(sources)]
    scan = FileScan(make_scan, max_size, digests=cache is not None)
    try:
        if cache and _processes(jobs, work) > 1:
            collect(_cached(work, cache, max_size))
            work = [job for job in work if job.number not in results]
        processes = _processes(jobs, work)
        if processes > 1:
            from jupyter_mlsec.files.pool import scan_parallel

            collect(scan_parallel(work, scan, processes))
        else:
            collect(scan(job, cache) for job in work)
    finally:
        if cache is not None:
            cache.save()
    return [results[number] for number in range(len(sources))]


def _processes(jobs: int, work: Sequence[Job]) -> int:
    """How many processes to use for the work; 1 means this one."""
    if not jobs:
        jobs = _cores() if sum(job.size for job in work) >= _PAYS else 1
    return max(1, min(jobs, len(work)))


def _cores() -> int:
    """The processors that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _size(source: Source) -> int:
    if source.data is not None:
        return len(source.data)
    try:
        return os.stat(source.file).st_size
    except OSError:
        return 0  # reading it will say why


def _cached(work: Iterable[Job], cache: Cache, max_size: int) -> Iterator[Done]:
    """The results that the cache knows."""
    for job in work:
        try:
            data = job.source.content(max_size)
        except MlsecError:
            continue  # met again, and reported, when it is scanned
        result = cache.get(digest_of(job.source, data))
        if result is not None:
            yield Done(job.number, None, result)
