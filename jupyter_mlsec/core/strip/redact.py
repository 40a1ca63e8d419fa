"""Values out of JSON strings, with the bytes around them left as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.strip.edits import Edits
from jupyter_mlsec.core.strip.texts import ANSI
from jupyter_mlsec.core.strip.walk import pairs_of

_TOKEN = lazy(r'"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*', re.DOTALL)
# an escaped surrogate pair is one code point, as is any other escape or character
_UNIT = lazy(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u.{4}|\\.|.", re.S)
_BETWEEN = lazy(r"\s*,\s*\Z")
_LEAST_DIGITS = 6


class Literal(NamedTuple):
    """A string literal in the file: offsets inside its quotes, and what it says."""

    start: int
    end: int
    text: str


class Values:
    """What is to be replaced, each value with its marker, and how it may be written."""

    def __init__(self, markers: Mapping[str, str]) -> None:
        from html import escape

        self._markers: dict[str, str] = {}
        for value, marker in markers.items():
            for form in (value, escape(value), escape(value, quote=False)):
                # the file is read as latin-1, but a JSON escape says the character itself
                latin = form.encode("utf-8", "surrogatepass").decode("latin-1")
                self._markers.update({_key(form): marker, _key(latin): marker})
        longest = sorted(self._markers, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(_expression, longest)))
        self._digits = {
            digits: marker
            for value, marker in markers.items()
            if len(digits := re.sub(r"[ .-]", "", value)) >= _LEAST_DIGITS and digits.isdecimal()
        }

    def in_text(self, text: str) -> list[tuple[int, int, str]]:
        """(start, end, marker) of each value in a text, ANSI codes within one not counted."""
        codes = [match.span() for match in ANSI.finditer(text)] if "\x1b" in text else []
        plain = ANSI.sub("", text) if codes else text
        found = [
            (m.start(), m.end(), self._markers[_key(m[0])]) for m in self._pattern.finditer(plain)
        ]
        if not codes or not found:
            return found
        where = _offsets(codes, len(text))
        return [(where[start], where[end - 1] + 1, marker) for start, end, marker in found]

    def _in_group(self, group: Sequence[Literal]) -> list[tuple[int, int, str]]:
        """The values in literals that follow each other: in one of them, and over several."""
        found = self.in_text("".join(literal.text for literal in group))
        offset = 0
        for literal in group if len(group) > 1 else ():
            for start, end, marker in self.in_text(literal.text):
                span = (start + offset, end + offset)
                if not any(first < span[1] and span[0] < last for first, last, _ in found):
                    found.append((*span, marker))
            offset += len(literal.text)
        return found

    def number(self, digits: str) -> str | None:
        """The marker for a number that is a value without its separators."""
        return self._digits.get(digits)

    def redact(self, text: str, start: int, end: int, edits: Edits) -> bool:
        """Edit each value out of the JSON between two offsets of the file, which is given as
        latin-1; whether there was any."""
        before = len(edits)
        for group in _groups(text, start, end):
            if isinstance(group, re.Match):
                marker = self.number(group[0])
                if marker:
                    edits.append((*group.span(), f'"{_escaped(marker)}"'.encode()))
                continue
            for first, last, marker in self._in_group(group):
                _splice(text, group, (first, last), marker, edits)
        return len(edits) > before


def _key(value: str) -> str:
    return value.replace("\r\n", "\n")


def _expression(value: str) -> str:
    """A value between what can't belong to it."""
    inside = re.escape(value).replace("\\\n", "\r?\n").replace("\n", "\r?\n")
    inside = inside.replace("\r?\r?\n", "\r?\n")
    before = "(?<![A-Za-z0-9])" if value[:1].isalnum() else ""
    after = "(?![A-Za-z0-9])" if value[-1:].isalnum() else ""
    return before + inside + after


def _offsets(codes: Sequence[tuple[int, int]], size: int) -> list[int]:
    """Offset in a text without its ANSI codes to the offset in the text."""
    where: list[int] = []
    at = 0
    for start, end in codes:
        where += range(at, start)
        at = end
    where += range(at, size)
    return where


def _groups(text: str, start: int, end: int) -> Iterator[list[Literal] | re.Match[str]]:
    """The strings between two offsets, those that follow each other in a list together (a text
    that is split into lines), and the numbers."""
    group: list[Literal] = []
    last = start
    for token in _TOKEN.finditer(text, start, end):
        if text[token.start()] != '"':
            yield token
            continue
        literal = Literal(token.start() + 1, token.end() - 1, pairs_of(token[0].encode("latin-1")))
        is_key = text[token.end() : token.end() + 9].lstrip()[:1] == ":"
        before = text[last : token.start()]
        if group and (is_key or not _BETWEEN.match(before)):
            yield group
            group = []
        group.append(literal)
        last = token.end()
        if is_key or before.rstrip()[-1:] == ":":
            yield group
            group = []
    if group:
        yield group


def _splice(
    text: str, group: Sequence[Literal], span: tuple[int, int], marker: str, edits: Edits
) -> None:
    """The edits that replace a stretch of the joined literals."""
    offset = 0
    new = _escaped(marker).encode()
    for literal in group:
        first = max(span[0] - offset, 0)
        last = min(span[1] - offset, len(literal.text))
        if first < last:
            units = [m.start() for m in _UNIT.finditer(text, literal.start, literal.end)]
            units.append(literal.end)
            edits.append((units[first], units[last], new))
            new = b""
        offset += len(literal.text)


def _escaped(marker: str) -> str:
    return marker.replace("\\", "\\\\").replace('"', '\\"')
