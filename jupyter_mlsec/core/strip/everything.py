"""Mode `all`: every output and execution count goes, and whatever else a run leaves behind."""

from __future__ import annotations

from jupyter_mlsec.core.strip.edits import Cuts, Edits
from jupyter_mlsec.core.strip.metadata import empty_outputs, has_outputs, is_dirty, strip_metadata
from jupyter_mlsec.core.strip.walk import Deep, Reader, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from jupyter_mlsec.core.strip.options import Options
    from jupyter_mlsec.core.strip.result import Note

# The fields of a cell, nbformat 1 to 4, that hold what somebody wrote.
_WRITTEN = frozenset(("cell_type", "id", "source", "input", "code", "language", "level"))
_SOURCES = ("source", "input", "code")
_DECIDES = frozenset(("cell_type", "metadata", *_SOURCES))  # what may say that something stays
_COUNTS = ("execution_count", "prompt_number")
_KNOWN = _WRITTEN | {"metadata", "outputs", "attachments", "collapsed", *_COUNTS}
_NEWEST = 4  # the format after which unknown fields may be somebody's work


class Everything:
    """One notebook in mode `all`. `cell` is to be called for each cell, `notebook` for the rest."""

    def __init__(self, reader: Reader, options: Options, edits: Edits, note: Note) -> None:
        self.reader = reader
        self.options = options
        self.plan = options.plan
        self.edits = edits
        self.note = note
        self.kept_by_default: bool | None = True if options.keep_output else None
        self.unknown_goes: bool | None = None
        self._dropped = 0  # cells that are dropped altogether

    def cell(self, number: int, at: int, value: Any, end: int) -> bool:
        """Strip a cell; whether it is to be dropped altogether."""
        if value is not Deep and not self._dirty(value):
            return False
        if self.reader.data[at] != 0x7B:
            empty_outputs(self.reader, at, self.edits)  # no cell at all
            return False
        fields = self.reader.members(at)
        pairs = tuple(
            (f.key, self.reader.full(f) if f.key in _DECIDES else f.value) for f in fields
        )
        if self.plan.drops_cells and self._drops(pairs):
            self.note(number, "source", "the cell")
            self._dropped += 1
            return True
        cuts = Cuts(self.edits, at)
        for field in fields:
            if self._field(number, pairs, field):
                cuts.drop(field.start, field.end)
            else:
                cuts.keep(field.start, field.end)
        cuts.close(end)
        return False

    def _dirty(self, value: Any) -> bool:
        """Whether a cell may have something to strip. Most have not: no call without a need."""
        if type(value) is not tuple:
            return has_outputs(value)
        for key, held in value:
            if key in _WRITTEN and key not in self.plan.cell:
                continue
            if key == "metadata":
                if held and is_dirty(held, self.plan.cell_heads):
                    return True
            elif key in _COUNTS:
                if held is not None:
                    return True
            elif not _is_empty(held) and key != "collapsed":
                return True
        return self.plan.drops_cells or not self.options.keep_id

    def _field(self, number: int, pairs: tuple[tuple[str, Any], ...], field: Any) -> bool:
        """Strip one field of a cell; whether it is to be dropped altogether."""
        key, value = field.key, field.value
        options = self.options
        if key in self.plan.cell and key not in _SOURCES:
            self.note(number, "metadata", key)
            return True
        if key in _COUNTS:
            if value is not None and not options.keep_count:
                self.edits.append((field.at, field.end, b"null"))
                self.note(number, "count", "the execution count")
        elif key == "outputs":
            if not _is_empty(value):
                self._outputs(number, pairs, field)
        elif key == "metadata":
            strip_metadata(
                *(self.reader, field.at, self.edits),
                dropped=self.plan.cell_metadata,
                kept=self.plan.cell_metadata_kept,
                note=lambda what: self.note(number, "metadata", what),
            )
        elif key == "attachments":
            self._attachments(number, pairs, field)
        elif key == "id":
            if not options.keep_id:
                self._renumber(number, field)
        elif key not in _KNOWN and not _is_empty(value) and key not in self.plan.cell_kept:
            return self._unknown(number, field)
        return False

    def _renumber(self, number: int, field: Any) -> None:
        new = b'"%d"' % (number - self._dropped)  # as nbstripout, which drops cells first
        if self.reader.data[field.at : field.end] != new:
            self.edits.append((field.at, field.end, new))
            self.note(number, "id", "the cell's id")

    def _unknown(self, number: int, field: Any) -> bool:
        """A field that no known format has: dropped, unless the format is newer than those."""
        if self.unknown_goes is None:
            self.unknown_goes = self.reader.format() <= _NEWEST
        if self.unknown_goes or named_as_output(field.key):
            self.note(number, "metadata", f"the unknown field {text_of(field.key)[:40]!r}")
            return True
        empty_outputs(self.reader, field.at, self.edits)
        return False

    def _outputs(self, number: int, pairs: tuple[tuple[str, Any], ...], field: Any) -> None:
        keeps = self._keeps(pairs)
        if not keeps and not self.plan.filters:
            self.edits.append((field.at, field.end, b"[]"))
            self.note(number, "output", "the outputs")
            return
        if self.reader.data[field.at] != 0x5B:
            if not keeps:
                self.edits.append((field.at, field.end, b"[]"))
                self.note(number, "output", "the outputs")
            return
        cuts = Cuts(self.edits, field.at)
        items, end = self.reader.items(field.at)
        for item in items:
            if self._keeps_output(self.reader.full(item), keeps):
                cuts.keep(item.at, item.end)
                self._forget_count(item)
            else:
                cuts.drop(item.at, item.end)
                self.note(number, "output", "an output")
        cuts.close(end)

    def _forget_count(self, item: Any) -> None:
        if self.options.keep_count or self.reader.data[item.at] != 0x7B:
            return
        for field in self.reader.members(item.at):
            if field.key in _COUNTS and field.value is not None:
                self.edits.append((field.at, field.end, b"null"))

    def _keeps_output(self, output: Any, keeps: bool) -> bool:
        options = self.options
        kept = keeps and not options.keep_output_type
        if not kept and options.max_size and output is not Deep:
            kept = _size(output) <= options.max_size
        kind, name = _kind(output)
        if not kept:
            kept = any(_is(kind, name, wanted) for wanted in options.keep_output_type)
        return kept and not any(_is(kind, name, wanted) for wanted in options.drop_output_type)

    def _keeps(self, pairs: tuple[tuple[str, Any], ...]) -> bool:
        """Whether a cell's outputs are kept: what the cell says, or the notebook.

        A cell that says both yes and no means no.
        """
        said: list[bool] = []
        init: list[bool] = []
        for key, held in pairs:
            if key != "metadata" or type(held) is not tuple:
                continue
            for name, value in held:
                if name == "keep_output":
                    said.append(_truth(value))
                elif name == "init_cell":
                    init.append(_truth(value) and not self.options.strip_init_cells)
        if any(tag in self.options.keep_output_tags for tag in tags_of(pairs)):
            said.append(True)
        if said or any(init):
            return all(said) and all(init)
        if init and not self.options.strip_init_cells:
            return False
        if self.kept_by_default is None:
            # the notebook's metadata comes last: look there only if it can say something
            said_so = b"keep_output" in self.reader.data
            self.kept_by_default = said_so and _truth(self.reader.notebook_metadata("keep_output"))
        return self.kept_by_default

    def _drops(self, pairs: tuple[tuple[str, Any], ...]) -> bool:
        written = False
        for key, held in pairs:
            if key in _SOURCES:
                lines = held if type(held) is list else [held]
                written = written or any(type(line) is str and line.strip() for line in lines)
        if self.options.drop_empty_cells and not written:
            return True
        return any(tag in self.options.drop_tagged_cells for tag in tags_of(pairs))

    def _attachments(self, number: int, pairs: tuple[tuple[str, Any], ...], field: Any) -> None:
        """Attachments that no text shows go: nobody sees that they are there."""
        if self.options.keep_attachments or self.reader.data[field.at] != 0x7B:
            return
        shown = _shown(pairs)
        cuts = Cuts(self.edits, field.at)
        members = self.reader.members(field.at)
        for member in members:
            if member.key and _refers(shown, member.key):
                cuts.keep(member.start, member.end)
            else:
                cuts.drop(member.start, member.end)
                self.note(number, "attachment", "an attachment")
        cuts.close(field.end)


