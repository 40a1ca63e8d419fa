"""Precision and recall of the data-flow analysis on notebooks that were read by hand."""

from __future__ import annotations

import pytest

from tests.corpus import flows
from tests.corpus.real import FOLDER

LEAST_PRECISION = 0.9
LEAST_RECALL = 0.85
LEAST_NOTEBOOKS = 60


def test_the_set_is_as_large_as_it_says() -> None:
    found = flows.labels()
    kinds = [flow.validated for flow in sum(found.values(), ())]
    assert len(found) >= LEAST_NOTEBOOKS
    assert min(kinds.count(True), sum(not one for one in found.values())) >= 4


@pytest.mark.skipif(
    not FOLDER.is_dir(),
    reason=f"no corpus of real notebooks in {FOLDER}: set MLSEC_CORPUS to have it scanned",
)
def test_precision_and_recall() -> None:
    score = flows.score()
    assert score.precision >= LEAST_PRECISION, score.false
    assert score.recall >= LEAST_RECALL, score.missed
    assert score.right_use >= 0.95 * score.right
