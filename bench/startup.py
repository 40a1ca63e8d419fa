"""Whole processes on one small notebook: what an editor or a pre-commit hook waits for."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from bench import peers
from bench.corpus import folder, notebooks
from bench.measure import run, run_ours, table

TIMES = 15
SMALL = 17_000  # bytes: the notebook next to this size is scanned


def main() -> str:
    """A table in milliseconds, as Markdown."""
    beside = (peers.environment() / "lib").glob("*/site-packages/jupyter_server/__init__.py")
    note = "with" if any(beside) else "without"
    with tempfile.TemporaryDirectory(prefix="mlsec-bench-") as scratch:
        rows = _rows(Path(scratch))
    ours = rows[2][2]
    lines = [
        [label, f"{budget or '-'}", f"{median:.0f}", f"{least:.0f}", f"{median / ours:.2f}"]
        for label, budget, median, least in rows
    ]
    header = ["process", "budget ms", "median ms", "least ms", "median, `mlsec scan` = 1"]
    return (
        f"## Starting up ({TIMES} runs each, {note} jupyter_server installed beside)\n\n"
        f"{table(header, lines)}\n"
    )


def _rows(scratch: Path) -> list[tuple[str, int, float, float]]:
    source = min(notebooks(folder()), key=lambda path: abs(path.stat().st_size - SMALL))
    small = scratch / "small" / "one.ipynb"
    small.parent.mkdir()
    small.write_bytes(source.read_bytes())
    mlsec = peers.program("mlsec")
    cache = {"XDG_CACHE_HOME": str(scratch / "cache")}
    scan = [mlsec, "scan", "--no-cache", "--exit-zero", str(small)]
    commands: list[tuple[str, int, list[str]]] = [
        ("`python -c pass`", 0, [peers.program("python"), "-c", "pass"]),
        ("`mlsec --version`", 50, [mlsec, "--version"]),
        ("`mlsec scan one_small.ipynb`", 120, scan),
    ]
    report = scratch / "report.json"
    for peer, program in peers.installed().values():
        command = [program, *peer.command(small.parent, report)]
        commands.append((f"{peer.name} {peers.version(peer)}", 0, command))
    rows = []
    for label, budget, command in commands:
        start = run_ours if command[0] == mlsec else run
        start(command, env=cache)  # the first run fills caches of files and patterns
        walls = [1000 * start(command, env=cache).wall for _ in range(TIMES)]
        rows.append((label, budget, statistics.median(walls), min(walls)))
    return rows
