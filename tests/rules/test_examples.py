"""The examples of the rules about models, endpoints, the environment, language models and active
content: through the whole engine, with both prefilters; one finding exactly at its place, the fix,
and none elsewhere."""

from __future__ import annotations

import re

import pytest

from jupyter_mlsec.core.config import Config
from jupyter_mlsec.core.engine import Scanner, prefilter_by_re
from jupyter_mlsec.core.fixes import spliced
from jupyter_mlsec.core.model import Document, Hit, Part, Text
from jupyter_mlsec.core.prefilter import Prefilter
from jupyter_mlsec.core.rule import Bad, Good, Rule
from jupyter_mlsec.files.database import prefilter_for
from jupyter_mlsec.rules import endpoints, environment, llm, models, outputs

RULES = (*models.RULES, *llm.RULES, *endpoints.RULES, *environment.RULES, *outputs.RULES)
BAD = [(r, e) for r in RULES for e in r.examples if isinstance(e, Bad)]
GOOD = [(r, e) for r in RULES for e in r.examples if isinstance(e, Good)]
SELECTED = Config(profile="auditor", extend_select=tuple(rule.id for rule in RULES))
ENOUGH = 4  # examples of either kind


def scanner(prefilter: Prefilter) -> Scanner:
    return Scanner(RULES, SELECTED, prefilter)


@pytest.fixture(scope="module", params=["hyperscan", "re"])
def scan(request: pytest.FixtureRequest) -> Scanner:
    fast = request.param == "hyperscan"
    return scanner(prefilter_for(lambda: RULES, None) if fast else prefilter_by_re(RULES))


def hits(scan: Scanner, rule: Rule, code: str, language: str) -> list[Hit]:
    part: Part = "file"
    if language in ("python", "markdown"):
        part = "source"
    elif rule.family == "outputs":
        part = "output"
    mime = "text/html" if language == "html" else None
    text = Text(part, language, code, None if part == "file" else 0, mime=mime)
    kind = language if part == "file" else "notebook"
    return [p.hit for p in scan.hits(Document("a", kind, (text,), 1)) if p.rule.id == rule.id]


@pytest.mark.parametrize(("rule", "example"), BAD, ids=lambda v: getattr(v, "id", None))
def test_bad(scan: Scanner, rule: Rule, example: Bad) -> None:
    found = hits(scan, rule, example.code, example.language)
    assert [example.code[h.span.start : h.span.end] for h in found] == [example.at]
    if example.fixed is not None:
        assert found[0].fix is not None
        assert spliced(example.code, found[0].fix.edits) == example.fixed
        assert hits(scan, rule, example.fixed, example.language) == []
    else:
        assert found[0].fix is None, "show what the fix makes"


@pytest.mark.parametrize(("rule", "example"), GOOD, ids=lambda v: getattr(v, "id", None))
def test_good(scan: Scanner, rule: Rule, example: Good) -> None:
    assert hits(scan, rule, example.code, example.language) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_rule_is_documented(rule: Rule) -> None:
    assert rule.reason
    assert sum(isinstance(e, Bad) for e in rule.examples) >= ENOUGH
    assert sum(isinstance(e, Good) for e in rule.examples) >= ENOUGH
    known = r"CWE-\d+|ML\d\d|LLM\d\d|AML\.T\d{4}(\.\d{3})?"
    assert all(re.fullmatch(known, reference) for reference in rule.references)
