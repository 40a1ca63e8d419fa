"""The commands in a Markdown page, and whether what they print is what the page says.

In a fence marked `console`, lines that begin with `$ ` are commands, and what follows is printed,
by and large: `…` stands for anything, lines may be left out, their order counts. In one marked `sh`
all lines are commands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

_FENCE = re.compile(r"^```(console|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Step(NamedTuple):
    """A command with the lines that it is said to print."""

    command: str
    printed: tuple[str, ...]
    line: int


def steps(page: Path) -> Iterator[Step]:
    """The commands of a page, in their order."""
    text = page.read_text("utf-8")
    for fence in _FENCE.finditer(text):
        first = text.count("\n", 0, fence.start(2)) + 1
        lines = fence[2].splitlines()
        if fence[1] == "sh":
            yield from (
                Step(line.partition("  #")[0].strip(), (), first + number)
                for number, line in enumerate(lines)
                if line and not line.startswith("#")
            )
            continue
        starts = [number for number, line in enumerate(lines) if line.startswith("$ ")]
        for at, after in zip(starts, [*starts[1:], len(lines)], strict=True):
            printed = tuple(line for line in lines[at + 1 : after] if line.strip(" …"))
            yield Step(lines[at][2:], printed, first + at)


def missing(printed: Sequence[str], output: str) -> list[str]:
    """The lines that the output does not have, in that order."""
    lines, at = output.splitlines(), 0
    absent = []
    for wanted in printed:
        pattern = re.compile(".*".join(map(re.escape, wanted.split("…"))))
        found = next((n for n in range(at, len(lines)) if pattern.fullmatch(lines[n])), None)
        if found is None:
            absent.append(wanted)
        else:
            at = found + 1
    return absent
