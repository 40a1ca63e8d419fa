"""JUnit XML: well-formed, counted, a failure per finding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree  # our own output, made a line above

import pytest

from jupyter_mlsec.core.model import Report, ScanError
from jupyter_mlsec.report.junit import render

Make = Callable[..., Any]


def parse(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text.encode())  # noqa: S314


def test_suites_and_counts(full: Report) -> None:
    root = parse(render(full))
    counts = ("tests", "failures", "errors", "skipped")
    assert [root.get(c) for c in counts] == ["8", "4", "2", "2"]
    assert [(suite.get("name"), *(suite.get(c) for c in counts)) for suite in root] == [
        ("a.ipynb", "5", "3", "0", "2"),
        ("sub dir/ü%?#.txt", "1", "1", "0", "0"),
        ("b.ipynb", "1", "0", "1", "0"),
        ("c.ipynb", "1", "0", "1", "0"),
    ]


def test_cases(full: Report) -> None:
    cases = {case.get("name"): case for case in parse(render(full)).iter("testcase")}
    failure = cases["unpinned-install: cell 4, line 2"].find("failure")
    assert failure is not None
    assert failure.get("message") == "medium: transformers is installed without a version"
    assert failure.text == (
        "a.ipynb, cell 4, line 2\nalso in: cells 8 (output 1), 9\n"
        "https://example.org/rules/unpinned-install.html"
    )
    skipped = cases["unpinned-install: cell 6, line 2"].find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "suppressed by comment: the image pins it"
    error = cases["could not be scanned"].find("error")
    assert error is not None


def test_a_clean_run_is_one_passed_case(report: Make) -> None:
    root = parse(render(report()))
    assert root.get("tests") == "1"
    assert root.get("failures") == "0"
    assert [len(case) for case in root.iter("testcase")] == [0]


@pytest.mark.parametrize(
    "evil", ["<&\"'>", "]]>", "\x00\x1b\x0b", "\ud800", "\ufffe\uffff", "a\nb"]
)
def test_any_text_gives_well_formed_xml(
    evil: str, finding: Make, place: Make, report: Make
) -> None:
    made = report(
        finding(message=evil, place=place(path=evil)),
        finding(suppressed="comment", reason=evil),
        errors=(ScanError(evil, evil),),
    )
    assert parse(render(made)).get("tests") == "3"
