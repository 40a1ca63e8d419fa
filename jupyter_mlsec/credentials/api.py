"""Secrets in Python: `from jupyter_mlsec import secret, secrets`.

    client = OpenAI(api_key=secret("kv/ml/openai#api_key"))
    with secret("database/creds/ro") as login: ...  # the lease ends with the block
    with secrets.env(PGPASSWORD="kv/db#password"): ...  # for child processes

Works in notebooks, scripts, papermill, nbconvert and nbclient. In a kernel all outputs are masked
from the first call on.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.reference import parse

if TYPE_CHECKING:
    from jupyter_mlsec.credentials.store import Given, Secrets


def secret(reference: str, *, opaque: bool = False) -> Given:
    """The value of a reference: a string, or a mapping if the reference names no key.

    `opaque` gives an object that is no string, and whose `reveal()` is the value. As a context
    manager the value ends its lease on leaving. Raises MlsecError.
    """
    from jupyter_mlsec.credentials.store import store

    with _in_full():
        return store().fetch(parse(reference), opaque=opaque)


@contextmanager
def env(**references: str) -> Iterator[None]:
    """Environment variables with secrets, until the block ends, however it ends.

    They are for child processes, and for libraries that look there. Raises MlsecError before
    anything is set if one can't be had.
    """
    with _in_full():
        values = _values(references)
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, old in before.items():
            if old is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = old


def _values(references: Mapping[str, str]) -> dict[str, str]:
    from jupyter_mlsec.credentials.store import store

    refs = {name: parse(reference) for name, reference in references.items()}
    for name, ref in refs.items():
        if ref.is_mapping:
            raise MlsecError(f"{name} would get all keys of {ref.label}", "add #key to it")
    fetched = store().fetch_all(list(refs.values()))
    return {name: str(value) for name, value in zip(refs, fetched, strict=True)}


@contextmanager
def _in_full() -> Iterator[None]:
    """Have a traceback's last line say what to do as well, and a script in CI end with its code."""
    try:
        yield
    except MlsecError as error:
        from jupyter_mlsec.credentials import ci

        error.args = (error.full,)
        ci.ends_script(error)
        raise


class Transit:
    """Encryption by a key that never leaves Vault."""

    def __init__(self, key: str, mount: str) -> None:
        self.key = key
        self.mount = mount

    def encrypt(self, plain: bytes | str) -> str:
        """The ciphertext, which is no secret: `vault:v1:...`."""
        from base64 import b64encode

        raw = plain.encode() if isinstance(plain, str) else plain
        body = {"plaintext": b64encode(raw).decode()}
        return _engine("encrypt", self.mount, self.key, body)["ciphertext"]

    def decrypt(self, ciphertext: str) -> bytes:
        """What was encrypted. It is not masked: say so yourself, with `secrets.protect`."""
        from base64 import b64decode

        body = {"ciphertext": ciphertext}
        return b64decode(_engine("decrypt", self.mount, self.key, body)["plaintext"])


def transit(key: str, mount: str = "transit") -> Transit:
    """Vault's encryption as a service: `transit("orders").encrypt(b"...")`."""
    return Transit(key, mount)


def pki(role: str, common_name: str, mount: str = "pki", **parameters: str) -> Mapping[str, str]:
    """A new certificate: `certificate`, `private_key`, `issuing_ca` and so on; `ttl="24h"` and
    the like are passed on."""
    return _engine("certificate", mount, role, {"common_name": common_name, **parameters})


def totp(name: str, mount: str = "totp") -> str:
    """The one-time password of now."""
    return _engine("totp", mount, name)["code"]


def ssh_certificate(role: str, public_key: str, mount: str = "ssh", **parameters: str) -> str:
    """The public key, signed by Vault's CA: what `ssh` takes as a certificate."""
    return _engine("ssh_sign", mount, role, {"public_key": public_key, **parameters})["signed_key"]


def ssh_password(role: str, ip: str, mount: str = "ssh") -> str:
    """A password for one login to a machine."""
    return _engine("ssh_password", mount, role, {"ip": ip})["key"]


def wrap(data: Mapping[str, str], ttl: str = "5m") -> str:
    """A token that gives the data back once, to whoever has it and within `ttl`."""
    return _engine("wrap", _WRAPPING, "", {"data": dict(data), "ttl": ttl})["token"]


def unwrap(token: str) -> Mapping[str, str]:
    """What a wrapping token holds. It works once; that it was used already is said."""
    return _engine("unwrap", _WRAPPING, "", {"token": str(token)})


def protect(label: str, value: str) -> None:
    """Mask a value that did not come from a reference, in all that leaves this process from now
    on; `label` stands in its place."""
    from jupyter_mlsec.credentials.store import store

    with _in_full():
        store().learn(label, value)


def put(reference: str, value: str, cas: int | None = None) -> int:
    """Write a value; gives its version. `cas` is the version that has to be there, 0 for none."""
    from jupyter_mlsec.credentials.store import store

    with _in_full():
        return store().put(parse(reference), value, cas)


def names(prefix: str = "", provider: str = "vault") -> list[str]:
    """What there is below a prefix: mounts, paths, and keys after a `#`; no values."""
    from jupyter_mlsec.credentials.store import store

    return store().provider(provider).list(prefix)


_WRAPPING = "sys/wrapping"


def _engine(call: str, mount: str, name: str, body: Mapping[str, Any] | None = None) -> Secrets:
    """What an engine of Vault makes of parameters; what is secret in it is masked."""
    from jupyter_mlsec.credentials.store import store

    with _in_full():
        return store().engine(call, mount, name, body or {})
