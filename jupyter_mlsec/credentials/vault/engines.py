"""The engines that are no stores: what they make is asked for with parameters.

Paths and parameters are those of Vault's HTTP API (developer.hashicorp.com/vault/api-docs/secret).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.provider import Fetched, Lease
from jupyter_mlsec.credentials.reference import Reference, parse

if TYPE_CHECKING:
    from jupyter_mlsec.credentials.vault.client import Client


class Call(NamedTuple):
    """What is asked of an engine: the word between its mount and the name of a key or role, and
    which values of the answer are secrets, None for all."""

    word: str
    secret: tuple[str, ...] | None


CALLS = {
    "encrypt": Call("encrypt", ()),
    "decrypt": Call("decrypt", ()),  # data, which is often large: its user decides what it is
    "certificate": Call("issue", ("private_key",)),
    "totp": Call("code", ("code",)),
    "ssh_sign": Call("sign", ()),
    "ssh_password": Call("creds", ("key",)),
    "wrap": Call("wrap", ("token",)),
    "unwrap": Call("unwrap", None),
}
WRAPPING = "sys/wrapping"  # the mount of the last two, whose paths have no name


def reference(call: str, mount: str, name: str) -> Reference:
    """What a call asks for, as the audit log and grants name it. Raises MlsecError for what is
    no path."""
    if call not in CALLS or (mount == WRAPPING) != (call in ("wrap", "unwrap")):
        raise MlsecError("Vault has no such engine")
    path = "/".join(part for part in (mount.strip("/"), CALLS[call].word, name) if part)
    return parse(path)


def secret_keys(call: str, data: Iterable[str]) -> list[str]:
    """Which keys of an answer are secrets."""
    secret = CALLS[call].secret
    return [key for key in data if secret is None or key in secret]


def make(client: Client, call: str, ref: Reference, body: Mapping[str, Any]) -> Fetched:
    """What an engine makes. Raises MlsecError, and its frames may hold values: the provider
    guards them. `wrap` gets its `data`, and `ttl` says how long the token holds."""
    if call == "totp":
        answer = client.get(ref.path)
    elif call == "wrap":
        answer = client.post(ref.path, body["data"], wrap_ttl=str(body["ttl"]))
        answer = {"data": {"token": answer["wrap_info"]["token"]}}
    else:
        answer = client.post(ref.path, dict(body))
    data = {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in (answer.get("data") or answer.get("auth") or {}).items()
    }
    lease = None
    if answer.get("lease_id"):
        seconds = int(answer["lease_duration"])
        lease = Lease(answer["lease_id"], seconds, bool(answer["renewable"]))
        client.keep(lease)
    return Fetched(data, None, lease)
