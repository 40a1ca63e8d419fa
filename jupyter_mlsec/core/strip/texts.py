"""The texts of a notebook, and which bytes each was made of."""

from __future__ import annotations

from typing import Any

from jupyter_mlsec.core.model import Document
from jupyter_mlsec.core.strip.gathered import Gathered, Pairs, Scope
from jupyter_mlsec.core.strip.walk import BOM, SPACE, Deep, Item, Malformed, Reader, string_at

__all__ = ["Scope", "Texts", "glance"]

_GLANCE = 4 << 20  # bytes of a file up to which all of its values are there at once


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
        strings: list[str] = []
        at = raw.find('"')
        while at >= 0:
            said, end = string_at(raw, at)
            strings.append(said)
            at = raw.find('"', end)
        return strings


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
