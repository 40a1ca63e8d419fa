"""Leases kept alive: each is renewed at two thirds of its time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

Renew = Callable[[], int]  # gives the seconds from now on; 0 for no more
_PART = 2 / 3
_SOONEST = 1.0  # seconds between two renewals, however short a lease is


@dataclass
class _Kept:
    renew: Renew
    due: float


class Keeper:
    """One thread for all leases of a client; there is none as long as nothing is kept.

    It holds no values. A lease whose renewal fails is let go: the next use of it fails, and says
    so then.
    """

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._ended = False

    def __contains__(self, name: str) -> bool:
        return name in self._kept

    def names(self) -> list[str]:
        with self._changed:
            return list(self._kept)

    def keep(self, name: str, seconds: int, renew: Renew) -> None:
        """Renew what lasts for `seconds` from now, until it is forgotten."""
        with self._changed:
            self._kept[name] = _Kept(renew, time.monotonic() + _wait(seconds))
            if self._thread is None or not self._thread.is_alive():
                self._ended = False
                self._thread = threading.Thread(target=self._run, name="mlsec-leases", daemon=True)
                self._thread.start()
            self._changed.notify()

    def forget(self, name: str) -> None:
        with self._changed:
            self._kept.pop(name, None)
            self._changed.notify()

    def close(self) -> None:
        """Forget all, and end the thread."""
        with self._changed:
            self._kept.clear()
            self._ended = True
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._ended:
                    return
                name, due = self._next()
                wait = None if due is None else due - time.monotonic()
                if name is None or wait is None or wait > 0:
                    self._changed.wait(wait)
                    continue
                kept = self._kept[name]
            seconds = _renewed(kept.renew)  # without the lock: it takes as long as the server
            with self._changed:
                if self._kept.get(name) is kept:
                    if seconds > 0:
                        kept.due = time.monotonic() + _wait(seconds)
                    else:
                        del self._kept[name]

    def _next(self) -> tuple[str | None, float | None]:
        if not self._kept:
            return None, None
        name = min(self._kept, key=lambda one: self._kept[one].due)
        return name, self._kept[name].due


def _wait(seconds: int) -> float:
    return max(seconds * _PART, _SOONEST)


def _renewed(renew: Renew) -> int:
    try:
        return renew()
    except Exception:  # a thread's traceback would print what the client's frames hold
        return 0
