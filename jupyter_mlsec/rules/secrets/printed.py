"""Credentials printed into the notebook's outputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.model import Confidence, Hit, Severity, Span
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import Bad, Good, Hint, family
from jupyter_mlsec.rules.secrets import names

if TYPE_CHECKING:
    import ast

    from jupyter_mlsec.core.view import View

rule = family("secrets")

_NAMES = (
    r"(?:passw(?:or)?d|passphrase|api_?key|secret|access_?key|credential"
    r"|(?:access|auth|api|hf|bearer)_?token)"
)
HINTS = (
    Hint(
        "secrets.print",
        r"(?:print|display|info|debug|warning|error|write|echo|pprint)[( \t]"
        rf"[^\n]{{0,120}}(?:{_NAMES}|environ)",
        ("print", "display", "info", "debug", "warning", "error", "write", "echo"),
        ignore_case=True,
        leading=True,
    ),
    Hint(
        "secrets.shown",
        rf"^[ \t]*(?:[a-z]\w{{0,30}}_)?{_NAMES}[ \t]*$"
        r"|^[ \t]*(?:os\.environ|dict\(os\.environ\))[ \t]*$"
        r"|^[ \t]*(?:%env|!env|!printenv|!set)[ \t]*$",
        ("pass", "key", "secret", "token", "credential", "environ", "env", "set"),
        ignore_case=True,
    ),
)
_PRINTS = frozenset("print display pprint pprint.pprint rich.print IPython.display.display".split())
_LOGS = frozenset("debug info warning warn error critical exception log write".split())
_SHELL = lazy(
    r"[ \t]*(?:!(?:env|printenv|set)|%env)[ \t]*"
    r"|[ \t]*!(?:printenv[ \t]+|echo[ \t]+[^|>\n]*?\$\{?)(?P<name>[A-Za-z_]\w*)\}?[\"']?[ \t]*"
)
_TOKENS = frozenset(("access", "auth", "api", "hf", "bearer", "github", "refresh", "session"))


@rule(
    "secret-printed",
    "A credential is printed into the output",
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    hints=HINTS,
    languages=("python",),
    references=("CWE-532", "AML.T0057"),
    examples=(
        Bad("print(api_key)", at="print(api_key)"),
        Bad('print(f"key: {openai_api_key}")', at='print(f"key: {openai_api_key}")'),
        Bad("print(os.environ)", at="print(os.environ)"),
        Bad('print(os.environ["HF_TOKEN"])', at='print(os.environ["HF_TOKEN"])'),
        Bad("logger.info(db_password)", at="logger.info(db_password)"),
        Bad("api_key = getpass()\napi_key", at="api_key"),
        Bad("!echo $OPENAI_API_KEY", at="!echo $OPENAI_API_KEY"),
        Bad("%env", at="%env"),
        Good("print(len(api_key))", because="its length tells little"),
        Good('print("API key set" if api_key else "no API key")', because="it is not shown"),
        Good("print(api_key[:4])", because="its first characters tell which one it is"),
        Good("print(token)", because="most tokens are words"),
        Good("print(tokenizer.pad_token)", because="a word of a vocabulary"),
        Good("print(bool(password))", because="it is not shown"),
        Good('print(os.environ["HOME"])', because="no credential"),
        Good('!echo "api_key" > names.txt', because="no variable"),
    ),
)
def secret_printed(view: View) -> Iterator[Hit]:
    """What a cell prints is saved in the notebook with it, and goes wherever the file goes."""
    for line in (*view.marked("secrets.print"), *view.marked("secrets.shown")):
        match = _SHELL.fullmatch(view.source, line.start, line.end)
        if match and (match["name"] is None or _is_credential(match["name"])):
            start = line.start + len(match[0]) - len(match[0].lstrip())
            yield Hit(Span(start, line.end), _message(match["name"] or "the environment"))
    if any(view.marked(hint.tag) for hint in HINTS):
        yield from _in_code(view)


def _message(what: str) -> str:
    return f"this shows {what} in the saved output: print no more than whether it is set"


def _in_code(view: View) -> Iterator[Hit]:
    import ast

    code = view.code
    for call in code.calls():
        method = call.name.rpartition(".")[2]
        if call.name in _PRINTS or (method in _LOGS and "log" in call.name.lower()):
            shown = next(filter(None, (_shown(view, arg) for arg in call.args)), None)
            if shown:
                yield Hit(call.span, _message(f"`{shown}`"))
    last = code.tree.body[-1] if code.tree and code.tree.body else None
    if isinstance(last, ast.Expr) and view.text.part == "source":
        shown = _shown(view, last.value)
        if shown and not isinstance(last.value, (ast.Constant, ast.JoinedStr, ast.BinOp)):
            yield Hit(code.span(last), _message(f"`{shown}`"))


def _shown(view: View, node: ast.expr) -> str | None:
    """The credential that an expression shows in full, None where it shows none."""
    import ast

    match node:
        case ast.Name(id=name):
            return name if _is_credential(name) else None
        case ast.Attribute(value=base, attr=name):
            full = view.code.name(node, view.context.imports)
            if full == "os.environ":
                return full
            is_instance = isinstance(base, (ast.Name, ast.Attribute))
            return full if is_instance and _is_credential(name) else None
        case ast.Subscript(
            value=ast.Attribute(attr="environ"), slice=ast.Constant(value=str(name))
        ):
            return name if names.sort(name) else None
        case ast.JoinedStr(values=values):
            return next(filter(None, (_shown(view, v) for v in values)), None)
        case ast.FormattedValue(value=value):
            return _shown(view, value)
        case ast.BinOp(left=left, op=ast.Add() | ast.Mod(), right=right):
            return _shown(view, left) or _shown(view, right)
        case ast.Call(func=function, args=[argument, *_]):
            return _of_call(view, function, argument)
    return None


def _of_call(view: View, function: ast.expr, argument: ast.expr) -> str | None:
    import ast

    name = view.code.name(function, view.context.imports)
    if name in ("str", "repr", "dict"):
        return _shown(view, argument)
    if name in ("os.getenv", "os.environ.get") and isinstance(argument, ast.Constant):
        variable = argument.value
        return variable if isinstance(variable, str) and names.sort(variable) else None
    return None


def _is_credential(name: str) -> bool:
    """Stricter than `names.sort`: `token` and `secret` alone are names for much else."""
    sort = names.sort(name)
    parts = names.words(name)
    if sort == "token":
        return bool(_TOKENS.intersection(parts))
    return sort in ("password", "key") or (sort == "secret" and len(parts) > 1)
