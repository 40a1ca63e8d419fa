"""Whether a binding's value is a credential, and of what kind."""

from __future__ import annotations

import re
from typing import NamedTuple

from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.rules.secrets import names
from jupyter_mlsec.rules.secrets.binding import Binding
from jupyter_mlsec.rules.secrets.filters import (
    is_chosen_secret,
    is_key,
    is_password,
    is_placeholder,
    is_reference,
)
from jupyter_mlsec.rules.secrets.kinds import kinds_for, title
from jupyter_mlsec.rules.secrets.wrapped import is_forged, token_in

SCHEME = lazy(r"(?:bearer|basic|token|apikey|api-key|key|digest)[ :]+", re.IGNORECASE)
_LOGIN = lazy(
    r"login|client|auth|openai|anthropic|groq|mistral|wandb|api|connect|username|kaggle|bing|fred",
    re.I,
)
_STRICT_FORMS = ("dict", "config", "header")


class Credential(NamedTuple):
    """What a value is: the id of a kind, and words for it."""

    kind: str
    what: str


PASSWORD = Credential("generic-password", "a password")
KEY = Credential("generic-api-key", "an API key")
TOKEN = Credential("generic-token", "a token")
SECRET = Credential("generic-secret", "a secret")
BASIC = Credential("basic-auth", "a user name with its password, in base64")


def judge(binding: Binding) -> Credential | None:
    """What credential the value of a binding is; None where it is none, or not surely."""
    name, value = binding.name, binding.value.strip()
    if names.is_bare_key(name):
        return _of_key(binding, value)
    sort = names.sort(name)
    if sort is None:
        return None
    if sort == "password":
        strict = binding.prose or binding.form in _STRICT_FORMS
        return PASSWORD if is_password(value, strict=strict) and not _is_name(name, value) else None
    scheme = SCHEME.match(value)
    if scheme:
        value = value[scheme.end() :]
    if is_placeholder(value) or is_forged(value):
        return None
    if scheme and scheme[0].lower().startswith("basic"):
        return BASIC if _is_basic(value) else None
    if kind := kinds_for(f"{binding.callee} {name}", value):
        return Credential(kind.id, f"the {title(kind)}")
    if binding.node is not None and (token := token_in(value)):
        return Credential(token[0].id, f"the {title(token[0])}")
    if sort == "token":
        return TOKEN if is_key(value) else None
    if sort == "key":
        return KEY if is_key(value) or (_names_secret(name) and is_chosen_secret(value)) else None
    chosen = not binding.prose and is_chosen_secret(value)
    return SECRET if chosen or is_key(value, 12) else None


def _of_key(binding: Binding, value: str) -> Credential | None:
    """`key` alone names a credential where it is handed to a login or a client."""
    if kind := kinds_for(f"{binding.callee} {binding.name}", value):
        return Credential(kind.id, f"the {title(kind)}")
    login = _LOGIN.search(binding.callee) and is_key(value, 20)
    return KEY if login and not is_forged(value) else None


def _names_secret(name: str) -> bool:
    return "secret" in names.words(name)


def _is_name(name: str, value: str) -> bool:
    """Whether the value says no more than the name: `password: "userPassword"`."""
    return set(names.words(value)) <= set(names.words(name))


def _is_basic(value: str) -> bool:
    """Whether a value is base64 of `user:password`."""
    from binascii import Error, a2b_base64

    try:
        decoded = a2b_base64(value + "=" * (-len(value) % 4)).decode("utf-8")
    except (Error, ValueError):
        return False
    user, colon, password = decoded.partition(":")
    value = password or user
    fake = is_placeholder(value) or is_reference(value) or is_forged(value)
    return bool(colon) and decoded.isprintable() and not fake