def tags_of(cell: Any) -> list[str]:
    """The tags of a cell."""
    tags: list[str] = []
    for key, held in cell if type(cell) is tuple else ():
        if key == "metadata" and type(held) is tuple:
            for name, value in held:
                if name == "tags" and type(value) is list:
                    tags += [text_of(tag) for tag in value if type(tag) is str]
    return tags


def named_as_output(key: str) -> bool:
    """Whether a field that no format knows is called like what holds outputs."""
    lowered = key.lower()
    return "output" in lowered or "result" in lowered


def _is_empty(value: Any) -> bool:
    return value is None or value == [] or value == ()


def _truth(value: Any) -> bool:
    """A flag in metadata. Numbers and words count as they are meant, unlike in Python."""
    if type(value) is str:
        return value.strip().lower() not in ("", "0", "0.0", "false", "no", "off", "null", "none")
    return bool(value) and value is not Deep


def _kind(output: Any) -> tuple[str, str]:
    kind = name = ""
    for key, value in output if type(output) is tuple else ():
        if key == "output_type" and type(value) is str:
            kind = value
        elif key in ("name", "stream") and type(value) is str:
            name = value
    return kind, name


def _is(kind: str, name: str, wanted: str) -> bool:
    """Whether an output is of a type, written `error` or `stream:stderr`."""
    wanted_kind, _, wanted_name = wanted.partition(":")
    return kind == wanted_kind and wanted_name in ("", name)


def _size(value: Any) -> int:
    """The characters in all values of an output, as nbstripout counts them; but not its execution
    count, which goes: twice must be once."""
    total = 0
    stack = [value]
    while stack:
        item = stack.pop()
        if type(item) is tuple:
            stack += [held for key, held in item if key not in _COUNTS]
        elif type(item) is list:
            stack += item
        else:
            total += len(text_of(item) if type(item) is str else str(item))
    return total


def _shown(pairs: tuple[tuple[str, Any], ...]) -> str:
    """The text of a cell that can show attachments: code can't."""
    texts: list[str] = []
    for key, held in pairs:
        if key == "cell_type" and held == "code":
            return ""
        if key in ("source", "input"):
            lines = held if type(held) is list else [held]
            texts += [line for line in lines if type(line) is str]
    return "".join(texts)


def _refers(text: str, name: str) -> bool:
    """Whether Markdown refers to an attachment, by its name or its percent-encoded name."""
    if f"attachment:{name}" in text:
        return True
    if "attachment:" not in text or "%" not in text:
        return False
    from urllib.parse import quote

    return f"attachment:{quote(text_of(name))}" in text
