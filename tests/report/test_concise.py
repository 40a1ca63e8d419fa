"""One line a finding, as nbqa and editors read it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jupyter_mlsec.core.model import Finding, Place, Report, ScanError
from jupyter_mlsec.report.concise import render

Make = Callable[..., Any]


@pytest.mark.parametrize(
    ("place", "where"),
    [
        (Place("a.py", "file", 3, 5, 3, 9), "a.py:3:5:"),
        (Place("a.ipynb", "source", 3, 5, 3, 9, 1), "a.ipynb:cell_2:3:5:"),
        (Place("a.ipynb", "metadata", 1, 1, 1, 2), "a.ipynb:metadata:1:1:"),
    ],
)
def test_places(place: Place, where: str, full: Report) -> None:
    finding: Finding = full.findings[0]._replace(place=place, suppressed=None, message="a\nb")
    line = render(full._replace(findings=(finding,), errors=()))
    assert line == f"{where} {finding.rule} a\\nb [{finding.severity.label}]\n"


def test_errors_and_what_is_silenced(full: Report) -> None:
    silenced = full.findings[0]._replace(suppressed="tag")
    errors = (ScanError("a.ipynb", "broken", 3, None), ScanError("b", "gone"))
    report = full._replace(findings=(silenced,), errors=errors)
    assert render(report) == "a.ipynb:3:1: error: broken\nb: error: gone\n"
    assert render(report._replace(errors=())) == ""
