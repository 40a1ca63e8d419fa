"""The routes below `mlsec/api/`: each authenticated, authorized for the resource `mlsec`, and
protected against cross-site requests by jupyter_server's `APIHandler`.

The server's process looks at no document: bodies go to the workers, and nothing of them into logs
or errors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar, cast

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.extension.handler import ExtensionHandlerMixin
from msgspec import DecodeError, Struct, json, structs
from tornado.web import HTTPError, authenticated

from jupyter_mlsec import __version__, wire
from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.faces.server import work
from jupyter_mlsec.faces.server.contents import Refused
from jupyter_mlsec.faces.server.pool import Superseded, split

if TYPE_CHECKING:
    from jupyter_mlsec.faces.server.app import MlsecApp

RESOURCE = "mlsec"

T = TypeVar("T")


class Problem(HTTPError):
    """A request that gets `wire.Problem` for an answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status)
        self.message = message


class Handler(ExtensionHandlerMixin, APIHandler):
    """What all routes share."""

    auth_resource = RESOURCE

    @property
    def app(self) -> MlsecApp:
        app: MlsecApp = self.settings[self.name]
        return app

    def body(self, kind: type[T]) -> T:
        """The request's body. Raises Problem where it is too large or something else."""
        limit = self.app.max_body
        if len(self.request.body) > limit << 20:
            raise Problem(413, f"larger than {limit} MB, which is this server's limit")
        try:
            return json.decode(self.request.body, type=kind)
        except (DecodeError, UnicodeDecodeError, RecursionError):
            pass  # not in the error's own words: they may quote the document
        raise Problem(400, f"the body is not a {kind.__name__} in JSON")

    def answer(self, body: bytes | Struct, status: int = 200) -> None:
        """End the request with JSON."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.finish(body if isinstance(body, bytes) else json.encode(body))

    def write_error(self, status_code: int, **kwargs: object) -> None:
        """Errors as `wire.Problem`; the server's own without their text."""
        info = kwargs.get("exc_info")
        error = info[1] if isinstance(info, tuple) else None
        message = error.message if isinstance(error, Problem) else self._reason
        self.answer(wire.Problem(message), status_code)

    async def may(self, action: str, resource: str) -> None:
        """Raise Problem unless the user may do this to the resource."""
        allowed = self.authorizer.is_authorized(self, self.current_user, action, resource)
        if not await ensure_async(allowed):
            raise Problem(403, f"you are not allowed to {action} {resource}")

    async def ask(
        self,
        build: Callable[[frozenset[int]], work.Work],
        document: str = "",
        wanted: Callable[[], bool] = lambda: True,
    ) -> work.Reply:
        """A worker's reply, as `Pool.run`. Raises Problem for all that is wrong."""
        try:
            reply = await self.app.pool.run(build, document, wanted)
        except Superseded:
            raise Problem(410, "a newer request took the place of this one") from None
        except MlsecError as error:
            raise Problem(503, error.full) from None
        if reply.problem is not None:
            raise Problem(400, reply.problem)
        return reply

    async def facts(self) -> work.Reply:
        """What the workers know of the rules. Raises Problem where they can't be asked."""
        try:
            return await self.app.facts()
        except MlsecError as error:
            raise Problem(503, error.full) from None

    async def file(self, path: str, settings: wire.Settings) -> work.File:
        """A saved file for a worker. Raises Problem where it can't or must not be read."""
        await self.may("read", "contents")
        try:
            return await self.app.contents.file(path, self.app.where(path, settings))
        except Refused as refused:
            raise Problem(refused.status, refused.full) from None


class HealthHandler(Handler):
    @authenticated
    @authorized("read", RESOURCE)
    async def get(self) -> None:
        facts = await self.facts()
        policy = wire.Policy(cast(wire.SavePolicy, self.app.on_save), self.app.locked)
        self.answer(wire.Health(__version__, facts.count, facts.hyperscan, policy))


class RulesHandler(Handler):
    @authenticated
    @authorized("read", RESOURCE)
    async def get(self) -> None:
        self.answer((await self.facts()).body)


class DocumentHandler(Handler):
    """Routes that are sent a document's cells."""

    async def about(
        self,
        request: wire.ScanRequest,
        message: Callable[[work.Cells], work.Work],
        *,
        replaces: bool = False,
    ) -> work.Reply | None:
        """A worker's reply to a message about the request's cells; None where cells are missing,
        and the browser was told which. With `replaces` an older request that waits is dropped."""
        documents = self.app.documents
        document = documents.get(self.current_user.username, request)
        if request.kind == "file" and len(request.cells) != 1:
            raise Problem(400, "a file is sent as one cell")
        where = self.app.where(request.path, request.settings)
        order, missing = documents.take(document, request)
        if missing:
            self.answer(wire.Missing(missing), 409)
            return None
        whole = work.Cells(
            document.name,
            where,
            request.kind,
            request.language,
            request.kernel,
            bytes(request.metadata),
            [number for number, _ in order],
            {},
        )
        mine = object()
        if replaces:
            document.latest = mine

        def build(known: frozenset[int]) -> work.Work:
            new = split(order, known if request.kind == "notebook" else frozenset())
            return message(structs.replace(whole, new=new))

        return await self.ask(build, document.name, lambda: not replaces or document.latest is mine)


class ScanHandler(DocumentHandler):
    @authenticated
    @authorized("read", RESOURCE)
    async def post(self) -> None:
        request = self.body(wire.ScanRequest)
        reply = await self.about(
            request, lambda cells: work.Scan(cells, request.request), replaces=True
        )
        if reply is not None:
            self.answer(reply.body)


class FixHandler(DocumentHandler):
    @authenticated
    @authorized("read", RESOURCE)
    async def post(self) -> None:
        request = self.body(wire.FixRequest)
        reply = await self.about(request, lambda cells: work.Fix(cells, request.fixes))
        if reply is not None:
            self.app.events.fixed(request.path, reply.rules)
            self.answer(reply.body)


class BaselineHandler(DocumentHandler):
    @authenticated
    @authorized("write", RESOURCE)
    async def post(self) -> None:
        request = self.body(wire.BaselineRequest)
        await self.may("write", "contents")
        if request.cells:
            reply = await self.about(
                request, lambda cells: work.Baseline(cells, request.fingerprints)
            )
        else:
            file = await self.file(request.path, request.settings)
            reply = await self.ask(lambda known: work.Baseline(file, request.fingerprints))
        if reply is not None:
            self.answer(reply.body)


class StripHandler(Handler):
    @authenticated
    @authorized("read", RESOURCE)
    async def post(self) -> None:
        request = self.body(wire.StripRequest)
        if request.content is None:
            file = await self.file(request.path, wire.Settings())
            where, data = file.where, file.data
        else:
            where, data = self.app.where(request.path), request.content.encode()
        reply = await self.ask(lambda known: work.Strip(where, data))
        self.answer(reply.body)


class AuditHandler(Handler):
    @authenticated
    @authorized("read", RESOURCE)
    async def get(self) -> None:
        self.answer(wire.AuditResponse(self.app.audit()))
