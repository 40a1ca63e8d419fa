"""Calls seen through names, partials and constants; renamed imports; where values come from."""

from __future__ import annotations

import ast

import pytest

from jupyter_mlsec.core.artifacts import fetched, written
from jupyter_mlsec.core.calling import argument, calls, flag, keyword, may_have, set_keyword
from jupyter_mlsec.core.fixes import spliced
from jupyter_mlsec.core.flow.origins import Origins
from jupyter_mlsec.core.flow.sources import from_model, from_network, from_outside, untrusted_text
from jupyter_mlsec.core.imports import read as imports_by_line
from jupyter_mlsec.core.model import Document, Text
from jupyter_mlsec.core.python import parse
from jupyter_mlsec.core.renames import renamed, uses
from jupyter_mlsec.core.variables import variables
from jupyter_mlsec.core.view import Context, View


def view(*cells: str) -> View:
    """The last of these cells."""
    texts = tuple(Text("source", "python", code, number) for number, code in enumerate(cells))
    return View(texts[-1], Context(Document("a", "notebook", texts, len(texts))), {})


CALLED = [
    ("import torch\ntorch.load(p)", True),
    ("import torch as t\nt.load(p)", True),
    ("from torch import load as f\nf(p)", True),
    ("from functools import partial\nimport torch\npartial(torch.load, p)", True),
    ("import threading, torch\nthreading.Thread(target=torch.load, args=(p,))", True),
    ("import torch\nlist(map(torch.load, paths))", True),
    ("torch.load(p)", True),
    ("class torch:\n    pass\ntorch.load(p)", False),
    ("torch = Mock()\ntorch.load(p)", False),
    ("for torch in lamps:\n    torch.load(p)", False),
    ("def f(torch):\n    torch.load(p)", False),
    ("import json\njson.load(p)", False),
    ("torch.loads(p)", False),
]


@pytest.mark.parametrize(("code", "found"), CALLED)
def test_calls(code: str, found: bool) -> None:
    assert [call.name for call in calls(view(code), "torch.load")] == ["torch.load"] * found


ARGUMENTS = [
    # cells, the flag of `on` in the call of f, whether it may be given
    (("f(on=True)",), True, True),
    (("f(on=not False)",), True, True),
    (("ON = True", "f(on=ON)"), True, True),
    (("ON = True\nON = False", "f(on=ON)"), None, True),
    (("f(**{'on': True})",), True, True),
    (("options = {'on': False}", "f(**options)"), False, True),
    (("options = dict(on=True)", "f(**options)"), True, True),
    (("options = make()", "f(**options)"), None, True),
    (("f(on=args.on)",), None, True),
    (("f(off=True)",), None, False),
    (("from functools import partial\npartial(f)",), None, True),
]


@pytest.mark.parametrize(("cells", "state", "given"), ARGUMENTS)
def test_keywords(cells: tuple[str, ...], state: bool | None, given: bool) -> None:
    seen = view(*cells)
    (call,) = calls(seen, ".f")
    assert flag(seen, keyword(seen, call, "on")) is state
    assert may_have(seen, call, "on") is given


@pytest.mark.parametrize("code", ["f(a, b)", "f(a, second=b)", "f(*[], second=b)"])
def test_an_argument_by_place_or_name(code: str) -> None:
    seen = view(code)
    (call,) = calls(seen, ".f")
    found = argument(seen, call, "second", 1)
    assert found is not None
    assert ast.unparse(found) == "b"


SET = [
    ("f()", "f(on=True)"),
    ("f(a)", "f(a, on=True)"),
    ("f(a,)", "f(a, on=True,)"),
    ("f((a))", "f((a), on=True)"),
    ("f(on=x, b=1)", "f(on=True, b=1)"),
    ("f(**{'on': x})", "f(**{'on': True})"),
    ("f(\n    a,\n    b=1,  # why\n)", "f(\n    a,\n    b=1,  # why\n, on=True)"),
    ("f('é', b)", "f('é', b, on=True)"),
]


@pytest.mark.parametrize(("before", "after"), SET)
def test_a_keyword_is_set(before: str, after: str) -> None:
    seen = view(before)
    (call,) = calls(seen, ".f")
    fix = set_keyword(seen, call, "on", "True", "set it")
    assert fix is not None
    assert spliced(before, fix.edits) == after


IMPORTS = [
    "import os",
    "import numpy as np, torch",
    "import os.path as p",
    "from a.b import c as d, e",
    "from a import (\n    b as c,  # why\n    d,\n)",
    "from . import x",
    "import a; import b",
    "try: import a\nexcept ImportError: a = None",
    "x = '''\nimport no\n'''\nimport yes",
    "%%bash\nimport -window root a.png",
    "from a import *",
    "text = 'import this'",
]


