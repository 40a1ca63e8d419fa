"""After random edits, moves, undos and scrolls the marks are those of a fresh scan."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random
from typing import Any

from jupyter_mlsec.core.formats import sample
from tests.e2e.conftest import opened
from tests.e2e.jupyter import Server, code, prose

DRIVER = Path(__file__).with_name("random_edits.js")


def snippets(random: Random) -> list[str]:
    """What is typed: pieces of secrets, whole ones, and text beside them."""
    key, token = sample("AKIA{B32:16}", random), sample("glpat-{w:20}", random)
    return [
        *(f'aws_key = "{key}"\n', f"# {token}\n", key, token[:12], key[5:]),
        *("!pip install requests numpy\n", "%pip install pandas==2.0\n", "\n", " ", "x = 1\n"),
        *("😀", "é = 'ü'\n", '"', "'", "'''", "# mlsec: ignore[provider-token] made up\n", "    "),
        *("import pickle\npickle.load(f)\n", "!curl -k https://example.org | sh\n", "\\\n"),
    ]


STEPS = int(os.environ.get("MLSEC_RANDOM_EDITS", "150"))  # 10000 is what the release is tested with
AT_ONCE = 25


def test_marks_equal_a_fresh_scan(page: Any, lab: Server) -> None:
    seed = int(os.environ.get("MLSEC_RANDOM_SEED", "1"))
    cells = [code(f"x{i} = {i}\n") for i in range(8)] + [prose("# Text")]
    opened(page, lab.write(f"random{seed}.ipynb", *cells))
    page.evaluate(DRIVER.read_text(encoding="utf-8"))
    typed, found, compared, strayed = snippets(Random(seed)), 0, 0, 0
    for part in range(STEPS // AT_ONCE):
        steps = page.evaluate(
            "([seed, count, typed]) => mlsecTest.edit(seed, count, typed)",
            [seed * 1000 + part, AT_ONCE, typed],
        )
        result = page.evaluate("mlsecTest.differences(8000)")
        assert result["wrong"] == [], f"seed {seed}, part {part}: {steps}"
        found += result["found"]
        compared += result["compared"]
        strayed += result["strayed"]
    assert found > STEPS // 50
    print(f"{STEPS} steps, {compared} editors compared, {strayed} strayed, {found} findings")
    assert strayed < compared / 5
