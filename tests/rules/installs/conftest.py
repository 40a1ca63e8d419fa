from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from jupyter_mlsec.core.model import Document, Hit, Part, Span, Text
from jupyter_mlsec.core.rule import Rule
from jupyter_mlsec.core.view import Context, View
from jupyter_mlsec.rules import installs

Check = Callable[..., list[Hit]]


def check(
    rule: str | Rule,
    *cells: str,
    language: str = "python",
    versions: Mapping[str, str] | None = None,
    at: int = -1,
) -> list[Hit]:
    """The hits of one rule in the last of some cells (or the one `at`), or in a file."""
    found = rule if isinstance(rule, Rule) else next(r for r in installs.RULES if r.id == rule)
    part: Part = "source" if language == "python" else "file"
    texts = tuple(
        Text(part, language, cell, number if part == "source" else None)
        for number, cell in enumerate(cells)
    )
    document = Document("a", "notebook" if part == "source" else language, texts)
    context = Context(document, versions=versions, versions_from="requirements.txt")
    everywhere = (Span(0, 0),)
    marks = {hint.tag: everywhere for hint in found.hints}
    context.marks = dict.fromkeys(range(len(texts)), marks)
    if found.languages and language not in found.languages:
        return []
    return list(found.check(View(texts[at], context, marks)))


@pytest.fixture(name="check")
def check_fixture() -> Check:
    return check
