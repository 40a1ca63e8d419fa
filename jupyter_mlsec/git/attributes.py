"""Lines of an attributes file that send notebooks through a filter: adding, removing, replacing."""

from __future__ import annotations

import os

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.git.driver import ATTRIBUTES, DRIVERS, NAME

_COMMENT = "# mlsec: what is sensitive does not get from notebooks into commits"
_OURS = frozenset({*(f"filter={name}" for name in DRIVERS), f"diff={NAME}"})
_NBSTRIPOUT = frozenset({"filter=nbstripout", "diff=ipynb"})


def add(file: str, line: str = ATTRIBUTES, *, instead_of_nbstripout: bool = False) -> bool:
    """Have the line in the file; whether the file was changed. Raises MlsecError.

    In a .gitattributes it stands first, so that what is said there of single notebooks, such as
    `big.ipynb filter=lfs`, goes on to win: git takes the last line that matches.
    """
    before = _read(file)
    lines = _without(before, _NBSTRIPOUT) if instead_of_nbstripout else before
    if line not in [known.strip() for known in lines]:
        kept = _without(lines, {f"filter={NAME}", f"diff={NAME}"}, only="*.ipynb")
        ours = [f"{_COMMENT}\n", f"{line}\n"]
        first = os.path.basename(file) == ".gitattributes"
        lines = [*ours, *kept] if first else [*_ended(kept), *ours]
    return _write(file, before, lines)


def remove(file: str) -> bool:
    """Take our lines out of the file; whether there were any. Raises MlsecError."""
    before = _read(file)
    return _write(file, before, _without(before, _OURS))


def _without(lines: list[str], words: frozenset[str] | set[str], only: str = "") -> list[str]:
    """The lines without these attributes; lines that then say nothing are left out."""
    found = []
    for line in lines:
        pattern, *attributes = line.split() or [""]
        kept = [word for word in attributes if word not in words]
        if line.strip() == _COMMENT:
            continue
        if kept == attributes or (only and pattern != only):
            found.append(line)
        elif kept:
            found.append(" ".join([pattern, *kept]) + "\n")
    return found


def _ended(lines: list[str]) -> list[str]:
    if lines and not lines[-1].endswith("\n"):
        return [*lines[:-1], lines[-1] + "\n"]
    return lines


def _read(file: str) -> list[str]:
    try:
        with open(file, encoding="utf-8", errors="surrogateescape", newline="") as opened:
            return opened.read().splitlines(keepends=True)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise MlsecError(f"{file} can't be read: {error.strerror}") from None


def _write(file: str, before: list[str], after: list[str]) -> bool:
    """Put the lines in the file's place at once; an empty file that we made goes."""
    if before == after:
        return False
    part = f"{file}.{os.getpid()}.mlsec"
    try:
        if not after:
            os.unlink(file)
            return True
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with open(part, "w", encoding="utf-8", errors="surrogateescape", newline="") as opened:
            opened.write("".join(after))
        if before:
            os.chmod(part, os.stat(file).st_mode & 0o7777)
        os.replace(part, file)
    except OSError as error:
        if os.path.exists(part):
            os.unlink(part)
        raise MlsecError(f"{file} can't be written: {error.strerror}") from None
    return True
