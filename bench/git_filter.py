"""The filter in a real repository, beside its peers: what `git add`, `status`, `checkout` cost."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from bench import peers
from bench.corpus import folder, megabytes, notebooks
from bench.measure import Cost, best, run, table

COUNT = 500
TIMES = 3
SINGLE = 15  # runs of one notebook's `git add`
SMALL = 17_000  # bytes: the notebook next to this size is the one
LARGE = 50_000_000
SLOW = 50  # a slow peer takes every fiftieth notebook
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER, prctl(2)
_HEADER = [
    *("filter", "`add`, new objects: CPU s", "none = 1", "`add`, objects there", "none = 1"),
    *("`status` after touch", "none = 1", "`checkout`, unfiltered = 1", "one notebook, ms wall"),
]


class Filter(NamedTuple):
    """A filter to measure: git's configuration for it, the driver's name in it, every how many
    notebooks it takes."""

    label: str
    config: Mapping[str, str]
    driver: str = "x"
    every: int = 1


class Row(NamedTuple):
    """CPU seconds of git and all below it; `checkout` relative to the same files unfiltered;
    `single` in milliseconds of wall time; `aside`, CPU seconds of what goes on after git ends."""

    label: str
    fresh: float
    again: float
    status: float
    checkout: float
    single: float
    aside: float


def main() -> str:
    """Both tables, as Markdown."""
    files = notebooks(folder())[:COUNT]
    _adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="mlsec-bench-") as scratch:
        rows = [_measure(kind, files, Path(scratch, str(n))) for n, kind in enumerate(_filters())]
        large = _large(Path(scratch, "large"))
    none = rows[0]
    lines = [
        [
            row.label,
            *(f"{row.fresh:.2f}", f"{row.fresh / none.fresh:.2f}"),
            *(f"{row.again:.2f}", f"{row.again / none.again:.2f}"),
            *(f"{row.status:.2f}", f"{row.status / none.status:.2f}"),
            *(f"{row.checkout:.2f}", f"{row.single:.0f}"),
        ]
        for row in rows
    ]
    aside = max(row.aside for row in rows)
    return (
        f"## The git filter: {len(files)} notebooks, {megabytes(files):.0f} MB, in a repository\n\n"
        f"{table(_HEADER, lines)}\n\n"
        "CPU seconds of git and all below it. In mode `all` outputs are kept for later after git "
        f"has ended, which took another {aside:.2f} s of CPU for new notebooks, and nothing for "
        "known ones.\n\n"
        f"### One notebook of {LARGE / 1e6:.0f} MB (budget: 0.3 s, and 2.5 times its size)\n\n"
        f"{large}\n"
    )


def _filters() -> Iterator[Filter]:
    yield Filter("none", {})
    yield Filter("`cat`", {"filter.x.clean": "cat", "filter.x.smudge": "cat"})
    for mode in ("all", "sensitive"):
        yield Filter(f"**mlsec, mode `{mode}`**", {"mode": mode}, "mlsec")
    for name, arguments in (
        ("nbstripout-fast", ""),
        ("nb-clean", " clean"),
        ("nbwipers", " clean - --stdin-file-name %f --respect-exclusions"),
    ):
        command = f'"{peers.program(name)}"{arguments}'
        yield Filter(f"{name} {_version(name)}", {"filter.x.clean": command})
    command = f'"{peers.program("python")}" -m nbstripout'
    config = {"filter.x.clean": command, "filter.x.smudge": "cat", "filter.x.required": "true"}
    label = f"nbstripout {_version('nbstripout')} (extrapolated from {COUNT // SLOW} notebooks)"
    yield Filter(label, config, every=SLOW)


def _measure(kind: Filter, files: list[Path], top: Path) -> Row:
    some = files[:: kind.every]
    for number, path in enumerate(some):
        target = top / f"{number // 50}" / f"{number:03}.ipynb"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    _set_up(kind, top)
    git = top / ".git"
    aside: list[float] = []

    def fresh() -> float:
        shutil.rmtree(git / "objects")
        (git / "objects").mkdir()
        (git / "index").unlink(missing_ok=True)
        _forget(git)
        cost = _git(top, "add", "-A")
        aside.append(_wait_for_orphans())
        return cost

    def again() -> float:
        (git / "index").unlink()
        return _git(top, "add", "-A")

    def status() -> float:
        for path in top.rglob("*.ipynb"):
            os.utime(path)
        return _git(top, "status", "--porcelain")

    scale = megabytes(files) / megabytes(some)
    costs = [scale * min(step() for _ in range(TIMES)) for step in (fresh, again, status)]
    left = _wait_for_orphans()
    if left > 0.05:
        raise RuntimeError(f"{kind.label}: {left:.2f} s of CPU for what is known already")
    _forget(git)
    filtered = _checkout(top)
    with _unfiltered(top):
        plain = _checkout(top)
    single = statistics.median(_single(top, files) for _ in range(SINGLE))
    _wait_for_orphans()
    return Row(kind.label, *costs, filtered / plain, single, min(aside))


def _forget(git: Path) -> None:
    """What our filter remembers."""
    for name in ("outputs", "results"):
        shutil.rmtree(git / "mlsec" / name, ignore_errors=True)


def _set_up(kind: Filter, top: Path) -> None:
    _git(top, "init", "-q")
    (top / ".git/info").mkdir(exist_ok=True)
    if kind.driver == "mlsec":
        mode = kind.config["mode"]
        _check([peers.program("mlsec"), "git", "install", "--mode", mode], top)
        (top / ".git/hooks/pre-commit").unlink()
        return
    for key, value in kind.config.items():
        _git(top, "config", key, value)
    if kind.config:
        (top / ".git/info/attributes").write_text(f"*.ipynb filter={kind.driver}\n")


def _checkout(top: Path) -> float:
    def once() -> float:
        for path in top.rglob("*.ipynb"):
            path.unlink()
        return _git(top, "checkout", "-q", "--", ".")

    return min(once() for _ in range(TIMES))


@contextmanager
def _unfiltered(top: Path) -> Iterator[None]:
    file, away = top / ".git/info/attributes", top / ".git/attributes-away"
    if file.exists():
        file.rename(away)
    yield
    if away.exists():
        away.rename(file)


def _single(top: Path, files: list[Path]) -> float:
    """Milliseconds of `git add` for one notebook, changed in source and output."""
    source = min(files, key=lambda path: abs(path.stat().st_size - SMALL))
    path = top / "single.ipynb"
    made = json.loads(source.read_bytes())
    made["cells"][0]["source"] = [f"# {time.time_ns()}\n"]
    path.write_text(json.dumps(made, indent=1), "utf-8")
    start = time.perf_counter()
    _git(top, "add", "single.ipynb")
    return 1000 * (time.perf_counter() - start)


def _large(top: Path) -> str:
    """`git add` of one large notebook, and the memory of each filter on it, run alone."""
    large = top / "large.ipynb"
    _write_large(large)
    size = large.stat().st_size
    rows = []
    for number, kind in enumerate(kind for kind in _filters() if kind.every == 1):
        here = top / str(number)
        here.mkdir()
        _set_up(kind, here)
        shutil.copy(large, here / "large.ipynb")
        cost = best(TIMES, partial(_add_anew, here))
        _wait_for_orphans()
        command = _configured(here, f"filter.{kind.driver}.clean").replace("%f", "large.ipynb")
        peak = run(["sh", "-c", command], cwd=here, stdin=large).peak * 1e6 if command else 0.0
        rows.append(
            [
                kind.label,
                f"{cost.wall:.2f}",
                f"{cost.cpu:.2f}",
                f"{peak / size:.1f}" if peak else "-",
            ]
        )
    header = ["filter", "`git add`: wall s", "CPU s", "filter's memory, notebook = 1"]
    return table(header, rows)


def _write_large(path: Path) -> None:
    """The corpus's cells with outputs, over and over."""
    path.parent.mkdir(parents=True)
    sources = notebooks(folder())
    with path.open("w", encoding="utf-8") as out:
        out.write('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [\n')
        while out.tell() < LARGE:
            for cell in json.loads(sources[0].read_bytes()).get("cells", ()):
                if cell.get("outputs"):
                    out.write(json.dumps(cell, indent=1, ensure_ascii=False) + ",\n")
            sources.append(sources.pop(0))
        out.write('{"cell_type": "markdown", "metadata": {}, "source": []}]}\n')


