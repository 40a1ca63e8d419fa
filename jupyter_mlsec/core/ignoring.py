"""Where a comment that silences a finding can be written, and how (`core.suppress` reads it)."""

from __future__ import annotations

from functools import cached_property

from jupyter_mlsec.core.model import Edit, Span, Text
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.python import comment_ends

REASON = "{reason}"  # stands where the user's reason belongs

_MARKUP = ("<!-- ", " -->")
# How a comment begins and ends.
_STYLES = {
    **dict.fromkeys(("markdown", "html"), _MARKUP),
    **dict.fromkeys(
        "c c++ cpp csharp c# fsharp f# go groovy java javascript js kotlin rust scala swift "
        "typescript".split(),
        ("// ", ""),
    ),
    **dict.fromkeys(("haskell", "lua", "sql"), ("-- ", "")),
    **dict.fromkeys(("matlab", "octave"), ("% ", "")),
}
_HASH = ("# ", "")
# Comments there stand on lines of their own: behind a value they belong to it.
_OWN_LINE = frozenset({"dockerfile", "dotenv"})
# Magics whose line goes to a shell, where a comment may end it.
_SHELL_MAGIC = lazy(r"[ \t]*(?:!|(?:[\w., \t]+=[ \t]*)?[!]|%(?:pip|conda|mamba|uv|sx|system)\b)")
_MAGIC = lazy(r"[ \t]*%")
_INDENT = lazy(r"[ \t]*")
_CELL_MAGIC = lazy(r"\s*%%(!|\w+)")
_BODIES = {
    **dict.fromkeys(("!", "bash", "sh", "script", "sx", "system"), "shell"),
    **dict.fromkeys(("html", "HTML", "markdown"), "markdown"),
    **dict.fromkeys(("javascript", "js"), "javascript"),
    "sql": "sql",
}


class Comments:
    """Where comments can stand in a source or file, worked out once for all findings in it."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._language = _language(text)

    @cached_property
    def _ends(self) -> frozenset[int]:
        """The ends of lines behind which a comment may stand."""
        return _allowed(self._text.text, self._language or "")

    def ignore(self, span: Span, rule: str) -> Edit | None:
        """The insertion of a comment that silences a rule's finding at a span.

        Its text says `{reason}` where the reason belongs. None where no comment can be written,
        as within a string of several lines.
        """
        source, language = self._text.text, self._language
        if language is None:
            return None
        begin, end = _STYLES.get(language, _HASH)
        comment = f"{begin}mlsec: ignore[{rule}] {REASON}{end}"
        first = source.rfind("\n", 0, span.start) + 1
        if language not in _OWN_LINE and not _owns_its_line(source, first, language):
            for inside in (span.start, max(span.end - 1, span.start)):
                at = _line_end(source, inside)
                if at in self._ends:
                    return Edit(Span(at, at), f"  {comment}", self._text.cell)
        if source.startswith("%%", first) or not (first == 0 or first - 1 in self._ends):
            return None
        indent = _INDENT.match(source, first)
        before = indent[0] if indent else ""
        return Edit(Span(first, first), f"{before}{comment}\n", self._text.cell)


def _language(text: Text) -> str | None:
    """What the comment is to be written in; None where nobody knows."""
    magic = _CELL_MAGIC.match(text.text) if text.part == "source" else None
    if magic is None or text.language != "python":
        return text.language
    body = _BODIES.get(magic[1])
    if body is None and comment_ends(text.text) is not None:
        return "python"  # %%time and its like
    return body


def _allowed(source: str, language: str) -> frozenset[int]:
    """The ends of lines behind which a comment may stand."""
    if language == "python":
        return comment_ends(source) or frozenset()
    lines = source.split("\n")
    ends, at = set(), -1
    for line in lines:
        at += len(line) + 1
        if not line.endswith("\\") or language in _OWN_LINE:
            ends.add(at)
    return frozenset(ends)


def _line_end(source: str, at: int) -> int:
    end = source.find("\n", at)
    return len(source) if end < 0 else end


def _owns_its_line(source: str, first: int, language: str) -> bool:
    """Whether what stands on this line would swallow a comment: `%env KEY=value`."""
    if language != "python":
        return source.startswith("%%", first)
    return _MAGIC.match(source, first) is not None and not _SHELL_MAGIC.match(source, first)
