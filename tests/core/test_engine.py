"""The engine with rules of this test's own: grouping, masking, precedence, fixes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlsec.core.config import Config
from jupyter_mlsec.core.engine import Scanner
from jupyter_mlsec.core.findings import mask
from jupyter_mlsec.core.fixes import Change, edits_between, fix_bytes, spliced
from jupyter_mlsec.core.formats import sample
from jupyter_mlsec.core.model import (
    Confidence,
    Document,
    Edit,
    Finding,
    Fix,
    Hit,
    Severity,
    Span,
    Text,
)
from jupyter_mlsec.core.rule import EVERYWHERE, Check, Hint, Rule
from jupyter_mlsec.core.view import View

SECRET = sample("tok_{an:24}", Random(7))
OTHER = sample("tok_{an:24}", Random(8))


def finder(pattern: str, **hit: object) -> Check:
    def check(view: View) -> Iterator[Hit]:
        for match in re.finditer(pattern, view.source):
            yield Hit(Span(*match.span()), "found", **hit)  # type: ignore[arg-type]

    return check


def token(view: View) -> Iterator[Hit]:
    for match in re.finditer(r"tok_\w{24}", view.source):
        yield Hit(Span(*match.span()), f"a token {match[0]}", kind="demo-token", secret=match[0])


def quoted(view: View) -> Iterator[Hit]:
    for match in re.finditer(r'"([^"\n]+)"', view.source):
        yield Hit(Span(*match.span(1)), "a literal", secret=match[1])


def bad(view: View) -> Iterator[Hit]:
    for match in re.finditer(r"\bbad\b", view.source):
        span = Span(*match.span())
        fix = Fix((Edit(span, "good", view.text.cell),), True, "say good")
        yield Hit(span, "bad", fix, subject="bad")


def rule(
    id: str, check: Check, word: str, *, family: str = "demo", aggregate: str | None = None
) -> Rule:
    return Rule(
        id, family, "", "", Severity.HIGH, Confidence.HIGH, check, (word,),
        lambda: (Hint(word, word, (word,)),), parts=EVERYWHERE, aggregate=aggregate,
    )  # fmt: skip


TOKEN = rule("demo-token", token, "tok_", family="secrets")
LITERAL = rule("demo-literal", quoted, '"', family="secrets")
BAD = rule("demo-bad", bad, "bad")
MANY = rule("demo-many", bad, "bad", aggregate="{count} things: {subjects}")


def cells(*sources: str) -> bytes:
    return json.dumps({"cells": [{"cell_type": "code", "source": s} for s in sources]}).encode()


def findings(data: bytes, *rules: Rule, config: Config | None = None) -> tuple[Finding, ...]:
    result = Scanner(rules, config).scan_bytes(data, "a.ipynb")
    assert result.error is None
    return result.findings


def test_the_earlier_rule_names_a_credential_that_both_see() -> None:
    found = findings(cells(f'x = "{SECRET}"'), TOKEN, LITERAL)
    assert [f.rule for f in found] == ["demo-token"]
    assert [f.rule for f in findings(cells(f'x = "{SECRET}"'), LITERAL, TOKEN)] == ["demo-literal"]


def test_one_value_in_many_places_is_one_finding() -> None:
    data = cells(f"a = {SECRET}", "b", f"c\nd = {SECRET}", f"e = {OTHER}")
    first, second = findings(data, TOKEN)
    assert [(p.cell, p.line, p.column) for p in (first.place, *first.related)] == [
        (0, 1, 5),
        (2, 2, 5),
    ]
    assert (second.place.cell, second.related) == (3, ())


def test_no_value_is_in_a_finding() -> None:
    shown = repr(findings(cells(f"a = {SECRET} # {OTHER} bad"), TOKEN, BAD))
    assert SECRET not in shown
    assert OTHER not in shown


def test_masks_even_if_only_another_family_is_selected() -> None:
    config = Config.from_mapping({"select": ["demo"]}, {"demo", "secrets"})
    (found,) = findings(cells(f"bad = {SECRET}"), TOKEN, BAD, config=config)
    assert found.rule == "demo-bad"
    assert SECRET not in found.excerpt


@pytest.mark.parametrize(
    ("source", "marked"),
    [
        ("x = {0} # ok", "masked"),
        ("{0} bad", "bad"),
        ("bad {0}", "bad"),
        ("{0} bad {1}", "bad"),
        ("é🐍\tbad {0} {1}", "bad"),
    ],
)
def test_the_caret_stands_under_the_place(source: str, marked: str) -> None:
    data = cells("pass\n" + source.format(SECRET, OTHER) + "\nbad2")
    for f in findings(data, TOKEN, BAD):
        under = f.excerpt[f.excerpt_column : f.excerpt_end]
        assert under == ("bad" if f.rule == "demo-bad" else under)
        if f.rule == "demo-token":
            assert under in (mask(SECRET), mask(OTHER))


def test_aggregates() -> None:
    (found,) = findings(cells("bad", "bad bad"), MANY)
    assert len(found.related) == 2
    assert found.message == "bad"


def test_suppressed_hits_do_not_hide_others() -> None:
    data = cells("bad  # mlsec: ignore[demo-many] known", "bad")
    found = findings(data, MANY)
    assert [(f.suppressed, f.place.cell) for f in found] == [("comment", 0), (None, 1)]
    assert found[0].reason == "known"


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d,
        lambda d: d.replace(b"cell_type", b"cell_kind"),
        lambda d: json.dumps({"cells": [{"source": "new"}, *json.loads(d)["cells"]]}).encode(),
    ],
)
def test_a_fingerprint_survives_other_edits(change: Callable[[bytes], bytes]) -> None:
    data = cells(f"x = {SECRET}", "is bad")
    before = {f.fingerprint for f in findings(data, TOKEN, BAD)}
    assert {f.fingerprint for f in findings(change(data), TOKEN, BAD)} == before
    assert len(before) == 2


def test_fixes_are_made_and_nothing_else_changes() -> None:
    data = cells("x = 'é' # bad", "pass", "bad = bad")
    fixed = fix_bytes(Scanner([BAD]), data, "a.ipynb")
    assert fixed.data == data.replace(b"bad", b"good")
    assert [c.cell for c in fixed.changes] == [0, 2]
    assert len(fixed.applied) == 3


def test_fixing_twice_is_fixing_once() -> None:
    scanner = Scanner([BAD])
    once = fix_bytes(scanner, cells("bad\nbad"), "a.ipynb")
    assert fix_bytes(scanner, once.data, "a.ipynb")[:3] == (once.data, (), ())


def test_a_fix_goes_to_the_rule_that_names_the_credential() -> None:
    def check(view: View) -> Iterator[Hit]:
        for hit in quoted(view):
            edit = Edit(Span(hit.span.start - 1, hit.span.end + 1), "x", view.text.cell)
            yield hit._replace(fix=Fix((edit,), False, "read it elsewhere"))

    literal = rule("demo-literal", check, '"', family="secrets")
    data = cells(f'key = "{SECRET}"')
    (found,) = findings(data, TOKEN, literal)
    assert (found.rule, found.fix and found.fix.title) == ("demo-token", "read it elsewhere")
    fixed = fix_bytes(Scanner([TOKEN, literal]), data, "a.ipynb", unsafe=True)
    assert fixed.data == cells("key = x")
    assert SECRET in fixed.secrets
    assert SECRET not in repr(fixed)


@pytest.mark.parametrize(
    ("fix", "why"),
    [
        (Fix((Edit(Span(0, 3), "(", 0),), True, ""), "the cell would no longer parse"),
        (Fix((Edit(Span(4, 4), " ", 0),), True, ""), "the finding would stay"),
        (Fix((Edit(Span(0, 3), "good", 0),), False, ""), "it is unsafe"),
        (Fix((Edit(Span(0, 3), "good", 9),), True, ""), "it edits another cell"),
        (Fix((Edit(Span(0, 3), "a", 0), Edit(Span(2, 3), "b", 0)), True, ""), "edits overlap"),
    ],
)
def test_a_fix_is_refused_if(fix: Fix, why: str) -> None:
    check = finder(r"^bad", fix=fix)
    data = cells("bad = 1")
    assert fix_bytes(Scanner([rule("r", check, "bad")]), data, "a").data == data, why


def test_suppressed_findings_are_not_fixed() -> None:
    data = cells("bad  # mlsec: ignore[demo-bad] on purpose")
    assert fix_bytes(Scanner([BAD]), data, "a").data is data


TEXTS = st.lists(st.sampled_from(["a\n", "b = 1\n", "é\n", "\n", "🐍 x\n"]), max_size=8).map(
    "".join
)


@given(TEXTS, TEXTS)
def test_least_edits_give_the_new_text(before: str, after: str) -> None:
    assert spliced(before, tuple(edits_between(Change(0, before, after)))) == after


@given(st.lists(st.sampled_from([f"x = {SECRET}", "bad", 'y = "z"', "é"]), max_size=5))
def test_a_scan_is_deterministic(sources: list[str]) -> None:
    rules = (TOKEN, LITERAL, BAD, MANY)
    assert findings(cells(*sources), *rules) == findings(cells(*sources), *rules)


def test_a_hit_may_lower_its_severity_and_confidence_and_tell_its_path() -> None:
    way = ((1, Span(0, 1)), (0, Span(0, 1)))
    texts = tuple(Text("source", "python", code, cell) for cell, code in enumerate(["x", "z"]))
    document = Document("a", "notebook", texts, 2)
    lowered = finder("x", severity=Severity.LOW, confidence=Confidence.LOW, path=way)
    raised = finder("x", severity=Severity.CRITICAL)
    rules = [rule("low", lowered, "x"), rule("same", raised, "x")]
    low, same = Scanner(rules, Config(profile="auditor")).scan(document)
    assert (low.severity, low.confidence, low.flow) == (Severity.LOW, Confidence.LOW, True)
    assert [place.cell for place in low.related] == [1, 0]
    assert (same.severity, same.confidence, same.flow) == (Severity.HIGH, Confidence.HIGH, False)
