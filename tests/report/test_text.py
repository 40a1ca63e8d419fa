"""The report that people read."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from jupyter_mlsec.core.model import (
    Finding,
    Place,
    PlacedEdit,
    PlacedFix,
    Report,
    ScanError,
    Severity,
)
from jupyter_mlsec.report import FORMATS, Options
from jupyter_mlsec.report.places import further, related, where
from jupyter_mlsec.report.text import render, summary

Make = Callable[..., Any]


def test_the_whole_report(full: Report) -> None:
    assert (
        render(full, Options())
        == """\
a.ipynb > cell 1
  critical  an OpenAI API key stands in the code  provider-token
    1 | pip install transformers
      |             ^^^^^^^^^^^^

a.ipynb > cell 4
  medium  transformers is installed without a version  unpinned-install
    2 | pip install transformers
      |             ^^^^^^^^^^^^
      also in: cells 8 (output 1), 9
      fix: pin to 4.43.1

a.ipynb > notebook metadata
  info  transformers is installed without a version  a-rule-that-is-not-listed

sub dir/ü%?#.txt
  low  transformers is installed without a version  unpinned-install
    2 | pip install transformers
      |             ^^^^^^^^^^^^
      unsafe fix: pin, whatever happens

error: b.ipynb:1659:9: not valid JSON
error: c.ipynb: unreadable

