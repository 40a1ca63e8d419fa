"""Edits of a document's bytes, and how items leave a container without a trace."""

from __future__ import annotations


class Edits(list["tuple[int, int, bytes]"]):
    """(start, end, new bytes), not overlapping, in any order."""

    __slots__ = ()

    def apply(self, data: bytes) -> bytes:
        """The bytes with the edits made; the same object where there are none."""
        if not self:
            return data
        self.sort()
        pieces: list[bytes | memoryview] = []
        view = memoryview(data)  # no copies of what stays, but in the result
        at = 0
        for start, end, new in self:
            pieces += (view[at:start], new)
            at = end
        pieces.append(view[at:])
        return b"".join(pieces)


class Cuts:
    """Takes items out of one object or array, with the commas and spaces that go with them.

    To be told of every item in order, and of the closing bracket. What stays keeps its bytes.
    """

    __slots__ = ("_edits", "_first", "_kept", "_opened", "_previous")

    def __init__(self, edits: Edits, opened: int) -> None:
        """`opened` is the offset of the opening bracket."""
        self._edits = edits
        self._opened = opened
        self._first = -1  # where the first item begins, if it is dropped
        self._kept = False
        self._previous = -1  # where the item before ends

    def keep(self, start: int, end: int) -> None:
        """An item that stays."""
        if not self._kept and self._first >= 0:
            self._edits.append((self._first, start, b""))
        self._kept = True
        self._previous = end

    def drop(self, start: int, end: int) -> None:
        """An item that goes."""
        if self._kept:
            self._edits.append((self._previous, end, b""))
        elif self._first < 0:
            self._first = start
        self._previous = end

    def close(self, end: int) -> None:
        """`end` is the offset behind the closing bracket."""
        if not self._kept and self._first >= 0:
            self._edits.append((self._opened + 1, end - 1, b""))
