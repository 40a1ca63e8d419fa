"""Whether two texts of Python do the same, one of them with references in the place of values."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from jupyter_mlsec.core.python import Code, parse

if TYPE_CHECKING:
    import ast


def same(
    before: Code,
    after: Code,
    values: Mapping[str, str],
    function: str,
    variables: Collection[str],
) -> bool:
    """Whether both texts do the same, but for lines that set these environment variables.

    `values` are by reference, and `function` is what the code calls with one. What a magic or
    shell line does is not compared.
    """
    import ast

    def outside(code: Code) -> list[str]:
        return [code.source[part.start : part.end] for part in code.unparsed]

    if outside(before) != outside(after):
        return False
    if before.tree is None or after.tree is None:
        return before.tree is after.tree
    try:
        trees = [
            ast.dump(_normal(code.source, values, function, variables))
            for code in (before, after)
            if code.tree
        ]
    except RecursionError:
        return False
    return trees[0] == trees[1]


def _normal(
    source: str, values: Mapping[str, str], function: str, variables: Collection[str]
) -> ast.AST:
    """The tree of a text, constants folded, references put back, lines that set variables for
    shell lines left out."""
    import ast

    class Normal(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST | None:
            node = self.generic_visit(node)
            if isinstance(node, ast.Expr) and _is_blank(node.value):
                return None
            if isinstance(node, ast.Assign) and _sets(node, variables):
                return None
            if isinstance(node, ast.JoinedStr):
                node.values = list(_merged(node.values))
            if isinstance(node, ast.expr):
                known = _value(node, values, function)
                if known is not None:
                    return ast.Constant(known)
            return node

    tree = parse(source).tree
    assert tree is not None  # noqa: S101  # the caller has looked
    return Normal().visit(tree)  # type: ignore[return-value]


def _is_blank(node: ast.expr) -> bool:
    """What stands for a magic or shell line."""
    import ast

    return isinstance(node, ast.Constant) and node.value == 0 and node.value is not False


def _sets(node: ast.Assign, variables: Collection[str]) -> bool:
    import ast

    match node.targets:
        case [
            ast.Subscript(
                value=ast.Attribute(value=ast.Name(id="os"), attr="environ"),
                slice=ast.Constant(value=str(name)),
            )
        ]:
            return name in variables
    return False


def _merged(parts: Sequence[ast.expr]) -> Iterator[ast.expr]:
    """The parts of an f-string, neighbouring texts as one."""
    import ast

    text = ""
    for part in parts:
        known = Code.constant(part)
        if known is not None:
            text += known
            continue
        if text:
            yield ast.Constant(text)
            text = ""
        yield part
    if text:
        yield ast.Constant(text)


def _value(node: ast.expr, values: Mapping[str, str], name: str) -> str | bytes | None:
    """What an expression is sure to be, as text or bytes."""
    import ast

    match node:
        case ast.Call(
            func=ast.Name(id=called), args=[ast.Constant(value=str(reference))], keywords=[]
        ) if called == name:
            return values.get(reference)
        case ast.Call(
            func=ast.Attribute(value=ast.Constant(value=str(text)), attr="encode"),
            args=[],
            keywords=[],
        ):
            return text.encode("utf-8", "surrogatepass")
        case ast.BinOp(
            left=ast.Constant(value=bytes(one)),
            op=ast.Add(),
            right=ast.Constant(value=bytes(other)),
        ):
            return one + other
    return Code.constant(node)
