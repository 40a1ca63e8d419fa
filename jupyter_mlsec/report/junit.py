"""JUnit XML: a suite per file, a failed case per finding, an error per file that can't be read.

There is no standard, only habit; the elements and attributes are those that Jenkins' and GitLab's
documentation name. A run without findings gives one passed case, since readers take an empty
report for a broken one.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from jupyter_mlsec.core.model import Finding, Report, ScanError
from jupyter_mlsec.report.places import further, where
from jupyter_mlsec.report.terminal import escape


def render(report: Report) -> str:
    """The report as an XML document."""
    root = Element("testsuites", name="mlsec", time=f"{report.seconds:.3f}")
    findings: dict[str, list[Finding]] = {}
    for finding in report.findings:
        findings.setdefault(finding.place.path, []).append(finding)
    errors: dict[str, list[ScanError]] = {}
    for error in report.errors:
        errors.setdefault(error.path, []).append(error)
    for path in dict.fromkeys([*findings, *errors]):
        _suite(root, path, findings.get(path, []), errors.get(path, []))
    if len(root) == 0:
        suite = SubElement(root, "testsuite", name="mlsec", tests="1", failures="0", errors="0")
        SubElement(suite, "testcase", classname="mlsec", name=f"{report.files} files scanned")
    for total in ("tests", "failures", "errors", "skipped"):
        root.set(total, str(sum(int(suite.get(total, "0")) for suite in root)))
    indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(root, encoding="unicode")}\n'


def _suite(root: Element, path: str, findings: list[Finding], errors: list[ScanError]) -> None:
    suppressed = sum(f.suppressed is not None for f in findings)
    suite = SubElement(
        root,
        "testsuite",
        name=escape(path),
        tests=str(len(findings) + len(errors)),
        failures=str(len(findings) - suppressed),
        errors=str(len(errors)),
        skipped=str(suppressed),
    )
    for finding in findings:
        _finding(suite, finding)
    for error in errors:
        case = SubElement(suite, "testcase", classname=escape(path), name="could not be scanned")
        place = f" (line {error.line}, column {error.column or 1})" if error.line else ""
        SubElement(case, "error", message=escape(error.message) + place, type="ScanError")


def _finding(suite: Element, finding: Finding) -> None:
    path = escape(finding.place.path)
    name = f"{finding.rule}: {where(finding.place)}"
    case = SubElement(suite, "testcase", classname=path, name=name, file=path)
    if finding.suppressed is not None:
        reason = f": {finding.reason}" if finding.reason else ""
        SubElement(case, "skipped", message=escape(f"suppressed by {finding.suppressed}{reason}"))
        return
    message = f"{finding.severity.label}: {finding.message}"
    failure = SubElement(case, "failure", message=escape(message), type=finding.rule)
    also = further(finding)
    failure.text = escape(f"{finding.place.path}, {where(finding.place)}")
    failure.text += f"\n{escape(also)}" if also else ""
    failure.text += f"\n{finding.docs}"
