"""Recall and false alarms on the labelled set. Failures name cases, never values."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.corpus.accuracy import Scores, our_scan, our_verdict, score
from tests.corpus.case import Case, Group
from tests.corpus.planted import all_places, cases
from tests.corpus.vendors import VENDORS

SEED = 1
LEAST: dict[Group, float] = {"format": 0.95, "generic": 0.85}  # recall
FURTHER: dict[Group, float] = {
    "format": 0.95,
    "generic": 0.90,
}
MOST_ALARMS = 0.08
AREAS = list(dict.fromkeys(place.area for place in all_places()))


@pytest.fixture(scope="module")
def samples() -> list[Case]:
    return cases(SEED)


@pytest.fixture(scope="module")
def verdict() -> Callable[[Case], bool]:
    return our_verdict()


@pytest.fixture(scope="module")
def scores(samples: list[Case], verdict: Callable[[Case], bool]) -> Scores:
    return score(samples, verdict)


@pytest.fixture(scope="module", params=["further", "independent"])
def further(request: pytest.FixtureRequest, verdict: Callable[[Case], bool]) -> Scores:
    return score(cases(SEED, request.param), verdict)


@pytest.mark.parametrize("area", [*AREAS, "all"])
@pytest.mark.parametrize("group", list(LEAST))
def test_recall(scores: Scores, group: Group, area: str) -> None:
    result = scores.get((group, area))
    if result is None:
        assert (group, area) in {("format", "-"), ("generic", "keys")}, "an area without cases"
        return
    assert result.rate >= LEAST[group], _message(result.rate, result.wrong)


@pytest.mark.parametrize("group", list(FURTHER))
def test_recall_in_places_unseen_by_the_authors(further: Scores, group: Group) -> None:
    result = further[group, "all"]
    assert result.rate >= FURTHER[group], _message(result.rate, result.wrong)


def test_false_alarms_in_places_unseen_by_the_authors(further: Scores) -> None:
    result = further["benign", "all"]
    assert result.rate <= MOST_ALARMS, _message(result.rate, result.wrong)


@pytest.mark.parametrize("area", [*AREAS, "look-alikes", "all"])
def test_false_alarms(scores: Scores, area: str) -> None:
    result = scores.get(("benign", area))
    if result is None:
        assert area == "keys"
        return
    assert result.rate <= MOST_ALARMS, _message(result.rate, result.wrong)


def test_recall_in_a_cell_equals_that_in_a_file(samples: list[Case], scores: Scores) -> None:
    missed = {name for group in LEAST for name in scores[group, "all"].wrong}
    different = [
        case.name
        for case in samples
        if case.path == "script.py" and case.secret
        if (case.name in missed) != (case.name.replace("(py)", "(cell)") in missed)
    ]
    assert not different, _message(len(different), tuple(different))


def test_same_findings_without_hyperscan(
    samples: list[Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("hyperscan", reason="its wheel is not installed: nothing to compare with")
    fast = our_scan()
    monkeypatch.setenv("MLSEC_NO_HYPERSCAN", "1")
    slow = our_scan()
    assert [case.name for case in samples[::9] if fast(case) != slow(case)] == []


def test_harmless_cells_around_are_harmless(verdict: Callable[[Case], bool]) -> None:
    from tests.corpus.documents import notebook

    empty = Case("nothing planted", "", "", "benign", "nb.ipynb", notebook([]))
    assert not verdict(empty)


def test_the_set_is_as_large_as_it_says(samples: list[Case]) -> None:
    assert len(VENDORS) >= 60
    assert len({case.name for case in samples}) == len(samples)
    generic = {case.secret for case in samples if case.group == "generic"}
    assert len(generic) >= 150
    assert cases(SEED, "further") == cases(SEED, "further"), "a seed gives one set"


def _message(value: float, names: tuple[str, ...]) -> str:
    shown = "\n  ".join(names[:40])
    more = f"\n  and {len(names) - 40} more" if len(names) > 40 else ""
    return f"{value:.3f}; wrong are:\n  {shown}{more}"
