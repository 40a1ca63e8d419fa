"""Which string an expression is at one point of a notebook, or at least how it begins."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from jupyter_mlsec.core.flow.bindings import assignments
from jupyter_mlsec.core.folding import constant
from jupyter_mlsec.core.python import statements

if TYPE_CHECKING:
    from jupyter_mlsec.core.model import Text
    from jupyter_mlsec.core.view import Context

_DEEPEST = 20  # names made of names


Binding = tuple[ast.expr | None, int]  # what a name is bound to, and the line


class Written(NamedTuple):
    """What is known of a string: its text from the beginning, and whether that is all of it."""

    text: str
    whole: bool


class Texts:
    """The strings of a document as they are at one point, which the analysis moves along.

    A name is what the last binding before the point says, in the order of the texts; one that is
    bound elsewhere only, what it is everywhere (`Context.constants`). `given` are the parameters
    of the function that is looked into.
    """

    def __init__(self, context: Context, order: Sequence[Text]) -> None:
        self.context = context
        self.order = order
        self.given: dict[str, Written] = {}
        self._bound: dict[int, dict[str, list[Binding]]] = {}  # by a text's place in the order
        self._binding: dict[str, tuple[int, ...]] = {}  # the texts that may bind a name
        self._places = {id(text): number for number, text in enumerate(order)}
        self._at = 0
        self.line = 0
        self._depth = 0

    def move(self, text: Text, line: int) -> None:
        """Stand in this line of this text."""
        if text is not self.order[self._at]:
            self._at = self._places.get(id(text), 0)
        self.line = line

    def get(self, name: str) -> str | None:
        """The string that a name holds here, or None; `core.folding` asks."""
        if name in self.given:
            return self.given[name].text if self.given[name].whole else None
        here = None if "[" in name else self._nearest(name)
        if here is not None:
            return here.text if here.whole else None
        bound = "[" in name or self._may_bind(name)
        return self.context.constants.get(name) if bound else None

    def written(self, node: ast.expr | None) -> Written:
        """What an expression is, or how it begins; nothing of what is not known."""
        if node is None:
            return Written("", False)
        text = constant(node, self)
        return Written(text, True) if text is not None else Written(self._beginning(node), False)

    def _beginning(self, node: ast.expr) -> str:
        match node:
            case ast.JoinedStr(values=values):
                return self._joined(values)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._joined([left, right])
            case ast.BinOp(left=left, op=ast.Div() | ast.Mod(), right=_):
                return self.written(left).text.split("%")[0]
            case ast.FormattedValue(value=value):
                return self.written(value).text
            case ast.Name(id=name):
                found = self.given.get(name) or self._nearest(name)
                return found.text if found is not None else ""
            case ast.Call(func=ast.Attribute(value=value, attr="format")):
                return self.written(value).text.partition("{")[0]
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[first, *_]):
                if name in ("Path", "join", "urljoin", "str", "Request", "expanduser"):
                    return self.written(first).text
            case ast.List(elts=[first, *_]) | ast.Tuple(elts=[first, *_]):
                return self.written(first).text
            case ast.Dict(values=[first, *_]):
                return self.written(first).text
            case ast.Subscript(value=value) | ast.IfExp(body=value):
                return self.written(value).text
        return ""

    def _joined(self, parts: Sequence[ast.expr]) -> str:
        text = ""
        for part in parts:
            piece, whole = self.written(part)
            text += piece
            if not whole:
                break
        return text

    def bound(self, name: str) -> ast.expr | None:
        """The expression of the last binding of a name before this point."""
        return next((value for value, _, _ in self._bindings(name)), None)

    def _nearest(self, name: str) -> Written | None:
        """What the last binding of a name before this point says; None if there is none."""
        if self._depth > _DEEPEST:
            return Written("", False)
        found = next(self._bindings(name), None)
        if found is None:
            return None
        here = self._at, self.line
        value, self._at, self.line = found
        self._depth += 1
        written = self.written(value)
        self._depth -= 1
        self._at, self.line = here
        return written

    def _bindings(self, name: str) -> Iterator[tuple[ast.expr | None, int, int]]:
        """The bindings of a name before this point, the nearest first, with text and line."""
        at, before = self._at, self.line
        for number in reversed(self._may_bind(name)):
            if number > at:
                continue
            for value, line in reversed(self._in(number).get(name, ())):
                if number < at or line < before:
                    yield value, number, line

    def _may_bind(self, name: str) -> tuple[int, ...]:
        """The places in the order of the texts that may bind a name."""
        found = self._binding.get(name)
        if found is None:
            places = (n for n, text in enumerate(self.order) if _may_bind(text.text, name))
            found = self._binding[name] = tuple(places)
        return found

    def _in(self, number: int) -> dict[str, list[Binding]]:
        """The bindings in one text, by name, in the order of their lines."""
        if number not in self._bound:
            bound: dict[str, list[Binding]] = {}
            tree = self.context.code(self.order[number]).tree
            found = assignments(statements(tree.body if tree else []))
            for name, value, line in sorted(found, key=lambda binding: binding[2]):
                bound.setdefault(name, []).append((value, line))
            self._bound[number] = bound
        return self._bound[number]


def _may_bind(source: str, name: str) -> bool:
    """Whether a text may bind a name, so that it is worth a syntax tree: `name =`, `name, other =`,
    `name: str =`, `for name in`."""
    if name not in source or ("=" not in source and "for " not in source):
        return False
    if f"{name} =" in source or f"{name} in " in source or f"{name}, " in source:
        return True
    return f"{name}: " in source or f"{name}) " in source or f"{name}=" in source
