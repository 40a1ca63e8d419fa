"""A file in the middle of a merge: no JSON until somebody resolves the conflict.

git runs the filter on it for `status`, `diff`, `stash` and `add`, and a filter that refuses
breaks all of them. So outputs are removed line by line, on both sides of each conflict.
"""

from __future__ import annotations

from jupyter_mlsec.core.strip.everything import named_as_output
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
    skip: _Dropped | None = None  # what is being dropped
    before: list[_Dropped | None] = []  # what was being dropped where the conflict began
    after: _Dropped | None = None  # and where its first sides ended
    for line in _joined(data, emptied).splitlines(keepends=True):
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
            skip, line = skip.rest(line)
            if skip is not None:
                continue
        new, skip = _line(line, emptied, counts)
        kept.append(new)
    return b"".join(kept)


def _joined(data: bytes, emptied: set[str]) -> bytes:
    """The file with what is to be dropped begun on the line of its key, where it is not."""
    import re

    keys = "|".join(sorted(map(re.escape, emptied))).encode()
    return re.sub(rb'("(?:%s)"\s*:)\s*\n\s*(?=[\[{"])' % keys, rb"\1 ", data)


class _Dropped:
    """A container whose lines are dropped: up to the line with the bracket at its indentation, or
    where nothing is indented up to the bracket that closes it."""

    __slots__ = ("_depth", "_end")

    def __init__(self, indent: bytes, bracket: bytes, depth: int) -> None:
        self._end = indent + bracket if indent else b""
        self._depth = depth

    def rest(self, line: bytes) -> tuple[_Dropped | None, bytes]:
        """What is dropped behind this line, and what stays of the line if that is nothing."""
        if self._end:
            return (None, line) if line.startswith(self._end) else (self, b"")
        left, at = _nesting(line, self._depth)
        return (None, line[at:]) if left == 0 else (_Dropped(b"", b"", left), b"")


def _nesting(line: bytes, depth: int) -> tuple[int, int]:
    """How deep in brackets a line ends that begins at a depth; or 0, and where the bracket stands
    that closes the last. Strings do not go over lines in JSON."""
    quoted = escaped = False
    for at in range(len(line)):
        char = line[at : at + 1]
        if quoted:
            quoted = escaped or char != b'"'
            escaped = char == b"\\" and not escaped
        elif char == b'"':
            quoted = True
        elif char in b"[{":
            depth += 1
        elif char in b"]}":
            depth -= 1
            if depth == 0:
                return 0, at
    return depth, 0


def _marker(line: bytes) -> bytes | None:
    """The character of a conflict marker, if the line is one."""
    if not line.startswith(_MARKERS):
        return None
    rest = line.lstrip(line[:1])
    return line[:1] if not rest.strip() or rest.startswith(b" ") else None


def _line(line: bytes, emptied: set[str], counts: tuple[str, ...]) -> tuple[bytes, _Dropped | None]:
    """A line without what a run left, and what is to be dropped behind it."""
    at = line.find(b'"')
    while at >= 0:
        try:
            key, value_at = Reader(line).key(at)
        except (Malformed, IndexError):
            at = line.find(b'"', at + 1)
            continue
        first = line[value_at : value_at + 1]
        empty = _EMPTY.get(first) if key in emptied or named_as_output(key) else None
        if key in counts:
            empty = b"null"
        elif key == "outputs" and first == b'"':
            empty = b'""'
        if empty is None:
            at = line.find(b'"', value_at)
            continue
        try:
            end = Reader(line).value(value_at)[1]
        except (Malformed, IndexError):
            indent = line[: len(line) - len(line.lstrip())]
            depth = max(_nesting(line[value_at:], 0)[0], 1)
            return line[: value_at + 1] + b"\n", _Dropped(indent, empty[-1:], depth)
        line = line[:value_at] + empty + line[end:]
        at = line.find(b'"', value_at + len(empty))
    return line, None
