"""Planted problems of all families in the real notebooks: ours beside ruff, bandit and
detect-secrets. `python -m bench planted` prints the table."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bench import peers
from bench.corpus import folder, notebooks
from bench.measure import table
from tests.corpus.plant import Planted, Sown, sow
from tests.corpus.problems import problems

EVERY = 20  # the share of the notebooks that the peers scan too: bandit takes minutes for all
_CELL = re.compile(r"^  (?:\{|\})", re.MULTILINE)

Cells = set[tuple[str, int]]  # name of a file and number of a cell with any finding


class Row(NamedTuple):
    """How many problems of a family were planted, and what share each tool saw."""

    family: str
    planted: int
    shares: Mapping[str, float]


def main(every: int = EVERY) -> str:
    """Two tables as Markdown: ours on all notebooks, and all tools on a share of them."""
    files = notebooks(folder())
    if not files:
        raise FileNotFoundError(f"no notebooks in {folder()}: set MLSEC_CORPUS to a folder of them")
    sown = sow(problems(), [(path.name, path.read_bytes()) for path in files])
    tools: dict[str, Callable[[Path, Sequence[Sown]], Cells]] = {
        "ruff S": _ruff,
        "bandit": _bandit,
        "detect-secrets": _detect_secrets,
    }
    with tempfile.TemporaryDirectory(prefix="mlsec-planted-") as scratch:
        some = sown[::every]
        part = _written(some, Path(scratch, "part"))
        seen = {name: tool(part, some) for name, tool in tools.items()}
    found, exact = _ours(sown)
    marks = [(s.path, mark) for s in sown for mark in s.planted]
    ours = _rows(marks, {"found": found.__contains__, "on its line": exact.__contains__})
    few = [(s.path, mark) for s in some for mark in s.planted]
    beside = {"mlsec": found.__contains__} | {
        name: lambda item, cells=cells: (item[0], item[1].cell) in cells  # type: ignore[misc]
        for name, cells in seen.items()
    }
    return (
        f"## Planted problems\n\n{len(marks):,} problems of all families, the rules' own examples "
        f"and others, in syntactic forms as people write them, at random places of {len(sown):,} "
        "real notebooks. For ours the finding must be of the very rule.\n\n"
        f"{_table(ours)}\n\nThe same for every {every}th notebook. For the peers any finding in "
        f"the cell counts, whatever it is about.\n\n{_table(_rows(few, beside))}\n"
    )


def _written(sown: Iterable[Sown], target: Path) -> Path:
    target.mkdir()
    for notebook in sown:
        (target / notebook.path).write_bytes(notebook.data)
    return target


def _rows(
    marks: Sequence[tuple[str, Planted]],
    seen: Mapping[str, Callable[[tuple[str, Planted]], bool]],
) -> list[Row]:
    families: dict[str, list[tuple[str, Planted]]] = defaultdict(list)
    for item in marks:
        families[item[1].problem.family].append(item)
    families["all"] = list(marks)
    return [
        Row(
            name,
            len(items),
            {tool: sum(map(saw, items)) / len(items) for tool, saw in seen.items()},
        )
        for name, items in families.items()
    ]


def _table(rows: Sequence[Row]) -> str:
    tools = list(rows[0].shares)
    lines = [
        [row.family, f"{row.planted:,}", *(f"{row.shares[tool]:.1%}" for tool in tools)]
        for row in rows
    ]
    return table(["family", "planted", *tools], lines)


def _json(command: Sequence[str], cwd: Path) -> object:
    done = subprocess.run(command, cwd=cwd, capture_output=True, check=False)
    return json.loads(done.stdout)


def _ours(sown: Iterable[Sown]) -> tuple[set[tuple[str, Planted]], set[tuple[str, Planted]]]:
    """Which problems were found by their rule, and which of them on their line."""
    from jupyter_mlsec.core.config import Config
    from jupyter_mlsec.core.engine import Scanner
    from jupyter_mlsec.files.database import prefilter_for
    from jupyter_mlsec.rules import ALL
    from tests.corpus.plant import places

    everything = Config(profile="auditor", extend_select=tuple(rule.id for rule in ALL))
    scanner = Scanner(ALL, everything, prefilter_for(lambda: ALL, None))
    found, exact = set(), set()
    for notebook in sown:
        findings = scanner.scan_bytes(notebook.data, notebook.path).findings
        for mark in notebook.planted:
            lines = places(findings, mark)
            if lines:
                found.add((notebook.path, mark))
            if mark.problem.line in lines:
                exact.add((notebook.path, mark))
    return found, exact


def _ruff(target: Path, sown: Sequence[Sown]) -> Cells:
    options = "check --isolated --no-cache --select S --exit-zero --output-format json .".split()
    report = _json([peers.program("ruff"), *options], target)
    assert isinstance(report, list)
    # its cells count from 1, over all cells; what it can't parse is no finding
    return {
        (Path(item["filename"]).name, item["cell"] - 1)
        for item in report
        if item["code"] != "invalid-syntax" and item["cell"]
    }


def _bandit(target: Path, sown: Sequence[Sown]) -> Cells:
    template = "{relpath}:{line}: {test_id}"
    command = [peers.program("nbqa"), "bandit", ".", "-f", "custom", "--msg-template", template]
    done = subprocess.run(command, cwd=target, capture_output=True, text=True, check=False)
    code_cells = {notebook.path: _code_cells(notebook.data) for notebook in sown}
    # its cells count from 1, over the code cells
    return {
        (Path(match[1]).name, code_cells[Path(match[1]).name][int(match[2]) - 1])
        for match in re.finditer(r"^(.+):cell_(\d+):\d+: B\d+$", done.stdout, re.MULTILINE)
    }


def _code_cells(data: bytes) -> list[int]:
    cells = json.loads(data)["cells"]
    return [number for number, cell in enumerate(cells) if cell["cell_type"] == "code"]


def _detect_secrets(target: Path, sown: Sequence[Sown]) -> Cells:
    command = [peers.program("detect-secrets"), "-C", str(target), "-c", "1", "scan"]
    report = _json([*command, "--all-files", "--no-verify"], target)
    assert isinstance(report, dict)
    found = {Path(name).name: items for name, items in report["results"].items()}
    cells = set()
    for notebook in sown:
        ranges = _line_ranges(notebook.data.decode())
        for item in found.get(notebook.path, ()):
            cells |= {
                (notebook.path, number)
                for number, (start, stop) in enumerate(ranges)
                if start <= item["line_number"] <= stop
            }
    return cells


def _line_ranges(text: str) -> list[tuple[int, int]]:
    """The lines of each cell in the file, which is written with an indent of one."""
    lines = [text.count("\n", 0, match.start()) + 1 for match in _CELL.finditer(text)]
    return list(zip(lines[::2], lines[1::2], strict=False))
