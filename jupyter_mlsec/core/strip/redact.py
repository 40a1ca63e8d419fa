"""Values out of JSON strings, with the bytes around them left as they are."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from jupyter_mlsec.core.notebook import ANSI
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.strip.edits import Edits
from jupyter_mlsec.core.strip.walk import pairs_of

_TOKEN = lazy(r'"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*', re.DOTALL)
# an escaped surrogate pair is one code point, as is any other escape or character
_UNIT = lazy(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u.{4}|\\.|.", re.S)
_BETWEEN = lazy(r"\s*,\s*\Z")
_LEAST_DIGITS = 6
_FEW = 200  # values, in all their forms, that one expression looks for


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
        self._longest = sorted(self._markers, key=len, reverse=True)
        few = len(self._longest) <= _FEW
        self._pattern = re.compile("|".join(map(_expression, self._longest))) if few else None
        self._digits = {
            digits: marker
            for value, marker in markers.items()
            if len(digits := re.sub(r"[ .-]", "", value)) >= _LEAST_DIGITS and digits.isdecimal()
        }

    def in_text(self, text: str) -> list[tuple[int, int, str]]:
        """(start, end, marker) of each value in a text, ANSI codes within one not counted."""
        codes = [match.span() for match in ANSI.finditer(text)] if "\x1b" in text else []
        plain = ANSI.sub("", text) if codes else text
        found = self._search(plain)
        if not codes or not found:
            return found
        where = _offsets(codes, len(text))
        return [(where[start], where[end - 1] + 1, marker) for start, end, marker in found]

    def _search(self, text: str) -> list[tuple[int, int, str]]:
        if self._pattern:
            found = self._pattern.finditer(text)
            return [(m.start(), m.end(), self._markers[_key(m[0])]) for m in found]
        # a long table: an expression of thousands of values would try each at each character
        taken = bytearray(len(text))
        places: list[tuple[int, int, str]] = []
        for value in self._longest:
            for form in {value, value.replace("\n", "\r\n")}:
                for start in _places(text, form):
                    end = start + len(form)
                    if not any(taken[start:end]):
                        taken[start:end] = b"x" * (end - start)
                        places.append((start, end, self._markers[value]))
        return sorted(places)

    def _in_group(self, group: Sequence[Literal]) -> list[tuple[int, int, str]]:
        """The values in literals that follow each other: over several of them, and in one."""
        found = self.in_text("".join(literal.text for literal in group))
        if len(group) == 1:
            return found
        taken = bytearray(sum(len(literal.text) for literal in group) + 1)
        for start, end, _ in found:
            taken[start:end] = b"x" * (end - start)
        apart = self.in_text("\0".join(literal.text for literal in group))
        breaks = list(accumulate(len(literal.text) + 1 for literal in group))
        for start, end, marker in apart:
            before = bisect_right(breaks, start)
            if not any(taken[start - before : end - before]):
                found.append((start - before, end - before, marker))
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
            found = self._in_group(group)
            if found:
                _splice(text, group, found, edits)
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
    text: str, group: Sequence[Literal], found: Sequence[tuple[int, int, str]], edits: Edits
) -> None:
    """The edits that replace stretches of the joined literals."""
    starts = [0, *accumulate(len(literal.text) for literal in group)]
    units: dict[int, list[int]] = {}  # number of a literal to where its characters begin
    for first, last, marker in found:
        new = _escaped(marker).encode()
        for number in range(bisect_right(starts, first) - 1, len(group)):
            offset, literal = starts[number], group[number]
            if offset >= last:
                break
            if number not in units:
                units[number] = [
                    m.start() for m in _UNIT.finditer(text, literal.start, literal.end)
                ]
                units[number].append(literal.end)
            start, end = max(first - offset, 0), min(last - offset, len(literal.text))
            if start < end:
                edits.append((units[number][start], units[number][end], new))
                new = b""


def _places(text: str, value: str) -> Iterator[int]:
    """Where a value stands between what can't belong to it; as `_expression` says."""
    at = text.find(value)
    while at >= 0:
        end = at + len(value)
        joined = value[0].isalnum() and at and _letter(text[at - 1])
        if not joined and not (value[-1].isalnum() and end < len(text) and _letter(text[end])):
            yield at
        at = text.find(value, at + 1)


def _letter(char: str) -> bool:
    return char.isascii() and char.isalnum()


def _escaped(marker: str) -> str:
    return marker.replace("\\", "\\\\").replace('"', '\\"')
