"""Vault as a provider. Importing this imports no hvac: that waits for the first request."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from typing import Any

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials import ci
from jupyter_mlsec.credentials.edge import guarded
from jupyter_mlsec.credentials.provider import Fetched
from jupyter_mlsec.credentials.reference import Reference
from jupyter_mlsec.credentials.vault import engines, kv, settings
from jupyter_mlsec.credentials.vault.client import Client
from jupyter_mlsec.credentials.vault.logins import Ask, Context, Tell
from jupyter_mlsec.credentials.vault.mounts import Mounts


class VaultProvider:
    """Vault or OpenBao: the server and the login that the environment names, or the embedded one.

    Without arguments everything comes from the environment. `token` and `method` go before it;
    `ask` and `tell` let a login ask the user and say something (a web address to open). Nothing
    is connected before the first call. What is leased is renewed until `close`.
    """

    name = "vault"

    def __init__(
        self,
        environment: Mapping[str, str] | None = None,
        *,
        token: str | None = None,
        method: str | None = None,
        ask: Ask | None = None,
        tell: Tell | None = None,
    ) -> None:
        self._environment = os.environ if environment is None else environment
        self._token = token
        self._method = method
        self._ask = ask
        self._tell = tell
        self._making = threading.Lock()
        self._made: Client | None = None
        self._mounts: Mounts | None = None

    def __repr__(self) -> str:
        return "VaultProvider()"

    @guarded
    def get(self, ref: Reference) -> Fetched:
        """The values at the path; from an engine that makes credentials, new ones with a lease,
        which this client renews."""
        client, mounts = self._client()
        fetched = kv.read(client, mounts.of(ref.path), ref.path, ref.version)
        if fetched.lease is not None:
            client.keep(fetched.lease)
        if ref.key is None:
            return fetched
        if ref.key not in fetched.data:
            raise kv.no_key(ref.path, ref.key, list(fetched.data))
        return Fetched({ref.key: fetched.data[ref.key]}, fetched.version, fetched.lease)

    @guarded
    def put(self, ref: Reference, value: str, cas: int | None = None) -> int:
        """Write one key and keep the others of that path; the new version."""
        if ref.key is None:
            raise MlsecError(
                "a value is written to one key", f"write the reference like {ref.path}#key"
            )
        client, mounts = self._client()
        return kv.write(client, mounts.of(ref.path), ref.path, ref.key, value, cas)

    @guarded
    def list(self, prefix: str = "") -> list[str]:
        """Full names that begin with `prefix`, as references write them: the mounts (`kv/`), the
        names in a folder, or after a `#` the keys of a path. What may not be seen is left out."""
        client, mounts = self._client()
        if "/" not in prefix:
            found = [mount.path + "/" for mount in mounts.all() if mount.type not in _HIDDEN]
        elif "#" in prefix:
            path = prefix.partition("#")[0]
            found = [f"{path}#{key}" for key in kv.keys(client, mounts.of(path), path)]
        else:
            folder = prefix.rpartition("/")[0]
            found = kv.names(client, mounts.of(folder), folder)
        return [name for name in found if name.startswith(prefix)]

    @guarded
    def versions(self, ref: Reference) -> dict[int, str]:
        """The versions of a path and the state of each: `kept`, `deleted` or `destroyed`."""
        client, mounts = self._client()
        mount = mounts.of(ref.path)
        return kv.versions(client, mount, ref.path)

    @guarded
    def log_in(self) -> str:
        """Log in anew; where the login came from, in words."""
        return self._client()[0].log_in()

    @guarded
    def status(self) -> dict[str, Any]:
        """Who is logged in where: `address`, `source`, `policies`, `seconds` left (0: no end),
        `leases`. No token."""
        client = self._client()[0]
        return client.status()

    @guarded
    def revoke(self, lease: str) -> None:
        """End a lease now."""
        self._client()[0].revoke(lease)

    @guarded
    def close(self) -> None:
        """End the leases, and the login if it was made here. The next call begins anew."""
        if self._made is not None:
            self._made.close()
            self._made = self._mounts = None

    @guarded
    def child(self, about: str) -> VaultProvider | None:
        """A provider with a login of its own on the same connection, whose leases end with it;
        None if the policies allow none. `about` says what for, in Vault's audit log."""
        made = self._client()[0].child(about)
        if made is None:
            return None
        provider = VaultProvider(self._environment)
        provider._made, provider._mounts = made, Mounts(made)
        return provider

    @guarded
    def engine(self, call: str, mount: str, name: str, body: Mapping[str, Any]) -> Fetched:
        """What an engine makes of parameters: one of `engines.CALLS`."""
        ref = engines.reference(call, mount, name)
        return engines.make(self._client()[0], call, ref, body)

    def tokens(self) -> tuple[str, ...]:
        """The tokens that this process holds, for the redactor to know."""
        held = self._made.token if self._made else None
        return (held,) if held else ()

    def _client(self) -> tuple[Client, Mounts]:
        with self._making:
            if self._made is None or self._mounts is None:
                _check_installed()
                self._made = self._make()
                self._mounts = Mounts(self._made)
            return self._made, self._mounts

    def _make(self) -> Client:
        environment: Mapping[str, str] = self._environment
        found = settings.from_environment(environment)
        if found is None:
            from jupyter_mlsec.credentials import embedded

            running = embedded.find(environment)
            if running is None and embedded.exists(environment):
                raise MlsecError("your own Vault does not run", "start it: `mlsec vault start`")
            if running is None:
                raise MlsecError(
                    "no Vault is set up",
                    "set VAULT_ADDR to your team's server, or start your own: `mlsec vault start`",
                )
            found = running.settings()
            environment = {**environment, **running.login()}
        home = environment.get("HOME") or os.path.expanduser("~")
        context = Context(environment, home, self._ask or _asking(environment))
        if self._tell:
            context.tell = self._tell
        return Client(found, context, token=self._token, method=self._method)


_HIDDEN = frozenset(("system", "identity", "cubbyhole"))


def _asking(environment: Mapping[str, str]) -> Ask | None:
    """A prompt that does not echo, where a person sits at a terminal; never in CI."""
    if ci.unattended(environment) or not sys.stdin or not sys.stdin.isatty():
        return None
    from getpass import getpass

    return getpass


def _check_installed() -> None:
    from importlib.util import find_spec

    if find_spec("hvac") is None:
        raise MlsecError(
            "Vault needs the package hvac, which is not installed",
            "pip install 'jupyter-mlsec[secrets]'",
        )
