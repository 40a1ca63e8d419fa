"""Tokens that are there already, in the order in which `vault` looks, and one place more."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from typing import NamedTuple, NoReturn

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.vault.settings import variable

_HELPER = re.compile(r'^\s*token_helper\s*=\s*"([^"\n]+)"', re.MULTILINE)


class Token(NamedTuple):
    """A token and where it came from, in words; its repr does not show it."""

    value: str
    source: str

    def __repr__(self) -> str:
        return f"Token(from {self.source})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("tokens are not pickled")


def given(environment: Mapping[str, str], home: str) -> Token | None:
    """The token that the user has set up, or None.

    Order: VAULT_TOKEN or BAO_TOKEN; the file that VAULT_TOKEN_FILE names; the token helper that
    `~/.vault` names; `~/.vault-token`. Raises MlsecError where one is named but can't be had.
    """
    for name in ("VAULT_TOKEN", "BAO_TOKEN"):
        if environment.get(name, "").strip():
            return Token(environment[name].strip(), name)
    file = variable(environment, "TOKEN_FILE")
    if file is not None:
        return Token(_read(file, "VAULT_TOKEN_FILE"), "VAULT_TOKEN_FILE")
    helper = _helper(environment.get("VAULT_CONFIG_PATH") or os.path.join(home, ".vault"))
    if helper is not None:
        value = _ask_helper(helper)
        if value:
            return Token(value, "the token helper")
    usual = os.path.join(home, ".vault-token")
    if os.path.exists(usual):
        value = _read(usual, usual)
        return Token(value, "~/.vault-token") if value else None
    return None


def _read(file: str, name: str) -> str:
    try:
        with open(os.path.expanduser(file), encoding="utf-8") as opened:
            return opened.read(100_000).strip()
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not text"
        raise MlsecError(f"the token file of {name} can't be read: {why}") from None


def _helper(file: str) -> str | None:
    """The program that `vault`'s own configuration names, as an absolute path."""
    try:
        with open(file, encoding="utf-8") as opened:
            found = _HELPER.search(opened.read(100_000))
    except (OSError, UnicodeError):
        return None
    if found is None:
        return None
    if not os.path.isabs(found[1]):
        raise MlsecError(f"{file} names a token helper without its full path", "write it out")
    return found[1]


def _ask_helper(program: str) -> str:
    """What `program get` prints; an end other than 0 or a silence of 5 s is an error."""
    try:
        ended = subprocess.run(  # noqa: S603  # named by the user's own configuration
            [program, "get"], capture_output=True, timeout=5, check=True, text=True
        )
    except (OSError, subprocess.SubprocessError):
        raise MlsecError(
            f"the token helper {program} gives no token", "see what `vault print token` says"
        ) from None
    return ended.stdout.strip()
