"""Planted problems of all families, in syntactic forms: how many are found, and where.

A part of what `python -m bench planted` does on the real notebooks.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jupyter_mlsec.core.config import Config
from jupyter_mlsec.core.engine import Scanner
from jupyter_mlsec.faces.cli.demo import write_examples
from jupyter_mlsec.files.database import prefilter_for
from jupyter_mlsec.rules import ALL, FAMILIES
from tests.corpus.plant import Score, places, score, sow
from tests.corpus.problems import problems

LEAST_RECALL, LEAST_EXACT = 0.98, 0.995
EVERY = 6  # the share of all problems that the test plants
CELLS = (
    ("markdown", "# Sales by month\n\nFrom the table of the **shop**."),
    ("code", "import pandas as pd\nimport numpy as np\n%matplotlib inline"),
    (
        "code",
        'sales = pd.DataFrame({"month": range(12), "euro": np.arange(12) * 10})\nsales.head()',
    ),
    ("code", "def total(frame):\n    return frame.euro.sum()\n\n\ntotal(sales)"),
    ("code", "this cell ( does not parse"),
    ("markdown", "Thank you."),
)


def _notebook() -> bytes:
    cells = [
        {
            "cell_type": kind,
            "metadata": {},
            "source": source.splitlines(keepends=True),
            **({"outputs": [], "execution_count": None} if kind == "code" else {}),
        }
        for kind, source in CELLS
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


@pytest.fixture(scope="module")
def result() -> Score:
    everything = Config(profile="auditor", extend_select=tuple(rule.id for rule in ALL))
    scanner = Scanner(ALL, everything, prefilter_for(lambda: ALL, None))
    sown = sow(problems()[::EVERY], [("sales.ipynb", _notebook())])
    return score(sown, lambda data, path: scanner.scan_bytes(data, path).findings)


def test_the_set_is_large_and_varied() -> None:
    planted = problems()
    assert len(planted) >= 2000
    assert {p.family for p in planted} == set(FAMILIES)
    assert len({p.form for p in planted}) >= 40
    assert {p.rule for p in planted} == {rule.id for rule in ALL}


def test_recall(result: Score) -> None:
    assert result.found >= LEAST_RECALL * result.planted


def test_places(result: Score) -> None:
    assert result.exact >= LEAST_EXACT * result.found


# What each cell and line of the example notebook `to-review.ipynb` holds.
ELEVEN = [
    ("unpinned-install", "source", 1, 1),
    ("curl-pipe-shell", "source", 1, 2),
    ("provider-token", "source", 3, 1),
    ("trust-remote-code", "source", 4, 3),
    ("torch-load-without-weights-only", "source", 5, 2),
    ("pickle-from-network", "source", 6, 1),
    ("tls-verify-disabled", "source", 7, 1),
    ("pii-in-output", "output", 7, 1),
    ("llm-output-executed", "source", 8, 9),
    ("gradio-share", "source", 9, 3),
    ("over-broad-iam", "source", 10, 6),
]


def test_eleven_of_eleven(tmp_path: Path) -> None:
    """The example notebook, as users scan it: these findings and no others."""
    write_examples(tmp_path)
    name = "to-review.ipynb"
    scanner = Scanner(ALL, Config(), prefilter_for(lambda: ALL, None))
    found = scanner.scan_bytes((tmp_path / name).read_bytes(), name).findings
    seen = [(f.rule, f.place.part, f.place.cell, f.place.line) for f in found]
    assert sorted(map(str, seen)) == sorted(map(str, ELEVEN))


def test_places_are_of_the_rule_and_the_cell(result: Score) -> None:
    """A problem that is not there is not found: the score can fail."""
    missing = sow(problems()[:4], [("sales.ipynb", _notebook())])
    assert all(places((), mark) == set() for notebook in missing for mark in notebook.planted)
    assert score(missing, lambda data, path: ()).found == 0
