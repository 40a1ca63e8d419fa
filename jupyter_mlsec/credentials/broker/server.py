"""The broker's side: passes, grants, fetches, leases."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import secrets
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials import audit
from jupyter_mlsec.credentials.broker import client
from jupyter_mlsec.credentials.broker.asking import Asking
from jupyter_mlsec.credentials.broker.grants import Grants
from jupyter_mlsec.credentials.broker.processes import before, death_of, peer
from jupyter_mlsec.credentials.provider import Fetched, Provider, open_provider
from jupyter_mlsec.credentials.reference import VAULT, Reference, parse
from jupyter_mlsec.credentials.vault import engines

_LARGEST = 4 << 20  # bytes of one line: Vault takes values of 1 MB, JSON escapes them
_LONGEST = 100  # bytes of a socket's path
_HELLO = 10.0  # seconds that a connection has to show its pass
_THREADS = 8  # requests to the stores at a time

Hear = Callable[[dict[str, Any]], None]  # gets each line of the audit log
Learn = Callable[[str, str, str], None]  # gets kernel, label and value, before the kernel does
Where = Callable[[str], Awaitable[str | None]]  # kernel to its notebook


def _nobody(*_: object) -> None:
    return None


async def _nowhere(_: str) -> str | None:
    return None


@dataclass(eq=False)
class _Connection:
    """A process that asks: its kernel, and what it was given on lease, each with its provider."""

    kernel: str
    providers: dict[str, Provider] = field(default_factory=dict)
    leases: dict[str, Provider] = field(default_factory=dict)
    ended: asyncio.Task[None] | None = None

    @property
    def closed(self) -> bool:
        return self.ended is not None


class Broker:
    """Holds the logins and answers kernels.

    `notebook` says which notebook a kernel runs, `hear` is told what was done, `learn` gets each
    value before its kernel does, `asking` asks users. Stores are asked in threads: the event loop
    goes on.
    """

    def __init__(
        self,
        folder: Path,
        grants: Grants | None = None,
        asking: Asking | None = None,
        *,
        notebook: Where = _nowhere,
        hear: Hear = _nobody,
        learn: Learn = _nobody,
        open_: Callable[[str], Provider] = open_provider,
    ) -> None:
        self.grants = grants or Grants()
        self.asking = asking or Asking()
        self.waiting: set[tuple[str, str]] = set()  # notebook and reference that nobody granted
        self._folder = folder
        self._notebook = notebook
        self._hear = hear
        self._learn = learn
        self._open = open_
        self._providers: dict[str, Provider] = {}
        self._passes: dict[bytes, str] = {}
        self._connections: set[_Connection] = set()
        self._threads = ThreadPoolExecutor(_THREADS, "mlsec-broker")
        self._server: asyncio.Server | None = None
        self._address = ""
        self._own_folder: str | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._opening = threading.Lock()

    # life

    async def start(self) -> None:
        """Listen. Raises OSError where that can't be."""
        if hasattr(asyncio, "start_unix_server"):
            path = self._socket()
            mask = os.umask(0o177)
            try:
                self._server = await asyncio.start_unix_server(
                    self._serve, str(path), limit=_LARGEST
                )
            finally:
                os.umask(mask)
            self._address = f"unix:{path}"
        else:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_LARGEST)
            self._address = f"tcp:{self._server.sockets[0].getsockname()[1]}"

    def _socket(self) -> Path:
        """Where to listen: in the folder, or in a new one of the system's where that is too deep
        for a socket's address (sun_path has 104 bytes on macOS, 108 on Linux)."""
        name = f"mlsec-broker-{os.getpid()}-{secrets.token_hex(4)}"
        if len(os.fsencode(self._folder / name)) < _LONGEST:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return self._folder / name
        import tempfile

        self._own_folder = tempfile.mkdtemp(prefix="mlsec-")  # for the user alone
        return Path(self._own_folder) / name

    async def stop(self) -> None:
        """Give back all that was leased, and end the logins."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(self._end(one) for one in self._connections))
        for provider in self._providers.values():
            await self._apart(getattr(provider, "close", _nobody))
        self._threads.shutdown()
        if self._address.startswith("unix:"):
            Path(self._address.removeprefix("unix:")).unlink(missing_ok=True)
        if self._own_folder is not None:
            os.rmdir(self._own_folder)

    @property
    def listens(self) -> bool:
        return self._server is not None

    def admit(self, kernel: str) -> dict[str, str]:
        """A pass for a kernel, as the variables to start it with."""
        made = secrets.token_urlsafe(32)
        self._passes[_digest(made)] = kernel
        return {client.ADDRESS: self._address, client.PASS: made}

    async def dismiss(self, kernel: str, *, passes: bool = True) -> None:
        """Give back what a kernel leased; with `passes` it gets nothing any more."""
        if passes:
            self._passes = {one: of for one, of in self._passes.items() if of != kernel}
        for connection in tuple(self._connections):
            if connection.kernel == kernel:
                await self._end(connection)

    def decide(
        self, notebook: str, reference: str, *, allow: bool | None, kernel: str = ""
    ) -> None:
        """Take a user's answer: until a kernel ends, or to be remembered; None forgets it.

        Raises MlsecError, also where the kernel has ended already.
        """
        ref = parse(reference)
        if kernel:
            if allow and not any(one.kernel == kernel for one in self._connections):
                raise MlsecError("that kernel has ended", "run the cell again")
            self.asking.answer(kernel, notebook, ref.label, allow)
        elif allow is None:
            self.grants.revoke(notebook, ref.label)
        else:
            self.grants.grant(notebook, ref.label, allow=allow)
            self.asking.settled(notebook, ref.label)
        self.waiting.discard((notebook, ref.label))
        event: audit.Event = "revoke" if allow is None else "grant" if allow else "refusal"
        self._record(event, ref, notebook=notebook)
        self.asking.changed()

    # connections

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
        try:
            await self._converse(reader, writer)
        except (OSError, ValueError, asyncio.TimeoutError, asyncio.CancelledError):
            pass  # it went away, or spoke another language: its leases were given back
        finally:
            writer.close()
            if task is not None:
                self._tasks.discard(task)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello = json.loads(await asyncio.wait_for(reader.readline(), _HELLO) or b"{}")
        kernel = self._passes.get(_digest(str(hello.get("pass"))))
        if kernel is None:
            return
        connection = _Connection(kernel)
        self._connections.add(connection)
        death = death_of(peer(writer))
        try:
            while not connection.closed:
                line = await before(reader.readline(), death)
                if not line or connection.closed:
                    return
                answer = await self._answer(connection, json.loads(line))
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        finally:
            if death is not None:
                death.cancel()
            await self._end(connection)

    async def _end(self, connection: _Connection) -> None:
        """Give back what a connection leased: once, and also if who asks for it is cancelled."""
        if connection.ended is None:
            connection.ended = asyncio.ensure_future(self._given_back(connection))
        await asyncio.shield(connection.ended)

    async def _given_back(self, connection: _Connection) -> None:
        for lease, provider in connection.leases.items():
            if provider not in connection.providers.values():  # those end with their login
                with suppress(MlsecError):
                    await self._apart(provider.revoke, lease)  # type: ignore[attr-defined]
        for provider in connection.providers.values():
            await self._apart(getattr(provider, "close", _nobody))
        self._connections.discard(connection)
        if not any(one.kernel == connection.kernel for one in self._connections):
            self.asking.end(connection.kernel)

    async def _apart(self, work: Callable[..., Any], *arguments: Any) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, work, *arguments)

    # requests

    async def _answer(self, connection: _Connection, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to one request: {"ok": ...} or {"error": [message, hint]}."""
        try:
            notebook = await self._notebook(connection.kernel)
            wait = self._wait(connection.kernel, request, notebook)
            if wait is not None:
                return {"ok": {"wait": wait}}
            return {"ok": await self._apart(self._done, connection, request, notebook)}
        except MlsecError as error:
            return {"error": [error.message, error.hint]}
        except Exception as error:  # its text could quote a value
            return {"error": [f"the broker failed ({type(error).__name__})", "please report it"]}

    def _done(
        self, connection: _Connection, request: dict[str, Any], notebook: str | None
    ) -> dict[str, Any]:
        """What one request asks for. Runs in a thread."""
        operation = request.get("op")
        if operation == "list":
            return self._listed(connection, str(request.get("prefix", "")))
        if operation == "revoke":
            return self._revoked(connection, str(request.get("lease")), notebook)
        engine = operation == "engine"
        ref = _named(request)
        cell = request.get("cell")
        facts = {"notebook": notebook, "cell": cell if isinstance(cell, str) else None}
        try:
            if operation == "put":
                cas = request.get("cas")
                value = str(request["value"])
                self._learn(connection.kernel, ref.label, value)
                version = self._provider(connection, ref.provider).put(ref, value, cas)
                self._record("put", ref, version=version, **facts)
                return {"version": version}
            if engine:
                return self._made(connection, ref, request, facts)
            provider = self._provider(connection, ref.provider)
            found = self._kept(connection, provider, provider.get(ref))
            for key, value in found.data.items():
                label = f"{ref.label}#{key}" if ref.is_mapping else ref.label
                self._learn(connection.kernel, label, value)
            return self._told(ref, found, facts)
        except MlsecError as error:
            self._record("refusal", ref, problem=error, **facts)
            raise

    def _made(
        self,
        connection: _Connection,
        ref: Reference,
        request: dict[str, Any],
        facts: dict[str, str | None],
    ) -> dict[str, Any]:
        """What an engine of Vault makes: a ciphertext, a certificate, a one-time password."""
        provider: Any = self._provider(connection, VAULT)
        if not hasattr(provider, "engine"):
            raise MlsecError("only Vault has engines", "no Vault is asked here")
        call, body = request["call"], request.get("body")
        made = provider.engine(
            call,
            str(request["mount"]),
            str(request["name"]),
            body if isinstance(body, dict) else {},
        )
        found = self._kept(connection, provider, made)
        for key in engines.secret_keys(call, found.data):
            self._learn(connection.kernel, f"{ref.label}#{key}", found.data[key])
        return self._told(ref, found, facts)

    def _kept(self, connection: _Connection, provider: Provider, found: Fetched) -> Fetched:
        """What was fetched, its lease remembered as the connection's."""
        lease = found.lease
        if lease is not None:
            connection.leases[lease.id] = provider
            if connection.closed:  # it died meanwhile, and what it had was given back already
                if provider not in connection.providers.values():
                    with suppress(MlsecError):
                        provider.revoke(lease.id)  # type: ignore[attr-defined]
                raise MlsecError("the kernel has ended")
        return found

    def _told(self, ref: Reference, found: Fetched, facts: dict[str, str | None]) -> dict[str, Any]:
        """The answer for what was fetched, once it stands in the audit log."""
        self._record("fetch", ref, version=found.version, **facts)
        lease = found.lease
        return {
            "data": dict(found.data),
            "version": found.version,
            "lease": [lease.id, lease.seconds, lease.renewable] if lease else None,
        }

    def _listed(self, connection: _Connection, prefix: str) -> dict[str, Any]:
        scheme, found, rest = prefix.partition("://")
        name, rest = (scheme, rest) if found else (VAULT, prefix)
        return {"names": self._provider(connection, name).list(rest)}

    def _revoked(self, connection: _Connection, lease: str, notebook: str | None) -> dict[str, Any]:
        """Only what the same kernel leased."""
        provider = connection.leases.pop(lease, None)
        if provider is None:
            raise MlsecError("this kernel has no such lease")
        provider.revoke(lease)  # type: ignore[attr-defined]
        self._record("revoke", None, notebook=notebook, cell=None)
        return {}

    def _wait(self, kernel: str, request: dict[str, Any], notebook: str | None) -> str | None:
        """None if the notebook may have what a request names, or what to wait for in words.
        Raises MlsecError if it may not."""
        if request.get("op") not in ("get", "put", "engine"):
            return None
        ref = _named(request)
        try:
            return self._permitted(kernel, notebook or "", ref.label)
        except MlsecError as error:
            cell = request.get("cell")
            cell = cell if isinstance(cell, str) else None
            self._record("refusal", ref, problem=error, notebook=notebook, cell=cell)
            raise

    def _permitted(self, kernel: str, notebook: str, label: str) -> str | None:
        who = notebook or "this kernel"
        answer = self.grants.check(notebook, label)
        if answer == "unknown":
            answer = self.asking.answered(kernel, label)
        if answer == "granted":
            return None
        if answer == "refused":
            raise MlsecError(
                f"{who} may not have {label}: the policy or a user refused it",
                "in JupyterLab, Security > Grants shows answers and takes them back",
            )
        if not self.asking.is_possible:
            self.waiting.add((notebook, label))
            self.asking.changed()
            raise MlsecError(
                f"{who} has not been granted {label} yet, and no JupyterLab is there to ask",
                "open one, run `mlsec secret grant NOTEBOOK REFERENCE`, or see "
                "MlsecSecrets.default and MlsecSecrets.policy in the server's configuration",
            )
        return self.asking.ask(kernel, notebook, label)

    def _provider(self, connection: _Connection, name: str) -> Provider:
        """The kernel's own login where the store has such, or else the broker's."""
        if name in connection.providers:
            return connection.providers[name]
        with self._opening:
            if name not in self._providers:
                self._providers[name] = self._open(name)
        common = self._providers[name]
        child = getattr(common, "child", None)
        own: Provider | None = child(f"kernel-{connection.kernel[:8]}") if child else None
        if own is None:
            return common
        connection.providers[name] = own
        return own

    def _record(self, event: audit.Event, ref: Reference | None, **facts: Any) -> None:
        self._hear(audit.record(event, ref, **facts))


def _reference(fields: Any) -> Reference:
    """The reference that a kernel sent. Raises MlsecError for what is none."""
    match fields:
        case [str(provider), str(path), str() | None as key, int() | None as version]:
            return Reference(provider, path, key, version)
    raise MlsecError("this is not a reference of a secret")


def _named(request: dict[str, Any]) -> Reference:
    """What a request is about: a secret, or an engine as a reference. Raises MlsecError for what
    is neither."""
    if request.get("op") != "engine":
        return _reference(request.get("reference"))
    match request:
        case {"call": str(call), "mount": str(mount), "name": str(name), "body": dict()}:
            return engines.reference(call, mount, name)
    raise MlsecError("this is not a call of one of Vault's engines")


def _digest(pass_: str) -> bytes:
    """Passes are kept as digests, so that looking one up takes no time that tells about others."""
    return hashlib.sha256(pass_.encode()).digest()
