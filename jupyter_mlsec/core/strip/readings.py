"""A text as its reader sees it.

A value may stand in a text and be in none of its lines: HTML writes characters as entities and
puts tags between them, terminals put colours there, addresses escape what is no letter, Markdown
puts a backslash before it, and base64 hides all of it. A reading has that undone, and knows for
each of its characters which stretch of the text it came from.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator

from jupyter_mlsec.core.notebook import ANSI
from jupyter_mlsec.core.patterns import lazy

# Tags that do not part words (HTML: phrasing content; SVG: tspan).
_INLINE = (
    r"</?(?:a|abbr|b|bdi|bdo|big|code|em|font|i|ins|kbd|label|mark|s|samp|small|span|strong|sub|"
    r"sup|tspan|tt|u|var|wbr)\b[^<>]*>|<!--.*?-->"
)
_NAMED = (
    "amp|lt|gt|quot|apos|commat|period|lowbar|plus|hyphen|dash|nbsp|num|sol|colon|lpar|rpar|equals"
)
_CODED = lazy(
    rf"{_INLINE}|&(?:#\d{{1,7}}|#[xX][0-9a-fA-F]{{1,6}}|{_NAMED});"
    r"|%[2-7][0-9a-fA-F]|\\[_@.*+~-]|\\(?:x|u00)[2-7][0-9a-fA-F]"
    "|[\xad\u200b-\u200d\u2060\ufeff]|[^\\n\b]\b(?!\b)",
    re.DOTALL,
)
# What a text must hold to be worth it: most have entities only for what is no part of a value.
_ENTITY = lazy(rf"&(?:#|(?:{_NAMED.partition('apos|')[2]});|amp;(?:#|amp;))")
_SPLIT = lazy(rf"[\w.@+-] ?(?:{_INLINE})+ ?[\w.@+-]", re.DOTALL)
# The beginnings of such tags take a tenth of the time to look for, and most tables have none.
_TAG = lazy(r"<(?:span|[abisu][ >]|em|strong|mark|font|wbr|code|tspan|small|su[bp]|tt|kbd|[!b])")
# What has no width, in the middle of a value; letters that are struck over, as in manual pages.
_UNSEEN = lazy("[\\w@.+-][\xad\u200b-\u200d\u2060\ufeff][\\w@.+ -]")
_STRUCK = lazy("(?:\\S\b\\S){4}")
_PERCENT = lazy(r"%(?:40|2[0BbDdEe]|5[Ff])[\w%]")
_ESCAPED = lazy(r"\\(?:[_@.+-]|(?:x|u00)[2-7][0-9a-fA-F])")
# Spaces that are written with entities, and what has no width.
_SPACES = {0xA0: " ", 0xAD: "", 0x200B: "", 0x200C: "", 0x200D: "", 0xFEFF: ""}
_DEPTH = 3  # a page in an attribute of a page: entities in entities

_BASE64 = lazy(r"(?<![\w+/-])[A-Za-z0-9+/_-]{20,}(?:\\?\r?\n[A-Za-z0-9+/_-]+)*={0,2}(?![\w+/=-])")
# The same in the middle of a text: of a text whose first six characters are ASCII, so that hashes,
# paths and long names are not decoded; and what must be there for it, found in a fiftieth of the
# time.
_IN_TEXT = lazy(
    r"(?<![\w+/-])(?:[A-Za-f][A-HQ-Xg-nw-z0-3][ABEFIJMNQRUVYZcdghklopstwx014589]"
    r"[A-Za-z0-9+/_-]){2}[A-Za-z0-9+/_-]{16,}={0,2}(?![\w+/=-])"
)
_LETTERS = bytes(120 if (chr(c).isalnum() and c < 128) or c in b"+/_-" else 32 for c in range(256))
_LONG = b"x" * 24
_CONTROL = lazy(r"[\0-\x08\x0b\x0c\x0e-\x1f\x7f]")
_HEAD = 76  # characters of a line of base64 (MIME)


class Reading:
    """`text` is what a reader sees."""

    def __init__(self, original: str, codes: re.Pattern[str]) -> None:
        pieces: list[str] = []
        self._at = array("q")  # where the pieces begin in `text`
        self._from = array("q")  # and in the original
        self._to = array("q")
        self._plain = bytearray()  # whether a piece is the original's, character by character
        at = end = 0
        for match in codes.finditer(original):
            start, stop = match.span()
            new = "" if codes is ANSI else _meant(match[0])
            if start > end:
                at = self._piece(pieces, original[end:start], at, (end, start), plain=True)
            if new:
                at = self._piece(pieces, new, at, (start, stop), plain=False)
            end = stop
        if end < len(original):
            self._piece(pieces, original[end:], at, (end, len(original)), plain=True)
        self.text = "".join(pieces)

    def _piece(
        self, pieces: list[str], text: str, at: int, of: tuple[int, int], *, plain: bool
    ) -> int:
        pieces.append(text)
        self._at.append(at)
        self._from.append(of[0])
        self._to.append(of[1])
        self._plain.append(plain)
        return at + len(text)

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the original that these characters, at least one, came from."""
        first = bisect_right(self._at, start) - 1
        last = bisect_right(self._at, end - 1) - 1
        begin = self._from[first] + (start - self._at[first] if self._plain[first] else 0)
        if self._plain[last]:
            return begin, self._from[last] + end - self._at[last]
        return begin, self._to[last]


