"""The scan: bytes in, findings out.

One parse, one multi-pattern pass, exact checks only where something can match. Every face calls
`Scanner`; it knows nothing of files, processes or browsers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from jupyter_mlsec.core.config import Config
from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.findings import Placed, findings, severity
from jupyter_mlsec.core.model import Document, Finding, Hit, ScanError, ScanResult, Text
from jupyter_mlsec.core.notebook import read
from jupyter_mlsec.core.prefilter import Marks, Prefilter, re_matcher
from jupyter_mlsec.core.renames import HINTS as RENAMES
from jupyter_mlsec.core.renames import RENAMED, renamed, uses
from jupyter_mlsec.core.rule import UNHINTED, Hint, Rule
from jupyter_mlsec.core.spans import Taken
from jupyter_mlsec.core.view import Context, View

if TYPE_CHECKING:
    from jupyter_mlsec.core.advisories import Advisory


class Scanner:
    """Rules made ready to scan many documents.

    `rules` are all that exist, in order of precedence, or a function that gives them: it is
    called when the first hint matches, so that what is clean costs no import of the rules.
    `config` says which of them run and what is shown. The rules about credentials always run,
    whatever is selected, since their values must be masked in the lines that other findings
    show. `prefilter` is one for the hints of these rules, and perhaps of more; without it the
    standard library's slower one is used. `advisories` gives what is known about a package, by its
    canonical name.
    """

    def __init__(
        self,
        rules: Sequence[Rule] | Callable[[], Sequence[Rule]],
        config: Config | None = None,
        prefilter: Prefilter | None = None,
        advisories: Callable[[str], tuple[Advisory, ...]] | None = None,
    ) -> None:
        self.config = config or Config()
        self._advisories = advisories
        self._given = rules
        self._prefilter = prefilter or prefilter_by_re(running(self.rules, self.config))
        self._wanted: Collection[str] | None = None  # tags; not known before the rules are
        self._selected: dict[tuple[str, ...], tuple[Rule, ...]] = {}

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """All rules, in order of precedence."""
        return tuple(self._given() if callable(self._given) else self._given)

    @cached_property
    def shown(self) -> frozenset[str]:
        """The ids of the rules whose findings are wanted."""
        return frozenset(rule.id for rule in self.config.enabled(self.rules))

    @cached_property
    def _rank(self) -> dict[str, int]:
        return {rule.id: number for number, rule in enumerate(self.rules)}

    @cached_property
    def _by_tag(self) -> dict[str, list[Rule]]:
        by_tag: dict[str, list[Rule]] = {RENAMED: []}
        for rule in running(self.rules, self.config):
            for tag in rule.tags:
                by_tag.setdefault(tag, []).append(rule)
        return by_tag

    @cached_property
    def _unhinted(self) -> dict[str, list[Rule]]:
        unhinted: dict[str, list[Rule]] = {}
        for rule in running(self.rules, self.config):
            for language in UNHINTED.intersection(rule.languages):
                unhinted.setdefault(language, []).append(rule)
        return unhinted

    def scan_bytes(self, data: bytes, path: str, kind: str = "notebook") -> ScanResult:
        """What is found in one file; an unreadable one gives a result with an error."""
        try:
            document = read(data, path, kind)
        except MlsecError as error:
            return ScanResult(path, error=scan_error(path, error), size=len(data))
        return ScanResult(path, self.scan(document), None, document.cells, len(data))

    def scan(self, document: Document, context: Context | None = None) -> tuple[Finding, ...]:
        """The findings of a document, suppressed ones included, in reading order."""
        hits = self._worth_a_finding(self.hits(document, context))
        if not hits:
            return ()
        found = findings(document, hits)
        return tuple(f for f in found if f.rule in self.shown and self.config.shows(f))

    def _worth_a_finding(self, hits: list[Placed]) -> list[Placed]:
        """The hits of rules of which one may be shown, and all about credentials, which mask what
        others show: most hits of low severity are seen by nobody, and are not made findings."""
        may_show = self.config.may_show
        shown = {p.rule.id for p in hits if may_show(p.rule, severity(p), p.hit.kind)}
        return [p for p in hits if p.rule.id in shown or p.hit.secret is not None]

    def scan_cell(self, source: str, language: str = "python") -> tuple[Finding, ...]:
        """The findings of one changed cell, for where somebody types."""
        text = Text("source", language, source, 0)
        return self.scan(Document("", "notebook", (text,), 1, language))

    def hits(self, document: Document, context: Context | None = None) -> list[Placed]:
        """Every hit in a document, one per credential and place, in reading order."""
        marks, names = self._marks(document.texts)
        for number, text in enumerate(document.texts if document.kind != "notebook" else ()):
            if text.language in UNHINTED and text.language in self._unhinted:
                marks.setdefault(number, {})
        if not marks:
            return []
        self._wanted = self._by_tag
        own = context is None
        context = context or Context(document)
        context.marks = marks
        context.renamed = names
        context.data_checks = frozenset(self.config.data_checks)
        context.least = self.config.least
        if self._advisories is not None:
            context.advisories = self._advisories
        placed: list[Placed] = []
        for number, found in marks.items():
            text = document.texts[number]
            view = View(text, context, found)
            hits = [(rule, hit) for rule in self._select(text, found) for hit in rule.check(view)]
            if hits:
                placed += [
                    Placed(rule, number if hit.text is None else hit.text, hit)
                    for rule, hit in _distinct(hits)
                ]
        if own:
            context.forget()
        if any(p.hit.text is not None for p in placed):
            placed.sort(key=lambda p: (p.text, p.hit.span))
        return placed

    def _marks(self, texts: Sequence[Text]) -> tuple[dict[int, Marks], dict[str, str]]:
        """Where hints match, in what is written or in what it stands for (`core.renames`), and
        what the document imports under another name."""
        marks = self._prefilter.marks(texts, self._wanted)
        importing = [number for number, tags in marks.items() if tags.pop(RENAMED, None)]
        if not importing:
            return marks, {}
        for number in importing:
            if not marks[number]:
                del marks[number]
        names = renamed([texts[number] for number in importing])
        used = [*uses(texts, names)]
        written = [texts[number]._replace(text=line) for number, _, line in used]
        for at, tags in self._prefilter.marks(written, self._wanted).items():
            number, line, _ = used[at]
            known = marks.setdefault(number, {})
            for tag in tags:
                known[tag] = tuple(sorted({*known.get(tag, ()), line}))
        return dict(sorted(marks.items())), names

    def _select(self, text: Text, marks: Marks) -> tuple[Rule, ...]:
        """The rules that may find something in a text with these marks, in order of precedence."""
        key = (text.part, text.language, *marks)
        if key not in self._selected:
            rules = [rule for tag in marks for rule in self._by_tag.get(tag, ())]
            if text.part == "file":
                rules += self._unhinted.get(text.language, ())
            self._selected[key] = tuple(
                rule
                for rule in sorted(dict.fromkeys(rules), key=lambda rule: self._rank[rule.id])
                if text.part in rule.parts
                and (not rule.languages or text.language in rule.languages)
            )
        return self._selected[key]


def running(rules: Sequence[Rule], config: Config) -> list[Rule]:
    """The rules that a scan runs: those that are selected, and all about credentials."""
    enabled = {rule.id for rule in config.enabled(rules)}
    return [rule for rule in rules if rule.family == "secrets" or rule.id in enabled]


def unique_hints(rules: Iterable[Rule]) -> list[Hint]:
    """The hints of the rules, each once, and those of renamed imports."""
    return list(dict.fromkeys((*RENAMES, *(hint for rule in rules for hint in rule.hints))))


def prefilter_by_re(rules: Iterable[Rule]) -> Prefilter:
    """The prefilter of the standard library for the hints of these rules."""
    hints = unique_hints(rules)
    return Prefilter([hint.tag for hint in hints], re_matcher(hints))


def scan_error(path: str, error: MlsecError) -> ScanError:
    return ScanError(path, error.full, error.line, error.column)


def scan(
    document: Document, rules: Sequence[Rule], config: Config | None = None
) -> tuple[Finding, ...]:
    """The findings of one document, for callers that scan just one."""
    return Scanner(rules, config).scan(document)


def _distinct(hits: list[tuple[Rule, Hit]]) -> list[tuple[Rule, Hit]]:
    """The hits of one text without those about a credential that an earlier rule has named.

    Hits come in order of precedence: of two credentials that overlap, the first stays, and takes
    over the other's fix if it has none and both mean the same value.
    """
    if all(hit.secret is None for _, hit in hits):
        return sorted(hits, key=lambda pair: pair[1].span)
    kept: list[tuple[Rule, Hit]] = []
    taken = Taken()
    for rule, hit in hits:
        twin = taken.overlapping(hit.span) if hit.secret is not None else None
        if twin is None:
            if hit.secret is not None:
                taken.add(hit.span, len(kept))
            kept.append((rule, hit))
            continue
        named, first = kept[twin]
        if first.fix is None and first.secret == hit.secret:
            kept[twin] = named, first._replace(fix=hit.fix)
    kept.sort(key=lambda pair: pair[1].span)
    return kept
