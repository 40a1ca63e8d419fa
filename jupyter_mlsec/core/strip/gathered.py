"""The texts of cells, outputs and metadata, for what looks for what is sensitive in them.

Unlike `core.notebook`, which reads what a front end shows, this leaves nothing out: keys that
stand twice, fields that no format has, outputs that are no list.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from jupyter_mlsec.core.model import Document, Part, Text
from jupyter_mlsec.core.notebook import BINARY, LANGUAGES, NOISE, from_base64
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.strip.pictures import said_in
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
from jupyter_mlsec.core.strip.walk import text_of

_REGULAR = frozenset("cell_type id source metadata outputs execution_count attachments".split())
_new = tuple.__new__  # a third of the time of a named tuple's own constructor
_KNOWN = frozenset(("cell_type", "id", "execution_count", "prompt_number", "language", "level"))
# Metadata of a notebook by which its authors say who they are.
AUTHORED = frozenset(
    "authors author title description license copyright citation contact maintainer "
    "maintainers".split()
)
SPLIT = "text/x-pieces"  # for what the pieces of a list say together
_CONTROL = lazy(r"[\0-\x08\x0b-\x1f]")


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
        if identity and not (cell_id and MADE.match(cell_id)):
            self._foreign("metadata", identity, origin)
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
            if not value or (key in _KNOWN and (key == "language" or is_usual(value))):
                continue
            if key == "id" and type(value) is str and MADE.match(value):
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
                stem = name.rpartition(".")[0]
                self._add("attachment", "text", f"{name}\n{stem}", origin, "text/plain")
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
        lists: list[str] = []
        for mime, text in output_texts(output, lists):
            if mime.startswith(BINARY) and is_base64(text):
                self._picture("output", text, origin, mime)
                continue
            language = "html" if "html" in mime else "json" if "json" in mime else "text"
            self._add("output", language, text, origin, mime)
        for pieces in lists:
            self._add("output", "text", pieces, origin, SPLIT)

    def _attachment(self, bundle: Any, origin: _From) -> None:
        for mime, content in bundle if type(bundle) is tuple else ():
            if mime.startswith(BINARY) and is_base64(content):
                self._picture("attachment", joined(content), origin, mime)
            else:
                text = from_base64(text_in(content))
                self._add("attachment", "text", text, origin, mime)

    def _picture(self, part: Part, encoded: str, origin: _From, mime: str) -> None:
        """What a picture says beside its pixels; it goes as a whole."""
        said = said_in(encoded)
        if said:
            first = len(self._texts)
            self._add(part, "text", said, origin, mime)
            self.written.update(dict.fromkeys(range(first, len(self._texts)), encoded.strip()))

    def _foreign(self, part: Part, value: Any, origin: _From) -> None:
        """The strings of a value that has no form of its own."""
        lists: list[str] = []
        self._add(part, "json", flatten(value, lists), origin, "application/json")
        for pieces in lists:
            self._add(part, "text", pieces, origin, SPLIT)

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
        made = _new(Text, (part, language, text, cell, cell_id, output, mime, tags, None))
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
