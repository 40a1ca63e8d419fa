"""What a worker process does with its messages. It keeps what makes the next answer quick."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection, Sequence
from functools import singledispatchmethod

from msgspec import Raw, Struct, json, msgpack

from jupyter_mlsec.core.config import named
from jupyter_mlsec.core.engine import Scanner
from jupyter_mlsec.core.findings import DOCS, Placed, findings
from jupyter_mlsec.core.fixes import changes_between, edits_between, fix_document
from jupyter_mlsec.core.model import Confidence, Document, Finding, Place, Text
from jupyter_mlsec.core.notebook import read
from jupyter_mlsec.faces.server import moves, project, work
from jupyter_mlsec.faces.server.memory import Memory
from jupyter_mlsec.faces.server.wirer import Wirer, rule_info
from jupyter_mlsec.files.source import kind_of
from jupyter_mlsec.wire import (
    NOTHING,
    BaselineResponse,
    Cell,
    FixResponse,
    PathFindings,
    Removed,
    ScanResponse,
    StripResponse,
)

_decode_cell = json.Decoder(Cell).decode


class _Notebook(Struct):
    """A notebook with one cell, or none, to be read as any other."""

    cells: list[_NotebookCell]
    metadata: Raw


class _NotebookCell(Struct, omit_defaults=True):
    cell_type: str
    id: str
    source: str
    outputs: Raw = NOTHING
    metadata: Raw = NOTHING
    attachments: Raw = NOTHING


class Answers:
    """Answers messages, one after the other."""

    def __init__(self) -> None:
        self._memory = Memory()
        self._texts: dict[str, dict[int, tuple[Text, ...]]] = {}

    def __call__(self, message: work.Work) -> work.Reply:
        """The reply. Raises MlsecError for what the user has to mend."""
        return self._answer(message)

    @singledispatchmethod
    def _answer(self, message: work.Work) -> work.Reply:
        raise TypeError(type(message).__name__)

    @_answer.register
    def _(self, message: work.Forget) -> work.Reply:
        for name in message.names:
            self._texts.pop(name, None)
        return work.Reply()

    @_answer.register
    def _(self, message: work.Facts) -> work.Reply:
        scanner = self._memory.scanner(project.configuration(work.Where("")))
        for rule in scanner.rules:  # imports what rules import when they are needed
            for example in rule.examples:
                scanner.scan_cell(example.code, example.language)
        rules = [rule_info(rule, DOCS.format(rule.id)) for rule in scanner.rules]
        return work.Reply(json.encode(rules), count=len(rules), hyperscan=_has_hyperscan())

    @_answer.register
    def _(self, message: work.Prepare) -> work.Reply:
        scanner = self._memory.scanner(project.configuration(message.where))
        scanner.scan_cell("import numpy")
        return work.Reply()

    @_answer.register
    def _(self, message: work.Scan) -> work.Reply:
        document = self._document(message.cells)
        found = self._scan(document, message.cells.where)
        wired = Wirer(document).findings(found)
        body = json.encode(ScanResponse(message.request, wired))
        return work.Reply(body, rules=_counts(found), count=len(message.cells.order))

    @_answer.register
    def _(self, message: work.ScanFile) -> work.Reply:
        file = message.file
        document = read(file.data, file.where.path, file.kind)
        found = self._scan(document, file.where)
        body = json.encode(PathFindings(file.shown, Wirer(document).findings(found)))
        return work.Reply(body, rules=_counts(found), count=document.cells)

    @_answer.register
    def _(self, message: work.Fix) -> work.Reply:
        document, where = self._document(message.cells), message.cells.where
        scanner = self._memory.scanner(project.configuration(where))
        hits = scanner.hits(document, self._memory.context(document))
        chosen = _Chosen(message.fixes, document, scanner, self._scan(document, where), hits)
        fixed, applied = fix_document(scanner, document, chosen, self._memory.context)
        wirer = Wirer(document)
        edits = [
            wirer.edit(edit.cell, edit.span.start, edit.span.end, edit.text)
            for change in changes_between(document, fixed)
            for edit in edits_between(change)
        ]
        remaining = Wirer(fixed).findings(self._scan(fixed, where))
        rules = Counter(done.rule for done in applied)
        body = json.encode(FixResponse(edits, remaining, len(applied)))
        return work.Reply(body, rules=dict(rules))

    @_answer.register
    def _(self, message: work.Secrets) -> work.Reply:
        document, where = self._document(message.cells), message.cells.where
        scanner = self._memory.scanner(project.configuration(where))
        return moves.secrets(scanner, document, self._scan(document, where), message)

    @_answer.register
    def _(self, message: work.Move) -> work.Reply:
        return moves.written(self._document(message.cells), message)

    @_answer.register
    def _(self, message: work.Baseline) -> work.Reply:
        about = message.document
        where = about.where
        if isinstance(about, work.File):
            document = read(about.data, where.path, about.kind)
        else:
            document = self._document(about)
        found = self._scan(document, where)
        chosen = [f for f in found if f.fingerprint in message.fingerprints]
        path, added = project.add_to_baseline(where, chosen)
        return work.Reply(json.encode(BaselineResponse(path, added)), rules=_counts(chosen))

    @_answer.register
    def _(self, message: work.Excluded) -> work.Reply:
        config = project.configuration(message.where)
        return work.Reply(data=msgpack.encode((config.root, config.exclude)))

    @_answer.register
    def _(self, message: work.Strip) -> work.Reply:
        done = project.strip(message.where, message.data)
        removed = [Removed(r.cell, r.part, r.what) for r in done.removed]
        before, after = (data.decode("utf-8", "replace") for data in (message.data, done.data))
        return work.Reply(json.encode(StripResponse(before, after, removed)))

    @_answer.register
    def _(self, message: work.Save) -> work.Reply:
        document = read(message.data, message.where.path)
        found = self._scan(document, message.where)
        certain = [f for f in found if _is_certain(f)]
        data = b""
        if message.redact and any(f.place.part != "source" for f in certain):
            data = project.redacted(message.where, message.data)
            document = read(data, message.where.path)
            left = self._scan(document, message.where)
            certain = [f for f in left if _is_certain(f)]
        return work.Reply(rules=_counts(certain), data=data)

    def _scan(self, document: Document, where: work.Where) -> tuple[Finding, ...]:
        config = project.configuration(where)
        scanner = self._memory.scanner(config)
        context = self._memory.context(document)
        found = scanner.scan(document, context)
        context.forget()
        silenced = project.silenced(config, where)
        locked = frozenset(where.locked.select or ())
        if silenced:
            found = tuple(
                f._replace(suppressed="config")
                if f.suppressed is None and f.rule not in locked and named(silenced, f)
                else f
                for f in found
            )
        return project.baselined(config, found)

    def _document(self, cells: work.Cells) -> Document:
        """The document as it stands now, of what is known and what is new."""
        path = cells.where.path
        if cells.kind != "notebook":
            (data,) = cells.new.values()
            source = _decode_cell(data).source or ""
            kind = kind_of(path) or cells.language
            return read(source.encode("utf-8", "surrogatepass"), path, kind)
        about = cells.metadata or json.encode({"language_info": {"name": cells.language}})
        whole = _read_cells((), about, path)
        known = self._texts.setdefault(cells.name, {})
        for number, data in cells.new.items():
            cell = _decode_cell(data)
            texts = _read_cells((cell,), _about(whole.language), path).texts
            known[number] = tuple(text for text in texts if text.cell is not None)
        self._texts[cells.name] = {number: known[number] for number in cells.order}
        placed: list[Text] = []
        for index, number in enumerate(cells.order):
            placed += [t if t.cell == index else t._replace(cell=index) for t in known[number]]
        return whole._replace(
            texts=(*placed, *whole.texts),
            cells=len(cells.order),
            kernel=cells.kernel or whole.kernel,
        )


def _about(language: str) -> bytes:
    return json.encode({"language_info": {"name": language}})


def _read_cells(cells: Sequence[Cell], metadata: bytes, path: str) -> Document:
    listed = [
        _NotebookCell(c.type, c.id, c.source or "", c.outputs, c.metadata, c.attachments)
        for c in cells
    ]
    return read(json.encode(_Notebook(listed, Raw(metadata))), path)


class _Chosen:
    """Says of a hit whether its fix is wanted: those of the findings chosen, of a rule, or all
    that are safe. Hits of one rule on equal lines of a cell are fixed together."""

    def __init__(
        self,
        fixes: list[str] | str,
        document: Document,
        scanner: Scanner,
        found: Collection[Finding],
        hits: Collection[Placed],
    ) -> None:
        self._safe_only = fixes == "safe"
        self._shown = scanner.shown
        wired = Wirer(document).findings(found)
        live = [
            finding
            for finding, told in zip(found, wired, strict=True)
            if finding.suppressed is None
            and (self._safe_only or finding.rule == fixes or told.id in fixes)
        ]
        places: set[tuple[str, Place]] = {
            (f.rule, place) for f in live for place in (f.place, *f.related)
        }
        self._keys = {
            _key(document, placed)
            for placed in hits
            if placed.hit.fix is not None
            and (placed.rule.id, findings(document, [placed])[0].place) in places
        }

    def __call__(self, document: Document, placed: Placed) -> bool:
        fix = placed.hit.fix
        if fix is None or placed.rule.id not in self._shown:
            return False
        if self._safe_only and not fix.safe:
            return False
        return _key(document, placed) in self._keys


def _key(document: Document, placed: Placed) -> tuple[str, int, str]:
    """What names a hit while other lines change."""
    return placed.rule.id, placed.text, findings(document, [placed])[0].fingerprint


def _has_hyperscan() -> bool:
    """Whether it did the work just now (see `files.database`)."""
    return "hyperscan" in sys.modules


def _counts(found: Collection[Finding]) -> dict[str, int]:
    return dict(Counter(f.rule for f in found if f.suppressed is None))


def _is_certain(finding: Finding) -> bool:
    """Whether a save is to be stopped for it: a live credential beyond doubt."""
    return (
        finding.family == "secrets"
        and finding.confidence >= Confidence.HIGH
        and finding.suppressed is None
    )
