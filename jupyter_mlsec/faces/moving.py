"""Credentials moved from a file to a provider: what `mlsec fix --to-vault` does, and JupyterLab.

The values go from the scanner's hits to the provider and nowhere else: what is said about them
are references and kinds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import NamedTuple

from jupyter_mlsec.core.editing import apply
from jupyter_mlsec.core.engine import Scanner
from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.findings import Placed, findings
from jupyter_mlsec.core.fixes import Change, edits_between
from jupyter_mlsec.core.model import Document
from jupyter_mlsec.core.moving import Moved, Moving, move
from jupyter_mlsec.core.notebook import read
from jupyter_mlsec.credentials.provider import Provider
from jupyter_mlsec.credentials.reference import Reference, parse

FOLDER = "kv/notebooks"
KEY = "value"
_MOST = 50  # names tried before a folder counts as full


class Stayed(NamedTuple):
    """A credential that could not be moved: its cell (None in a file), line and kind."""

    cell: int | None
    line: int
    kind: str


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
    hits = [hit for hit in _wanted(scanner, document) if not ignored(hit)]
    if not any(hit.hit.secret for hit in hits):
        return Plan(path, data, (), {}, {}, frozenset(), (), 0)
    names = _Names(provider, f"{folder.rstrip('/')}/{_slug(PurePath(path).stem)}")
    taken = _uses_name(document)
    changes: list[Change] = []
    used: dict[str, str] = {}
    stayed: list[Stayed] = []
    for number, group in _by_text(hits).items():
        text = document.texts[number]
        language = "text" if text.language in ("raw", "") else text.language
        done = move(text.text, [names.moving(hit) for hit in group], language, taken)
        used.update({one.reference: one.value for one in done.moved})
        stayed += _stayed(text.text, text.cell, done, group)
        if done.text != text.text:
            changes.append(Change(text.cell, text.text, done.text))
    edits = [edit for change in changes for edit in edits_between(change)]
    new = apply(data, kind, edits)
    cleared = 0
    if kind == "notebook" and changes:
        from jupyter_mlsec.core.strip import without_outputs

        cells = set(_cells(document, changes, set(used.values())))
        new, cleared = without_outputs(new, cells)
    kinds = {reference: names.kinds[reference] for reference in used}
    fresh = frozenset(names.fresh.intersection(used))
    return Plan(path, new, tuple(changes), used, kinds, fresh, tuple(stayed), cleared)


def store(made: Plan, provider: Provider) -> list[Reference]:
    """Write the values that are not there yet, each read back; the references written.

    The file is to be written after this: if it fails, nothing is lost. Raises MlsecError.
    """
    written = []
    for text in sorted(made.new):
        ref = parse(text)
        provider.put(ref, made.values[text], 0)
        if provider.get(ref).data[KEY] != made.values[text]:
            raise MlsecError(f"{ref} does not give back what was written", "nothing was changed")
        written.append(ref)
    return written


def _wanted(scanner: Scanner, document: Document) -> Iterator[Placed]:
    """The hits in sources that are shown and not suppressed."""
    for placed in scanner.hits(document):
        text = document.texts[placed.text]
        if not placed.hit.secret or text.part not in ("source", "file"):
            continue
        (found,) = findings(document, [placed])
        shown = placed.rule.id in scanner.shown and scanner.config.shows(found)
        if shown and found.suppressed is None:
            yield placed


def _by_text(hits: Sequence[Placed]) -> dict[int, list[Placed]]:
    groups: dict[int, list[Placed]] = {}
    for hit in hits:
        groups.setdefault(hit.text, []).append(hit)
    return groups


def _uses_name(document: Document) -> bool:
    """Whether `secret` is a name of the notebook's own."""
    own = re.compile(r"^[^#\n]*\bsecret\b\s*(?:=(?!=)|,|\bin\b)|\bdef secret\b|\bas secret\b", re.M)
    return any(own.search(text.text) for text in document.texts if text.part in ("source", "file"))


def _stayed(text: str, cell: int | None, done: Moved, group: Sequence[Placed]) -> Iterator[Stayed]:
    left = {one.span for one in done.left}
    for placed in group:
        if placed.hit.span in left:
            line = text.count("\n", 0, placed.hit.span.start) + 1
            yield Stayed(cell, line, _kind(placed))


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


class _Names:
    """A reference for each value: one name for one value, and none that holds another one."""

    def __init__(self, provider: Provider, folder: str) -> None:
        self._provider = provider
        self._folder = folder
        self._by_value: dict[str, str] = {}
        self.kinds: dict[str, str] = {}
        self.fresh: set[str] = set()

    def moving(self, placed: Placed) -> Moving:
        value = placed.hit.secret or ""
        if value not in self._by_value:
            reference = self._found(_kind(placed), value)
            self._by_value[value] = reference
            self.kinds[reference] = _kind(placed)
        reference = self._by_value[value]
        variable = re.sub(r"\W", "_", reference.rpartition("/")[2].partition("#")[0]).upper()
        return Moving(placed.hit.span, value, reference, f"MLSEC_{variable}")

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
