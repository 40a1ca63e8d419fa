"""The Python reader: blanking keeps positions, spans are code points, one bad line blinds none."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlsec.core.constants import Constants
from jupyter_mlsec.core.model import Text
from jupyter_mlsec.core.python import Code, blank_magics, imports, parse

UNTOUCHED = [
    pytest.param("x = 1\nprint(x)", id="plain"),
    pytest.param('s = """\n!not a command\n%not a magic\n?no help\n"""', id="triple double"),
    pytest.param("s = '''\n!ls\n'''", id="triple single"),
    pytest.param('s = r"""\\\n!ls"""', id="raw triple"),
    pytest.param("x = (\n  a\n  % b\n)", id="modulo inside brackets"),
    pytest.param("x = a \\\n% b", id="modulo after a continuation"),
    pytest.param('f("""\n%s\n""" % x)', id="format string"),
    pytest.param("x != 1", id="not equal"),
    pytest.param('c.execute("a = %s" % x)', id="equal and percent in a string"),
    pytest.param("c.execute('a = !b')", id="equal and bang in a string"),
    pytest.param('print("%s" % x)  # ?', id="percent in a string"),
    pytest.param('x = "abc\\\n!ls"', id="continued string"),
]


@pytest.mark.parametrize("source", UNTOUCHED)
def test_python_is_left_alone(source: str) -> None:
    assert blank_magics(source) == source


BLANKED = [
    ("!ls", "0  "),
    ("!", "0"),
    ("  !ls -l", "  0     "),
    ("%pip install x\ny = 1", "0             \ny = 1"),
    ("files = !ls *.csv\ny", "files = 0        \ny"),
    ("a, b = %timeit -o f()", "a, b = 0             "),
    ("(a, *b) = !ls", "(a, *b) = 0  "),
    ("d['a b'].c = !ls", "d['a b'].c = 0  "),
    ("!a \\\n  b\nx", "0   \n   \nx"),
    ("!a \\\r\n  b\r\nx", "0   \r\n   \r\nx"),
    ("if x:\n    !ls\nelse:\n    %cd ..", "if x:\n    0  \nelse:\n    0     "),
    ("?print", "0     "),
    ("print??\nx", "0      \nx"),
    ("torch.load?", "0          "),
    ("!echo \"it's\nx = 'a'", "0          \nx = 'a'"),
    ("%time x = f(1)", "if 1: x = f(1)"),
    ("%%bash\nls -l\n", "      \n     \n"),
    ("\n# hello\n%%html\n<b>", "\n       \n      \n   "),
    ("%%time\nx = 1", "0     \nx = 1"),
    ("%%capture out\n!ls\nx = 1", "0            \n0  \nx = 1"),
    ("%%writefile a.py\nimport os", "0               \nimport os"),
    ("%%writefile a.txt\nimport os", "                 \n         "),
    ("x = '''\n!a\n'''\n!b", "x = '''\n!a\n'''\n0 "),
]


@pytest.mark.parametrize(("source", "expected"), BLANKED)
def test_magics_are_blanked(source: str, expected: str) -> None:
    assert blank_magics(source) == expected
    ast.parse(expected.strip(" "))


LINES = st.lists(
    st.sampled_from(
        """!ls 'x|%cd ..|x = !ls|x = '''|'''|\"\"\"|f(|)|a = 1|# it's|?f|%time f()|%%time|%%bash"""
        """|b = 'é' \\|if x:|    !ls \\|s = "|\\""".split("|")
    )
)


@given(lines=LINES, newline=st.sampled_from(["\n", "\r\n"]))
def test_blanking_keeps_every_position(lines: list[str], newline: str) -> None:
    source = newline.join(lines)
    blanked = blank_magics(source)
    assert len(blanked) == len(source)
    assert [i for i, c in enumerate(blanked) if c in "\r\n"] == [
        i for i, c in enumerate(source) if c in "\r\n"
    ]
    assert blank_magics(blanked) == blanked


@given(st.text(alphabet="a'\"\\\n\r#()[{}%!?= é\U0001f600@:", max_size=60))
def test_parse_never_raises(source: str) -> None:
    code = parse(source)
    for node in code.nodes:
        if isinstance(node, ast.expr):
            start, end = code.span(node)
            assert 0 <= start <= end <= len(source)


@pytest.mark.parametrize(
    "source",
    ['x = "é" + f("ü😀", y)', '!ls é\nü = f(\n  "😀")', 'a = 1\r\nb = f("é")\r\n'],
)
def test_spans_are_code_points(source: str) -> None:
    code = parse(source)
    for call in code.calls("f"):
        start, end = call.span
        assert source[start:end].startswith("f(")
        assert source[start:end].endswith(")")
    assert [c.name for c in code.calls()] == ["f"]


PARTLY = [
    ("x = 1\nprint 'hello'\ny = 2", ["x = 1", "y = 2"], ["print 'hello'\n"]),
    ("x = (1\ny = 2\nz = 3", ["y = 2", "z = 3"], ["x = (1\n"]),
    ("pip install torch\nx = 1", ["x = 1"], ["pip install torch\n"]),
    ("@d\n@e(\n)\ndef f():\n  pass\n\nx = = 1\n", ["@d"], ["x = = 1\n"]),
    ("try:\n  a\nexcept E:\n  b\nx y", ["try:"], ["x y"]),
    ("s = '''\nx\ny'''\nx y", ["s = '''"], ["x y"]),
]


