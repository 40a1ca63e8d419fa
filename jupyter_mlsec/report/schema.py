"""The JSON schema of the JSON report (`report.json`), published as docs/report.schema.json.

Within one `version` keys may be added, and none is changed or taken away.
"""

from __future__ import annotations

from typing import Any, get_args

from jupyter_mlsec.core.model import Confidence, Part, Severity
from jupyter_mlsec.report.json import VERSION

_TEXT = {"type": "string"}
_FLAG = {"type": "boolean"}
_MAYBE_TEXT = {"type": ["string", "null"]}
_INDEX = {"type": ["integer", "null"], "minimum": 0}
_PLACE = {
    "cell": {**_INDEX, "description": "from 0; null where it is no cell's"},
    "cell_id": _MAYBE_TEXT,
    "part": {"enum": list(get_args(Part))},
    "output": {**_INDEX, "description": "of the cell, from 0"},
}
_SPAN = {
    "line": {"type": "integer", "minimum": 1, "description": "of that part's text"},
    "column": {"type": "integer", "minimum": 1, "description": "in code points"},
    "end_line": {"type": "integer", "minimum": 1},
    "end_column": {"type": "integer", "minimum": 1, "description": "exclusive"},
}


def schema() -> dict[str, Any]:
    """The schema (draft 2020-12)."""
    summary = {
        **{name: {"type": "integer", "minimum": 0} for name in ("files", "cells", "findings")},
        "suppressed": {"type": "integer", "minimum": 0},
        "seconds": {"type": "number", "minimum": 0},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Report of mlsec scan --format json",
        **_object(
            version={"const": VERSION},
            findings={"type": "array", "items": _finding()},
            errors={"type": "array", "items": _error()},
            summary=_object(**summary),
        ),
    }


def _finding() -> dict[str, Any]:
    return _object(
        rule=_TEXT,
        family=_TEXT,
        severity={"enum": [severity.label for severity in Severity]},
        confidence={"enum": [confidence.label for confidence in Confidence]},
        path=_TEXT,
        **_PLACE,
        **_SPAN,
        related={
            "type": "array",
            "items": _object(**_PLACE, **_SPAN),
            "description": "other places of the same; with `flow`, the way from here to the use",
        },
        flow=_FLAG,
        message=_TEXT,
        kind={**_MAYBE_TEXT, "description": "of credential, as in `mlsec rules --kinds`"},
        fix={"anyOf": [_fix(), {"type": "null"}]},
        fingerprint={**_TEXT, "description": "the same as long as what is found is"},
        suppressed={"enum": ["comment", "tag", "baseline", "config", None]},
        reason=_MAYBE_TEXT,
        docs=_TEXT,
    )


def _fix() -> dict[str, Any]:
    edit = _object(**_SPAN, text=_TEXT, cell=_INDEX)
    return _object(safe=_FLAG, title=_TEXT, edits={"type": "array", "items": edit})


def _error() -> dict[str, Any]:
    place = {"type": ["integer", "null"], "minimum": 1}
    return _object(path=_TEXT, message=_TEXT, line=place, column=place)


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}
