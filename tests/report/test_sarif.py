"""SARIF: valid against the standard's schema, with places that mean what the standard says."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from jupyter_mlsec.core.model import Report, Severity
from jupyter_mlsec.core.rule import Rule
from jupyter_mlsec.report import FORMATS, Options
from jupyter_mlsec.report.sarif import document, qualified_name

Make = Callable[..., Any]
Rules = Mapping[str, Rule]

SCHEMA = json.loads((Path(__file__).parents[1] / "data" / "sarif-2.1.0.json").read_text("utf-8"))


def run(report: Report, rules: Rules, **options: Any) -> dict[str, Any]:
    (only,) = document(report, rules, Options(**options))["runs"]
    return dict(only)


def validate(text: str) -> None:
    validator = jsonschema.validators.validator_for(SCHEMA)
    validator(SCHEMA).validate(json.loads(text))


@pytest.mark.parametrize("locate", [None, lambda place: 40 + place.line])
def test_valid_against_the_schema(full: Report, rules: Rules, locate: Any) -> None:
    validate(FORMATS["sarif"](full, rules, version="1.2.3", locate=locate))


def test_an_empty_report_is_valid(report: Make) -> None:
    validate(FORMATS["sarif"](report(), {}))


def test_the_schema_finds_faults(full: Report, rules: Rules) -> None:
    log = document(full, rules, Options())
    log["runs"][0]["results"][0]["level"] = "critical"
    with pytest.raises(jsonschema.ValidationError):
        validate(json.dumps(log))


def test_rules(full: Report, rules: Rules) -> None:
    made = run(full, rules, version="1.2.3")
    driver = made["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("mlsec", "1.2.3")
    first, second = driver["rules"]
    assert first["name"] == "UnpinnedInstall"
    assert first["helpUri"].endswith("/rules/unpinned-install.html")
    assert first["defaultConfiguration"] == {"level": "warning"}
    assert first["fullDescription"]["text"].splitlines()[-1] == "decides what runs here."
    assert first["properties"]["tags"] == ["security", "installs", "external/cwe/cwe-1357"]
    assert first["properties"]["precision"] == "high"
    assert second["properties"]["security-severity"] == "9.5"
    assert second["relationships"][0]["target"]["id"] == "798"
    assert [taxon["id"] for taxon in made["taxonomies"][0]["taxa"]] == ["798", "1357"]


def test_results_name_their_rules(full: Report, rules: Rules) -> None:
    results = run(full, rules)["results"]
    assert [(r["ruleId"], r.get("ruleIndex")) for r in results] == [
        ("unpinned-install", 0),
        ("provider-token", 1),
        ("unpinned-install", 0),
        ("unpinned-install", 0),
        ("a-rule-that-is-not-listed", None),
        ("unpinned-install", 0),
    ]
    assert [r["level"] for r in results] == [
        "warning",
        "error",
        "warning",
        "warning",
        "note",
        "note",
    ]
    assert results[0]["partialFingerprints"] == {"mlsec/v1": "0123456789abcdef"}
    assert results[1]["properties"]["kind"] == "openai-api-key"


def test_a_place_in_a_notebook(full: Report, rules: Rules) -> None:
    result = run(full, rules, locate=lambda place: 77)["results"][0]
    (location,) = result["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "a.ipynb", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 77, "snippet": {"text": "pip install transformers"}},
    }
    (logical,) = location["logicalLocations"]
    assert logical["name"] == "cell 4"
    assert logical["kind"] == "cell"
    assert logical["fullyQualifiedName"] == "a.ipynb#cell=3"
    assert logical["properties"]["startLine"] == 2
    assert result["message"]["text"].endswith(" (Cell 4, line 2.)")
    related = result["relatedLocations"][0]["logicalLocations"][0]
    assert related["fullyQualifiedName"] == "a.ipynb#cell=7;output=0"


def test_a_place_in_a_file(full: Report, rules: Rules) -> None:
    result = run(full, rules, locate=lambda place: 77)["results"][5]
    (location,) = result["locations"]
    assert location["physicalLocation"]["region"] == {
        "startLine": 2,
        "startColumn": 5,
        "endLine": 2,
        "endColumn": 17,
    }
    assert location["physicalLocation"]["contextRegion"] == {
        "startLine": 2,
        "snippet": {"text": "pip install transformers"},
    }
    assert "logicalLocations" not in location
    assert (
        location["physicalLocation"]["artifactLocation"]["uri"] == "sub%20dir/%C3%BC%25%3F%23.txt"
    )
    assert result["message"]["text"] == "transformers is installed without a version"


def test_a_flow_is_a_code_flow(finding: Make, place: Make, report: Make, rules: Rules) -> None:
    found = finding(related=(place(cell=5), place(cell=8)), flow=True)
    (result,) = run(report(found), rules)["results"]
    assert "relatedLocations" not in result
    (flow,) = result["codeFlows"]
    (thread,) = flow["threadFlows"]
    steps = [step["location"] for step in thread["locations"]]
    assert [step["message"]["text"] for step in steps] == [
        "cell 4, line 2",
        "cell 6, line 2",
        "cell 9, line 2",
    ]


def test_fixes_only_where_replacements_are_of_the_file_itself(full: Report, rules: Rules) -> None:
    results = run(full, rules)["results"]
    assert "fixes" not in results[0]
    (fix,) = results[5]["fixes"]
    assert fix["artifactChanges"][0]["replacements"][0]["insertedContent"] == {"text": "x==1"}


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("a.ipynb", "a.ipynb"),
        ("./a b.ipynb", "a%20b.ipynb"),
        ("d/caf\udce9.ipynb", "d/caf%E9.ipynb"),
        ("c:x.ipynb", "c%3Ax.ipynb"),
    ],
)
def test_relative_paths(
    path: str, uri: str, finding: Make, place: Make, report: Make, rules: Rules
) -> None:
    made = run(report(finding(place=place(path=path))), rules)
    location = made["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert location == {"uri": uri, "uriBaseId": "%SRCROOT%"}


def test_absolute_paths(finding: Make, place: Make, report: Make, rules: Rules) -> None:
    made = run(report(finding(place=place(path="/tmp/a b.ipynb"))), rules)  # noqa: S108
    location = made["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert location == {"uri": "file:///tmp/a%20b.ipynb"}


@pytest.mark.parametrize(
    ("how", "reason", "said"),
    [
        ("comment", "pinned", [{"kind": "inSource", "justification": "pinned"}]),
        ("tag", None, [{"kind": "inSource"}]),
        ("baseline", None, [{"kind": "external"}]),
        ("config", None, [{"kind": "external"}]),
        (None, None, None),
    ],
)
def test_suppressions(
    how: str | None, reason: str | None, said: Any, finding: Make, report: Make, rules: Rules
) -> None:
    result = run(report(finding(suppressed=how, reason=reason)), rules)["results"][0]
    assert result.get("suppressions") == said


def test_errors_are_notifications(full: Report, rules: Rules) -> None:
    (invocation,) = run(full, rules)["invocations"]
    assert invocation["executionSuccessful"] is False
    first, second = invocation["toolExecutionNotifications"]
    assert first["message"]["text"] == "not valid JSON"
    assert first["locations"][0]["physicalLocation"]["region"] == {
        "startLine": 1659,
        "startColumn": 9,
    }
    assert "region" not in second["locations"][0]["physicalLocation"]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "a.ipynb#cell=3"),
        ({"part": "output", "output": 2}, "a.ipynb#cell=3;output=2"),
        ({"part": "attachment"}, "a.ipynb#cell=3;attachment"),
        ({"part": "metadata", "cell": None}, "a.ipynb#metadata"),
    ],
)
def test_qualified_names(changes: dict[str, Any], name: str, place: Make) -> None:
    assert qualified_name(place(**changes)) == name


@pytest.mark.parametrize("severity", list(Severity))
def test_security_severity_is_in_github_s_range(
    severity: Severity, report: Make, rules: Rules
) -> None:
    least = {"low": 0.1, "medium": 4.0, "high": 7.0, "critical": 9.0}
    most = {"low": 3.9, "medium": 6.9, "high": 8.9, "critical": 10.0}
    rule = rules["unpinned-install"]._replace(severity=severity)
    made = run(report(), {rule.id: rule})["tool"]["driver"]["rules"][0]
    score = made["properties"].get("security-severity")
    if severity is Severity.INFO:
        assert score is None
    else:
        assert least[severity.label] <= float(score) <= most[severity.label]