@pytest.mark.parametrize(("source", "kept", "lost"), PARTLY)
def test_one_bad_statement_blinds_no_other(source: str, kept: list[str], lost: list[str]) -> None:
    code = parse(source)
    assert code.tree is not None
    places = [
        min(n.lineno for n in ast.walk(s) if isinstance(n, (ast.expr, ast.stmt)))
        for s in code.tree.body
    ]
    lines = source.split("\n")
    assert [lines[p - 1] for p in places] == kept
    assert [source[a:b] for a, b in code.unparsed] == lost


@pytest.mark.parametrize("source", ["<html>", "x y", "\0", "(" * 5000, "\ud800 = 1"])
def test_what_is_no_python_has_no_tree(source: str) -> None:
    code = parse(source)
    assert code.tree is None
    assert code.nodes == ()
    assert list(code.calls()) == []


CALLS = [
    ("import torch as t\nt.load(p)", ["torch.load"]),
    ("from torch import load as l\nl(p)", ["torch.load"]),
    ("import os.path\nos.path.join(a)", ["os.path.join"]),
    ("from .tools import run\nrun()", [".tools.run"]),
    ("get_ipython().system('ls')", ["get_ipython().system", "get_ipython"]),
    ("d['x'].get(1)", ["d[].get"]),
    ("(lambda: 1)()", [""]),
]


@pytest.mark.parametrize(("source", "names"), CALLS)
def test_calls_carry_their_full_name(source: str, names: list[str]) -> None:
    assert [c.name for c in parse(source).calls()] == names


def test_calls_take_the_imports_of_other_cells() -> None:
    code = parse("t.load(p)")
    assert [c.name for c in code.calls("torch.load", imports={"t": "torch"})] == ["torch.load"]
    assert list(code.calls("torch.load")) == []


def test_keywords_of_a_call() -> None:
    (call,) = parse("f(1, a=2)").calls()
    assert isinstance(call.keyword("a"), ast.Constant)
    assert call.keyword("b") is None
    assert (call.may_have("a"), call.may_have("b"), len(call.args)) == (True, False, 1)
    (open_call,) = parse("f(**options)").calls()
    assert open_call.may_have("b")


FOLDED = [
    ('"a" "b"', "ab"),
    ('"a" + "b" + "c"', "abc"),
    ('f"a{x}c"', "axc"),
    ('f"{1}{x}"', "1x"),
    ('"".join(["a", "b"])', "ab"),
    ('"-".join(("a", x))', "a-x"),
    ('"{}/{k}".format(x, k="b")', "x/b"),
    ('"%s:%s" % ("a", x)', "a:x"),
    ('" A ".strip().lower()', "a"),
    ('"a_b".replace("_", "-")', "a-b"),
    ("(y := 'a')", "a"),
    (" + ".join(['"a"'] * 900), "a" * 900),
    ('Path("a") / "b" / x', "a/b/x"),
    ('pathlib.Path("a", x)', "a/x"),
    ('os.path.join("a", x, "/c")', "/c"),
    ("Path(unknown) / x", None),
    ('Path() / "a"', "./a"),
    ("f.Path(unknown)", None),
    ('"a" / unknown', None),
    ("unknown / 2", None),
    ('f"{x!r}"', None),
    ('f"{x:>5}"', None),
    ('"a" + unknown', None),
    ("f(x)", None),
    ("b'a'", None),
    ("1", None),
    ('"{".format()', None),
    ('"%d" % 1', None),
]


