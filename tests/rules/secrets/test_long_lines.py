"""Long lines of nothing but the beginnings of credentials take time in proportion.

With Hyperscan: what is measured are the exact checks.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random
from time import process_time

import pytest

from jupyter_mlsec.core.config import Config
from jupyter_mlsec.core.engine import Scanner
from jupyter_mlsec.core.formats import sample
from jupyter_mlsec.files.database import prefilter_for
from jupyter_mlsec.rules.secrets import RULES

pytest.importorskip("hyperscan", reason="without its wheel the hints take most of the time")
SCANNER = Scanner(RULES, Config(), prefilter_for(lambda: RULES, None))
BEGIN = f"{'-' * 5}BEGIN RSA PRIVATE KEY{'-' * 5}"


def seconds(text: str, *, source: str = "run()", more: Sequence[str] = ()) -> float:
    output = {"output_type": "stream", "name": "stdout", "text": text}
    cells = [{"cell_type": "code", "source": source, "outputs": [output]}]
    cells += [{"cell_type": "code", "source": other, "outputs": []} for other in more]
    data = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})
    start = process_time()
    SCANNER.scan_bytes(data.encode(), "a.ipynb", "notebook")
    return process_time() - start


@pytest.mark.parametrize(
    "piece",
    [
        *(
            BEGIN,
            f"{BEGIN}\n",
            "login a password b1 ",
            "mysql -u a ",
            "curl -H a1 ",
            "echo a1b2c3 | ",
        ),
        *("config set a1 ", "password: ", "'password', ", "token=a1 ", "密码:a1 ", "http://a:b1@"),
        *("<td>password</td>", "%env A_KEY ", "sk-a1", "f'{a}' + ", "?token=a1&sig=b1&"),
    ],
)
def test_takes_time_in_proportion(piece: str) -> None:
    few, many = (piece * (size // len(piece)) for size in (20_000, 80_000))
    seconds(few)
    assert seconds(many) < 10 * max(seconds(few), 0.02), "four times the text"


@pytest.mark.parametrize(
    "line", ["<td>password</td>\n", "login a password b1\n", "password | a1 |\n", "password: a1\n"]
)
def test_many_lines_take_time_in_proportion(line: str) -> None:
    """Also in a cell that is no code, which is parsed piece by piece."""
    few, many = (line * (size // len(line)) for size in (20_000, 80_000))
    seconds(few, source=few)
    assert seconds(many, source=many) < 10 * max(seconds(few, source=few), 0.05)


def test_many_cells_take_time_in_proportion() -> None:
    """Each binds a token to the same name, which any other cell may finish."""
    few, many = (
        [f'k = "{sample("hf_{an:34}", Random(n))}"' for n in range(size)] for size in (250, 1500)
    )
    short, long = (min(seconds("", more=cells) for _ in range(3)) for cells in (few, many))
    assert long < 15 * max(short, 0.02), "six times the cells"
