"""Names bound to strings in Python code, read from the syntax tree."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.model import Span
from jupyter_mlsec.rules.secrets import names
from jupyter_mlsec.rules.secrets.binding import Binding, Form

if TYPE_CHECKING:
    from jupyter_mlsec.core.python import Code
    from jupyter_mlsec.core.view import View

Found = tuple[str, ast.expr, Form, str]  # name, value, form, callee

# Methods of which two arguments next to each other are a name and its value.
_SETTERS = frozenset(
    """add_header conf config get getenv getOption header option put putenv set set_config set_key
    set_option set_secret set_parameter setdefault setenv setProperty text write_secret
    setItem environ set_env setString""".split()
)
_DECODERS = ("b64decode", "standard_b64decode", "decodebytes", "a2b_base64")
_ENVIRONMENT = ("os.environ", "environ", "os.environb")
_LOGINS = frozenset(
    """login Client ClientV2 AsyncClient OpenAI AsyncOpenAI Anthropic AsyncAnthropic Groq AsyncGroq
    Mistral MistralClient Together Pinecone Replicate InferenceClient HfApi configure init connect
    set_api_key authenticate auth Api API TavilyClient Exa FirecrawlApp ElevenLabs Roboflow
    AuthApiKey ApiKeyAuth Auth set_token set_access_token save_token TokenAuth""".split()
)

# Functions that take a user and a password, in this order.
_WITH_USER = frozenset(
    """login authenticate auth HTTPBasicAuth HTTPDigestAuth HTTPProxyAuth BasicAuth DigestAuth
    basic_auth BasicAuthentication ClientAuthenticator PlainCredentials SimpleCredentials
    PasswordAuthenticator username_pw_set PlainTextAuthProvider UserPassword""".split()
)


def bindings(view: View, marked: tuple[Span, ...]) -> Iterator[Binding]:
    """The bindings of nodes that stand on marked lines and whose value is known."""
    code = view.code
    wanted = [code.line(span.start) for span in marked]
    for node in code.nodes:
        for name, whole, form, callee in _found(code, node):
            value = _fallback(whole)
            if not _is_near(value, node, wanted) or not _may_matter(name):
                continue
            text = _value(view, value)
            if text:
                span, plain = _place(code, value, text)
                if form == "dict" and name.lower() in ("authorization", "proxy-authorization"):
                    form = "header"
                node_to_fix = value if plain else None
                yield Binding(name, text, span, form, callee, node_to_fix)


def _is_near(value: ast.expr, node: ast.AST, wanted: list[int]) -> bool:
    """Whether a marked line is one of the value's, or the one where its statement begins."""
    first = min(value.lineno, getattr(node, "lineno", value.lineno))
    at = bisect_left(wanted, first)
    return at < len(wanted) and wanted[at] <= (value.end_lineno or value.lineno)


def _fallback(value: ast.expr) -> ast.expr:
    """The literal that a value falls back to: of `os.getenv("X") or "y"`, and of conditions."""
    match value:
        case ast.BoolOp(op=ast.Or(), values=[*_, last]):
            return last
        case ast.IfExp(body=ast.Constant(value=str()) as body):
            return body
        case ast.IfExp(orelse=other):
            return other
    return value


def _may_matter(name: str) -> bool:
    return names.sort(name) is not None or names.is_bare_key(name)


def _value(view: View, node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bytes):
            return node.value.decode("utf-8", "replace")
        return node.value if isinstance(node.value, str) else None
    if not isinstance(node, (ast.BinOp, ast.JoinedStr, ast.Call, ast.Name, ast.NamedExpr)):
        return None
    if isinstance(node, ast.Call):
        return _of_call(view, node)
    return view.code.constant(node, view.context.constants)


def _of_call(view: View, call: ast.Call) -> str | None:
    """The value of a call on constants, and of wrappers: `SecretStr("x")`, `"x".encode()`."""
    wrapper = call.func.id if isinstance(call.func, ast.Name) else ""
    if wrapper in ("SecretStr", "str", "Secret", "bytes") and call.args:
        return _value(view, call.args[0])
    if wrapper in _DECODERS or getattr(call.func, "attr", "") in _DECODERS:
        return _from_base64(_value(view, call.args[0]) if call.args else None)
    if isinstance(call.func, ast.Attribute):
        if call.func.attr in ("SecretStr", "encode", "decode"):
            inner = call.args[0] if call.func.attr == "SecretStr" and call.args else call.func.value
            return _value(view, inner)
        if call.func.attr in ("join", "format", "strip", "replace"):
            return view.code.constant(call, view.context.constants)
    return None


