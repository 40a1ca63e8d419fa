"""What a user may set, checked.

A `Config` is made from a mapping: the keys of `[tool.mlsec]`, or of the command line's options.
Each field carries its own documentation, reader and JSON schema, so that the reading, the errors
and the published schema cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.model import Confidence, Severity

if TYPE_CHECKING:
    from jupyter_mlsec.core.model import Finding
    from jupyter_mlsec.core.rule import Rule

Profile = Literal["regular", "pedantic", "auditor"]
Names = tuple[str, ...]

PROFILES: Mapping[Profile, tuple[Severity, Confidence]] = {
    "regular": (Severity.MEDIUM, Confidence.MEDIUM),
    "pedantic": (Severity.INFO, Confidence.MEDIUM),
    "auditor": (Severity.INFO, Confidence.LOW),
}

# A later source (the command line) adds to these and replaces all others.
_ADDED = frozenset({"extend_select", "ignore", "exclude", "per_path_ignore"})


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


def _setting(kind: _Kind, doc: str) -> dict[str, object]:
    return {"kind": kind, "doc": doc}


@dataclass(frozen=True, slots=True)
class Config:
    """All settings of a run. Immutable, hashable and picklable.

    `root` is the folder that globs are relative to; it is no setting, and empty means the
    working directory. Names of rules are ids (`unpinned-install`), families (`installs`), or a
    rule with one kind of credential (`provider-token:openai-api-key`).
    """

    select: Names = field(
        default=(),
        metadata=_setting(
            _RULES,
            "Rules to run: ids, families, or rule:kind. Empty means all that are on by default. "
            "A rule named by its id is run and shown in every profile.",
        ),
    )
    extend_select: Names = field(
        default=(), metadata=_setting(_RULES, "Rules to run in addition to `select`.")
    )
    ignore: Names = field(
        default=(), metadata=_setting(_RULES, "Rules not to run: ids, families, or rule:kind.")
    )
    profile: Profile = field(
        default="regular",
        metadata=_setting(
            _PROFILE,
            "What to show. regular: severity medium and up, confidence medium and up; "
            "pedantic: low and info as well; auditor: low confidence as well.",
        ),
    )
    min_severity: Severity | None = field(
        default=None,
        metadata=_setting(_LEVEL, "Show findings from this severity up, whatever the profile."),
    )
    fail_on: Severity = field(
        default=Severity.MEDIUM,
        metadata=_setting(_LEVEL, "Exit with 1 if a finding of this severity or above is shown."),
    )
    exclude: Names = field(
        default=(),
        metadata=_setting(
            _GLOBS,
            "Files and folders to leave out when folders are walked, as in .gitignore, relative "
            "to the folder of the configuration file.",
        ),
    )
    per_path_ignore: tuple[tuple[str, Names], ...] = field(
        default=(),
        metadata=_setting(
            _RULES_BY_GLOB, "Rules to ignore in the files that a glob (as in `exclude`) matches."
        ),
    )
    baseline: str | None = field(
        default=None,
        metadata=_setting(
            _TEXT, "File of known findings, relative to the folder of the configuration file."
        ),
    )
    detect_secrets_plugins: bool = field(
        default=False,
        metadata=_setting(_FLAG, "Run the plugins of detect-secrets on candidate lines as well."),
    )
    jobs: int = field(
        default=0,
        metadata=_setting(_COUNT, "Worker processes. 0 means as many as pay off."),
    )
    cache: bool = field(
        default=True, metadata=_setting(_FLAG, "Remember the results of unchanged files.")
    )
    max_size: int = field(
        default=512,
        metadata=_setting(_COUNT, "Files over this many megabytes are refused. 0 means no limit."),
    )
    root: str = ""

    @classmethod
    def from_mapping(cls, settings: Mapping[str, object], names: Collection[str]) -> Config:
        """The configuration with these settings, keys in kebab-case.

        `names` are the names of all rules, families and kinds. Raises MlsecError for the first
        unknown key, wrong value or unknown name, with a suggestion where one is near.
        """
        return cls().merge(settings, names)

    def merge(self, settings: Mapping[str, object], names: Collection[str]) -> Config:
        """This configuration with later settings over it, as the command line's over a file's.

        Lists of what to ignore or exclude and `extend-select` are added to, all else is
        replaced; a rule that is selected now is no longer ignored; None means not given.
        Raises MlsecError as `from_mapping` does.
        """
        changes: dict[str, Any] = {}
        for key, value in settings.items():
            if value is not None:
                name = _field_of(key)
                changes[name] = _read(key, value, names)
        selected = changes.get("select", ()) + changes.get("extend_select", ())
        kept = replace(self, ignore=tuple(n for n in self.ignore if n not in selected))
        for name in _ADDED & changes.keys():
            changes[name] = getattr(kept, name) + changes[name]
        return replace(kept, **changes)

    def enabled(self, rules: Iterable[Rule]) -> tuple[Rule, ...]:
        """The rules to run: selected, not ignored, and able to give a finding that is shown."""
        return tuple(rule for rule in rules if self._runs(rule))

    def shows(self, finding: Finding) -> bool:
        """Whether a finding of a rule that ran is to be shown; suppression is not looked at."""
        rule, whole = finding.rule, f"{finding.rule}:{finding.kind}"
        if whole in self.ignore or (self._narrowed(finding) and whole not in self._selected):
            return False
        by_name = rule in self._selected or whole in self._selected
        return self._visible(finding.severity, finding.confidence, by_name)

    def fails(self, finding: Finding) -> bool:
        """Whether a finding makes the run fail: shown, not suppressed, and severe enough."""
        return (
            finding.suppressed is None and finding.severity >= self.fail_on and self.shows(finding)
        )

    @property
    def decides(self) -> tuple[object, ...]:
        """The settings that decide which findings a scan gives, for the key of a cache."""
        return (
            *(self.select, self.extend_select, self.ignore),
            *(self.profile, self.min_severity, self.detect_secrets_plugins),
        )

    @property
    def _selected(self) -> Names:
        return self.select + self.extend_select

    def _runs(self, rule: Rule) -> bool:
        by_name = any(name.partition(":")[0] == rule.id for name in self._selected)
        if rule.id in self.ignore or (rule.family in self.ignore and not by_name):
            return False
        by_default = rule.default and (not self.select or rule.family in self._selected)
        return (by_name or by_default) and self._visible(rule.severity, rule.confidence, by_name)

    def _visible(self, severity: Severity, confidence: Confidence, by_name: bool) -> bool:
        least, sure = PROFILES[self.profile]
        if self.min_severity is not None:
            return severity >= self.min_severity and (by_name or confidence >= sure)
        return by_name or (severity >= least and confidence >= sure)

    def _narrowed(self, finding: Finding) -> bool:
        """Whether only some kinds of the finding's rule are selected, not the rule itself."""
        return (
            any(name.startswith(f"{finding.rule}:") for name in self.select)
            and finding.rule not in self._selected
            and finding.family not in self._selected
        )


