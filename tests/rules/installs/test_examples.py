"""The examples of every rule: one finding exactly at its place, the fix, and none elsewhere."""

from __future__ import annotations

import re

import pytest

from jupyter_mlsec.core.fixes import spliced
from jupyter_mlsec.core.model import Document, Hit, Part, Span, Text
from jupyter_mlsec.core.rule import Bad, Good, Rule
from jupyter_mlsec.core.view import Context, View
from jupyter_mlsec.rules import installs
from jupyter_mlsec.rules.installs.advised import EXAMPLES

RULES = installs.RULES
BAD = [(r, e) for r in RULES for e in r.examples if isinstance(e, Bad)]
GOOD = [(r, e) for r in RULES for e in r.examples if isinstance(e, Good)]
MANIFESTS = ("requirements", "conda", "toml")


def view(rule: Rule, code: str, language: str) -> View:
    part: Part = "source" if language == "python" else "file"
    text = Text(part, language, code, 0 if part == "source" else None)
    marks: dict[str, tuple[Span, ...]] = {}
    for hint in rule.hints:
        flags = re.MULTILINE | (re.IGNORECASE if hint.ignore_case else 0)
        if re.search(hint.pattern, code, flags):
            marks[hint.tag] = (Span(0, 1),)
            assert any(literal in code.lower() for literal in hint.literals), hint
    context = Context(Document("a", "notebook", (text,)))
    context.advisories = lambda name: EXAMPLES.get(name, ())
    return View(text, context, marks)


def hits(rule: Rule, code: str, language: str) -> list[Hit]:
    seen = view(rule, code, language)
    if rule.languages and language not in rule.languages:
        return []
    if not seen.marks and language not in MANIFESTS:
        return []
    return list(rule.check(seen))


@pytest.mark.parametrize(("rule", "example"), BAD, ids=lambda v: getattr(v, "id", None))
def test_bad(rule: Rule, example: Bad) -> None:
    found = hits(rule, example.code, example.language)
    places = [example.code[hit.span.start : hit.span.end] for hit in found]
    assert places == [example.at]
    if example.fixed is not None:
        assert found[0].fix is not None
        fixed = spliced(example.code, found[0].fix.edits)
        assert fixed == example.fixed
        assert hits(rule, example.fixed, example.language) == []


@pytest.mark.parametrize(("rule", "example"), GOOD, ids=lambda v: getattr(v, "id", None))
def test_good(rule: Rule, example: Good) -> None:
    assert hits(rule, example.code, example.language) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_rule_is_documented(rule: Rule) -> None:
    assert rule.reason
    assert all(re.fullmatch(r"CWE-\d+|ML\d\d|AML\.T\d{4}(\.\d{3})?", r) for r in rule.references)


def test_hints_compile_for_hyperscan() -> None:
    hyperscan = pytest.importorskip("hyperscan")
    patterns = [hint.pattern.encode() for rule in RULES for hint in rule.hints]
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=patterns,
        ids=list(range(len(patterns))),
        elements=len(patterns),
        flags=[hyperscan.HS_FLAG_MULTILINE] * len(patterns),
    )
    found: list[int] = []
    database.scan(b"!pip install x", match_event_handler=lambda i, *_: found.append(i))
    assert found
