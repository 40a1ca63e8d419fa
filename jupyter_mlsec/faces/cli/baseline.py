"""The baseline on disk: known findings are marked, and the file is brought up to date."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from jupyter_mlsec.core.baseline import Baseline, dump, load
from jupyter_mlsec.core.baseline import update as updated
from jupyter_mlsec.core.config import Config
from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.model import Finding, ScanError


def apply(config: Config, findings: Sequence[Finding]) -> list[Finding]:
    """The findings, those in the baseline marked. Raises MlsecError if it can't be read."""
    path = config.baseline or ""
    if not os.path.exists(path):
        raise MlsecError(
            f"there is no baseline {path}", "make it with --baseline FILE --update-baseline"
        )
    return list(_read(path).apply(findings))


def update(
    config: Config, findings: Sequence[Finding], scanned: Sequence[str], errors: Sequence[ScanError]
) -> int:
    """Write the findings into the baseline; entries of files that were not scanned stay."""
    path = config.baseline
    if path is None:
        raise MlsecError("--update-baseline needs to know the file", "give --baseline FILE")
    known = _read(path) if os.path.exists(path) else None
    data = (
        dump(findings, _base(path))
        if known is None
        else updated(known, findings, scanned, _types())
    )
    try:
        with open(path, "wb") as file:
            file.write(data)
    except OSError as error:
        raise MlsecError(f"{path} can't be written: {error.strerror}") from None
    live = sum(finding.suppressed in (None, "baseline") for finding in findings)
    known_now = f"{_count(live, 'finding')} in {_count(len(scanned), 'file')}"
    print(f"the baseline {path} holds {known_now} now", file=sys.stderr)
    for problem in errors:
        print(f"mlsec: {problem.path}: {problem.message}", file=sys.stderr)
    return 2 if errors else 0


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _read(path: str) -> Baseline:
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise MlsecError(f"the baseline {path} can't be read: {error.strerror}") from None
    try:
        return load(data, _base(path))
    except MlsecError as error:
        where = f":{error.line}" if error.line else ""
        raise MlsecError(f"{path}{where}: {error.message}", error.hint) from None


def _base(path: str) -> str:
    """The baseline's folder as seen from the working directory, which findings are relative to."""
    base = os.path.relpath(os.path.dirname(os.path.abspath(path)))
    return "" if base == "." else base.replace(os.sep, "/")


def _types() -> dict[str, str | None]:
    from jupyter_mlsec.rules.secrets import KINDS

    return {kind.id: kind.detect_secrets for kind in KINDS}
