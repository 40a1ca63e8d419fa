"""The notebooks of `tests.nasty` through each filter: in how many an output gets into git."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from bench import peers
from bench.measure import table
from tests.nasty import ALL, Case, holds

# What a filter made of a notebook; None where it refused, and nothing is staged.
Filter = Callable[[Case], "bytes | None"]

_NBSTRIPOUT = """
import io, os, sys
from nbstripout._nbstripout import main
folder, out = sys.argv[1], sys.stdout
sys.argv = ["nbstripout"]
for name in sorted(os.listdir(folder)):
    path = os.path.join(folder, name)
    sys.stdin = io.TextIOWrapper(open(path, "rb"), encoding="utf-8")
    sys.stdout = io.TextIOWrapper(open(path + ".out", "wb"), encoding="utf-8")
    try:
        main()  # closes both
    except BaseException:
        os.unlink(path + ".out")
"""


def main() -> str:
    """A table, as Markdown: only notebooks that need no options, in mode `all`."""
    cases = [case for case in ALL if not case.settings]
    results: dict[str, Mapping[str, bytes | None]] = {
        "**mlsec**": _each(cases, [peers.program("mlsec"), "git", "filter", "clean", "mode=all"]),
        "nbwipers": _each(cases, [peers.program("nbwipers"), "clean", "-"], required=False),
        "nbstripout-fast": _each(cases, [peers.program("nbstripout-fast")], required=False),
        "nb-clean": _each(cases, [peers.program("nb-clean"), "clean"], required=False),
        "nbstripout": _nbstripout(cases),
    }
    rows = []
    for name, staged in results.items():
        leaked = sum(_leaks(case, staged[case.name]) for case in cases)
        lost = sum(_loses(case, staged[case.name]) for case in cases)
        refused = sum(staged[case.name] is None for case in cases)
        rows.append([name, str(leaked), str(refused), str(lost)])
    header = ["filter", "an output gets in", "refused", "what somebody wrote is gone"]
    return (
        f"## {len(cases)} notebooks in which outputs hide\n\n{table(header, rows)}\n\n"
        "As git stages them, with each filter as its own `install` sets it up: where `required` is "
        "not set, a filter that fails lets the file in as it is.\n"
    )


def _leaks(case: Case, staged: bytes | None) -> bool:
    return staged is not None and any(holds(staged, mark) for mark in case.gone)


def _loses(case: Case, staged: bytes | None) -> bool:
    return staged is not None and not all(holds(staged, mark) for mark in case.stays)


def _each(
    cases: list[Case], command: list[str], *, required: bool = True
) -> dict[str, bytes | None]:
    found: dict[str, bytes | None] = {}
    with tempfile.TemporaryDirectory(prefix="mlsec-bench-") as scratch:
        for case in cases:
            done = subprocess.run(command, input=case.data, capture_output=True, cwd=scratch)
            failed = None if required else case.data
            found[case.name] = failed if done.returncode else done.stdout
    return found


def _nbstripout(cases: list[Case]) -> dict[str, bytes | None]:
    """All in one process, which takes two seconds to start beside jupyter_server."""
    with tempfile.TemporaryDirectory(prefix="mlsec-bench-") as scratch:
        for number, case in enumerate(cases):
            Path(scratch, f"{number:03}").write_bytes(case.data)
        subprocess.run(
            [peers.program("python"), "-c", _NBSTRIPOUT, scratch], stderr=subprocess.DEVNULL
        )
        return {
            case.name: out.read_bytes()
            if (out := Path(scratch, f"{number:03}.out")).exists()
            else None
            for number, case in enumerate(cases)
        }


if __name__ == "__main__":
    sys.stdout.write(main())
