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

MAIN = "jupyter_mlsec.faces.server.worker"
_START = 60.0  # seconds that a worker may take to get ready, on a machine that is busy
_GRACE = 1.0  # seconds after which a worker kills itself if nobody has
_DOCUMENTS = 32  # that a worker remembers
_RUN = "import sys; sys.path[:] = sys.argv[3:]; from {0} import main; main(float(sys.argv[2]))"
# Parts of the names of variables that a scanner has no business to know.
_PRIVATE = ("TOKEN", "PASSWORD", "PASSWD", "SECRET", "CREDENTIAL", "API_KEY", "ACCESS_KEY")

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
        self._main = main
        self._process: subprocess.Popen[bytes] | None = None
        self._starting = Lock()
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The process's id, None where none runs."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if self._process and running else None

    def start(self) -> None:
        """Start the process if none runs. Returns when it is ready; raises OSError or EOFError."""
        with self._starting:
            if self._closed:
                raise EOFError
            if self.pid is None:
                self._start()

    def _start(self) -> None:
        self.clean()
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
        work.send(process.stdin, message)  # type: ignore[arg-type]
        return _decode(work.receive(process.stdout))  # type: ignore[arg-type]

    def kill(self) -> None:
        """End the process at once; what waits for its reply gets an EOFError."""
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
            known = worker.known.get(document, frozenset())
            return await self._call(worker, build(known), document)
        finally:
            self._release(worker)

    async def _call(self, worker: Worker, message: work.Work, document: str) -> work.Reply:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._threads, self._ready, worker)
        except (EOFError, OSError):
            raise MlsecError(
                "the scanner's process doesn't start", "see the server's log"
            ) from None
        try:
            call = loop.run_in_executor(self._threads, worker.call, message)
            done, _ = await asyncio.wait({call}, timeout=worker.limit)
            if not done:
                raise await self._kill(worker, call)
            reply = call.result()
        except (EOFError, OSError):
            worker.clean()
            raise MlsecError("the process that scanned this was killed, perhaps for the memory it "
                             "took") from None  # fmt: skip
        except asyncio.CancelledError:
            worker.clean()
            raise
        if isinstance(message, (work.Scan, work.Fix)):
            worker.known[document] = frozenset(message.cells.order if not reply.problem else ())
            worker.known.move_to_end(document)
        return reply

    def _ready(self, worker: Worker) -> None:
        """Start a worker's process, and let it forget what is too much."""
        worker.start()
        names = []
        while len(worker.known) > _DOCUMENTS:
            names.append(worker.known.popitem(last=False)[0])
        if names:
            worker.call(work.Forget(names))

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


def split(order: Iterable[tuple[int, bytes]], known: frozenset[int]) -> dict[int, bytes]:
    """The cells that a worker does not know yet."""
    return {number: data for number, data in order if number not in known}
