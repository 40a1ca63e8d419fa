"""Recall and false alarms on the labelled set: `python -m tests.corpus.accuracy`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from tests.corpus.case import Case, Group, is_found
from tests.corpus.planted import cases

if TYPE_CHECKING:
    from jupyter_mlsec.core.model import Finding


class Score(NamedTuple):
    """How many of `total` cases were found (false alarms, for benign ones), and which of them
    are wrong: missed credentials, or false alarms."""

    found: int
    total: int
    wrong: tuple[str, ...]

    @property
    def rate(self) -> float:
        return self.found / self.total if self.total else 0.0


Scores = dict[tuple[Group, str], Score]


def our_scan() -> Callable[[Case], tuple[Finding, ...]]:
    """The engine in memory, with all rules and the default configuration."""
    from jupyter_mlsec.core.config import Config
    from jupyter_mlsec.core.engine import Scanner
    from jupyter_mlsec.files.database import prefilter_for
    from jupyter_mlsec.files.source import kind_of
    from jupyter_mlsec.rules import ALL

    scanner = Scanner(ALL, Config(), prefilter_for(lambda: ALL, None))

    def scan(case: Case) -> tuple[Finding, ...]:
        result = scanner.scan_bytes(case.data, case.path, kind_of(case.path) or "text")
        if result.error:
            raise ValueError(f"{case.name}: {result.error.message}")
        return result.findings

    return scan


def our_verdict() -> Callable[[Case], bool]:
    """Whether the engine finds a planted value, or anything about credentials in a benign file."""
    scan = our_scan()

    def verdict(case: Case) -> bool:
        if case.secret is None:
            return any(finding.family == "secrets" for finding in scan(case))
        return is_found(case, scan(case))

    return verdict


def score(
    samples: Iterable[Case],
    verdict: Callable[[Case], bool],
    group_by: Callable[[Case], str] = lambda case: case.area,
) -> Scores:
    """Scores by group and area, and under the area `all` by group."""
    found: dict[tuple[Group, str], list[tuple[bool, str]]] = defaultdict(list)
    for case in samples:
        yes = verdict(case)
        for area in (group_by(case), "all"):
            found[case.group, area].append((yes, case.name))
    return {
        key: Score(
            sum(yes for yes, _ in seen),
            len(seen),
            tuple(name for yes, name in seen if yes == (key[0] == "benign")),
        )
        for key, seen in found.items()
    }


def areas(scores: Scores) -> list[str]:
    """Areas in the order of the set, `all` last."""
    seen = dict.fromkeys(area for _, area in scores)
    seen.pop("all", None)
    return [*seen, "all"]


def rows(scores: Scores) -> list[list[str]]:
    """A row for each area: recall of formats and of generic ones, false alarms, cases."""
    groups: tuple[Group, ...] = ("format", "generic", "benign")
    out = []
    for area in areas(scores):
        cells = [scores.get((group, area)) for group in groups]
        total = sum(cell.total for cell in cells if cell)
        out.append([area, *(f"{c.rate:.3f}" if c else "-" for c in cells), str(total)])
    return out


def main() -> None:
    import argparse

    parser = argparse.ArgumentParser(prog="python -m tests.corpus.accuracy", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--by-place", action="store_true", help="a row for each kind of place")
    parser.add_argument(
        "--wrong", metavar="AREA", help="name what is missed or a false alarm there"
    )
    parser.add_argument("--series", choices=("first", "further", "independent"), default="first")
    options = parser.parse_args()
    by = (lambda case: case.place) if options.by_place else (lambda case: case.area)
    scores = score(cases(options.seed, options.series), our_verdict(), by)
    line = "{:<40} {:>8} {:>8} {:>8} {:>6}"
    print(line.format("area", "format", "generic", "alarms", "cases"))
    for row in rows(scores):
        print(line.format(*row))
    if options.wrong:
        for (group, area), result in scores.items():
            if area == options.wrong:
                print(*(f"{group}: {name}" for name in result.wrong), sep="\n")


if __name__ == "__main__":
    main()
