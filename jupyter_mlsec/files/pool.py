"""Scanning in several processes."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.files.scanning import Done, FileScan, Job, failed
from jupyter_mlsec.files.source import MEGABYTE

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor
    from multiprocessing.context import BaseContext

_CHUNK = MEGABYTE  # the most that a process is given at a time, unless one file is larger


def scan_parallel(work: Sequence[Job], scan: FileScan, processes: int) -> Iterator[Done]:
    """The results from several processes, as they come.

    A process that dies takes its whole pool with it. The few chunks that were under way are then
    scanned file by file, each in a process of its own, which tells the file that killed it.
    """
    from concurrent.futures import FIRST_COMPLETED, wait
    from concurrent.futures.process import BrokenProcessPool

    chunks = _chunks(work, processes)
    while chunks:
        lost: list[Job] = []
        running: dict[Future[list[Done]], list[Job]] = {}
        with _Pool(processes, scan) as pool:
            while not lost and (chunks or running):
                while chunks and len(running) < 2 * processes:
                    chunk = chunks.pop()
                    running[_submit(pool, chunk)] = chunk
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    chunk = running.pop(future)
                    if isinstance(future.exception(), BrokenProcessPool):
                        lost += chunk
                    else:
                        yield from future.result()
            lost += [job for chunk in running.values() for job in chunk]
        for job in lost:
            yield _alone(job, scan)


def _submit(pool: ProcessPoolExecutor, chunk: list[Job]) -> Future[list[Done]]:
    """Hand out a chunk; if the pool has just died, the future says so instead of this call."""
    from concurrent.futures import Future
    from concurrent.futures.process import BrokenProcessPool

    try:
        return pool.submit(_scan_chunk, chunk)
    except BrokenProcessPool as error:
        broken: Future[list[Done]] = Future()
        broken.set_exception(error)
        return broken


def _alone(job: Job, scan: FileScan) -> Done:
    from concurrent.futures.process import BrokenProcessPool

    try:
        with _Pool(1, scan) as pool:
            return pool.submit(_scan_chunk, [job]).result()[0]
    except BrokenProcessPool:
        reason = "the process that scanned this file was killed, perhaps for the memory it took"
        return failed(job, MlsecError(reason))


def _chunks(work: Sequence[Job], processes: int) -> list[list[Job]]:
    """The work in portions, some for each process, to be taken from the end: large files first."""
    portion = min(_CHUNK, sum(job.size for job in work) // (4 * processes))
    chunks: list[list[Job]] = []
    room = -1
    for job in sorted(work, key=lambda job: job.size):
        if job.size > room:
            chunks.append([])
            room = portion
        chunks[-1].append(job)
        room -= job.size
    return chunks


class _Pool:
    """Worker processes that are gone when the block ends, at once if it ends by an exception."""

    def __init__(self, processes: int, scan: FileScan) -> None:
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import active_children

        self._before = set(active_children())
        self._executor = ProcessPoolExecutor(processes, _context(), _start_worker, (scan,))

    def __enter__(self) -> ProcessPoolExecutor:
        return self._executor

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        from multiprocessing import active_children

        if kind is not None:  # also GeneratorExit and KeyboardInterrupt
            for process in set(active_children()) - self._before:
                process.kill()
        self._executor.shutdown(cancel_futures=True)


def _context() -> BaseContext:
    """Fork where it is safe: it starts ten times as fast. It is not beside threads, nor on macOS,
    whose system libraries use them."""
    import multiprocessing
    import threading

    safe = sys.platform == "linux" and threading.active_count() == 1
    return multiprocessing.get_context("fork" if safe else "spawn")


_scan: FileScan  # in a worker process only, set when it starts


def _start_worker(scan: FileScan) -> None:
    import signal

    # Ctrl-C reaches every process of the terminal: a worker dies of it without a word.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    global _scan
    _scan = scan


def _scan_chunk(chunk: Iterable[Job]) -> list[Done]:
    return [_scan(job) for job in chunk]