4 findings (1 critical, 1 medium, 1 low, 1 info) in 2 of 10 files, 2 suppressed, \
2 files not scanned, 310 cells, 0.12 s
`mlsec explain RULE` tells what a rule means; `mlsec fix` mends 1 of these; \
`mlsec fix --unsafe` mends 2.
"""
    )


@pytest.mark.parametrize(
    ("safe", "hint"),
    [
        ([], "`mlsec explain RULE` tells what a rule means."),
        ([True], "`mlsec explain RULE` tells what a rule means; `mlsec fix` mends 1 of these."),
        (
            [False],
            "`mlsec explain RULE` tells what a rule means; `mlsec fix --unsafe` mends 1.",
        ),
    ],
)
def test_the_hint_names_the_commands_that_help(
    safe: list[bool], hint: str, finding: Make, report: Make
) -> None:
    fixes = [PlacedFix((PlacedEdit(1, 1, 1, 1, ""),), s, "t") for s in safe]
    shown = render(report(finding(), *(finding(fix=fix) for fix in fixes)), Options())
    assert shown.splitlines()[-1] == hint


def test_suppressed_findings_are_shown_on_request(full: Report) -> None:
    shown = render(full, Options(show_suppressed=True))
    assert "      suppressed by comment: the image pins it\n" in shown
    assert "      suppressed by baseline\n" in shown


def test_color_adds_nothing_but_color(full: Report) -> None:
    colored = render(full, Options(color=True))
    plain = re.sub(r"\x1b\[[\d;]*m|\x1b\]8;;[^\x1b]*\x1b\\", "", colored)
    assert colored != plain
    assert plain == render(full, Options())
    assert (
        "\x1b]8;;https://example.org/rules/unpinned-install.html\x1b\\unpinned-install" in colored
    )


@pytest.mark.parametrize("field", ["message", "excerpt", "path", "error", "reason", "title"])
def test_no_file_can_act_on_the_terminal(
    field: str, finding: Make, place: Make, report: Make
) -> None:
    evil = "\x1b]0;owned\x07\r\x9b2J\u202e\nforged line"
    values = {
        "message": "m",
        "excerpt": "e",
        "path": "p",
        "error": "e",
        "reason": "r",
        "title": "t",
    }
    values[field] = evil
    found = finding(
        message=values["message"],
        excerpt=values["excerpt"],
        place=place(path=values["path"]),
        suppressed="comment",
        reason=values["reason"],
        fix=PlacedFix((PlacedEdit(1, 1, 1, 1, ""),), True, values["title"]),
    )
    made = report(found, errors=(ScanError(values["path"], values["error"]),))
    shown = render(made, Options(show_suppressed=True))
    assert not set(shown) & set("\x1b\x07\r\x9b\u202e")
    assert not any(line.startswith("forged") for line in shown.splitlines())


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "All clear: nothing found in 10 files (310 cells, 0.12 s)."),
        ({"files": 1, "cells": 1}, "All clear: nothing found in 1 file (1 cell, 0.12 s)."),
        ({"files": 3, "cells": 0}, "All clear: nothing found in 3 files (0.12 s)."),
        ({"files": 0, "cells": 0}, "Nothing to scan: no notebook or other known file was found."),
        (
            {"errors": (ScanError("b", "bad"),)},
            "Nothing found in 10 files (1 file not scanned, 310 cells, 0.12 s).",
        ),
    ],
)
def test_nothing_found(changes: dict[str, Any], line: str, report: Make) -> None:
    assert summary(report(**changes)) == line


def test_only_suppressed_findings_are_said(finding: Make, report: Make) -> None:
    made = report(finding(suppressed="tag"))
    assert render(made, Options()) == (
        "All clear: nothing found in 10 files (1 suppressed, 310 cells, 0.12 s).\n"
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "cell 4, line 2"),
        ({"part": "output", "output": 0}, "cell 4, output 1, line 2"),
        ({"part": "metadata"}, "cell 4, metadata, line 2"),
        ({"part": "attachment"}, "cell 4, attachment, line 2"),
        ({"part": "metadata", "cell": None}, "notebook metadata, line 2"),
        ({"part": "file", "cell": None}, "line 2"),
    ],
)
def test_places_count_from_one(changes: dict[str, Any], said: str, place: Make) -> None:
    assert where(place(**changes)) == said


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ([], ""),
        ([{}], ""),  # the same line again says nothing new
        ([{"line": 7}], "line 7"),
        ([{"line": 7}, {"line": 7}, {"line": 9}], "lines 7, 9"),
        ([{"cell": 6}], "cell 7"),
        ([{"cell": 6}, {"cell": 8, "part": "output", "output": 1}], "cells 7, 9 (output 2)"),
        ([{"line": 7}, {"cell": 6}], "line 7; cell 7"),
        ([{"cell": None, "part": "metadata"}], "notebook metadata"),
        ([{"path": "b.ipynb"}], "b.ipynb, cell 4, line 2"),
        ([{"cell": c} for c in range(20, 32)], "cells 21, 22, 23, 24, 25, 26, 27, 28 and 4 more"),
    ],
)
def test_related_places_in_one_phrase(
    others: list[dict[str, Any]], said: str, finding: Make, place: Make
) -> None:
    assert related(finding(related=tuple(place(**other) for other in others))) == said


@pytest.mark.parametrize(("flow", "said"), [(False, "also in: cell 7"), (True, "goes to: cell 7")])
def test_further_places_say_what_they_are(
    flow: bool, said: str, finding: Make, place: Make
) -> None:
    assert further(finding(related=(place(cell=6),), flow=flow)) == said
    assert further(finding(flow=flow)) == ""


def test_reading_order(finding: Make, place: Make, report: Make) -> None:
    places: list[Place] = [
        place(path="b.ipynb", cell=0),
        place(cell=10),
        place(cell=None, part="metadata"),
        place(cell=2, part="output", output=1),
        place(cell=2, part="output", output=0),
        place(cell=2, line=9),
        place(cell=2, line=1),
    ]
    shown = render(report(*(finding(place=p) for p in places)), Options())
    headings = [line for line in shown.splitlines() if " > " in line]
    assert headings == [
        "a.ipynb > cell 3",
        "a.ipynb > cell 3, output 1",
        "a.ipynb > cell 3, output 2",
        "a.ipynb > cell 11",
        "a.ipynb > notebook metadata",
        "b.ipynb > cell 1",
    ]
    assert shown.index("    1 |") < shown.index("    9 |")


def test_the_worst_comes_first_at_one_place(finding: Make, report: Make) -> None:
    low: Finding = finding(severity=Severity.LOW, rule="a")
    shown = render(report(low, finding(severity=Severity.HIGH, rule="b")), Options())
    assert shown.index("  high") < shown.index("  low")


def test_formats_take_options_by_name(full: Report, rules: Any) -> None:
    assert FORMATS["text"](full, rules, color=False, width=80) == render(full, Options(width=80))
    with pytest.raises(TypeError):
        FORMATS["text"](full, rules, colour=True)
