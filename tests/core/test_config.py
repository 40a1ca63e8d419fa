from __future__ import annotations

import pickle
from typing import Any

import pytest

from jupyter_mlsec.core.config import Config, named
from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.model import Confidence, Finding, Place, Severity
from jupyter_mlsec.core.rule import Rule
from jupyter_mlsec.core.settings import json_schema

NAMES = frozenset(
    {
        *("secrets", "provider-token", "provider-token:openai-api-key"),
        *("provider-token:aws-access-key-id", "jupyter-token-in-notebook", "doubtful-token"),
        *("installs", "unpinned-install", "bang-pip-wrong-environment", "unhashed-install"),
    }
)


def rule(
    id: str,
    family: str,
    severity: Severity,
    confidence: Confidence = Confidence.HIGH,
    default: bool = True,
) -> Rule:
    return Rule(id, family, "", "", severity, confidence, iter, (), tuple, default=default)  # type: ignore[arg-type]


RULES = (
    rule("provider-token", "secrets", Severity.CRITICAL),
    rule("jupyter-token-in-notebook", "secrets", Severity.MEDIUM),
    rule("doubtful-token", "secrets", Severity.HIGH, Confidence.LOW),
    rule("unpinned-install", "installs", Severity.MEDIUM),
    rule("bang-pip-wrong-environment", "installs", Severity.INFO),
    rule("unhashed-install", "installs", Severity.MEDIUM, default=False),
)
LOUD = {"provider-token", "jupyter-token-in-notebook", "unpinned-install"}


def configured(**settings: Any) -> Config:
    return Config.from_mapping({k.replace("_", "-"): v for k, v in settings.items()}, NAMES)


def finding(
    rule: str = "unpinned-install",
    family: str = "installs",
    severity: Severity = Severity.MEDIUM,
    confidence: Confidence = Confidence.HIGH,
    kind: str | None = None,
    suppressed: str | None = None,
) -> Finding:
    return Finding(
        rule=rule,
        family=family,
        severity=severity,
        confidence=confidence,
        place=Place("a.ipynb", "source", 1, 1, 1, 2),
        message="",
        fingerprint="",
        docs="",
        kind=kind,
        suppressed=suppressed,
    )


def test_a_configuration_of_nothing_is_the_default() -> None:
    assert Config.from_mapping({}, NAMES) == Config()


@pytest.mark.parametrize(
    ("key", "value", "field", "read"),
    [
        ("select", ["installs"], "select", ("installs",)),
        ("extend-select", ["unhashed-install"], "extend_select", ("unhashed-install",)),
        ("ignore", ["provider-token:openai-api-key"], "ignore", ("provider-token:openai-api-key",)),
        ("profile", "auditor", "profile", "auditor"),
        ("min-severity", "high", "min_severity", Severity.HIGH),
        ("min-severity", Severity.INFO, "min_severity", Severity.INFO),
        ("fail-on", "critical", "fail_on", Severity.CRITICAL),
        ("exclude", ["data/", "!data/a.ipynb"], "exclude", ("data/", "!data/a.ipynb")),
        (
            "per-path-ignore",
            {"demo/**": ["installs"]},
            "per_path_ignore",
            (("demo/**", ("installs",)),),
        ),
        ("baseline", ".baseline", "baseline", ".baseline"),
        ("detect-secrets-plugins", True, "detect_secrets_plugins", True),
        ("data-checks", ["acme.check"], "data_checks", ("acme.check",)),
        ("jobs", 2, "jobs", 2),
        ("cache", False, "cache", False),
        ("max-size", 0, "max_size", 0),
    ],
)
def test_settings_are_read(key: str, value: object, field: str, read: object) -> None:
    config = Config.from_mapping({key: value}, NAMES)
    assert getattr(config, field) == read


