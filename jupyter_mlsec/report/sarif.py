"""SARIF 2.1.0, the OASIS standard for results of static analysis.

Sections (§) are those of the standard; `security-severity`, `precision` and the tag
`external/cwe/…` are what GitHub's "SARIF support for code scanning" adds. How places in a notebook
are told: docs/decisions/003-sarif-locations.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_mlsec.core.findings import DOCS, mask
from jupyter_mlsec.core.model import Finding, Place, PlacedEdit, Report, ScanError, Severity
from jupyter_mlsec.core.rule import Rule
from jupyter_mlsec.report import Options
from jupyter_mlsec.report.docs import reason, rule_page
from jupyter_mlsec.report.json import dumps
from jupyter_mlsec.report.places import region as region_name
from jupyter_mlsec.report.places import where
from jupyter_mlsec.report.references import cwe

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
HOME = "https://jupyter-mlsec.readthedocs.io/"
_ROOT = "%SRCROOT%"

_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
# the middle of the range that GitHub shows under that name; info stays without a score
_SCORES = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.0",
}


def render(report: Report, rules: Mapping[str, Rule], options: Options) -> str:
    """The report as a SARIF log of one run."""
    return dumps(document(report, rules, options))


def document(report: Report, rules: Mapping[str, Rule], options: Options) -> dict[str, Any]:
    """The log as plain values."""
    numbers = {id: number for number, id in enumerate(rules)}
    driver: dict[str, Any] = {
        "name": "mlsec",
        "fullName": "jupyter-mlsec",
        "informationUri": HOME,
        "rules": [_rule(rule) for rule in rules.values()],
    }
    if options.version:
        driver["version"] = options.version
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "redactionTokens": [mask("")],
        "originalUriBaseIds": {
            _ROOT: {"description": {"text": "The folder in which mlsec was run."}}
        },
        "invocations": [_invocation(report)],
        "results": [_result(f, numbers, options) for f in report.findings],
    }
    weaknesses = sorted({n for r in rules.values() for n in _weaknesses(r)}, key=int)
    if weaknesses:
        driver["supportedTaxonomies"] = [{"name": "CWE", "index": 0}]
        run["taxonomies"] = [_taxonomy(weaknesses)]
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Rule) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "tags": ["security", rule.family, *(f"external/cwe/cwe-{n}" for n in _weaknesses(rule))],
        "precision": rule.confidence.label,
        "problem.severity": {"error": "error", "warning": "warning", "note": "recommendation"}[
            _LEVELS[rule.severity]
        ],
    }
    if rule.severity in _SCORES:
        properties["security-severity"] = _SCORES[rule.severity]
    described: dict[str, Any] = {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.id.split("-")),
        "shortDescription": {"text": f"{rule.summary[:1].upper()}{rule.summary[1:]}."},
        "fullDescription": {"text": reason(rule) or rule.summary},
        "helpUri": DOCS.format(rule.id),
        "help": {"text": reason(rule) or rule.summary, "markdown": rule_page(rule)},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": properties,
    }
    weaknesses = _weaknesses(rule)
    if weaknesses:
        described["relationships"] = [
            {"target": {"id": n, "toolComponent": {"name": "CWE", "index": 0}}} for n in weaknesses
        ]
    return described


def _weaknesses(rule: Rule) -> list[str]:
    return [number for number in map(cwe, rule.references) if number]


def _taxonomy(weaknesses: list[str]) -> dict[str, Any]:
    return {
        "name": "CWE",
        "organization": "MITRE",
        "shortDescription": {"text": "The MITRE Common Weakness Enumeration"},
        "informationUri": "https://cwe.mitre.org/",
        "taxa": [
            {"id": n, "helpUri": f"https://cwe.mitre.org/data/definitions/{n}.html"}
            for n in weaknesses
        ],
    }


def _invocation(report: Report) -> dict[str, Any]:
    return {
        "executionSuccessful": not report.errors,
        "toolExecutionNotifications": [_notification(error) for error in report.errors],
    }


def _notification(error: ScanError) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": _artifact(error.path)}
    if error.line is not None:
        location["region"] = {"startLine": error.line, "startColumn": error.column or 1}
    return {
        "level": "error",
        "message": {"text": error.message},
        "locations": [{"physicalLocation": location}],
    }


def _result(finding: Finding, numbers: Mapping[str, int], options: Options) -> dict[str, Any]:
    name = where(finding.place)
    inside = "" if finding.place.part == "file" else f" ({name[0].upper()}{name[1:]}.)"
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": finding.message + inside},
        "locations": [_shown(finding, options)],
        "partialFingerprints": {"mlsec/v1": finding.fingerprint},
        "properties": {
            "severity": finding.severity.label,
            "confidence": finding.confidence.label,
        },
    }
    if finding.rule in numbers:
        result["ruleIndex"] = numbers[finding.rule]
    if finding.kind:
        result["properties"]["kind"] = finding.kind
    if finding.flow:
        result["codeFlows"] = [_flow(finding, options)]
    elif finding.related:
        result["relatedLocations"] = [
            {"id": number, **_location(place, options), "message": {"text": where(place)}}
            for number, place in enumerate(finding.related)
        ]
    if finding.suppressed is not None:
        result["suppressions"] = [_suppression(finding)]
    fix = _fix(finding)
    if fix:
        result["fixes"] = [fix]
    return result


def _flow(finding: Finding, options: Options) -> dict[str, Any]:
    """The path from where data is loaded to where it is used (§3.36)."""
    steps = [
        {"location": {**_location(place, options), "message": {"text": where(place)}}}
        for place in (finding.place, *finding.related)
    ]
    return {"threadFlows": [{"locations": steps}]}


def _suppression(finding: Finding) -> dict[str, Any]:
    in_source = finding.suppressed in ("comment", "tag")
    suppression = {"kind": "inSource" if in_source else "external"}
    if finding.reason:
        suppression["justification"] = finding.reason
    return suppression


def _shown(finding: Finding, options: Options) -> dict[str, Any]:
    """The finding's own location, with its line as text, credentials masked."""
    location = _location(finding.place, options)
    if finding.excerpt:
        physical = location["physicalLocation"]
        line = {"startLine": physical["region"]["startLine"], "snippet": {"text": finding.excerpt}}
        whole_line = "startColumn" not in physical["region"]
        if whole_line:
            physical["region"] = line
        elif finding.place.line == finding.place.end_line:
            physical["contextRegion"] = line
    return location


