"""Each nasty notebook, through bytes: what must be gone is gone, what must stay is there."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from jupyter_mlsec.core.strip import Options, Stripped
from jupyter_mlsec.files.stripping import stripper
from tests.nasty import ALL, CASES, PLACES, SENSITIVE, STAY, Case, holds


@cache
def _made(mode: str, settings: str) -> Callable[[bytes, str], Stripped]:
    return stripper(Options.from_mapping({"mode": mode, **json.loads(settings)}))


def stripped(case: Case) -> bytes:
    result: Any = _made(case.mode, json.dumps(case.settings))(case.data, "x.ipynb")
    return bytes(result.data)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_nasty(case: Case) -> None:
    for marker in case.gone if case in ALL or case in PLACES else ():
        assert "nothing" in marker or holds(case.data, marker), (
            "the case does not hold what it says"
        )
    data = stripped(case)
    for marker in case.gone:
        assert not holds(data, marker)
    for marker in case.stays:
        assert holds(data, marker)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_twice_is_once(case: Case) -> None:
    once = case._replace(data=stripped(case))
    assert stripped(once) == once.data


@pytest.mark.parametrize("case", STAY, ids=[case.name for case in STAY])
def test_nothing_changes(case: Case) -> None:
    assert stripped(case) == case.data


def test_there_are_enough() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names))
    assert len(ALL) >= 100
    assert len(SENSITIVE) >= 40
