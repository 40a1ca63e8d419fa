"""Worker processes: started warm, given one message at a time, killed when they take too long.

A regular expression that runs away holds Python's lock: in a thread it stops the whole server, in
a process of its own only that process, which can be killed. Workers are plain subprocesses, not
multiprocessing's: those import the server's main script again, which takes seconds.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from threading import Lock

from msgspec import msgpack

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.faces.server import work
from jupyter_mlsec.faces.server.worker import PREPARING

MAIN = "jupyter_mlsec.faces.server.worker"
_GRACE = 1.0  # seconds after which a worker kills itself if nobody has
_DIED = "the process that scanned this was killed, perhaps for the memory it took"
_DOCUMENTS = 32  # that a worker remembers
_RUN = "import sys; sys.path[:] = sys.argv[3:]; from {0} import main; main(float(sys.argv[2]))"
# Parts of the names of variables that a scanner has no business to know.
_PRIVATE = ("TOKEN", "PASSWORD", "PASSWD", "_PASS", "SECRET", "CREDENTIAL", "API_KEY", "ACCESS_KEY")

_decode = msgpack.Decoder(work.Reply).decode


class TimedOut(MlsecError):
    """A worker was killed because its work took too long."""


class Superseded(Exception):
    """The work is not wanted any more."""


class Worker:
    """One process. `known` are the documents that it remembers, with the numbers of their cells.

    `call` and `start` block; only one thread uses a worker at a time.
    """

    def __init__(self, limit: float, main: str = MAIN) -> None:
        self.limit = limit
        self.known: OrderedDict[str, frozenset[int]] = OrderedDict()
        self.prepared: set[bytes] = set()
        self._main = main
        self._process: subprocess.Popen[bytes] | None = None
        self._starting = Lock()
        self._killed = self._closed = False

    @property
    def pid(self) -> int | None:
        """The process's id, None where none runs."""
        process = self._process
        if process is None or self._killed or process.poll() is not None:
            return None
        return process.pid

    def start(self) -> None:
        """Start the process if none runs. Returns when it is ready; raises OSError or EOFError."""
        with self._starting:
            if self._closed:
                raise EOFError
            try:
                if self.pid is None:
                    self._start()
            finally:
                if self._closed:  # meanwhile
                    self.clean()

    def _start(self) -> None:
        self.clean()
        self._killed = False
        paths = [path for path in sys.path if os.path.isabs(path)]
        environment = {k: v for k, v in os.environ.items() if not _is_private(k)}
        # isolated: neither the folder of the notebooks nor variables decide what is imported
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter, our own module
            [sys.executable, "-I", "-c", _RUN.format(self._main), "mlsec-worker",
             str(self.limit + _GRACE), *paths],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment,
        )  # fmt: skip
        work.receive(self._process.stdout)  # type: ignore[arg-type]

    def call(self, message: work.Work) -> work.Reply:
        """The reply to a message. Raises EOFError or OSError if the process dies."""
        self.start()
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise EOFError
        try:
            work.send(process.stdin, message)  # type: ignore[arg-type]
            return _decode(work.receive(process.stdout))  # type: ignore[arg-type]
        except (EOFError, OSError, ValueError):
            self.kill()  # it may be about to end, and seem to run for a moment
            raise EOFError from None

    def kill(self) -> None:
        """End the process at once; what waits for its reply gets an EOFError."""
        self._killed = True
        if self._process is not None:
            with suppress(OSError):
                self._process.kill()

    def close(self) -> None:
        """End the process for good."""
        self._closed = True
        self.kill()
        self.clean()

    def clean(self) -> None:
        """Forget a process that has ended or is about to."""
        self.known.clear()
        self.prepared.clear()
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(OSError, ValueError):
                    stream.close()
        process.wait()


def _is_private(name: str) -> bool:
    return any(part in name.upper() for part in _PRIVATE)


