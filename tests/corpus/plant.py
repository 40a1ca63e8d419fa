"""Problems put into notebooks, and how many of them a scan finds there, and where."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Any, NamedTuple

from jupyter_mlsec.core.model import Finding
from tests.corpus.problems import Problem

EACH = 4  # problems in a notebook
Scan = Callable[[bytes, str], Iterable[Finding]]


class Planted(NamedTuple):
    """A problem in a notebook: the number of its cell; `output` is 0 where an output holds it."""

    problem: Problem
    cell: int
    output: int | None


class Sown(NamedTuple):
    """A notebook with problems in it."""

    path: str
    data: bytes
    planted: tuple[Planted, ...]


class Score(NamedTuple):
    """How many were planted, found in their cell, and found on their line."""

    planted: int
    found: int
    exact: int
    missed: tuple[tuple[str, Planted], ...]


def sow(
    problems: Sequence[Problem], notebooks: Sequence[tuple[str, bytes]], seed: int = 1
) -> list[Sown]:
    """The problems dealt out to the notebooks, no rule twice in one, at random places."""
    random = Random(seed)
    waiting = list(problems)
    random.shuffle(waiting)
    sown = []
    number = 0
    while waiting:
        path, data = notebooks[number % len(notebooks)]
        chosen: list[Problem] = []
        rest: list[Problem] = []
        for problem in waiting:
            fits = len(chosen) < EACH and problem.rule not in [p.rule for p in chosen]
            (chosen if fits else rest).append(problem)
            if len(chosen) == EACH and len(rest) > EACH:
                break
        waiting = rest + waiting[len(chosen) + len(rest) :]
        sown.append(_plant(f"{number:04}-{path}", data, chosen, random))
        number += 1
    return sown


def _plant(path: str, data: bytes, problems: Sequence[Problem], random: Random) -> Sown:
    notebook = json.loads(data)
    cells: list[Any] = notebook["cells"]
    marks: list[tuple[Any, Problem]] = []
    for problem in problems:
        at = random.randint(0, len(cells))
        new = [_cell(problem, text, text is problem.cells[-1]) for text in problem.cells]
        # what an earlier cell holds may stand further up
        for early in new[:-1]:
            cells.insert(random.randint(0, at), early)
            at += 1
        cells.insert(at, new[-1])
        marks.append((new[-1], problem))
    planted = [
        Planted(problem, next(n for n, c in enumerate(cells) if c is cell), _output(problem))
        for cell, problem in marks
    ]
    return Sown(path, json.dumps(notebook, indent=1).encode(), tuple(planted))


def _output(problem: Problem) -> int | None:
    return 0 if "/" in problem.kind else None


def _cell(problem: Problem, text: str, last: bool) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": "code", "metadata": {}, "execution_count": None}
    if problem.kind == "markdown":
        return {"cell_type": "markdown", "metadata": {}, "source": text.splitlines(keepends=True)}
    if _output(problem) is None:
        return {**cell, "outputs": [], "source": text.splitlines(keepends=True)}
    bundle = {problem.kind: text.splitlines(keepends=True)}
    output = {"output_type": "display_data", "data": bundle, "metadata": {}}
    return {**cell, "outputs": [output], "source": ["show()"]}


def score(sown: Iterable[Sown], scan: Scan) -> Score:
    """What a scan finds of what was planted; the finding must be of the problem's rule."""
    planted = found = exact = 0
    missed = []
    for notebook in sown:
        findings = list(scan(notebook.data, notebook.path))
        for mark in notebook.planted:
            planted += 1
            lines = places(findings, mark)
            found += bool(lines)
            exact += mark.problem.line in lines
            if mark.problem.line not in lines:
                missed.append((notebook.path, mark))
    return Score(planted, found, exact, tuple(missed))


def places(findings: Iterable[Finding], mark: Planted) -> set[int]:
    """The lines of a problem's cell on which its rule has found something."""
    return {
        place.line
        for finding in findings
        if finding.rule == mark.problem.rule
        for place in (finding.place, *finding.related)
        if place.cell == mark.cell and place.output == mark.output
    }
