"""Values out of JSON strings, with the bytes around them left as they are."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.strip.edits import Edits
from jupyter_mlsec.core.strip.readings import readings
from jupyter_mlsec.core.strip.walk import string_at

_TOKEN = lazy(r'"|-?\d[\d.eE+-]*')
# an escaped surrogate pair is one code point, as is any other escape
_ESCAPE = lazy(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u.{4}|\\.", re.S)
_BETWEEN = lazy(r"\s*,\s*\Z")
_LEAST_DIGITS = 6
_WORD = lazy(r"[A-Za-z0-9]+")

Place = tuple[int, int, str]  # start, end, marker


class Literal(NamedTuple):
    """A string literal in the file: offsets inside its quotes, and what it says."""

    start: int
    end: int
    text: str


class Values:
    """What is to be replaced, each value with its marker, and how it may be written."""

    def __init__(self, markers: Mapping[str, str]) -> None:
        from html import escape

        forms: dict[str, str] = {}
        for value, marker in markers.items():
            for form in (value, escape(value), escape(value, quote=False)):
                # the file is read as latin-1, but a JSON escape says the character itself
                latin = form.encode("utf-8", "surrogatepass").decode("latin-1")
                for written in (form, latin):
                    plain = written.replace("\r\n", "\n")
                    forms[plain] = forms[plain.replace("\n", "\r\n")] = marker
        self._markers = forms
        # by the word that the fewest have: half of a table's addresses end alike
        words = Counter(word for form in forms for word in _WORD.findall(form))
        self._by_word: dict[str, list[tuple[str, int]]] = {}
        self._wordless: list[str] = []
        for form in sorted(forms, key=len, reverse=True):
            found = min(_WORD.finditer(form), key=lambda word: words[word[0]], default=None)
            if found:
                self._by_word.setdefault(found[0], []).append((form, found.start()))
            elif form:
                self._wordless.append(form)
        self._digits = {
            digits: marker
            for value, marker in markers.items()
            if len(digits := re.sub(r"[ .-]", "", value)) >= _LEAST_DIGITS and digits.isdecimal()
        }

    def in_text(self, text: str) -> list[Place]:
        """(start, end, marker) of each value in a text, however it is written there, in order."""
        found = self._search(text)
        for reading in readings(text):
            found += [
                (*reading.original(start, end), marker)
                for start, end, marker in self._search(reading.text)
            ]
        return _merged(found)

    def _search(self, text: str) -> list[Place]:
        """In one pass, whatever the number of values: most have a word, which is looked up, and
        stand there if the rest does."""
        places: list[Place] = []
        if self._by_word:
            for word in _WORD.finditer(text):
                for form, before in self._by_word.get(word[0], ()):
                    start = word.start() - before
                    if start >= 0 and text.startswith(form, start) and _is_whole(text, start, form):
                        places.append((start, start + len(form), self._markers[form]))
                        break
        for form in self._wordless:
            start = text.find(form)
            while start >= 0:
                places.append((start, start + len(form), self._markers[form]))
                start = text.find(form, start + len(form))
        return _merged(places)

    def _in_group(self, group: Sequence[Literal]) -> list[Place]:
        """The values in literals that follow each other: over several of them, and in one."""
        found = self.in_text("".join([literal.text for literal in group]))
        if len(group) == 1:
            return found
        apart = self.in_text("\0".join([literal.text for literal in group]))
        breaks = list(accumulate([len(literal.text) + 1 for literal in group]))
        for start, end, marker in apart:
            before = bisect_right(breaks, start)
            found.append((start - before, end - before, marker))
        return _merged(found)

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

    def redact_run(self, text: str, spans: Sequence[tuple[int, int]], edits: Edits) -> None:
        """Edit each value out of strings, or lists of strings, that say one text together."""
        group = [
            literal
            for start, end in spans
            for found in _groups(text, start, end)
            if isinstance(found, list)
            for literal in found
        ]
        found = self._in_group(group)
        if found:
            _splice(text, group, found, edits)


def _merged(places: list[Place]) -> list[Place]:
    """Places in order, those that overlap as one; of the marker of the first and longest."""
    merged: list[Place] = []
    for start, end, marker in sorted(places, key=lambda place: (place[0], -place[1])):
        if merged and start < merged[-1][1]:
            first, last, known = merged[-1]
            merged[-1] = first, max(last, end), known
        else:
            merged.append((start, end, marker))
    return merged


def _is_whole(text: str, start: int, form: str) -> bool:
    """Whether a value stands between what can't belong to it."""
    end = start + len(form)
    if form[0].isalnum() and start and _letter(text[start - 1]):
        return False
    return not (form[-1].isalnum() and end < len(text) and _letter(text[end]))


def _groups(text: str, start: int, end: int) -> Iterator[list[Literal] | re.Match[str]]:
    """The strings between two offsets, those that follow each other in a list together (a text
    that is split into lines), and the numbers."""
    group: list[Literal] = []
    last = at = start
    while token := _TOKEN.search(text, at, end):
        begin = token.start()
        if token[0] != '"':
            at = token.end()
            yield token
            continue
        said, at = string_at(text, begin)
        is_key = text[at : at + 9].lstrip()[:1] == ":"
        before = text[last:begin]
        if group and (is_key or not _BETWEEN.match(before)):
            yield group
            group = []
        group.append(Literal(begin + 1, at - 1, said))
        last = at
        if is_key or before.rstrip()[-1:] == ":":
            yield group
            group = []
    if group:
        yield group


def _splice(
    text: str, group: Sequence[Literal], found: Sequence[tuple[int, int, str]], edits: Edits
) -> None:
    """The edits that replace stretches of the joined literals."""
    starts = [0, *accumulate([len(literal.text) for literal in group])]
    known: dict[int, Callable[[int], int]] = {}
    for first, last, marker in found:
        new = _escaped(marker).encode()
        for number in range(bisect_right(starts, first) - 1, len(group)):
            offset, literal = starts[number], group[number]
            if offset >= last:
                break
            if number not in known:
                known[number] = _in_file(text, literal)
            start, end = max(first - offset, 0), min(last - offset, len(literal.text))
            if start < end:
                edits.append((known[number](start), known[number](end), new))
                new = b""


def _in_file(text: str, literal: Literal) -> Callable[[int], int]:
    """Offset in what a literal says to offset in the file: escapes are longer there."""
    at = array("q")  # where the escapes stand in what is said
    more = array("q", [0])  # and how much longer the file is behind each
    for match in _ESCAPE.finditer(text, literal.start, literal.end):
        at.append(match.start() - literal.start - more[-1])
        more.append(more[-1] + match.end() - match.start() - 1)
    return lambda place: literal.start + place + more[bisect_left(at, place)]


def _letter(char: str) -> bool:
    return char.isascii() and char.isalnum()


def _escaped(marker: str) -> str:
    return marker.replace("\\", "\\\\").replace('"', '\\"')
