"""`mlsec git check`: the gate before a commit, called by the pre-commit hook."""

from __future__ import annotations

import os

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.strip import has_conflict_markers
from jupyter_mlsec.faces.git_filter import Session
from jupyter_mlsec.git import command, driver, install
from jupyter_mlsec.git.index import staged


def check(cwd: str) -> list[str]:
    """What must not be committed of what is staged, one line for each notebook.

    Only notebooks that git sends through the filter are looked at: with conflict markers, not
    readable, or staged around the filter. Raises MlsecError if there is no repository.
    """
    top = command.top(cwd)
    found = {os.path.relpath(path, top): data for path, data in staged(top, _is_notebook)}
    if not found:
        return []
    attributes = install.attributes_of(top, list(found))
    entries = install.configured(top)
    sessions = {name: _session(name, entries) for name in driver.DRIVERS}
    complaints = []
    for path, data in found.items():
        session = sessions.get(attributes[path].get("filter", ""))
        reason = session and _reason(session, path, data)
        if reason:
            complaints.append(f"{path}: {reason}")
    return complaints


def _is_notebook(path: str) -> bool:
    return path.lower().endswith(".ipynb")


def _session(name: str, entries: dict[str, str]) -> Session:
    return Session(driver.settings_of(entries.get(f"filter.{name}.process", "")))


def _reason(session: Session, path: str, data: bytes | None) -> str | None:
    if data is None:
        return "its merge is not resolved; resolve it and `git add` it"
    if not data.strip():
        return None
    if has_conflict_markers(data):
        return "has conflict markers; resolve them and `git add` it again"
    try:
        clean = session.strip(data, path).data
    except MlsecError as error:
        place = f"line {error.line}, column {error.column}: " if error.line else ""
        return f"{place}{error.full}"
    if clean != data:
        return "was staged without the filter; run `git add --renormalize` on it"
    return None
