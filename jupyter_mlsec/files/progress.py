"""A progress bar for a terminal."""

from __future__ import annotations

import sys
import time
from typing import TextIO

_WIDTH = 30
_DELAY = 0.5  # seconds: what ends sooner needs no bar
_INTERVAL = 0.1


class ProgressBar:
    """A bar on standard error, drawn only on a terminal and only if the work takes long.

    Call it with how much is done; as a context manager it wipes the bar at the end, whatever
    happened.
    """

    def __init__(self, stream: TextIO | None = None, delay: float = _DELAY) -> None:
        self._stream = sys.stderr if stream is None else stream
        # detached processes have no standard error at all
        self._active = self._stream is not None and self._stream.isatty()
        self._due = time.monotonic() + delay
        self._drawn = 0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if not self._active or now < self._due:
            return
        self._due = now + _INTERVAL
        filled = _WIDTH * done // max(total, 1)
        text = f"[{'#' * filled}{'-' * (_WIDTH - filled)}] {done:,} of {total:,} files"
        self._write("\r" + text.ljust(self._drawn))
        self._drawn = len(text)

    def close(self) -> None:
        """Wipe the bar."""
        if self._drawn:
            self._write("\r" + " " * self._drawn + "\r")
            self._drawn = 0

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # the terminal is gone
            self._active = False