@pytest.mark.parametrize(
    ("settings", "message", "hint"),
    [
        ({"selct": []}, 'unknown setting "selct"', 'did you mean "select"?'),
        (
            {"extend_select": []},
            'unknown setting "extend_select"',
            'did you mean "extend-select"?',
        ),
        ({"root": "/"}, 'unknown setting "root"', "the settings are select, "),
        (
            {"select": ["unpined-install"]},
            'select: no rule, family or kind is called "unpined-install"',
            'did you mean "unpinned-install"?',
        ),
        (
            {"ignore": ["provider-token:openai"]},
            'ignore: no rule, family or kind is called "provider-token:openai"',
            'did you mean "provider-token:openai-api-key"?',
        ),
        (
            {"select": ["zzzzzz"]},
            'select: no rule, family or kind is called "zzzzzz"',
            "`mlsec rules` lists them",
        ),
        (
            {"per-path-ignore": {"*.py": ["instals"]}},
            'per-path-ignore: no rule, family or kind is called "instals"',
            'did you mean "installs"?',
        ),
        ({"select": "installs"}, 'select must be a list of strings, not "installs"', None),
        ({"select": ["installs", 1]}, "select must be a list of strings, not ", None),
        (
            {"per-path-ignore": {"*.py": "installs"}},
            "per-path-ignore must be a table of lists of strings, not ",
            None,
        ),
        (
            {"min-severity": "hihg"},
            'min-severity must be one of critical, high, medium, low, info, not "hihg"',
            'did you mean "high"?',
        ),
        ({"fail-on": 3}, "fail-on must be one of critical, high, medium, low, info, not 3", None),
        ({"fail-on": []}, "fail-on must be one of critical, high, medium, low, info, ", None),
        (
            {"profile": "pedant"},
            'profile must be one of regular, pedantic, auditor, not "pedant"',
            'did you mean "pedantic"?',
        ),
        ({"jobs": -1}, "jobs must be a whole number from 0 up, not -1", None),
        ({"jobs": True}, "jobs must be a whole number from 0 up, not ", None),
        ({"cache": "no"}, 'cache must be true or false, not "no"', None),
        ({"cache": 1}, "cache must be true or false, not 1", None),
        ({"baseline": 1}, "baseline must be a string, not 1", None),
        ({"baseline\n": 1}, "unknown setting ", 'did you mean "baseline"?'),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    settings: dict[str, object], message: str, hint: str | None
) -> None:
    with pytest.raises(MlsecError) as caught:
        Config.from_mapping(settings, NAMES)
    assert caught.value.message.startswith(message)
    assert "\n" not in caught.value.message
    assert (caught.value.hint or "").startswith(hint or "")
    assert (caught.value.hint is None) == (hint is None)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (configured(), LOUD),
        (configured(profile="pedantic"), LOUD | {"bang-pip-wrong-environment"}),
        (
            configured(profile="auditor"),
            LOUD | {"bang-pip-wrong-environment", "doubtful-token"},
        ),
        (configured(select=["secrets"]), {"provider-token", "jupyter-token-in-notebook"}),
        (configured(select=["installs"]), {"unpinned-install"}),
        (configured(select=["bang-pip-wrong-environment"]), {"bang-pip-wrong-environment"}),
        (configured(select=["doubtful-token"]), {"doubtful-token"}),
        (configured(select=["provider-token:openai-api-key"]), {"provider-token"}),
        (configured(extend_select=["unhashed-install"]), LOUD | {"unhashed-install"}),
        (configured(extend_select=["installs"]), LOUD),
        (
            configured(select=["secrets"], extend_select=["unhashed-install"]),
            {"provider-token", "jupyter-token-in-notebook", "unhashed-install"},
        ),
        (configured(ignore=["unpinned-install"]), LOUD - {"unpinned-install"}),
        (configured(ignore=["secrets"]), {"unpinned-install"}),
        (configured(ignore=["secrets"], select=["provider-token"]), {"provider-token"}),
        (configured(ignore=["provider-token:openai-api-key"]), LOUD),
        (configured(min_severity="high"), {"provider-token"}),
        (configured(min_severity="info"), LOUD | {"bang-pip-wrong-environment"}),
        (configured(select=["bang-pip-wrong-environment"], min_severity="low"), set()),
    ],
)
def test_which_rules_run(config: Config, expected: set[str]) -> None:
    assert {rule.id for rule in config.enabled(RULES)} == expected


def test_a_later_selection_wins_over_an_earlier_ignore() -> None:
    file = configured(ignore=["unpinned-install", "secrets"])
    config = file.merge({"select": ["unpinned-install"]}, NAMES)
    assert config.ignore == ("secrets",)
    assert [rule.id for rule in config.enabled(RULES)] == ["unpinned-install"]


def test_a_later_ignore_wins_over_an_earlier_selection() -> None:
    file = configured(select=["unpinned-install", "provider-token"])
    config = file.merge({"ignore": ["unpinned-install"]}, NAMES)
    assert [rule.id for rule in config.enabled(RULES)] == ["provider-token"]


OPENAI = finding("provider-token", "secrets", Severity.CRITICAL, kind="openai-api-key")
AWS = finding("provider-token", "secrets", Severity.CRITICAL, kind="aws-access-key-id")
LOWERED = finding(severity=Severity.LOW)
UNSURE = finding(confidence=Confidence.LOW)


