"""What is read of a notebook, and edits that touch no other byte."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlsec.core.editing import apply
from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.model import Edit, Span
from jupyter_mlsec.core.notebook import flatten, read


def notebook(*cells: dict[str, Any], **top: Any) -> bytes:
    return json.dumps(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, **top, "cells": cells}
    ).encode()


def code(source: Any = "", **cell: Any) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "outputs": [], "metadata": {}, **cell}


def output(**fields: Any) -> dict[str, Any]:
    return code(outputs=[{"output_type": "display_data", "metadata": {}, **fields}])


def bundle(mime: str, content: Any) -> dict[str, Any]:
    return output(data={mime: content})


TRACEBACK = output(output_type="error", evalue="no", traceback=["\x1b[0;31mE\x1b[0m: no"])
PLOT = bundle("application/vnd.plotly.v1+json", {"title": 'say "hi"'})
PICTURE = base64.b64encode(bytes(range(256)) * 4).decode()


@pytest.mark.parametrize(
    ("cell", "part", "text"),
    [
        (code("a\nb"), "source", "a\nb"),
        (code(["a\n", "b"]), "source", "a\nb"),
        (code(["a\r\n", "b"]), "source", "a\nb"),
        (code(["a\n", None, "b"]), "source", "a\nb"),
        ({"cell_type": "markdown", "source": "# hi"}, "source", "# hi"),
        ({"cell_type": "raw", "source": "raw"}, "source", "raw"),
        ({"cell_type": "code", "source": "a", "metadata": None, "outputs": None}, "source", "a"),
        (output(output_type="stream", text=["a\n", "b\n"]), "output", "a\nb\n"),
        (output(output_type="stream", text="\x1b[31mred\x1b[0m"), "output", "red"),
        (TRACEBACK, "output", "no\nE: no"),
        (bundle("text/plain", ["a", "b"]), "output", "ab"),
        (bundle("text/html", "<b>x</b>"), "output", "<b>x</b>"),
        (bundle("text/latex", "$x$"), "output", "$x$"),
        (bundle("image/svg+xml", "<svg/>"), "output", "<svg/>"),
        (bundle("application/json", {"key": ["value 1"]}), "output", '"key": "value 1"'),
        (PLOT, "output", '"title": "say "hi""'),
        (output(output_type="pyout", text=["v3"]), "output", "v3"),
        (code(metadata={"note": "some text"}), "metadata", '"note": "some text"'),
        (code(attachments={"a.txt": {"text/plain": "notes"}}), "attachment", "notes"),
        (
            code(attachments={"a.txt": {"text/plain": base64.b64encode(b"notes!").decode()}}),
            "attachment",
            "notes!",
        ),
    ],
)  # fmt: skip
def test_reads_every_kind_of_text(cell: dict[str, Any], part: str, text: str) -> None:
    document = read(notebook(cell), "a.ipynb")
    assert [(t.part, t.text, t.cell) for t in document.texts] == [(part, text, 0)]


@pytest.mark.parametrize(
    "cell",
    [
        code(""),
        code(None),
        code(outputs=None),
        code(outputs={}),
        code(outputs=[None, "x"]),
        bundle("image/png", PICTURE),
        bundle("application/pdf", PICTURE),
        bundle("audio/wav", PICTURE),
        bundle("application/octet-stream", PICTURE),
        code(attachments={"a.png": {"image/png": PICTURE}}),
        code(metadata={"id": "abcdef0123456789", "outputId": "abcdef0123456789"}),
        "not a cell",
        None,
    ],
)
def test_leaves_out_what_is_empty_or_binary(cell: Any) -> None:
    assert read(notebook(cell), "a.ipynb").texts == ()


@pytest.mark.parametrize(
    ("fields", "execution"),
    [
        ({"execution_count": 7}, 7),
        ({"execution_count": None}, None),
        ({}, None),
        ({"execution_count": 7, "unknown": 1}, 7),
        ({"execution_count": "7"}, None),
    ],
)
def test_a_source_knows_its_execution_count(fields: dict[str, Any], execution: int | None) -> None:
    cell = {"cell_type": "code", "source": "x", **fields}
    assert read(notebook(cell), "a.ipynb").texts[0].execution == execution


def test_reads_nbformat_3() -> None:
    cells = [
        {"cell_type": "code", "input": ["a\n", "b"], "language": "python", "outputs": []},
        {"cell_type": "heading", "source": "Title", "level": 1},
    ]
    data = json.dumps(
        {"nbformat": 3, "worksheets": [{"cells": cells}, {"cells": cells[:1]}]}
    ).encode()
    document = read(data, "a.ipynb")
    assert [(t.cell, t.text) for t in document.texts] == [(0, "a\nb"), (1, "Title"), (2, "a\nb")]
    assert document.cells == 3


@pytest.mark.parametrize(
    ("metadata", "language"),
    [
        ({}, "python"),
        ({"kernelspec": {"language": "R"}}, "r"),
        ({"language_info": {"name": "ipython"}}, "python"),
        ({"kernelspec": {"language": "bash"}}, "shell"),
        ({"kernelspec": None, "language_info": 3}, "python"),
    ],
)
def test_knows_the_language(metadata: dict[str, Any], language: str) -> None:
    document = read(notebook(code("x"), metadata=metadata), "a.ipynb")
    assert document.texts[0].language == language


@pytest.mark.parametrize("data", [b"[]", b"{}", b'{"cells": 1}', b'"text"', b"7", b"null"])
def test_json_that_is_no_notebook_is_an_error(data: bytes) -> None:
    with pytest.raises(MlsecError, match="not a notebook"):
        read(data, "a.ipynb")


@pytest.mark.parametrize(
    "cell",
    [
        code("x", metadata={"vscode": {"languageId": "R"}}),
        {"cell_type": "code", "input": "x", "language": "R"},
    ],
)
def test_a_cell_may_have_a_language_of_its_own(cell: dict[str, Any]) -> None:
    assert read(notebook(cell), "a.ipynb").texts[0].language == "r"


def test_a_notebook_without_cells_is_fine() -> None:
    assert read(notebook(), "a.ipynb").cells == 0


def test_widget_state_is_read() -> None:
    state = {"m1": {"model_name": "TextModel", "state": {"value": "some value", "x": None}}}
    document = read(notebook(metadata={"widgets": {"application/x": {"state": state}}}), "a.ipynb")
    assert '"value": "some value"' in document.texts[0].text


def test_flatten_takes_any_depth() -> None:
    value: Any = "bottom line"
    for _ in range(5_000):
        value = {"k": [value]}
    assert flatten(value) == '"k": "bottom line"'


EDITS = [
    ("x = 1", Span(4, 5), "2", "x = 2"),
    ("a\nb\nc", Span(2, 3), "B", "a\nB\nc"),
    ("a\nb\nc", Span(0, 1), "1\n2", "1\n2\nb\nc"),
    ("a\nb\nc", Span(1, 4), "-", "a-c"),
    ('é\t"q"\\', Span(2, 5), "'é'", "é\t'é'\\"),
    ("snake 🐍 end", Span(8, 11), "tail", "snake 🐍 tail"),
    ("a\nb", Span(3, 3), "\nc", "a\nb\nc"),
    ("a\nb", Span(0, 0), "import os\n", "import os\na\nb"),
    ("a\nb", Span(2, 2), "x", "a\nxb"),
    ("p = 'C:\\\\new'", Span(0, 1), "path", "path = 'C:\\\\new'"),
    ("a", Span(0, 1), "back\\nslash", "back\\nslash"),
]


@pytest.mark.parametrize("indent", [None, 1, 4])
@pytest.mark.parametrize("as_list", [True, False])
@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize(("before", "span", "new", "after"), EDITS)
def test_edits_change_one_source_alone(
    before: str,
    span: Span,
    new: str,
    after: str,
    ascii_only: bool,
    as_list: bool,
    indent: int | None,
) -> None:
    source = before.splitlines(keepends=True) if as_list else before
    value = {"cells": [code("é first"), code(source)], "metadata": {}}
    data = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode()
    changed = apply(data, "notebook", [Edit(span, new, 1)])
    cells = json.loads(changed)["cells"]
    assert "".join(cells[1]["source"]) == after
    cells[1]["source"] = source
    assert (
        json.dumps(
            {"cells": cells, "metadata": {}}, indent=indent, ensure_ascii=ascii_only
        ).encode()
        == data
    )


def test_list_items_stay_a_line_each() -> None:
    data = json.dumps({"cells": [code(["a\n", "b"])]}, indent=1).encode()
    changed = apply(data, "notebook", [Edit(Span(0, 1), "1\n2", 0)])
    assert json.loads(changed)["cells"][0]["source"] == ["1\n", "2\n", "b"]


@pytest.mark.parametrize(
    "raw",
    [
        b'\xef\xbb\xbf{"cells": [{"source": "x"}]}',
        b'{"cells":\r\n[{"source": "x"}]}\r\n',
        b'{"n": NaN, "big": 123456789012345678901234567890, "cells": [{"source": "x"}]}',
        b'{"bad": "\xff", "cells": [{"source": "x"}]}',
        b'{"s": "\\ud800", "cells": [{"source": "x", "id": "\\u0041"}], "cells2": 1.50}',
    ],
)
def test_every_other_byte_stays(raw: bytes) -> None:
    assert apply(raw, "notebook", [Edit(Span(0, 1), "y", 0)]) == raw.replace(b'"x"', b'"y"')


def test_nbformat_3_is_edited_by_the_same_numbers() -> None:
    sheets = [
        {"cells": [{"input": [], "outputs": []}, {"input": "a"}]},
        {"cells": [{"cell_type": "heading", "source": "b"}]},
    ]
    data = json.dumps({"worksheets": sheets}).encode()
    assert [t.cell for t in read(data, "").texts] == [1, 2]
    assert apply(data, "notebook", [Edit(Span(0, 1), "B", 2)]) == data.replace(b'"b"', b'"B"')


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_files_keep_their_line_ends(end: str) -> None:
    data = end.join(["a", "b", "c", ""]).encode()
    assert apply(data, "python", [Edit(Span(2, 3), "B")]) == data.replace(b"b", b"B")


@given(st.lists(st.text(max_size=12), max_size=6), st.booleans())
def test_an_edit_that_changes_nothing_changes_no_value(lines: list[str], ascii_only: bool) -> None:
    data = json.dumps({"cells": [code(lines)]}, ensure_ascii=ascii_only).encode(
        "utf-8", "surrogatepass"
    )
    text = "".join(lines)
    whole = read(data, "").texts
    if not whole or "\r" in text:
        return
    end = len(whole[0].text)
    changed = apply(data, "notebook", [Edit(Span(0, end), whole[0].text, 0)])
    assert read(changed, "").texts[0].text == whole[0].text


def test_no_edits_give_the_same_object() -> None:
    data = notebook(code("x"))
    assert apply(data, "notebook", []) is data
