"""Loading the magics in every kernel: one entry in IPython's configuration.

IPython reads `etc/ipython` below `sys.prefix`, then the user's profile, and of each file both the
`.py` and the `.json`. The entry goes into the JSON file, so that a configuration in Python is
never touched, and into `extra_extensions`, so that a profile that sets `extensions` keeps it.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from jupyter_mlsec.core.errors import MlsecError

EXTENSION = "jupyter_mlsec"
_SECTION, _TRAIT = "InteractiveShellApp", "extra_extensions"
_NAME = "ipython_config.json"
_ORIGINAL = ".mlsec-original"  # what the file was before, to restore it to the byte


def folder(user: bool) -> Path:
    """Where the entry goes: this environment, or the default profile of this user."""
    if not user:
        return Path(sys.prefix) / "etc" / "ipython"
    ipython = os.environ.get("IPYTHONDIR") or os.path.join(os.path.expanduser("~"), ".ipython")
    return Path(ipython) / "profile_default"


def enable(user: bool = False) -> tuple[Path, bool]:
    """Add the entry; the file, and whether anything had to be changed.

    Raises MlsecError if the file can't be read or written; then it is as it was.
    """
    file = folder(user) / _NAME
    text = _read(file)
    document = _parsed(text, file)
    extensions = _extensions(document, file)
    if EXTENSION in extensions:
        return file, False
    original = file.with_name(_NAME + _ORIGINAL)
    if text is None:
        original.unlink(missing_ok=True)
    else:
        _write(original, text)
    _write(file, json.dumps(_with_entry(document), indent=2) + "\n")
    return file, True


def disable(user: bool = False) -> tuple[Path, bool]:
    """Take the entry out again; the file, and whether there was one.

    If nothing else was changed since, the file is what it was before, or gone if there was none.
    """
    file = folder(user) / _NAME
    text = _read(file)
    document = _parsed(text, file)
    extensions = _extensions(document, file)
    if EXTENSION not in extensions:
        return file, False
    original = file.with_name(_NAME + _ORIGINAL)
    before = _read(original)
    if text == json.dumps(_with_entry(_parsed(before, original)), indent=2) + "\n":
        _restore(file, before)
    else:
        document[_SECTION][_TRAIT] = [name for name in extensions if name != EXTENSION]
        _write(file, json.dumps(document, indent=2) + "\n")
    original.unlink(missing_ok=True)
    return file, True


def _with_entry(document: dict[str, Any]) -> dict[str, Any]:
    section = document.setdefault(_SECTION, {})
    section[_TRAIT] = [*section.get(_TRAIT, []), EXTENSION]
    return document


def _restore(file: Path, before: str | None) -> None:
    if before is not None:
        _write(file, before)
        return
    file.unlink()
    for parent in (file.parent, file.parent.parent):  # etc/ipython, if it was made for this
        try:
            parent.rmdir()
        except OSError:
            return


def _read(file: Path) -> str | None:
    try:
        return file.read_bytes().decode()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeError) as error:
        raise MlsecError(f"{file} can't be read: {_reason(error)}") from None


def _parsed(text: str | None, file: Path) -> dict[str, Any]:
    try:
        document = json.loads(text) if text is not None else {}
    except ValueError as error:
        raise MlsecError(f"{file} is no JSON ({error})", "mend it, IPython can't read it") from None
    if not isinstance(document, dict):
        raise MlsecError(f"{file} has no object at its top", "mend it, IPython can't read it")
    return document


def _extensions(document: dict[str, Any], file: Path) -> list[str]:
    section = document.get(_SECTION, {})
    extensions = section.get(_TRAIT, []) if isinstance(section, dict) else None
    if not isinstance(extensions, list):
        raise MlsecError(f"{_SECTION}.{_TRAIT} in {file} is no list", "mend it by hand")
    return extensions


def _write(file: Path, text: str) -> None:
    """All or nothing."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        beside = file.with_name(f"{file.name}.{os.getpid()}")
        beside.write_bytes(text.encode())
        os.replace(beside, file)
    except OSError as error:
        hint = "try --user" if isinstance(error, PermissionError) else None
        raise MlsecError(f"{file} can't be written: {_reason(error)}", hint) from None


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
