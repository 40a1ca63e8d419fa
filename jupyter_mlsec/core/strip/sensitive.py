"""Mode `sensitive`: outputs stay, except what is sensitive in them.

What is sensitive, `find` says: it is given the texts of the notebook. Each value is replaced by
its marker in all forms of the output (text, HTML, JSON) and looked for again; what is still found
then is removed as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.model import Document, Text
from jupyter_mlsec.core.notebook import BINARY
from jupyter_mlsec.core.strip.document import unparsable
from jupyter_mlsec.core.strip.edits import Cuts, Edits
from jupyter_mlsec.core.strip.redact import Values
from jupyter_mlsec.core.strip.result import Removed, Stripped
from jupyter_mlsec.core.strip.texts import Scope, Texts, glance
from jupyter_mlsec.core.strip.walk import Item, Malformed, Reader

_ROUNDS = 4  # of finding and replacing; then outputs are removed as a whole
_LEAST = 8  # characters of a source's secret from which it is looked for in outputs too
_SOURCES = frozenset(("source", "input"))
_PICTURES = (*BINARY, "application/pdf")
_IGNORE = "mlsec-ignore"


class Found(NamedTuple):
    """Something sensitive in one of a document's texts.

    `text` is the number of the text, `value` what is to be replaced there, `kind` what it is
    (`openai-api-key`), `marker` what replaces it.
    """

    text: int
    rule: str
    kind: str
    value: str
    marker: str

    def __repr__(self) -> str:
        """Without the value, which must not get into a log or an error."""
        return f"Found({self.text}, {self.rule!r}, {self.kind!r})"


Find = Callable[[Document], Sequence[Found]]


def strip_sensitive(data: bytes, find: Find, path: str = "") -> Stripped:
    """Mode `sensitive`. Raises Unparsable, and MlsecError for what can't be removed."""
    document = glance(data, path)
    if document and all(_ignored(document.texts[f.text], f) for f in find(document)):
        return Stripped(data, [], [])  # as most are
    texts = _texts(data, path)
    document = texts.document()
    everything = _found(texts, document, find)
    source = _in_sources(document, everything)
    found = _outside(document, everything) + _printed(document, everything)
    if not found:
        return Stripped(data, [], source)
    removed = _named(texts, document, found)
    redaction = _Redaction(texts, document, whole=False)
    new = redaction.of(found)
    scopes = sorted({texts.scopes[f.text] for f in found})
    if all(scope.cell for scope in scopes):
        cells = {texts.scopes[f.text]: document.texts[f.text].cell for f in found}
        new, more = _again_in_cells(new, redaction.now(scopes), [cells[s] for s in scopes], find)
    else:
        new, more = _again(new, find)
    return Stripped(new, removed + more, source)


def _again(
    data: bytes, find: Find, numbers: Sequence[int | None] | None = None
) -> tuple[bytes, list[Removed]]:
    """Look for what is still there, and remove it, until there is nothing. `numbers` are the
    cells', where they are not all of the notebook. Raises MlsecError."""
    removed: list[Removed] = []
    for number in range(1, _ROUNDS + 2):
        texts = _texts(data, "")
        document = texts.document()
        found = _outside(document, _found(texts, document, find))
        if not found:
            return data, removed
        for named in _named(texts, document, found):
            cell = named.cell if numbers is None or named.cell is None else numbers[named.cell]
            removed.append(Removed(cell, named.part, named.what))
        data = _Redaction(texts, document, whole=number >= _ROUNDS).of(found)
    cell = removed[-1].cell
    place = "metadata" if cell is None else f"cell {cell + 1}"
    raise MlsecError(
        f"what is sensitive in {place} can't be removed from the file",
        "clear the cell's outputs, or strip with mode all",
    )


def _again_in_cells(
    data: bytes, spans: Sequence[tuple[int, int]], numbers: Sequence[int | None], find: Find
) -> tuple[bytes, list[Removed]]:
    """The same in the cells that were edited, as a notebook of their own: others are known."""
    cells = b'{"cells": [%b]}' % b",".join([data[start:end] for start, end in spans])
    new, removed = _again(cells, find, numbers)
    if new is cells:
        return data, removed
    reader = Reader(new)
    items, _ = reader.items(new.index(b"["))
    pieces = zip(spans, items, strict=True)
    edits = Edits((*span, new[item.at : item.end]) for span, item in pieces)
    return edits.apply(data), removed


