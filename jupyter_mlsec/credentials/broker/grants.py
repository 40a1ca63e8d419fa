"""Which notebook may have which secret: the policy, and what was granted before."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from jupyter_mlsec.core.errors import MlsecError

Answer = Literal["granted", "refused", "unknown"]
Default = Literal["allow", "ask", "forbid"]


@dataclass(frozen=True)
class Rule:
    """Notebooks and references, as globs: `team/*.ipynb`, `kv/ml/*`. `*` matches `/` too."""

    notebook: str
    reference: str
    allow: bool

    def fits(self, notebook: str, reference: str) -> bool:
        return fnmatchcase(notebook, self.notebook) and fnmatchcase(reference, self.reference)


class Grants:
    """A decision for each fetch.

    A rule of the policy that forbids goes before everything, one that allows before what was
    remembered; where nothing is known, `default` decides: `allow`, `ask` (the fetch is refused
    until somebody grants it) or `forbid`. `file` remembers, None remembers until the end.
    """

    def __init__(
        self, rules: Sequence[Rule] = (), default: Default = "allow", file: Path | None = None
    ) -> None:
        self._rules = tuple(rules)
        self.default = default
        self._file = file
        self._known = _read(file)
        self._seen = _stamp(file)

    def check(self, notebook: str, reference: str) -> Answer:
        """Whether a notebook may have what a reference (its label) names."""
        fitting = [rule for rule in self._rules if rule.fits(notebook, reference)]
        if any(not rule.allow for rule in fitting):
            return "refused"
        if fitting:
            return "granted"
        self._refresh()
        known = self._known.get(notebook, {}).get(reference)
        if known is not None:
            return "granted" if known else "refused"
        return {"allow": "granted", "ask": "unknown", "forbid": "refused"}[self.default]  # type: ignore[return-value]

    def grant(self, notebook: str, reference: str, *, allow: bool = True) -> None:
        """Remember an answer. Raises MlsecError where it can't be."""
        self._refresh()
        self._known.setdefault(notebook, {})[reference] = allow
        self._write()

    def revoke(self, notebook: str, reference: str | None = None) -> bool:
        """Forget an answer, or all about a notebook; whether there was any."""
        self._refresh()
        there = self._known.get(notebook, {})
        if reference is None:
            found = bool(self._known.pop(notebook, None))
        else:
            found = there.pop(reference, None) is not None
        if found:
            self._write()
        return found

    def all(self) -> list[tuple[str, str, bool]]:
        """What is remembered: notebook, reference, answer; in order."""
        self._refresh()
        return sorted(
            (notebook, reference, allow)
            for notebook, answers in self._known.items()
            for reference, allow in answers.items()
        )

    def _refresh(self) -> None:
        """Another process (`mlsec secret grant`) may have written."""
        seen = _stamp(self._file)
        if seen != self._seen:
            self._known, self._seen = _read(self._file), seen

    def _write(self) -> None:
        if self._file is None:
            return
        part = self._file.with_name(f"{self._file.name}.{os.getpid()}.part")
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as new:
                json.dump(self._known, new, indent=1, sort_keys=True)
            os.replace(part, self._file)
            self._seen = _stamp(self._file)
        except OSError as error:
            raise MlsecError(f"{self._file} can't be written: {error.strerror}") from None


def file_of(environment: Mapping[str, str]) -> Path:
    """Where grants are remembered: beside the own Vault's folder, in the user's data folder."""
    from jupyter_mlsec.credentials.embedded import home

    return home(environment).parent / "grants.json"


def _stamp(file: Path | None) -> tuple[int, int] | None:
    try:
        facts = os.stat(file) if file else None
    except OSError:
        return None
    return (facts.st_mtime_ns, facts.st_ino) if facts else None


def _read(file: Path | None) -> dict[str, dict[str, bool]]:
    """What was remembered; nothing where that can't be read: then it is asked again."""
    try:
        found = json.loads(file.read_bytes()) if file else {}
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {
        notebook: {ref: allow for ref, allow in answers.items() if isinstance(allow, bool)}
        for notebook, answers in found.items()
        if isinstance(answers, dict)
    }
