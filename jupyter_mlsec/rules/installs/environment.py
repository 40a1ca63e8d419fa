"""The rule about the environment into which a notebook installs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.model import Edit, Fix, Hit, Severity, Span
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import Bad, Good
from jupyter_mlsec.core.shellwords import Command
from jupyter_mlsec.rules.installs.family import INSTALL_COMMAND, installs, rule

if TYPE_CHECKING:
    from jupyter_mlsec.core.view import View

MESSAGE = "!pip may install into another environment than the kernel's; use %pip"

_PLAIN = lazy(r"[ \t]*!(?P<program>[ \t]*(?:python3?[ \t]+-m[ \t]+)?pip3?)[ \t]+install\b")
_NOT_PLAIN = lazy(r"[|&;<>${}`]")


@rule(
    "bang-pip-wrong-environment",
    "!pip may install into another environment than the kernel's",
    severity=Severity.INFO,
    hints=INSTALL_COMMAND,
    parts=("source",),
    languages=("python",),
    references=("CWE-1188",),
    aggregate=MESSAGE,
    examples=(
        Bad("!pip install torch==2.4.1", at="!pip", fixed="%pip install torch==2.4.1"),
        Bad("!python -m pip install -q torch==2.4.1", at="!python -m pip"),
        Good("%pip install torch==2.4.1", because="%pip is the kernel's own pip"),
        Good(
            "import sys\n!{sys.executable} -m pip install torch==2.4.1",
            because="the interpreter is the kernel's",
        ),
        Good("%%bash\npip install torch==2.4.1", because="a shell cell is a choice of its own"),
        Bad("x = 1\n!pip3 install torch==2.4.1", at="!pip3"),
        Bad("!pip install torch==2.4.1 && echo done", at="!pip"),
        Good("!pip list", because="nothing is installed"),
    ),
)
def bang_pip_wrong_environment(view: View) -> Iterator[Hit]:
    """`!pip` is the first pip on the shell's path, and the kernel may run in another environment:
    then the import fails, or finds another version than the one just installed. `%pip` is the
    pip of the running kernel.
    """
    for found in installs(view):
        command = found.command
        if command is None or command.origin != "bang" or found.tool != "pip":
            continue
        start = view.source.rfind("!", 0, command.span.start + 1)
        program = command.argv[0].text
        own = re.search("executable", view.source[start : command.span.end])
        if start < 0 or own or "/" in program:
            continue
        end = command.argv[0].span.end
        module = next((w for w in command.argv if w.text == "pip"), None)
        if module and program.startswith("python"):
            end = module.span.end
        span = Span(start, end)
        yield Hit(span, MESSAGE, _percent(view, command, span))


def _percent(view: View, command: Command, span: Span) -> Fix | None:
    """The fix, where the line is this one plain command and means the same to %pip."""
    source = view.source
    line = source.rfind("\n", 0, span.start) + 1
    stop = source.find("\n", command.span.end)
    rest = source[span.end : stop if stop >= 0 else len(source)]
    if not _PLAIN.match(source, line) or source.startswith("!!", span.start):
        return None
    if _NOT_PLAIN.search(re.sub(r"\"[^\"\n${}`]*\"|'[^'\n${}]*'", "", rest)):
        return None
    return Fix((Edit(span, "%pip", view.text.cell),), True, "use %pip")
