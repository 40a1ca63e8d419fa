"""What hides in metadata: keys to drop, and outputs nested in anything."""

from __future__ import annotations

from jupyter_mlsec.core.strip.edits import Cuts, Edits
from jupyter_mlsec.core.strip.walk import SPACE, Deep, Reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from jupyter_mlsec.core.strip.walk import Item

_EMPTY = {0x5B: b"[]", 0x7B: b"{}", 0x22: b'""'}


def strip_metadata(
    reader: Reader,
    at: int,
    edits: Edits,
    *,
    dropped: tuple[str, ...],
    kept: tuple[str, ...],
    note: Callable[[str], None],
    members: list[Item] | None = None,
) -> None:
    """Drop members of the object that begins at `at`, and empty the outputs nested in others.

    `dropped` and `kept` are keys, or paths of keys with dots: `a.b` is b in a, or the key `a.b`.
    `members` are the object's, where they are known.
    """
    if reader.data[at] != 0x7B:
        empty_outputs(reader, at, edits)
        return
    cuts = Cuts(edits, at)
    end = at
    members = reader.members(at) if members is None else members
    for member in members:
        end = member.end
        key = member.key
        if key in kept:
            cuts.keep(member.start, end)
        elif key in dropped:
            cuts.drop(member.start, end)
            note(key)
        else:
            cuts.keep(member.start, end)
            inner = _below(key, dropped)
            if inner and reader.data[member.at] == 0x7B:
                below = _below(key, kept)
                strip_metadata(reader, member.at, edits, dropped=inner, kept=below, note=note)
            elif key == "outputs":
                empty(reader, member.at, member.end, edits, note)
            elif member.value is Deep or has_outputs(member.value):
                empty_outputs(reader, member.at, edits, note)
    cuts.close(reader.close(end) if members else end)


def _below(key: str, paths: tuple[str, ...]) -> tuple[str, ...]:
    start = key + "."
    return tuple(path[len(start) :] for path in paths if path.startswith(start))


def is_dirty(value: Any, heads: frozenset[str]) -> bool:
    """Whether metadata may hold something to strip: one of these keys, or outputs in another."""
    if type(value) is not tuple:
        return has_outputs(value)
    for key, held in value:
        if key in heads or (key == "outputs" and held):
            return True
        if held and type(held) is not str and has_outputs(held):
            return True
    return False


def has_outputs(value: Any) -> bool:
    """Whether a value holds a key `outputs`, at any depth, with something in it."""
    if value is Deep:
        return True
    if type(value) is not tuple and type(value) is not list:
        return False
    stack = [value]
    while stack:
        item = stack.pop()
        if type(item) is tuple:
            for key, held in item:
                if key == "outputs" and held and held is not True:
                    return True
                if held and (type(held) is tuple or type(held) is list):
                    stack.append(held)
        else:
            stack += [held for held in item if type(held) is tuple or type(held) is list]
    return False


def empty_outputs(
    reader: Reader, at: int, edits: Edits, note: Callable[[str], None] | None = None
) -> int:
    """Empty the value of each key `outputs` in the value that begins here; where it ends."""

    def visit(key: str, start: int) -> int | None:
        if key != "outputs":
            return None
        end = reader.value(start)[1]
        empty(reader, start, end, edits, note)
        return end

    return reader.each_key(at, visit)


def empty(
    reader: Reader, start: int, end: int, edits: Edits, note: Callable[[str], None] | None
) -> None:
    """Empty a container or a string; numbers and flags are no outputs."""
    new = _EMPTY.get(reader.data[start])
    inside = reader.data[start + 1 : end - 1]
    if new is None or not inside or (new != b'""' and not inside.strip(SPACE)):
        return
    edits.append((start, end, new))
    if note:
        note("outputs")
