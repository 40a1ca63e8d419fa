"""The string literals of an expression, as they are written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from jupyter_mlsec.core.model import Span
from jupyter_mlsec.core.patterns import lazy


class Literal(NamedTuple):
    """One string literal of an implicit concatenation: `body` and `close` are where its content
    begins and ends."""

    start: int
    end: int
    prefix: str
    quote: str
    body: int
    close: int


_OPEN = lazy(r"([rRbBuUfF]{0,2})(\"\"\"|'''|\"|')")


def literals(source: str, span: Span) -> Iterator[Literal]:
    """The literals of an expression that is nothing but literals. One with its own quotes inside
    of braces (from Python 3.12 on) is cut short, which the proof finds out."""
    at = span.start
    while found := _OPEN.search(source, at, span.end):
        prefix, quote = found[1], found[2]
        close = found.end()
        while close < span.end and not source.startswith(quote, close):
            close += 2 if source[close] == "\\" else 1
        at = close + len(quote)
        yield Literal(found.start(), at, prefix, quote, found.end(), close)
