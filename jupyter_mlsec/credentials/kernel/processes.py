"""Command lines of child processes, which every user of a machine can read, and written files.

Python's audit events tell of both (PEP 578). A hook can't be taken out again, and may refuse what
is about to happen by raising.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_mlsec.credentials.redactor import Redactor

# The position of the command in the arguments of an event.
_COMMANDS = {
    "subprocess.Popen": 1,
    "os.system": 0,
    "os.exec": 1,
    "os.posix_spawn": 1,
    "os.spawn": 2,
    "pty.spawn": 0,
}
_WRITES = os.O_WRONLY | os.O_RDWR
_MOST_FILES = 1000
_LARGEST = 1 << 26  # bytes of a file that is looked into


def protect(redactor: Redactor, unwatched: str | None = None) -> Watch:
    """Refuse secrets in command lines, and watch which files are written, but for one."""
    watch = Watch(redactor, unwatched)
    sys.addaudithook(watch.hear)
    return watch


class Watch:
    """Hears what this process does."""

    def __init__(self, redactor: Redactor, unwatched: str | None = None) -> None:
        self._redactor = redactor
        self._unwatched = _absolute(unwatched)
        self._written: dict[str, None] = {}
        self._handlers: dict[str, Callable[[tuple[Any, ...]], None]] = {
            "open": self._opened,
            "os.rename": self._renamed,
            "sqlite3.connect": self._connected,
        }
        for event, at in _COMMANDS.items():
            self._handlers[event] = partial(self._started, at)

    def hear(self, event: str, given: tuple[Any, ...]) -> None:
        """An audit hook."""
        handler = self._handlers.get(event)
        if handler:
            handler(given)

    def _started(self, at: int, given: tuple[Any, ...]) -> None:
        """Refuse a command that has a secret in it. An OSError, as those who start processes
        expect that, some of them in a forked child."""
        command = given[at]
        one = isinstance(command, str | bytes | os.PathLike)
        try:
            words = list(map(os.fsencode, [command] if one else command))
        except (TypeError, ValueError):
            return  # no command: it will fail by itself
        label = self._redactor.find(b"\n".join(words))
        if label:
            raise PermissionError(
                errno.EPERM,
                f"the command has the secret {label} among its arguments, where every user of "
                "this machine can read it; give it in the environment (%%mlsec_secret NAME="
                f"{label}) or on standard input",
            )

    def _opened(self, given: tuple[Any, ...]) -> None:
        path, mode, flags = given
        writes = any(c in mode for c in "wax+") if mode else (flags or 0) & _WRITES
        if writes and not isinstance(path, int):
            self._note(path)

    def _renamed(self, given: tuple[Any, ...]) -> None:
        if _absolute(given[0]) in self._written:
            self._note(given[1])

    def _connected(self, given: tuple[Any, ...]) -> None:
        if given[0] != ":memory:":
            self._note(given[0])

    def _note(self, path: Any) -> None:
        absolute = _absolute(path)
        if absolute and absolute != self._unwatched and len(self._written) < _MOST_FILES:
            self._written[absolute] = None

    def begin(self, info: object = None) -> None:
        """Forget what was written so far: a cell begins."""
        self._written.clear()

    def tell(self, result: object = None) -> None:
        """Name the files that a cell wrote and that have a secret in them."""
        for path, label in self._found(list(self._written)):
            print(
                f"mlsec: this cell wrote the secret {label} to {path}; keep that file out of git "
                "and of shared folders, or write its reference instead",
                file=sys.stderr,
            )
        self._written.clear()

    def _found(self, paths: Iterable[str]) -> Iterable[tuple[str, str]]:
        for path in paths:
            try:
                status = os.stat(path)
                if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST:
                    continue
                with open(path, "rb") as file:
                    label = self._redactor.find(file.read())
            except OSError:
                continue  # it is gone again, or was never made
            if label:
                yield path, label


def _absolute(path: Any) -> str:
    """The absolute path, or "" for what is none."""
    try:
        return os.path.abspath(os.fsdecode(path))
    except (TypeError, ValueError, OSError):
        return ""
