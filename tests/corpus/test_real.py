"""Counts, precision and noise on the real notebooks, against the table of what was judged."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.corpus import real

pytestmark = pytest.mark.skipif(
    not real.FOLDER.is_dir(),
    reason=f"no corpus of real notebooks in {real.FOLDER}: set MLSEC_CORPUS to have it scanned",
)
LEAST_PRECISION = 0.9
MOST_FALSE_SECRETS = 3


def test_counts_are_those_that_were_judged() -> None:
    counts = Counter(finding.rule for finding in real.scan())
    assert dict(counts) == {rule: n for rule, n in real.read_table().counts.items() if n}


def test_precision_of_each_rule() -> None:
    results = real.precision(real.scan(), real.read_table())
    low = {
        rule: result
        for rule, result in results.items()
        if result.right < LEAST_PRECISION * (result.right + result.wrong)
    }
    assert not low


def test_precision_by_severity() -> None:
    results = real.precision_by_severity(real.scan(), real.read_table())
    for level, least in (("critical", 0.95), ("high", 0.95), ("medium", 0.9)):
        right, wrong, unknown = results[level]
        assert right >= least * (right + wrong), level
        assert unknown <= 0.02 * (right + wrong), level
    assert sum(results[level].right for level in ("critical", "high", "medium")) >= 300


def test_enough_is_judged() -> None:
    results = real.precision(real.scan(), real.read_table())
    few = {
        rule: result
        for rule, result in results.items()
        if result.right + result.wrong < min(sum(result), real.ENOUGH)
    }
    assert not few


def test_every_finding_about_a_credential_is_judged_and_few_are_false() -> None:
    verdicts = real.read_table().verdicts
    found = [finding for finding in real.scan() if finding.family == "secrets"]
    judged = [verdicts.get((finding.rule, real.line_of(finding))) for finding in found]
    assert judged.count(None) == 0
    assert judged.count(False) <= MOST_FALSE_SECRETS


def test_noise_stays_in_its_budget() -> None:
    """Findings per notebook of medium severity and confidence or more, which a user sees."""
    from jupyter_mlsec.core.config import Config

    regular = Config()
    shown = [finding for finding in real.scan() if regular.shows(finding)]
    others = [finding for finding in shown if finding.rule != "unpinned-install"]
    count = len(real.notebooks())
    assert len(shown) <= 1.3 * count
    assert len(others) <= 0.6 * count
