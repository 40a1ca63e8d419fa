"""The table `[tool.mlsec.strip]`: the options of stripping, and others by path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.strip.options import MODES, OPTIONAL, PER_PATH, TABLE, Options

# Keys and values as they are written, lists as tuples; `per-path` is a tuple of (glob, pairs).
Pairs = tuple[tuple[str, Any], ...]

_SCHEMAS: dict[str, dict[str, object]] = {
    "flag": {"type": "boolean"},
    "mode": {"enum": list(MODES)},
    "names": {"type": "array", "items": {"type": "string"}},
    "size": {"type": ["integer", "string"]},
}


def read(table: object) -> Pairs:
    """The table, checked. Raises TypeError if it is none, and MlsecError for what is in it."""
    if not isinstance(table, Mapping):
        raise TypeError
    by_path = table.get(PER_PATH, {})
    options = {key: value for key, value in table.items() if key != PER_PATH}
    Options.from_mapping(options)
    if not isinstance(by_path, Mapping):
        raise MlsecError(
            f"strip.{PER_PATH} must be a table", f'write [tool.mlsec.strip.{PER_PATH}."notes/**"]'
        )
    found = tuple((glob, _settings(glob, settings)) for glob, settings in by_path.items())
    return (*_frozen(options), *(((PER_PATH, found),) if found else ()))


def _settings(glob: str, settings: object) -> Pairs:
    """What holds for the paths of one glob: a table of options, or just a mode."""
    if isinstance(settings, str):
        settings = {"mode": settings}
    if not isinstance(settings, Mapping):
        raise MlsecError(f"strip.{PER_PATH}: {glob!r} must be a table, or a mode")
    Options.from_mapping(settings)
    return _frozen(settings)


def _frozen(options: Mapping[str, Any]) -> Pairs:
    return tuple(
        (key, tuple(value) if isinstance(value, list) else value) for key, value in options.items()
    )


def schema() -> dict[str, object]:
    """The JSON schema of the table."""
    properties: dict[str, object] = {}
    for name, (kind, default, doc) in TABLE.items():
        described = {"description": doc, **_SCHEMAS[kind]}
        if name == "also":
            described["items"] = {"enum": list(OPTIONAL)}
        written = list(default) if isinstance(default, tuple) else default
        properties[name.replace("_", "-")] = {**described, "default": written}
    inner: dict[str, object] = {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }
    by_path = {
        "description": "Options, or just a mode, for the paths that a glob (as in `exclude`) "
        "matches. Of several that match, the last says what holds.",
        "type": "object",
        "additionalProperties": {"anyOf": [inner, {"enum": list(MODES)}]},
        "default": {},
    }
    return {**inner, "properties": {**properties, PER_PATH: by_path}}
