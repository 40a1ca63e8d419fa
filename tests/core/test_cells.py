"""A notebook gives the same texts by every way in which its cells are read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlsec.core import cells, jsontext, notebook
from jupyter_mlsec.core.cells import Cells
from jupyter_mlsec.core.model import Document
from tests.corpus import real

Way = Callable[[bytes], "Cells | None"]


def tree(data: bytes) -> Cells:
    return cells._from_tree(jsontext.loads(data))


def read(way: Way, data: bytes) -> Document | None:
    """What is read in one way, None where that leaves the notebook to another."""
    parsed = way(data)
    if parsed is None:
        return None
    with patch.object(notebook, "parse", lambda _: parsed):
        return notebook.read(data, "a.ipynb")


def as_bytes(value: Any) -> bytes:
    return json.dumps(value).encode()


def usual(**cell: Any) -> dict[str, Any]:
    base = {"cell_type": "code", "metadata": {}, "source": ["a\n", "b"], "outputs": []}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{**base, **cell}]}


STREAM = {"output_type": "stream", "name": "stdout", "text": ["one\n", "two"]}
ERROR = {"output_type": "error", "ename": "E", "evalue": "no", "traceback": ["\x1b[31mE\x1b[0m"]}
RICH = {
    "output_type": "display_data",
    "metadata": {"filename": "plot.png"},
    "data": {
        "text/html": ["<b>", "x</b>"],
        "image/png": "AAAA",
        "application/json": {"k": "value"},
    },
}


@pytest.mark.parametrize(
    "value",
    [
        usual(),
        usual(source="a\r\nb", id="ab12", execution_count=3),
        usual(metadata={"tags": ["mlsec-ignore"], "papermill": {"secret": "parameter"}}),
        usual(outputs=[STREAM, ERROR, RICH]),
        usual(outputs=[{"output_type": "pyout", "text": ["as nbformat 3 had it"]}]),
        usual(cell_type="markdown", attachments={"a.txt": {"text/plain": "aGVsbG8gd29ybGQ="}}),
        {
            **usual(),
            "metadata": {"kernelspec": {"name": "ir", "language": "R"}, "note": "lesson 1"},
        },
        usual(source=None, outputs=None),
    ],
)
def test_a_notebook_as_the_format_has_it_is_read_as_types(value: Any) -> None:
    data = as_bytes(value)
    expected = read(tree, data)
    assert expected is not None
    assert read(cells._as_types, data) == expected
    assert read(cells._in_parts, data) == expected


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (usual(extra={"note": "not in the format"}), "not in the format"),
        ({**usual(), "extra": "at the top"}, "at the top"),
        (usual(outputs=[{**STREAM, "extra": "in an output"}]), "in an output"),
        (usual(source=["a", 1, "text"]), "atext"),
        (usual(id=5, source="number"), "number"),
        (usual(outputs=["no output", STREAM]), "one\ntwo"),
        ({**usual(), "cells": [None, "x", *usual()["cells"]]}, "a\nb"),
        (
            {"nbformat": 3, "worksheets": [{"metadata": {"note": "of a worksheet"}, "cells": []}]},
            None,
        ),
        (
            {
                "nbformat": 3,
                "worksheets": [
                    {
                        "metadata": {"note": "of a sheet"},
                        "cells": [{"cell_type": "code", "input": "x"}],
                    }
                ],
            },
            "of a sheet",
        ),
    ],
)
def test_what_the_format_does_not_know_is_read_as_a_tree(value: Any, found: str | None) -> None:
    data = as_bytes(value)
    assert cells._as_types(data) is None
    if found is not None:
        document = read(tree, data)
        assert document is not None
        assert any(found in text.text for text in document.texts)


TEXTS = st.text(alphabet='ab\n\r\x1b[0m"\\é🐍', max_size=8)
SOURCES = st.one_of(st.none(), TEXTS, st.lists(TEXTS, max_size=3), st.integers(), st.just([1, "a"]))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=12)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("abc"), inner, max_size=2)
    ),
    max_leaves=5,
)
OUTPUTS = st.fixed_dictionaries(
    {"output_type": st.sampled_from(["stream", "error", "display_data", "pyerr"])},
    optional={
        "text": SOURCES,
        "evalue": TEXTS,
        "traceback": st.lists(TEXTS, max_size=2),
        "metadata": VALUES,
        "data": st.dictionaries(
            st.sampled_from(["text/plain", "text/html", "image/png", "application/json"]),
            st.one_of(SOURCES, VALUES),
            max_size=3,
        ),
    },
)
CELLS = st.fixed_dictionaries(
    {"cell_type": st.sampled_from(["code", "markdown", "raw"])},
    optional={
        "source": SOURCES,
        "id": st.one_of(st.text(max_size=3), st.integers()),
        "metadata": VALUES,
        "outputs": st.one_of(st.none(), st.lists(st.one_of(OUTPUTS, VALUES), max_size=2)),
        "attachments": VALUES,
        "unknown": VALUES,
    },
)


@given(st.lists(st.one_of(CELLS, VALUES), min_size=1, max_size=3), VALUES)
def test_every_way_reads_the_same(listed: list[Any], metadata: Any) -> None:
    data = as_bytes({"nbformat": 4, "metadata": metadata, "cells": listed})
    expected = read(tree, data)
    assert read(cells._as_types, data) in (None, expected)
    assert read(cells._in_parts, data) in (None, expected)


@pytest.mark.skipif(not real.FOLDER.is_dir(), reason="no corpus of real notebooks (MLSEC_CORPUS)")
def test_real_notebooks_are_read_the_same_in_every_way() -> None:
    for path in real.notebooks():
        data = path.read_bytes()
        expected = read(tree, data)
        assert read(cells._as_types, data) == expected, path
        assert read(cells._in_parts, data) == expected, path
