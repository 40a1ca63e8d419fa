"""Hits to findings: places, masks, fingerprints, grouping, suppression."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b, sha1
from typing import NamedTuple

from jupyter_mlsec.core.model import (
    Document,
    Finding,
    Fix,
    Hit,
    Place,
    PlacedEdit,
    PlacedFix,
    Severity,
    Span,
    Text,
)
from jupyter_mlsec.core.rule import Rule
from jupyter_mlsec.core.suppress import suppression

DOCS = "https://jupyter-mlsec.readthedocs.io/en/latest/rules/{}.html"
# A key of our own keeps the digests apart from other tools'. It can't hide a weak password from
# somebody who guesses: reports are as confidential as a list of where passwords stand.
_KEY = b"jupyter-mlsec fingerprint 1"


class Placed(NamedTuple):
    """A hit with the rule that made it and the number of its text in the document."""

    rule: Rule
    text: int
    hit: Hit


def findings(document: Document, hits: Sequence[Placed]) -> list[Finding]:
    """The findings for the hits of one document, in reading order, suppressed ones included.

    The same credential in several places is one finding with its places, and so are all hits of
    an aggregating rule. Suppressed hits never hide others of their group.
    """
    values = _Values(document, hits)
    return [_finding(document, group, how, values) for how, group in _groups(document, hits)]


def mask(value: str) -> str:
    """A credential as reports show it: its first four characters, and none of a short one's."""
    return f"{value[:4] if len(value) >= 20 else ''}••••••••"


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column, both from 1, of a code point's offset."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def place(document: Document, text: Text, span: Span) -> Place:
    """Where a span of one of the document's texts stands."""
    return Place(
        document.path,
        text.part,
        *position(text.text, span.start),
        *position(text.text, span.end),
        text.cell,
        text.cell_id,
        text.output,
    )


class _Values:
    """The credentials of a document: what no report may show."""

    def __init__(self, document: Document, hits: Sequence[Placed]) -> None:
        self.document = document
        self.secrets = sorted({h.hit.secret for h in hits if h.hit.secret}, key=len, reverse=True)
        self.spans: dict[int, set[Span]] = {}
        for placed in hits:
            if placed.hit.secret:
                self.spans.setdefault(placed.text, set()).add(placed.hit.span)

    def hide(self, text: str) -> str:
        """The text with every credential of the document masked."""
        for secret in self.secrets:
            text = text.replace(secret, mask(secret))
        return text

    def excerpt(self, number: int, span: Span) -> tuple[str, int, int]:
        """The first line of a span with credentials masked, and where the span stands in it."""
        source = self.document.texts[number].text
        start = source.rfind("\n", 0, span.start) + 1
        stop = source.find("\n", span.start)
        stop = len(source) if stop < 0 else stop
        line = source[start:stop]
        begin, end = span.start - start, min(span.end, stop) - start
        for secret in sorted(self.spans.get(number, ()), reverse=True):
            first, last = max(secret.start, start) - start, min(secret.end, stop) - start
            if first >= last:
                continue
            hidden = mask(source[secret.start : secret.end])
            line = line[:first] + hidden + line[last:]
            grown = len(hidden) - (last - first)
            if first < end:
                end = max(end + grown, first + len(hidden)) if last <= end else first + len(hidden)
            if last <= begin:
                begin += grown
            elif first < begin:
                begin = first
        line = self.hide(line)
        return line, min(begin, len(line)), min(max(end, begin + 1), len(line))


def _groups(
    document: Document, hits: Sequence[Placed]
) -> list[tuple[tuple[str, str | None] | None, list[Placed]]]:
    """How they were silenced (or None), with the hits that make one finding."""
    groups: dict[tuple[object, ...], list[Placed]] = {}
    silenced: dict[tuple[object, ...], tuple[str, str | None] | None] = {}
    for number, placed in enumerate(hits):
        rule, hit = placed.rule, placed.hit
        how = suppression(document.texts[placed.text], hit.span, rule.id, rule.family, hit.kind)
        if hit.secret is not None:
            key: tuple[object, ...] = ("value", hit.secret, how)
        elif rule.aggregate:
            key = ("rule", rule.id, how)
        else:
            key = (number,)
        groups.setdefault(key, []).append(placed)
        silenced[key] = how
    return [(silenced[key], group) for key, group in groups.items()]