def _found(texts: Texts, document: Document, find: Find) -> list[Found]:
    """What is found and not ignored; in the place of what is read in base64, that."""
    return [
        f._replace(value=texts.written[f.text]) if f.text in texts.written else f
        for f in find(document)
        if not _ignored(document.texts[f.text], f)
    ]


def _outside(document: Document, found: Iterable[Found]) -> list[Found]:
    return [f for f in found if document.texts[f.text].part != "source"]


def source_secrets(data: bytes, find: Find) -> list[Removed]:
    """The secrets in the sources of a notebook. Raises Unparsable."""
    texts = _texts(data, "")
    document = texts.document()
    return _in_sources(document, _found(texts, document, find))


def _texts(data: bytes, path: str) -> Texts:
    try:
        return Texts(data, path)
    except (Malformed, IndexError):
        raise unparsable(data) from None


def _ignored(text: Text, found: Found) -> bool:
    return any(tag in (_IGNORE, f"{_IGNORE}-{found.rule}") for tag in text.tags)


def _in_sources(document: Document, found: Iterable[Found]) -> list[Removed]:
    """The secrets in sources, each rule once a cell."""
    named = [
        Removed(document.texts[f.text].cell, "source", f.rule)
        for f in found
        if document.texts[f.text].part == "source"
    ]
    return list(dict.fromkeys(named))


def _printed(document: Document, found: Iterable[Found]) -> list[Found]:
    """The secrets of sources where outputs and metadata say them, in whatever context."""
    secrets = {
        f.value: f
        for f in found
        if document.texts[f.text].part == "source" and len(f.value) >= _LEAST
    }
    return [
        f._replace(text=number)
        for number, text in enumerate(document.texts)
        if secrets and text.part != "source" and _IGNORE not in text.tags
        for value, f in secrets.items()
        if value in text.text and Values({value: f.marker}).in_text(text.text)
    ]


def _named(texts: Texts, document: Document, found: Iterable[Found]) -> list[Removed]:
    """What was found, each value once an output: it may stand there in several readings."""
    once = {(texts.scopes[f.text], document.texts[f.text].output, f.value): f for f in found}
    return [
        Removed(document.texts[f.text].cell, document.texts[f.text].part, f.kind)
        for f in once.values()
    ]