@pytest.mark.parametrize(
    ("config", "shown", "hidden"),
    [
        (configured(), [finding(), OPENAI], [LOWERED, UNSURE]),
        (configured(profile="pedantic"), [finding(), LOWERED], [UNSURE]),
        (configured(profile="auditor"), [finding(), LOWERED, UNSURE], []),
        (configured(min_severity="high"), [OPENAI], [finding(), LOWERED]),
        (configured(min_severity="low"), [LOWERED], [UNSURE]),
        (configured(select=["unpinned-install"]), [LOWERED, UNSURE], []),
        (configured(extend_select=["unpinned-install"]), [LOWERED, UNSURE, OPENAI], []),
        (configured(select=["installs"]), [finding()], [LOWERED, UNSURE]),
        (configured(select=["provider-token:openai-api-key"]), [OPENAI], [AWS]),
        (configured(select=["secrets", "provider-token:openai-api-key"]), [OPENAI, AWS], []),
        (configured(extend_select=["provider-token:openai-api-key"]), [OPENAI, AWS], []),
        (configured(ignore=["provider-token:openai-api-key"]), [AWS], [OPENAI]),
        (
            configured(select=["unpinned-install"], min_severity="medium"),
            [finding(), UNSURE],
            [LOWERED],
        ),
    ],
)
def test_which_findings_are_shown(
    config: Config, shown: list[Finding], hidden: list[Finding]
) -> None:
    assert [f for f in shown if not config.shows(f)] == []
    assert [f for f in hidden if config.shows(f)] == []


@pytest.mark.parametrize(
    ("config", "subject", "fails"),
    [
        (configured(), finding(), True),
        (configured(), finding(suppressed="baseline"), False),
        (configured(), LOWERED, False),
        (configured(profile="pedantic"), LOWERED, False),
        (configured(profile="pedantic", fail_on="low"), LOWERED, True),
        (configured(fail_on="low"), LOWERED, False),
        (configured(fail_on="high"), finding(), False),
        (configured(min_severity="high"), finding(), False),
    ],
)
def test_which_findings_make_the_run_fail(config: Config, subject: Finding, fails: bool) -> None:
    assert config.fails(subject) is fails


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["installs"], False),
        (["secrets"], True),
        (["provider-token"], True),
        (["provider-token:openai-api-key"], True),
        (["provider-token:aws-access-key-id"], False),
        ([], False),
    ],
)
def test_names_stand_for_findings(names: list[str], expected: bool) -> None:
    assert named(names, OPENAI) is expected


@pytest.mark.parametrize(
    ("earlier", "later", "field", "expected"),
    [
        ({"select": ["installs"]}, {"select": ["secrets"]}, "select", ("secrets",)),
        ({"select": ["installs"]}, {"select": None}, "select", ("installs",)),
        ({"exclude": ["a"]}, {"exclude": ["b"]}, "exclude", ("a", "b")),
        ({"ignore": ["installs"]}, {"ignore": ["secrets"]}, "ignore", ("installs", "secrets")),
        ({"data-checks": ["a"]}, {"data-checks": ["b"]}, "data_checks", ("a", "b")),
        ({"jobs": 4}, {"jobs": 0}, "jobs", 0),
        ({"cache": False}, {}, "cache", False),
        (
            {"per-path-ignore": {"a": ["installs"]}},
            {"per-path-ignore": {"b": ["secrets"]}},
            "per_path_ignore",
            (("a", ("installs",)), ("b", ("secrets",))),
        ),
    ],
)
def test_a_later_source_adds_or_replaces(
    earlier: dict[str, object], later: dict[str, object], field: str, expected: object
) -> None:
    config = Config.from_mapping(earlier, NAMES).merge(later, NAMES)
    assert getattr(config, field) == expected


def test_a_configuration_can_cross_to_a_worker_and_be_a_key() -> None:
    config = configured(select=["installs"], per_path_ignore={"*.py": ["secrets"]})
    again = pickle.loads(pickle.dumps(config))  # noqa: S301 - our own bytes
    assert again == config
    assert hash(again) == hash(config)


@pytest.mark.parametrize(
    ("settings", "same"),
    [
        ({"select": ["installs"]}, False),
        ({"profile": "auditor"}, False),
        ({"min-severity": "low"}, False),
        ({"detect-secrets-plugins": True}, False),
        ({"jobs": 3}, True),
        ({"exclude": ["x"]}, True),
        ({"fail-on": "low"}, True),
    ],
)
def test_what_decides_the_findings(settings: dict[str, object], same: bool) -> None:
    assert (Config.from_mapping(settings, NAMES).decides == Config().decides) is same


def test_the_schema_describes_every_setting() -> None:
    schema = json_schema()
    properties: Any = schema["properties"]
    settable = {name.replace("_", "-") for name in Config._fields} - {"root"}
    assert set(properties) == settable
    assert schema["additionalProperties"] is False
    assert all(p["description"].endswith(".") for p in properties.values())


def test_the_defaults_in_the_schema_are_valid_settings_and_the_defaults() -> None:
    properties: Any = json_schema()["properties"]
    defaults = {key: p["default"] for key, p in properties.items() if "default" in p}
    assert "fail-on" in defaults
    assert Config.from_mapping(defaults, NAMES) == Config()
