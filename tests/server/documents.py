"""Documents for the tests, with credentials made at run time."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from jupyter_mlsec.core.formats import sample


def token(seed: int = 0) -> str:
    """A made-up credential beyond doubt."""
    return sample("hf_{an:34}", Random(seed))


def notebook(*sources: str, **more: Any) -> dict[str, Any]:
    """A request with these code cells, ids c0, c1, …"""
    cells = [{"id": f"c{number}", "source": source} for number, source in enumerate(sources)]
    return {"path": "a.ipynb", "cells": cells, **more}


def stream(text: str) -> dict[str, Any]:
    """An output as nbformat has it."""
    return {"output_type": "stream", "name": "stdout", "text": text}


def saved(*sources: str, outputs: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """A notebook as it is saved; the outputs are the first cell's."""
    cells = [
        {
            "cell_type": "code",
            "id": f"c{number}",
            "source": source,
            "outputs": (outputs or []) if number == 0 else [],
            "metadata": {},
            "execution_count": None,
        }
        for number, source in enumerate(sources)
    ]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def spliced(source: str, *edits: dict[str, Any]) -> str:
    """A text with edits by UTF-16 offsets made, as a browser makes them."""
    units = source.encode("utf-16-le")
    for edit in sorted(edits, key=lambda edit: int(edit["start"]), reverse=True):
        new = str(edit["text"]).encode("utf-16-le")
        units = units[: 2 * edit["start"]] + new + units[2 * edit["end"] :]
    return units.decode("utf-16-le")


def no_token(*where: object, seed: int = 0) -> None:
    """Fail where the made-up credential stands, without showing it."""
    __tracebackhide__ = True
    if any(token(seed) in str(text) for text in where):
        pytest.fail("the credential is there")
