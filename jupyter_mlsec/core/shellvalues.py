"""The Python expressions that IPython and calls fill into a command line."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from jupyter_mlsec.core.calling import calls, flag, keyword
from jupyter_mlsec.core.model import Span
from jupyter_mlsec.core.patterns import lazy

if TYPE_CHECKING:
    from jupyter_mlsec.core.python import Call
    from jupyter_mlsec.core.view import View

_FILLED = lazy(r"\{([^{}\n]+)\}|\$\{?([A-Za-z_]\w*)\}?")
_SHELLS = (
    *("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"),
    *("asyncio.create_subprocess_shell", "commands.getoutput", "get_ipython().system"),
    *("get_ipython().getoutput", "get_ipython().system_raw", ".exec_command"),
)
_RUNNERS = tuple(
    f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen")
)
_WORDS = ("system", "popen", "getoutput", "getstatusoutput", "_shell", "exec_command", "subprocess")
_MODULES = ("os", "subprocess", "asyncio", "commands")
_INTERPRETERS = frozenset(("sh", "bash", "zsh", "/bin/sh", "/bin/bash", "cmd", "powershell"))


class Filled(NamedTuple):
    """An expression that becomes part of what a shell reads, and where its command stands."""

    node: ast.expr
    span: Span


def filled(view: View) -> tuple[Filled, ...]:
    """What a text puts into the command lines of a shell: by `!cmd {x}`, `os.system(f"cmd {x}")`,
    `subprocess.run(…, shell=True)` and the like."""
    return view.once(_filled)


def _filled(view: View) -> tuple[Filled, ...]:
    found = [Filled(call.args[0], call.span) for call in shell_calls(view)]
    for command in view.commands:
        if command.origin in ("bang", "percent") and any(word.dynamic for word in command.words):
            line = view.source[command.span.start : command.span.end]
            for match in _FILLED.finditer(line):
                node = _expression(match[1] or match[2])
                if node is not None:
                    found.append(Filled(node, command.span))
    return tuple(found)


def _expression(text: str) -> ast.expr | None:
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def shell_calls(view: View) -> Iterator[Call]:
    """The calls that let a shell read their first argument."""
    if not _may_call(view):
        return
    for call in calls(view, *_SHELLS):
        if call.args:
            yield call
    for call in calls(view, *_RUNNERS):
        if call.args and (flag(view, keyword(view, call, "shell")) or _is_script(call.args[0])):
            yield call


def _may_call(view: View) -> bool:
    """Whether a text has a word for such a call, so that it is worth a syntax tree."""
    if any(word in view.source for word in _WORDS):
        return True
    names = view.context.imports.items()
    return any(local in view.source and full.startswith(_MODULES) for local, full in names)


def _is_script(node: ast.expr) -> bool:
    """`["bash", "-c", x]`"""
    match node:
        case ast.List(elts=[ast.Constant(value=str(first)), ast.Constant(value=option), *_]):
            return first in _INTERPRETERS and option in ("-c", "-lc", "/c", "-Command")
    return False
