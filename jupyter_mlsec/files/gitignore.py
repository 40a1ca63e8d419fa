"""The patterns of .gitignore, as git means them (gitignore(5), and wildmatch.c for the details).

Written here because a file wrongly left out is a file not scanned, and pathspec (1.1.1) differs
from git: with `*`, `!*/`, `!*.ipynb` it ignores every folder, with `data/**` also `data` itself,
so that what `!data/keep.ipynb` brings back is lost. It also costs 45 ms to import. The tests
compare this module with git.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from jupyter_mlsec.core.patterns import lazy

_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": " \\t",
    "digit": "0-9",
    "lower": "a-z",
    "punct": "!-/:-@\\[-`{-~",
    "space": "\\s",
    "upper": "A-Z",
    "xdigit": "0-9a-fA-F",
}
_SPECIAL = lazy(
    r"(?P<deep>(?:(?<=/)|^)\*\*+/)"  # **/ after a slash or at the start: any folders, or none
    r"|(?P<all>(?:(?<=/)|^)\*\*+$)"  # /** at the end: everything inside
    r"|(?P<star>\*+)"
    r"|(?P<one>\?)"
    r"|(?P<set>\[(?P<not>[!^])?(?P<items>\]?(?:\[:\w+:\]|\\.|[^\]\\])*)\])"
    r"|(?P<open>\[|\\$)"  # never closed: git lets such a pattern match nothing
    r"|\\(?P<escaped>.)"
    r"|(?P<text>[^*?\[\\]+?(?:(?<=/)|(?=[*?\[\\])|$))",
    re.DOTALL,
)
_ITEM = lazy(r"\[:(\w+):\]|\\(.)|(.)", re.DOTALL)


class Pattern(NamedTuple):
    """One line of a .gitignore file. `keeps` is what a leading `!` says."""

    regex: re.Pattern[str]
    keeps: bool
    folders_only: bool
    anchored: bool


class Patterns(NamedTuple):
    """All lines of a .gitignore file: the last one that matches decides."""

    lines: tuple[Pattern, ...]

    def decides(self, path: str, folder: bool) -> bool | None:
        """Whether a path (with slashes, relative to the file) is ignored; None if nothing matches.

        As in git, only the path itself is looked at: what is in an ignored folder is ignored
        because nobody goes there.
        """
        name = path.rpartition("/")[2]
        for line in reversed(self.lines):
            if line.folders_only and not folder:
                continue
            if line.regex.fullmatch(path if line.anchored else name):
                return not line.keeps
        return None


def parse(lines: Iterable[str]) -> Patterns:
    """The patterns in the lines of a .gitignore file; comments and blank lines are left out."""
    found = (_pattern(line) for line in lines)
    return Patterns(tuple(pattern for pattern in found if pattern))


def _pattern(line: str) -> Pattern | None:
    line = line.rstrip("\r\n")
    stripped = line.rstrip(" ")
    backslashes = len(stripped) - len(stripped.rstrip("\\"))
    if backslashes % 2 and stripped != line:
        stripped += " "  # an escaped space is part of the name
    keeps = stripped.startswith("!")
    text = stripped[1:] if keeps else stripped
    if not text or text == "/" or line.startswith("#"):
        return None
    folders_only = text.endswith("/")
    text = text[:-1] if folders_only else text
    anchored = "/" in text
    regex = _translate(text[1:] if text.startswith("/") else text)
    return Pattern(re.compile(regex, re.DOTALL), keeps, folders_only, anchored)


def _translate(text: str) -> str:
    """A regular expression for a pattern without leading `!` or `/` and trailing `/`."""
    parts: list[str] = []
    for match in _SPECIAL.finditer(text):
        if match["open"]:
            return "(?!)"
        if match["deep"]:
            parts.append("(?:.*/)?")
        elif match["all"]:
            parts.append(".+")
        elif match["star"]:
            parts.append("[^/]*")
        elif match["one"]:
            parts.append("[^/]")
        elif match["set"]:
            parts.append(_set(match["items"], bool(match["not"])))
        else:
            parts.append(re.escape(match["escaped"] or match["text"]))
    return "".join(parts)


def _set(items: str, negated: bool) -> str:
    """A regular expression for the inside of brackets; like git's it never matches a slash."""
    tokens: list[tuple[str, bool]] = []  # (character or class, whether it is a bare hyphen)
    for name, escaped, plain in _ITEM.findall(items):
        if name:
            tokens.append((_CLASSES.get(name, ""), False))
        else:
            tokens.append((escaped or plain, plain == "-"))
    inside = ""
    while tokens:
        first = tokens.pop(0)[0]
        if len(tokens) > 1 and tokens[0][1] and len(first) == len(tokens[1][0]) == 1:
            last = tokens[1][0]
            tokens = tokens[2:]
            # git tries the first character by itself too, which tells where a range runs backwards
            inside += re.escape(first)
            inside += f"-{re.escape(last)}" if first <= last else ""
        else:
            inside += first if len(first) > 1 else re.escape(first)
    if negated:
        return f"[^/{inside}]"
    return f"(?!/)[{inside}]" if inside else "(?!)"
