"""Hits to findings: places, masks, fingerprints, grouping, suppression."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from jupyter_mlsec.core.model import (
    Confidence,
    Document,
    Finding,
    Fix,
    Hit,
    Place,
    PlacedEdit,
    PlacedFix,
    Severity,
    Span,
)
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import Rule
from jupyter_mlsec.core.suppress import suppression

DOCS = "https://jupyter-mlsec.readthedocs.io/en/latest/rules/{}.html"
# A key of our own keeps the digests apart from other tools'. It can't hide a weak password from
# somebody who guesses: reports are as confidential as a list of where passwords stand.
_KEY = b"jupyter-mlsec fingerprint 1"
_NEAR = 400  # characters before and behind a place that an excerpt shows at most
_LINE_END = lazy("\n")


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
    texts = _Texts(document, hits)
    return [_finding(texts, group, how) for how, group in _groups(document, hits)]


def mask(value: str) -> str:
    """A credential as reports show it: its first four characters, and none of a short one's."""
    return f"{value[:4] if len(value) >= 20 else ''}••••••••"


class Lines:
    """Where the lines of a text begin, worked out once for all places in it."""

    def __init__(self, text: str) -> None:
        self.starts = [0, *(match.end() for match in _LINE_END.finditer(text))]

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, of a code point's offset."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1


class _Texts:
    """A document's texts with what several findings need of them, and what none may show."""

    def __init__(self, document: Document, hits: Sequence[Placed]) -> None:
        self.document = document
        self.secrets = frozenset(h.hit.secret for h in hits if h.hit.secret)
        self._sizes = {len(secret) for secret in self.secrets}
        self._spans: dict[int, list[Span]] = {}
        for placed in hits:
            if placed.hit.secret:
                self._spans.setdefault(placed.text, []).append(placed.hit.span)
        for spans in self._spans.values():
            spans.sort()
        self._lines: dict[int, Lines] = {}

    def lines(self, number: int) -> Lines:
        if number not in self._lines:
            self._lines[number] = Lines(self.document.texts[number].text)
        return self._lines[number]

    def place(self, number: int, span: Span) -> Place:
        """Where a span of one of the texts stands."""
        text, lines = self.document.texts[number], self.lines(number)
        return Place(
            self.document.path,
            text.part,
            *lines.position(span.start),
            *lines.position(span.end),
            text.cell,
            text.cell_id,
            text.output,
        )

    def hide(self, text: str) -> str:
        """The text with every credential of the document masked."""
        if not self.secrets:
            return text
        if len(self.secrets) <= 64:
            found = frozenset(secret for secret in self.secrets if secret in text)
        else:  # thousands in a saved output: ask for every piece of the text instead
            pieces = (text[i : i + n] for n in self._sizes for i in range(len(text) - n + 1))
            found = self.secrets.intersection(pieces)
        for secret in sorted(found, key=len, reverse=True):
            text = text.replace(secret, mask(secret))
        return text

    def excerpt(self, number: int, span: Span) -> tuple[str, int, int]:
        """The first line of a span with credentials masked, and where the span stands in it.

        Of a line of code that is minified or of data only what is near the span.
        """
        source = self.document.texts[number].text
        start = max(source.rfind("\n", 0, span.start) + 1, span.start - _NEAR)
        stop = source.find("\n", span.start)
        stop = min(len(source) if stop < 0 else stop, span.start + _NEAR)
        before = self._masked(number, start, span.start)
        after = self._masked(number, min(span.end, stop), stop)
        inside = self._masked(number, span.start, min(span.end, stop))
        line = before + inside + after
        if not self.secrets:
            return line, len(before), min(len(before) + max(len(inside), 1), len(line))
        hidden = self.hide(line)
        begin = len(self.hide(before))
        end = begin + max(len(self.hide(inside)), 1)
        return hidden, min(begin, len(hidden)), min(end, len(hidden))

    def _masked(self, number: int, start: int, stop: int) -> str:
        """A part of a text, with a mask in the place of each credential that begins in it."""
        source = self.document.texts[number].text
        spans = self._spans.get(number)
        if spans is None:
            return source[start:stop]
        out: list[str] = []
        at = start
        for span in spans[max(bisect_right(spans, Span(start, 0)) - 1, 0) :]:
            if span.start >= stop:
                break
            if span.end > at:
                out.append(source[at : max(span.start, at)])
                if span.start >= start:
                    out.append(mask(source[span.start : span.end]))
                at = min(span.end, stop)
        return "".join((*out, source[at:stop]))


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


