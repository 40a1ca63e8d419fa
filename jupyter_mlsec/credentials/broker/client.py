"""What a kernel asks instead of the stores."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any, NoReturn

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.edge import guarded
from jupyter_mlsec.credentials.provider import Fetched, Lease
from jupyter_mlsec.credentials.reference import Reference

ADDRESS = "MLSEC_BROKER"  # unix:/path, or tcp:port on the loopback
PASS = "MLSEC_BROKER_PASS"  # noqa: S105  # the variable's name
Cell = Callable[[], "str | None"]
_TIMEOUT = 30.0  # seconds: the store's own timeouts and retries are shorter
_AGAIN = 0.2  # seconds between two looks whether a user has answered


def find(
    environment: MutableMapping[str, str] | None = None, cell: Cell = lambda: None
) -> BrokerProvider | None:
    """The broker of this kernel, or None. Its pass is taken out of the environment, where child
    processes would get it. `cell` tells which cell asks, for the audit log."""
    environment = os.environ if environment is None else environment
    address, pass_ = environment.get(ADDRESS), environment.pop(PASS, None)
    return BrokerProvider(address, pass_, cell) if address and pass_ else None


class BrokerProvider:
    """A provider of all references, whatever their scheme; `of` gives it the name of one. Keep
    it: its open connection tells the broker that this process lives."""

    name = "broker"

    def __init__(self, address: str, pass_: str, cell: Cell = lambda: None) -> None:
        self._address = address
        self._pass = pass_
        self._socket: socket.socket | None = None
        self._file: Any = None
        self._process = 0
        self._lock = threading.Lock()
        self._cell = cell

    def __repr__(self) -> str:
        return "BrokerProvider()"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a broker's pass is not pickled")

    @guarded
    def get(self, ref: Reference) -> Fetched:
        return _fetched(self._decided({"op": "get", "reference": _fields(ref)}))

    @guarded
    def put(self, ref: Reference, value: str, cas: int | None = None) -> int:
        request = {"op": "put", "reference": _fields(ref), "value": value, "cas": cas}
        return int(self._decided(request)["version"])

    @guarded
    def list(self, prefix: str = "") -> list[str]:
        """Names of Vault, or of the provider that the prefix begins with (`aws-sm://`)."""
        return [str(name) for name in self._asked({"op": "list", "prefix": prefix})["names"]]

    @guarded
    def engine(self, call: str, mount: str, name: str, body: Mapping[str, Any]) -> Fetched:
        """What an engine of Vault makes of parameters; see `VaultProvider.engine`."""
        request = {"op": "engine", "call": call, "mount": mount, "name": name, "body": body}
        return _fetched(self._decided(request))

    @guarded
    def revoke(self, lease: str) -> None:
        self._asked({"op": "revoke", "lease": lease})

    def of(self, name: str) -> Named:
        """This as the provider of one name."""
        return Named(self, name)

    def tokens(self) -> tuple[str, ...]:
        """For the redactor to know."""
        return (self._pass,)

    def close(self) -> None:
        """Give back all that was leased."""
        with self._lock:
            self._disconnect()

    def _decided(self, request: dict[str, Any]) -> Any:
        """The answer to what a user may have to allow first. It is asked for again until then, so
        that an interrupt or the kernel's end takes the question back."""
        told = False
        while "wait" in (answer := self._asked(request)):
            if not told:
                print(f"mlsec: {answer['wait']}", file=sys.stderr, flush=True)
                told = True
            time.sleep(_AGAIN)
        return answer

    def _asked(self, request: dict[str, Any]) -> Any:
        with self._lock:
            try:
                answer = self._sent({**request, "cell": self._cell()})
            except (OSError, ValueError):
                answer = None
            if answer is None:
                self._disconnect()
        if answer is None:
            raise MlsecError(
                "the Jupyter server's broker does not answer",
                "restart the kernel; if that does not help, restart the server",
            )
        if "error" in answer:
            raise MlsecError(*answer["error"])
        return answer["ok"]

    def _sent(self, request: dict[str, Any]) -> Any:
        """One line there and one back; a forked process has a connection of its own."""
        if self._socket is None or self._process != os.getpid():
            self._disconnect()
            self._socket = _connected(self._address)
            self._file = self._socket.makefile("rwb")
            self._process = os.getpid()
            self._write({"pass": self._pass})
        self._write(request)
        line = self._file.readline()
        return json.loads(line) if line else None

    def _disconnect(self) -> None:
        if self._socket is not None:
            with suppress(OSError):  # what is left to be sent of a broken connection
                self._file.close()
            self._socket.close()
            self._socket = None

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line).encode() + b"\n")
        self._file.flush()


class Named:
    """The broker in the place of one provider."""

    def __init__(self, broker: BrokerProvider, name: str) -> None:
        self.name = name
        self.get = broker.get
        self.put = broker.put
        self.revoke = broker.revoke
        self.engine = broker.engine
        self.tokens = broker.tokens
        self._broker = broker

    def list(self, prefix: str = "") -> list[str]:
        return self._broker.list(f"{self.name}://{prefix}")


def _fetched(answer: Mapping[str, Any]) -> Fetched:
    lease = answer.get("lease")
    return Fetched(answer["data"], answer["version"], Lease(*lease) if lease else None)


def _fields(ref: Reference) -> list[str | int | None]:
    return [ref.provider, ref.path, ref.key, ref.version]


def _connected(address: str) -> socket.socket:
    scheme, _, place = address.partition(":")
    if scheme == "unix":
        made = socket.socket(socket.AF_UNIX)
        made.settimeout(_TIMEOUT)
        try:
            made.connect(place)
        except OSError:
            made.close()
            raise
        return made
    return socket.create_connection(("127.0.0.1", int(place)), _TIMEOUT)
