"""GitHub Actions annotations: one workflow command a line.

Syntax and escapes: "Workflow commands for GitHub Actions" in GitHub's documentation. GitHub shows
ten errors, ten warnings and ten notices of a step, so the worst come first.
"""

from __future__ import annotations

from jupyter_mlsec.core.model import Finding, Report, ScanError, Severity
from jupyter_mlsec.report import Options
from jupyter_mlsec.report.places import further, where
from jupyter_mlsec.report.terminal import escape
from jupyter_mlsec.report.text import summary

_COMMANDS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "notice",
    Severity.INFO: "notice",
}


def render(report: Report, options: Options) -> str:
    """Annotations for what isn't suppressed, then for files that could not be scanned."""
    live = [f for f in report.findings if f.suppressed is None]
    lines = [_finding(f, options) for f in sorted(live, key=lambda f: -f.severity)]
    lines += [_error(e) for e in report.errors]
    return "\n".join([*lines, summary(report)]) + "\n"


def _finding(finding: Finding, options: Options) -> str:
    place = finding.place
    properties = {"file": place.path}
    message = finding.message
    if place.part == "file":
        properties |= {
            "line": str(place.line),
            "endLine": str(place.end_line),
            "col": str(place.column),
        }
    else:
        line = options.locate(place) if options.locate else None
        if line is not None:
            properties["line"] = str(line)
        message += f" ({where(place)})"
    also = further(finding)
    message += f" {also[0].upper()}{also[1:]}." if also else ""
    properties["title"] = f"{finding.severity.label}: {finding.rule}"
    return _command(_COMMANDS[finding.severity], properties, f"{message}\n{finding.docs}")


def _error(error: ScanError) -> str:
    properties = {"file": error.path, "title": "could not be scanned"}
    if error.line is not None:
        properties["line"] = str(error.line)
    return _command("error", properties, error.message)


def _command(name: str, properties: dict[str, str], message: str) -> str:
    listed = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {listed}::{'%0A'.join(_data(line) for line in message.splitlines())}"


def _data(text: str) -> str:
    return escape(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