@pytest.mark.parametrize(("source", "value"), FOLDED, ids=range(len(FOLDED)))
def test_constants_are_folded(source: str, value: str | None) -> None:
    tree = ast.parse(source, mode="eval")
    assert Code.constant(tree.body, {"x": "x"}) == value


BOUND = [
    (["a = 'x'", "b = a + 'y'"], {"a": "x", "b": "xy"}),
    (["b = a + 'y'", "a = 'x'"], {"a": "x", "b": "xy"}),
    (["a = 'x'", "a = 'x'"], {"a": "x"}),
    (["a: str = 'x'\nb: str"], {"a": "x"}),
    (["a = b = 'x'"], {"a": "x", "b": "x"}),
    (["if (a := 'x'): pass"], {"a": "x"}),
    (["a = 'x'", "a = 'y'", "b = a"], {}),
    (["a = 'x'\na += 'y'"], {}),
    (["a = 'x'\nfor a in y: pass"], {}),
    (["a = 'x'\ndef f(a): pass"], {}),
    (["a = 'x'\nimport a"], {}),
    (["a = 'x'\ndel a"], {}),
    (["a = a + 'x'"], {}),
    (["a = 'x'\na, b = f()"], {}),
]


@pytest.mark.parametrize(("cells", "known"), BOUND)
def test_names_bound_to_one_constant(cells: list[str], known: dict[str, str]) -> None:
    texts = [Text("source", "python", cell, number) for number, cell in enumerate(cells)]
    constants = Constants(texts, lambda text: parse(text.text))
    assert {name: constants.get(name) for name in "ab"} == {"a": None, "b": None, **known}


def test_items_of_a_list_are_constants_unless_it_changes() -> None:
    texts = [Text("source", "python", "a = ['x', b]\nb = 'y'\nc = ['x']\nc.append(a)", 0)]
    constants = Constants(texts, lambda text: parse(text.text))
    names = ("a[0]", "a[1]", "a[2]", "a", "c[0]")
    assert [constants.get(name) for name in names] == ["x", "y", None, None, None]


def test_a_long_chain_of_names_ends_without_an_error() -> None:
    source = "a0 = 'x'\n" + "\n".join(f"a{n + 1} = a{n}" for n in range(3000))
    constants = Constants([Text("source", "python", source, 0)], lambda text: parse(text.text))
    assert constants.get("a3000") is None
    assert constants.get("a9") == "x"


def test_only_texts_that_mention_a_name_are_parsed() -> None:
    cells = ["a = 'x'", "b = 1", "print(a)", "ab = 2"]
    parsed = []

    def parsing(text: Text) -> Code:
        parsed.append(text.text)
        return parse(text.text)

    constants = Constants([Text("source", "python", cell) for cell in cells], parsing)
    assert constants.get("a") == "x"
    assert parsed == ["a = 'x'", "print(a)"]


def test_imports_over_all_cells() -> None:
    cells = ["import a.b\nimport c.d as e", "from f import g, h as i\nfrom j import *", "x y"]
    assert imports([parse(c) for c in cells]) == {"a": "a", "e": "c.d", "g": "f.g", "i": "f.h"}


def test_what_others_hang_on_shared_nodes_is_not_followed() -> None:
    """IPython's tracebacks (by `executing`) set `parent` on all nodes of a tree, and with that on
    `Add()`, which every tree of the process shares."""
    shared = ast.parse("a + b").body[0].value.op  # type: ignore[attr-defined]
    shared.parent = ast.parse("x = [1]")
    try:
        names = [type(node).__name__ for node in parse("c + d").nodes]
    finally:
        del shared.parent
    assert names == ["Module", "Expr", "BinOp", "Name", "Add", "Name"]
