"""The functions that a document defines, found by name when something calls them."""

from __future__ import annotations

import ast
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from jupyter_mlsec.core.patterns import lazy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_mlsec.core.model import Text
    from jupyter_mlsec.core.python import Code
    from jupyter_mlsec.core.view import Context

_DEFINED = lazy(r"def[ \t]+(\w+)")
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Definition(NamedTuple):
    """A function and where it stands: text, its number in the document, syntax tree."""

    node: Function
    place: tuple[Text, int, Code]


class Definitions:
    """Only texts that define a function of the name that is asked for are parsed."""

    def __init__(self, context: Context, order: Sequence[tuple[int, Text]]) -> None:
        self._context = context
        self._order = order
        self._known: dict[str, Definition | None] = {}

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of all functions, wherever they are defined."""
        found = (_DEFINED.findall(text.text) for _, text in self._order if "def " in text.text)
        return frozenset(chain.from_iterable(found))

    def get(self, name: str) -> Definition | None:
        """The last definition of a function at the outermost level of a text, or None."""
        if name not in self.names:
            return None
        if name not in self._known:
            self._known[name] = self._find(name)
        return self._known[name]

    def _find(self, name: str) -> Definition | None:
        for number, text in reversed(self._order):
            if f"def {name}(" not in text.text:
                continue
            code = self._context.code(text)
            for node in reversed(code.tree.body if code.tree else ()):
                if isinstance(node, Function) and node.name == name:
                    return Definition(node, (text, number, code))
        return None