def _add_anew(top: Path) -> Cost:
    _forget(top / ".git")
    shutil.rmtree(top / ".git/objects")
    (top / ".git/objects").mkdir()
    (top / ".git/index").unlink(missing_ok=True)
    return run(["git", "add", "large.ipynb"], cwd=top)


def _configured(top: Path, key: str) -> str:
    done = subprocess.run(["git", "config", key], cwd=top, capture_output=True, text=True)
    return done.stdout.strip()


def _git(top: Path, *arguments: str) -> float:
    """CPU seconds of a git command and all below it. Raises RuntimeError if it fails."""
    return _check(["git", *arguments], top)


def _check(command: list[str], top: Path) -> float:
    cost = run(command, cwd=top)
    if cost.code:
        raise RuntimeError(f"exit code {cost.code}: {' '.join(command)}")
    return cost.cpu


def _adopt_orphans() -> None:
    """Have processes that outlive git become children of this one, so that they are measured."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def _wait_for_orphans() -> float:
    """CPU seconds of what was still running."""
    total = 0.0
    while True:
        try:
            _, _, usage = os.wait4(-1, 0)
        except ChildProcessError:
            return total
        total += usage.ru_utime + usage.ru_stime


def _version(name: str) -> str:
    from importlib.metadata import version

    return version(name)
