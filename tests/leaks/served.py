"""A kernel as a Jupyter server has it: its messages pass the line between kernel and browser, and
its standard output and error the server's pumps.

That both sit where they should in a server is tested in tests/server/test_secrets.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from jupyter_mlsec.credentials.kernel.descriptors import Pump
from jupyter_mlsec.faces.server.line import Learned, _ServerLine, redacting
from tests.leaks.kernel import Kernel

_PARTS = ("header", "parent_header", "metadata", "content")


class _Browser:
    """What jupyter_server would send to a browser."""

    def __init__(self) -> None:
        self.parts: list[list[bytes]] = []

    def _on_zmq_reply(self, stream: object, parts: list[bytes]) -> None:
        self.parts.append(parts)


class _Never:
    """Nothing is held back for longer than a cell runs."""

    def cancel(self) -> None:
        return


class _Line(_ServerLine):
    """Without an event loop."""

    def later(self, seconds: float, release: Callable[[], None]) -> Any:
        return _Never()


class Served(Kernel):
    """`learned` is what the server knows: nothing at first."""

    def __init__(self, top: Path, environment: dict[str, str], path: Path | None = None) -> None:
        self.learned = Learned()
        self._browser = redacting(_Browser, self.learned)()
        self._browser._mlsec_line = _Line(self.learned)
        super().__init__(top, environment, path)

    def _streams(self, terminal: IO[bytes]) -> dict[str, Any]:
        return {name: Pump(self.learned, terminal.fileno()).entry for name in ("stdout", "stderr")}

    def _keep(self, message: dict[str, Any]) -> None:
        self._browser.parts.clear()
        packed = [json.dumps(message[name], default=str).encode() for name in _PARTS]
        buffers = [bytes(buffer) for buffer in message.get("buffers", ())]
        self._browser._on_zmq_reply(None, [*packed, *buffers])
        for parts in tuple(self._browser.parts):
            one = dict(zip(_PARTS, map(json.loads, parts[:4]), strict=True))
            super()._keep({**one, "msg_type": one["header"]["msg_type"], "buffers": parts[4:]})
