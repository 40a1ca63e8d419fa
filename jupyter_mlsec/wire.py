"""The JSON that crosses to the browser: its types. `faces.server.wirer` makes findings into them.

`labextension/src/wire.ts` is generated from these types (`make gen`). Keys are in camelCase.
Offsets count UTF-16 units, as JavaScript's strings do, in a source whose line ends are \\n; lines
and columns count from 1, columns in UTF-16 units too. `Raw` is JSON that is handed on as it is.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Raw, Struct, field

SeverityName = Literal["info", "low", "medium", "high", "critical"]
ConfidenceName = Literal["low", "medium", "high"]
ProfileName = Literal["regular", "pedantic", "auditor"]
PartName = Literal["source", "output", "metadata", "attachment", "file"]
CellType = Literal["code", "markdown", "raw"]
DocumentKind = Literal["notebook", "file"]
SavePolicy = Literal["off", "warn", "redact", "refuse"]
GrantDefault = Literal["allow", "ask", "forbid"]

NOTHING = Raw()  # JSON that is not there


class Wire(Struct, rename="camel"):
    """What all types share."""


# What the browser sends


class Settings(Wire, forbid_unknown_fields=True):
    """What the user has set; null means as the project's configuration says."""

    select: list[str] | None = None
    ignore: list[str] | None = None
    profile: ProfileName | None = None
    min_severity: SeverityName | None = None


class Cell(Wire, omit_defaults=True):
    """A cell. With `hash` and without `source` it means the cell as it was sent before with that
    hash; the hash is the client's own and only compared. `outputs`, `metadata` and `attachments`
    are nbformat's."""

    id: str
    type: CellType = "code"
    source: str | None = None
    hash: str | None = None
    outputs: Raw = NOTHING
    metadata: Raw = NOTHING
    attachments: Raw = NOTHING


class ScanRequest(Wire):
    """A document as its editor holds it. A file is one cell of any id.

    `language` is the kernel's, `kernel` its kernelspec's name, `metadata` the notebook's.
    `client` is a random id of the window, which keeps two windows on one document apart. A
    request takes the place of those that still wait of the same client and path (status 410).
    """

    path: str
    cells: list[Cell]
    kind: DocumentKind = "notebook"
    language: str = "python"
    kernel: str | None = None
    metadata: Raw = NOTHING
    settings: Settings = field(default_factory=Settings)
    request: int = 0
    client: str = ""


class FixRequest(ScanRequest):
    """`fixes` are ids of findings, the id of a rule, or `safe` for every fix that is safe."""

    fixes: list[str] | str = "safe"


class Selection(Wire):
    """A stretch of a cell's source, in UTF-16 units."""

    cell: int
    start: int
    end: int


class MoveRequest(ScanRequest):
    """Credentials to be moved to a store: those of these findings, or what is selected, or all in
    sources. `folder` is where in the store; `purge` removes copies in checkpoints and histories
    too."""

    findings: list[str] = []
    selection: Selection | None = None
    folder: str = "kv/notebooks"
    purge: bool = False


class BaselineRequest(ScanRequest):
    """`fingerprints` are those of the findings to put into the baseline."""

    fingerprints: list[str] = []


class PathsRequest(Wire):
    """Files and folders as the contents manager names them; none means all."""

    paths: list[str] = []
    settings: Settings = field(default_factory=Settings)


class StripRequest(Wire):
    """A saved notebook by its path, or the text of one."""

    path: str = ""
    content: str | None = None


# What the server answers


class Place(Wire):
    """Where something stands. `start` and `end` are offsets in a source or file; in other parts,
    which are drawn and not edited, they are 0 and only lines and columns count."""

    cell: int | None
    cell_id: str | None
    part: PartName
    output: int | None
    start: int
    end: int
    line: int
    column: int


class Edit(Wire):
    """A replacement in a cell's source, or in a file where `cell` is null."""

    cell: int | None
    cell_id: str | None
    start: int
    end: int
    text: str


class Fix(Wire):
    """`safe` means that the code keeps its meaning."""

    title: str
    safe: bool
    edits: list[Edit]


class Finding(Wire):
    """A finding. `id` is its own within the document; equal causes share a `fingerprint`.

    `ignoreComment` silences it: its text says `{reason}` where the user's reason belongs. It is
    null where a comment can't be written; the cell tag `mlsec-ignore-RULE` works there.
    """

    id: str
    fingerprint: str
    rule: str
    family: str
    severity: SeverityName
    confidence: ConfidenceName
    message: str
    kind: str | None
    docs: str
    place: Place
    related: list[Place]
    fix: Fix | None
    suppressed: str | None
    reason: str | None
    ignore_comment: Edit | None


