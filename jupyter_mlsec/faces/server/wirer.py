"""Findings as the browser wants them: offsets in UTF-16 units, ids of their own."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable

from jupyter_mlsec.core import model
from jupyter_mlsec.core.findings import Lines
from jupyter_mlsec.core.ignoring import Comments
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import Rule
from jupyter_mlsec.wire import Edit, Finding, Fix, Place, RuleInfo

_ASTRAL = lazy("[\U00010000-\U0010ffff]")


class Units:
    """Code points of one text to UTF-16 units."""

    def __init__(self, text: str) -> None:
        found = () if text.isascii() else _ASTRAL.finditer(text)
        self._astral = [match.start() for match in found]
        self._lines = Lines(text)

    def offset(self, at: int) -> int:
        """UTF-16 units before a code point's offset."""
        return at + bisect_left(self._astral, at)

    def point(self, offset: int) -> int:
        """The code point's offset of one in UTF-16 units."""
        return offset - bisect_left([self.offset(at) for at in self._astral], offset)

    def at(self, line: int, column: int) -> int:
        """The code point's offset of a line and column, both from 1."""
        return self._lines.starts[line - 1] + column - 1

    def position(self, at: int) -> tuple[int, int]:
        """Line and column, both from 1, the column in UTF-16 units."""
        line, _ = self._lines.position(at)
        return line, self.offset(at) - self.offset(self._lines.starts[line - 1]) + 1


class Wirer:
    """Findings of one document as the browser wants them."""

    def __init__(self, document: model.Document) -> None:
        self._sources = {
            text.cell: text for text in document.texts if text.part in ("source", "file")
        }
        self._units: dict[int | None, Units] = {}
        self._comments: dict[int | None, Comments] = {}

    def findings(self, found: Iterable[model.Finding]) -> list[Finding]:
        """All of them, in their order."""
        seen: Counter[str] = Counter()
        wired = []
        for finding in found:
            number = seen[finding.fingerprint]
            seen[finding.fingerprint] += 1
            wired.append(self._finding(finding, f"{finding.fingerprint}.{number}"))
        return wired

    def edit(self, cell: int | None, start: int, end: int, text: str) -> Edit:
        """An edit by code points of a source."""
        units, source = self._units_of(cell), self._sources[cell]
        return Edit(cell, source.cell_id, units.offset(start), units.offset(end), text)

    def _finding(self, found: model.Finding, identity: str) -> Finding:
        return Finding(
            id=identity,
            fingerprint=found.fingerprint,
            rule=found.rule,
            family=found.family,
            severity=found.severity.label,  # type: ignore[arg-type]
            confidence=found.confidence.label,  # type: ignore[arg-type]
            message=found.message,
            kind=found.kind,
            docs=found.docs,
            place=self._place(found.place),
            related=[self._place(place) for place in found.related],
            fix=self._fix(found.fix) if found.fix is not None else None,
            suppressed=found.suppressed,
            reason=found.reason,
            ignore_comment=self._ignore(found) if found.suppressed is None else None,
        )

    def _place(self, place: model.Place) -> Place:
        start = end = 0
        line, column = place.line, place.column
        if place.part in ("source", "file"):
            units = self._units_of(place.cell)
            first = units.at(line, column)
            line, column = units.position(first)
            start = units.offset(first)
            end = units.offset(units.at(place.end_line, place.end_column))
        return Place(place.cell, place.cell_id, place.part, place.output, start, end, line, column)

    def _fix(self, fix: model.PlacedFix) -> Fix:
        edits = []
        for edit in fix.edits:
            units = self._units_of(edit.cell)
            start = units.at(edit.line, edit.column)
            edits.append(
                self.edit(edit.cell, start, units.at(edit.end_line, edit.end_column), edit.text)
            )
        return Fix(fix.title, fix.safe, edits)

    def _ignore(self, found: model.Finding) -> Edit | None:
        place = found.place
        if place.part not in ("source", "file"):
            return None
        units = self._units_of(place.cell)
        span = model.Span(
            units.at(place.line, place.column), units.at(place.end_line, place.end_column)
        )
        if place.cell not in self._comments:
            self._comments[place.cell] = Comments(self._sources[place.cell])
        comment = self._comments[place.cell].ignore(span, found.rule)
        if comment is None:
            return None
        return self.edit(place.cell, comment.span.start, comment.span.end, comment.text)

    def _units_of(self, cell: int | None) -> Units:
        if cell not in self._units:
            self._units[cell] = Units(self._sources[cell].text)
        return self._units[cell]


def rule_info(rule: Rule, docs: str) -> RuleInfo:
    """A rule as the settings and the panel list it."""
    return RuleInfo(
        rule.id,
        rule.family,
        rule.summary,
        rule.reason,
        rule.severity.label,  # type: ignore[arg-type]
        rule.confidence.label,  # type: ignore[arg-type]
        docs,
        rule.default and rule.needs is None,
    )
