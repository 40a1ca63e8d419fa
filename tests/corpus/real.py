"""Findings on real notebooks, judged by hand: `python -m tests.corpus.real` says what isn't yet.

`judged.toml` holds, for each rule, how many findings there are on the corpus (all severities and
confidences) and verdicts. A verdict is about a line of code: where the same rule reports the same
line in several notebooks, as translations of one course do, one verdict stands for all of them.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from jupyter_mlsec.core.model import Finding

HERE = Path(__file__).resolve().parent
FOLDER = Path(os.environ.get("MLSEC_CORPUS", HERE.parents[2] / "shared" / "corpus"))
ENOUGH = 60  # judged findings per rule, or all if there are fewer


class Judged(NamedTuple):
    """The table: findings by rule, and by rule and line whether the finding is right."""

    counts: dict[str, int]
    verdicts: dict[tuple[str, str], bool]


class Precision(NamedTuple):
    """How many of a rule's findings are right, wrong, and not judged."""

    right: int
    wrong: int
    unknown: int


def read_table() -> Judged:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    table = tomllib.loads((HERE / "judged.toml").read_text("utf-8"))
    verdicts = {
        (entry["rule"], line): entry["right"]
        for entry in table["verdict"]
        for line in entry["lines"]
    }
    return Judged(table["counts"], verdicts)


@cache
def scan() -> tuple[Finding, ...]:
    """All findings on the corpus, of all severities and confidences."""
    from jupyter_mlsec.core.config import Config
    from jupyter_mlsec.core.engine import Scanner
    from jupyter_mlsec.files.database import prefilter_for
    from jupyter_mlsec.rules import ALL

    scanner = Scanner(ALL, Config(profile="auditor"), prefilter_for(lambda: ALL, None))
    found: list[Finding] = []
    for path in notebooks():
        result = scanner.scan_bytes(path.read_bytes(), str(path.relative_to(FOLDER)))
        if result.error:
            raise ValueError(f"{path}: {result.error.message}")
        found += result.findings
    return tuple(found)


def notebooks() -> list[Path]:
    return sorted(FOLDER.rglob("*.ipynb"))


def line_of(finding: Finding) -> str:
    """The line that a verdict is about; credentials on it are masked."""
    return finding.excerpt.strip()


def precision(findings: tuple[Finding, ...], judged: Judged) -> dict[str, Precision]:
    """By rule."""
    tally = Counter((f.rule, judged.verdicts.get((f.rule, line_of(f)))) for f in findings)
    rules = dict.fromkeys(rule for rule, _ in tally)
    return {
        rule: Precision(tally[rule, True], tally[rule, False], tally[rule, None]) for rule in rules
    }


def precision_by_severity(findings: tuple[Finding, ...], judged: Judged) -> dict[str, Precision]:
    """By severity, of the findings themselves (several may share a verdict)."""
    tally = Counter(
        (f.severity.name.lower(), judged.verdicts.get((f.rule, line_of(f)))) for f in findings
    )
    return {
        level: Precision(tally[level, True], tally[level, False], tally[level, None])
        for level, _ in sorted(tally, key=str)
    }


def main() -> None:
    judged = read_table()
    for level, (right, wrong, unknown) in precision_by_severity(scan(), judged).items():
        print(f"{level}: {right} right, {wrong} wrong, {unknown} not judged")
    for rule, (right, wrong, unknown) in sorted(precision(scan(), judged).items()):
        count = right + wrong + unknown
        note = "" if judged.counts.get(rule) == count else f"  (table: {judged.counts.get(rule)})"
        print(f"{rule} = {count}{note}: {right} right, {wrong} wrong, {unknown} not judged")
    missing = {(f.rule, line_of(f)): f for f in scan()}
    for (rule, line), finding in missing.items():
        if (rule, line) not in judged.verdicts:
            place = finding.place
            print(f"not judged: {rule} {place.path} cell {place.cell} line {place.line}: {line}")


if __name__ == "__main__":
    main()
