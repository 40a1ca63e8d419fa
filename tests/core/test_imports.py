"""Imports by their lines: what the syntax tree says, or nothing where lines can't tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlsec.core.imports import read
from jupyter_mlsec.core.model import Document, Text
from jupyter_mlsec.core.python import imports, parse
from jupyter_mlsec.core.view import Context

READ = [
    ("import os", {"os": "os"}),
    ("import os.path", {"os": "os"}),
    ("import os.path as p, sys", {"p": "os.path", "sys": "sys"}),
    ("import pandas as pd  # tables", {"pd": "pandas"}),
    ("from torch import load", {"load": "torch.load"}),
    ("from torch import load as tl, save", {"tl": "torch.load", "save": "torch.save"}),
    ("from a import (\n    b,  # one\n    c as d,\n)", {"b": "a.b", "d": "a.c"}),
    ("from . import b\nfrom ..a import c", {"b": "..b", "c": "..a.c"}),
    ("from a import *", {}),
    ("try:\n    import a\nexcept ImportError:\n    import b as a", {"a": "b"}),
    ("x = 1\nimport a\nprint('import c')", {"a": "a"}),
    ("# import a", {}),
    ("x = 'from a import b'", {}),
    ("important = 1", {}),
    ("!pip install a\nimport a", {"a": "a"}),
    ('"""\nimport a\n"""\nimport b', {"b": "b"}),
    ("x = '''\nimport a \\'''\n'''\nimport b", {"b": "b"}),
    ("x = 'y; z'  # \"\nimport a", {"a": "a"}),
]


@pytest.mark.parametrize(("source", "names"), READ)
def test_statements_on_lines(source: str, names: dict[str, str]) -> None:
    assert read(source) == names
    assert imports((parse(source),)) == names


@pytest.mark.parametrize(
    "source",
    [
        '"""\nimport a',
        "%%writefile a.py\nimport a",
        'x = \'a"""\'\nimport b\ny = \'"""\'',
        "x = 1; import a",
        "import a; x = 1",
        "if x: import a",
        "from a import b, \\\n    c",
        "import a, b c",
    ],
)
def test_what_lines_cannot_tell_is_left_to_the_tree(source: str) -> None:
    assert read(source) is None
    text = Text("source", "python", source, 0)
    assert Context(Document("a", "notebook", (text,))).imports == parse(source).imports


WORDS = st.sampled_from(
    [
        "import ",
        "from ",
        "a",
        "b.c",
        " as ",
        ", ",
        "(",
        ")",
        "\n",
        "    ",
        "# ",
        "x = ",
        "'",
        "*",
        '"""',
        ";",
        "\\",
    ]
)


@given(st.lists(WORDS, max_size=12).map("".join))
def test_any_text_that_parses_gives_what_its_tree_gives(source: str) -> None:
    found = read(source)
    code = parse(source)
    if found is not None and code.tree is not None and not code.unparsed:
        assert found == imports((code,))
