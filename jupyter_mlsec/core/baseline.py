"""Findings that were there before: what a team has looked at and does not want to see again.

`load` reads this tool's own baselines and those of detect-secrets 1.x; `Baseline.apply` marks the
findings that are known; `dump`, `dump_detect_secrets` and `update` write. No baseline holds a
value: ours has keyed digests, and detect-secrets' the SHA-1 of each value.

Paths in a baseline use forward slashes and are relative to its folder. Where that is not the
folder that the findings' paths are relative to, `base` says which it is from there.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from jupyter_mlsec.core import secrets_baseline
from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.model import Finding

VERSION = 1
_HINT = "write it anew with `mlsec scan --baseline FILE --update-baseline`"


@dataclass(frozen=True, slots=True)
class Entry:
    """One known finding of our own format. `reason` is a note that people write into the file."""

    fingerprint: str
    rule: str
    path: str
    message: str = ""
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """Known findings. `detect_secrets` is the whole document that was read, if it was theirs."""

    entries: tuple[Entry, ...] = ()
    base: str = ""
    detect_secrets: Mapping[str, Any] | None = None
    reasons: Mapping[tuple[str, str], str | None] = field(init=False, repr=False)
    hashes: frozenset[tuple[str, str]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        reasons = {(normal(e.path), e.fingerprint): e.reason for e in self.entries}
        results = self.detect_secrets["results"] if self.detect_secrets else {}
        hashes = {(normal(path), s["hashed_secret"]) for path in results for s in results[path]}
        # looked up once per finding, so worked out once
        object.__setattr__(self, "reasons", reasons)
        object.__setattr__(self, "hashes", frozenset(hashes))

    def matches(self, finding: Finding) -> bool:
        """Whether the finding is known: by path, and fingerprint or hash of the value.

        The path counts, so that a known credential that turns up in another file is news.
        """
        path = relative(finding.place.path, self.base)
        return (path, finding.fingerprint) in self.reasons or (
            path,
            finding.baseline_hash,
        ) in self.hashes

    def reason(self, finding: Finding) -> str | None:
        """The note on file for a known finding."""
        path = relative(finding.place.path, self.base)
        return self.reasons.get((path, finding.fingerprint))

    def apply(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """The findings, those that are known marked as suppressed, with the reason on file."""
        return tuple(
            f._replace(suppressed="baseline", reason=self.reason(f))
            if f.suppressed is None and self.matches(f)
            else f
            for f in findings
        )


def load(data: bytes, base: str = "") -> Baseline:
    """Read a baseline of either format. Raises MlsecError where it is neither."""
    import json

    try:
        document = json.loads(data)
    except json.JSONDecodeError as error:
        what = f"the baseline is not valid JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        raise MlsecError(what, _HINT, line=error.lineno, column=error.colno) from None
    except (UnicodeDecodeError, RecursionError):
        raise MlsecError("the baseline is not valid JSON", _HINT) from None
    if not isinstance(document, dict):
        raise MlsecError("the baseline is not a JSON object", _HINT)
    if "results" in document:
        secrets_baseline.check(document)
        return Baseline((), base, document)
    if document.get("version") != VERSION or not isinstance(document.get("findings"), list):
        what = f"neither a baseline of mlsec (version {VERSION}) nor one of detect-secrets 1.x"
        raise MlsecError(what, _HINT)
    return Baseline(tuple(_entry(i, item) for i, item in enumerate(document["findings"])), base)


def _entry(number: int, item: Any) -> Entry:
    required = ("fingerprint", "rule", "path")
    if not isinstance(item, dict) or not all(isinstance(item.get(k), str) for k in required):
        names = ", ".join(required)
        raise MlsecError(f"entry {number + 1} of the baseline needs the texts {names}", _HINT)
    reason, message = item.get("reason"), item.get("message")
    return Entry(
        item["fingerprint"],
        item["rule"],
        item["path"],
        message if isinstance(message, str) else "",
        reason if isinstance(reason, str) else None,
    )


def normal(path: str) -> str:
    """A path as baselines write it: forward slashes, no `./`."""
    return posixpath.normpath(path.replace("\\", "/"))


def relative(path: str, base: str) -> str:
    """A path as seen from the baseline's folder."""
    return posixpath.relpath(normal(path), normal(base)) if base else normal(path)


def dump(findings: Iterable[Finding], base: str = "") -> bytes:
    """Our baseline with the findings that no comment, tag or setting silences.

    The same findings give the same bytes, in whatever order they come.
    """
    return _written(_entries(findings, base))


def dump_detect_secrets(
    findings: Iterable[Finding],
    types: Mapping[str, str | None],
    base: str = "",
    locate: secrets_baseline.Locate | None = None,
) -> bytes:
    """The credentials among the findings as a baseline of detect-secrets; see
    `secrets_baseline.add` for `types` and `locate`."""
    known = Baseline((), base, secrets_baseline.empty())
    return update(known, list(findings), types=types, locate=locate)


def update(
    old: Baseline,
    findings: Sequence[Finding],
    scanned: Collection[str] | None = None,
    types: Mapping[str, str | None] | None = None,
    locate: secrets_baseline.Locate | None = None,
) -> bytes:
    """The baseline as it should be now, in its own format; notes on what stays are kept.

    `scanned` are the paths that were scanned: entries of other files stay as they are (None: all
    files were). To a baseline of detect-secrets what is new is added and nothing is removed, for
    what its plugins found these rules may not.
    """
    if old.detect_secrets is not None:
        placed = [(relative(f.place.path, old.base), f) for f in _current(findings)]
        return _encoded(secrets_baseline.add(old.detect_secrets, placed, types or {}, locate))
    entries = [
        replace(entry, reason=old.reasons.get((normal(entry.path), entry.fingerprint)))
        for entry in _entries(findings, old.base)
    ]
    if scanned is not None:
        seen = {relative(path, old.base) for path in scanned}
        entries += [entry for entry in old.entries if normal(entry.path) not in seen]
    return _written(entries)


def _current(findings: Iterable[Finding]) -> list[Finding]:
    return [f for f in findings if f.suppressed in (None, "baseline")]


def _entries(findings: Iterable[Finding], base: str) -> list[Entry]:
    return [
        Entry(f.fingerprint, f.rule, relative(f.place.path, base), f.message)
        for f in _current(findings)
    ]


def _written(entries: Iterable[Entry]) -> bytes:
    once: dict[tuple[str, str, str], dict[str, str]] = {}
    for entry in entries:
        written = {
            "fingerprint": entry.fingerprint,
            "rule": entry.rule,
            "path": entry.path,
            "message": entry.message,
        }
        if entry.reason:
            written["reason"] = entry.reason
        once.setdefault((entry.path, entry.rule, entry.fingerprint), written)
    listed = [once[key] for key in sorted(once)]
    return _encoded({"version": VERSION, "tool": "mlsec", "findings": listed})


def _encoded(document: Mapping[str, Any]) -> bytes:
    import json

    # ASCII, so that file names that are no UTF-8 can be written too
    return (json.dumps(document, indent=2) + "\n").encode("ascii")
