"""Completion of what stands behind `%mlsec_secret`: subcommands, mounts, paths and keys, names
that are bound; never a value."""

from __future__ import annotations

from typing import Any


def complete(shell: Any, event: Any) -> list[str]:
    """A completer for IPython's hook `complete_command`; `event` has the line and the symbol."""
    before = event.text_until_cursor.split(None, 1)
    line = before[1] if len(before) > 1 else ""
    word = "" if line[-1:].isspace() else line.split()[-1] if line.strip() else ""
    first = line.split()[0] if line.strip() else ""
    symbol = event.symbol
    if word == first and "=" not in line and "/" not in word and ":" not in word:
        return _starting(_commands(), word)
    if first in ("revoke", "why"):
        return _starting(_bound(), word)
    if first == "login":
        return _starting(_methods(), word)
    reference = word.rpartition("=")[2]
    found = _references(reference)
    if first == "rotate":
        found += _starting(_bound(), reference)
    cut = len(reference) - len(symbol)  # IPython replaces the symbol, which may begin later
    return [name[cut:] for name in found] if cut > 0 else found


def _commands() -> list[str]:
    from jupyter_mlsec.faces.magics.commands import COMMANDS

    return [*COMMANDS, "--set"]


def _methods() -> list[str]:
    from jupyter_mlsec.credentials.vault.logins import METHODS

    return list(METHODS)


def _bound() -> list[str]:
    from jupyter_mlsec.credentials.store import store

    return list(store().bindings)


def _references(prefix: str) -> list[str]:
    from jupyter_mlsec.credentials.reference import EXAMPLES, VAULT
    from jupyter_mlsec.credentials.store import store

    scheme, separator, rest = prefix.rpartition("://")
    try:
        found = store().provider(scheme or VAULT).list(rest)
    except Exception:  # while someone types, nothing is said about a server that is away
        found = []
    if not separator:
        found += [f"{name}://" for name in EXAMPLES]
    return _starting(found, prefix)


def _starting(names: list[str], prefix: str) -> list[str]:
    return [name for name in names if name.startswith(prefix)]
