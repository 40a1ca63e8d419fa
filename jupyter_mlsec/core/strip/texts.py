"""The texts of a notebook, for what looks for what is sensitive in them.

Unlike `core.notebook`, which reads what a front end shows, this leaves nothing out: keys that
stand twice, fields that no format has, outputs that are no list. And it says which bytes each
text was made of.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from jupyter_mlsec.core.model import Document, Part, Text
from jupyter_mlsec.core.notebook import BINARY, LANGUAGES, NOISE, from_base64
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.strip.readings import encoded, readings
from jupyter_mlsec.core.strip.strings import (
    MADE,
    flatten,
    is_base64,
    is_usual,
    joined,
    output_texts,
    plain,
    stream_name,
    text_in,
)
from jupyter_mlsec.core.strip.walk import (
    BOM,
    SPACE,
    Deep,
    Item,
    Malformed,
    Reader,
    pairs_of,
    text_of,
)

_REGULAR = frozenset("cell_type id source metadata outputs execution_count attachments".split())
_GLANCE = 4 << 20  # bytes of a file up to which all of its values are there at once
_new = tuple.__new__  # a third of the time of a named tuple's own constructor
_KNOWN = frozenset(("cell_type", "id", "execution_count", "prompt_number", "language", "level"))
# Metadata of a notebook that people write, such as who they are.
AUTHORED = frozenset(
    "authors author title description license copyright citation contact maintainer maintainers "
    "kernelspec language_info jupytext rise celltoolbar".split()
)


class Scope(NamedTuple):
    """Where a text comes from: a cell, or the value of another field of the notebook."""

    cell: bool
    at: int
    end: int


Pairs = Sequence[tuple[str, Any]]


class _From(NamedTuple):
    """What the texts of one cell have in common."""

    scope: Scope
    cell: int | None = None
    cell_id: str | None = None
    tags: tuple[str, ...] = ()
    output: int | None = None


class Gathered:
    """The texts of cells and other values, in order, and the scope of each."""

    def __init__(self, path: str) -> None:
        self.scopes: list[Scope] = []
        # number of a text that stood in base64 in another one to what is written there
        self.written: dict[int, str] = {}
        # cell and number of a stream's first output to its last, where it is cut in several
        self.runs: dict[tuple[int, int], int] = {}
        self._path = path
        self._texts: list[Text] = []
        self._language = "python"
        self._in_language: list[int] = []  # the texts in the kernel's language
        self._number = 0

    def document(self) -> Document:
        """The texts; their language is known only at the end of the file."""
        language = self._language
        texts = self._texts
        if language != "python":
            for number in self._in_language:
                texts[number] = texts[number]._replace(language=language)
        return Document(self._path, "notebook", tuple(texts), self._number, language)

    def _metadata(self, key: str, value: Any, at: int = 0, end: int = 0) -> None:
        """The strings of a value that is no cell."""
        origin = _From(Scope(False, at, end))
        if key == "metadata" and type(value) is tuple:
            self._language = _kernel_language(value)
            authored = tuple(member for member in value if member[0] in AUTHORED)
            self._add("metadata", "json", flatten(authored), origin)
            value = tuple(member for member in value if member[0] not in AUTHORED)
        self._foreign("metadata", value, origin)

    def _cell(self, pairs: Pairs, start: int = 0, end: int = 0) -> None:
        """The texts of one cell. A notebook has thousands: no call without a need."""
        fields = dict(pairs)
        count = fields.get("execution_count")
        if (
            len(fields) < len(pairs)
            or not _REGULAR.issuperset(fields)
            or (count is not None and not is_usual(count))
            or not is_usual(fields.get("cell_type"))
        ):
            self._odd_cell(pairs, start, end)
            return
        metadata, outputs = fields.get("metadata"), fields.get("outputs")
        tags: tuple[str, ...] = ()
        if metadata:
            tags = _tags(metadata)
        identity = fields.get("id")
        cell_id = identity if type(identity) is str else None
        scope = _new(Scope, (True, start, end))
        origin = _new(_From, (scope, self._number, cell_id, tags, None))
        source = fields.get("source")
        if source:
            self._source(fields.get("cell_type"), None, source, origin)
        if outputs:
            self._outputs(outputs, origin)
        if "attachments" in fields:
            self._attachments(fields["attachments"], origin)
        if metadata:
            self._cell_metadata(metadata, origin)

    def _odd_cell(self, pairs: Pairs, start: int, end: int) -> None:
        """A cell of nbformat 3, or with fields that no format has, or that stand twice."""
        kind = cell_id = said = None
        tags: tuple[str, ...] = ()
        for key, value in pairs:
            if key == "cell_type":
                kind = value
            elif key == "id" and type(value) is str:
                cell_id = value
            elif key == "language" and type(value) is str:
                said = LANGUAGES.get(value.lower(), value.lower())
            elif key == "metadata":
                tags += _tags(value)
        origin = _From(Scope(True, start, end), self._number, cell_id, tags)
        for key, value in pairs:
            if not value or (key in _KNOWN and (key in ("id", "language") or is_usual(value))):
                continue
            if key in ("source", "input"):
                self._source(kind, said, value, origin)
            elif key == "outputs":
                self._outputs(value, origin)
            elif key == "attachments":
                self._attachments(value, origin)
            elif key == "metadata":
                self._cell_metadata(value, origin)
            else:
                self._foreign("output", value, origin)

    def _source(self, kind: Any, said: str | None, source: Any, origin: _From) -> None:
        spoken = "markdown"
        if kind == "code":
            spoken = said or "python"
            if not said:
                self._in_language.append(len(self._texts))
        elif kind == "raw":
            spoken = "text"
        self._add("source", spoken, joined(source), origin)

    def _outputs(self, outputs: Any, origin: _From) -> None:
        if type(outputs) is not list:
            self._foreign("output", outputs, origin)
            return
        number = 0
        while number < len(outputs):
            end = number + 1
            name = stream_name(outputs[number])
            while name and end < len(outputs) and stream_name(outputs[end]) == name:
                end += 1
            here = origin._replace(output=number)
            if end - number > 1:
                # front ends show a stream as one text, however it was cut when it arrived
                self.runs[origin.scope.at, number] = end - 1
                texts = [joined(dict(output)["text"]) for output in outputs[number:end]]
                self._add("output", "text", "".join(texts), here, "text/plain")
            else:
                self._output(outputs[number], here)
            number = end

    def _attachments(self, attachments: Any, origin: _From) -> None:
        if type(attachments) is not tuple:
            self._foreign("output", attachments, origin)
            return
        for name, bundle in attachments:
            if not MADE.match(name):
                self._add("attachment", "text", name, origin, "text/plain")
            self._attachment(bundle, origin)

    def _cell_metadata(self, metadata: Any, origin: _From) -> None:
        if type(metadata) is not tuple or any(
            name not in NOISE or type(held) is not str or not MADE.match(held)
            for name, held in metadata
        ):
            self._foreign("metadata", metadata, origin)

    def _output(self, output: Any, origin: _From) -> None:
        if type(output) is not tuple:
            self._foreign("output", output, origin)
            return
        for mime, text in output_texts(output):
            language = "html" if "html" in mime else "json" if "json" in mime else "text"
            self._add("output", language, text, origin, mime)

    def _attachment(self, bundle: Any, origin: _From) -> None:
        for mime, content in bundle if type(bundle) is tuple else ():
            if not mime.startswith(BINARY) or not is_base64(content):
                text = from_base64(text_in(content))
                self._add("attachment", "text", text, origin, mime)

    def _foreign(self, part: Part, value: Any, origin: _From) -> None:
        """The strings of a value that has no form of its own."""
        self._add(part, "json", flatten(value), origin, "application/json")

    def _add(
        self, part: Part, language: str, text: str, origin: _From, mime: str | None = None
    ) -> None:
        if not text.isascii():
            text = text_of(text)
        raw = text
        if "\x1b" in text or "\r" in text:
            text = plain(text)
        if not text:
            return
        scope, cell, cell_id, tags, output = origin
        made = _new(Text, (part, language, text, cell, cell_id, output, mime, tags))
        self._texts.append(made)
        self.scopes.append(scope)
        if part == "source":
            return
        if "\x1b]" in raw:  # what a terminal takes for addresses of links and titles of windows
            self._again(made, _CONTROL.sub(" ", raw), scope)
        self._as_read(made, scope)
        for written, said in encoded(text):
            self._again(made, said, scope)
            self._as_read(self._texts[-1], scope, written)

    def _as_read(self, text: Text, scope: Scope, written: str | None = None) -> None:
        if written is not None:
            self.written[len(self._texts) - 1] = written
        for reading in readings(text.text):
            self._again(text, reading.text, scope)
            if written is not None:
                self.written[len(self._texts) - 1] = written

    def _again(self, text: Text, said: str, scope: Scope) -> None:
        self._texts.append(text._replace(text=said))
        self.scopes.append(scope)


class Texts(Gathered):
    """A notebook's texts, each with its place in the bytes."""

    def __init__(self, data: bytes, path: str) -> None:
        """Raises Malformed or IndexError for what is no JSON."""
        super().__init__(path)
        self.reader = Reader(data, limit=len(data))
        if data[:99].strip(SPACE + BOM) or data.strip(SPACE + BOM):
            self._read()

    def _read(self) -> None:
        reader = self.reader
        begin = reader.start()
        if reader.data[begin] != 0x7B:
            reader.finish(self._other(begin))
            return
        start = reader.enter(begin)
        while start >= 0:
            key, at = reader.key(start)
            if key == "cells" and reader.data[at] == 0x5B:
                end = self._cells(at)
            elif key == "worksheets" and reader.data[at] == 0x5B:
                end = self._sheets(at)
            else:
                end = self._other(at, key)
            start = reader.next(end, 0x7D)
        reader.finish(~start)

    def _sheets(self, at: int) -> int:
        reader = self.reader
        start = reader.enter(at)
        while start >= 0:
            if reader.data[start] != 0x7B:
                start = reader.next(self._other(start), 0x5D)
                continue
            inner = reader.enter(start)
            while inner >= 0:
                key, value_at = reader.key(inner)
                is_cells = key == "cells" and reader.data[value_at] == 0x5B
                end = self._cells(value_at) if is_cells else self._other(value_at)
                inner = reader.next(end, 0x7D)
            start = reader.next(~inner, 0x5D)
        return ~start

    def _cells(self, at: int) -> int:
        reader = self.reader
        start = reader.enter(at)
        while start >= 0:
            value, end = reader.value(start)
            if type(value) is tuple:
                self._cell(value, start, end)
            elif value is Deep and reader.data[start] == 0x7B:
                fields = reader.members(start)
                self._cell([(field.key, self._shallow(field)) for field in fields], start, end)
            else:
                self._other(start)
            self._number += 1
            start = reader.next(end, 0x5D)
        return ~start

    def _other(self, at: int, key: str = "") -> int:
        """The strings of a value that is no cell; where it ends."""
        value, end = self.reader.value(at)
        if value is Deep:
            value = self._strings(Item(key, at, at, value, end))
        self._metadata(key, value, at, end)
        return end

    def _shallow(self, field: Item) -> Any:
        """The value of a cell's field; what is nested too deeply as a list of its strings."""
        if field.value is not Deep:
            return field.value
        if field.key == "outputs" and self.reader.data[field.at] == 0x5B:
            items, _ = self.reader.items(field.at)
            return [self._strings(item) if item.value is Deep else item.value for item in items]
        return self._strings(field)

    def _strings(self, item: Item) -> list[str]:
        """The strings of a value that is nested too deeply to be read at once."""
        raw = self.reader.data[item.at : item.end].decode("latin-1")
        return [pairs_of(m[0].encode("latin-1")) for m in STRING.finditer(raw)]