def _from_base64(text: str | None) -> str | None:
    from binascii import Error, a2b_base64

    try:
        return a2b_base64(text).decode("utf-8") if text else None
    except (Error, ValueError):
        return None


def _place(code: Code, node: ast.expr, value: str) -> tuple[Span, bool]:
    """Where the value stands, and whether the expression may be replaced as a whole."""
    span = code.span(node)
    written = code.source[span.start : span.end]
    at = written.find(value)
    if isinstance(node, (ast.Constant, ast.Call)) and at >= 0:
        return Span(span.start + at, span.start + at + len(value)), True
    return span, not isinstance(node, ast.Name) and "+=" not in written


def _found(code: Code, node: ast.AST) -> Iterator[Found]:
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _assigned(code, target, _extended(code, target, value))
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield from _assigned(code, target, value)
        case ast.NamedExpr(target=target, value=value):
            yield from _assigned(code, target, value)
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value, value, "dict", ""
        case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()], comparators=[right]):
            for one, other in ((left, right), (right, left)):
                if isinstance(other, ast.Constant) and (name := _target(one)):
                    yield name, other, "assignment", ""
        case ast.arguments():
            for arg, default in _defaults(node):
                yield arg.arg, default, "assignment", ""
        case ast.Call():
            yield from _called(code, node)


def _extended(code: Code, target: ast.expr, value: ast.expr) -> ast.expr:
    """The value with what `name += "…"` adds to it further down."""
    if not isinstance(target, ast.Name) or names.sort(target.id) is None:
        return value
    for node in code.nodes:
        match node:
            case ast.AugAssign(target=ast.Name(id=name), op=ast.Add(), value=more) if (
                name == target.id and node.lineno >= target.lineno
            ):
                total = ast.BinOp(value, ast.Add(), more)
                total.lineno, total.col_offset = value.lineno, value.col_offset
                total.end_lineno, total.end_col_offset = more.end_lineno, more.end_col_offset
                value = total
    return value


def _target(node: ast.expr) -> str:
    """The name that an assignment's target gives its value, "" where it gives none."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
    return ""


def _assigned(code: Code, target: ast.expr, value: ast.expr) -> Iterator[Found]:
    match target, value:
        case (
            (ast.Tuple(elts=targets) | ast.List(elts=targets)),
            (ast.Tuple(elts=values) | ast.List(elts=values)),
        ) if len(targets) == len(values):
            for one, its in zip(targets, values, strict=True):
                yield from _assigned(code, one, its)
        case ast.Subscript(value=base), _ if code.name(base) in _ENVIRONMENT:
            yield _target(target), value, "environ", ""
        case ast.Attribute(value=base), _:
            yield _target(target), value, "assignment", code.name(base)
        case _:
            if name := _target(target):
                yield name, value, "assignment", ""


def _defaults(arguments: ast.arguments) -> Iterator[tuple[ast.arg, ast.expr]]:
    positional = [*arguments.posonlyargs, *arguments.args]
    if arguments.defaults:
        yield from zip(positional[-len(arguments.defaults) :], arguments.defaults, strict=True)
    for arg, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if default is not None:
            yield arg, default


def _called(code: Code, call: ast.Call) -> Iterator[Found]:
    callee = code.name(call.func)
    owner, _, method = callee.rpartition(".")
    for keyword in call.keywords:
        if keyword.arg == "auth" and isinstance(keyword.value, ast.Tuple):
            yield from _pair(keyword.value.elts, callee)
        elif keyword.arg:
            form: Form = "environ" if owner in _ENVIRONMENT else "argument"
            form = "dict" if callee == "dict" else form
            yield keyword.arg, keyword.value, form, callee
    if method in _SETTERS:
        environment = owner in _ENVIRONMENT or method in ("putenv", "setenv", "set_env", "getenv")
        for name, value in zip(call.args, call.args[1:]):  # noqa: B905  # neighbours
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield name.value, value, "environ" if environment else "argument", callee
    elif method == "update" and owner in _ENVIRONMENT:
        for argument in call.args:
            if isinstance(argument, ast.Dict):
                for found in _found(code, argument):
                    yield found[0], found[1], "environ", ""
    elif method == "set_password" and len(call.args) == 3:
        yield "password", call.args[2], "argument", callee
    elif method in _WITH_USER and len(call.args) == 2:
        yield from _pair(call.args, callee)
    elif method in _LOGINS and call.args:
        yield "key", call.args[0], "argument", callee


def _pair(values: list[ast.expr], callee: str) -> Iterator[Found]:
    """User and password, in this order."""
    if len(values) == 2:
        yield "password", values[1], "argument", callee
