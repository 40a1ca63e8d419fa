"""Where a value comes from: whether an expression is made of what certain calls give.

Names are followed through the document's bindings, whatever the order of the cells: assignments,
loops, `with`, tuples, and functions of the document whose result is made of such a value. No
scopes, no paths: enough to tell `exec(reply)` from `exec(code)`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.flow.bindings import bound_to, parts
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
        return any(self.has(child, code) for child in parts(node))

    def _name(self, name: str) -> bool:
        if name not in self._known:
            if self._depth > _DEEPEST:
                return False
            self._known[name] = False  # what is made of itself alone is of no origin
            self._depth += 1
            self._known[name] = any(
                self.has(value, code)
                for code in self._codes(name)
                for value in bound_to(code, name)
            )
            self._depth -= 1
        return self._known[name]

    def _codes(self, name: str) -> Iterator[Code]:
        """The trees of the texts that may bind a name, or add to what it holds."""
        context = self._context
        texts = context.once(Mentions).binding(name)
        if len(texts) <= _MOST_TEXTS and sum(len(t.text) for t in texts) <= MOST_PYTHON:
            yield from map(context.code, texts)
