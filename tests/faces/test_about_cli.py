"""What the command line says about itself: help, rules, explanations, the demonstration."""

from __future__ import annotations

import json
import re

import pytest

import jupyter_mlsec
from jupyter_mlsec.core import formats
from jupyter_mlsec.faces.cli import COMMANDS
from jupyter_mlsec.faces.cli.demo import EXAMPLES
from jupyter_mlsec.rules import ALL
from jupyter_mlsec.rules.secrets import KINDS
from tests.faces.command import Folder


@pytest.mark.parametrize("arguments", [["--version"], ["-V"]])
def test_version(folder: Folder, arguments: list[str]) -> None:
    outcome = folder.mlsec(*arguments)
    assert (outcome.code, outcome.out) == (0, f"mlsec {jupyter_mlsec.__version__}\n")


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["help"]])
def test_help(folder: Folder, arguments: list[str]) -> None:
    outcome = folder.mlsec(*arguments)
    assert (outcome.code, outcome.err) == (0, "")
    assert all(outcome.shows(f"  {command} ") for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command(folder: Folder, command: str) -> None:
    outcome = folder.mlsec(command, "--help")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith(f"usage: mlsec {command}")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["scna"], "no command is called 'scna'; did you mean `mlsec scan`?"),
        (["."], "no command is called '.'; `mlsec --help` lists them"),
        (["--format", "json"], "no command is called '--format'; `mlsec --help` lists them"),
        (["explain", "unpined-install"], "did you mean `unpinned-install`?"),
        (["explain", "zzz"], "no rule or kind is called 'zzz'"),
        (["explain"], "the following arguments are required: rule"),
        (["rules", "--format", "xml"], "invalid choice: 'xml'"),
        (["rules", "x"], "unrecognized arguments: x"),
    ],
)
def test_a_wrong_call(folder: Folder, arguments: list[str], says: str) -> None:
    outcome = folder.mlsec(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert says in outcome.err


def test_every_rule_is_explained(folder: Folder) -> None:
    names = [rule.id for rule in ALL]
    outcome = folder.mlsec("explain", *names)
    assert (outcome.code, outcome.err) == (0, "")
    assert [rule.id for rule in ALL if rule.summary not in outcome.out] == []
    assert "\x1b" not in outcome.out


@pytest.mark.parametrize("name", ["openai-api-key", "provider-token:openai-api-key"])
def test_a_kind_of_credential_is_explained(folder: Folder, name: str) -> None:
    outcome = folder.mlsec("explain", name)
    assert (outcome.code, outcome.err) == (0, "")
    for fact in ("openai-api-key: a kind", "If it leaked: ", "provider-token:openai-api-key"):
        assert fact in outcome.out
    assert "\x1b[" in folder.mlsec("explain", name, "--color", "always").out
    assert folder.mlsec("explain", name + "s").err.endswith("did you mean `openai-api-key`?\n")


def test_the_rules_are_listed(folder: Folder) -> None:
    listed = json.loads(folder.mlsec("rules", "--format", "json").out)
    assert [row["rule"] for row in listed] == [rule.id for rule in ALL]
    assert {row["runs"] for row in listed} <= {
        *("regular", "pedantic", "auditor", "when selected", "with advisories")
    }
    lines = folder.mlsec("rules").out.splitlines()
    assert [line.split()[0] for line in lines] == [rule.id for rule in ALL]


def test_the_kinds_are_listed(folder: Folder) -> None:
    listed = json.loads(folder.mlsec("rules", "--kinds", "--format", "json").out)
    assert [row["kind"] for row in listed] == [kind.id for kind in KINDS]
    assert len(folder.mlsec("rules", "--kinds").out.splitlines()) == len(KINDS)


def test_the_demonstration(folder: Folder) -> None:
    outcome = folder.mlsec("demo", "--keep", "kept")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("$ mlsec scan .\n")
    for rule in ("provider-token", "credential-in-url", "unpinned-install", "curl-pipe-shell"):
        assert outcome.shows(f"  {rule}\n")
    for said in (
        "[redacted: generic-password]",
        "load-data.ipynb itself is unchanged: yes",
        "what len(users) gave is in git: no",
        "in the file, after the merge: yes",
        "the key is [SECRET:kv/ml/openai#api_key] with 48 characters",
        "the value is in ask.ipynb: no",
    ):
        assert outcome.shows(said)
    # what it made up is in its files, and nowhere in its report
    made_up: set[str] = set()
    for example in sorted(EXAMPLES.iterdir()):
        template = example.read_text("utf-8")
        wanted = {
            name: f"({formats.exact(format)})"
            for name, format in re.findall(r"\[\[(\w+)=(.+?)\]\]", template)
        }
        text = folder.read(f"kept/{example.name}").decode()
        assert not re.search(r"\[\[\w+[=\]]", text)
        for pattern in wanted.values():
            made_up.update(re.findall(pattern, text))
    made_up = {value for value in made_up if len(value) > 11}
    assert len(made_up) >= 4
    assert not outcome.shows(*made_up)
    # and every file says the same when it is scanned like any other
    assert folder.scan("kept", "--no-cache").code == 1


def test_the_demonstration_leaves_nothing_behind(folder: Folder) -> None:
    temporary = folder.path / "tmp"
    temporary.mkdir()
    outcome = folder.mlsec("demo", "--format", "json", env={"TMPDIR": str(temporary)})
    assert outcome.code == 0
    assert list(temporary.iterdir()) == []
    assert sorted(path.name for path in folder.path.iterdir()) == ["tmp"]
