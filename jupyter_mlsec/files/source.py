"""One file to scan: what kind it is, how it is named in reports, and its bytes."""

from __future__ import annotations

import os
import stat
from typing import NamedTuple

from jupyter_mlsec.core.errors import MlsecError

MEGABYTE = 1024 * 1024
_READING = os.O_RDONLY | getattr(os, "O_BINARY", 0)  # Windows would change line ends

_NAMES = {
    "dockerfile": "dockerfile",
    "containerfile": "dockerfile",
    "pyproject.toml": "toml",
    "env.yml": "conda",
    "env.yaml": "conda",
}
_SUFFIXES = {
    "ipynb": "notebook",
    "py": "python",
    "md": "markdown",
    "sh": "shell",
    "dockerfile": "dockerfile",
    "env": "dotenv",
}
# How the name starts and ends.
_AFFIXES = (
    ("constraints", ".txt", "requirements"),
    ("environment", ".yml", "conda"),
    ("environment", ".yaml", "conda"),
    ("conda", ".yml", "conda"),
    ("conda", ".yaml", "conda"),
    ("dockerfile.", "", "dockerfile"),
    (".env.", "", "dotenv"),
    ("jupyter_", "_config.json", "json"),
)


class Source(NamedTuple):
    """A file to scan. `path` is what reports call it, `file` what to open.

    `data` is the content where it is known already: standard input, or what git's index holds.
    """

    path: str
    file: str
    kind: str
    data: bytes | None = None

    def content(self, max_size: int = 0) -> bytes:
        """The bytes to scan. `max_size` in megabytes, 0 for no limit. Raises MlsecError."""
        if self.data is None:
            return read(self.file, max_size)
        _check_size(len(self.data), max_size)
        return self.data


def kind_of(path: str) -> str | None:
    """The kind of a file by its name and folder, or None if it is none that is looked for."""
    *folders, name = path.replace(os.sep, "/").lower().split("/")
    _, dot, suffix = name.rpartition(".")
    kind = _NAMES.get(name) or (_SUFFIXES.get(suffix) if dot else None)
    if kind is not None:
        return kind
    for start, end, kind in _AFFIXES:
        if name.startswith(start) and name.endswith(end):
            return kind
    if name.endswith(".txt") and ("requirements" in name or folders[-1:] == ["requirements"]):
        return "requirements"
    if name.endswith((".yml", ".yaml")) and folders[-2:] == [".github", "workflows"]:
        return "actions"
    return None


def shown(path: str, cwd: str) -> str:
    """What a report calls a file: relative to `cwd` when inside it, with forward slashes.

    Both are absolute or relative to the same folder. Control characters and bytes that are no
    UTF-8 are written as escapes, since the path goes to terminals and into JSON.
    """
    full = os.path.normpath(os.path.join(cwd, path))
    inside = os.path.join(os.path.normpath(cwd), "")
    name = full[len(inside) :] if full.startswith(inside) else full
    name = name.replace(os.sep, "/")
    if name.isprintable():
        return name
    return "".join(c if c.isprintable() else _escaped(c) for c in name)


def _escaped(character: str) -> str:
    raw = os.fsencode(character) if 0xDC80 <= ord(character) <= 0xDCFF else None
    return f"\\x{raw[0]:02x}" if raw else character.encode("unicode_escape").decode()


def read(path: str, max_size: int = 0) -> bytes:
    """The bytes of a file.

    `max_size` in megabytes, 0 for no limit. Raises MlsecError with one clear line if the file
    is missing, may not be read, is a folder or is too large.
    """
    try:
        file = os.open(path, _READING)
        try:
            data = _content(file, max_size)
        finally:
            os.close(file)
    except FileNotFoundError:
        if os.path.islink(path):
            raise MlsecError("this link points to a file that does not exist") from None
        raise MlsecError("there is no such file") from None
    except IsADirectoryError:
        raise MlsecError("this is a folder, not a file") from None
    except PermissionError:
        raise MlsecError("permission denied", "make the file readable for this user") from None
    except OSError as error:
        raise MlsecError(f"cannot be read: {error.strerror or type(error).__name__}") from None
    except MemoryError:
        raise MlsecError("there is not enough memory to read this file") from None
    _check_size(len(data), max_size)
    return data


def _content(file: int, max_size: int) -> bytes:
    """What is in an open file, in as few calls of the system as a file object never manages."""
    facts = os.fstat(file)
    _check_size(facts.st_size, max_size)
    if not stat.S_ISREG(facts.st_mode) or not facts.st_size:  # a pipe, a device, /proc: no size
        with open(file, "rb", buffering=0, closefd=False) as stream:
            return stream.read(max_size * MEGABYTE + 1 if max_size else -1) or b""
    data = os.read(file, facts.st_size)
    if len(data) == facts.st_size:
        return data
    parts = [data]
    while parts[-1]:  # the system gives 2 GB at a time
        parts.append(os.read(file, facts.st_size))
    return b"".join(parts)


def _check_size(size: int, max_size: int) -> None:
    if max_size and size > max_size * MEGABYTE:
        raise MlsecError(f"larger than {max_size} MB", "raise the setting `max-size` to scan it")
