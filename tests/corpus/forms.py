"""Syntactic forms: a problem as people write it, put into cells in the ways that people have.

A form takes a snippet with the place of its problem and gives cells, of which the last holds the
problem; or None where the snippet can't be written so. Nothing here knows the rules.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import NamedTuple


class Snippet(NamedTuple):
    """Code with a problem that begins at `offset`."""

    code: str
    offset: int

    @property
    def line(self) -> int:
        """The line of the problem, from 1."""
        return self.code.count("\n", 0, self.offset) + 1


class Written(NamedTuple):
    """Cells to put into a notebook one after the other, and the line of the problem in the last."""

    cells: tuple[str, ...]
    line: int


Form = Callable[[Snippet], "Written | None"]


def plain(snippet: Snippet) -> Written:
    return Written((snippet.code,), snippet.line)


def _magic(snippet: Snippet) -> bool:
    return snippet.code.lstrip().startswith("%%")


def _inside(head: str, tail: str = "") -> Form:
    """The snippet in a block, indented by the head's depth."""
    depth = head.count("\n") + 1
    pad = "    " * depth

    def form(snippet: Snippet) -> Written | None:
        if _magic(snippet) or '"""' in snippet.code or _joins_lines(snippet.code):
            return None
        body = "\n".join(pad + line if line else line for line in snippet.code.split("\n"))
        code = f"{head}\n{body}" + (f"\n{tail}" if tail else "")
        return Written((code,), snippet.line + depth)

    return form


def _joins_lines(code: str) -> bool:
    return "\\\n" in code


def imports_before(snippet: Snippet) -> Written | None:
    """The imports in an earlier cell."""
    lines = snippet.code.split("\n")
    number = 0
    while number < len(lines) and re.match(r"(?:import|from)\s", lines[number]):
        number += 1
    if not number or number == len(lines) or snippet.line <= number:
        return None
    return Written(("\n".join(lines[:number]), "\n".join(lines[number:])), snippet.line - number)


def behind_a_broken_cell(snippet: Snippet) -> Written:
    return Written(("def broken(:\n    return (((", snippet.code), snippet.line)


def behind_a_broken_line(snippet: Snippet) -> Written | None:
    if _magic(snippet):
        return None
    return Written((f"this is no python ?!\nx = 1\n{snippet.code}",), snippet.line + 2)


def timed_cell(snippet: Snippet) -> Written | None:
    return None if _magic(snippet) else Written((f"%%time\n{snippet.code}",), snippet.line + 1)


def captured_cell(snippet: Snippet) -> Written | None:
    if _magic(snippet):
        return None
    return Written((f"%%capture out --no-stderr\n{snippet.code}",), snippet.line + 1)


def after_comments(snippet: Snippet) -> Written | None:
    if _magic(snippet):
        return None
    return Written(
        (f"# Schritt 1 – für später\n\n{snippet.code}\n\nprint('ok')",), snippet.line + 2
    )


def among_others(snippet: Snippet) -> Written | None:
    """Between other statements, with text beyond ASCII before it."""
    if _magic(snippet):
        return None
    return Written((f's = "naïve – 日本語"; t = s\n{snippet.code}\nprint(t)',), snippet.line + 1)


# Forms that rewrite the tree of snippets of simple statements.


def _statements(snippet: Snippet) -> tuple[list[ast.stmt], int] | None:
    """The statements of a snippet and which of them holds the problem, if all are simple."""
    try:
        body = ast.parse(snippet.code).body
    except SyntaxError:
        return None
    compound = (ast.For, ast.If, ast.With, ast.Try, ast.While, ast.FunctionDef, ast.ClassDef)
    if any(isinstance(node, (*compound, ast.AsyncFunctionDef)) for node in body):
        return None
    at = [n for n, s in enumerate(body) if s.lineno <= snippet.line <= (s.end_lineno or 0)]
    return (body, at[-1]) if at else None


def _unparsed(body: list[ast.stmt], at: int, *before: str) -> Written:
    lines = [ast.unparse(ast.fix_missing_locations(node)) for node in body]
    line = sum(text.count("\n") + 1 for text in lines[:at]) + 1
    return Written((*before, "\n".join(lines)), line)


def rewritten(snippet: Snippet) -> Written | None:
    """Every statement on one line, quotes and spaces as the standard library likes them."""
    found = _statements(snippet)
    return _unparsed(*found) if found else None


