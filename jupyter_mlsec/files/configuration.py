"""Finding and reading the configuration: `mlsec.toml`, or `[tool.mlsec]` in pyproject.toml."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from jupyter_mlsec.core.config import Config
from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.files.source import read, shown


class Settings(NamedTuple):
    """The settings in one file, not checked yet."""

    file: str
    table: Mapping[str, Any]


def load(names: Collection[str], *, start: str | None = None, file: str | None = None) -> Config:
    """The configuration in `file`, or the nearest at or above the folder `start`.

    `names` are the names of all rules, families and kinds. `start` is the working directory if
    not given; without any configuration the default one is returned. Paths in it are relative to
    the folder of its file. Raises MlsecError, naming the file, for what is wrong in it.
    """
    start = os.path.abspath(start or os.getcwd())
    settings = read_settings(os.path.join(start, file)) if file else find(start)
    if settings is None:
        return Config(root=start)
    try:
        config = Config.from_mapping(settings.table, names)
    except MlsecError as error:
        raise MlsecError(f"{_name(settings.file)}: {error.message}", error.hint) from None
    root = os.path.dirname(settings.file)
    baseline = config.baseline and os.path.join(root, config.baseline)
    advisories = config.advisories and os.path.join(root, config.advisories)
    return config._replace(root=root, baseline=baseline, advisories=advisories)


def find(start: str) -> Settings | None:
    """The nearest settings at or above a folder; a pyproject.toml without any is passed over."""
    folder = os.path.abspath(start)
    while True:
        for name in ("mlsec.toml", "pyproject.toml"):
            file = os.path.join(folder, name)
            settings = read_settings(file) if os.path.isfile(file) else None
            if settings is not None:
                return settings
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def read_settings(file: str) -> Settings | None:
    """The settings in one file; None if it is a pyproject.toml without the table.

    Raises MlsecError with the line if it can't be read or is no TOML.
    """
    file = os.path.abspath(file)
    try:
        data = read(file)
    except MlsecError as error:
        raise MlsecError(f"{_name(file)}: {error.message}", error.hint) from None
    in_project = os.path.basename(file) == "pyproject.toml"
    if in_project and not _may_have_table(data):
        return None  # most have none, and importing a TOML parser costs more than reading the file
    table = _parse(file, data)
    if not in_project:
        return Settings(file, table)
    tool = table.get("tool")
    if not isinstance(tool, dict) or "mlsec" not in tool:
        return None
    if not isinstance(tool["mlsec"], dict):
        raise MlsecError(f"{_name(file)}: tool.mlsec must be a table", "write [tool.mlsec]")
    return Settings(file, tool["mlsec"])


def _may_have_table(data: bytes) -> bool:
    """Whether a pyproject.toml may hold the table `tool.mlsec`, however it is written."""
    plain = data.translate(None, b" \t\"'")
    return b"mlsec" in plain and any(x in plain for x in (b"tool.mlsec", b"[tool]", b"tool={"))


def _parse(file: str, data: bytes) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(data.decode("utf-8-sig").replace("\r\n", "\n"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise MlsecError(f"{_name(file)}:{line}: not UTF-8", line=line) from None
    except tomllib.TOMLDecodeError as error:
        reason, line, column = _located(str(error), data)
        raise MlsecError(
            f"{_name(file)}:{line}: {reason[:1].lower()}{reason[1:]}", line=line, column=column
        ) from None
    except RecursionError:
        raise MlsecError(f"{_name(file)}: nested too deeply") from None


def _located(message: str, data: bytes) -> tuple[str, int, int | None]:
    """A TOML error's text taken apart: reason, line, column."""
    place = re.search(r" \(at line (\d+), column (\d+)\)$", message)
    if place:
        return message[: place.start()], int(place[1]), int(place[2])
    return message.removesuffix(" (at end of document)"), data.count(b"\n") + 1, None


def _name(file: str) -> str:
    return shown(file, os.getcwd())
