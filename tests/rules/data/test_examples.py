"""The examples of the rules about data, through the prefilter: one finding exactly at its place,
the fix, and none elsewhere."""

from __future__ import annotations

import re
from functools import cache

import pytest

from jupyter_mlsec.core.config import Config
from jupyter_mlsec.core.engine import Scanner
from jupyter_mlsec.core.fixes import spliced
from jupyter_mlsec.core.model import Document, Hit, Part, Text
from jupyter_mlsec.core.python import parse
from jupyter_mlsec.core.rule import Bad, Good, Rule
from jupyter_mlsec.rules import data
from jupyter_mlsec.rules.data.family import STRONG_USE
from jupyter_mlsec.rules.data.uses import USES

BAD = [(r, e) for r in data.RULES for e in r.examples if isinstance(e, Bad)]
GOOD = [(r, e) for r in data.RULES for e in r.examples if isinstance(e, Good)]


@cache
def scanner(rule: str) -> Scanner:
    return Scanner(data.RULES, Config(select=(rule,)))


def hits(rule: Rule, code: str, language: str = "python") -> list[Hit]:
    part: Part = "source" if language == "python" else "file"
    text = Text(part, language, code, 0 if part == "source" else None)
    return [p.hit for p in scanner(rule.id).hits(Document("a", "notebook", (text,), 1))]


@pytest.mark.parametrize(("rule", "example"), BAD, ids=lambda v: getattr(v, "id", None))
def test_bad(rule: Rule, example: Bad) -> None:
    found = hits(rule, example.code, example.language)
    assert [example.code[hit.span.start : hit.span.end] for hit in found] == [example.at]
    fix = found[0].fix
    if fix is not None:
        fixed = spliced(example.code, fix.edits)
        assert fixed is not None
        assert not parse(fixed).unparsed
        assert hits(rule, fixed, example.language) == []
        assert example.fixed in (None, fixed)
    else:
        assert example.fixed is None


@pytest.mark.parametrize(("rule", "example"), GOOD, ids=lambda v: getattr(v, "id", None))
def test_good(rule: Rule, example: Good) -> None:
    assert hits(rule, example.code, example.language) == []


@pytest.mark.parametrize("rule", data.RULES, ids=lambda rule: rule.id)
def test_rule_is_documented(rule: Rule) -> None:
    assert rule.reason
    assert sum(isinstance(e, Bad) for e in rule.examples) >= 4
    assert sum(isinstance(e, Good) for e in rule.examples) >= 4
    assert all(re.fullmatch(r"CWE-\d+|ML\d\d|AML\.T\d{4}(\.\d{3})?", r) for r in rule.references)


def test_the_hint_of_strong_uses_has_all_of_them() -> None:
    patterns = [re.compile(hint.pattern, re.MULTILINE) for hint in STRONG_USE]
    for name, kind in USES.items():
        found = any(pattern.search(f"x.{name.rpartition('.')[2]}(d)") for pattern in patterns)
        bare = any(pattern.search(f"{name}(d)") for pattern in patterns)
        assert found or bare or not kind.strong, name


def test_hints_compile_for_hyperscan_and_have_their_literals() -> None:
    hyperscan = pytest.importorskip("hyperscan")
    hints = [hint for rule in data.RULES for hint in rule.hints]
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=[hint.pattern.encode() for hint in hints],
        ids=list(range(len(hints))),
        elements=len(hints),
        flags=[hyperscan.HS_FLAG_MULTILINE] * len(hints),
    )
    for rule, example in BAD:
        for hint in rule.hints:
            if re.search(hint.pattern, example.code, re.MULTILINE):
                assert any(literal in example.code.lower() for literal in hint.literals), hint
