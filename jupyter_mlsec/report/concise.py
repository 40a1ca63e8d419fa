"""One line a finding, `path:line:column: rule message`, as linters and editors have it.

In a notebook the line counts within a cell: `a.ipynb:cell_2:1:5`, with code and text cells counted
from 1. nbqa turns the lines of its scripts into the same form, with code cells alone counted.
"""

from __future__ import annotations

from jupyter_mlsec.core.model import Finding, Report
from jupyter_mlsec.report.terminal import escape


def render(report: Report) -> str:
    """The findings that aren't suppressed, then what could not be scanned; empty without any."""
    lines = [_finding(f) for f in report.findings if f.suppressed is None]
    for error in report.errors:
        place = f":{error.line}:{error.column or 1}" if error.line else ""
        lines.append(f"{error.path}{place}: error: {error.message}")
    return "".join(f"{escape(line)}\n" for line in lines)


def _finding(finding: Finding) -> str:
    place = finding.place
    inside = ""
    if place.cell is not None:
        inside = f"cell_{place.cell + 1}:"
    elif place.part != "file":
        inside = f"{place.part}:"
    where = f"{place.path}:{inside}{place.line}:{place.column}"
    return f"{where}: {finding.rule} {finding.message} [{finding.severity.label}]"
