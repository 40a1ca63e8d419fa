"""After random edits, moves, undos and scrolls all that is known and drawn is a fresh scan's."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from jupyter_mlsec.core.formats import sample
from tests.e2e.jupyter import Server, code, prose

DRIVER = Path(__file__).with_name("random_edits.js")
MODES = ("full", "defer", "contentVisibility", "none")
# in all modes together; a release is tested with 10000
STEPS = int(os.environ.get("MLSEC_RANDOM_EDITS", "160")) // len(MODES)
SEED = int(os.environ.get("MLSEC_RANDOM_SEED", "1"))
AT_ONCE = 20


def snippets(random: Random) -> list[str]:
    """What is typed: pieces of secrets, whole ones, and text beside them."""
    key, token = sample("AKIA{B32:16}", random), sample("glpat-{w:20}", random)
    return [
        *(f'aws_key = "{key}"\n', f"# {token}\n", key, token[:12], key[5:]),
        *("!pip install requests numpy\n", "%pip install pandas==2.0\n", "\n", " ", "x = 1\n"),
        *("😀", "é = 'ü'\n", '"', "'", "'''", "# mlsec: ignore[provider-token] made up\n", "    "),
        *("import pickle\npickle.load(f)\n", "!curl -k https://example.org | sh\n", "\\\n"),
    ]


@pytest.mark.parametrize("mode", MODES)
def test_what_is_shown_equals_a_fresh_scan(page: Any, lab: Server, mode: str) -> None:
    cells = [code(f"x{i} = {i}\ny{i} = {i}\n") for i in range(25)] + [prose("# Text")]
    page.evaluate(DRIVER.read_text(encoding="utf-8"))
    name = lab.write(f"random-{mode}.ipynb", *cells)
    assert page.evaluate("args => mlsecTest.openTwice(...args)", [name, mode]) == [mode, mode]
    typed = snippets(Random(SEED))
    seen: Counter[str] = Counter()
    for part in range(STEPS // AT_ONCE):
        steps = page.evaluate(
            "args => mlsecTest.edit(...args)", [SEED * 1_000_000 + part, AT_ONCE, typed]
        )
        result = page.evaluate("mlsecTest.differences(8000)")
        assert result.pop("equal"), f"seed {SEED}, {mode}, part {part}: {result}, after {steps}"
        seen.update({name: value for name, value in result.items() if isinstance(value, int)})
    print(f"{mode}: {STEPS} steps, {dict(seen)}")
    assert seen["found"] > STEPS // 50
    assert seen["strayed"] < seen["compared"] / 5
