"""What people and machines read: findings in, text out.

`FORMATS` maps a format's name to the function that writes it. Each imports its module when it is
called, so that a scan pays only for the format that was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from jupyter_mlsec.core.model import Place, Report
from jupyter_mlsec.core.rule import Rule

Locate = Callable[[Place], "int | None"]


class Options(NamedTuple):
    """What a report may depend on besides the findings; each format uses what it needs.

    `color`: colours and hyperlinks may be used. `width`: columns of the terminal.
    `show_suppressed`: people see silenced findings too (machines always get them, marked).
    `version`: the tool's own. `locate`: gives the line that a place of a notebook has in the JSON
    file, from 1, or None; the machines behind SARIF and annotations know no other lines.
    """

    color: bool = False
    width: int = 100
    show_suppressed: bool = False
    version: str | None = None
    locate: Locate | None = None


class Format(Protocol):
    """Writes a report, ending in a line end. `rules`: those that ran, by id. The keywords are
    the fields of `Options`."""

    def __call__(self, report: Report, rules: Mapping[str, Rule], **options: Any) -> str: ...


def _text(report: Report, rules: Mapping[str, Rule], **options: Any) -> str:
    from jupyter_mlsec.report.text import render

    return render(report, Options(**options))


def _concise(report: Report, rules: Mapping[str, Rule], **options: Any) -> str:
    from jupyter_mlsec.report.concise import render

    return render(report)


def _json(report: Report, rules: Mapping[str, Rule], **options: Any) -> str:
    from jupyter_mlsec.report.json import render

    return render(report)


def _sarif(report: Report, rules: Mapping[str, Rule], **options: Any) -> str:
    from jupyter_mlsec.report.sarif import render

    return render(report, rules, Options(**options))


def _github(report: Report, rules: Mapping[str, Rule], **options: Any) -> str:
    from jupyter_mlsec.report.github import render

    return render(report, Options(**options))


def _junit(report: Report, rules: Mapping[str, Rule], **options: Any) -> str:
    from jupyter_mlsec.report.junit import render

    return render(report)


FORMATS: Mapping[str, Format] = {
    "text": _text,
    "concise": _concise,
    "json": _json,
    "sarif": _sarif,
    "github": _github,
    "junit": _junit,
}
