"""`%mlsec_secret`: its line, and what it does with references. Subcommands are in `commands`."""

from __future__ import annotations

import re
from typing import Any, NoReturn

from jupyter_mlsec.core.errors import MlsecError

_CELL = "write `%%mlsec_secret API_KEY=kv/ml/openai#api_key`, as the first line of the cell"
_BINDING = re.compile(r"[\s,]*([^\W\d]\w*)\s*=\s*([^\s,]+)")


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
            _none()
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
    if line.startswith("--cell"):
        _Environment(shell, _bindings(line.removeprefix("--cell").strip()) or _none())
        return None
    if line.startswith("--set"):
        return commands.set_value(shell, line.removeprefix("--set").strip())
    command, *words = line.split() or ["help"]
    if command in commands.COMMANDS and not _BINDING.match(line):
        return commands.run(shell, command, words)
    if "=" not in line.partition("#")[0]:
        return _single(line, opaque)
    _bind(shell, _bindings(line), opaque)
    return None


def _none() -> NoReturn:
    raise MlsecError("there is no variable to set", _CELL)


def _single(line: str, opaque: bool) -> Any:
    from jupyter_mlsec.credentials.api import secret

    return secret(line, opaque=opaque)


def _bind(shell: Any, bindings: dict[str, str], opaque: bool) -> None:
    """Bind all of them or none."""
    from jupyter_mlsec.credentials.reference import parse
    from jupyter_mlsec.credentials.store import store

    references = {name: parse(text) for name, text in bindings.items()}
    shell.push(store().bind(references, opaque=opaque), interactive=False)


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


def run_with_secrets(lines: list[str]) -> list[str]:
    """An input transformer: `%%mlsec_secret A=ref` becomes a line that sets the environment.

    What follows stays a cell like any other: it awaits, shows its last value, and has its own
    line numbers in tracebacks.
    """
    if not lines or not lines[0].startswith("%%mlsec_secret ") or lines[0].rstrip().endswith("?"):
        return lines
    given = lines[0].removeprefix("%%mlsec_secret ").strip()
    call = f"get_ipython().run_line_magic('mlsec_secret', {'--cell ' + given!r})\n"
    return [call, *lines[1:]]


class _Environment:
    """Variables that are set until the cell that runs now has ended, however it ends."""

    def __init__(self, shell: Any, references: dict[str, str]) -> None:
        from jupyter_mlsec.credentials.api import env

        self._events = shell.events
        self._nested = 0  # cells that this cell runs by itself
        self._block = env(**references)
        self._block.__enter__()
        self._events.register("pre_execute", self._begin)
        self._events.register("post_execute", self._end)

    def _begin(self) -> None:
        self._nested += 1

    def _end(self) -> None:
        self._nested -= 1
        if self._nested < 0:
            self._events.unregister("pre_execute", self._begin)
            self._events.unregister("post_execute", self._end)
            self._block.__exit__(None, None, None)