def _aliases(body: list[ast.stmt]) -> tuple[list[ast.stmt], dict[str, str], list[str]]:
    """The body without its imports, new names for what they bind, and the imports renamed."""
    rest: list[ast.stmt] = []
    names: dict[str, str] = {}
    lines: list[str] = []
    for node in body:
        if isinstance(node, ast.Import) and all(
            alias.asname or "." not in alias.name for alias in node.names
        ):
            for alias in node.names:
                old = alias.asname or alias.name
                names[old] = f"{old[:2]}_x{len(names)}"
                lines.append(f"import {alias.name} as {names[old]}")
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                old = alias.asname or alias.name
                names[old] = f"{old[:2].lower()}_y{len(names)}"
                lines.append(f"from {node.module} import {alias.name} as {names[old]}")
        else:
            rest.append(node)
    return rest, names, lines


class _Rename(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.names.get(node.id, node.id), node.ctx)


def aliased(snippet: Snippet) -> Written | None:
    """What is imported gets another name, in an earlier cell."""
    found = _statements(snippet)
    if found is None:
        return None
    problem = found[0][found[1]]
    rest, names, lines = _aliases(found[0])
    if not names or problem not in rest:
        return None
    at = rest.index(problem)
    renamed = [_Rename(names).visit(node) for node in rest]
    return _unparsed(renamed, at, "\n".join(lines))


def from_import(snippet: Snippet) -> Written | None:
    """`import torch` and `torch.load(p)` become `from torch import load as …` and `…(p)`."""
    found = _statements(snippet)
    if found is None:
        return None
    body, at = found
    modules = {
        alias.asname or alias.name: alias.name
        for node in body
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.asname or "." not in alias.name
    }
    problem = body[at]
    taken: dict[str, str] = {}

    class Direct(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.Call:
            self.generic_visit(node)
            function = node.func
            if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
                module = modules.get(function.value.id)
                if module is not None:
                    local = taken.setdefault(f"{module}.{function.attr}", f"f_{len(taken)}")
                    node.func = ast.Name(local, ast.Load())
            return node

    rest = [node for node in body if not isinstance(node, ast.Import | ast.ImportFrom)]
    if problem not in rest or len(rest) + len(modules) != len(body):
        return None
    number = rest.index(problem)
    changed = [Direct().visit(node) for node in rest]
    if not taken or any(
        isinstance(n, ast.Name) and n.id in modules for node in changed for n in ast.walk(node)
    ):
        return None
    lines = [
        "from {} import {} as {}".format(*full.rsplit(".", 1), local)
        for full, local in taken.items()
    ]
    return _unparsed(changed, number, "\n".join(lines))


def _last_call(node: ast.stmt) -> ast.Call | None:
    value = getattr(node, "value", None)
    return value if isinstance(value, ast.Call) else None


def in_a_dict(snippet: Snippet) -> Written | None:
    """The keywords of the call with the problem as `**{…}`."""
    found = _statements(snippet)
    call = _last_call(found[0][found[1]]) if found else None
    if (
        found is None
        or call is None
        or not call.keywords
        or any(k.arg is None for k in call.keywords)
    ):
        return None
    keys: list[ast.expr | None] = [ast.Constant(k.arg) for k in call.keywords]
    together = ast.Dict(keys, [k.value for k in call.keywords])
    call.keywords = [ast.keyword(arg=None, value=together)]
    return _unparsed(*found)


def _is_simple(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Constant) and isinstance(node.value, str | bool) and node.value != ""
    )


def constants_before(snippet: Snippet) -> Written | None:
    """The literal keywords of the call as names that an earlier cell binds."""
    found = _statements(snippet)
    call = _last_call(found[0][found[1]]) if found else None
    if found is None or call is None:
        return None
    lines = []
    for item in call.keywords:
        if item.arg and _is_simple(item.value):
            name = f"{item.arg.upper()}_{len(lines)}_SET"
            lines.append(f"{name} = {ast.unparse(item.value)}")
            item.value = ast.Name(name, ast.Load())
    return _unparsed(*found, "\n".join(lines)) if lines else None


