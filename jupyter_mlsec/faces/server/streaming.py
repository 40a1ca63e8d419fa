"""The scan of saved files: a line of JSON for each step, until all is done or nobody listens."""

from __future__ import annotations

from collections import Counter
from time import perf_counter

from jupyter_server.auth.decorator import authorized
from msgspec import Raw, json, msgpack
from tornado.iostream import StreamClosedError
from tornado.web import authenticated

from jupyter_mlsec import wire
from jupyter_mlsec.core.config import Config
from jupyter_mlsec.faces.server import work
from jupyter_mlsec.faces.server.handlers import RESOURCE, Handler, Problem
from jupyter_mlsec.files.ignore import Ignores
from jupyter_mlsec.files.ignore import excluded as ignores_of


class PathsHandler(Handler):
    """Scans one file after the other, so that editors never wait for more than one worker."""

    _gone = False

    def on_connection_close(self) -> None:
        """The browser has cancelled."""
        self._gone = True
        super().on_connection_close()

    @authenticated
    @authorized("read", RESOURCE)
    async def post(self) -> None:
        request = self.body(wire.PathsRequest)
        await self.may("read", "contents")
        self.app.where("", request.settings)
        self.set_header("Content-Type", "application/x-ndjson")
        self.set_header("X-Accel-Buffering", "no")  # a proxy that collects lines shows none
        started = perf_counter()
        tally = _Tally()
        try:
            await self._scan(request, tally)
        except StreamClosedError:
            return
        if self._gone:
            return
        self.app.events.scanned(tally.files, tally.errors, tally.rules)
        seconds = round(perf_counter() - started, 3)
        found = sum(tally.rules.values())
        done = wire.PathsDone(tally.files, tally.cells, found, tally.errors, seconds)
        await self._line(wire.PathsLine(done=done))

    async def _scan(self, request: wire.PathsRequest, tally: _Tally) -> None:
        paths: list[str] = []
        excluded = {path: await self._excluded(path, request) for path in request.paths or [""]}
        async for found in self.app.contents.walk(request.paths, excluded):
            if self._gone:
                return
            if isinstance(found, str):
                paths.append(found)
            else:
                await self._error(found[0], found[1].full, tally)
        for number, path in enumerate(paths):
            if self._gone:
                return
            await self._line(wire.PathsLine(progress=wire.Progress(number, len(paths), path)))
            try:
                file = await self.file(path, request.settings)
                reply = await self.ask(lambda known, file=file: work.ScanFile(file))  # type: ignore[misc]
            except Problem as problem:
                await self._error(path, problem.message, tally)
                continue
            tally.files += 1
            tally.cells += reply.count
            tally.rules.update(reply.rules)
            await self._write(json.encode({"findings": Raw(reply.body)}))

    async def _excluded(self, path: str, request: wire.PathsRequest) -> Ignores:
        """What the configuration for a folder leaves out of walks; where it is wrong, or the path
        is, each file says so."""
        if not self.app.contents.root:
            return ()
        try:
            where = self.app.where(f"{path.strip('/')}/any.ipynb", request.settings)
            reply = await self.ask(lambda known: work.Excluded(where))
        except Problem:
            return ()
        root, globs = msgpack.decode(reply.data, type=tuple[str, tuple[str, ...]])
        return ignores_of(Config(exclude=globs, root=root), self.app.contents.root)

    async def _error(self, path: str, message: str, tally: _Tally) -> None:
        tally.errors += 1
        await self._line(wire.PathsLine(error=wire.PathError(path, message)))

    async def _line(self, line: wire.PathsLine) -> None:
        await self._write(json.encode(line))

    async def _write(self, line: bytes) -> None:
        self.write(line + b"\n")
        await self.flush()


class _Tally:
    """What has come of the files so far."""

    def __init__(self) -> None:
        self.files = self.cells = self.errors = 0
        self.rules: Counter[str] = Counter()
