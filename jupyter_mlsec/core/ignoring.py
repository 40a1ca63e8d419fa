"""Where a comment that silences a finding can be written, and how (`core.suppress` reads it)."""

from __future__ import annotations

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
_CELL_MAGIC = lazy(r"\s*%%(!|\w+)")
_BODIES = {
    **dict.fromkeys(("!", "bash", "sh", "script", "sx", "system"), "shell"),
    **dict.fromkeys(("html", "HTML", "markdown"), "markdown"),
    **dict.fromkeys(("javascript", "js"), "javascript"),
    "sql": "sql",
}


def ignore_edit(text: Text, span: Span, rule: str) -> Edit | None:
    """The insertion of a comment that silences a rule's finding at a span of a source or file.

    Its text says `{reason}` where the reason belongs. None where no comment can be written, as
    within a string of several lines.
    """
    source = text.text
    language = _language(text)
    if language is None:
        return None
    begin, end = _STYLES.get(language, _HASH)
    comment = f"{begin}mlsec: ignore[{rule}] {REASON}{end}"
    allowed = _allowed(source, language)
    first = source.rfind("\n", 0, span.start) + 1
    line_end = _line_end(source, span.start)
    if language not in _OWN_LINE and not _owns_its_line(source, first, language):
        for at in dict.fromkeys((line_end, _line_end(source, max(span.end - 1, span.start)))):
            if at in allowed:
                return Edit(Span(at, at), f"  {comment}", text.cell)
    if source.startswith("%%", first) or not (first == 0 or first - 1 in allowed):
        return None
    indent = source[first : len(source) - len(source[first:].lstrip(" \t"))]
    return Edit(Span(first, first), f"{indent}{comment}\n", text.cell)


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
