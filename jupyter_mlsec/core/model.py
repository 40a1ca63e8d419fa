"""The values that the parts hand to each other.

Everything here is immutable and has no methods with effects. The types are named tuples: a frozen
data class costs three times as much to create, of which a large notebook has tens of thousands,
and 1 ms to define, which each start of the command line would pay (docs/decisions/010-texts.md).
"""

# no `from __future__ import annotations`: it makes named tuples twice as slow to define
from enum import IntEnum
from typing import Literal, NamedTuple

Part = Literal["source", "output", "metadata", "attachment", "file"]


class Severity(IntEnum):
    """How bad it is if the finding is right."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def label(self) -> str:
        return self.name.lower()


class Confidence(IntEnum):
    """How sure we are that the finding is right."""

    LOW = 0
    MEDIUM = 1
    HIGH = 2

    @property
    def label(self) -> str:
        return self.name.lower()


class Span(NamedTuple):
    """A half-open range of code points in one text."""

    start: int
    end: int


class Text(NamedTuple):
    """One text of a document: a cell's source, a textual output, metadata, or a whole file.

    `language` is a lower-case name: `python`, `shell`, `markdown`, `html`, `json`, `text`,
    `requirements`, `conda`, `toml`, `dockerfile`, `dotenv`, `actions`, or a kernel's language.
    `text` is what the rules see: lists joined, ANSI codes and JSON escapes gone. `execution` is
    the execution count of the cell whose source this is, None where it never ran.
    """

    part: Part
    language: str
    text: str
    cell: int | None = None
    cell_id: str | None = None
    output: int | None = None
    mime: str | None = None
    tags: tuple[str, ...] = ()
    execution: int | None = None


class Document(NamedTuple):
    """A notebook or a file, as texts in reading order.

    `kind` is `notebook` or the kind of file (`python`, `requirements`, …); `language` is the
    kernel's language, `python` where a notebook does not say; `kernel` its kernelspec's name.
    """

    path: str
    kind: str
    texts: tuple[Text, ...]
    cells: int = 0
    language: str = "python"
    kernel: str | None = None


class Edit(NamedTuple):
    """Replace `span` by `text`. `cell` is None in a file that is no notebook."""

    span: Span
    text: str
    cell: int | None = None


class Fix(NamedTuple):
    """Edits that remove a finding; `safe` means that the code keeps its meaning."""

    edits: tuple[Edit, ...]
    safe: bool
    title: str


class Hit(NamedTuple):
    """What a check may say. The engine adds rule, severity, place, fingerprint and suppression.

    `subject` is what an aggregating rule lists (a package name). `secret` is the value of a
    credential: the engine turns it into a mask and a fingerprint, and it goes no further.
    `severity` and `confidence` may only lower the rule's own. `path` is the way from here to where
    it matters, for what flows: the number of a text in the document, and the place in it. `text`
    is the number of the text that `span` is in, where that is not the one that was looked at.
    """

    span: Span
    message: str
    fix: Fix | None = None
    kind: str | None = None
    subject: str | None = None
    severity: Severity | None = None
    secret: str | None = None
    confidence: Confidence | None = None
    path: tuple[tuple[int, Span], ...] = ()
    text: int | None = None

    def __repr__(self) -> str:
        """Without the value of the credential, which must not get into a log or an error."""
        return f"Hit({self.span}, {self.message!r}, kind={self.kind!r})"


class Place(NamedTuple):
    """Where something stands. `line` and `column` count from 1 in code points of that text;
    `end_column` is exclusive."""

    path: str
    part: Part
    line: int
    column: int
    end_line: int
    end_column: int
    cell: int | None = None
    cell_id: str | None = None
    output: int | None = None


class PlacedEdit(NamedTuple):
    """An edit as the world sees it, by line and column."""

    line: int
    column: int
    end_line: int
    end_column: int
    text: str
    cell: int | None = None


class PlacedFix(NamedTuple):
    edits: tuple[PlacedEdit, ...]
    safe: bool
    title: str


class Finding(NamedTuple):
    """What the world sees of a hit. Never holds a secret value.

    `excerpt` is the line of the first place, every secret on it masked; `excerpt_column` and
    `excerpt_end` mark the place in it (from 0, exclusive), for the caret of a text report.
    `suppressed` is None or how it was silenced: `comment`, `tag`, `baseline`, `config`.
    `baseline_hash` is detect-secrets' sha1 of the value, for reading and writing its baselines.
    `flow` says that `related` is a path in its order, from `place` to where the value is used.
    """

    rule: str
    family: str
    severity: Severity
    confidence: Confidence
    place: Place
    message: str
    fingerprint: str
    docs: str
    related: tuple[Place, ...] = ()
    kind: str | None = None
    fix: PlacedFix | None = None
    suppressed: str | None = None
    reason: str | None = None
    excerpt: str = ""
    excerpt_column: int = 0
    excerpt_end: int = 0
    baseline_hash: str | None = None
    flow: bool = False


class ScanError(NamedTuple):
    """A file that could not be scanned: one clear line."""

    path: str
    message: str
    line: int | None = None
    column: int | None = None


class ScanResult(NamedTuple):
    """What became of one file."""

    path: str
    findings: tuple[Finding, ...] = ()
    error: ScanError | None = None
    cells: int = 0
    size: int = 0


class Report(NamedTuple):
    """What became of a whole run; `seconds` is wall time."""

    findings: tuple[Finding, ...]
    errors: tuple[ScanError, ...]
    files: int
    cells: int
    seconds: float = 0.0
