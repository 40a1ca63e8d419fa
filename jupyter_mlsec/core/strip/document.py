"""A notebook from its first byte to its last: which value is a cell, and what is none."""

from __future__ import annotations

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.strip.edits import Cuts, Edits
from jupyter_mlsec.core.strip.everything import Everything, named_as_output, tags_of
from jupyter_mlsec.core.strip.metadata import empty, empty_outputs, is_dirty, strip_metadata
from jupyter_mlsec.core.strip.result import Removed, Stripped, Unparsable
from jupyter_mlsec.core.strip.walk import BOM, SPACE, Malformed, Reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jupyter_mlsec.core.strip.options import Options

# Bytes, in one process, after which msgspec has paid for its import (25 ms).
_WORTH = 2 << 20
_seen = 0


def strip_all(data: bytes, options: Options, *, only: str = "") -> Stripped:
    """Mode `all`, for all cells or only for those with a tag. Raises Unparsable."""
    removed: list[Removed] = []
    edits = Edits()

    def note(cell: int | None, part: str, what: str) -> None:
        removed.append(Removed(cell, part, what))

    done = None if only else _at_once(data, options)
    if done is not None:
        return done
    try:
        reader = Reader(data)
        walk = _Walk(reader, Everything(reader, options, edits, note), only)
        walk.document()
    except (Malformed, IndexError):
        raise unparsable(data) from None
    return Stripped(edits.apply(data), removed, [])


def _at_once(data: bytes, options: Options) -> Stripped | None:
    """The file stripped in a few passes in C, if it is one of the many for which that is right."""
    global _seen
    _seen += len(data)
    plan = options.plan
    if not plan.plain or _seen < _WORTH:
        return None
    if plan.clean is None:
        from jupyter_mlsec.core.strip.clean import Clean

        try:
            plan.clean = Clean(plan, options.keep_output_tags)
        except ImportError:
            return None
    return Stripped(data, [], []) if plan.clean.fits(data) else plan.clean.cut(data)


class _Walk:
    """Goes through the cells of nbformat 4 and of the worksheets of nbformat 3."""

    def __init__(self, reader: Reader, work: Everything, only: str) -> None:
        self.reader = reader
        self.only = only
        self.work = work
        self.number = 0

    def document(self) -> None:
        reader = self.reader
        if not reader.data[:99].strip(SPACE + BOM) and not reader.data.strip(SPACE + BOM):
            return  # an empty file, which JupyterLab takes for a new notebook
        at = reader.start()
        if reader.data[at] != 0x7B:
            reader.finish(empty_outputs(reader, at, self.work.edits))
            return
        start = reader.enter(at)
        while start >= 0:
            key, begin = reader.key(start)
            start = reader.next(self._root(key, begin), 0x7D)
        reader.finish(~start)

    def _root(self, key: str, at: int) -> int:
        """One of the notebook's own fields; where its value ends."""
        reader = self.reader
        if key == "cells" and reader.data[at] == 0x5B:
            return self._cells(at)
        if key == "worksheets" and reader.data[at] == 0x5B:
            return self._sheets(at)
        if key == "metadata":
            return self._metadata(at)
        end = reader.value(at)[1]
        if not self.only:
            self._foreign(key, at)
        return end

    def _metadata(self, at: int) -> int:
        reader, work = self.reader, self.work
        value, end = reader.value(at)
        if self.only or not is_dirty(value, work.plan.notebook_heads):
            return end
        strip_metadata(
            *(reader, at, work.edits),
            dropped=work.plan.notebook,
            kept=work.plan.notebook_kept,
            note=lambda what: work.note(None, "metadata", what),
        )
        return end

    def _foreign(self, key: str, at: int) -> None:
        """A field that no format has."""
        work = self.work

        def note(what: str) -> None:
            work.note(None, "metadata", what)

        if named_as_output(key):
            empty(self.reader, at, self.reader.value(at)[1], work.edits, note)
        else:
            empty_outputs(self.reader, at, work.edits, note)

    def _cells(self, at: int) -> int:
        reader, work = self.reader, self.work
        cuts = Cuts(work.edits, at)
        start = reader.enter(at)
        while start >= 0:
            value, end = reader.value(start)
            if self.only and self.only not in tags_of(value):
                cuts.keep(start, end)
            elif work.cell(self.number, start, value, end):
                cuts.drop(start, end)
            else:
                cuts.keep(start, end)
            self.number += 1
            start = reader.next(end, 0x5D)
        cuts.close(~start)
        return ~start

    def _sheets(self, at: int) -> int:
        reader = self.reader
        start = reader.enter(at)
        while start >= 0:
            end = self._sheet(start) if reader.data[start] == 0x7B else reader.value(start)[1]
            start = reader.next(end, 0x5D)
        return ~start

    def _sheet(self, at: int) -> int:
        reader = self.reader
        start = reader.enter(at)
        while start >= 0:
            key, begin = reader.key(start)
            if key == "cells" and reader.data[begin] == 0x5B:
                end = self._cells(begin)
            else:
                end = empty_outputs(reader, begin, self.work.edits)
            start = reader.next(end, 0x7D)
        return ~start


def unparsable(data: bytes) -> Unparsable:
    """The refusal of what is no JSON, with its place, as the scan words it."""
    from jupyter_mlsec.core import jsontext

    try:
        jsontext.loads(data)
    except MlsecError as error:
        return Unparsable(error.message, error.hint, line=error.line, column=error.column)
    return Unparsable("not valid JSON", "restore the file, for example from git")
