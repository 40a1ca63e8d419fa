"""Who did what with which secret: one JSON line each, no values.

The lines go to $MLSEC_AUDIT_LOG, or to `mlsec/secrets.jsonl` in the user's state folder:

    {"time": "2026-11-24T11:00:00.000Z", "event": "fetch", "who": "ada", "host": "...", "pid": 1,
     "notebook": "a.ipynb", "cell": "ab12", "reference": "kv/ml/openai#api_key",
     "provider": "vault", "version": 3, "result": "ok"}
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.reference import Reference

Event = Literal["fetch", "put", "grant", "revoke", "refusal"]
_LARGEST = 32_000_000  # bytes, then the log begins anew and one old one is kept


def file_of(environment: Mapping[str, str] | None = None) -> Path:
    """Where the lines are written."""
    environment = os.environ if environment is None else environment
    if environment.get("MLSEC_AUDIT_LOG"):
        return Path(environment["MLSEC_AUDIT_LOG"]).absolute()
    home = Path(environment.get("HOME") or os.path.expanduser("~"))
    if environment.get("XDG_STATE_HOME"):
        base = Path(environment["XDG_STATE_HOME"])
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    elif sys.platform == "win32":
        base = Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local")
    else:
        base = home / ".local" / "state"
    return base / "mlsec" / "secrets.jsonl"


def record(
    event: Event,
    ref: Reference | None = None,
    *,
    problem: MlsecError | None = None,
    version: int | None = None,
    notebook: str | None = None,
    cell: str | None = None,
    environment: Mapping[str, str] | None = None,
    write: bool = True,
) -> dict[str, Any]:
    """Write a line and give it back, for who sends it on as a Jupyter event; without `write` only
    the latter, where somebody else writes it.

    `problem` is what failed; else the result is `ok`. Where the log can't be written, nothing
    happens, unless $MLSEC_AUDIT_LOG asks for it: then MlsecError is raised, before a value is
    handed out if the caller records first.
    """
    environment = os.environ if environment is None else environment
    line = _line(event, ref, problem, version, notebook, cell)
    failed = None
    if not write:
        return line
    try:
        _append(file_of(environment), json.dumps(line) + "\n")
    except OSError as error:
        failed = error.strerror
    if failed and environment.get("MLSEC_AUDIT_LOG"):
        raise MlsecError(
            f"the audit log of MLSEC_AUDIT_LOG can't be written: {failed}",
            "nothing is handed out without it",
        )
    return line


def _line(
    event: Event,
    ref: Reference | None,
    problem: MlsecError | None,
    version: int | None,
    notebook: str | None,
    cell: str | None,
) -> dict[str, Any]:
    import getpass
    import socket
    from datetime import datetime, timezone

    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    line: dict[str, Any] = {"time": now, "event": event}
    with suppress(Exception):  # what the platform raises where nobody has a name
        line["who"] = getpass.getuser()
    line |= {"host": socket.gethostname(), "pid": os.getpid(), "notebook": notebook, "cell": cell}
    if ref is not None:
        line |= {"reference": ref.label, "provider": ref.provider, "version": version}
    return line | {"result": problem.message if problem else "ok"}


def _append(file: Path, line: str) -> None:
    """At the end, in one write, so that lines of several processes don't mix."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        if file.stat().st_size > _LARGEST:
            os.replace(file, file.with_name(f"{file.name}.1"))
    opened = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(opened, line.encode())
    finally:
        os.close(opened)


def last(count: int, environment: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """The newest lines, oldest first; a damaged one is left out."""
    try:
        with open(file_of(environment), "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 2000 * count))
            lines = file.read().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        with suppress(ValueError):
            found.append(json.loads(line))
    return [one for one in found if isinstance(one, dict)][-count:]
