"""The line of defence between kernel and browser: what the broker has given out is masked in all
that kernels send to browsers, whatever their language and whatever they have loaded.

Messages pass each browser's websocket connection as packed JSON. As long as no secret is known
they pass untouched. After that their content is decoded and searched, and encoded again only
where something was found.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec
from tornado.websocket import WebSocketClosedError

from jupyter_mlsec.credentials.kernel.session import Line
from jupyter_mlsec.credentials.redactor import Index, Redactor, check_installed
from jupyter_mlsec.credentials.store import is_public

_HEADER, _PARENT, _METADATA, _CONTENT, _BUFFERS = range(5)  # parts of a message


class Learned(Redactor):
    """The values that were given to kernels of this server. What searches for them is built by
    the thread that learns one, before its kernel gets it: the event loop never waits."""

    def __init__(self) -> None:
        super().__init__()
        self._built: Index | None = None

    def learn(self, label: str, value: str) -> None:
        """Mask a value from now on. Raises MlsecError where that can't be done."""
        check_installed()
        if not is_public(label):
            self.add(label, value)
            self._built = super().index()

    def index(self) -> Index | None:
        """What was built last."""
        return self._built


class _ServerLine(Line):
    """A line on an event loop."""

    def __init__(self, redactor: Redactor) -> None:
        self.prepare(redactor)

    def later(self, seconds: float, release: Callable[[], None]) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(seconds, release)


def redacting(plain: type[Any], redactor: Redactor) -> type[Any]:
    """The class of websocket connections (jupyter_server's, or another's) with the line in it."""

    class RedactingConnection(plain):  # type: ignore[misc]
        def _on_zmq_reply(self, stream: Any, message: Any) -> None:
            if redactor.index() is None:
                super()._on_zmq_reply(stream, message)
                return
            line = self.__dict__.setdefault("_mlsec_line", _ServerLine(redactor))
            if isinstance(message, dict):  # of a browser that speaks the older protocol
                line.send(self._mlsec_send, stream, message, None, message["buffers"], False)
            else:
                opened = _Opened(message)
                parts = message[_BUFFERS:]
                line.send(self._mlsec_send, stream, opened.message, opened, parts, False)

        def _mlsec_send(
            self, stream: Any, message: Any, opened: _Opened | None, buffers: Any, track: bool
        ) -> None:
            clean = opened.closed(message, buffers) if opened else {**message, "buffers": buffers}
            with suppress(WebSocketClosedError):  # what was held back may come too late
                super()._on_zmq_reply(stream, clean)

    return RedactingConnection


class _Opened:
    """A message whose parts are still packed, and what is in those that can hold a secret."""

    def __init__(self, parts: Sequence[Any]) -> None:
        self._parts = parts
        self.message = {
            "header": _unpacked(parts[_HEADER]),
            "parent_header": bytes(parts[_PARENT]),  # only compared
            "metadata": _unpacked(parts[_METADATA]),
            "content": _unpacked(parts[_CONTENT]),
        }

    def closed(self, message: Mapping[str, Any], buffers: Sequence[Any]) -> list[Any]:
        """The parts of a message, those that have not changed as they came."""
        parts = list(self._parts[:_BUFFERS])
        for number, name in ((_METADATA, "metadata"), (_CONTENT, "content")):
            if message[name] is not self.message[name]:
                parts[number] = _packed(message[name])
        return [*parts, *buffers]


def _unpacked(part: Any) -> Any:
    raw = bytes(part)
    try:
        return msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return json.loads(raw)  # NaN, or half of a character


def _packed(value: Any) -> bytes:
    try:
        return msgspec.json.encode(value)
    except (TypeError, ValueError):
        return json.dumps(value).encode()
