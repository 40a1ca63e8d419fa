"""From bindings to hits, with their fixes: what the rules about bound names share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.model import Edit, Fix, Hit, Span
from jupyter_mlsec.core.python import first_statement
from jupyter_mlsec.rules.secrets import names
from jupyter_mlsec.rules.secrets.binding import Binding, Form
from jupyter_mlsec.rules.secrets.bindings import bindings
from jupyter_mlsec.rules.secrets.judge import SCHEME, Credential, judge

if TYPE_CHECKING:
    from jupyter_mlsec.core.view import View

_GENERAL = frozenset(("key", "api_key", "apikey", "token", "api_token", "auth_token"))
_NO_VENDOR = frozenset(("self", "cls", "client", "requests", "session", "os", "builtins", "app"))


def credentials(view: View, forms: tuple[Form, ...]) -> Iterator[tuple[Binding, Credential]]:
    """The bindings in one of these forms whose values are credentials."""
    for binding in bindings(view):
        if binding.form in forms and (credential := judge(binding)):
            yield binding, credential


def hit(binding: Binding, credential: Credential, message: str, fix: Fix | None = None) -> Hit:
    """The hit for a credential: at its value, without `Bearer` or the like."""
    span, value = binding.span, binding.value
    scheme = SCHEME.match(value)
    if scheme and span.end - span.start == len(value):
        span = Span(span.start + scheme.end(), span.end)
    if scheme:
        value = value[scheme.end() :]
    return Hit(span, message, fix, kind=credential.kind, secret=value)


def read_at_run_time(view: View, binding: Binding) -> Fix | None:
    """Replace the value by a look-up in the environment, and import what that takes."""
    if binding.node is None or SCHEME.match(binding.value):
        return None
    variable = _variable(view, binding)
    code = view.code
    edits = [Edit(code.span(binding.node), f'os.environ["{variable}"]', view.text.cell)]
    if view.context.imports.get("os") != "os":
        edits.append(_import(view, "import os\n"))
    return Fix(tuple(edits), safe=False, title=f"read it from the environment as {variable}")


def ask_at_run_time(view: View, binding: Binding) -> Fix | None:
    """Replace the value by a prompt, which leaves no trace in the notebook."""
    if binding.node is None:
        return None
    code = view.code
    edits = [Edit(code.span(binding.node), f'getpass("{binding.name}: ")', view.text.cell)]
    if view.context.imports.get("getpass") != "getpass.getpass":
        edits.append(_import(view, "from getpass import getpass\n"))
    return Fix(tuple(edits), safe=False, title=f"ask for {binding.name} when the cell runs")


def _variable(view: View, binding: Binding) -> str:
    """`OpenAI(api_key=…)` is asked for as OPENAI_API_KEY, everything else by its own name."""
    name = binding.name
    if binding.form == "argument" and name.lower() in _GENERAL:
        root = binding.callee.partition(".")[0]
        vendor = view.context.imports.get(root, root).partition(".")[0].lower()
        if vendor.isidentifier() and vendor not in _NO_VENDOR:
            name = f"{vendor}_{'api_key' if name == 'key' else name}"
    return names.variable(name)


def _import(view: View, statement: str) -> Edit:
    """The edit that puts an import where the cell's first statement begins, behind magics,
    comments, docstring and `from __future__`."""
    offset = first_statement(view.code)
    return Edit(Span(offset, offset), statement, view.text.cell)
