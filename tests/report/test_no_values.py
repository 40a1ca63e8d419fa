"""No report shows a credential: every example of every secrets rule, in every format."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from jupyter_mlsec.core.baseline import dump, dump_detect_secrets
from jupyter_mlsec.core.config import Config
from jupyter_mlsec.core.engine import Scanner
from jupyter_mlsec.core.formats import sample
from jupyter_mlsec.core.model import Document, Part, Report, Text
from jupyter_mlsec.core.rule import Bad, Rule
from jupyter_mlsec.report import FORMATS
from jupyter_mlsec.rules import ALL, BY_ID, FAMILIES

# everything is shown, so that nothing is missed because it is not reported
CONFIG = Config(profile="auditor", extend_select=tuple(rule.id for rule in FAMILIES["secrets"]))
SCANNER = Scanner(ALL, CONFIG)


def cases() -> Iterator[tuple[Rule, Bad]]:
    for rule in FAMILIES["secrets"]:
        for example in rule.examples:
            if isinstance(example, Bad) and example.secret:
                yield rule, example


def document(rule: Rule, example: Bad) -> Document:
    """A notebook with the example where the rule looks, twice, so that places are related."""
    code = sample(example.code, random.Random(f"{rule.id} {example.code}"))
    order: tuple[Part, ...] = ("source", "output", "metadata", "file", "attachment")
    part = next(p for p in order if p in rule.parts)
    texts = tuple(Text(part, example.language, code, cell, f"id{cell}") for cell in (0, 1))
    return Document("a.ipynb", "notebook", texts, 2)


def renderings(scanned: Document) -> tuple[set[str], dict[str, str]]:
    """The values of the hits with their longer lines, and each report that must not hold them."""
    whole = {hit.hit.secret for hit in SCANNER.hits(scanned) if hit.hit.secret}
    lines = {line for value in whole for line in value.splitlines() if len(line) >= 12}
    values = whole | {line for line in lines if not line.lstrip("# ").startswith("-----")}
    findings = SCANNER.scan(scanned)
    report = Report(findings, (), 1, 2)
    shown = {
        f"{name}, color={color}": render(report, BY_ID, color=color, width=width, version="0")
        for name, render in FORMATS.items()
        for color, width in ((False, 40), (True, 4000))
    }
    shown["repr"] = repr(findings)
    shown["baseline"] = dump(findings).decode()
    shown["detect-secrets baseline"] = dump_detect_secrets(findings, {}).decode()
    return values, shown


@pytest.mark.parametrize(
    ("rule", "example"),
    [pytest.param(r, e, id=f"{r.id}-{n}") for n, (r, e) in enumerate(cases())],
)
def test_no_report_shows_a_credential(rule: Rule, example: Bad) -> None:
    values, shown = renderings(document(rule, example))
    assert len(values) > 0
    # only the names of reports and a count appear if this fails, never a value
    leaking = [name for name, text in shown.items() if any(value in text for value in values)]
    assert leaking == []


def test_there_are_examples() -> None:
    assert len(list(cases())) >= len(FAMILIES["secrets"]) // 2
