"""The JSON report is a contract: names, order, counting."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import jsonschema

from jupyter_mlsec.core.model import Report, ScanError
from jupyter_mlsec.report.json import render
from jupyter_mlsec.report.schema import schema

Make = Callable[..., Any]

PLACE = ["cell", "cell_id", "part", "output", "line", "column", "end_line", "end_column"]


def test_keys_and_their_order(full: Report) -> None:
    document = json.loads(render(full))
    finding = document["findings"][0]
    assert list(document) == ["version", "findings", "errors", "summary"]
    assert list(finding) == [
        *("rule", "family", "severity", "confidence", "path"),
        *PLACE,
        *("related", "flow", "message", "kind", "fix", "fingerprint"),
        *("suppressed", "reason", "docs"),
    ]
    assert list(finding["related"][0]) == PLACE
    assert list(finding["fix"]) == ["safe", "title", "edits"]
    assert list(document["errors"][0]) == ["path", "message", "line", "column"]
    assert list(document["summary"]) == ["files", "cells", "findings", "suppressed", "seconds"]


def test_the_schema(full: Report) -> None:
    """What is written is what the schema says, and a key that it does not know is none of ours."""
    known = schema()
    validator = jsonschema.validators.validator_for(known)
    validator.check_schema(known)
    document = json.loads(render(full))
    validator(_closed(known)).validate(document)
    for name in ("rule", "severity", "line", "fix"):
        broken = {**document, "findings": [{**document["findings"][0], name: []}]}
        assert not validator(known).is_valid(broken)


def _closed(schema: Any) -> Any:
    """A schema by which objects have no other keys than those named."""
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: _closed(value) for key, value in schema.items()}
    return {**inner, "additionalProperties": False} if "properties" in inner else inner


def test_values(full: Report) -> None:
    document = json.loads(render(full))
    finding = document["findings"][0]
    assert document["version"] == 1
    assert {key: finding[key] for key in PLACE} == {
        "cell": 3,
        "cell_id": "ab12",
        "part": "source",
        "output": None,
        "line": 2,
        "column": 5,
        "end_line": 2,
        "end_column": 17,
    }
    assert finding["severity"] == "medium"
    assert finding["confidence"] == "high"
    assert finding["fix"] == {
        "safe": True,
        "title": full.findings[0].fix and full.findings[0].fix.title,
        "edits": [
            {
                "line": 2,
                "column": 5,
                "end_line": 2,
                "end_column": 17,
                "text": "transformers==4.43.1",
                "cell": 3,
            }
        ],
    }
    assert document["findings"][1]["kind"] == "openai-api-key"
    assert [f["suppressed"] for f in document["findings"][2:4]] == ["comment", "baseline"]
    assert document["errors"][1] == {
        "path": "c.ipynb",
        "message": "unreadable",
        "line": None,
        "column": None,
    }
    assert document["summary"] == {
        "files": 10,
        "cells": 310,
        "findings": 4,
        "suppressed": 2,
        "seconds": 0.123,
    }


def test_a_file_name_that_is_no_utf8(report: Make) -> None:
    document = json.loads(render(report(errors=(ScanError("caf\udce9.ipynb", "unreadable"),))))
    assert document["errors"][0]["path"] == "caf\udce9.ipynb"


def test_an_empty_report_is_a_report(report: Make) -> None:
    assert json.loads(render(report()))["findings"] == []
