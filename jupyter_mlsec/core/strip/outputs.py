"""Outputs of cells, to be kept elsewhere and put back: pull, merge and rebase lose none.

A cell is known by the text of its source: the second cell with the same source is another one.
"""

from __future__ import annotations

from jupyter_mlsec.core.strip.document import unparsable
from jupyter_mlsec.core.strip.edits import Edits
from jupyter_mlsec.core.strip.walk import SPACE, Malformed, Reader, pairs_of, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from typing import Any

    from jupyter_mlsec.core.strip.walk import Item

    # a cell's digest to the raw JSON of its outputs and of its execution count
    Lookup = Callable[[bytes], tuple[bytes, bytes] | None]

_COUNT = "execution_count"
_decode: Callable[[bytes], Any] | None = None  # msgspec's, once it is there


def cell_outputs(data: bytes) -> list[tuple[bytes, bytes, bytes]]:
    """Digest of the source, raw outputs (a JSON array) and raw execution count (or `null`) of
    each code cell that has outputs. Raises Unparsable."""
    quick = _at_once(data)
    if quick is not None:
        return quick
    found = []
    for digest, fields in _cells(data):
        outputs = fields.get("outputs")
        if outputs is not None and outputs.value is not None and outputs.value != []:
            count = fields.get(_COUNT)
            raw = data[count.at : count.end] if count else b"null"
            found.append((digest, data[outputs.at : outputs.end], raw))
    return found


def cell_digests(data: bytes) -> set[bytes]:
    """The digests of the sources of all code cells. Raises Unparsable."""
    return {digest for digest, _ in _cells(data)}


def with_outputs(data: bytes, lookup: Lookup) -> bytes:
    """The notebook with outputs put into cells that have none; stripping gives `data` again.

    `lookup` gives the raw outputs and execution count for a cell's digest, or None. The same
    object is returned if nothing was put in. Raises Unparsable.
    """
    edits = Edits()
    for digest, fields in _cells(data):
        outputs = fields.get("outputs")
        if outputs is None or data[outputs.at : outputs.end] != b"[]":
            continue
        known = lookup(digest)
        if known is None:
            continue
        edits.append((outputs.at, outputs.end, known[0]))
        count = fields.get(_COUNT)
        if count and data[count.at : count.end] == b"null":
            edits.append((count.at, count.end, known[1]))
    return edits.apply(data)


def without_outputs(data: bytes, cells: Collection[int]) -> tuple[bytes, int]:
    """The notebook with the outputs and execution counts of these cells (from 0) emptied, every
    other byte as it was, and how many had outputs. Raises Unparsable; cells of nbformat 3 stay
    as they are."""
    reader = Reader(data)
    edits = Edits()
    emptied = 0
    try:
        for number, fields in enumerate(_cell_fields(reader)):
            for field in fields if number in cells else ():
                if field.key == "outputs":
                    emptied += bool(field.value)
                    edits.append((field.at, field.end, b"[]"))
                elif field.key == _COUNT:
                    edits.append((field.at, field.end, b"null"))
    except (Malformed, IndexError):
        raise unparsable(data) from None
    return edits.apply(data), emptied


def _cells(data: bytes) -> Iterator[tuple[bytes, dict[str, Item]]]:
    """Digest and fields of each code cell of nbformat 4 whose keys stand once."""
    reader = Reader(data)
    seen: dict[str, int] = {}
    try:
        for fields in _cell_fields(reader):
            by_name = {field.key: field for field in fields}
            if "outputs" in by_name and "source" in by_name and len(by_name) == len(fields):
                text = _text(by_name["source"].value)
                seen[text] = seen.get(text, 0) + 1
                yield _digest(text, seen[text]), by_name
    except (Malformed, IndexError):
        raise unparsable(data) from None


def _at_once(data: bytes) -> list[tuple[bytes, bytes, bytes]] | None:
    """The same in one pass in C, for what is strict JSON; None for anything else.

    Of a key that stands twice in a cell the last one counts, where `_cells` leaves the cell out:
    `with_outputs` finds no such cell, and so nobody is given these outputs.
    """
    global _decode
    try:
        import msgspec

        if _decode is None:
            raw = msgspec.Raw
            fields = [("source", raw, None), ("outputs", raw, None), (_COUNT, raw, None)]
            cells: Any = list[msgspec.defstruct("Cell", fields, gc=False)]  # type: ignore[misc]
            notebook: Any = msgspec.defstruct("Notebook", [("cells", cells)])
            _decode = msgspec.json.Decoder(notebook).decode
        read = _decode(data).cells
    except (ImportError, ValueError, RecursionError):
        return None
    found = []
    seen: dict[str, int] = {}
    for cell in read:
        if cell.source is not None and cell.outputs is not None:
            text = _text(pairs_of(bytes(cell.source)))
            seen[text] = seen.get(text, 0) + 1
            outputs = bytes(cell.outputs)
            if outputs != b"null" and outputs[1:-1].strip(SPACE):
                count = b"null" if cell.execution_count is None else bytes(cell.execution_count)
                found.append((_digest(text, seen[text]), outputs, count))
    return found


def _cell_fields(reader: Reader) -> Iterator[list[Item]]:
    """The fields of each cell that is an object; each is read once."""
    begin = reader.start()
    start = reader.enter(begin) if reader.data[begin] == 0x7B else -1
    while start >= 0:
        key, at = reader.key(start)
        if key == "cells" and reader.data[at] == 0x5B:
            end = reader.enter(at)
            while end >= 0:
                fields: list[Item] = []
                if reader.data[end] == 0x7B:
                    fields = reader.members(end)
                    yield fields
                after = reader.close(fields[-1].end) if fields else reader.value(end)[1]
                end = reader.next(after, 0x5D)
            start = reader.next(~end, 0x7D)
        else:
            start = reader.next(reader.value(at)[1], 0x7D)


def _text(source: Any) -> str:
    if type(source) is str:
        return source
    return "".join([line for line in source if type(line) is str]) if type(source) is list else ""


def _digest(source: str, occurrence: int) -> bytes:
    from _blake2 import blake2b  # hashlib would take 3 ms to import

    text = text_of(source).encode("utf-8", "surrogatepass")
    result: bytes = blake2b(b"%d\0" % occurrence + text, digest_size=16).digest()
    return result
