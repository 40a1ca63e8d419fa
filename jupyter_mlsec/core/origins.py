"""Where a value comes from: whether an expression is made of what certain calls give.

Names are followed through the document's bindings, whatever the order of the cells: assignments,
loops, `with`, tuples, and functions of the document whose result is made of such a value. No
scopes, no paths: enough to tell `exec(reply)` from `exec(code)`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.mentions import Mentions
from jupyter_mlsec.core.view import MOST_PYTHON

if TYPE_CHECKING:
    from jupyter_mlsec.core.python import Code
    from jupyter_mlsec.core.view import Context

_MOST_TEXTS = 200  # as in core.constants
_DEEPEST = 20  # names made of names made of names
# What gives a value that can do no harm in a command, an expression or a prompt.
_HARMLESS = frozenset(
    """int float bool len round hash isinstance issubclass type id sum min max range enumerate
    shlex.quote quote pipes.quote ast.literal_eval literal_eval html.escape escape print""".split()
)

Source = Callable[[str], bool]


class Origins:
    """Where the values of a document come from. `is_source` says of a full name (of a call, or
    of an attribute such as `sys.argv`) whether what it gives is of that origin."""

    def __init__(self, context: Context, is_source: Source) -> None:
        self._context = context
        self._is_source = is_source
        self._known: dict[str, bool] = {}
        self._depth = 0

    def has(self, node: ast.expr, code: Code) -> bool:
        """Whether an expression of one of the document's texts holds such a value."""
        name = code.name(node, self._context.imports)
        if name and self._is_source(name):
            return True
        match node:
            case ast.Call(func=function) if name.removesuffix("()") in _HARMLESS or (
                isinstance(function, ast.Name) and function.id in _HARMLESS
            ):
                return False
            case ast.Compare() | ast.Constant() | ast.Lambda():
                return False
            case ast.Name(id=local):
                return self._name(local)
            case ast.Call(func=ast.Name(id=local)) if self._name(local):
                return True
        return any(self.has(child, code) for child in _inner(node))

    def _name(self, name: str) -> bool:
        if name not in self._known:
            if self._depth > _DEEPEST:
                return False
            self._known[name] = False  # what is made of itself alone is of no origin
            self._depth += 1
            self._known[name] = any(
                self.has(value, code) for code in self._codes(name) for value in _values(code, name)
            )
            self._depth -= 1
        return self._known[name]

    def _codes(self, name: str) -> Iterator[Code]:
        """The trees of the texts that may bind a name, or add to what it holds."""
        context = self._context
        texts = context.once(Mentions).binding(name)
        if len(texts) <= _MOST_TEXTS and sum(len(t.text) for t in texts) <= MOST_PYTHON:
            yield from map(context.code, texts)


def _inner(node: ast.expr) -> Iterator[ast.expr]:
    """The expressions right within one."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            yield child
        elif isinstance(child, ast.keyword):
            yield child.value
        elif isinstance(child, ast.comprehension):
            yield child.iter


def _values(code: Code, name: str) -> Iterator[ast.expr]:
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
