"""Places in a notebook on the lines of its JSON file."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.report.lines import line_finder, locator

Make = Callable[..., Any]

NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "source": ["# one\n", "two-md"], "metadata": {"note": "meta-0"}},
        {
            "cell_type": "code",
            "source": ["first\n", "\n", "third\n", "fourth"],
            "outputs": [
                {
                    "output_type": "stream",
                    "name": "stdout",
                    "text": ["out-1\n", "out-2\n", "out-3"],
                },
                {"output_type": "display_data", "data": {"text/plain": ["plain\n", "text"]}},
            ],
        },
        {"cell_type": "code", "source": "whole-1\nwhole-2\n", "outputs": []},
    ],
    "metadata": {"papermill": {"parameters": {"key": "nb-meta"}}},
}


@pytest.mark.parametrize(
    ("changes", "holds"),
    [
        ({"cell": 0, "line": 1}, '"# one'),
        ({"cell": 0, "line": 2}, '"two-md"'),
        ({"cell": 1, "line": 1}, '"first'),
        ({"cell": 1, "line": 2}, '"\\n",'),
        ({"cell": 1, "line": 3}, '"third'),
        ({"cell": 1, "line": 4}, '"fourth"'),
        ({"cell": 1, "line": 99}, '"fourth"'),
        ({"cell": 1, "part": "output", "output": 0, "line": 3}, '"out-3"'),
        ({"cell": 1, "part": "output", "output": 1, "line": 2}, '"plain'),
        ({"cell": 2, "line": 2}, "whole-2"),
        ({"cell": 0, "part": "metadata", "line": 1}, "meta-0"),
        ({"cell": None, "part": "metadata", "line": 1}, "nb-meta"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_line_holds_the_text(
    changes: dict[str, Any], holds: str, end: str, place: Make
) -> None:
    data = json.dumps(NOTEBOOK, indent=1).replace("\n", end).encode()
    line = line_finder(data)(place(**changes))
    assert line is not None
    assert holds in data.decode().split(end)[line - 1]


def test_a_place_that_is_not_there_has_no_line(place: Make) -> None:
    assert line_finder(json.dumps(NOTEBOOK).encode())(place(cell=9)) is None


def test_a_notebook_on_one_line(place: Make) -> None:
    assert line_finder(json.dumps(NOTEBOOK).encode())(place(cell=1, line=3)) == 1


def test_broken_json_is_said() -> None:
    with pytest.raises(MlsecError):
        line_finder(b'{"cells": [')


def test_a_locator_reads_each_file_once_and_only_when_asked(place: Make) -> None:
    read: list[str] = []

    def files(path: str) -> bytes:
        read.append(path)
        if path == "gone.ipynb":
            raise FileNotFoundError(path)
        return json.dumps(NOTEBOOK, indent=1).encode() if path == "a.ipynb" else b"{"

    locate = locator(files)
    assert read == []
    lines = [locate(place(cell=1, line=line)) for line in (1, 3)]
    assert lines[0] is not None
    assert lines[1] == lines[0] + 2
    assert locate(place(path="gone.ipynb")) is None
    assert locate(place(path="broken.ipynb")) is None
    assert locate(place(path="gone.ipynb")) is None
    assert read == ["a.ipynb", "gone.ipynb", "broken.ipynb"]
