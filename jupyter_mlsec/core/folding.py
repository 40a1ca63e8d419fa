"""Constant folding: the string that an expression is sure to be."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count, takewhile
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import ast


class Names(Protocol):
    """What names are known to be: a mapping, or `core.constants`, which works them out."""

    def get(self, name: str, /) -> str | None: ...


def constant(node: ast.expr, names: Names) -> str | None:
    """The value of a string expression, or None where it is not sure to be one string.

    Understands literals (implicit concatenation included), `+`, f-strings of known parts, `%s`,
    `str.format`, `str.join`, `strip` and the like on constants, paths (`Path("a") / "b"`,
    `os.path.join("a", "b")`) as the text that they have with `/`, and the names in `names`; the
    items of a list or tuple that has a name are there as `parts[0]`, `parts[1]` and so on.
    Never raises.
    """
    import ast

    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Name(id=name):
            return names.get(name)
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=int(index))):
            return names.get(f"{name}[{index}]")
        case ast.BinOp(op=ast.Add()):
            return _sum(node, names)
        case ast.BinOp(left=left, op=ast.Mod(), right=right):
            return _percent(left, right, names)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return _path([left, right], names)
        case ast.Call(func=ast.Name(id="Path") | ast.Attribute(attr="Path"), args=parts):
            return _path(parts, names) if parts else "."
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id="path") | ast.Attribute(attr="path"), attr="join"),
            args=parts,
        ) if parts:
            return _path(parts, names)
        case ast.JoinedStr(values=values):
            return _joined(values, names)
        case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
            return _text(value, names)
        case ast.NamedExpr(value=value):
            return constant(value, names)
        case ast.Call(func=ast.Attribute(value=value, attr=method)):
            base = constant(value, names)
            return None if base is None else _method(base, method, node, names)
    return None


def _sum(node: ast.BinOp, names: Names) -> str | None:
    """A chain of `+`, without recursion: generated code has chains of thousands."""
    import ast

    parts: list[ast.expr] = []
    rest: ast.expr = node
    while isinstance(rest, ast.BinOp) and isinstance(rest.op, ast.Add):
        parts.append(rest.right)
        rest = rest.left
    return _joined([rest, *reversed(parts)], names)


def _joined(parts: Iterable[ast.expr], names: Names, separator: str = "") -> str | None:
    texts = []
    for part in parts:
        text = constant(part, names)
        if text is None:
            return None
        texts.append(text)
    return separator.join(texts)


def _path(parts: Iterable[ast.expr], names: Names) -> str | None:
    texts = [constant(part, names) for part in parts]
    if None in texts:
        return None
    from posixpath import join

    return join(*(text or "" for text in texts))


def _text(node: ast.expr, names: Names) -> str | None:
    """What a value looks like when formatted: numbers in literals count as well."""
    import ast

    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return str(node.value)
    return constant(node, names)


def _percent(left: ast.expr, right: ast.expr, names: Names) -> str | None:
    import ast

    template = constant(left, names)
    values = [_text(v, names) for v in (right.elts if isinstance(right, ast.Tuple) else [right])]
    if template is None or None in values:
        return None
    pieces = template.split("%s")
    if "%" in "".join(pieces) or len(pieces) != len(values) + 1:
        return None
    return "".join(a + b for a, b in zip(pieces, [*(v or "" for v in values), ""], strict=True))


def _method(text: str, method: str, call: ast.Call, names: Names) -> str | None:
    """The result of a string method on a constant."""

    if method in ("strip", "lower", "upper") and not call.args and not call.keywords:
        return str(getattr(text, method)())
    if method == "join" and len(call.args) == 1:
        return _join(text, call.args[0], names)
    if method == "replace" and len(call.args) == 2:
        old, new = (constant(arg, names) for arg in call.args)
        return None if old is None or new is None else text.replace(old, new)
    if method == "format":
        values = [_text(arg, names) for arg in call.args]
        named = {k.arg or "**": _text(k.value, names) for k in call.keywords}
        if None in values or None in named.values():
            return None
        try:
            return text.format(*values, **named)
        except (LookupError, ValueError, AttributeError, TypeError):
            return None
    return None


def _join(separator: str, parts: ast.expr, names: Names) -> str | None:
    import ast

    match parts:
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return _joined(elements, names, separator)
        case ast.Name(id=name):
            numbered = (names.get(f"{name}[{index}]") for index in count())
            texts = [*takewhile(lambda text: text is not None, numbered)]
            return separator.join(text or "" for text in texts) if texts else None
    return None
