"""A real `jupyter server` process with the extension, and a plain HTTP client for it."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import json


class Answer(NamedTuple):
    status: int
    headers: Message
    body: bytes


class Live:
    """A running server. `root` is the folder that it shows."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, token: str, root: Path) -> None:
        self.process = process
        self.port = port
        self.token = token
        self.root = root

    def api(self, route: str, body: Any = None) -> tuple[int, Any]:
        """Post a body to one of the extension's routes, or get it: status and answer."""
        method = "GET" if body is None else "POST"
        answer = self.request(method, f"/mlsec/api/{route}", body)
        return answer.status, json.decode(answer.body)

    def request(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """The answer to a request, by the token unless there are other headers."""
        if headers is None:
            headers = {"Authorization": f"token {self.token}"}
        content = None if body is None else json.encode(body)
        with contextlib.closing(HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request(method, path, content, dict(headers))
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())


@contextlib.contextmanager
def live(home: Path, *options: str, cache: Path | None = None) -> Iterator[Live]:
    """Start a server of its own home, wait until it answers, and stop it at the end."""
    root = home / "root"
    root.mkdir(parents=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "XDG"))}
    environment |= {"HOME": str(home), "JUPYTER_TOKEN": token}
    if cache is not None:
        environment["MLSEC_CACHE_DIR"] = str(cache)
    command = [
        *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"),
        *("--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"),
        *(f"--ServerApp.root_dir={root}", "--ServerApp.log_level=WARN"),
        *("--ServerApp.jpserver_extensions=jupyter_mlsec=True", *options),
    ]
    with open(home / "log.txt", "wb") as log:
        process = subprocess.Popen(command, env=environment, cwd=home, stdout=log, stderr=log)
    try:
        _wait(port, process, home / "log.txt")
        yield Live(process, port, token, root)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"the server does not start: {log.read_text()[-2000:]}")
