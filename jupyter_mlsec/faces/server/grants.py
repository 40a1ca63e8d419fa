"""Grants in the browser: what was answered and what is asked, for every window that is open."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import authorized, ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.extension.handler import ExtensionHandlerMixin
from msgspec import json
from tornado.web import HTTPError, authenticated
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from jupyter_mlsec import wire
from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.broker.server import Broker
from jupyter_mlsec.faces.server.handlers import RESOURCE, Handler, Problem

if TYPE_CHECKING:
    from jupyter_mlsec.faces.server.app import MlsecApp

_PING = 30.0  # seconds; who does not answer in that time is not there any more


def listed(broker: Broker) -> wire.GrantsResponse:
    """What was granted, what waits to be, and what happens to all others."""
    held = [wire.Grant(*one) for one in broker.asking.all()]
    kept = [wire.Grant(*one) for one in broker.grants.all()]
    asked = [
        wire.Grant(one.notebook, one.reference, None, one.kernel) for one in broker.asking.questions
    ]
    vain = [wire.Grant(notebook, reference, None) for notebook, reference in sorted(broker.waiting)]
    return wire.GrantsResponse([*held, *kept], [*asked, *vain], broker.grants.default)


class GrantsHandler(Handler):
    """What was granted and what waits to be; granting, refusing, and forgetting the answer."""

    @authenticated
    @authorized("read", RESOURCE)
    def get(self) -> None:
        self.answer(listed(self.app.broker))

    @authenticated
    @authorized("write", RESOURCE)
    def post(self) -> None:
        """Take the answer of a user; null forgets it."""
        given = self.body(wire.Grant)
        try:
            self.app.broker.decide(
                given.notebook, given.reference, allow=given.allow, kernel=given.kernel
            )
        except MlsecError as error:
            raise Problem(400, error.full) from None
        self.answer(given)


class GrantsSocket(ExtensionHandlerMixin, JupyterHandler, WebSocketHandler):
    """A window that shows questions to its user: told what `GET grants` says, after each change.

    It counts as somebody who can be asked as long as it is connected, so only those who may
    answer get one.
    """

    auth_resource = RESOURCE
    ping_interval = ping_timeout = _PING

    @ws_authenticated
    async def get(self, *arguments: Any, **named: Any) -> None:
        allowed = self.authorizer.is_authorized(self, self.current_user, "write", RESOURCE)
        if not await ensure_async(allowed):
            raise HTTPError(403)
        await WebSocketHandler.get(self, *arguments, **named)

    def open(self, *arguments: Any, **named: Any) -> None:
        self._broker.asking.arrive(self.tell)
        self.tell()

    def on_message(self, message: str | bytes) -> None:
        """Answers come by POST, which is protected against other sites."""

    def on_close(self) -> None:
        self._broker.asking.leave(self.tell)

    def tell(self) -> None:
        """Send all there is."""
        with suppress(WebSocketClosedError):
            self.write_message(json.encode(listed(self._broker)).decode())

    @property
    def _broker(self) -> Broker:
        app: MlsecApp = self.settings[self.name]
        return app.broker
