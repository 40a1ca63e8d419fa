"""What all formats have in common."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from jupyter_mlsec.core.model import Report
from jupyter_mlsec.report import FORMATS


def test_names() -> None:
    assert list(FORMATS) == ["text", "concise", "json", "sarif", "github", "junit"]


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_ends_in_one_line_end(name: str, full: Report, rules: Any) -> None:
    text = FORMATS[name](full, rules, color=True, version="1.2.3")
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_report_gives_the_same_text(name: str, full: Report, rules: Any) -> None:
    assert FORMATS[name](full, rules) == FORMATS[name](full, rules)


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "text"])
def test_only_people_get_color(name: str, full: Report, rules: Any) -> None:
    assert FORMATS[name](full, rules, color=True) == FORMATS[name](full, rules, color=False)


@pytest.mark.parametrize(
    ("statement", "free_of"),
    [
        ("import jupyter_mlsec.report", ("jupyter_mlsec.report.text", "jupyter_mlsec.report.docs")),
        ("import jupyter_mlsec.report.text", ("json", "orjson", "xml", "urllib", "html")),
        ("import jupyter_mlsec.report.github", ("json", "orjson", "xml", "urllib", "html")),
        ("import jupyter_mlsec.core.suppress", ("json", "orjson")),
    ],
)
def test_a_format_imports_only_what_it_needs(statement: str, free_of: tuple[str, ...]) -> None:
    code = f"import sys; {statement}; print(*(n for n in {free_of!r} if n in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
