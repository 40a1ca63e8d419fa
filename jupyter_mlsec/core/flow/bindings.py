"""What is bound to what in a text, by its syntax tree.

The two analyses ask different things of it: the strings of `texts` want the last whole value of a
name before a line (`assignments`), the `origins` all that a name is ever made of (`bound_to`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_mlsec.core.python import Code


def parts(node: ast.expr) -> Iterator[ast.expr]:
    """The expressions right within one, those of keywords and comprehensions too."""
    for value in node.__dict__.values():
        for item in value if isinstance(value, list) else (value,):
            if isinstance(item, ast.expr):
                yield item
            elif isinstance(item, ast.keyword):
                yield item.value
            elif isinstance(item, ast.comprehension):
                yield item.iter


def assignments(nodes: Iterable[ast.stmt]) -> Iterator[tuple[str, ast.expr | None, int]]:
    """Names, the expressions that they are bound to, and the lines."""
    for node in nodes:
        if not isinstance(node, ast.Assign | ast.AnnAssign | ast.For):
            continue
        match node:
            case ast.Assign(targets=targets, value=value, lineno=line):
                for target in targets:
                    if isinstance(target, ast.Name):
                        yield target.id, value, line
                    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                        for inner, part in zip(target.elts, value.elts, strict=False):
                            if isinstance(inner, ast.Name):
                                yield inner.id, part, line
            case ast.AnnAssign(target=ast.Name(id=name), value=value, lineno=line):
                yield name, value, line
            case ast.For(target=ast.Name(id=name), iter=value, lineno=line):
                yield name, value, line
            case ast.For(
                target=ast.Tuple(elts=targets),
                iter=ast.Tuple(elts=[ast.Tuple(elts=parts), *_])
                | ast.List(elts=[ast.Tuple(elts=parts), *_]),
                lineno=line,
            ):
                for inner, part in zip(targets, parts, strict=False):
                    if isinstance(inner, ast.Name):
                        yield inner.id, ast.List([part], ast.Load()), line


def bound_to(code: Code, name: str) -> Iterator[ast.expr]:
    """What a name is bound to, or made of, in a text; of a function, what it returns."""
    for targets, value in _bound(code):
        if name in targets:
            yield value


def _bound(code: Code) -> list[tuple[frozenset[str], ast.expr]]:
    """All bindings of a text, remembered with its tree."""
    known: list[tuple[frozenset[str], ast.expr]] | None = code.__dict__.get("_origins")
    if known is None:
        known = code.__dict__["_origins"] = list(_bindings(code))
    return known


def _bindings(code: Code) -> Iterator[tuple[frozenset[str], ast.expr]]:
    for node in code.nodes:
        match node:
            case ast.Assign(targets=targets, value=value):
                yield _names(*targets), value
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                yield _names(target), value
            case (
                ast.AugAssign(target=target, value=value)
                | ast.NamedExpr(target=target, value=value)
            ):
                yield _names(target), value
            case ast.For(target=target, iter=value) | ast.AsyncFor(target=target, iter=value):
                yield _names(target), value
            case ast.comprehension(target=target, iter=value):
                yield _names(target), value
            case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
                yield _names(target), value
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=name), attr="append" | "extend" | "add"),
                args=[value],
            ):
                yield frozenset((name,)), value
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                for inner in ast.walk(node):
                    if isinstance(inner, ast.Return | ast.Yield) and inner.value is not None:
                        yield frozenset((name,)), inner.value


def _names(*targets: ast.expr) -> frozenset[str]:
    """The names that targets bind; for `x.y = …` and `x[0] = …` it is x."""
    found = set()
    for target in targets:
        for node in ast.walk(target):
            if isinstance(node, ast.Name) and (
                isinstance(node.ctx, ast.Store) or not isinstance(target, ast.Tuple | ast.List)
            ):
                found.add(node.id)
    return frozenset(found)
