"""What a user may set, and what it decides: which rules run, what is shown, what fails.

`core.settings` reads and checks what users write; this is all that a scan needs.
"""

# no `from __future__ import annotations`: it makes named tuples twice as slow to define
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

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
_ADDED = frozenset({"extend_select", "ignore", "exclude", "per_path_ignore", "data_checks"})


class Config(NamedTuple):
    """All settings of a run. Immutable, hashable and picklable.

    `core.settings.SETTINGS` says what each is. `root` is the folder that globs are relative to;
    it is no setting, and empty means the working directory. Names of rules are ids
    (`unpinned-install`), families (`installs`), or a rule with one kind of credential
    (`provider-token:openai-api-key`). `strip` is as `core.strip.settings` reads it.
    """

    select: Names = ()
    extend_select: Names = ()
    ignore: Names = ()
    profile: Profile = "regular"
    min_severity: Severity | None = None
    fail_on: Severity = Severity.MEDIUM
    exclude: Names = ()
    per_path_ignore: tuple[tuple[str, Names], ...] = ()
    baseline: str | None = None
    detect_secrets_plugins: bool = False
    data_checks: Names = ()
    advisories: str | None = None
    jobs: int = 0
    cache: bool = True
    max_size: int = 512
    strip: tuple[tuple[str, Any], ...] = ()
    root: str = ""

    @classmethod
    def from_mapping(cls, settings: Mapping[str, object], names: Collection[str]) -> "Config":
        """The configuration with these settings, keys in kebab-case.

        `names` are the names of all rules, families and kinds. Raises MlsecError for the first
        unknown key, wrong value or unknown name, with a suggestion where one is near.
        """
        return cls().merge(settings, names)

    def merge(self, settings: Mapping[str, object], names: Collection[str]) -> "Config":
        """This configuration with later settings over it, as the command line's over a file's.

        Lists of what to ignore or exclude and `extend-select` are added to, all else is
        replaced; a rule that is selected now is no longer ignored; None means not given.
        Raises MlsecError as `from_mapping` does.
        """
        given = {key: value for key, value in settings.items() if value is not None}
        if not given:
            return self
        from jupyter_mlsec.core.settings import read

        changes = read(given, names)
        selected = changes.get("select", ()) + changes.get("extend_select", ())
        kept = self._replace(ignore=tuple(n for n in self.ignore if n not in selected))
        for name in _ADDED & changes.keys():
            changes[name] = getattr(kept, name) + changes[name]
        return kept._replace(**changes)

    def enabled(self, rules: "Iterable[Rule]") -> "tuple[Rule, ...]":
        """The rules to run: selected, not ignored, and able to give a finding that is shown."""
        return tuple(rule for rule in rules if self._runs(rule))

    def shows(self, finding: "Finding") -> bool:
        """Whether a finding of a rule that ran is to be shown; suppression is not looked at."""
        rule, whole = finding.rule, f"{finding.rule}:{finding.kind}"
        if whole in self.ignore or (self._narrowed(finding) and whole not in self._selected):
            return False
        by_name = rule in self._selected or whole in self._selected
        return self._visible(finding.severity, finding.confidence, by_name)

    def may_show(self, rule: "Rule", severity: Severity, kind: str | None) -> bool:
        """Whether a hit of a rule with this severity could be a finding that is shown."""
        by_name = rule.id in self._selected or f"{rule.id}:{kind}" in self._selected
        return self._visible(severity, rule.confidence, by_name)

    def fails(self, finding: "Finding") -> bool:
        """Whether a finding makes the run fail: shown, not suppressed, and severe enough."""
        return (
            finding.suppressed is None and finding.severity >= self.fail_on and self.shows(finding)
        )

    @property
    def decides(self) -> tuple[object, ...]:
        """The settings that decide which findings a scan gives, for the key of a cache."""
        return (
            *(self.select, self.extend_select, self.ignore),
            *(self.profile, self.min_severity, self.detect_secrets_plugins, self.data_checks),
            self.advisories,
        )

    @property
    def least(self) -> Severity:
        """No finding below this severity is shown, whatever its rule."""
        if self._selected:
            return Severity.INFO
        return PROFILES[self.profile][0] if self.min_severity is None else self.min_severity

    @property
    def _selected(self) -> Names:
        return self.select + self.extend_select

    def _runs(self, rule: "Rule") -> bool:
        by_name = any(name.partition(":")[0] == rule.id for name in self._selected)
        if rule.id in self.ignore or (rule.family in self.ignore and not by_name):
            return False
        if rule.needs and not getattr(self, rule.needs):
            return False
        by_default = rule.default and (not self.select or rule.family in self._selected)
        return (by_name or by_default) and self._visible(rule.severity, rule.confidence, by_name)

    def _visible(self, severity: Severity, confidence: Confidence, by_name: bool) -> bool:
        least, sure = PROFILES[self.profile]
        if self.min_severity is not None:
            return severity >= self.min_severity and (by_name or confidence >= sure)
        return by_name or (severity >= least and confidence >= sure)

    def _narrowed(self, finding: "Finding") -> bool:
        """Whether only some kinds of the finding's rule are selected, not the rule itself."""
        return (
            any(name.startswith(f"{finding.rule}:") for name in self.select)
            and finding.rule not in self._selected
            and finding.family not in self._selected
        )


def named(names: Collection[str], finding: "Finding") -> bool:
    """Whether one of the names (id, family, rule:kind) stands for this finding."""
    return (
        finding.rule in names
        or finding.family in names
        or f"{finding.rule}:{finding.kind}" in names
    )
