"""Text for a terminal: what may be shown, how wide it is, and in which colour.

What a notebook says is never trusted: control and format characters are written as escapes, so
that no file can move the cursor, forge a line of the report or turn the reading direction.
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

from jupyter_mlsec.core.model import Severity

TAB = 4
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_ZERO_WIDTH = frozenset({"Mn", "Me"})

STYLES = {
    "bold": "1",
    "dim": "2",
    Severity.CRITICAL: "1;97;41",
    Severity.HIGH: "1;31",
    Severity.MEDIUM: "1;33",
    Severity.LOW: "1;36",
    Severity.INFO: "1;34",
}


class Column(NamedTuple):
    """How one code point is shown, and how many columns that takes."""

    shown: str
    width: int


class Window(NamedTuple):
    """The part of a line that is shown, and the columns in it that are pointed at."""

    text: str
    start: int
    end: int


def escape(text: str) -> str:
    """The text on one line, every character in it visible."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_NAMED.get(char) or _visible(char) for char in text)


def _visible(char: str) -> str:
    if unicodedata.category(char) not in _HIDDEN:
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{{{code:x}}}"


def _column(char: str) -> Column:
    if char == "\t":
        return Column(" " * TAB, TAB)
    shown = _visible(char)
    if shown != char:
        return Column(shown, len(shown))
    if unicodedata.category(char) in _ZERO_WIDTH:
        return Column(char, 0)
    return Column(char, 2 if unicodedata.east_asian_width(char) in "WF" else 1)


def window(line: str, start: int, end: int, room: int) -> Window:
    """A line cut to `room` columns around the code points `start` to `end` (exclusive)."""
    columns = [_column(char) for char in line]
    offsets = [0]
    for column in columns:
        offsets.append(offsets[-1] + column.width)
    start = min(start, len(line))
    end = min(max(end, start), len(line))
    first, last = offsets[start], max(offsets[end], offsets[start] + 1)
    if offsets[-1] <= room:
        return Window("".join(c.shown for c in columns), first, last)
    inner = max(room - 2, 1)  # an ellipsis on either side
    left = max(0, min(first - max((inner - (last - first)) // 2, inner // 8), offsets[-1] - inner))
    kept = [i for i in range(len(columns)) if left <= offsets[i] and offsets[i + 1] <= left + inner]
    begin = offsets[kept[0]] if kept else left
    before = "…" if kept and kept[0] > 0 else ""
    after = "…" if kept and kept[-1] < len(columns) - 1 else ""
    text = before + "".join(columns[i].shown for i in kept) + after
    shift = len(before) - begin
    return Window(text, first + shift, min(last, left + inner) + shift)


def style(text: str, *styles: str | Severity, color: bool) -> str:
    """The text in the given styles, or as it is without colour."""
    if not color or not text:
        return text
    return f"\x1b[{';'.join(STYLES[s] for s in styles)}m{text}\x1b[0m"


def link(text: str, address: str, *, color: bool) -> str:
    """The text as a hyperlink (OSC 8), which terminals that know none show as plain text."""
    if not color or not address.isascii() or not address.isprintable():
        return text
    return f"\x1b]8;;{address}\x1b\\{text}\x1b]8;;\x1b\\"
