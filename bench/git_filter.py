"""The filter in a real repository, beside its peers: what `git add`, `status`, `checkout` cost."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
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
from bench.measure import ROOT, Cost, best, run, table
from jupyter_mlsec.core.strip import Options, strip

COUNT = 500
TIMES = 3
SINGLE = 15  # runs of one notebook's `git add`
SMALL = 17_000  # bytes: the notebook next to this size is the one
LARGE = 50_000_000
SLOW = 50  # a slow peer takes every fiftieth notebook
_PREFIX = "mlsec-bench-"
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER, prctl(2)
_HEADER = [
    *("filter", "`add`, new objects: CPU s", "none = 1", "`add`, objects there", "none = 1"),
    *("`status` after touch", "none = 1", "`checkout`, unfiltered = 1", "one notebook, ms wall"),
]


class Filter(NamedTuple):
    """A filter to measure: git's configuration for it, the driver's name in it, every how many
    notebooks it takes. `stripped` are the notebooks before git sees them, so that no filter shows
    what is left to one that costs nothing."""

    label: str
    config: Mapping[str, str]
    driver: str = "x"
    every: int = 1
    stripped: bool = False


def main() -> str:
    """Both tables, as Markdown."""
    files = notebooks(folder())[:COUNT]
    _adopt_orphans()
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as scratch:
        trees = [Tree(kind, files, Path(scratch, str(n))) for n, kind in enumerate(_filters())]
        # round by round, so that what else the machine does falls on all alike
        for number in range(TIMES):
            for tree in trees:
                if number == 0 or tree.kind.every == 1:
                    tree.measure()
        rows = [tree.row(trees[0]) for tree in trees]
        aside = max(min(tree.costs["aside"]) for tree in trees)
        stripping = next(tree for tree in trees if tree.kind.config.get("mode") == "all")
        kept = min(trees[0].costs["fresh"]) / min(stripping.costs["fresh"])
        large = _large(Path(scratch, "large"))
    return (
        f"## The git filter: {len(files)} notebooks, {megabytes(files):.0f} MB, in a repository\n\n"
        f"{table(_HEADER, rows)}\n\n"
        "CPU seconds of git and all below it. A filter that costs nothing and strips everything "
        "would take what git takes for stripped notebooks; a process that only echoes shows what "
        "git's protocol takes, on a checkout too, where git sends each file to a filter that is "
        "required, whether it has something to restore or not: mode `all` is to be compared with "
        "the one that echoes stripped notebooks. In mode `sensitive` git compresses the outputs "
        f"that stay: without any filter that is {kept:.1f} times of mode `all`. In mode `all` "
        "outputs are kept for later after git "
        f"has ended, which took another {aside:.2f} s of CPU for new notebooks, and nothing for "
        "known ones.\n\n"
        f"### One notebook of {LARGE / 1e6:.0f} MB (budget: 0.3 s, and 2.5 times its size)\n\n"
        f"{large}\n"
    )


def _filters() -> Iterator[Filter]:
    yield Filter("none", {})
    yield Filter("none, notebooks stripped before", {}, stripped=True)
    echo = {"filter.x.process": _echo(), "filter.x.required": "true"}
    yield Filter("a process that echoes", echo)
    yield Filter("a process that echoes, notebooks stripped before", echo, stripped=True)
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


def _echo() -> str:
    """git's protocol and nothing else, in Python."""
    python, top = peers.program("python"), ROOT
    code = (
        f"import sys; sys.path.append({str(top)!r}); from jupyter_mlsec.git.protocol import serve; "
        "serve((sys.argv[1], sys.argv[2]), lambda verb, path, data: data)"
    )
    return f'"{python}" -I -S -c "{code}" clean smudge'


class Tree:
    """A repository with a filter, and what its commands cost: CPU seconds, all runs of each."""

    def __init__(self, kind: Filter, files: list[Path], top: Path) -> None:
        self.kind = kind
        self.files = files
        self.top = top
        self.git = top / ".git"
        self.costs: dict[str, list[float]] = {}
        some = files[:: kind.every]
        self.scale = megabytes(files) / megabytes(some)
        for number, path in enumerate(some):
            target = top / f"{number // 50}" / f"{number:03}.ipynb"
            target.parent.mkdir(parents=True, exist_ok=True)
            data = path.read_bytes()
            target.write_bytes(strip(data, Options(mode="all")).data if kind.stripped else data)
        _set_up(kind, top)

    def row(self, none: Tree) -> list[str]:
        """The least of each, and how that relates to no filter."""
        cells = [self.kind.label]
        for what in ("fresh", "again", "status"):
            cost, base = self.scale * min(self.costs[what]), min(none.costs[what])
            cells += [f"{cost:.2f}", f"{cost / base:.2f}"]
        checkout = min(self.costs["checkout"]) / min(self.costs["unfiltered"])
        single = min(self.costs["single"])
        return [*cells, f"{checkout:.2f}", f"{single:.0f}"]

    def measure(self) -> None:
        """One round of everything."""
        _empty(self.git)
        self._note("fresh", _git(self.top, "add", "-A"))
        self._note("aside", _wait_for_orphans())
        (self.git / "index").unlink()
        self._note("again", _git(self.top, "add", "-A"))
        for path in self.top.rglob("*.ipynb"):
            os.utime(path)
        self._note("status", _git(self.top, "status", "--porcelain"))
        left = _wait_for_orphans()
        if left > 0.05:
            raise RuntimeError(f"{self.kind.label}: {left:.2f} s of CPU for what is known already")
        _forget(self.git)
        originals = {path: path.read_bytes() for path in self.top.rglob("*.ipynb")}
        for _ in range(TIMES):
            self._note("checkout", _checkout(self.top))
            with _unfiltered(self.top):
                self._note("unfiltered", _checkout(self.top))
        for path, data in originals.items():
            path.write_bytes(data)
        for _ in range(SINGLE // TIMES):
            self._note("single", _single(self.top, self.files))
        (self.top / "single.ipynb").unlink()
        _wait_for_orphans()

    def _note(self, what: str, cost: float) -> None:
        self.costs.setdefault(what, []).append(cost)


def _empty(git: Path) -> None:
    """A repository without objects."""
    _away(git / "objects")
    (git / "objects").mkdir()
    (git / "index").unlink(missing_ok=True)
    _forget(git)


def _forget(git: Path) -> None:
    """What our filter remembers."""
    for name in ("outputs", "results"):
        _away(git / "mlsec" / name)


def _away(path: Path) -> None:
    """Move a file or folder out of the way, to be removed at the end.

    For a minute or more after files were removed, ext4 looks at each of their inodes again for
    every file that is made: that would cost more than git and all filters.
    """
    if path.exists():
        path.rename(Path(tempfile.mkdtemp(prefix="away-", dir=_scratch(path)), path.name))


def _scratch(path: Path) -> Path:
    """The benchmark's own folder."""
    return next(above for above in path.parents if above.name.startswith(_PREFIX))


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
    for path in top.iterdir():
        if path.name != ".git":
            _away(path)
    return _git(top, "checkout", "-q", "--", ".")


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
    for number, kind in enumerate(k for k in _filters() if k.every == 1 and not k.stripped):
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
    _empty(top / ".git")
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
