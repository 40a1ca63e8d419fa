"""Where a credential stays when it has left its notebook: checkpoints, histories, stores."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

_WHERE = (
    "SELECT session, line FROM history "
    "WHERE instr(source, :v) OR instr(source_raw, :v) "
    "UNION SELECT session, line FROM output_history WHERE instr(output, :v)"
)


STORE = "the collaboration store"


class Trace(NamedTuple):
    """A file with a credential in it, or where one may be if not `sure`; `what` says what it is,
    and `lines` how many entries of a history have it. `purged` tells whether it is gone."""

    file: str
    what: str
    lines: int = 0
    purged: bool = False
    sure: bool = True


def traces(
    notebook: str,
    values: Collection[str],
    environment: Mapping[str, str],
    *,
    purge: bool = False,
) -> list[Trace]:
    """What still has one of these values, beside the notebook and in the user's histories.

    `purge` deletes the checkpoint and the histories' entries; the collaboration store is only
    named: a server may have it open. It is named whenever it is there: it keeps each keystroke as
    a change of its own, so that a value that was typed stands nowhere in one piece.
    """
    encoded = [value.encode("utf-8", "surrogatepass") for value in values]
    found = [_checkpoint(file, purge) for file in _checkpoints(notebook) if _has(file, encoded)]
    for file in _histories(environment):
        lines, purged = _in_history(file, values, purge=purge)
        if lines:
            found.append(Trace(str(file), "IPython's history", lines, purged))
    found += [
        Trace(str(file), STORE, sure=_has(file, encoded) or _has(_newest(file), encoded))
        for file in _stores(notebook)
    ]
    return found


def _checkpoints(notebook: str) -> Iterator[Path]:
    path = Path(notebook)
    yield path.parent / ".ipynb_checkpoints" / f"{path.stem}-checkpoint{path.suffix}"


def _checkpoint(file: Path, purge: bool) -> Trace:
    gone = False
    if purge:
        with suppress(OSError):  # it stays, and is named
            file.unlink(missing_ok=True)
            gone = True
    return Trace(str(file), "a checkpoint", purged=gone)


def _histories(environment: Mapping[str, str]) -> list[Path]:
    """The history files of all profiles of IPython."""
    home = environment.get("HOME") or os.path.expanduser("~")
    folder = Path(environment.get("IPYTHONDIR") or os.path.join(home, ".ipython"))
    return sorted(folder.glob("profile_*/history.sqlite"))


def _stores(notebook: str) -> Iterator[Path]:
    """jupyter-collaboration's store, in the folder that a server was started in."""
    folder = Path(notebook).absolute().parent
    for parent in (folder, *folder.parents):
        store = parent / ".jupyter_ystore.db"
        if store.exists():
            yield store


def _newest(store: Path) -> Path:
    """SQLite's log of what is not in the store itself yet."""
    return store.with_name(f"{store.name}-wal")


def _has(file: Path, values: Collection[bytes]) -> bool:
    """Whether a file has a value as it is, or as JSON writes it."""
    try:
        data = file.read_bytes()
    except OSError:
        return False
    return any(value in data or _json(value) in data for value in values)


def _json(value: bytes) -> bytes:
    import json

    return json.dumps(value.decode("utf-8", "surrogatepass"))[1:-1].encode()


def _in_history(file: Path, values: Collection[str], *, purge: bool) -> tuple[int, bool]:
    """How many entries have one of the values (0 where it can't be read), and whether they are
    gone: another process may hold the file. Purged ones are overwritten, not only marked as
    free."""
    found: set[tuple[int, int]] = set()
    mode = "rw" if purge else "ro"
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode={mode}", uri=True, timeout=2)) as base:
            for value in values:
                found.update(base.execute(_WHERE, {"v": value}).fetchall())
            if purge and found:
                for table in ("history", "output_history"):
                    base.executemany(
                        f"DELETE FROM {table} WHERE session = ? AND line = ?",  # noqa: S608 - two fixed names
                        sorted(found),
                    )
                base.commit()
                base.execute("VACUUM")
            return len(found), purge
    except sqlite3.Error:
        return len(found), False
