"""The messages between the server and its worker processes.

They are framed by their length and packed by msgspec. A reply's `body` is JSON that is handed to
the browser as it is, so that the server's event loop neither makes nor reads it.
"""

from __future__ import annotations

from typing import BinaryIO

from msgspec import Struct, field, msgpack

from jupyter_mlsec.wire import Selection, Settings

_HEADER = 4  # bytes of a message's length


class Where(Struct, frozen=True):
    """Which document, and which settings hold for it.

    `path` is absolute where the document is a local file, else as the contents manager names it.
    `root` is the folder that the contents manager serves, "" where it serves no local files.
    `locked` wins over the project's configuration and the user's `settings`.
    """

    path: str
    root: str = ""
    settings: Settings = field(default_factory=Settings)
    locked: Settings = field(default_factory=Settings)


class Cells(Struct, frozen=True, tag=True):
    """The cells of an open document: numbers in order, and those that the worker may not have.

    `name` is the document's own in the worker's memory. `metadata` and the values of `new` are
    JSON: the notebook's metadata, and `wire.Cell`s.
    """

    name: str
    where: Where
    kind: str
    language: str
    kernel: str | None
    metadata: bytes
    order: list[int]
    new: dict[int, bytes]


class Scan(Struct, frozen=True, tag=True):
    cells: Cells
    request: int


class Fix(Struct, frozen=True, tag=True):
    cells: Cells
    fixes: list[str] | str


class Secret(Struct, frozen=True):
    """A value that is to be moved, where it stands (number of a text, code points) and its kind.
    It goes between server and worker and nowhere else."""

    text: int
    start: int
    end: int
    value: str
    kind: str

    def __repr__(self) -> str:
        return f"Secret({self.text}, {self.start}, {self.end}, kind={self.kind!r})"


class Secrets(Struct, frozen=True, tag=True):
    """Asks for the values of these findings (ids; none: of all in sources), or for what stands in
    a selection. The reply's `data` is a list of `Secret`."""

    cells: Cells
    findings: list[str]
    selection: Selection | None


class Move(Struct, frozen=True, tag=True):
    """Asks for the edits that put references, by value, in the place of these."""

    cells: Cells
    secrets: list[Secret]
    references: dict[str, str]

    def __repr__(self) -> str:
        return f"Move({self.cells.name})"


class File(Struct, frozen=True, tag=True):
    """A saved file; `kind` as `files.source.kind_of` says, `shown` its name in the answer."""

    where: Where
    shown: str
    kind: str
    data: bytes


class Baseline(Struct, frozen=True, tag=True):
    document: Cells | File
    fingerprints: list[str]


class ScanFile(Struct, frozen=True, tag=True):
    file: File


class Excluded(Struct, frozen=True, tag=True):
    """Asks what the configuration leaves out. The reply's `data` is the folder that the globs are
    relative to, and the globs."""

    where: Where


class Strip(Struct, frozen=True, tag=True):
    where: Where
    data: bytes


class Save(Struct, frozen=True, tag=True):
    """A notebook that is about to be saved; `redact` asks for it without what is sensitive in
    its outputs and metadata."""

    where: Where
    data: bytes
    redact: bool


class Facts(Struct, frozen=True, tag=True):
    """Asks for what is known of the rules; answering it warms the worker up."""


class Prepare(Struct, frozen=True, tag=True):
    """Asks to make a scanner for these settings, if there is none yet: a second of work that
    must not count as a document's."""

    where: Where


class Forget(Struct, frozen=True, tag=True):
    """Documents that need not be remembered any more."""

    names: list[str]


Work = (
    Scan
    | Fix
    | Secrets
    | Move
    | Baseline
    | ScanFile
    | Excluded
    | Strip
    | Save
    | Facts
    | Prepare
    | Forget
)


class Reply(Struct, frozen=True):
    """What came of it. `problem` is None, or what the user has to mend.

    `rules` counts findings by rule, of those that are not suppressed; for `Save` those that are
    beyond doubt, after redaction. `data` is for the server alone: the redacted notebook of a
    `Save` (empty where nothing was to be redacted), or what `Secrets`, `Move` and `Excluded` ask
    for; it may hold values. For `Facts`, `count` is the number of rules, else of cells.
    """

    body: bytes = b""
    problem: str | None = None
    rules: dict[str, int] = {}
    count: int = 0
    data: bytes = b""
    hyperscan: bool = False

    def __repr__(self) -> str:
        return f"Reply(problem={self.problem!r}, count={self.count})"


def send(stream: BinaryIO, message: Work | Reply) -> None:
    """Write one message. Raises OSError where nobody reads."""
    packed = msgpack.encode(message)
    stream.write(len(packed).to_bytes(_HEADER, "big"))
    stream.write(packed)
    stream.flush()


def receive(stream: BinaryIO) -> bytes:
    """The next message as it is packed. Raises EOFError where none comes."""
    header = stream.read(_HEADER)
    if len(header) < _HEADER:
        raise EOFError
    size = int.from_bytes(header, "big")
    packed = stream.read(size)
    if len(packed) < size:
        raise EOFError
    return packed
