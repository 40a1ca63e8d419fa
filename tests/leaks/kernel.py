"""A real kernel in a folder of its own, and everything that it sends and writes."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import IO, Any

from jupyter_client.manager import KernelManager

from tests.leaks.channel import Channel

Mask = Callable[[str, str], str]  # of a kind of message and a text

_TIMEOUT = 30.0


@dataclass(frozen=True)
class Capture:
    """What came out of one channel: messages with their buffers, and terminal and files."""

    messages: list[bytes]
    elsewhere: list[bytes]

    def texts(self, mask: Mask = lambda kind, text: text) -> list[bytes]:
        """All of it, for the oracle: also what a reader sees one after the other, either stream
        and all texts together. `mask` is applied to the texts of each message."""
        masked: list[bytes] = []
        shown: dict[str, list[str]] = {"stdout": [], "stderr": [], "": []}
        for raw in self.messages:
            if not raw.startswith(b'{"msg_type"'):
                masked.append(raw)
                continue
            kind = json.loads(raw)["msg_type"]
            message = _mapped(json.loads(raw), lambda text, kind=kind: mask(kind, text))  # type: ignore[misc]
            masked.append(json.dumps(message, ensure_ascii=False).encode())
            if kind in ("stream", "display_data", "execute_result"):
                content = message["content"]
                text = content.get("text") or content.get("data", {}).get("text/plain", "")
                if isinstance(text, str):
                    shown[content.get("name", "")].append(text)
                    shown[""] += [text] if "name" in content else []
        together = ["".join(parts).encode() for parts in shown.values()]
        return [b"\n".join(masked), *together, *self.elsewhere]


def _mapped(node: Any, change: Callable[[str], str]) -> Any:
    if isinstance(node, str):
        return change(node)
    if isinstance(node, dict):
        return {change(key): _mapped(value, change) for key, value in node.items()}
    return [_mapped(value, change) for value in node] if isinstance(node, list) else node


class Kernel:
    """An ipykernel whose home, history and working folder lie in `top`.

    `terminal` is the file that stands for the terminal of the server. Everything received is
    text in `received`, each message with its buffers. What is installed in the folder `path` goes
    before all else: another ipykernel.
    """

    def __init__(self, top: Path, environment: dict[str, str], path: Path | None = None) -> None:
        self.top = top
        self.work = top / "work"
        self.history = top / "ipython" / "profile_default" / "history.sqlite"
        self.terminal = top / "terminal.log"
        self.work.mkdir(parents=True)
        self.received: list[bytes] = []
        self.errors: list[str] = []
        self.status = ""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "IPYTHON"))}
        kept.pop("PYTEST_CURRENT_TEST", None)  # ipykernel leaves descriptors alone under pytest
        folders = {"HOME": top, "IPYTHONDIR": top / "ipython", "JUPYTER_RUNTIME_DIR": top / "run"}
        places = {name: str(path) for name, path in folders.items()}
        self._manager = KernelManager()
        self._manager.kernel_spec.argv[0] = sys.executable
        if path is not None:
            places["PYTHONPATH"] = str(path)
        with self.terminal.open("wb") as terminal:
            self._manager.start_kernel(
                env={**kept, **places, **environment, "PYTHONWARNINGS": "ignore"},
                cwd=str(self.work),
                **self._streams(terminal),
            )
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=_TIMEOUT)

    def _streams(self, terminal: IO[bytes]) -> dict[str, Any]:
        """Where the kernel's own standard output and error lead."""
        return {"stdout": terminal, "stderr": terminal}

    def run(self, code: str, answer: str = "", wait: float = 0.0, store: bool = True) -> str:
        """Run a cell, answer what it asks, and give the status of its reply."""
        asked = self._client.execute(code, store_history=store, allow_stdin=bool(answer))
        end = time.monotonic() + _TIMEOUT
        while time.monotonic() < end:
            try:
                self._keep(self._client.get_stdin_msg(timeout=0))
                self._client.input(answer)
            except Empty:
                pass
            if self._is_end(asked, 0.05 if answer else _TIMEOUT):
                break
        reply = self._reply(asked)
        self._collect(wait)
        return str(reply["content"]["status"])

    def ask(self, kind: str, what: str) -> None:
        """One of the other requests: inspect, complete, history, debug."""
        if kind == "inspect":
            asked = self._client.inspect(what, len(what), detail_level=1)
        elif kind == "complete":
            asked = self._client.complete(what, len(what))
        elif kind == "history":
            asked = self._client.history(
                raw=what == "raw", output=True, hist_access_type="range", session=0
            )
        elif kind == "expression":
            asked = self._client.execute("", user_expressions={"x": what}, store_history=False)
        else:
            message = self._client.session.msg("debug_request", json.loads(what))
            self._client.control_channel.send(message)
            self._keep(self._client.get_control_msg(timeout=_TIMEOUT))
            return
        self._reply(asked)

    def _reply(self, asked: str) -> dict[str, Any]:
        while True:
            reply = self._client.get_shell_msg(timeout=_TIMEOUT)
            if reply["parent_header"].get("msg_id") == asked:
                self._keep(reply)
                return dict(reply)

    def try_out(self, channel: Channel, value: str) -> Capture:
        """Run a channel's cell; all that came out of it."""
        if channel.before:
            self.run(channel.before.replace("@@", value))
        self.received.clear()
        self.errors.clear()
        before = self._files()
        printed = self.terminal.stat().st_size
        code = channel.code.replace("@@", value)
        self.status = self.run(code, channel.answer, channel.wait)
        for kind, what in channel.then:
            self.ask(kind, what)
        if channel.then:
            self._collect(0.05)
        terminal = self.terminal.read_bytes()[printed:]
        changed = self._changed(before, history="writeout_cache" in code)
        return Capture(list(self.received), [terminal, *changed])

    @property
    def port(self) -> int:
        """Of the loopback, where outputs can be heard by whoever finds it, without any key."""
        return int(self._manager.iopub_port)

    def end(self, now: bool = True) -> None:
        """Kill it, or ask it to end."""
        self._manager.shutdown_kernel(now=now)
        self._client.stop_channels()

    def _is_end(self, asked: str, timeout: float) -> bool:
        try:
            message = self._client.get_iopub_msg(timeout=timeout)
        except Empty:
            return False
        self._keep(message)
        ours = message["parent_header"].get("msg_id") == asked
        return ours and message["content"].get("execution_state") == "idle"

    def _collect(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while True:
            try:
                self._keep(self._client.get_iopub_msg(timeout=max(0.0, end - time.monotonic())))
            except Empty:
                return

    def _keep(self, message: dict[str, Any]) -> None:
        parts = {name: message[name] for name in ("msg_type", "content", "metadata")}
        self.received.append(json.dumps(parts, ensure_ascii=False, default=str).encode())
        self.received += [bytes(buffer) for buffer in message.get("buffers", ())]
        if message["msg_type"] == "error":
            self.errors.append(message["content"]["ename"])

    def _files(self) -> dict[Path, tuple[int, int]]:
        found = {}
        for path in self.top.rglob("*"):
            with suppress(FileNotFoundError):  # journals of databases come and go
                status = path.stat()
                if path.is_file() and path != self.terminal:
                    found[path] = status.st_mtime_ns, status.st_size
        return found

    def _changed(self, before: dict[Path, tuple[int, int]], history: bool) -> list[bytes]:
        """What was written; the history only on request, as it is written of any cell at any
        time."""
        after = self._files()
        found = []
        for path in after:
            ours = history or not path.name.startswith(self.history.name)
            if ours and before.get(path) != after[path]:
                with suppress(FileNotFoundError):
                    found.append(self._new(path, *before.get(path, (0, 0))))
        return found

    def _new(self, path: Path, modified: int, size: int) -> bytes:
        """What was added to a file, or all of it if it was written anew."""
        raw = path.read_bytes()
        added = len(raw) > size and path.suffix in (".log", ".py")
        return raw[size:] if added else raw
