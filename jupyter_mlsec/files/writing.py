"""Writing files so that a crash, a full disk or a signal loses nothing."""

from __future__ import annotations

import os

from jupyter_mlsec.core.errors import MlsecError

_SUFFIX = ".mlsec"
_LONGEST = 255  # bytes of a file's name, in most file systems
_swept: set[str] = set()  # folders that this process has looked through


def replace(file: str, data: bytes) -> None:
    """Put new bytes in a file's place at once, with its mode and owner; a link stays a link.

    Until the last step the old file is as it was, and the new one is on the disk before that. What
    a run that was killed has left beside it is removed. Raises MlsecError if it can't be written.
    """
    target = os.path.realpath(file)
    folder, name = os.path.split(target)
    mine = f".{os.getpid()}{_SUFFIX}"
    part = os.path.join(folder, os.fsdecode(os.fsencode(name)[: _LONGEST - len(mine)]) + mine)
    try:
        _sweep(folder)
        facts = os.stat(target)
        with open(part, "xb", opener=_for_nobody_else) as new:
            new.write(data)
            new.flush()
            os.fsync(new.fileno())
        os.chmod(part, facts.st_mode & 0o7777)
        if hasattr(os, "chown") and (facts.st_uid, facts.st_gid) != (os.getuid(), os.getgid()):
            _own(part, facts)
        os.replace(part, target)
    except BaseException as error:
        if os.path.lexists(part):
            os.unlink(part)
        if isinstance(error, OSError):
            raise MlsecError(f"can't be written: {error.strerror}") from None
        raise


def _for_nobody_else(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sweep(folder: str) -> None:
    """Remove what processes have left that are no more."""
    if folder in _swept:
        return
    _swept.add(folder)
    with os.scandir(folder) as listing:
        left = [entry.path for entry in listing if entry.name.endswith(_SUFFIX)]
    for path in left:
        pid = path.removesuffix(_SUFFIX).rpartition(".")[2]
        if pid.isdigit() and pid.isascii() and not _runs(int(pid)):
            os.unlink(path)


def _runs(pid: int) -> bool:
    """Whether there is such a process, as far as that can be asked without harm."""
    if os.name == "nt":
        return True  # there, asking would end it
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True  # somebody else's
    return True


def _own(part: str, facts: os.stat_result) -> None:
    """Only root may give files away; for others the file becomes theirs."""
    try:
        os.chown(part, facts.st_uid, facts.st_gid)
    except PermissionError:
        return


def keep(path: str, content: bytes) -> None:
    """Write a file of a cache at once, its folders too; `path` "" keeps nothing. One that can't be
    written is made anew next time, and no reason to stop."""
    if not path:
        return
    part = f"{path}.{os.getpid()}.tmp"
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(part, "wb") as file:
            file.write(content)
        os.replace(part, path)
    except OSError:
        if os.path.exists(part):
            os.unlink(part)
