"""Spans of one text that must not overlap."""

from __future__ import annotations

from bisect import bisect_left, insort

from jupyter_mlsec.core.model import Span


class Taken:
    """Spans that don't overlap each other, each with a number; found in logarithmic time."""

    def __init__(self) -> None:
        self._spans: list[tuple[Span, int]] = []

    def overlapping(self, span: Span) -> int | None:
        """The number of a taken span that shares a character with this one, or None."""
        at = bisect_left(self._spans, (span, 0))
        for other, number in self._spans[max(at - 1, 0) : at + 1]:
            if span.start < other.end and other.start < span.end:
                return number
        return None

    def add(self, span: Span, number: int) -> None:
        """Take a span that overlaps none."""
        insort(self._spans, (span, number))