def _location(place: Place, options: Options) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": _artifact(place.path)}
    if place.part == "file":
        physical["region"] = _region(place)
        return {"physicalLocation": physical}
    # §3.30: a region is one of the artifact itself, and that is the JSON file, not the cell
    line = options.locate(place) if options.locate else None
    physical["region"] = {"startLine": line or 1}
    return {
        "physicalLocation": physical,
        "logicalLocations": [
            {
                "name": region_name(place),
                "fullyQualifiedName": qualified_name(place),
                "kind": "cell" if place.part == "source" else place.part,
                "properties": {
                    "cellId": place.cell_id,
                    "startLine": place.line,
                    "startColumn": place.column,
                    "endLine": place.end_line,
                    "endColumn": place.end_column,
                },
            }
        ],
    }


def qualified_name(place: Place) -> str:
    """A text of a notebook, indices from 0: `a.ipynb#cell=3;output=0`, `a.ipynb#metadata`."""
    steps = [] if place.cell is None else [f"cell={place.cell}"]
    if place.output is not None:
        steps.append(f"{place.part}={place.output}")
    elif place.part != "source":
        steps.append(place.part)
    return f"{place.path}#{';'.join(steps)}"


def _region(place: Place | PlacedEdit) -> dict[str, int]:
    return {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    }


def _fix(finding: Finding) -> dict[str, Any] | None:
    """The fix as replacements in the file; a notebook's can't be told that way, since a viewer
    would put the bare text into the JSON."""
    if finding.fix is None or not finding.fix.edits or finding.place.part != "file":
        return None
    replacements = [
        {"deletedRegion": _region(edit), "insertedContent": {"text": edit.text}}
        for edit in finding.fix.edits
    ]
    change = {
        "artifactLocation": _artifact(finding.place.path),
        "replacements": replacements,
    }
    return {"description": {"text": finding.fix.title}, "artifactChanges": [change]}


def _artifact(path: str) -> dict[str, str]:
    from urllib.parse import quote

    # file names that are no UTF-8 arrive with surrogates for their bytes
    quoted = quote(path.encode("utf-8", "surrogateescape"), safe="/~")
    if path.startswith("/"):
        return {"uri": f"file://{quoted}"}
    return {"uri": quoted.removeprefix("./"), "uriBaseId": _ROOT}
