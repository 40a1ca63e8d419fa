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
from typing import TYPE_CHECKING, Any, cast

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.reference import parse
from jupyter_mlsec.credentials.value import Secret

if TYPE_CHECKING:
    from jupyter_mlsec.credentials.store import Given


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
        raw = plain.encode() if isinstance(plain, str) else plain
        return cast("str", _engine("encrypt", self.key, raw, mount=self.mount))

    def decrypt(self, ciphertext: str) -> bytes:
        """What was encrypted."""
        return cast("bytes", _engine("decrypt", self.key, ciphertext, mount=self.mount))


def transit(key: str, mount: str = "transit") -> Transit:
    """Vault's encryption as a service: `transit("orders").encrypt(b"...")`."""
    return Transit(key, mount)


def pki(role: str, common_name: str, mount: str = "pki", **parameters: str) -> Mapping[str, str]:
    """A new certificate: `certificate`, `private_key`, `issuing_ca` and so on; `ttl="24h"` and
    the like are passed on."""
    from jupyter_mlsec.credentials.provider import Hidden
    from jupyter_mlsec.credentials.store import store

    data = dict(_engine("certificate", role, common_name, mount=mount, **parameters).data)
    label = f"{mount}/issue/{role}#private_key"
    if "private_key" in data:
        store().redactor.add(label, data["private_key"])
        data["private_key"] = Secret(data["private_key"], label)
    return Hidden(data)


def totp(name: str, mount: str = "totp") -> Secret:
    """The one-time password of now."""
    from jupyter_mlsec.credentials.store import store

    label = f"{mount}/code/{name}"
    code = str(_engine("totp", name, mount=mount))
    store().redactor.add(label, code)
    return Secret(code, label)


def put(reference: str, value: str, cas: int | None = None) -> int:
    """Write a value; gives its version. `cas` is the version that has to be there, 0 for none."""
    from jupyter_mlsec.credentials.store import store

    with _in_full():
        return store().put(parse(reference), value, cas)


def names(prefix: str = "", provider: str = "vault") -> list[str]:
    """What there is below a prefix: mounts, paths, and keys after a `#`; no values."""
    from jupyter_mlsec.credentials.store import store

    return store().provider(provider).list(prefix)


def _engine(call: str, *arguments: Any, **named: Any) -> Any:
    from jupyter_mlsec.credentials.store import store

    with _in_full():
        store().protect()
        provider: Any = store().provider("vault")
        if not hasattr(provider, "engine"):
            raise MlsecError("this needs a login to Vault of this process's own")
        return provider.engine(call, *arguments, **named)
