"""The report for people: findings by file and cell, each with its line and a caret under it.

    analysis.ipynb > cell 4
      critical  An OpenAI API key stands in the code  provider-token
        2 | client = OpenAI(api_key="sk-p••••••••")
          |                          ^^^^^^^^^^^^
          also in: cells 7, 9 (output 1)
          fix: read it from the secret store

Cells, outputs, lines and columns count from 1 here; cells count whatever their type, as the
notebook shows them. (In JSON and SARIF a cell's index counts from 0.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from jupyter_mlsec.core.model import Finding, Place, Report, Severity
from jupyter_mlsec.report import Options
from jupyter_mlsec.report.places import further, region
from jupyter_mlsec.report.terminal import escape, link, style, window

_PARTS = ("file", "source", "output", "attachment", "metadata")
_MARGIN = "    "


def render(report: Report, options: Options) -> str:
    """The whole report, ending in a line end."""
    shown = sorted(
        (f for f in report.findings if options.show_suppressed or f.suppressed is None),
        key=_reading_order,
    )
    lines: list[str] = []
    for heading, group in groupby(shown, key=lambda f: (f.place.path, region(f.place))):
        lines.append(_heading(*heading, color=options.color))
        for finding in group:
            lines += [*_finding(finding, options), ""]
    for error in report.errors:
        place = f":{error.line}:{error.column or 1}" if error.line else ""
        label = style("error", Severity.HIGH, color=options.color)
        lines.append(f"{label}: {escape(error.path)}{place}: {escape(error.message)}")
    if report.errors:
        lines.append("")
    lines.append(summary(report))
    if shown:
        lines.append(style(_hint(shown), "dim", color=options.color))
    return "\n".join(lines) + "\n"


def summary(report: Report) -> str:
    """One line: `4 findings (1 critical, 3 medium) in 2 of 10 files, 1 suppressed, …`."""
    live = [f for f in report.findings if f.suppressed is None]
    silenced = len(report.findings) - len(live)
    extras = [f"{silenced} suppressed"] if silenced else []
    if report.errors:
        extras.append(f"{_count(len(report.errors), 'file')} not scanned")
    if report.cells:
        extras.append(_count(report.cells, "cell"))
    extras.append(f"{report.seconds:.2f} s")
    if live:
        severities = Counter(f.severity for f in live)
        by_severity = ", ".join(f"{severities[s]} {s.label}" for s in sorted(severities)[::-1])
        affected = len({f.place.path for f in live})
        head = f"{_count(len(live), 'finding')} ({by_severity})"
        return f"{head} in {affected} of {_count(report.files, 'file')}, {', '.join(extras)}"
    if not report.files:
        return "Nothing to scan: no notebook or other known file was found."
    # with errors nothing is known of some files, so nothing is said to be fine
    head = "Nothing found" if report.errors else "All clear: nothing found"
    return f"{head} in {_count(report.files, 'file')} ({', '.join(extras)})."


def _hint(shown: Sequence[Finding]) -> str:
    fixes = [f.fix.safe for f in shown if f.fix is not None and f.suppressed is None]
    commands = ["`mlsec explain RULE` tells what a rule means"]
    if any(fixes):
        commands.append(f"`mlsec fix` mends {sum(fixes)} of these")
    if not all(fixes):
        commands.append(f"`mlsec fix --unsafe` mends {len(fixes)}")
    return f"{'; '.join(commands)}."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _reading_order(finding: Finding) -> tuple[object, ...]:
    return (finding.place.path, *_in_file(finding.place), -finding.severity, finding.rule)


def _in_file(place: Place) -> Sequence[float]:
    cell = place.cell if place.cell is not None else float("inf")  # notebook metadata comes last
    output = place.output if place.output is not None else -1
    return cell, _PARTS.index(place.part), output, place.line, place.column


def _heading(path: str, name: str, *, color: bool) -> str:
    shown = style(escape(path), "bold", color=color)
    return f"{shown} > {style(name, 'bold', color=color)}" if name else shown


def _finding(finding: Finding, options: Options) -> Iterator[str]:
    color = options.color
    label = style(finding.severity.label, finding.severity, color=color)
    rule = style(link(finding.rule, finding.docs, color=color), "dim", color=color)
    yield f"  {label}  {escape(finding.message)}  {rule}"
    number = str(finding.place.line)
    margin = _MARGIN + " " * len(number)
    if finding.excerpt:
        room = max(options.width - len(margin) - 3, 20)
        view = window(finding.excerpt, finding.excerpt_column, finding.excerpt_end, room)
        bar = style("|", "dim", color=color)
        caret = style("^" * (view.end - view.start), finding.severity, color=color)
        yield f"{_MARGIN}{style(number, 'dim', color=color)} {bar} {view.text}"
        yield f"{margin} {bar} {' ' * view.start}{caret}"
    for note in _notes(finding):
        yield style(f"{margin} {note}", "dim", color=color)


def _notes(finding: Finding) -> Iterator[str]:
    also = further(finding)
    if also:
        yield escape(also)
    if finding.fix is not None:
        label = "fix" if finding.fix.safe else "unsafe fix"
        yield f"{label}: {escape(finding.fix.title)}"
    if finding.suppressed is not None:
        reason = f": {finding.reason}" if finding.reason else ""
        yield escape(f"suppressed by {finding.suppressed}{reason}")