class _Redaction:
    """One round over a notebook."""

    def __init__(self, texts: Texts, document: Document, *, whole: bool) -> None:
        """`whole` removes outputs and fields instead of editing them."""
        self._texts = texts
        self._document = document
        self._whole = whole
        self._reader: Reader = texts.reader
        self._text = texts.reader.data.decode("latin-1")
        self._edits = Edits()

    def of(self, found: Iterable[Found]) -> bytes:
        """The notebook without what was found."""
        by_scope: dict[Scope, list[Found]] = {}
        for f in found:
            by_scope.setdefault(self._texts.scopes[f.text], []).append(f)
        for scope, here in by_scope.items():
            if scope.cell:
                self._cell(scope, here)
            else:
                self._field(scope.at, scope.end, here)
        return self._edits.apply(self._reader.data)

    def now(self, scopes: Iterable[Scope]) -> list[tuple[int, int]]:
        """Where scopes, in order, stand behind the edits, which are in order once made."""
        spans = []
        edits, shift = iter([*self._edits, (len(self._reader.data), 0, b"")]), 0
        edit = next(edits)
        for scope in scopes:
            while edit[0] < scope.at:
                shift, edit = shift + len(edit[2]) - edit[1] + edit[0], next(edits)
            start = scope.at + shift
            while edit[0] < scope.end:
                shift, edit = shift + len(edit[2]) - edit[1] + edit[0], next(edits)
            spans.append((start, scope.end + shift))
        return spans

    def _cell(self, scope: Scope, found: Sequence[Found]) -> None:
        by_output: dict[int | None, list[Found]] = {}
        for f in found:
            by_output.setdefault(self._document.texts[f.text].output, []).append(f)
        rest = by_output.get(None, [])
        for field in self._reader.members(scope.at):
            if field.key in _SOURCES:
                continue
            if field.key == "outputs" and self._reader.data[field.at] == 0x5B:
                items = self._reader.items(field.at)[0]
                for number, here in by_output.items():
                    if number is not None:
                        last = self._texts.runs.get((scope.at, number), number)
                        self._run(items[number : last + 1], here)
            elif rest and field.key == "id":
                self._identity(field, rest)
            elif rest:
                self._field(field.at, field.end, rest, field.key)

    def _identity(self, field: Item, found: Sequence[Found]) -> None:
        """A cell's id: formats allow letters, digits, - and _ in it, and no cell has another's."""
        if _values(found).redact(self._text, field.at, field.end, Edits()):
            new = f'"redacted-{self._document.texts[found[0].text].cell}"'
            self._edits.append((field.at, field.end, new.encode()))

    def _run(self, items: Sequence[Item], found: Sequence[Found]) -> None:
        """One output, or a stream that is cut in several."""
        if len(items) == 1 or self._whole:
            for item in items:
                self._output(item, found)
            return
        texts = [
            (member.at, member.end)
            for item in items
            for member in self._reader.members(item.at)
            if member.key == "text"
        ]
        _values(found).redact_run(self._text, texts, self._edits)

    def _output(self, item: Item, found: Sequence[Found]) -> None:
        marker = found[0].marker
        if self._whole:
            new = f'{{"name": "stdout", "output_type": "stream", "text": ["{marker}\\n"]}}'
            self._edits.append((item.at, item.end, new.encode()))
            return
        values = _values(found)
        if self._reader.data[item.at] != 0x7B:
            values.redact(self._text, item.at, item.end, self._edits)
            return
        for field in self._reader.members(item.at):
            if field.key == "data" and self._reader.data[field.at] == 0x7B:
                self._bundle(field, values, marker)
            else:
                values.redact(self._text, field.start, field.end, self._edits)

    def _bundle(self, field: Item, values: Values, marker: str) -> None:
        """All MIME forms of an output; a picture of it may show the same."""
        members = self._reader.members(field.at)
        if members and all(member.key.startswith(_PICTURES) for member in members):
            new = f'{{"text/plain": "{marker}"}}'
            self._edits.append((field.at, field.end, new.encode()))
            return
        cuts = Cuts(self._edits, field.at)
        for member in members:
            if member.key.startswith(_PICTURES):
                cuts.drop(member.start, member.end)
            else:
                cuts.keep(member.start, member.end)
                values.redact(self._text, member.start, member.end, self._edits)
        cuts.close(field.end)

    def _field(self, at: int, end: int, found: Sequence[Found], key: str = "") -> None:
        """A value in metadata, attachments or a field that no format knows."""
        values = _values(found)
        if self._reader.data[at] == 0x7B and not self._whole:
            for member in self._reader.members(at):
                trial = Edits()
                if not values.redact(self._text, member.start, member.end, trial):
                    continue
                if member.key == "widgets":
                    self._replace(member.at, member.end, found[0].marker)
                else:
                    self._edits += trial
        elif key == "attachments" and self._whole:
            # base64, mostly; a front end wants a bundle of each
            new = f'{{"redacted": {{"text/plain": "{found[0].marker}"}}}}'
            self._edits.append((at, end, new.encode()))
        elif self._whole or not values.redact(self._text, at, end, self._edits):
            self._replace(at, end, found[0].marker)

    def _replace(self, at: int, end: int, marker: str) -> None:
        """The marker instead of a value, of the same type where that is a container."""
        new = {0x7B: f'{{"mlsec": "{marker}"}}', 0x5B: f'["{marker}"]'}
        written = new.get(self._reader.data[at], f'"{marker}"')
        self._edits.append((at, end, written.encode()))


def _values(found: Iterable[Found]) -> Values:
    return Values({f.value: f.marker for f in found})
