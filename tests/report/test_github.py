"""GitHub annotations: one command a line, whatever the notebook says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jupyter_mlsec.core.model import Report, ScanError, Severity
from jupyter_mlsec.report import Options
from jupyter_mlsec.report.github import render

Make = Callable[..., Any]


def test_the_whole_report(full: Report) -> None:
    docs = "%0Ahttps://example.org/rules/unpinned-install.html"
    text = "transformers is installed without a version"
    assert render(full, Options(locate=lambda place: 100 + place.line)).splitlines()[:-1] == [
        "::error file=a.ipynb,line=101,title=critical%3A provider-token"
        f"::an OpenAI API key stands in the code (cell 1, line 1){docs}",
        "::warning file=a.ipynb,line=102,title=medium%3A unpinned-install"
        f"::{text} (cell 4, line 2) Also in: cells 8 (output 1), 9.{docs}",
        "::notice file=sub dir/ü%25?#.txt,line=2,endLine=2,col=5,title=low%3A unpinned-install"
        f"::{text}{docs}",
        "::notice file=a.ipynb,line=102,title=info%3A a-rule-that-is-not-listed"
        f"::{text} (notebook metadata, line 2){docs}",
        "::error file=b.ipynb,title=could not be scanned,line=1659::not valid JSON",
        "::error file=c.ipynb,title=could not be scanned::unreadable",
    ]


def test_without_the_file_a_notebook_has_no_line(finding: Make, report: Make) -> None:
    assert ",line=" not in render(report(finding()), Options())


@pytest.mark.parametrize(
    ("severity", "command"),
    [
        (Severity.CRITICAL, "error"),
        (Severity.HIGH, "error"),
        (Severity.MEDIUM, "warning"),
        (Severity.LOW, "notice"),
        (Severity.INFO, "notice"),
    ],
)
def test_levels(severity: Severity, command: str, finding: Make, report: Make) -> None:
    assert render(report(finding(severity=severity)), Options()).startswith(f"::{command} ")


def test_no_text_can_begin_a_command_of_its_own(finding: Make, place: Make, report: Make) -> None:
    evil = "x\n::set-output name=a::b\r\n::error::c,d:e%0A"
    made = report(
        finding(message=evil, place=place(path=evil)), errors=(ScanError(evil, evil, 1, 1),)
    )
    commands = [line for line in render(made, Options()).splitlines() if line.startswith("::")]
    assert [line.split(" ")[0] for line in commands] == ["::warning", "::error"]
    properties = commands[0].split("::")[1]
    assert properties.count(",") == 1  # only the one between file and title
    assert "\\n%3A%3Aset-output" in properties


def test_suppressed_findings_are_left_out(finding: Make, report: Make) -> None:
    assert "::" not in render(report(finding(suppressed="comment")), Options())
