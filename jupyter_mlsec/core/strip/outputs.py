"""Outputs of cells, to be kept elsewhere and put back: pull, merge and rebase lose none.

A cell is known by the text of its source: the second cell with the same source is another one.
"""

from __future__ import annotations

from jupyter_mlsec.core.strip.document import unparsable
from jupyter_mlsec.core.strip.edits import Edits
from jupyter_mlsec.core.strip.walk import Deep, Malformed, Reader, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from jupyter_mlsec.core.strip.walk import Item

    # a cell's digest to the raw JSON of its outputs and of its execution count
    Lookup = Callable[[bytes], tuple[bytes, bytes] | None]

_COUNT = "execution_count"


def cell_outputs(data: bytes) -> list[tuple[bytes, bytes, bytes]]:
    """Digest of the source, raw outputs (a JSON array) and raw execution count (or `null`) of
    each code cell that has outputs. Raises Unparsable."""
    found = []
    for digest, fields in _cells(data):
        outputs = fields.get("outputs")
        if outputs is not None and outputs.value is not None and outputs.value != []:
            count = fields.get(_COUNT)
            raw = data[count.at : count.end] if count else b"null"
            found.append((digest, data[outputs.at : outputs.end], raw))
    return found


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
        for number, at in enumerate(_cell_starts(reader)):
            if number not in cells:
                continue
            for field in reader.members(at):
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
        for at in _cell_starts(reader):
            fields = reader.members(at)
            by_name = {field.key: field for field in fields}
            if len(by_name) == len(fields) and "outputs" in by_name and "source" in by_name:
                source = by_name["source"].value
                text = source if type(source) is str else "".join(map(str, source or ()))
                if source is not Deep:
                    seen[text] = seen.get(text, 0) + 1
                    yield _digest(text, seen[text]), by_name
    except (Malformed, IndexError):
        raise unparsable(data) from None


def _cell_starts(reader: Reader) -> Iterator[int]:
    begin = reader.start()
    start = reader.enter(begin) if reader.data[begin] == 0x7B else -1
    while start >= 0:
        key, at = reader.key(start)
        if key == "cells" and reader.data[at] == 0x5B:
            end = reader.enter(at)
            while end >= 0:
                if reader.data[end] == 0x7B:
                    yield end
                end = reader.next(reader.value(end)[1], 0x5D)
            start = reader.next(~end, 0x7D)
        else:
            start = reader.next(reader.value(at)[1], 0x7D)


def _digest(source: str, occurrence: int) -> bytes:
    from _blake2 import blake2b  # hashlib would take 3 ms to import

    text = text_of(source).encode("utf-8", "surrogatepass")
    result: bytes = blake2b(b"%d\0" % occurrence + text, digest_size=16).digest()
    return result
