"""A line as a reader sees it: without tags, entities and escapes, and whether it is a command."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from jupyter_mlsec.core.model import Span, Text
from jupyter_mlsec.core.patterns import lazy

if TYPE_CHECKING:
    from jupyter_mlsec.core.view import View

_SHELL_LINE = lazy(r"[ \t]*(?:!|%(?:sx|system|sh|bash)\b)")
_SHELL_CELL = lazy(r"\s*%%(?:bash|sh|script|!|sx|system|cmd|zsh)\b")
_TAG = lazy(
    r"<(/?)(\w+)(?:[ \t][^<>\n]{0,400})?/?>|&(?:quot|apos|amp|lt|gt|nbsp);"
    r"|&#(?:[0-9]{2,4}|x[0-9a-fA-F]{2,4});|\\[_&%$#{}]"
)
_ENTITIES = {"quot": '"', "apos": "'", "amp": "&", "lt": "<", "gt": ">", "nbsp": " "}


# Elements that a reader sees apart from the text around them.
_APART = frozenset("td th tr br li div p dt dd label input option h1 h2 h3 h4 h5 h6".split())


class Line(NamedTuple):
    """A line without markup; `places` gives the offset in the text of every character of it, and
    of its end."""

    text: str
    places: tuple[int, ...] | range

    def span(self, start: int, end: int) -> Span:
        return Span(
            self.places[start], self.places[end - 1] + 1 if end > start else self.places[start]
        )


def _shown(match: re.Match[str]) -> str:
    """What a reader sees of a tag, an entity or an escape."""
    if match[2]:
        return "   " if match[2].lower() in _APART else ""
    if match[0].startswith("\\"):
        return match[0][1]
    entity = match[0][1:-1]
    if entity.startswith("#x"):
        return chr(int(entity[2:], 16))
    return chr(int(entity[1:])) if entity.startswith("#") else _ENTITIES[entity]


def readings(text: Text, span: Span) -> tuple[Line, ...]:
    """A line as it is written and, where it has markup, as a reader sees it."""
    line = plain(text, span)
    raw = text.text[span.start : span.end]
    return (line,) if line.text == raw else (Line(raw, range(span.start, span.end + 1)), line)


def plain(text: Text, span: Span) -> Line:
    """A line as a reader sees it: HTML's tags and entities and LaTeX's escapes resolved, cells of
    a row set apart."""
    raw = text.text[span.start : span.end]
    marked_up = ("<" in raw or "&" in raw) and text.language != "python"
    if not marked_up and not (text.mime == "text/latex" and "\\" in raw):
        return Line(raw, range(span.start, span.end + 1))
    out: list[str] = []
    places: list[int] = []
    end = 0
    for match in _TAG.finditer(raw):
        out.append(raw[end : match.start()])
        places += range(span.start + end, span.start + match.start())
        put = _shown(match)
        out.append(put)
        places += [span.start + match.start()] * len(put)
        end = match.end()
    out.append(raw[end:])
    places += range(span.start + end, span.end + 1)
    return Line("".join(out), tuple(places))


def is_shell(view: View, line: Line) -> bool:
    """Whether a line is a command for sure: of a shell script or cell, or behind a `!`."""
    if view.text.language == "shell" or _SHELL_LINE.match(line.text):
        return True
    return bool(_SHELL_CELL.match(view.source))
