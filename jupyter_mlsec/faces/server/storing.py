"""What the routes that write into a store share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials import audit
from jupyter_mlsec.credentials.reference import Reference
from jupyter_mlsec.faces.server.handlers import Handler, Problem

T = TypeVar("T")


class StoreHandler(Handler):
    async def apart(self, work: Callable[[], T]) -> T:
        """What a store says, off the event loop. Raises Problem."""
        try:
            return await asyncio.to_thread(work)
        except MlsecError as error:
            raise Problem(400, error.full) from None

    def record(self, event: audit.Event, ref: Reference | None, **facts: Any) -> None:
        """A line of the audit log, told as an event too; from any thread."""
        server: Any = self.app.serverapp
        line = audit.record(event, ref, **facts)
        server.io_loop.add_callback(self.app.events.secret, line)