def glance(data: bytes, path: str) -> Document | None:
    """The same texts, read at once and without their places: in two thirds of the time.

    None for what is large, nested deeply, of nbformat 3 or no notebook at all.
    """
    if len(data) > _GLANCE:
        return None
    reader = Reader(data)
    try:
        root, end = reader.value(reader.start())
        reader.finish(end)
    except (Malformed, IndexError):
        return None
    if type(root) is not tuple or any(key == "worksheets" for key, _ in root):
        return None
    return _Glance(root, path).document()


class _Glance(Gathered):
    """The texts of a notebook that is a JSON value already."""

    def __init__(self, root: Pairs, path: str) -> None:
        super().__init__(path)
        for key, value in root:
            if key != "cells" or type(value) is not list:
                self._metadata(key, value)
                continue
            for cell in value:
                if type(cell) is tuple:
                    self._cell(cell)
                else:
                    self._metadata("", cell)
                self._number += 1


STRING = lazy(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_CONTROL = lazy(r"[\0-\x08\x0b-\x1f]")


def _kernel_language(metadata: tuple[tuple[str, Any], ...]) -> str:
    for section, key in (("language_info", "name"), ("kernelspec", "language")):
        for name, held in metadata:
            if name == section and type(held) is tuple:
                said = dict(held).get(key)
                if type(said) is str:
                    return LANGUAGES.get(said.lower(), said.lower())
    return "python"


def _tags(metadata: Any) -> tuple[str, ...]:
    tags: tuple[str, ...] = ()
    for name, held in metadata if type(metadata) is tuple else ():
        if name == "tags" and type(held) is list:
            tags += tuple(text_of(tag) for tag in held if type(tag) is str)
    return tags
