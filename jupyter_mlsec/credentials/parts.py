"""What in a value is secret: a connection string has a password, a token a public header.

Pieces of what is public (`localhost:5432/db`, the header of every JWT, the first bytes of every
RSA key) must not be masked where they occur by themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from jupyter_mlsec.core.patterns import lazy

_SCHEME = lazy(r"(?:[A-Za-z]{1,10}\d{0,2}[-_.])+")  # sk-ant-api03-, github_pat_, xoxb-
_JWT = lazy(r"(eyJ[\w-]+\.)[\w-]+\.[\w-]+")
_PEM = lazy(r"-----BEGIN ([A-Z ]+)-----([^-]+)-----END")
_ENOUGH = 16  # characters that have to follow a scheme
_CLAIMS = 16  # the first characters of a token's claims, such as {"iss":"https

# The first characters of a key's body that name its algorithm, in Base64: of OpenSSH's format,
# of PKCS #8 (RFC 5208) with RSA or an elliptic curve, and of short keys (RFC 8410, SEC 1).
_HEADERS = {"OPENSSH PRIVATE KEY": 96}
_LONG_HEADER, _SHORT_HEADER, _SHORT_BODY = 48, 24, 160


class Part(NamedTuple):
    """A text that is secret: as a whole, and if `pieces`, in pieces from `first` on."""

    text: str
    first: int = 0
    pieces: bool = True


def parts(value: str) -> Iterator[Part]:
    """The parts of a value; the first is all of it."""
    inner = [part for part in _inner(value) if part.text != value]
    jwt = _JWT.fullmatch(value)
    if jwt:
        yield Part(value, min(jwt.end(1) + _CLAIMS, len(value) - _ENOUGH))
    elif inner:
        yield Part(value, pieces=False)
        yield from inner
    else:
        scheme = _SCHEME.match(value)
        first = scheme.end() if scheme else 0
        yield Part(value, first if len(value) - first >= _ENOUGH else 0)


def _inner(value: str) -> Iterator[Part]:
    for found in _PEM.finditer(value):
        body = "".join(found[2].split())
        short = len(body) < _SHORT_BODY
        header = _HEADERS.get(found[1], _SHORT_HEADER if short else _LONG_HEADER)
        yield Part(body, min(header, max(0, len(body) - _ENOUGH)))
    yield from _password(value)
    if value[:1] in "{[" and value[-1:] in "}]":
        try:
            document = json.loads(value)
        except (ValueError, RecursionError):
            return
        for leaf in _leaves(document):
            yield from (part for part in parts(leaf) if _may_be_secret(part.text))


def _password(value: str) -> Iterator[Part]:
    """The password of an address, as it stands there and decoded."""
    if "://" not in value or "@" not in value or len(value) > 4096:
        return
    try:
        password = urlsplit(value).password
    except ValueError:
        return
    if password:
        yield Part(password)
        if unquote(password) != password:
            yield Part(unquote(password))


def _leaves(document: object) -> Iterator[str]:
    pending = [document]
    while pending:
        node = pending.pop()
        if isinstance(node, str):
            yield node
        elif isinstance(node, dict):
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)


def _may_be_secret(text: str) -> bool:
    """Whether a leaf of a document is a secret, and no host, e-mail address or project."""
    from jupyter_mlsec.core.rarity import is_random

    web = text.startswith(("http://", "https://")) and "@" not in text
    return len(text) >= 12 and not web and ("-----BEGIN" in text or is_random(text))
