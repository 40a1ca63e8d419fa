"""One changed cell in a warm process: what an editor asks for after each pause in typing."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from bench.corpus import folder, notebooks
from bench.measure import table

PEER_CELLS = 300  # detect-secrets gets an even sample of the cells


def main() -> str:
    """A table in microseconds, as Markdown."""
    from jupyter_mlsec.core.config import Config
    from jupyter_mlsec.core.engine import Scanner
    from jupyter_mlsec.files.database import prefilter_for
    from jupyter_mlsec.rules import ALL

    cells = code_cells(notebooks(folder()))
    scanner = Scanner(ALL, Config(), prefilter_for(lambda: ALL, None))
    rows = [("**mlsec**, all rules", len(cells), _times(scanner.scan_cell, cells))]
    theirs = _detect_secrets_times(cells[:: len(cells) // PEER_CELLS])
    if theirs:
        rows.append(("detect-secrets, in process", len(theirs), theirs))
    ours = statistics.median(rows[0][2])
    lines = [
        [
            label,
            f"{count:,}",
            f"{statistics.median(times):.0f}",
            f"{statistics.quantiles(times, n=20)[-1]:.0f}",
            f"{max(times):,.0f}",
            f"{statistics.median(times) / ours:.1f}",
        ]
        for label, count, times in rows
    ]
    header = ["scanner", "cells", "median µs", "95 % µs", "most µs", "median, ours = 1"]
    return f"## One changed cell in a warm process (budget: 100 µs)\n\n{table(header, lines)}\n"


def code_cells(files: list[Path]) -> list[str]:
    """The sources of all code cells."""
    sources = []
    for path in files:
        for cell in json.loads(path.read_bytes()).get("cells", ()):
            if cell["cell_type"] == "code":
                sources.append("".join(cell["source"]))
    return sources


def _times(scan: Callable[[str], object], cells: list[str]) -> list[float]:
    for source in cells[:50]:
        scan(source)
    times = []
    for source in cells:
        start = perf_counter()
        scan(source)
        times.append(1e6 * (perf_counter() - start))
    return times


def _detect_secrets_times(cells: list[str]) -> list[float]:
    """detect-secrets with its default plugins on each line of a text; empty if not installed."""
    try:
        from detect_secrets.core.scan import scan_line
        from detect_secrets.settings import default_settings
    except ImportError:
        return []
    with default_settings():
        return _times(lambda source: [list(scan_line(line)) for line in source.splitlines()], cells)
