"""What kernels write to the server's own terminal or journal, masked.

C code, child processes and crashing kernels write there, past all messages.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any

from jupyter_mlsec.credentials.kernel.descriptors import Pump
from jupyter_mlsec.credentials.redactor import Redactor


class Terminal:
    """The kernels of a manager get pipes in the place of the server's standard output and error;
    what comes through them is written there, masked. The server's own lines are not touched."""

    def __init__(self, manager: Any, redactor: Redactor) -> None:
        self._redactor = redactor
        self._pumps: dict[str, Pump] = {}
        if sys.platform != "win32":  # whose select knows sockets alone
            self._start = manager.start_kernel
            manager.start_kernel = self._start_kernel

    async def _start_kernel(self, **more: Any) -> str:
        if not self._pumps:
            with suppress(OSError):  # closed: nothing can be written there
                self._pumps["stdout"] = Pump(self._redactor, 1)
                self._pumps["stderr"] = Pump(self._redactor, 2)
        given = {name: pump.entry for name, pump in self._pumps.items()}
        started: str = await self._start(**{**given, **more})
        return started

    def close(self) -> None:
        """The pumps end when the last kernel does."""
        while self._pumps:
            os.close(self._pumps.popitem()[1].entry)