def _finding(
    document: Document,
    group: Sequence[Placed],
    how: tuple[str, str | None] | None,
    values: _Values,
) -> Finding:
    rule, number, hit = group[0]
    places = [place(document, document.texts[p.text], p.hit.span) for p in group]
    excerpt, column, end = values.excerpt(number, hit.span)
    return Finding(
        rule=rule.id,
        family=rule.family,
        severity=max(severity(p) for p in group),
        confidence=rule.confidence,
        place=places[0],
        message=values.hide(_message(group)),
        fingerprint=_fingerprint(document, group),
        docs=DOCS.format(rule.id),
        related=tuple(places[1:]),
        kind=hit.kind,
        fix=_placed_fix(document, group, values),
        suppressed=how[0] if how else None,
        reason=how[1] if how else None,
        excerpt=excerpt,
        excerpt_column=column,
        excerpt_end=end,
        baseline_hash=None if hit.secret is None else _sha1(hit.secret),
    )


def severity(placed: Placed) -> Severity:
    """The rule's severity, or the lower one that its check saw fit."""
    lowered = placed.hit.severity
    return placed.rule.severity if lowered is None else min(lowered, placed.rule.severity)


def _message(group: Sequence[Placed]) -> str:
    rule, _, hit = group[0]
    subjects = list(dict.fromkeys(p.hit.subject for p in group if p.hit.subject))
    if rule.aggregate is None or len(subjects) < 2:
        return hit.message
    shown = ", ".join(subjects[:8])
    more = f" and {len(subjects) - 8} more" if len(subjects) > 8 else ""
    return rule.aggregate.format(count=len(subjects), subjects=shown + more)


def _fingerprint(document: Document, group: Sequence[Placed]) -> str:
    """16 hex digits that stay the same while the cause does.

    A credential's is made of rule, kind and value, so that it survives moves and renames; any
    other's of rule, path and the line's text (or the subjects), so that it survives edits of
    other lines.
    """
    rule, number, hit = group[0]
    if hit.secret is not None:
        parts = [rule.id, hit.kind or "", hit.secret]
    else:
        text = document.texts[number].text
        start = text.rfind("\n", 0, hit.span.start) + 1
        line = text[start:].split("\n", 1)[0].strip()
        subjects = sorted({p.hit.subject for p in group if p.hit.subject})
        parts = [rule.id, document.path, *(subjects if rule.aggregate else [line])]
    joined = "\0".join(parts).encode("utf-8", "surrogatepass")
    return blake2b(joined, digest_size=8, key=_KEY).hexdigest()


def _sha1(value: str) -> str:
    """detect-secrets' digest of a value, by which its baselines name it."""
    return sha1(value.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def _placed_fix(document: Document, group: Sequence[Placed], values: _Values) -> PlacedFix | None:
    """The fixes of a group as one, by line and column; None where it would show a credential."""
    fixes = [(p.text, p.hit.fix) for p in group if p.hit.fix]
    if not fixes:
        return None
    edits = tuple(e for number, fix in fixes for e in _placed_edits(document.texts[number], fix))
    if any(secret in edit.text for edit in edits for secret in values.secrets):
        return None
    return PlacedFix(edits, all(fix.safe for _, fix in fixes), fixes[0][1].title)


def _placed_edits(text: Text, fix: Fix) -> list[PlacedEdit]:
    return [
        PlacedEdit(
            *position(text.text, e.span.start), *position(text.text, e.span.end), e.text, e.cell
        )
        for e in fix.edits
    ]
