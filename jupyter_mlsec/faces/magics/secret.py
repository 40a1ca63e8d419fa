"""`%mlsec_secret`: its line, and what it does with references. Subcommands are in `commands`."""

from __future__ import annotations

import re
from typing import Any

from jupyter_mlsec.core.errors import MlsecError

_BINDING = re.compile(r"[\s,]*([^\W\d]\w*)\s*=\s*([^\s,]+)")
_COMMAND = re.compile(r"(status|ls|login|revoke|rotate|audit|why|help)(?:\s+|\Z)(.*)", re.DOTALL)


def mlsec_secret(line: str, cell: str | None = None) -> Any:
    """Secrets, without their values in the notebook.

    Bind one, or several; nothing is printed, and outputs are masked from now on::

        %mlsec_secret key = kv/ml/openai#api_key
        %mlsec_secret user = kv/db#user  password = kv/db#password@3
        %mlsec_secret login = database/creds/ro      (a mapping: all keys there)
        key = %mlsec_secret kv/ml/openai#api_key     (the same as the first)

    For the environment of one cell and of what it starts::

        %%mlsec_secret OPENAI_API_KEY=kv/ml/openai#api_key PGPASSWORD=kv/db#password
        !python train.py

    Write one; you are asked for the value, which no cell shows::

        %mlsec_secret --set kv/ml/openai#api_key

    And::

        %mlsec_secret status          who is logged in where, what is bound
        %mlsec_secret ls kv/ml/       what there is, without values
        %mlsec_secret login           log in to Vault (login METHOD: oidc, userpass, ldap, ...)
        %mlsec_secret why NAME        what a name stands for, and since when
        %mlsec_secret revoke NAME     forget it, and end its lease
        %mlsec_secret rotate NAME     write a new value, and bind it
        %mlsec_secret audit           what was done with secrets here

    A reference is `mount/path#key` in Vault, `@3` at its end is a version, and without `#key` it
    is a mapping. Others: env://NAME, dotenv://.env#NAME, keyring://service/name, aws-sm://name#key,
    aws-ssm://name, databricks://scope/key, colab://NAME, kaggle://NAME, k8s://namespace/name#key.
    With `--opaque` the value is no string, and only `.reveal()` gives it.

    In Python: from jupyter_mlsec import secret, secrets
    """
    from IPython.core.error import UsageError
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    try:
        if cell is not None:
            return _run_cell(shell, line, cell)
        return _run_line(shell, line.strip())
    except MlsecError as error:
        raise UsageError(error.full) from None


# References may have braces and dollars in them: IPython must not take them for variables.
mlsec_secret._ipython_magic_no_var_expand = True  # type: ignore[attr-defined]


def _run_line(shell: Any, line: str) -> Any:
    from jupyter_mlsec.faces.magics import commands

    opaque = line.startswith("--opaque ")
    if opaque:
        line = line.removeprefix("--opaque ").strip()
    command = _COMMAND.match(line)
    if line.startswith("--set"):
        return commands.set_value(shell, line.removeprefix("--set").strip())
    if command and not _BINDING.match(line):
        return commands.run(shell, command[1], command[2].split())
    if not line:
        return commands.run(shell, "help", [])
    if "=" not in line.partition("#")[0]:
        return _single(line, opaque)
    _bind(shell, _bindings(line), opaque)
    return None


def _single(line: str, opaque: bool) -> Any:
    from jupyter_mlsec.credentials.api import secret

    return secret(line, opaque=opaque)


def _bind(shell: Any, bindings: dict[str, str], opaque: bool) -> None:
    """All of them or none: what is asked for first is bound when the last is there."""
    from jupyter_mlsec.credentials.reference import parse
    from jupyter_mlsec.credentials.store import store

    references = {name: parse(text) for name, text in bindings.items()}
    values = {name: store().bind(name, ref, opaque=opaque) for name, ref in references.items()}
    shell.push(values, interactive=False)


def _bindings(line: str) -> dict[str, str]:
    """The names and references of `a = ref b = ref`."""
    found: dict[str, str] = {}
    at = 0
    while match := _BINDING.match(line, at):
        if match[1] in found:
            raise MlsecError(f"{match[1]} is bound twice")
        found[match[1]] = match[2]
        at = match.end()
    if line[at:].strip(" ,"):
        raise MlsecError(
            "this is not NAME = REFERENCE", "write `%mlsec_secret key = kv/ml/openai#api_key`"
        )
    return found


def _run_cell(shell: Any, line: str, cell: str) -> None:
    """Run a cell with secrets in its environment. Its error is the error of this cell."""
    from jupyter_mlsec.credentials.api import env

    bindings = _bindings(line)
    if not bindings:
        raise MlsecError(
            "there is no variable to set", "write `%%mlsec_secret API_KEY=kv/ml/openai#api_key`"
        )
    error = None
    with env(**bindings):
        error = _executed(shell, cell)
    if error is not None:
        raise error


def _executed(shell: Any, cell: str) -> BaseException | None:
    """Run code as a cell is run, and give its error instead of showing it."""
    shown: list[Any] = []
    muted = {
        name: lambda *given, **named: shown.append(given)
        for name in ("showtraceback", "showsyntaxerror")
    }
    vars(shell).update(muted)
    try:
        result = shell.run_cell(cell, store_history=False)
    finally:
        for name in muted:
            vars(shell).pop(name, None)
    error: BaseException | None = result.error_before_exec or result.error_in_exec
    if error is not None and not isinstance(error, SyntaxError):
        _show_user_frames(shell, error)
    return error


def _show_user_frames(shell: Any, error: BaseException) -> None:
    """Have the traceback begin with the cell's own code, not with IPython's and this one's."""
    trace = error.__traceback__
    while trace and trace.tb_next and trace.tb_frame.f_globals is not shell.user_ns:
        trace = trace.tb_next
    lines = shell.InteractiveTB.structured_traceback(type(error), error, trace, tb_offset=0)
    error._render_traceback_ = lambda: lines  # type: ignore[attr-defined]
