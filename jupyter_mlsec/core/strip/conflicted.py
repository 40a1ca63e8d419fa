"""A file in the middle of a merge: no JSON until somebody resolves the conflict.

git runs the filter on it for `status`, `diff`, `stash` and `add`, and a filter that refuses
breaks all of them. So outputs are removed line by line, on both sides of each conflict.
"""

from __future__ import annotations

from jupyter_mlsec.core.strip.walk import Malformed, Reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jupyter_mlsec.core.strip.options import Options

# The markers that git writes; longer in nested merges.
_MARKERS = (b"<<<<<<<", b"|||||||", b"=======", b">>>>>>>")
_COUNTS = ("execution_count", "prompt_number")
_EMPTY = {b"[": b"[]", b"{": b"{}"}


def has_conflict_markers(data: bytes) -> bool:
    """Whether lines of the file begin as git marks the two sides of a conflict."""
    return _line_begins(data, b"<<<<<<<") and _line_begins(data, b">>>>>>>")


def _line_begins(data: bytes, marker: bytes) -> bool:
    return data.startswith(marker) or b"\n" + marker in data


def strip_conflicted(data: bytes, options: Options) -> bytes:
    """The file without outputs, execution counts and objects that mode `all` drops, whatever the
    mode: what cannot be parsed cannot be looked through.

    Every conflict marker stays, and so does the rest of the file. Where the two sides disagree on
    whether a line belongs to an output, it is taken for one.
    """
    emptied = {"outputs", "attachments", *options.plan.notebook, *options.plan.cell_metadata}
    counts = () if options.keep_count else _COUNTS
    kept: list[bytes] = []
    skip: bytes | None = None  # how the line begins that ends what is being dropped
    before: list[bytes | None] = []  # what was being dropped where the conflict began
    after: bytes | None = None  # and where its first sides ended
    for line in data.splitlines(keepends=True):
        marker = _marker(line)
        if marker is not None:
            kept.append(line)
            if marker == b"<":
                before.append(skip)
            elif before and marker in b"|=":
                after = after or skip
                skip = before[-1]
            elif before:
                before.pop()
                skip, after = skip or after, None
            continue
        if skip is not None:
            if line.startswith(skip):
                kept.append(line)
                skip = None
            continue
        new, skip = _line(line, emptied, counts)
        kept.append(new)
    return b"".join(kept)


def _marker(line: bytes) -> bytes | None:
    """The character of a conflict marker, if the line is one."""
    if not line.startswith(_MARKERS):
        return None
    rest = line.lstrip(line[:1])
    return line[:1] if not rest.strip() or rest.startswith(b" ") else None


def _line(line: bytes, emptied: set[str], counts: tuple[str, ...]) -> tuple[bytes, bytes | None]:
    """A line without what a run left, and how the line begins up to which all is to be dropped."""
    at = line.find(b'"')
    while at >= 0:
        try:
            key, value_at = Reader(line).key(at)
        except (Malformed, IndexError):
            at = line.find(b'"', at + 1)
            continue
        empty = _EMPTY.get(line[value_at : value_at + 1]) if key in emptied else None
        if key in counts:
            empty = b"null"
        if empty is None:
            at = line.find(b'"', value_at)
            continue
        try:
            end = Reader(line).value(value_at)[1]
        except (Malformed, IndexError):
            indent = line[: len(line) - len(line.lstrip())]
            return line[: value_at + 1] + b"\n", indent + empty[-1:]
        line = line[:value_at] + empty + line[end:]
        at = line.find(b'"', value_at + len(empty))
    return line, None