def named(names: Collection[str], finding: Finding) -> bool:
    """Whether one of the names (id, family, rule:kind) stands for this finding."""
    return (
        finding.rule in names
        or finding.family in names
        or f"{finding.rule}:{finding.kind}" in names
    )


def json_schema() -> dict[str, object]:
    """The JSON schema (draft 2020-12) of the table `[tool.mlsec]`."""
    properties: dict[str, object] = {}
    for key, (kind, doc, default) in _settings().items():
        written = default.label if isinstance(default, Severity) else default
        if kind is _RULES_BY_GLOB:
            written = {}
        elif isinstance(written, tuple):
            written = list(written)
        described: dict[str, object] = {"description": doc, **kind.schema}
        properties[key] = described if written is None else {**described, "default": written}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "jupyter-mlsec",
        "description": "The table [tool.mlsec] of pyproject.toml, or the whole of mlsec.toml.",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }


def _settings() -> dict[str, tuple[_Kind, str, Any]]:
    """Key in kebab-case to (kind, documentation, default)."""
    return {
        f.name.replace("_", "-"): (f.metadata["kind"], f.metadata["doc"], f.default)
        for f in fields(Config)
        if f.metadata
    }


def _field_of(key: str) -> str:
    known = _settings()
    if key not in known:
        raise MlsecError(
            f"unknown setting {_quoted(key)}",
            _near(key, known) or f"the settings are {', '.join(known)}",
        )
    return key.replace("-", "_")


def _read(key: str, value: object, names: Collection[str]) -> Any:
    kind = _settings()[key][0]
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
