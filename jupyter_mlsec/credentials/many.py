"""Several references at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.provider import Fetched
from jupyter_mlsec.credentials.reference import Reference


def fetch(
    references: Sequence[Reference], fetch_one: Callable[[Reference], Fetched]
) -> list[Fetched]:
    """What each reference names, in the same order.

    Two keys of one path are fetched at once: user and password of a database are made anew with
    each fetch, and belong together. `fetch_one` asks the provider of a reference.
    """
    together = [_whole(ref) for ref in references]
    known: dict[Reference, Fetched] = {}
    made = []
    for ref, whole in zip(references, together, strict=True):
        shared = ref.key is not None and together.count(whole) > 1
        asked = whole if shared else ref
        if asked not in known:
            known[asked] = fetch_one(asked)
        found = known[asked]
        made.append(_part(ref.path, ref.key, found) if ref.key and shared else found)
    return made


def value_of(ref: Reference, fetched: Fetched) -> str:
    """The one value of what was fetched; MlsecError where there are several."""
    if len(fetched.data) != 1:
        keys = ", ".join(fetched.data) or "none"
        raise MlsecError(f"{ref.label} has several values", f"write one of its keys ({keys})")
    (value,) = fetched.data.values()
    return value


def _whole(ref: Reference) -> Reference:
    return replace(ref, key=None)


def _part(path: str, key: str, found: Fetched) -> Fetched:
    if key not in found.data:
        keys = ", ".join(sorted(found.data)) or "no keys"
        raise MlsecError(f"{path} has no key {key!r}", f"it has {keys}")
    return replace(found, data={key: found.data[key]})
