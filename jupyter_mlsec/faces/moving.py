"""Credentials moved from a file to a provider: what `mlsec fix --to-vault` does, and JupyterLab.

The values go from the scanner's hits to the provider and nowhere else: what is said about them
are references and kinds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import NamedTuple

from jupyter_mlsec.core.editing import apply
from jupyter_mlsec.core.engine import Scanner
from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.findings import Placed, findings
from jupyter_mlsec.core.fixes import Change, edits_between
from jupyter_mlsec.core.model import Document, Place, Span
from jupyter_mlsec.core.moving import Moved, Moving, move
from jupyter_mlsec.core.notebook import read
from jupyter_mlsec.credentials.provider import Provider
from jupyter_mlsec.credentials.reference import Reference, parse

FOLDER = "kv/notebooks"
KEY = "value"
_MOST = 50  # names tried before a folder counts as full


class Credential(NamedTuple):
    """A value to be moved: the number of the text that it stands in, where, and of what kind."""

    text: int
    span: Span
    value: str
    kind: str

    def __repr__(self) -> str:
        return f"Credential({self.text}, {self.span}, kind={self.kind!r})"


class Stayed(NamedTuple):
    """A credential that could not be moved: its cell (None in a file), line and kind."""

    cell: int | None
    line: int
    kind: str


class Rewritten(NamedTuple):
    """A document's texts with references in the place of values: `used` are the references that
    stand there now with their values, `cells` those whose outputs go."""

    changes: tuple[Change, ...]
    used: Mapping[str, str]
    stayed: tuple[Stayed, ...]
    cells: frozenset[int]

    def __repr__(self) -> str:
        return f"Rewritten({list(self.used)})"


@dataclass(frozen=True)
class Plan:
    """What will become of one file. `data` is the file after; `values` are by reference, and
    `new` are the references that have yet to be written; `cleared` cells had outputs, and have
    none. Nothing is shown of a value."""

    path: str
    data: bytes = field(repr=False)
    changes: tuple[Change, ...] = field(repr=False)
    values: Mapping[str, str] = field(repr=False)
    kinds: Mapping[str, str]
    new: frozenset[str]
    stayed: tuple[Stayed, ...]
    cleared: int


def plan(
    scanner: Scanner,
    data: bytes,
    path: str,
    kind: str,
    provider: Provider,
    *,
    folder: str = FOLDER,
    ignored: Callable[[Placed], bool] = lambda placed: False,
) -> Plan:
    """What moving the credentials of a file would do; nothing is written yet.

    The provider is asked which names are taken. Raises MlsecError where the file can't be read
    or the provider not be asked.
    """
    document = read(data, path, kind)
    found = credentials(scanner, document, ignored)
    if not found:
        return Plan(path, data, (), {}, {}, frozenset(), (), 0)
    names = Names(provider, folder, path)
    done = rewritten(document, found, names.give(found))
    edits = [edit for change in done.changes for edit in edits_between(change)]
    new = apply(data, kind, edits)
    cleared = 0
    if kind == "notebook" and done.cells:
        from jupyter_mlsec.core.strip import without_outputs

        new, cleared = without_outputs(new, set(done.cells))
    kinds = {reference: names.kinds[reference] for reference in done.used}
    fresh = frozenset(names.fresh.intersection(done.used))
    return Plan(path, new, done.changes, done.used, kinds, fresh, done.stayed, cleared)


def rewritten(
    document: Document, found: Sequence[Credential], references: Mapping[str, str]
) -> Rewritten:
    """The document with references in the place of credentials; `references` are by value. What
    can't be written with one to the same effect stays as it is."""
    taken = _uses_name(document)
    changes: list[Change] = []
    used: dict[str, str] = {}
    stayed: list[Stayed] = []
    for number, group in _by_text(found).items():
        text = document.texts[number]
        language = "text" if text.language in ("raw", "") else text.language
        done = move(text.text, [_moving(c, references[c.value]) for c in group], language, taken)
        used.update({one.reference: one.value for one in done.moved})
        stayed += _stayed(text.text, text.cell, done, group)
        if done.text != text.text:
            changes.append(Change(text.cell, text.text, done.text))
    cells = frozenset(_cells(document, changes, set(used.values()))) if changes else frozenset()
    return Rewritten(tuple(changes), used, tuple(stayed), cells)


