"""Peak memory on one notebook of 200 MB, made of the corpus's cells."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from bench import peers
from bench.corpus import folder, notebooks
from bench.measure import run, run_ours, table

BYTES = 200_000_000


def main() -> str:
    """A table, as Markdown."""
    with tempfile.TemporaryDirectory(prefix="mlsec-bench-") as scratch:
        big = Path(scratch, "big", "big.ipynb")
        big.parent.mkdir()
        _write(big)
        report = Path(scratch, "report.json")
        ours = [peers.program("mlsec"), "scan", str(big), "--no-cache", "--exit-zero", "--quiet",
                "--format", "json"]  # fmt: skip
        rows = [("**mlsec**", run_ours(ours, report))]
        for peer, program in peers.installed().values():
            if not peer.slow:
                command = [program, *peer.command(big.parent, report)]
                rows.append((f"{peer.name} {peers.version(peer)}",
                             run(command, report if peer.prints else None)))  # fmt: skip
        size = big.stat().st_size / 1e6
    first = rows[0][1]
    lines = [
        [label, f"{c.wall:.1f}", f"{c.cpu:.1f}", f"{c.peak:.0f}", f"{c.peak / first.peak:.2f}"]
        for label, c in rows
    ]
    header = ["scanner", "wall s", "CPU s", "peak MB", "peak, ours = 1"]
    return f"## One notebook of {size:.0f} MB (budget: 1 GB of memory)\n\n{table(header, lines)}\n"


def _write(path: Path) -> None:
    """All cells of the corpus over and over, until it is large enough."""
    sources = notebooks(folder())
    written, number = 0, 0
    with path.open("w", encoding="utf-8") as out:
        out.write('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [\n')
        while written < BYTES:
            cells = json.loads(sources[number % len(sources)].read_bytes()).get("cells", ())
            number += 1
            for cell in cells:
                text = json.dumps(cell, indent=1, ensure_ascii=False)
                written += len(text.encode()) + 2
                out.write(text + ",\n")
        out.write('{"cell_type": "markdown", "metadata": {}, "source": []}]}\n')
