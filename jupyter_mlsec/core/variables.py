"""Environment variables that a text sets, wherever it does: `os.environ["X"] = "1"`,
`os.putenv("X", "1")`, `%env X=1`, `!X=1 cmd`, `export X=1`, `ENV X=1`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from jupyter_mlsec.core.calling import calls, string
from jupyter_mlsec.core.model import Span
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.shell import instructions, written_file

if TYPE_CHECKING:
    import ast

    from jupyter_mlsec.core.view import View

_MAGIC = lazy(r"^[ \t]*(%(?:set_)?env[ \t]+(\w+)(?:[ \t]*=[ \t]*|[ \t]+)([^\n]*?))[ \t]*$", 8)
_ASSIGNMENT = lazy(r"(\w+)=(.*)", 16)
_INSTRUCTION = lazy(r"(\w+)(?:=|[ \t]+)[\"']?([^\s\"']*)")
_SETTERS = ("os.environ.setdefault", "os.putenv")


class Variable(NamedTuple):
    """An environment variable, the constant text that it is set to, and where that is done."""

    name: str
    value: str
    span: Span


def variables(view: View) -> tuple[Variable, ...]:
    """The environment variables that a text sets to something known."""
    return view.once(_variables)


def _variables(view: View) -> tuple[Variable, ...]:
    text = written_file(view.text) or view.text
    found = []
    if text.language == "dockerfile":
        for name, span, _ in instructions(text.text):
            match = _INSTRUCTION.match(text.text, *span) if name == "ENV" else None
            if match:
                found.append(Variable(match[1], match[2], Span(*match.span())))
    for magic in _MAGIC.finditer(view.source):
        found.append(Variable(magic[2], magic[3].strip("\"'"), Span(*magic.span(1))))
    for command in view.commands:
        for word in command.words:
            assigned = _ASSIGNMENT.fullmatch(word.text)
            if assigned and not word.dynamic:
                found.append(Variable(assigned[1], assigned[2], word.span))
            elif word.text not in ("export", "env", "sudo", "set", "declare", "-x"):
                break
    if view.text.language == "python" and ("environ" in view.source or "putenv" in view.source):
        found += _in_code(view)
    return tuple(found)


def _in_code(view: View) -> Iterator[Variable]:
    import ast

    for node in view.code.nodes:
        match node:
            case ast.Assign(
                targets=[ast.Subscript(value=ast.Attribute(attr="environ"), slice=key)], value=value
            ):
                yield from _set(view, key, value, view.code.span(node))
    for call in calls(view, *_SETTERS):
        if len(call.args) == 2:
            yield from _set(view, call.args[0], call.args[1], call.span)
    for call in calls(view, "os.environ.update"):
        for argument in call.args:
            if isinstance(argument, ast.Dict):
                for name, value in zip(argument.keys, argument.values, strict=True):
                    if name is not None:
                        yield from _set(view, name, value, call.span)
        for item in call.node.keywords:
            text = string(view, item.value)
            if item.arg and text is not None:
                yield Variable(item.arg, text, view.code.span(item))


def _set(view: View, key: ast.expr, value: ast.expr, span: Span) -> Iterator[Variable]:
    name, text = string(view, key), string(view, value)
    if name is not None and text is not None:
        yield Variable(name, text, span)