class ScanResponse(Wire):
    request: int
    findings: list[Finding]


class FixResponse(Wire):
    """Edits by offsets in the sources as they were sent, none overlapping, and what is found once
    they are made."""

    edits: list[Edit]
    findings: list[Finding]
    applied: int


class Missing(Wire):
    """Status 409: cells that the server does not have; send them with their sources."""

    missing: list[str]


class Problem(Wire):
    """Any other status from 400 up: what is wrong and what to do about it."""

    message: str


class RuleInfo(Wire):
    id: str
    family: str
    summary: str
    reason: str
    severity: SeverityName
    confidence: ConfidenceName
    docs: str
    default: bool


class Policy(Wire):
    """What the administrator has set. `locked` are settings that a client's own don't change."""

    on_save: SavePolicy
    locked: Settings


class Health(Wire):
    version: str
    rules: int
    hyperscan: bool
    policy: Policy


class Progress(Wire):
    done: int
    total: int
    path: str


class PathFindings(Wire):
    path: str
    findings: list[Finding]


class PathError(Wire):
    path: str
    message: str
    line: int | None = None
    column: int | None = None


class PathsDone(Wire):
    files: int
    cells: int
    findings: int
    errors: int
    seconds: float


class PathsLine(Wire, omit_defaults=True):
    """One line of the answer to a scan of paths: one of these."""

    progress: Progress | None = None
    findings: PathFindings | None = None
    error: PathError | None = None
    done: PathsDone | None = None


class Removed(Wire):
    """What stripping takes away; `what` is in words or a rule's id, never the value."""

    cell: int | None
    part: str
    what: str


class StripResponse(Wire):
    """A notebook's text before and after stripping, for a side-by-side."""

    before: str
    after: str
    removed: list[Removed]


class Moved(Wire):
    """A credential that is in the store now, and how to make it worthless where it was."""

    reference: str
    kind: str
    revoke: str


class Stayed(Wire):
    """A credential that can't be replaced by a reference to the same effect."""

    cell: int | None
    line: int
    kind: str


class Trace(Wire):
    """A copy elsewhere, or where there may be one if not `sure`; `what` says what the file is."""

    what: str
    file: str
    sure: bool
    purged: bool


class MoveResponse(Wire):
    """Values are in the store before this is answered; then the edits are to be made, and the
    outputs of the cells in `cleared` (by index) to be taken away."""

    edits: list[Edit]
    cleared: list[int]
    moved: list[Moved]
    stayed: list[Stayed]
    traces: list[Trace]


class BaselineResponse(Wire):
    """`path` is the baseline's, `added` how many findings are new in it."""

    path: str
    added: int


class AuditEntry(Wire):
    """A line of the audit log: who asked for which secret, and what came of it. No values."""

    time: str
    event: str
    result: str
    who: str | None = None
    host: str | None = None
    notebook: str | None = None
    cell: str | None = None
    reference: str | None = None
    provider: str | None = None
    version: int | None = None


class AuditResponse(Wire):
    entries: list[AuditEntry]


class Grant(Wire, omit_defaults=True):
    """Whether a notebook may have a secret; null where nobody has said so, or to forget it.

    With `kernel`, its id, the answer holds until that kernel ends; without it is remembered.
    """

    notebook: str
    reference: str
    allow: bool | None
    kernel: str = ""


class GrantsResponse(Wire):
    """`waiting` are those that a kernel waits for, with its id, and those that one has asked for
    in vain. `default` is what happens where nothing was said."""

    grants: list[Grant]
    waiting: list[Grant]
    default: GrantDefault


class SecretRequest(Wire):
    """A value to be put into a store. `cas` is the version that has to be there, 0 for none."""

    reference: str
    value: str
    cas: int | None = None


class SecretResponse(Wire):
    reference: str
    version: int


class NamesResponse(Wire):
    """Mounts, paths, and keys behind a `#`; no values."""

    names: list[str]


# What the TypeScript is generated from, in its order.
TYPES: tuple[type[Wire], ...] = (
    *(Settings, Cell, ScanRequest, FixRequest, Selection, MoveRequest, BaselineRequest),
    *(PathsRequest, StripRequest),
    *(Place, Edit, Fix, Finding, ScanResponse, FixResponse, Missing, Problem, RuleInfo, Policy),
    *(Health, Progress, PathFindings, PathError, PathsDone, PathsLine, Removed, StripResponse),
    *(
        Moved,
        Stayed,
        Trace,
        MoveResponse,
        BaselineResponse,
        AuditEntry,
        AuditResponse,
        Grant,
        GrantsResponse,
        SecretRequest,
    ),
    *(SecretResponse, NamesResponse),
)
