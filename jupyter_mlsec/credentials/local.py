"""Stores on this machine: environment variables, `.env` files, the OS keyring."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials import keyrings
from jupyter_mlsec.credentials.edge import guarded
from jupyter_mlsec.credentials.provider import Fetched
from jupyter_mlsec.credentials.reference import Reference
from jupyter_mlsec.credentials.single import exists, missing, one, read_only


class EnvProvider:
    """`env://NAME`: a variable of this process."""

    name = "env"

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment

    @guarded
    def get(self, ref: Reference) -> Fetched:
        if ref.path not in self._environment:
            raise MlsecError(
                f"the environment variable {ref.path} is not set",
                "set it where Jupyter is started, and restart the kernel",
            )
        return one(ref, self._environment[ref.path])

    @guarded
    def put(self, ref: Reference, value: str, cas: int | None = None) -> int:
        raise read_only("an environment variable", "set it where Jupyter is started")

    @guarded
    def list(self, prefix: str = "") -> list[str]:
        return [f"env://{name}" for name in sorted(self._environment) if name.startswith(prefix)]


# One line of a .env file: `export` may stand before it, quotes around the value, a comment after
# it. As python-dotenv and docker compose read it, without the expansion of `${...}`.
_LINE = re.compile(
    r"""[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_]\w*)[ \t]*=[ \t]*
    (?: '(?P<single>(?:[^'\\]|\\.)*)' | "(?P<double>(?:[^"\\]|\\.)*)" | (?P<bare>[^\n#'"]*?) )
    [ \t]*(?:[ \t]\#[^\n]*)?$""",
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}


class DotenvProvider:
    """`dotenv://.env#NAME`: a line of a file, whose path is relative to the working directory."""

    name = "dotenv"

    @guarded
    def get(self, ref: Reference) -> Fetched:
        values = _values(_read(ref.path))
        if ref.key is None:
            return Fetched(values)
        if ref.key not in values:
            raise missing(ref.path, f"has no {ref.key}", ref.key, values)
        return Fetched({ref.key: values[ref.key]})

    @guarded
    def put(self, ref: Reference, value: str, cas: int | None = None) -> int:
        """Write or replace a line; a new file is for its owner alone."""
        name = ref.key or ""
        text = _read(ref.path) if os.path.exists(ref.path) else ""
        found = [match for match in _LINE.finditer(text) if match["name"] == name]
        if cas == 0 and found:
            raise exists(f"{name} in {ref.path}")
        line = f"{name}={_quoted(value)}"
        if found:
            text = text[: found[-1].start()] + line + text[found[-1].end() :]
        else:
            text += ("\n" if text and not text.endswith("\n") else "") + line + "\n"
        try:
            with open(os.open(ref.path, os.O_WRONLY | os.O_CREAT, 0o600), "r+b") as file:
                file.write(text.encode())
                file.truncate()
        except OSError as error:
            raise MlsecError(f"{ref.path} can't be written: {error.strerror}") from None
        return 1

    @guarded
    def list(self, prefix: str = "") -> list[str]:
        path, hash_, start = prefix.partition("#")
        if not hash_ or not os.path.exists(path):
            return []
        names = sorted(_values(_read(path)))
        return [f"dotenv://{path}#{name}" for name in names if name.startswith(start)]


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8-sig") as file:
            return file.read()
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise MlsecError(
            f"{path} can't be read: {why}", f"paths are relative to {os.getcwd()}"
        ) from None


def _values(text: str) -> dict[str, str]:
    """The variables of a .env file; of two with one name the last one counts."""
    values = {}
    for match in _LINE.finditer(text):
        if match["double"] is not None:
            value = _ESCAPE.sub(lambda one: _ESCAPED.get(one[1], one[1]), match["double"])
        elif match["single"] is not None:
            value = re.sub(r"\\(['\\])", r"\1", match["single"])
        else:
            value = match["bare"]
        values[match["name"]] = value
    return values


def _quoted(value: str) -> str:
    if re.fullmatch(r"[\w./+=:@%-]+", value):
        return value
    for raw, escape in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        value = value.replace(raw, escape)
    return f'"{value}"'


class KeyringProvider:
    """`keyring://service/name`: a password in the OS keyring. Backends that keep plain text are
    refused."""

    name = "keyring"

    @guarded
    def get(self, ref: Reference) -> Fetched:
        service, _, user = ref.path.rpartition("/")
        value = self._asked("get_password", service, user)
        if value is None:
            raise MlsecError(
                f"the keyring has nothing for {user} at {service}",
                f"`mlsec secret set keyring://{ref.path}` writes it",
            )
        return one(ref, value)

    @guarded
    def put(self, ref: Reference, value: str, cas: int | None = None) -> int:
        service, _, user = ref.path.rpartition("/")
        if cas == 0 and self._asked("get_password", service, user) is not None:
            raise exists(f"{user} at {service} in the keyring")
        self._asked("set_password", service, user, value)
        return 1

    @guarded
    def list(self, prefix: str = "") -> list[str]:
        """Nothing: keyrings don't tell what they have."""
        return []

    def _asked(self, call: str, *arguments: str) -> str | None:
        backend = keyrings.needed()
        from keyring.errors import KeyringError

        try:
            answer: str | None = getattr(backend, call)(*arguments)
        except KeyringError:
            raise MlsecError(
                "the keyring did not answer", "is it unlocked? (its own window asks for that)"
            ) from None
        return answer
