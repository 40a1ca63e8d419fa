"""How settings are written: each with its documentation, its reader and its JSON schema.

One table, so that the reading, the errors and the published schema cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple

from jupyter_mlsec.core.config import PROFILES, Config, Names, Profile
from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.model import Severity


class _Kind(NamedTuple):
    """How one kind of setting is written: in words, as a JSON schema, and how it is read.

    `read` returns the value as the field holds it, and raises TypeError or ValueError when it is
    no such thing. `choices` feed the suggestion in the error; `names` says that the strings in
    the value must be names of rules, families or kinds.
    """

    expects: str
    schema: Mapping[str, object]
    read: Callable[[Any], Any]
    choices: Names = ()
    names: bool = False


def _exactly(kind: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError
        return value

    return read


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError
    return value


def _strings(value: Any) -> Names:
    if not isinstance(value, (list, tuple)) or not all(isinstance(v, str) for v in value):
        raise TypeError
    return tuple(value)


def _string_lists(value: Any) -> tuple[tuple[str, Names], ...]:
    if not isinstance(value, Mapping):
        raise TypeError
    return tuple((_exactly(str)(key), _strings(names)) for key, names in value.items())


def _severity(value: Any) -> Severity:
    if isinstance(value, Severity):
        return value
    return {severity.label: severity for severity in Severity}[value]


def _profile(value: Any) -> Profile:
    return {name: name for name in PROFILES}[value]


_SEVERITIES = tuple(severity.label for severity in reversed(Severity))
_LIST = {"type": "array", "items": {"type": "string"}}

_FLAG = _Kind("true or false", {"type": "boolean"}, _exactly(bool))
_COUNT = _Kind("a whole number from 0 up", {"type": "integer", "minimum": 0}, _count)
_TEXT = _Kind("a string", {"type": "string"}, _exactly(str))
_GLOBS = _Kind("a list of strings", _LIST, _strings)
_FUNCTIONS = _Kind("a list of strings", _LIST, _strings)
_RULES = _Kind("a list of strings", _LIST, _strings, names=True)
_RULES_BY_GLOB = _Kind(
    "a table of lists of strings",
    {"type": "object", "additionalProperties": _LIST},
    _string_lists,
    names=True,
)
_LEVEL = _Kind(
    f"one of {', '.join(_SEVERITIES)}",
    {"enum": list(_SEVERITIES)},
    _severity,
    choices=_SEVERITIES,
)
_PROFILE = _Kind(
    f"one of {', '.join(PROFILES)}",
    {"enum": list(PROFILES)},
    _profile,
    choices=tuple(PROFILES),
)


def _strip(value: Any) -> Any:
    from jupyter_mlsec.core.strip.settings import read

    return read(value)


_STRIP = _Kind("a table", {"type": "object"}, _strip)


class Setting(NamedTuple):
    """One setting: how it is written, and what it is for."""

    kind: _Kind
    doc: str


# Field of `Config` to its setting.
SETTINGS: Mapping[str, Setting] = {
    "select": Setting(
        _RULES,
        "Rules to run: ids, families, or rule:kind. Empty means all that are on by default. "
        "A rule named by its id is run and shown in every profile.",
    ),
    "extend_select": Setting(
        _RULES,
        "Rules to run in addition to `select`.",
    ),
    "ignore": Setting(
        _RULES,
        "Rules not to run: ids, families, or rule:kind.",
    ),
    "profile": Setting(
        _PROFILE,
        "What to show. regular: severity medium and up, confidence medium and up; "
        "pedantic: low and info as well; auditor: low confidence as well.",
    ),
    "min_severity": Setting(
        _LEVEL,
        "Show findings from this severity up, whatever the profile.",
    ),
    "fail_on": Setting(
        _LEVEL,
        "Exit with 1 if a finding of this severity or above is shown.",
    ),
    "exclude": Setting(
        _GLOBS,
        "Files and folders to leave out when folders are walked, as in .gitignore, relative "
        "to the folder of the configuration file.",
    ),
    "per_path_ignore": Setting(
        _RULES_BY_GLOB,
        "Rules to ignore in the files that a glob (as in `exclude`) matches.",
    ),
    "baseline": Setting(
        _TEXT,
        "File of known findings, relative to the folder of the configuration file.",
    ),
    "detect_secrets_plugins": Setting(
        _FLAG,
        "Run the plugins of detect-secrets on candidate lines as well.",
    ),
    "data_checks": Setting(
        _FUNCTIONS,
        "Functions of your own that stop the notebook where data is not what it should be, by "
        "full name (`acme.checks.orders`) or by last name (`check_orders`). What is passed to "
        "them, or what they are called on, counts as checked.",
    ),
    "advisories": Setting(
        _TEXT,
        "Advisories about Python packages: OSV's archive or a folder with its records as JSON, "
        "relative to the folder of the configuration file (docs/advisories.md). Without it "
        "known-vulnerable-pin and known-malicious-package do not run.",
    ),
    "jobs": Setting(
        _COUNT,
        "Worker processes. 0 means as many as pay off.",
    ),
    "cache": Setting(
        _FLAG,
        "Remember the results of unchanged files.",
    ),
    "max_size": Setting(
        _COUNT,
        "Files over this many megabytes are refused. 0 means no limit.",
    ),
    "strip": Setting(
        _STRIP,
        "What `mlsec strip` and the git filter remove from notebooks.",
    ),
}


def read(settings: Mapping[str, object], names: Collection[str]) -> dict[str, Any]:
    """Fields of `Config` with the values of these settings, whose keys are in kebab-case.

    `names` are the names of all rules, families and kinds. Raises MlsecError for the first
    unknown key, wrong value or unknown name, with a suggestion where one is near.
    """
    return {_field_of(key): _read(key, value, names) for key, value in settings.items()}


def json_schema() -> dict[str, object]:
    """The JSON schema (draft 2020-12) of the table `[tool.mlsec]`."""
    properties: dict[str, object] = {}
    for name, (kind, doc) in SETTINGS.items():
        key, default = name.replace("_", "-"), Config._field_defaults[name]
        written = default.label if isinstance(default, Severity) else default
        if kind is _RULES_BY_GLOB or kind is _STRIP:
            written = {}
        elif isinstance(written, tuple):
            written = list(written)
        described: dict[str, object] = {"description": doc, **kind.schema}
        if kind is _STRIP:
            from jupyter_mlsec.core.strip.settings import schema

            described |= schema()
        properties[key] = described if written is None else {**described, "default": written}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "jupyter-mlsec",
        "description": "The table [tool.mlsec] of pyproject.toml, or the whole of mlsec.toml.",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }


def _field_of(key: str) -> str:
    known = [name.replace("_", "-") for name in SETTINGS]
    if key not in known:
        raise MlsecError(
            f"unknown setting {_quoted(key)}",
            _near(key, known) or f"the settings are {', '.join(known)}",
        )
    return key.replace("-", "_")


def _read(key: str, value: object, names: Collection[str]) -> Any:
    kind = SETTINGS[_field_of(key)].kind
    try:
        result = kind.read(value)
    except (KeyError, TypeError, ValueError):
        raise MlsecError(
            f"{key} must be {kind.expects}, not {_quoted(value)}",
            _near(value, kind.choices) if isinstance(value, str) else None,
        ) from None
    if kind.names:
        _check_names(key, result, names)
    return result


def _check_names(key: str, value: Any, known: Collection[str]) -> None:
    for item in value:
        for name in (item,) if isinstance(item, str) else item[1]:
            if name not in known:
                raise MlsecError(
                    f"{key}: no rule, family or kind is called {_quoted(name)}",
                    _near(name, known) or "`mlsec rules` lists them",
                )


def _near(word: str, words: Iterable[str]) -> str | None:
    from difflib import get_close_matches

    near = get_close_matches(word, list(words), n=1)
    return f'did you mean "{near[0]}"?' if near else None


def _quoted(value: object) -> str:
    """A value as TOML would write it, roughly, and short."""
    text = repr(value).replace("'", '"')
    text = {"True": "true", "False": "false"}.get(text, text)
    return text if len(text) <= 60 else text[:57] + "…"