class Pool:
    """Workers for the event loop. `limit` is the seconds that one message may take."""

    def __init__(self, size: int, limit: float, main: str = MAIN) -> None:
        self._workers = [Worker(limit, main) for _ in range(size)]
        self._idle: deque[Worker] = deque(self._workers)
        self._waiting: deque[asyncio.Future[Worker]] = deque()
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="mlsec")
        self._closed = False

    def warm(self) -> list[Future[None]]:
        """Start all processes in the background."""
        return [self._threads.submit(worker.start) for worker in self._workers]

    @property
    def pids(self) -> list[int]:
        """Of the processes that run."""
        return [worker.pid for worker in self._workers if worker.pid is not None]

    async def run(
        self,
        build: Callable[[frozenset[int]], work.Work],
        document: str = "",
        wanted: Callable[[], bool] = lambda: True,
    ) -> work.Reply:
        """The reply to the message that `build` makes of the cells that the worker knows of the
        document.

        `wanted` is asked again once a worker is free. Raises Superseded where it says no, TimedOut
        where the work took too long, and MlsecError where the process died.
        """
        worker = await self._acquire(document)
        try:
            if not wanted():
                raise Superseded
            await self._make_ready(worker)
            message = build(worker.known.get(document, frozenset()))
            first = preparation(worker, message)
            if first is not None:
                reply = await self._call(worker, first, PREPARING)
                if reply.problem is not None:
                    return reply
            reply = await self._call(worker, message, worker.limit)
            cells = _cells(message)
            if cells is not None:
                worker.known[document] = frozenset(() if reply.problem else cells.order)
                worker.known.move_to_end(document)
            return reply
        finally:
            self._release(worker)

    async def _call(self, worker: Worker, message: work.Work, limit: float) -> work.Reply:
        loop = asyncio.get_running_loop()
        call = loop.run_in_executor(self._threads, worker.call, message)
        try:
            done, _ = await asyncio.wait({call}, timeout=limit)
            if not done:
                raise await self._kill(worker, call)
            return call.result()
        except (EOFError, OSError):
            raise MlsecError(_DIED) from None
        except asyncio.CancelledError:
            worker.kill()
            raise

    async def _make_ready(self, worker: Worker) -> None:
        """Start a worker's process where none runs, and let it forget what is too much."""
        names = list(worker.known)[: max(0, len(worker.known) - _DOCUMENTS)]
        if worker.pid is not None and not names:
            return

        def ready() -> None:
            worker.start()
            if names:
                worker.call(work.Forget(names))

        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, ready)
        except (EOFError, OSError):
            message = "the scanner's process doesn't start"
            raise MlsecError(message, "see the server's log") from None
        for name in names:
            worker.known.pop(name, None)

    async def _kill(self, worker: Worker, call: asyncio.Future[work.Reply]) -> TimedOut:
        worker.kill()
        with suppress(EOFError, OSError, ValueError):
            await call
        if not self._closed:
            self._threads.submit(worker.start)
        return TimedOut(
            f"this took longer than {worker.limit:g} seconds and was stopped",
            "the administrator's setting MlsecApp.time_limit allows more",
        )

    async def _acquire(self, document: str) -> Worker:
        if not self._idle:
            waiting: asyncio.Future[Worker] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiting)
            return await waiting
        for worker in self._idle:
            if document in worker.known:
                self._idle.remove(worker)
                return worker
        return self._idle.popleft()

    def _release(self, worker: Worker) -> None:
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(worker)
                return
        self._idle.append(worker)

    def close(self) -> None:
        """End all processes."""
        self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in self._workers:
            worker.close()


def _cells(message: work.Work) -> work.Cells | None:
    """The cells that a message is about, which its worker remembers from then on."""
    match message:
        case work.Scan(cells=cells) | work.Fix(cells=cells):
            return cells
        case work.Baseline(document=work.Cells() as cells):
            return cells
    return None


def preparation(worker: Worker, message: work.Work) -> work.Prepare | None:
    """What to ask a worker first that sees some settings for the first time; it counts as done."""
    match message:
        case work.Scan(cells=about) | work.Fix(cells=about) | work.Baseline(document=about):
            where = about.where
        case work.ScanFile(file=about):
            where = about.where
        case work.Strip(where=where) | work.Save(where=where):
            pass
        case _:
            return None
    key = msgpack.encode((os.path.dirname(where.path), where.settings, where.locked))
    if key in worker.prepared:
        return None
    worker.prepared.add(key)
    return work.Prepare(where)


def split(order: Iterable[tuple[int, bytes]], known: frozenset[int]) -> dict[int, bytes]:
    """The cells that a worker does not know yet."""
    return {number: data for number, data in order if number not in known}
