"""The answer of the server extension to one changed cell, through a real Jupyter server."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from string import ascii_letters
from typing import Any

from bench.corpus import folder, notebooks
from bench.measure import table

CELLS = 200
ROUNDS = 300
_HEADER = ["request", "median ms", "95 % ms", "most ms", "median, /api/status = 1"]


def main() -> str:
    """The table, as Markdown."""
    cells = _cells()
    with tempfile.TemporaryDirectory(prefix="mlsec-bench-") as home, _server(Path(home)) as port:
        server = _Client(*port)
        rows = _rows(server, cells)
    base = statistics.median(rows[0][1])
    lines = [
        [
            label,
            f"{statistics.median(times):.1f}",
            f"{statistics.quantiles(times, n=20)[-1]:.1f}",
            f"{max(times):.1f}",
            f"{statistics.median(times) / base:.1f}",
        ]
        for label, times in rows
    ]
    size = sum(len(cell["source"]) for cell in cells) / 1000
    about = f"{CELLS} cells, {size:.0f} kB (budget: 15 ms at 95 %)"
    title = f"## The server's answer to an editor, {about}"
    return f"{title}\n\n{table(_HEADER, lines)}\n\n{_line()}"


def _line() -> str:
    """The line between kernel and browser, by message, beside a connection without it."""
    from jupyter_mlsec.faces.server.line import Learned, redacting

    class Plain:
        """Does nothing, as what the server does is there with the line and without."""

        def _on_zmq_reply(self, stream: object, parts: object) -> None:
            return

    random, known = Random(0), Learned()
    connection = redacting(Plain, known)()
    messages = _messages(random)
    untouched = [_seconds(connection, parts, 2000) for parts in messages.values()]
    for number in range(20):
        known.learn(f"kv/a#k{number}", "".join(random.choices(ascii_letters, k=40)))
    rows = []
    for (label, parts), before in zip(messages.items(), untouched, strict=True):
        size = sum(map(len, parts))
        took = _seconds(connection, parts, 2000 if size < 10_000 else 20)
        rows.append([label, f"{1e6 * before:.1f}", f"{1e6 * took:.0f}", f"{size / took / 1e6:.0f}"])
    header = ["message", "µs, no secret known", "µs, 20 secrets", "MB/s"]
    return f"### Between kernel and browser (budget: 60 MB/s)\n\n{table(header, rows)}\n"


def _messages(random: Random) -> dict[str, list[bytes]]:
    words = ["".join(random.choices(ascii_letters, k=6)) for _ in range(1000)]
    text = " ".join(random.choices(words, k=150_000))
    picture = base64.b64encode(random.randbytes(750_000)).decode()
    found: dict[str, dict[str, object]] = {
        "a printed line of 80 characters": {"name": "stdout", "text": text[:79] + "\n"},
        "1 MB of text": {"name": "stdout", "text": text},
        "a picture of 1 MB": {"data": {"image/png": picture}, "metadata": {}},
    }
    kinds = ("stream", "stream", "display_data")
    return {
        label: [
            json.dumps({"msg_type": kind, "msg_id": "a"}).encode(),
            *(b"{}", b"{}", json.dumps(content).encode()),
        ]
        for kind, (label, content) in zip(kinds, found.items(), strict=True)
    }


def _seconds(connection: Any, parts: list[bytes], count: int) -> float:
    """Processor time of one message."""
    connection._on_zmq_reply(None, parts)
    start = time.process_time()
    for _ in range(count):
        connection._on_zmq_reply(None, parts)
    return (time.process_time() - start) / count


def _cells() -> list[dict[str, str]]:
    """Code cells of real notebooks, one from each of many."""
    found = []
    for path in notebooks(folder()):
        sources = [
            "".join(cell["source"])
            for cell in json.loads(path.read_bytes()).get("cells", ())
            if cell["cell_type"] == "code"
        ]
        found += [{"id": f"c{len(found) + n}", "source": s} for n, s in enumerate(sources[:4])]
        if len(found) >= CELLS:
            break
    return found[:CELLS]


def _rows(server: _Client, cells: list[dict[str, str]]) -> list[tuple[str, list[float]]]:
    asked = {"path": "a.ipynb", "client": secrets.token_hex(8)}
    known = [{"id": c["id"], "source": c["source"], "hash": "0"} for c in cells]
    server.post({**asked, "cells": known})
    named = [{"id": cell["id"], "hash": "0"} for cell in cells]
    changed = CELLS // 2

    def one(number: int) -> None:
        source = f"{cells[changed]['source']}\n# edit {number}"
        edited = {"id": cells[changed]["id"], "source": source, "hash": f"{number}"}
        server.post({**asked, "cells": [*named[:changed], edited, *named[changed + 1 :]]})

    def first(number: int) -> None:
        fresh = [{**c, "source": f"{c['source']}\n# {number}"} for c in known]
        server.post({"path": "b.ipynb", "client": secrets.token_hex(8), "cells": fresh})

    return [
        ("the server's own /api/status", _times(ROUNDS, lambda _: server.get("/api/status"))),
        ("**one changed cell**, the others by their hashes", _times(ROUNDS, one)),
        ("a document that was not seen before", _times(30, first)),
    ]


def _times(count: int, ask: Callable[[int], None]) -> list[float]:
    for number in range(5):
        ask(-1 - number)
    times = []
    for number in range(count):
        start = time.perf_counter()
        ask(number)
        times.append(1e3 * (time.perf_counter() - start))
    return times


class _Client:
    """One kept connection."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = HTTPConnection("127.0.0.1", port)
        self._headers = {"Authorization": f"token {token}"}

    def get(self, path: str) -> None:
        self._ask("GET", path, None)

    def post(self, body: object) -> None:
        self._ask("POST", "/mlsec/api/scan", json.dumps(body).encode())

    def _ask(self, method: str, path: str, body: bytes | None) -> None:
        self._connection.request(method, path, body, self._headers)
        response = self._connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise RuntimeError(f"{path}: status {response.status}, {content[:200]!r}")


@contextlib.contextmanager
def _server(home: Path) -> Iterator[tuple[int, str]]:
    """A Jupyter server with the extension; its port and token."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("JUPYTER")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment |= {"HOME": str(home), "JUPYTER_TOKEN": token}
    command = [
        sys.executable, "-m", "jupyter_server", "--no-browser", f"--port={port}",
        "--ServerApp.port_retries=0", "--ServerApp.jpserver_extensions=jupyter_mlsec=True",
        "--allow-root", "--ip=127.0.0.1", f"--ServerApp.root_dir={home}",
        "--ServerApp.log_level=ERROR",
    ]  # fmt: skip
    process = subprocess.Popen(command, env=environment, cwd=home)
    try:
        _wait(port, process)
        yield port, token
    finally:
        process.terminate()
        process.wait(20)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError("the Jupyter server does not start")
