"""Secrets in CI: with MLSEC_SECRETS=env every reference is an environment variable.

A CI system hands secrets to a job as variables, and has no Vault to ask. So notebooks stay as
they are: `kv/ml/openai#api_key` is read from MLSEC_KV_ML_OPENAI_API_KEY. Nothing else is asked,
nobody is prompted, and a variable that is not set ends commands and scripts with exit code 3.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from typing import Any

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.provider import Fetched
from jupyter_mlsec.credentials.reference import Reference

MODE = "MLSEC_SECRETS"
EXIT_CODE = 3
_PREFIX = "MLSEC_"


class MissingError(MlsecError):
    """A variable that a reference stands for is not set. Ends commands and scripts with
    EXIT_CODE."""


def ends_script(error: BaseException) -> None:
    """Have a script that does not catch a MissingError end with its one line and EXIT_CODE,
    instead of a traceback and 1. Nothing is done about other errors."""
    plain = sys.excepthook
    if not isinstance(error, MissingError) or plain.__module__ == __name__:
        return

    def hook(kind: type[BaseException], raised: BaseException, traceback: Any) -> None:
        if not isinstance(raised, MissingError):
            plain(kind, raised, traceback)
            return
        print(f"mlsec: {raised.full}", file=sys.stderr)
        raise SystemExit(EXIT_CODE)

    sys.excepthook = hook


def active(environment: Mapping[str, str]) -> bool:
    return environment.get(MODE) == "env"


def unattended(environment: Mapping[str, str]) -> bool:
    """Whether nobody is there who could be asked: then, and where CI is set, as CI systems do."""
    return active(environment) or bool(environment.get("CI"))


def variable(ref: Reference) -> str:
    """The name of the variable that a reference stands for; its version is left out."""
    parts = [ref.path] if ref.key is None else [ref.path, ref.key]
    if ref.provider == "env":
        return ref.path
    return _PREFIX + re.sub(r"\W+", "_", "_".join(parts)).strip("_").upper()


class CiProvider:
    """Environment variables in the place of the provider of this name."""

    def __init__(self, name: str, environment: Mapping[str, str] | None = None) -> None:
        self.name = name
        self._environment = os.environ if environment is None else environment

    def get(self, ref: Reference) -> Fetched:
        """The variable's value; that of a reference without key is a JSON object of all keys, or
        the value itself. MissingError where it is not set."""
        name = variable(ref)
        if name not in self._environment:
            raise MissingError(f"{ref.label} is missing", f"set {name} for this job")
        text = self._environment[name]
        if ref.key is not None:
            return Fetched({ref.key: text})
        try:
            found = json.loads(text) if ref.is_mapping else None
        except ValueError:
            found = None
        if isinstance(found, dict):
            return Fetched({str(key): str(value) for key, value in found.items()})
        return Fetched({ref.path.rpartition("/")[2]: text})

    def put(self, ref: Reference, value: str, cas: int | None = None) -> int:
        raise MlsecError(f"nothing is written while {MODE}=env", f"set {variable(ref)} instead")

    def list(self, prefix: str = "") -> list[str]:
        """Nothing: which references there are can't be told from the variables."""
        return []