@pytest.mark.parametrize("code", IMPORTS)
def test_imports_by_line_are_those_of_the_tree(code: str) -> None:
    assert imports_by_line(code) in (None, parse(code).imports)


def test_renamed_imports_and_their_uses() -> None:
    cells = (
        "from torch import load as tl\nimport pickle as pk",
        "from a import (\n    b as c,\n    d,\n)",
        "m = tl(p); n = pk.load(f)\nx.tl(p)\ntl = 3\nmap(c, xs)",
    )
    texts = [Text("source", "python", code, number) for number, code in enumerate(cells)]
    names = renamed(texts)
    assert names == {"tl": "torch.load", "pk": "pickle", "c": "a.b"}
    assert [(number, line) for number, _, line in uses(texts, names)] == [
        (2, "m = torch.load(p); n = pickle.load(f)"),
        (2, "map(a.b, xs)"),
    ]


ORIGINS = [
    # cells of which the last is an expression, and whether it comes from input()
    (("input()",), True),
    (("x = input()", "'rm ' + x"), True),
    (("a, b = input().split()", "f'{b}'"), True),
    (("def ask():\n    return input()", "ask()"), True),
    (("x = y\ny = x", "x"), False),
    (("xs = []\nxs.append(input())", "xs[0]"), True),
    (("for x in input():\n    pass", "x"), True),
    (("with input() as f:\n    pass", "f"), True),
    (("x = int(input())", "x"), False),
    (("import shlex\nx = shlex.quote(input())", "x"), False),
    (("x = 'a'", "x"), False),
    (("x = input()", "x == 'a'"), False),
    (("x = input()", "y"), False),
]


@pytest.mark.parametrize(("cells", "comes"), ORIGINS)
def test_origins(cells: tuple[str, ...], comes: bool) -> None:
    seen = view(*cells)
    node = ast.parse(cells[-1], mode="eval").body
    assert Origins(seen.context, lambda name: name == "input").has(node, seen.code) is comes


SOURCES = [
    (from_network, "requests.get", True),
    (from_network, "urllib.request.urlopen", True),
    (from_network, "huggingface_hub.hf_hub_download", True),
    (from_network, "json.loads", False),
    (from_outside, "sys.argv", True),
    (from_outside, "pandas.read_csv", True),
    (from_outside, "huggingface_hub.hf_hub_download", False),
    (from_outside, "pandas.DataFrame", False),
    (untrusted_text, "langchain_community.document_loaders.WebBaseLoader", True),
    (untrusted_text, "print", False),
    (from_model, "openai.OpenAI", True),
    (from_model, "langchain_openai.ChatOpenAI", True),
    (from_model, "anthropic.Anthropic", True),
    (from_model, "sklearn.linear_model.LinearRegression", False),
]


@pytest.mark.parametrize(("of", "name", "expected"), SOURCES)
def test_sources(of: object, name: str, expected: bool) -> None:
    assert callable(of)
    assert of(name) is expected


FILES = [
    ('joblib.dump(m, "m.pkl")', True, False),
    ('with open("m.pkl", "wb") as f:\n    pickle.dump(m, f)', True, False),
    ("!wget https://example.org/m.pkl", False, True),
    ('urlretrieve(url, "data/m.pkl")', False, True),
    ('m = joblib.load("m.pkl")', False, False),
    ('joblib.dump(m, "other-m.pkl")', False, False),
]


@pytest.mark.parametrize(("code", "own", "foreign"), FILES)
def test_files_of_the_document(code: str, own: bool, foreign: bool) -> None:
    context = view(code).context
    assert written(context, "m.pkl") is own
    assert fetched(context, "m.pkl") is foreign


SETTINGS = [
    ('import os\nos.environ["X"] = "1"', "1"),
    ('os.environ.setdefault("X", "1")', "1"),
    ('os.environ.update({"X": "1"})', "1"),
    ('os.environ.update(X="1")', "1"),
    ("%env X=1", "1"),
    ("%set_env X 1", "1"),
    ("!X=1 run", "1"),
    ("%%bash\nexport X=1", "1"),
    ("%%writefile Dockerfile\nFROM a\nENV X=1", "1"),
    ('os.environ["X"]', None),
    ("!run X=1", None),
    ("x = 1", None),
]


@pytest.mark.parametrize(("code", "value"), SETTINGS)
def test_variables(code: str, value: str | None) -> None:
    found = [v.value for v in variables(view(code)) if v.name == "X"]
    assert found == ([] if value is None else [value])
