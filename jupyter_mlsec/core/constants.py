"""Names bound to one constant string in a document, worked out name by name when asked for.

Only the texts that mention a name are parsed: a syntax tree of every cell, for the sake of one
name in one of them, was the largest part of a scan.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from jupyter_mlsec.core.folding import constant
from jupyter_mlsec.core.mentions import mentions, occurrences
from jupyter_mlsec.core.view import MOST_PYTHON

if TYPE_CHECKING:
    from jupyter_mlsec.core.model import Text
    from jupyter_mlsec.core.python import Code

# Methods that change a list: its items are no constants any more.
_CHANGES = frozenset("append clear extend insert pop remove reverse sort".split())
_MOST_ITEMS = 64  # of a list that is looked into: longer ones are data
_MOST_TEXTS = 200  # a name in more texts than this is no constant that is worth their trees
_DEEPEST = 100  # names made of names made of names


class Constants:
    """The names that are bound to one and the same constant string wherever a document binds them.

    `sources` are its Python texts, `parse` gives a text's syntax tree. A list or tuple of
    constant strings is known item by item, as `parts[0]`, unless the document changes it. Scopes
    are not told apart: a name that is also a parameter, a loop variable or an import somewhere
    is no constant.
    """

    def __init__(self, sources: Sequence[Text], parse: Callable[[Text], Code]) -> None:
        self._sources = sources
        self._parse = parse
        self._known: dict[str, dict[str, str]] = {}
        self._bound: dict[str, list[ast.expr | None]] = {}
        self._depth = 0

    def get(self, name: str) -> str | None:
        """The string that `name` (or `name[0]`) is sure to be, or None."""
        root = name.partition("[")[0]
        if root not in self._known:
            if self._depth > _DEEPEST:
                return None
            self._known[root] = {}  # what is made of itself is no constant
            self._depth += 1
            self._known[root] = self._values(root)
            self._depth -= 1
        return self._known[root].get(name)

    def bound(self, name: str) -> list[ast.expr | None]:
        """Each binding of a name in the document: its value where that is one expression."""
        if name not in self._bound:
            self._bound[name] = [*self._bindings(name)]
        return self._bound[name]

    def each(self, name: str) -> tuple[str, ...]:
        """The strings that a loop variable takes, in their order: of `for name in ["a", "b"]`.
        Empty where it is bound in another way too, or not all of them are known."""
        found: dict[str, None] = {}
        for value in self.bound(name):
            items = self.items(value.value) if isinstance(value, ast.Starred) else ()
            if not items:
                return ()
            found.update(dict.fromkeys(items))
        return tuple(found)

    def items(self, node: ast.expr) -> tuple[str, ...]:
        """The strings of a list, or of a name that is one; empty where not all are known."""
        match node:
            case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
                texts = [constant(element, self) for element in elements[:_MOST_ITEMS]]
            case ast.Name(id=name):
                texts = [self.get(f"{name}[{at}]") for at in range(_MOST_ITEMS)]
                texts = texts[: texts.index(None)] if None in texts else texts
            case _:
                return ()
        return () if None in texts else tuple(text or "" for text in texts)

    def flag(self, node: ast.expr, depth: int = 0) -> bool | None:
        """The truth value that an expression is sure to have, or None: of a literal, or of a
        name whose every binding has it."""
        match node:
            case ast.Constant(value=value):
                return bool(value)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                inner = self.flag(operand, depth)
                return None if inner is None else not inner
            case ast.Name(id=name) if depth < _DEEPEST:
                found = {None if v is None else self.flag(v, depth + 1) for v in self.bound(name)}
                return found.pop() if len(found) == 1 else None
        return None

    def _values(self, name: str) -> dict[str, str]:
        """What is known of a name: its one string, or its list's items; {} for nothing.

        The first binding that is no constant ends the search: most names are none, and the texts
        behind it are not parsed.
        """
        text, first = None, None
        for value in self._bound.get(name) or self._bindings(name):
            if value is None or isinstance(first, ast.List | ast.Tuple):
                return {}
            if first is not None or not isinstance(value, ast.List | ast.Tuple):
                found = constant(value, self)
                if found is None or text not in (None, found):
                    return {}
                text = found
            first = first or value
        if not isinstance(first, ast.List | ast.Tuple):
            return {} if text is None else {name: text}
        if len(first.elts) > _MOST_ITEMS:
            return {}
        items = {f"{name}[{at}]": constant(item, self) for at, item in enumerate(first.elts)}
        known = {key: item for key, item in items.items() if item is not None}
        return known if len(known) == len(items) else {}

    def _bindings(self, name: str) -> Iterator[ast.expr | None]:
        for code in self._codes(name):
            yield from bindings(code, name)

    def _codes(self, name: str) -> Iterable[Code]:
        """The syntax trees of the texts that mention a name, if one of them may bind it: that
        one comes first."""
        texts = [text for text in self._sources if mentions(text.text, name)]
        binding = next((text for text in texts if _may_bind(text.text, name)), None)
        if binding is None:
            return ()
        if len(texts) > _MOST_TEXTS or sum(len(text.text) for text in texts) > MOST_PYTHON:
            return ()
        return map(self._parse, [binding, *(text for text in texts if text is not binding)])


def _may_bind(source: str, name: str) -> bool:
    """Whether a line has the name and a `=` behind it, or a `for` right before it."""
    last = source.rfind("=")
    for start in occurrences(source, name):
        if source.startswith("for ", max(start - 4, 0)):
            return True
        if start < last and "\n" not in source[start : source.find("=", start)]:
            return True
    return False


def bindings(code: Code, name: str) -> Iterator[ast.expr | None]:
    """Each binding of a name in a text, as its value where that is one whole expression."""
    for bound, value in code.bindings:
        if bound == name:
            yield value


def all_bindings(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, ast.expr | None]]:
    """Each binding of any name among the nodes of a tree, outer nodes first: its value, for a
    loop variable what it goes through, starred, and None for what is neither."""
    plain: set[ast.expr] = set()
    for node in nodes:
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    if isinstance(target, ast.Name):
                        plain.add(target)
                        yield target.id, value
            case ast.AnnAssign(target=ast.Name(id=name) as target, value=value):
                plain.add(target)
                if value is not None:
                    yield name, value
            case ast.NamedExpr(target=target, value=value):
                plain.add(target)
                yield target.id, value
            case ast.For(target=ast.Name(id=name) as target, iter=iterable):
                plain.add(target)
                yield name, ast.Starred(value=iterable)
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) if node not in plain:
                yield name, None
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if attribute in _CHANGES:
                yield name, None
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
                yield name, None
            case (
                ast.arg(arg=name)
                | ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.ClassDef(name=name)
            ):
                yield name, None
            case ast.alias(name=name, asname=asname):
                yield asname or name.partition(".")[0], None