def _finding(texts: _Texts, group: Sequence[Placed], how: tuple[str, str | None] | None) -> Finding:
    rule, number, hit = group[0]
    document = texts.document
    places = [texts.place(p.text, p.hit.span) for p in group]
    places += [texts.place(text, span) for text, span in hit.path]
    excerpt, column, end = texts.excerpt(number, hit.span)
    return Finding(
        rule=rule.id,
        family=rule.family,
        severity=max(severity(p) for p in group),
        confidence=max(confidence(p) for p in group),
        place=places[0],
        message=texts.hide(_message(group)),
        fingerprint=_fingerprint(document, group),
        docs=DOCS.format(rule.id),
        related=tuple(places[1:]),
        kind=hit.kind,
        fix=_placed_fix(texts, group),
        suppressed=how[0] if how else None,
        reason=how[1] if how else None,
        excerpt=excerpt,
        excerpt_column=column,
        excerpt_end=end,
        baseline_hash=None if hit.secret is None else _sha1(hit.secret),
        flow=bool(hit.path),
    )


def severity(placed: Placed) -> Severity:
    """The rule's severity, or the lower one that its check saw fit."""
    lowered = placed.hit.severity
    return placed.rule.severity if lowered is None else min(lowered, placed.rule.severity)


def confidence(placed: Placed) -> Confidence:
    """The rule's confidence, or the lower one that its check saw fit."""
    lowered = placed.hit.confidence
    return placed.rule.confidence if lowered is None else min(lowered, placed.rule.confidence)


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

    A credential's is made of rule, kind and value, any other's of rule and the line's text (or
    the subjects), so that it survives moves, renames and edits of other lines. Who compares
    fingerprints over files takes the path as well.
    """
    from hashlib import blake2b

    rule, number, hit = group[0]
    if hit.secret is not None:
        parts = [rule.id, hit.kind or "", hit.secret]
    else:
        text = document.texts[number].text
        start = text.rfind("\n", 0, hit.span.start) + 1
        line = text[start:].split("\n", 1)[0].strip()
        subjects = sorted({p.hit.subject for p in group if p.hit.subject})
        parts = [rule.id, *(subjects if rule.aggregate else [line])]
    joined = "\0".join(parts).encode("utf-8", "surrogatepass")
    return blake2b(joined, digest_size=8, key=_KEY).hexdigest()


def _sha1(value: str) -> str:
    """detect-secrets' digest of a value, by which its baselines name it."""
    from hashlib import sha1

    return sha1(value.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def _placed_fix(texts: _Texts, group: Sequence[Placed]) -> PlacedFix | None:
    """The fixes of a group as one, by line and column; None where it would show a credential."""
    fixes = [(p.text, p.hit.fix) for p in group if p.hit.fix]
    if not fixes:
        return None
    edits = tuple(e for number, fix in fixes for e in _placed_edits(texts.lines(number), fix))
    if any(texts.hide(edit.text) != edit.text for edit in edits):
        return None
    return PlacedFix(edits, all(fix.safe for _, fix in fixes), fixes[0][1].title)


def _placed_edits(lines: Lines, fix: Fix) -> list[PlacedEdit]:
    return [
        PlacedEdit(*lines.position(e.span.start), *lines.position(e.span.end), e.text, e.cell)
        for e in fix.edits
    ]
