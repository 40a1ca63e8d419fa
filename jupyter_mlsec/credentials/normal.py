"""Texts reduced to what tells a secret apart: ASCII letters and digits, in lower case.

Wrapped, dashed, quoted, spelled as a list of characters, boxed in a table: it is all the same
once everything but letters and digits is gone. Patterns are reduced in the same way, so none of
these forms needs a pattern of its own.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property

from jupyter_mlsec.core.patterns import lazy_bytes

_KEPT = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LOWER = bytes(range(256)).lower()
_DROPPED = bytes(set(range(256)) - set(_KEPT))

_COLOUR = lazy_bytes(rb"\x1b\[[0-?]*[ -/]*[@-~]")  # ECMA-48 control sequences
_TAG = lazy_bytes(rb"<[^<>]{0,4096}>")
_MOST_TAGGED = 1 << 18  # bytes: larger HTML is data, where no one splits a secret by tags
_BLOCK = 4096

Pieces = list[tuple[int, int]]


def reduced(raw: bytes) -> bytes:
    """The letters and digits of UTF-8 text, in lower case."""
    return raw.translate(_LOWER, _DROPPED)


class Reduced:
    """A text reduced, that knows where each character was.

    `pieces` are the parts of `raw` that are kept, as half-open ranges of bytes.
    """

    def __init__(self, raw: bytes, pieces: Pieces | None = None) -> None:
        self.raw = raw
        self.pieces = pieces
        kept = raw if pieces is None else b"".join([raw[a:b] for a, b in pieces])
        self.text = reduced(kept)

    @cached_property
    def _blocks(self) -> tuple[list[int], Pieces]:
        """Where blocks of the raw text begin in the reduced one, and the blocks."""
        begins: list[int] = []
        blocks: Pieces = []
        total = 0
        for first, last in self.pieces or [(0, len(self.raw))]:
            for start in range(first, last, _BLOCK):
                end = min(start + _BLOCK, last)
                length = len(reduced(self.raw[start:end]))
                if length:
                    begins.append(total)
                    blocks.append((start, end))
                    total += length
        return begins, blocks

    @cached_property
    def _places(self) -> dict[int, list[int]]:
        return {}

    def place(self, index: int) -> int:
        """The offset in `raw` of the reduced text's character at `index`."""
        begins, blocks = self._blocks
        block = bisect_right(begins, index) - 1
        if block not in self._places:
            start, end = blocks[block]
            self._places[block] = [
                start + i for i, byte in enumerate(self.raw[start:end]) if byte in _KEPT
            ]
        return self._places[block][index - begins[block]]


def views(raw: bytes) -> list[Reduced]:
    """The ways to read a text: without colours and, if it has tags, also without tags."""
    pieces = _without(_COLOUR, raw, None) if b"\x1b[" in raw else None
    found = [Reduced(raw, pieces)]
    if b"</" in raw and len(raw) <= _MOST_TAGGED:
        found.append(Reduced(raw, _without(_TAG, raw, pieces)))
    return found


def _without(pattern: re.Pattern[bytes], raw: bytes, pieces: Pieces | None) -> Pieces:
    left: Pieces = []
    for first, last in pieces or [(0, len(raw))]:
        for found in pattern.finditer(raw, first, last):
            left.append((first, found.start()))
            first = found.end()
        left.append((first, last))
    return left
