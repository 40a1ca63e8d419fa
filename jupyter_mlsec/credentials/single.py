"""What the smaller stores have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.provider import Fetched
from jupyter_mlsec.credentials.reference import Reference


def one(ref: Reference, value: str) -> Fetched:
    """The value of a store that keeps one at each path, under the last part of its name."""
    return Fetched({ref.key or ref.path.rpartition("/")[2]: value})


def chosen(ref: Reference, values: Mapping[str, str], version: int | None = None) -> Fetched:
    """All values, or the one that the reference names; MlsecError, with the keys, if it isn't."""
    if ref.key is None:
        return Fetched(values, version)
    if ref.key not in values:
        raise missing(ref.path, f"has no key {ref.key!r}", ref.key, values)
    return Fetched({ref.key: values[ref.key]}, version)


def missing(where: str, what: str, name: str, there: Iterable[str]) -> MlsecError:
    """The line for something that is not there, with the names that are near it."""
    names = sorted(there)
    near = get_close_matches(name, names, 3) or names[:5]
    return MlsecError(
        f"{where} {what}", f"it has {', '.join(near)}" if near else "it has none at all"
    )


def read_only(what: str, instead: str) -> MlsecError:
    return MlsecError(f"{what} can't be written from here", instead)


def exists(where: str) -> MlsecError:
    return MlsecError(f"{where} exists already", "choose another name, or write over it")


def session(address: str, verify: bool | str = True) -> Any:
    """A session of requests that takes no login from ~/.netrc and no CA from the environment,
    only the proxy for `address`. Give `timeout` and `allow_redirects=False` with each request."""
    try:
        import requests
        from requests.utils import get_environ_proxies
    except ImportError:
        raise MlsecError(
            "this provider needs the package requests, which is not installed",
            "pip install 'jupyter-mlsec[secrets]'",
        ) from None
    made = requests.Session()
    made.trust_env = False
    made.verify = verify
    made.proxies = get_environ_proxies(address, no_proxy=None)
    return made
