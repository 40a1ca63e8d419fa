"""Flows of data in real notebooks, labelled by hand: `python -m tests.corpus.flows` compares them
with what the analysis says."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from tests.corpus.real import FOLDER, HERE


class Flow(NamedTuple):
    """A source that reaches a strong use: every cell that is right for the load and for the use."""

    source: str
    load: tuple[int, ...]
    use: tuple[int, ...]
    validated: bool


class Said(NamedTuple):
    """What the analysis says of a source without a check: cells of load and use."""

    source: str
    load: int
    use: int


class Score(NamedTuple):
    """How the analysis did; each wrong thing is told by notebook, source and cells."""

    right: int
    right_use: int
    false: tuple[str, ...]
    missed: tuple[str, ...]

    @property
    def precision(self) -> float:
        return self.right / (self.right + len(self.false))

    @property
    def recall(self) -> float:
        return self.right / (self.right + len(self.missed))


@cache
def labels() -> Mapping[str, tuple[Flow, ...]]:
    """Flows by notebook; notebooks without any are there too."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    table = tomllib.loads((HERE / "flows.toml").read_text("utf-8"))
    found: dict[str, list[Flow]] = {name: [] for name in table["plain"]}
    for row in table["flow"]:
        flow = Flow(row["source"], tuple(row["load"]), tuple(row["use"]), row["validated"])
        found.setdefault(row["notebook"], []).append(flow)
    return {name: tuple(flows) for name, flows in found.items()}


def said(notebook: str) -> list[Said]:
    """The flows without a check to strong uses that the analysis finds in a notebook."""
    from jupyter_mlsec.core.engine import prefilter_by_re
    from jupyter_mlsec.core.flow.facts import INTEGRITY, SCHEMA
    from jupyter_mlsec.core.notebook import read
    from jupyter_mlsec.core.view import Context
    from jupyter_mlsec.rules import data
    from jupyter_mlsec.rules.data.family import remote_flows

    document = read((FOLDER / notebook).read_bytes(), notebook)
    context = Context(document)
    context.marks = prefilter_by_re(data.RULES).marks(document.texts)
    found = []
    for flow, _ in remote_flows(context):
        if flow.kind.strong and not flow.checks & (SCHEMA | INTEGRITY):
            load, use = (
                document.texts[step.text].cell or 0 for step in (flow.way[0], flow.way[-1])
            )
            found.append(Said(flow.source.name, load, use))
    return found


@cache
def score() -> Score:
    right = right_use = 0
    false: list[str] = []
    missed: list[str] = []
    for notebook, flows in labels().items():
        open_flows = [flow for flow in flows if not flow.validated]
        for found in said(notebook):
            match = next((flow for flow in open_flows if found.load in flow.load), None)
            if match is None:
                false.append(f"{notebook}: {found}")
                continue
            open_flows.remove(match)
            right += 1
            right_use += found.use in match.use
            if found.use not in match.use:
                missed_use = f"{notebook}: {match} used in {found.use}"
                print(missed_use, file=sys.stderr)
        missed += [f"{notebook}: {flow}" for flow in open_flows]
    return Score(right, right_use, tuple(false), tuple(missed))


if __name__ == "__main__":
    result = score()
    print(
        f"{len(labels())} notebooks, precision {result.precision:.3f}, recall {result.recall:.3f}"
    )
    print(f"{result.right} right, of which {result.right_use} with the right use")
    print("false:", *result.false, sep="\n  ")
    print("missed:", *result.missed, sep="\n  ")
