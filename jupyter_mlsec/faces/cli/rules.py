"""`mlsec rules`: all rules by family, or all kinds of credentials."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from jupyter_mlsec.core.rule import Rule


def run(arguments: Sequence[str]) -> int:
    """Print the list, for people or as JSON."""
    parser = argparse.ArgumentParser(
        prog="mlsec rules", description="List all rules, or all kinds of credentials."
    )
    parser.add_argument("--kinds", action="store_true", help="list the kinds of credentials")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    given = parser.parse_args(arguments)
    rows = _kinds() if given.kinds else _rules()
    if given.format == "json":
        import json

        print(json.dumps(rows, indent=2))
        return 0
    widths = [max(len(row[key]) for row in rows) for key in rows[0]]
    for row in rows:
        cells = zip(row.values(), widths, strict=True)
        print("  ".join(f"{cell:<{width}}" for cell, width in cells).rstrip())
    return 0


def _rules() -> list[dict[str, str]]:
    from jupyter_mlsec.rules import ALL

    return [
        {
            "rule": rule.id,
            "family": rule.family,
            "severity": rule.severity.label,
            "runs": _when(rule),
            "summary": rule.summary,
        }
        for rule in ALL
    ]


def _when(rule: Rule) -> str:
    """In which profile a rule runs."""
    from jupyter_mlsec.core.config import PROFILES

    if rule.needs:
        return f"with {rule.needs}"
    if not rule.default:
        return "when selected"
    for profile, (severity, confidence) in PROFILES.items():
        if rule.severity >= severity and rule.confidence >= confidence:
            return profile
    return "when selected"


def _kinds() -> list[dict[str, str]]:
    from jupyter_mlsec.rules.secrets import KINDS

    return [
        {"kind": kind.id, "vendor": kind.vendor, "severity": kind.severity.label} for kind in KINDS
    ]
