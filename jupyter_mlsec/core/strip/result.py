"""What stripping gives back, and how it refuses."""

from __future__ import annotations

from jupyter_mlsec.core.errors import MlsecError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    # (number of the cell, part, what): note that something was removed
    Note = Callable[[int | None, str, str], None]


class Unparsable(MlsecError):
    """What is no JSON: with line and column (from 1) and what to do about it."""


class Removed:
    """Something that was removed, or for `Stripped.source` a secret that is named only.

    `cell` counts from 0 over all cells; None for what belongs to the notebook. `part` is `output`,
    `count`, `metadata`, `attachment`, `id` or `source`; `what` says what it was, in words or as a
    rule's id, and never the value.
    """

    __slots__ = ("cell", "part", "what")

    def __init__(self, cell: int | None, part: str, what: str) -> None:
        self.cell = cell
        self.part = part
        self.what = what

    def __repr__(self) -> str:
        return f"Removed({self.cell!r}, {self.part!r}, {self.what!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Removed) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))


class Stripped:
    """`data` is the very same object as was given if nothing was removed."""

    __slots__ = ("_removed", "data", "source")

    def __init__(
        self,
        data: bytes,
        removed: list[Removed] | Callable[[], list[Removed]],
        source: list[Removed],
    ) -> None:
        """`removed` may be what tells, where that takes time and most do not ask (git)."""
        self.data = data
        self._removed = removed
        self.source = source

    @property
    def removed(self) -> list[Removed]:
        if not isinstance(self._removed, list):
            self._removed = self._removed()
        return self._removed