class _Twice:
    """A reading of a reading."""

    def __init__(self, first: Reading | _Twice, second: Reading) -> None:
        self._first = first
        self._second = second
        self.text = second.text

    def original(self, start: int, end: int) -> tuple[int, int]:
        return self._first.original(*self._second.original(start, end))


def readings(text: str) -> Iterator[Reading | _Twice]:
    """How else a text is read, if there is another way."""
    known: Reading | _Twice | None = None
    if "\x1b" in text:
        known = Reading(text, ANSI)
        yield known
        text = known.text
    for _ in range(_DEPTH):
        if not _is_coded(text):
            return
        reading = Reading(text, _CODED)
        known = reading if known is None else _Twice(known, reading)
        yield known
        if reading.text == text:
            return
        text = reading.text


def encoded(text: str) -> Iterator[tuple[str, str]]:
    """What stands in a text in base64, and what it says, if that is a text."""
    if "base64" in text or "eyJ" in text or "Basic " in text or "basic " in text:
        found: Iterator[str] = (match[0] for match in _BASE64.finditer(text))
    else:
        head = text[:_HEAD]
        whole = text.strip().removeprefix("b'").removesuffix("'")
        if len(head) >= 20 and " " not in head and _BASE64.fullmatch(whole):
            found = iter((whole,))
        elif _LONG in text.encode("latin-1", "replace").translate(_LETTERS):
            found = (match[0] for match in _IN_TEXT.finditer(text))
        else:
            return
    for written in found:
        said = _decoded(written)
        if said:
            yield written, said


def _decoded(written: str) -> str:
    from binascii import Error, a2b_base64

    plain = written.replace("\n", "").replace("\r", "").replace("\\", "").rstrip("=")
    plain = plain.replace("-", "+").replace("_", "/")
    if len(plain) % 4 == 1:
        return ""
    plain += "=" * (-len(plain) % 4)
    try:
        said = a2b_base64(plain).decode()
    except (Error, ValueError):
        from jupyter_mlsec.core.strip.pictures import said_in

        return said_in(plain)
    return "" if _CONTROL.search(said) else said


def _is_coded(text: str) -> bool:
    return bool(
        ("&" in text and _ENTITY.search(text))
        or ("%" in text and _PERCENT.search(text))
        or ("\\" in text and _ESCAPED.search(text))
        or ("\b" in text and _STRUCK.search(text))
        or (not text.isascii() and _UNSEEN.search(text))
        or ("<" in text and _TAG.search(text) and _SPLIT.search(text))
    )


def _meant(code: str) -> str:
    if code[0] == "&":
        from html import unescape

        return unescape(code).translate(_SPACES)
    if code[0] == "%":
        return chr(int(code[1:], 16))
    if code[0] != "\\":
        return ""
    return code[1:] if len(code) == 2 else chr(int(code[-2:], 16))
