"""Fixes applied: one at a time, each proved, until none is left.

A fix is accepted only if the text still parses where it did before and the finding is gone. The
bytes outside the changed characters stay as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple

from jupyter_mlsec.core.config import named
from jupyter_mlsec.core.editing import apply
from jupyter_mlsec.core.engine import Scanner
from jupyter_mlsec.core.findings import Placed, findings
from jupyter_mlsec.core.model import Document, Edit, Fix, Span, Text
from jupyter_mlsec.core.notebook import read
from jupyter_mlsec.core.view import Context

# More fixes than this in one file are a sign of two fixes that undo each other.
MOST = 2000

MakeContext = Callable[[Document], Context]
Wanted = Callable[[Document, Placed], bool]


class Change(NamedTuple):
    """A source before and after; `cell` is None in a file that is no notebook."""

    cell: int | None
    before: str
    after: str


class Applied(NamedTuple):
    """A fix that was made: rule, cell, and what was done."""

    rule: str
    cell: int | None
    title: str
    safe: bool


class Fixed(NamedTuple):
    """The file after its fixes; `data` is the very same bytes where nothing was to be fixed.

    `secrets` are the credentials that were found, which nobody may print with the changes.
    """

    data: bytes
    changes: tuple[Change, ...]
    applied: tuple[Applied, ...]
    secrets: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        """Without sources and credentials, which must not get into a log or an error."""
        return f"Fixed({len(self.changes)} changes, applied={self.applied})"


def fix_bytes(
    scanner: Scanner,
    data: bytes,
    path: str,
    kind: str = "notebook",
    *,
    unsafe: bool = False,
    ignored: Collection[str] = (),
    context: MakeContext = Context,
) -> Fixed:
    """Apply the fixes of all findings that are shown and not suppressed.

    `unsafe` takes fixes too that change what the code does; `ignored` are names of rules,
    families or kinds to leave alone in this file. `context` makes the context that rules get,
    with the versions to pin to. Raises MlsecError where the file can't be read.
    """

    def wanted(document: Document, placed: Placed) -> bool:
        fix = placed.hit.fix
        if fix is None or placed.rule.id not in scanner.shown or not (fix.safe or unsafe):
            return False
        (found,) = findings(document, [placed])
        shown = scanner.config.shows(found) and not named(ignored, found)
        return shown and found.suppressed is None

    original = read(data, path, kind)
    document, applied = fix_document(scanner, original, wanted, context)
    changes = changes_between(original, document)
    edits = [edit for change in changes for edit in edits_between(change)]
    secrets = (
        frozenset(p.hit.secret for p in scanner.hits(original) if p.hit.secret) if edits else ()
    )
    return Fixed(apply(data, kind, edits), changes, applied, frozenset(secrets))


def fix_document(
    scanner: Scanner, document: Document, wanted: Wanted, context: MakeContext = Context
) -> tuple[Document, tuple[Applied, ...]]:
    """The document with all fixes made that are wanted and hold, and what was done."""
    applied: list[Applied] = []
    refused: set[tuple[str, int, Span, str]] = set()
    while len(applied) < MOST:
        step = _next(scanner, document, context, wanted, refused)
        if step is None:
            break
        document, done = step
        applied.append(done)
    return document, tuple(applied)


def changes_between(before: Document, after: Document) -> tuple[Change, ...]:
    """The texts that differ; both documents have the same ones in the same order."""
    return tuple(
        Change(old.cell, old.text, new.text)
        for old, new in zip(before.texts, after.texts, strict=True)
        if old.text != new.text
    )


def _next(
    scanner: Scanner,
    document: Document,
    context: MakeContext,
    wanted: Wanted,
    refused: set[tuple[str, int, Span, str]],
) -> tuple[Document, Applied] | None:
    """The document after the first fix that holds, and what that was."""
    hits = scanner.hits(document, context(document))
    for placed in hits:
        rule, number, hit = placed
        fix, text = hit.fix, document.texts[number]
        key = (rule.id, number, hit.span, text.text)
        if fix is None or key in refused or not wanted(document, placed):
            continue
        changed = _with_fix(document, number, fix)
        if changed and _holds(scanner, document, changed, hits, number, rule.id, context):
            return changed, Applied(rule.id, text.cell, fix.title, fix.safe)
        refused.add(key)
    return None


def _with_fix(document: Document, number: int, fix: Fix) -> Document | None:
    """The document with a fix made; None where its edits overlap or leave the fix's own text."""
    text = document.texts[number]
    if any(edit.cell != text.cell for edit in fix.edits):
        return None
    new = spliced(text.text, fix.edits)
    if new is None or new == text.text:
        return None
    texts = (*document.texts[:number], text._replace(text=new), *document.texts[number + 1 :])
    return document._replace(texts=texts)


def spliced(text: str, edits: tuple[Edit, ...]) -> str | None:
    """The text with edits made; None where they overlap or reach outside."""
    at = 0
    out: list[str] = []
    for edit in sorted(edits, key=lambda edit: edit.span):
        if edit.span.start < at or not edit.span.start <= edit.span.end <= len(text):
            return None
        out += (text[at : edit.span.start], edit.text)
        at = edit.span.end
    return "".join((*out, text[at:]))


def _holds(
    scanner: Scanner,
    before: Document,
    after: Document,
    hits: list[Placed],
    number: int,
    rule: str,
    context: MakeContext,
) -> bool:
    """Whether the changed text still parses and has a finding of the rule less."""
    old, new = before.texts[number], after.texts[number]
    if old.language == "python" and _parses(old) and not _parses(new):
        return False

    def count(placed: list[Placed]) -> int:
        return sum(p.text == number and p.rule.id == rule for p in placed)

    return count(scanner.hits(after, context(after))) < count(hits)


def _parses(text: Text) -> bool:
    from jupyter_mlsec.core.python import parse

    return not parse(text.text).unparsed


def edits_between(change: Change) -> list[Edit]:
    """The least edits, line by line, that make `after` of `before`."""
    from difflib import SequenceMatcher

    old = change.before.splitlines(keepends=True)
    new = change.after.splitlines(keepends=True)
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line))
    edits = []
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        if j - i == m - k:
            edits += [
                _narrow(starts[i + n], old[i + n], new[k + n], change.cell) for n in range(j - i)
            ]
        else:
            edits.append(_narrow(starts[i], "".join(old[i:j]), "".join(new[k:m]), change.cell))
    return edits


def _narrow(start: int, old: str, new: str, cell: int | None) -> Edit:
    """The edit without what both texts begin and end with."""
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    span = Span(start + head, start + len(old) - tail)
    return Edit(span, new[head : len(new) - tail], cell)