def f_string(snippet: Snippet) -> Written | None:
    """The first string of the call as an f-string of two constants of an earlier cell."""
    found = _statements(snippet)
    call = _last_call(found[0][found[1]]) if found else None
    if found is None or call is None:
        return None
    for number, node in enumerate(call.args):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) > 3:
            half = len(node.value) // 2
            parts = [node.value[:half], node.value[half:]]
            if "{" in node.value or "\\" in node.value:
                return None
            names = [f"PART_{half}_{n}" for n in range(2)]
            call.args[number] = ast.JoinedStr(
                [ast.FormattedValue(ast.Name(name, ast.Load()), -1) for name in names]
            )
            lines = [f"{name} = {part!r}" for name, part in zip(names, parts, strict=True)]
            return _unparsed(*found, "\n".join(lines))
    return None


def _bound(body: list[ast.stmt], at: int) -> str | None:
    """The name that a statement binds, if later ones use it."""
    node = body[at]
    target = node.targets[0] if isinstance(node, ast.Assign) else None
    if not isinstance(target, ast.Name):
        return None
    later = (inner for other in body[at + 1 :] for inner in ast.walk(other))
    used = any(isinstance(inner, ast.Name) and inner.id == target.id for inner in later)
    return target.id if used else None


def _expression(shape: str) -> Form:
    """The call with the problem as part of a larger expression. A shape with `value` takes the
    name that the call is bound to; others would lose it, where it is used later."""

    def form(snippet: Snippet) -> Written | None:
        found = _statements(snippet)
        if found is None:
            return None
        body, at = found
        call, name = _last_call(body[at]), _bound(*found)
        if call is None or (name and "value =" not in shape):
            return None
        lines = [ast.unparse(node) for node in body]
        before = sum(text.count("\n") + 1 for text in lines[:at])
        lines[at] = shape.replace("value =", f"{name or 'value'} =").format(ast.unparse(call))
        offset = shape.split("{}")[0].count("\n")
        return Written(("\n".join(lines),), before + offset + 1)

    return form


def over_lines(snippet: Snippet) -> Written | None:
    """Each argument of the call with the problem on a line of its own."""
    found = _statements(snippet)
    if found is None:
        return None
    body, at = found
    call = _last_call(body[at])
    if call is None or not (call.args or call.keywords):
        return None
    texts = [ast.unparse(a) for a in call.args]
    texts += [ast.unparse(ast.keyword(k.arg, k.value)) for k in call.keywords]
    inner = ",\n".join(f"    {text}" for text in texts)
    lines = [ast.unparse(node) for node in body]
    before = sum(text.count("\n") + 1 for text in lines[:at])
    lines[at] = f"{_bound(body, at) or 'value'} = {ast.unparse(call.func)}(\n{inner},\n)"
    column = snippet.offset - snippet.code.rfind("\n", 0, snippet.offset) - 1
    places = [(a.lineno, a.col_offset, a.end_lineno, a.end_col_offset) for a in call.args]
    places += [(k.lineno, k.col_offset, k.end_lineno, k.end_col_offset) for k in call.keywords]
    rows = [
        row
        for row, (line, start, last, end) in enumerate(places)
        if (line, start) <= (snippet.line, column) < (last or 0, end or 0)
    ]
    line = before + 1 + (rows[0] + 1 if rows else 0)
    return Written(("\n".join(lines),), line)


PYTHON: dict[str, Form] = {
    "plain": plain,
    "imports in another cell": imports_before,
    "behind a broken cell": behind_a_broken_cell,
    "behind a broken line": behind_a_broken_line,
    "%%time": timed_cell,
    "%%capture": captured_cell,
    "after comments": after_comments,
    "among others": among_others,
    "in a function": _inside("def step():"),
    "in a method": _inside("class Job:\n    def run(self):"),
    "in a coroutine": _inside("async def step():"),
    "in try": _inside("try:", "except ValueError:\n    raise"),
    "in with": _inside("with suppress(KeyError):"),
    "in if": _inside("if True:"),
    "in a loop": _inside("for step in range(2):"),
}
TREES: dict[str, Form] = {
    "rewritten": rewritten,
    "alias in another cell": aliased,
    "from import in another cell": from_import,
    "keywords in **{}": in_a_dict,
    "constants in another cell": constants_before,
    "f-string of constants": f_string,
    "lambda": _expression("late = lambda: {}"),
    "conditional": _expression("value = {} if ready else None"),
    "comprehension": _expression("values = [{} for step in range(2)]"),
    "argument": _expression("report(1, {})"),
    "returned": _expression("def later():\n    return {}"),
    "decorated": _expression("@track({})\ndef tracked():\n    pass"),
    "%time": _expression("%time value = {}"),
    "over lines": over_lines,
}
