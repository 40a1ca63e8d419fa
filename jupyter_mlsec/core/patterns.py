"""Regular expressions that are compiled when they are first used.

A start of the command line would otherwise compile some 130 of them, 30 ms of its 120, of which a
scan of a clean notebook needs a handful.
"""

from __future__ import annotations

import re
from typing import Any, cast


class _Lazy:
    """Stands for a compiled pattern: what is asked of it, it compiles, and remembers."""

    def __init__(self, pattern: str | bytes, flags: int) -> None:
        self._source: tuple[Any, int] = (pattern, flags)

    def __getattr__(self, name: str) -> Any:
        # only called for what is not there yet
        if name.startswith("__"):
            raise AttributeError(name)
        value = getattr(re.compile(*self._source), name)
        setattr(self, name, value)
        return value


def lazy(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """Like `re.compile`, later. A mistake in the pattern shows when it is used."""
    return cast("re.Pattern[str]", _Lazy(pattern, flags))


def lazy_bytes(pattern: bytes, flags: int = 0) -> re.Pattern[bytes]:
    """`lazy` for patterns over bytes."""
    return cast("re.Pattern[bytes]", _Lazy(pattern, flags))
