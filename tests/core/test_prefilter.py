"""Marks: the lines on which a hint matches, the same from both matchers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlsec.core.model import Text
from jupyter_mlsec.core.prefilter import CHUNK, Prefilter, compiled, hyperscan_matcher, re_matcher
from jupyter_mlsec.core.rule import Hint

HINTS = (
    Hint("pip", r"\bpip\b[^\n]{0,80}install", ("pip",)),
    Hint("key", r"api_key[ ]{0,4}=", ("api_key",), ignore_case=True),
    Hint("start", r"^FROM ", ("from ",)),
    Hint("token", r"hf_[a-z]{20}", ("hf_",), solid=True, leading=True),
    Hint("split", r"hf_[a-z]{0,5}\"", ("hf_",)),
)

TEXTS = [
    ("pip install x", {"pip": ["pip install x"]}),
    ("a\npip install x\nb", {"pip": ["pip install x"]}),
    ("é 🐍\nü = 1; API_KEY = 3 # ö\nß", {"key": ["ü = 1; API_KEY = 3 # ö"]}),
    ("pip\ninstall", {}),
    ("pip install a; pip install b", {"pip": ["pip install a; pip install b"]}),
    ("FROM a\nx FROM b\nFROM c", {"start": ["FROM a", "FROM c"]}),
    ("pip install x\n", {"pip": ["pip install x"]}),
    ("\udcff pip install x", {"pip": ["\udcff pip install x"]}),
    ("", {}),
    ('t = "hf_abc" + "def"', {"split": ['t = "hf_abc" + "def"']}),
    (f"x = hf_{'ab' * 10}", {"token": [f"x = hf_{'ab' * 10}"]}),
    (
        "x " * 9000 + "pip install y " + "z " * 9000,
        {"pip": ["x " * 9000 + "pip install y " + "z " * 9000]},
    ),
]


def prefilters() -> list[Prefilter]:
    pytest.importorskip("hyperscan", reason="its wheel exists for the common platforms only")
    tags = [hint.tag for hint in HINTS]
    matchers = hyperscan_matcher(compiled(HINTS)), re_matcher(HINTS)
    return [Prefilter(tags, matcher) for matcher in matchers]


def lines(prefilter: Prefilter, texts: list[str]) -> dict[int, dict[str, list[str]]]:
    marks = prefilter.marks([Text("source", "python", text) for text in texts])
    return {
        number: {tag: [texts[number][a:b] for a, b in spans] for tag, spans in found.items()}
        for number, found in marks.items()
    }


@pytest.mark.parametrize("number", range(2))
def test_marks_lines(number: int) -> None:
    wanted = {i: marks for i, (_, marks) in enumerate(TEXTS) if marks}
    assert lines(prefilters()[number], [text for text, _ in TEXTS]) == wanted


def test_a_match_never_crosses_texts() -> None:
    for prefilter in prefilters():
        assert lines(prefilter, ["pip", "install", "pip", " install"]) == {}


def test_texts_over_many_chunks() -> None:
    texts = ["x" * (CHUNK // 3), "pip install é"] * 8
    for prefilter in prefilters():
        assert sorted(lines(prefilter, texts)) == list(range(1, 16, 2))


WORDS = st.sampled_from(["pip", " ", "install", "\n", "API_KEY", "=", "é", "🐍", "FROM ", "x"])


@given(st.lists(st.lists(WORDS, max_size=12).map("".join), max_size=6))
def test_both_matchers_mark_the_same(texts: list[str]) -> None:
    first, second = (lines(p, texts) for p in PREFILTERS)
    assert first == second


PREFILTERS = prefilters()
