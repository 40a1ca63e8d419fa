"""Writing files so that a crash, a full disk or a signal loses nothing."""

from __future__ import annotations

import os

from jupyter_mlsec.core.errors import MlsecError


def replace(file: str, data: bytes) -> None:
    """Put new bytes in a file's place at once, with its mode and owner; a link stays a link.

    Until the last step the old file is as it was, and the new one is on the disk before that.
    Raises MlsecError if it can't be written.
    """
    target = os.path.realpath(file)
    part = f"{target}.{os.getpid()}.mlsec"
    try:
        facts = os.stat(target)
        with open(part, "wb") as new:
            new.write(data)
            new.flush()
            os.fsync(new.fileno())
        os.chmod(part, facts.st_mode & 0o7777)
        if hasattr(os, "chown") and (facts.st_uid, facts.st_gid) != (os.getuid(), os.getgid()):
            _own(part, facts)
        os.replace(part, target)
    except OSError as error:
        if os.path.exists(part):
            os.unlink(part)
        raise MlsecError(f"can't be written: {error.strerror}") from None


def _own(part: str, facts: os.stat_result) -> None:
    """Only root may give files away; for others the file becomes theirs."""
    try:
        os.chown(part, facts.st_uid, facts.st_gid)
    except PermissionError:
        return
