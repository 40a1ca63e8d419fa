"""Findings that somebody has silenced in the notebook itself: by a comment or a cell tag.

A comment stands on a line of the finding, or alone on the line above it, and gives a reason:

    token = read()  # mlsec: ignore[assigned-credential-literal] a made-up one
    // mlsec: ignore[installs] pinned by the image
    <!-- mlsec: ignore[provider-token:openai-api-key] revoked -->

A name is a rule, a family, or a rule with one kind of credential; without brackets all is
silenced. The tag `mlsec-ignore` silences a cell with its outputs, `mlsec-ignore-RULE` one rule
there. For credentials the allowlist comments of detect-secrets count as well
(`# pragma: allowlist secret`; https://github.com/Yelp/detect-secrets, "Inline allowlisting").

Comments are found by pattern, not by parsing: the same in every language, and a string that says
`# mlsec: ignore` counts. They count in sources and files only: nobody writes outputs by hand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from jupyter_mlsec.core.model import Span, Text
from jupyter_mlsec.core.patterns import lazy

TAG = "mlsec-ignore"

_START = r"(?:#|//|--|;|%|<!--|/\*)[ \t]*mlsec:"
_IGNORE = lazy(
    rf"{_START}[ \t]*ignore(?![\w-])(?P<brackets>\[(?P<names>[^\]\n]*)\])?"
    rf"(?P<reason>(?:(?!{_START})[^\n])*)"
)
_NAME = lazy(r"[^\s,]+")
# where a reason ends: the comment's own end, or another comment behind it
_REASON_END = lazy(r"[ \t]*(?:-->|\*/|[ \t]#[ \t]).*")
_PRAGMA_OPEN = r"(?:#|//|--|;|'|<!--|/\*)[ \t#]*pragma:[ \t]*"
_PRAGMA = lazy(_PRAGMA_OPEN + r"(?:allow|white)list[ -]secret")
_PRAGMA_NEXT = lazy(r"[ \t]*" + _PRAGMA_OPEN + r"(?:allow|white)list[ -]nextline[ -]secret")


class Ignore(NamedTuple):
    """An ignore comment. `names` is None where it silences everything."""

    names: tuple[str, ...] | None
    reason: str | None

    def covers(self, names: Collection[str]) -> bool:
        return self.names is None or any(name in names for name in self.names)


def suppression(
    text: Text, span: Span, rule_id: str, family: str, kind: str | None = None
) -> tuple[str, str | None] | None:
    """How a hit was silenced (`comment` or `tag`) and the reason given, or None if it was not."""
    names = (rule_id, family, f"{rule_id}:{kind}")
    if any(tag == TAG or tag in [f"{TAG}-{name}" for name in names] for tag in text.tags):
        return "tag", None
    if text.part not in ("source", "file"):
        return None
    source = text.text
    if "mlsec:" in source:
        for ignore in _ignores_near(source, span):
            if ignore.covers(names):
                return "comment", ignore.reason
    if family == "secrets" and "pragma:" in source and _is_allowlisted(source, span):
        return "comment", "detect-secrets allowlist"
    return None


def _ignores(source: str, start: int, end: int) -> Iterator[Ignore]:
    for match in _IGNORE.finditer(source, start, end):
        reason = _REASON_END.sub("", match["reason"]).strip(" \t:,-") or None
        if match["brackets"] is None:
            yield Ignore(None, reason)
        else:
            yield Ignore(tuple(_NAME.findall(match["names"])), reason)


def _ignores_near(source: str, span: Span) -> Iterator[Ignore]:
    """Those on the lines of the span, then those alone on the lines right above it."""
    start, end = _lines(source, span)
    yield from _ignores(source, start, end)
    while start > 0:
        above = source.rfind("\n", 0, start - 1) + 1
        match = _IGNORE.match(source, _indented(source, above), start - 1)
        if not match:
            return
        yield from _ignores(source, above, start - 1)
        start = above


def _is_allowlisted(source: str, span: Span) -> bool:
    start, end = _lines(source, span)
    if _PRAGMA.search(source, start, end):
        return True
    above = source.rfind("\n", 0, start - 1) + 1 if start else 0
    return start > 0 and _PRAGMA_NEXT.match(source, above, start) is not None


def _lines(source: str, span: Span) -> tuple[int, int]:
    """Start and end of the lines that a span touches, without the last one's line end."""
    last = max(span.end - 1, span.start)  # a span that ends with its line end stays on that line
    end = source.find("\n", last)
    return source.rfind("\n", 0, span.start) + 1, len(source) if end < 0 else end


def _indented(source: str, start: int) -> int:
    while source[start : start + 1] in (" ", "\t"):
        start += 1
    return start
