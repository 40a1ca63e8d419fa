"""The one place that everything passes that a kernel sends: `Session.send`.

Streams are flushed in one thread, replies come from others, forked children have their own copy,
and hooks of ipykernel see some of them at best. All call `send` of the same session object, so
that object gets a subclass of its class. It acts before the message is serialized, as the message
that `send` returns is logged.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from jupyter_mlsec.credentials.redactor import Redactor
    from jupyter_mlsec.credentials.stream import Stream

_RELEASE = 1.0  # seconds after which what is held back goes out, if nothing follows
_ORDERED = frozenset({"display_data", "update_display_data", "execute_result", "error"})


def guard(session: Any, redactor: Redactor) -> None:
    """Mask secrets in all that this session (jupyter_client's) sends from now on."""
    plain = type(session)
    if hasattr(plain, "mlsec_line"):
        return
    line = Line(redactor)

    class RedactingSession(plain):  # type: ignore[misc,valid-type]
        mlsec_line = line

        def send(
            self,
            stream: Any,
            msg_or_type: Any,
            content: Any = None,
            parent: Any = None,
            ident: Any = None,
            buffers: Any = None,
            track: bool = False,
            header: Any = None,
            metadata: Any = None,
        ) -> Any:
            message = msg_or_type
            if not isinstance(message, dict):
                message = self.msg(msg_or_type, content, parent, header, metadata)
                buffers = buffers or []
            buffers = buffers or message.get("buffers", [])
            return line.send(self._mlsec_send, stream, message, ident, buffers, track)

        def _mlsec_send(
            self, stream: Any, message: Any, ident: Any, buffers: Any, track: bool
        ) -> Any:
            return super().send(stream, message, ident=ident, buffers=buffers, track=track)

    session.__class__ = RedactingSession


class Timer(Protocol):
    """What `threading.Timer` and an event loop's handle have in common."""

    def cancel(self) -> None:
        """Call nothing any more."""


class Line:
    """What lies between a session and its sockets."""

    def __init__(self, redactor: Redactor) -> None:
        self.prepare(redactor)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forked)

    def prepare(self, redactor: Redactor) -> None:
        """Begin, in a process that does not fork."""
        self._redactor = redactor
        self._streams: dict[str, Stream] = {}
        self._waiting: dict[str, _Waiting] = {}
        self._lock = threading.RLock()
        self._pid = os.getpid()

    def later(self, seconds: float, release: Callable[[], None]) -> Timer:
        """Call `release` after a while, unless it is cancelled."""
        timer = threading.Timer(seconds, release)
        timer.daemon = True
        timer.start()
        return timer

    def _forked(self) -> None:
        self._lock = threading.RLock()  # another thread may have held it
        self._waiting = {}  # the parent still has it, and will send it

    def send(
        self, send: Any, stream: Any, message: Any, ident: Any, buffers: Any, track: bool
    ) -> Any:
        """Send a message with its secrets masked; gives what was sent."""
        if self._redactor.index() is None:
            return send(stream, message, ident, buffers, track)
        kind = message.get("msg_type") or message["header"]["msg_type"]
        content = message["content"]
        if kind == "stream":
            with self._lock:
                return self._send_text(send, stream, message, ident, buffers, track)
        if kind in _ORDERED or (kind == "status" and content.get("execution_state") == "idle"):
            self.release()
        clean = {
            **message,
            "content": self._redactor.redact_json(content),
            "metadata": self._redactor.redact_json(message.get("metadata")),
        }
        return send(stream, clean, ident, [self._buffer(b) for b in buffers], track)

    def _send_text(self, send: Any, stream: Any, message: Any, ident: Any, *rest: Any) -> Any:
        name = message["content"]["name"]
        waiting = self._waiting.pop(name, None)
        if waiting:
            waiting.timer.cancel()
            if waiting.message["parent_header"] != message["parent_header"]:
                self._send_waiting(name, waiting)
        if name not in self._streams:
            self._streams[name] = self._redactor.stream()
        text = self._streams[name].feed(message["content"]["text"])
        if os.getpid() != self._pid:
            text += self._streams[name].flush()  # who knows when a child ends
        clean = {**message, "content": {**message["content"], "text": text}}
        if self._streams[name].holds:
            timer = self.later(_RELEASE, self.release)
            self._waiting[name] = _Waiting(clean, (send, stream, ident, *rest), timer)
        return send(stream, clean, ident, *rest) if text else clean

    def release(self) -> None:
        """Send what is held back."""
        if not self._waiting:
            return
        with self._lock:
            while self._waiting:
                name, waiting = self._waiting.popitem()
                waiting.timer.cancel()
                self._send_waiting(name, waiting)

    def _send_waiting(self, name: str, waiting: _Waiting) -> None:
        text = self._streams[name].flush()
        if text:
            message = {**waiting.message, "content": {"name": name, "text": text}}
            send, stream, *rest = waiting.how
            send(stream, message, *rest)

    def _buffer(self, buffer: Any) -> Any:
        """A buffer with stars in the place of secrets, as its length has a meaning."""
        index = self._redactor.index()
        raw = bytes(buffer)
        spans = index.spans(raw) if index else []
        if not spans:
            return buffer
        changed = bytearray(raw)
        for start, end, *_ in spans:
            changed[start:end] = b"*" * (end - start)
        return bytes(changed)


class _Waiting:
    """A message whose end is held back, how to send it, and when."""

    def __init__(self, message: dict[str, Any], how: tuple[Any, ...], timer: Timer) -> None:
        self.message = message
        self.how = how
        self.timer = timer
