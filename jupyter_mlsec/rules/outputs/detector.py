"""What one kind of personal data is: a row of data."""

# no `from __future__ import annotations`: it makes named tuples twice as slow to define
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import NamedTuple

from jupyter_mlsec.core.model import Span
from jupyter_mlsec.core.rule import Hint

_NEAR = 4000  # characters behind a word in which its column's values stand
_MANY = 4  # numbers from which on a column is told by how many are valid
_SHAPE = str.maketrans("123456789", "0" * 9)


class Detector(NamedTuple):
    """A kind of personal data.

    `kind`: kebab-case (`e-mail`, `payment-card`). `tag`: of the hint that marks the lines to look
    at. `pattern`: what it looks like; the value is group 1, and
    a match without it is something else that only looks so. `valid`: the exact check, by checksum
    where the format has one. `context`: lower-case words; where there are any, one of them must
    stand before the value, on its line or in the header of its table, and the tag is `NAMED`.
    `checked`: whether `valid` tells such numbers from others, as a checksum does.
    """

    kind: str
    tag: str
    pattern: re.Pattern[str]
    valid: Callable[[str], bool]
    context: tuple[str, ...] = ()
    checked: bool = True

    def find(self, source: str, lines: Iterable[Span]) -> Iterator[Span]:
        """The values on the marked lines, or behind the words on them; each once.

        A checksum holds for one number of ten by chance. In a column of such numbers it holds for
        nearly all: where it does not hold for a third of those that are written alike, none is one.
        """
        found = [
            Span(*match.span(1))
            for start, end in self._places(source, lines)
            for match in self.pattern.finditer(source, start, end)
            if match[1]
        ]
        for column in _columns(source, found) if self.checked else (found,):
            valid = [span for span in column if self.valid(source[span.start : span.end])]
            if not self.checked or len(column) < _MANY or 3 * len(valid) >= len(column):
                yield from valid

    def _places(self, source: str, lines: Iterable[Span]) -> Iterator[tuple[int, int]]:
        """Where to look, in order. A word may stand on each of many lines, and what it names
        within the next thousands of characters: stretches that meet are one."""
        if not self.context:
            yield from lines
            return
        words = _any_of(self.context)
        begin = end = -1
        for line in lines:
            for named in words.finditer(source[line.start : line.end].lower()):
                at = line.start + named.end()
                if at > end:
                    if end > begin:
                        yield begin, end
                    begin = at
                end = min(at + _NEAR, len(source))
        if end > begin:
            yield begin, end


def _columns(source: str, found: Iterable[Span]) -> Iterable[list[Span]]:
    """The numbers that are written alike and stand in the same place of their lines, or of their
    rows of an HTML table."""
    columns: dict[tuple[str, int], list[Span]] = {}
    row = "<tr" if "<tr" in source else "\n"
    last, number = 0, -1
    for span in found:
        number = number + 1 if source.find(row, last, span.start) < 0 else 0
        last = span.end
        shape = source[span.start : span.end].translate(_SHAPE)
        columns.setdefault((shape, number), []).append(span)
    return columns.values()


@cache
def _any_of(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z])(?:{'|'.join(map(re.escape, words))})(?![a-z])")


NAMED = "outputs.named"
DIGITS = "outputs.digits"  # digits in groups that little else has


def named_hint(detectors: Iterable[Detector]) -> Hint:
    """The hint that marks the lines with a word that names one of these; whether it is a word
    there, and no part of one, `find` looks at."""
    words = sorted({word for detector in detectors for word in detector.context})
    pattern = "|".join(map(re.escape, words))
    return Hint(NAMED, rf"(?:{pattern})(?:$|[^a-z])", tuple(words), ignore_case=True, leading=True)


def checked(module: str) -> Callable[[str], bool]:
    """The check of one of python-stdnum's modules, imported when it is first asked for."""

    def valid(value: str) -> bool:
        from importlib import import_module

        return bool(import_module(f"stdnum.{module}").is_valid(value))

    return valid
