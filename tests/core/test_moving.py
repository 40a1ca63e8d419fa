"""Credentials moved out of cells: the cell before and after, run in IPython, give the same.

The oracle is IPython itself: what a cell leaves in `r` and hands to `f` with the credential
written out, against what it does with the reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

import jupyter_mlsec
from jupyter_mlsec.core.formats import sample
from jupyter_mlsec.core.model import Span
from jupyter_mlsec.core.moving import Moved, Moving, move

REFERENCE = "kv/nb/token#value"

# What holds the credential, as an expression: `S` stands for it.
EXPRESSIONS = {
    "double quotes": '"S"',
    "single quotes": "'S'",
    "triple double": '"""S"""',
    "triple single": "'''S'''",
    "raw": 'r"S"',
    "raw single": "r'S'",
    "unicode": 'u"S"',
    "bytes": 'b"S"',
    "raw bytes": 'rb"S"',
    "bytes in part": 'b"a=S&b"',
    "f without fields": 'f"S"',
    "f with field": 'f"{user}:S"',
    "f single": "f'{user}:S@{host}'",
    "f with both": """f"{user!r}'S'\\t{host:>9}" """.strip(),
    "f triple": 'f"""{user}\nS\n{host}"""',
    "f raw": r'rf"{user}\d:S"',
    "f with braces": 'f"{{S}}{user}"',
    "f nested": """f"{d['k']}S" """.strip(),
    "prefix": '"Bearer S"',
    "url": '"https://me:S@host/path?a=b"',
    "query": '"https://host/?key=S&b=1"',
    "json text": '\'{"key": "S", "n": 1}\'',
    "escapes around": r'"a\tS\n\x41\u00e9"',
    "quotes around": r'"it\'s \"S\""',
    "unicode around": '"é→S←ü"',
    "lines around": '"""a: 1\nkey: S\nb: "2"\n"""',
    "implicit": '("a" "S" "b")',
    "implicit lines": '(\n    "a"\n    "S"\n)',
    "implicit f": '("a{b}" f"{user}S")',
    "implicit plain beside f": '("{x}S" f"{user}")',
    "implicit mixed quotes": "('a' \"S\")",
    "plus": '"a" + "S"',
    "plus name": 'user + "S"',
    "plus name after": '"S" + user',
    "plus both": 'user + ":" + "S" + "@" + host',
    "percent right": '"%s:%s" % (user, "S")',
    "percent left": '"%s:S" % user',
    "percent dict": '"%(a)s" % {"a": "S"}',
    "format": '"{}:{}".format(user, "S")',
    "format left": '"{}:S".format(user)',
    "format named": '"{a}".format(a="S")',
    "join": '":".join([user, "S"])',
    "strip": '" S ".strip()',
    "encode": '"S".encode()',
    "encode named": '"S".encode("ascii")',
    "in part and method": '"a-S".split("-")',
    "index": '"aS"[1:]',
    "length": 'len("S")',
    "times": '"S" * 2',
    "compared": 'user == "S"',
    "in": '"S" in [user, "S"]',
    "list": '["a", "S", "b"]',
    "tuple": '("S",)',
    "set": '{"S"}',
    "dict": '{"key": "S", "b": 1}',
    "dict key": '{"S": 1}',
    "nested dict": '{"a": {"b": ["S"]}}',
    "dict call": 'dict(key="S", b=1)',
    "conditional": '"S" if user else "b"',
    "or": 'None or "S"',
    "lambda": '(lambda: "S")()',
    "lambda default": '(lambda a="S": a)()',
    "comprehension": '[x + "S" for x in user]',
    "generator": '"".join(c for c in "S")',
    "starred": '[*"S"]',
    "walrus": '(t := "S")',
    "subscript": '{"a": "S"}["a"]',
    "type": 'isinstance("S", str)',
    "slice of part": '"abcS"[2:].upper()',
}
# Where such an expression stands: `E` stands for it.
STATEMENTS = {
    "assignment": "r = E",
    "argument": "r = f(key=E)",
    "after another": "import json\nx = 1\nr = [E, x]",
}
# Whole cells.
CELLS = {
    "two in one string": 'r = "S:S"',
    "two strings": 'r = ["S", f("S")]',
    "typed": "r: str = 'S'",
    "chained": 'r = q = "S"',
    "unpacked": 'a, r = user, "S"',
    "augmented": 'r = "a"\nr += "S"',
    "keyword of a class": 'class C:\n    key = "S"\nr = C.key',
    "method": 'class C:\n    def m(self):\n        return "S"\nr = C().m()',
    "default": 'def g(key="S"):\n    return key\nr = g()',
    "return": 'def g():\n    """Doc."""\n    return "S"\nr = g()',
    "decorator": 'def d(k):\n    return lambda h: k\n@d("S")\ndef r(): pass',
    "with": 'from contextlib import nullcontext\nwith nullcontext("S") as r:\n    pass',
    "try": 'try:\n    r = "S"\nfinally:\n    pass',
    "for": 'for r in ["S"]:\n    pass',
    "while": 'while True:\n    r = "S"\n    break',
    "if": 'if user:\n    r = "S"\nelse:\n    r = None',
    "match subject": 'match "S":\n    case x:\n        r = x',
    "assert": 'assert "S", user\nr = 1',
    "raise": 'try:\n    raise ValueError("S")\nexcept ValueError as e:\n    r = str(e)',
    "async": 'async def g():\n    return "S"\nr = await g()',
    "semicolon": 'a = 1; r = "S"; b = 2',
    "continued": 'r = \\\n    "S"',
    "trailing comment": 'r = "S"  # the key',
    "in a comment as well": '# key is S\nr = "S"',
    "only a comment": 'r = 1\n# key = "S"',
    "comment behind": "r = 1  # S",
    "comment in a call": 'r = f(  # was S\n    "S",\n)',
    "docstring of the cell": '"""Notes."""\nr = "S"',
    "future": 'from __future__ import annotations\nr = "S"',
    "magic before": '%matplotlib --list\nr = "S"',
    "cell magic": '%%time\nr = "S"',
    "capture": '%%capture out\nr = "S"',
    "time": '%time r = "S"',
    "own imports": 'import os\nfrom jupyter_mlsec import secret\nr = ["S", os.name]',
    "environ": 'import os\nos.environ["KEY_X"] = "S"\nr = os.environ["KEY_X"]',
    "environ update": 'import os\nos.environ.update(KEY_X="S")\nr = os.environ["KEY_X"]',
    "setdefault": 'import os\nr = os.environ.setdefault("KEY_Y", "S")',
    "putenv style": 'import os\nos.environ["KEY_X"] = "a" + "S"\nr = os.environ["KEY_X"]',
    "env": "%env KEY_X=S\nimport os\nr = os.environ['KEY_X']",
    "env blank": "%env KEY_X S\nimport os\nr = os.environ['KEY_X']",
    "env spaces": "%env KEY_X = S\nimport os\nr = os.environ['KEY_X']",
    "env quoted": "%env KEY_X=\"S\"\nimport os\nr = os.environ['KEY_X']",
    "env in part": "%env KEY_X=https://me:S@host/\nimport os\nr = os.environ['KEY_X']",
    "set_env": "%set_env KEY_X=S\nimport os\nr = os.environ['KEY_X']",
    "env mixed": "x = 1\n%env KEY_X=S\nimport os\nr = [x, os.environ['KEY_X']]",
    "env alone": "%env KEY_X=S",
    "env in a block": "import os\nif user:\n    %env KEY_X=S\n    r = os.environ['KEY_X']",
    "shell": "r = !printf %s S",
    "shell double": 'r = !printf %s "a S b"',
    "shell single": "r = !printf %s 'a S b'",
    "shell option": "r = !printf %s --key=S",
    "shell header": 'r = !printf %s -H "Authorization: Bearer S" x',
    "shell header single": "r = !printf %s -H 'Authorization: Bearer S' x",
    "shell pipe": "r = !printf %s S | cat",
    "shell two": 'r = !printf %s "S" && printf %s S',
    "shell url": "r = !printf %s https://me:S@host/x",
    "shell assignment": "r = !KEY=S; printf %s $KEY",
    "shell then code": 'r = !printf %s S\nq = r[0] + "S"',
    "shell in a block": "if user:\n    r = !printf %s S",
    "shell system": "!printf %s S > /dev/null\nr = 1",
    "shell comment": "r = !printf x  # S",
    "bash": "%%bash --out r\nprintf %s S",
    "bash export": "%%bash --out r\nexport K=S\nprintf $K",
    "shell with a variable": "r = !printf %s {user}S",
    "line magic": '%timeit -n1 -r1 f("S")',
    "case": 'match user:\n    case "S":\n        r = 1\n    case _:\n        r = 2',
    "broken": 'r = "S"\nthis is not python at all (',
    "name taken": 'secret = "x"\nr = ["S", secret]',
    "help": 'r = "S"\nlen?',
}


def _all() -> Iterator[tuple[str, str]]:
    for where, statement in STATEMENTS.items():
        for what, expression in EXPRESSIONS.items():
            yield f"{where}, {what}", statement.replace("E", expression)
    yield from CELLS.items()


FORMS = dict(_all())
# What stays as it is, and says so: nothing of it can be proved.
LEFT = {
    "shell assignment",
    "bash",
    "bash export",
    "shell with a variable",
    "shell comment",
    "line magic",
    "case",
}


def value() -> str:
    return sample("hf_{an:34}", Random(5))


def moved(source: str, credential: str, taken: bool = False) -> Moved:
    """All occurrences of the credential moved."""
    found = []
    at = source.find(credential)
    while at >= 0:
        found.append(Moving(Span(at, at + len(credential)), credential, REFERENCE, "NB_TOKEN"))
        at = source.find(credential, at + 1)
    return move(source, found, "python", taken)


_OWN: set[str] = set()  # names that IPython puts into its namespace


@pytest.fixture(scope="module")
def shell() -> Iterator[Any]:
    from IPython.core.interactiveshell import InteractiveShell

    InteractiveShell.clear_instance()
    made = InteractiveShell.instance()
    made.colors = "nocolor"
    made.history_manager.enabled = False
    _OWN.update(made.user_ns)
    yield made
    InteractiveShell.clear_instance()


def run(shell: Any, source: str) -> tuple[Any, ...]:
    """What a cell does: `r`, the calls of `f`, and the kind of its error."""
    import contextlib
    import io
    import os

    calls: list[Any] = []

    def f(*arguments: Any, **named: Any) -> list[Any]:
        calls.append((arguments, named))
        return list(arguments) + list(named.values())

    before = dict(os.environ)
    for name in set(shell.user_ns) - _OWN:
        del shell.user_ns[name]
    shell.push({"f": f, "user": "me", "host": "h", "d": {"k": "v"}})
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            done = shell.run_cell(source, store_history=False)
        variables = {name: text for name, text in os.environ.items() if before.get(name) != text}
    finally:
        os.environ.clear()
        os.environ.update(before)
    variables.pop("NB_TOKEN", None)
    error = done.error_before_exec or done.error_in_exec
    result = shell.user_ns.get("r")
    return _plain(result), _plain(calls), variables, type(error).__name__


def _plain(result: Any) -> Any:
    return str(result) if not isinstance(result, (bytes, list, tuple, dict, set)) else repr(result)


@pytest.mark.filterwarnings("ignore")
def test_all_forms(shell: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """At least 95 % of the forms are moved, and none to something else."""
    credential = value()
    monkeypatch.setattr(jupyter_mlsec, "secret", {REFERENCE: credential}.__getitem__, raising=False)
    left, wrong = set(), set()
    for name, form in FORMS.items():
        source = (
            form.replace("S", credential)
            if name != "own imports"
            else form.replace('"S"', f'"{credential}"')
        )
        done = moved(source, credential, taken=name == "name taken")
        if done.left:
            left.add(name)
            assert done.text == source or done.moved, name
            continue
        assert credential not in done.text, name
        if run(shell, source) != run(shell, done.text):
            wrong.add(name)
    assert wrong == set()
    assert left == LEFT
    assert len(FORMS) >= 200
    assert len(left) / len(FORMS) <= 0.05


PASSWORDS = [
    "a'b\"c",
    "p@ss w0rd",
    "x{y}z",
    "50%s",
    "back\\slash",
    "tab\there",
    "é→ü",
    "$HOME",
    "#x",
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize(
    "form",
    ["r = R", "r = 'a' + R", "r = f(key=R)", "r = R.encode()", "r = '%s' % R", "r = [R, R]"],
)
def test_passwords_with_all_kinds_of_characters(
    shell: Any, monkeypatch: pytest.MonkeyPatch, password: str, form: str
) -> None:
    monkeypatch.setattr(jupyter_mlsec, "secret", {REFERENCE: password}.__getitem__, raising=False)
    written = repr(password)
    source = form.replace("R", written)
    secrets = []
    at = source.find(written)
    while at >= 0:
        span = Span(at + 1, at + len(written) - 1)
        secrets.append(Moving(span, password, REFERENCE, "NB_TOKEN"))
        at = source.find(written, at + 1)
    done = move(source, secrets, "python")
    assert done.left == ()
    assert run(shell, source) == run(shell, done.text)


def test_prose_gets_the_reference() -> None:
    credential = value()
    for language in ("markdown", "text"):
        text = f"# Notes\nThe key is {credential}.\n"
        at = text.index(credential)
        one = Moving(Span(at, at + len(credential)), credential, REFERENCE, "X")
        assert move(text, [one], language).text == f"# Notes\nThe key is [{REFERENCE}].\n"


@pytest.mark.parametrize("language", ["r", "julia", "sql"])
def test_other_languages_are_left(language: str) -> None:
    credential = value()
    text = f'x <- "{credential}"'
    one = Moving(Span(6, 6 + len(credential)), credential, REFERENCE, "X")
    done = move(text, [one], language)
    assert (done.text, done.left) == (text, (one,))


def test_it_reads_well() -> None:
    credential = value()
    table = {
        'client = Client("S")': f'client = Client(secret("{REFERENCE}"))',
        'u = f"https://me:S@{host}"': f"u = f\"https://me:{{secret('{REFERENCE}')}}@{{host}}\"",
        'u = "https://me:S@h"': f'u = "https://me:" + secret("{REFERENCE}") + "@h"',
    }
    for before, after in table.items():
        done = moved(before.replace("S", credential), credential)
        assert done.text == f"from jupyter_mlsec import secret\n{after}"


def test_nothing_shows_the_value() -> None:
    credential = value()
    one = Moving(Span(0, 1), credential, REFERENCE, "X")
    assert credential not in repr(one)
    assert credential not in repr(moved(f'x = "{credential}"', credential))
