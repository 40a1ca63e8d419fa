"""The JSON report: the contract for programs (`report.schema`, docs/report.schema.json).

`cell` and `output` count from 0; lines and columns from 1 in code points of that part's text,
`end_column` exclusive. Suppressed findings are in it, with `suppressed` saying how.
"""

from __future__ import annotations

import sys
from typing import Any

from jupyter_mlsec.core.model import Finding, Place, PlacedFix, Report, ScanError

VERSION = 1


def render(report: Report) -> str:
    """The report as one JSON object, indented by two."""
    return dumps(document(report))


def document(report: Report) -> dict[str, Any]:
    """The report as plain values."""
    live = sum(f.suppressed is None for f in report.findings)
    return {
        "version": VERSION,
        "findings": [finding(f) for f in report.findings],
        "errors": [error(e) for e in report.errors],
        "summary": {
            "files": report.files,
            "cells": report.cells,
            "findings": live,
            "suppressed": len(report.findings) - live,
            "seconds": round(report.seconds, 3),
        },
    }


def finding(found: Finding) -> dict[str, Any]:
    """One finding as plain values."""
    return {
        "rule": found.rule,
        "family": found.family,
        "severity": found.severity.label,
        "confidence": found.confidence.label,
        "path": found.place.path,
        **place(found.place),
        "related": [place(p) for p in found.related],
        "flow": found.flow,
        "message": found.message,
        "kind": found.kind,
        "fix": fix(found.fix) if found.fix is not None else None,
        "fingerprint": found.fingerprint,
        "suppressed": found.suppressed,
        "reason": found.reason,
        "docs": found.docs,
    }


def place(where: Place) -> dict[str, Any]:
    return {
        "cell": where.cell,
        "cell_id": where.cell_id,
        "part": where.part,
        "output": where.output,
        "line": where.line,
        "column": where.column,
        "end_line": where.end_line,
        "end_column": where.end_column,
    }


def fix(placed: PlacedFix) -> dict[str, Any]:
    return {
        "safe": placed.safe,
        "title": placed.title,
        "edits": [
            {
                "line": e.line,
                "column": e.column,
                "end_line": e.end_line,
                "end_column": e.end_column,
                "text": e.text,
                "cell": e.cell,
            }
            for e in placed.edits
        ],
    }


def error(failed: ScanError) -> dict[str, Any]:
    return {
        "path": failed.path,
        "message": failed.message,
        "line": failed.line,
        "column": failed.column,
    }


def dumps(value: Any) -> str:
    """JSON, indented by two. Lone surrogates (file names that are no UTF-8) become escapes."""
    if "msgspec" in sys.modules:  # otherwise little was scanned, and little is to be written
        from msgspec.json import encode, format

        try:
            return format(encode(value), indent=2).decode() + "\n"
        except (TypeError, ValueError):
            pass
    import json

    return json.dumps(value, indent=2) + "\n"