def store(values: Mapping[str, str], new: Collection[str], provider: Provider) -> list[Reference]:
    """Write the values of the references that are `new`, each read back; what was written.

    The document is to be changed after this: if it fails, nothing is lost. Raises MlsecError.
    """
    written = []
    for text in sorted(set(values).intersection(new)):
        ref = parse(text)
        provider.put(ref, values[text], 0)
        if provider.get(ref).data[KEY] != values[text]:
            raise MlsecError(f"{ref} does not give back what was written", "nothing was changed")
        written.append(ref)
    return written


def credentials(
    scanner: Scanner, document: Document, ignored: Callable[[Placed], bool] = lambda placed: False
) -> list[Credential]:
    """The credentials in sources whose findings are shown, not suppressed and not ignored."""
    return [
        Credential(placed.text, placed.hit.span, placed.hit.secret or "", _kind(placed))
        for placed in _wanted(scanner, document)
        if not ignored(placed)
    ]


def place(document: Document, placed: Placed) -> Place:
    """Where a hit's finding stands."""
    return findings(document, [placed])[0].place


def _wanted(scanner: Scanner, document: Document) -> Iterator[Placed]:
    for placed in scanner.hits(document):
        text = document.texts[placed.text]
        if not placed.hit.secret or text.part not in ("source", "file"):
            continue
        (found,) = findings(document, [placed])
        shown = placed.rule.id in scanner.shown and scanner.config.shows(found)
        if shown and found.suppressed is None:
            yield placed


def _by_text(found: Sequence[Credential]) -> dict[int, list[Credential]]:
    groups: dict[int, list[Credential]] = {}
    for one in found:
        groups.setdefault(one.text, []).append(one)
    return groups


def _moving(one: Credential, reference: str) -> Moving:
    name = reference.rpartition("/")[2].partition("#")[0]
    variable = re.sub(r"\W", "_", name).upper()
    return Moving(one.span, one.value, reference, f"MLSEC_{variable}")


def _uses_name(document: Document) -> bool:
    """Whether `secret` is a name of the notebook's own."""
    own = re.compile(r"^[^#\n]*\bsecret\b\s*(?:=(?!=)|,|\bin\b)|\bdef secret\b|\bas secret\b", re.M)
    return any(own.search(text.text) for text in document.texts if text.part in ("source", "file"))


def _stayed(
    text: str, cell: int | None, done: Moved, group: Sequence[Credential]
) -> Iterator[Stayed]:
    left = {one.span for one in done.left}
    for one in group:
        if one.span in left:
            yield Stayed(cell, text.count("\n", 0, one.span.start) + 1, one.kind)


def _cells(document: Document, changes: Sequence[Change], values: Collection[str]) -> Iterator[int]:
    """The cells whose outputs go: those that were changed, and those that show a value."""
    for change in changes:
        if change.cell is not None:
            yield change.cell
    for text in document.texts:
        shows = text.part == "output" and any(value in text.text for value in values)
        if shows and text.cell is not None:
            yield text.cell


def _kind(placed: Placed) -> str:
    return placed.hit.kind or placed.rule.id


def _slug(text: str) -> str:
    return re.sub(r"[^\w-]+", "-", text, flags=re.ASCII).strip("-").lower() or "notebook"


class Names:
    """A reference for each value: one name for one value, and none that holds another one.

    `path` is the document's: its name is a folder of its own below `folder`.
    """

    def __init__(self, provider: Provider, folder: str, path: str) -> None:
        self._provider = provider
        self._folder = f"{folder.rstrip('/')}/{_slug(PurePath(path).stem)}"
        self._by_value: dict[str, str] = {}
        self.kinds: dict[str, str] = {}
        self.fresh: set[str] = set()

    def give(self, found: Iterable[Credential]) -> Mapping[str, str]:
        """The references by value. Raises MlsecError where the provider can't be asked."""
        for one in found:
            if one.value not in self._by_value:
                reference = self._found(one.kind, one.value)
                self._by_value[one.value] = reference
                self.kinds[reference] = one.kind
        return self._by_value

    def _found(self, kind: str, value: str) -> str:
        for number in range(1, _MOST):
            suffix = "" if number == 1 else f"-{number}"
            reference = f"{self._folder}/{_slug(kind)}{suffix}#{KEY}"
            if reference in self._by_value.values():
                continue
            there = self._there(parse(reference))
            if there is None:
                self.fresh.add(reference)
                return reference
            if there == value:  # moved before: the same credential keeps its name
                return reference
        raise MlsecError(f"{self._folder}/ has too many secrets", "choose another folder")

    def _there(self, ref: Reference) -> str | None:
        """What is kept there; None for nothing, and another text for what has no such key."""
        path = replace(ref, key=None)
        if f"{ref.path}" not in self._provider.list(ref.path):
            return None
        return self._provider.get(path).data.get(KEY, "")
