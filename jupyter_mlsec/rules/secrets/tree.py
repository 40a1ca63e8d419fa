"""Names bound to strings in Python code, read from the syntax tree."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from jupyter_mlsec.core.model import Span
from jupyter_mlsec.rules.secrets import names
from jupyter_mlsec.rules.secrets.binding import Binding
from jupyter_mlsec.rules.secrets.calls import (
    DEFAULTS,
    ENVIRONMENT,
    Found,
    called,
    entries,
    paired,
)

if TYPE_CHECKING:
    from jupyter_mlsec.core.python import Code
    from jupyter_mlsec.core.view import View

_DECODERS = ("b64decode", "standard_b64decode", "decodebytes", "a2b_base64")
# Calls that hold their first argument as it is, or as something that is made of nothing else.
_WRAPPERS = frozenset(
    """SecretStr SecretBytes Secret str bytes bytearray Field field ib attrib Option quote
    quote_plus Literal lit Variable String""".split()
)
_MOST_ITEMS = 20  # of a list that is looked into: longer ones are data


def bindings(view: View, marked: tuple[Span, ...]) -> Iterator[Binding]:
    """The bindings of nodes that stand on marked lines and whose value is known."""
    code = view.code
    wanted = [code.line(span.start) for span in marked]
    for node in _nodes_near(code, wanted):
        for name, whole, form, callee in _found(code, node):
            value = _fallback(whole)
            if not _is_near(value, node, wanted):
                continue
            if form == "dict" and name.lower() in ("authorization", "proxy-authorization"):
                form = "header"
            for label, item in _items(name, value):
                text = _value(view, item) if _may_matter(label) else None
                if text:
                    span, plain = _place(code, item, text)
                    yield Binding(label, text, span, form, callee, item if plain else None)


def _nodes_near(code: Code, wanted: list[int]) -> Iterator[ast.AST]:
    """The nodes of the tree, outer ones first, without statements that stand on no wanted line."""
    if "+=" in code.source:  # adds to what a statement further up binds
        yield from code.nodes
        return
    waiting: deque[ast.AST] = deque([code.tree] if code.tree else [])
    while waiting:
        node = waiting.popleft()
        if isinstance(node, ast.stmt) and not _stands_on(node, wanted):
            continue
        yield node
        waiting.extend(ast.iter_child_nodes(node))


def _stands_on(statement: ast.stmt, wanted: list[int]) -> bool:
    decorators = getattr(statement, "decorator_list", ())
    first = min([statement.lineno, *(decorator.lineno for decorator in decorators)])
    at = bisect_left(wanted, first)
    return at < len(wanted) and wanted[at] <= (statement.end_lineno or first)


def _items(name: str, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """A value under its name; of a list or a dictionary under `api_keys`, each under `api_key`."""
    match value:
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            pass
        case ast.Dict(values=items) if name.endswith(("s", "S")):
            items = [value for label, value in entries(value) if not names.sort(label)]
        case _:
            yield name, value
            return
    one = name[:-1] if name.endswith(("s", "S")) else name
    if len(items) <= _MOST_ITEMS and names.ends_in_noun(one):
        yield from ((one, item) for item in items if isinstance(item, ast.Constant))


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
        case ast.Lambda(body=body):
            return body
    return value


def _may_matter(name: str) -> bool:
    return names.sort(name) is not None or names.is_bare_key(name)


def _value(view: View, node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bytes):
            return node.value.decode("utf-8", "replace")
        return node.value if isinstance(node.value, str) else None
    if not isinstance(
        node, (ast.BinOp, ast.JoinedStr, ast.Call, ast.Name, ast.NamedExpr, ast.Subscript)
    ):
        return None
    if isinstance(node, ast.Call):
        return _of_call(view, node)
    return view.code.constant(node, view.context.constants)


def _of_call(view: View, call: ast.Call) -> str | None:
    """The value of a call on constants, and of wrappers: `SecretStr("x")`, `"x".encode()`."""
    wrapper = view.code.name(call.func).rpartition(".")[2]
    if wrapper in _DECODERS:
        return _from_base64(_value(view, call.args[0]) if call.args else None)
    if isinstance(call.func, ast.Attribute):
        if call.func.attr in ("encode", "decode"):
            return _value(view, call.func.value)
        if call.func.attr in ("join", "format", "strip", "replace"):
            return view.code.constant(call, view.context.constants)
    held = [keyword.value for keyword in call.keywords if keyword.arg in DEFAULTS]
    if wrapper in _WRAPPERS:
        held += call.args[:1]
        held += [k.value.body for k in call.keywords if isinstance(k.value, ast.Lambda)]
    return next(filter(None, (_value(view, value) for value in held)), None)


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
        case ast.Dict():
            labels = " ".join(name for name, _ in entries(node))
            for name, value in entries(node):
                yield name, value, "dict", labels if names.is_bare_key(name) else ""
                yield from paired(name, value)
        case ast.Tuple(elts=pair) | ast.List(elts=pair) if len(pair) == 2:
            label, value = pair
            if isinstance(label, ast.Constant) and isinstance(label.value, str):
                yield label.value, value, "dict", ""
        case ast.List(elts=words) | ast.Tuple(elts=words) if len(words) > 2:
            yield from _options(words)
        case ast.FunctionDef(name=name, body=[*_, ast.Return(value=ast.expr() as value)]):
            yield name, value, "dict", ""
        case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()], comparators=[right]):
            for one, other in ((left, right), (right, left)):
                if isinstance(other, ast.Constant) and (name := _target(one)):
                    yield name, other, "assignment", ""
        case ast.arguments():
            for arg, default in _defaults(node):
                yield arg.arg, default, "assignment", ""
        case ast.Call():
            yield from called(code, node)


def _options(words: list[ast.expr]) -> Iterator[Found]:
    """The options among the words of a command, with the words behind them."""
    for option, value in pairwise(words):
        match option:
            case ast.Constant(value=str(name)) if name.startswith("--"):
                yield name.lstrip("-"), value, "argument", ""


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
        case ast.Subscript(value=base), _ if code.name(base) in ENVIRONMENT:
            yield _target(target), value, "environ", ""
        case ast.Attribute(value=base), _:
            yield _target(target), value, "assignment", code.name(base)
        case _:
            if name := _target(target):
                yield name, value, "assignment", ""
    yield from paired(_target(target), value)


def _defaults(arguments: ast.arguments) -> Iterator[tuple[ast.arg, ast.expr]]:
    positional = [*arguments.posonlyargs, *arguments.args]
    if arguments.defaults:
        yield from zip(positional[-len(arguments.defaults) :], arguments.defaults, strict=True)
    for arg, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if default is not None:
            yield arg, default
