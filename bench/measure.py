"""Wall time, CPU time and peak memory of a whole process with all its children."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent


class Cost(NamedTuple):
    """What a process took: seconds, seconds, megabytes (of 10^6 bytes), and its exit code."""

    wall: float
    cpu: float
    peak: float
    code: int


def run(
    command: Sequence[str],
    output: Path | None = None,
    env: Mapping[str, str] | None = None,
    *,
    cwd: Path | None = None,
    stdin: Path | None = None,
) -> Cost:
    """Runs a command to its end, its standard output into `output`.

    CPU time is user and system time of the process and of all children that it waited for
    (`os.wait4`); the peak is that of the largest single process. It runs in `cwd`, or the
    folder for temporary files, and with bytecode, as an installed package does.
    """
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    with open(output or os.devnull, "wb") as out, open(stdin or os.devnull, "rb") as source:
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdin=source,
            stdout=out,
            stderr=subprocess.DEVNULL,
            env={**inherited, **(env or {})},
            cwd=cwd or tempfile.gettempdir(),
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss: bytes there, KiB on Linux
    return Cost(
        wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e6, process.returncode
    )


def run_ours(
    command: Sequence[str], output: Path | None = None, env: Mapping[str, str] | None = None
) -> Cost:
    """Like `run`. Raises RuntimeError if the command fails: a crash is fast, but no figure."""
    cost = run(command, output, env)
    if cost.code != 0:
        raise RuntimeError(f"exit code {cost.code}: {' '.join(command)}")
    return cost


def best(times: int, measure: Callable[[], Cost]) -> Cost:
    """The run with the least CPU time: noise of a busy machine only ever adds."""
    return min((measure() for _ in range(times)), key=lambda cost: cost.cpu)


def best_of_rounds(times: int, runs: Mapping[str, Callable[[], Cost]]) -> dict[str, Cost]:
    """Of each run the one with the least CPU time: noise of a busy machine only ever adds.

    All are run in turn, `times` rounds of them, so that a machine that slows down slows all.
    """
    rounds = [{name: measure() for name, measure in runs.items()} for _ in range(times)]
    return {name: min((costs[name] for costs in rounds), key=lambda c: c.cpu) for name in runs}


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are aligned to the right."""
    lines = ["| " + " | ".join(header) + " |"]
    lines.append("| --- |" + " ---: |" * (len(header) - 1))
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)
