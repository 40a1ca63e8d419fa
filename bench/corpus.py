"""The scan of a folder of real notebooks, and of ten changed copies of each."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from bench import peers
from bench.measure import ROOT, Cost, best_of_rounds, run, run_ours, table

COPIES = 10
SAMPLE = 20  # a slow peer scans every twentieth file
_HEADER = ["scanner", "wall s", "CPU s", "peak MB", "MB per CPU s", "CPU, ours = 1"]


class Row(NamedTuple):
    label: str
    cost: Cost
    megabytes: float


def folder() -> Path:
    """The notebooks: MLSEC_CORPUS, or the shared corpus beside the repository."""
    return Path(os.environ.get("MLSEC_CORPUS", ROOT.parent / "shared" / "corpus")).resolve()


def notebooks(top: Path) -> list[Path]:
    return sorted(top.rglob("*.ipynb"))


def megabytes(files: Iterable[Path]) -> float:
    return sum(path.stat().st_size for path in files) / 1e6


def main(full: bool) -> str:
    """Both tables, as Markdown. `full` lets the slow peers scan everything."""
    top = folder()
    files = notebooks(top)
    if not files:
        raise FileNotFoundError(f"no notebooks in {top}: set MLSEC_CORPUS to a folder of them")
    with tempfile.TemporaryDirectory(prefix="mlsec-bench-") as scratch:
        one = _measure(top, Path(scratch, "1x"), times=5)
        one += _slow_peers(files, Path(scratch), full)
        many = Path(scratch, "copies")
        _copies(files, top, many)
        ten = _measure(many, Path(scratch, "10x"), times=2)
        copies = notebooks(many)
        title = "## {:,} notebooks, {:.0f} MB\n\n{}\n"
        return "\n".join(
            (
                title.format(len(files), megabytes(files), _table(one)),
                title.format(len(copies), megabytes(copies), _table(ten)),
            )
        )


def _measure(top: Path, scratch: Path, times: int) -> list[Row]:
    """Our variants and the fast peers; the least CPU time of `times` rounds."""
    scratch.mkdir()
    report = scratch / "report.json"
    size = megabytes(notebooks(top))
    every = [
        peers.program("mlsec"), "scan", str(top), "--jobs", "1", "--format", "json", "--quiet",
        "--exit-zero",
    ]  # fmt: skip
    ours = [*every, "--select", "secrets,installs"]
    cache = {"XDG_CACHE_HOME": str(scratch / "cache")}
    slow = {**cache, "MLSEC_NO_HYPERSCAN": "1"}
    first = Row("mlsec, first run (compiles its patterns)", run_ours(ours, report, cache), size)
    uncached = [*ours, "--no-cache"]
    runs = {
        "**mlsec**": partial(run_ours, uncached, report, cache),
        "mlsec, all families": partial(run_ours, [*every, "--no-cache"], report, cache),
        "mlsec, warm cache": partial(run_ours, ours, report, cache),
        "mlsec without Hyperscan": partial(run_ours, uncached, report, slow),
    }
    for peer, program in peers.installed().values():
        if peer.slow:
            continue
        command = [program, *peer.command(top, report)]
        out = report if peer.prints else None
        if peer.name == "kingfisher":
            run(command, out)  # it keeps its compiled patterns too
        runs[f"{peer.name} {peers.version(peer)}"] = partial(run, command, out)
    costs = best_of_rounds(times, runs)
    return [first, *(Row(label, cost, size) for label, cost in costs.items())]


def _slow_peers(files: list[Path], scratch: Path, full: bool) -> list[Row]:
    """What takes minutes scans a sample, and its times are scaled by size, unless `full`."""
    sample = files if full else files[::SAMPLE]
    part = scratch / "sample"
    part.mkdir()
    for number, path in enumerate(sample):
        (part / f"{number:04}.ipynb").write_bytes(path.read_bytes())
    size, factor = megabytes(files), megabytes(files) / megabytes(sample)
    rows = []
    for peer, program in peers.installed().values():
        if peer.slow:
            cost = run([program, *peer.command(part, scratch / "slow.json")])
            scaled = cost._replace(wall=cost.wall * factor, cpu=cost.cpu * factor)
            label = f"{peer.name} {peers.version(peer)}"
            if not full:
                label += f" (extrapolated from {len(sample)} files, {size / factor:.1f} MB)"
            rows.append(Row(label, scaled, size))
    return rows


def _copies(files: list[Path], top: Path, target: Path) -> None:
    """Ten copies of each notebook, a line added to each cell, so that no two cells are alike."""
    for copy in range(COPIES):
        for path in files:
            notebook = json.loads(path.read_bytes())
            for index, cell in enumerate(notebook.get("cells", ())):
                lines = cell["source"] if isinstance(cell["source"], list) else [cell["source"]]
                end = "\n" if lines else ""
                cell["source"] = [*lines, f"{end}# copy {copy} of cell {index}"]
            out = target / str(copy) / path.relative_to(top)
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(json.dumps(notebook, indent=1, ensure_ascii=False), "utf-8")


def _table(rows: list[Row]) -> str:
    ours = next(row.cost.cpu for row in rows if row.label == "**mlsec**")
    return table(
        _HEADER,
        (
            [
                row.label,
                f"{row.cost.wall:.2f}",
                f"{row.cost.cpu:.2f}",
                f"{row.cost.peak:.0f}",
                f"{row.megabytes / row.cost.cpu:.1f}",
                f"{row.cost.cpu / ours:.2f}",
            ]
            for row in rows
        ),
    )
