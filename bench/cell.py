"""One changed cell in a warm process: what an editor asks for after each pause in typing."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from bench.corpus import folder, notebooks
from bench.measure import table

if TYPE_CHECKING:
    from jupyter_mlsec.core.engine import Scanner

CELLS = 200  # of the notebook of which one changes
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
    return (
        f"## One changed cell in a warm process (budget: 100 µs)\n\n{table(header, lines)}\n\n"
        f"{_notebook()}"
    )


def _notebook() -> str:
    """What a worker of the server does when one of many cells has changed: the rules that look at
    the whole notebook look at it again."""
    from jupyter_mlsec.core.config import Config
    from jupyter_mlsec.core.model import Document, Text
    from jupyter_mlsec.faces.server.memory import Memory

    sources = real_cells()
    texts = [Text("source", "python", source, number) for number, source in enumerate(sources)]
    memory, changed = Memory(), CELLS // 2
    rows = []
    for label, config in (
        ("**mlsec**, all rules", Config()),
        ("mlsec, secrets and installs", Config(select=("secrets", "installs"))),
        ("mlsec, all rules but data flow", Config(ignore=("unvalidated-remote-load-to-train",))),
    ):
        scanner = memory.scanner(config)

        def scan(source: str, scanner: Scanner = scanner) -> None:
            edited = texts[changed]._replace(text=source)
            now = (*texts[:changed], edited, *texts[changed + 1 :])
            document = Document("a.ipynb", "notebook", now, CELLS, "python")
            context = memory.context(document)
            scanner.scan(document, context)
            context.forget()

        times = _times(scan, [f"{sources[changed]}\n# edit {number}" for number in range(200)])
        rows.append(
            [
                label,
                f"{statistics.median(times) / 1000:.1f}",
                f"{statistics.quantiles(times, n=20)[-1] / 1000:.1f}",
                f"{max(times) / 1000:.1f}",
            ]
        )
    size = sum(map(len, sources)) / 1000
    title = f"### One changed cell of {CELLS}, {size:.0f} kB of code (budget: 10 ms)"
    return f"{title}\n\n{table(['scanner', 'median ms', '95 % ms', 'most ms'], rows)}\n"


def real_cells() -> list[str]:
    """Code cells of real notebooks, the first four of each of many."""
    found: list[str] = []
    for path in notebooks(folder()):
        found += code_cells([path])[:4]
        if len(found) >= CELLS:
            break
    return found[:CELLS]


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
