"""The reports from outside: each format valid, and no value in any."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from jupyter_mlsec.faces.cli.scan import FORMATS
from tests.faces.command import Folder, Outcome, cell, notebook, token

SCHEMA = json.loads((Path(__file__).parents[1] / "data" / "sarif-2.1.0.json").read_text("utf-8"))

# The keys of the JSON report (DESIGN: contracts), with the types of their values.
FINDING: Mapping[str, tuple[type, ...]] = {
    "rule": (str,),
    "family": (str,),
    "severity": (str,),
    "confidence": (str,),
    "path": (str,),
    "cell": (int, type(None)),
    "cell_id": (str, type(None)),
    "part": (str,),
    "output": (int, type(None)),
    "line": (int,),
    "column": (int,),
    "end_line": (int,),
    "end_column": (int,),
    "related": (list,),
    "flow": (bool,),
    "message": (str,),
    "kind": (str, type(None)),
    "fix": (dict, type(None)),
    "fingerprint": (str,),
    "suppressed": (str, type(None)),
    "reason": (str, type(None)),
    "docs": (str,),
}


def stream(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": [text]}


def values() -> list[str]:
    """The credentials that `planted` plants: by seed, and what stands behind a prefix."""
    made = [token(seed) for seed in range(9)]
    made[7] = "Xq" + made[7][3:18]  # a password
    made[8] = made[8][3:23]  # within an address
    return made


def planted(folder: Folder) -> None:
    """Values in every part of a notebook, in files, errors and names, and look-alikes of none."""
    made = values()
    attachment = base64.b64encode(f"key {made[4]}\n".encode()).decode()
    markdown = {
        "cell_type": "markdown",
        "metadata": {"note": f"use {made[3]}"},
        "source": [f"the key is {made[2]}\n"],
        "attachments": {"a.txt": {"text/plain": attachment}},
    }
    printed = stream(f"{made[0]}\n\x1b[1m{made[1]}\x1b[0m\n")
    folder.write(
        "a.ipynb",
        notebook(
            cell(f'login("{made[0]}")\n', printed, id="ab1"),
            markdown,
            f'password = "{made[7]}"\nurl = "postgres://me:{made[8]}@db.example.com/x"\n',
            f'x = "{made[5]}"  # mlsec: ignore[secrets] made up\n%pip install requests\n',
            metadata={"author": f"token={made[6]}"},
        ),
    )
    folder.write(".env", f"HF_TOKEN={made[0]}\n")
    folder.write("requirements.txt", "requests\n")
    folder.write("broken.ipynb", f'{{"cells": ["{made[0]}" 1]}}')
    folder.write("broken too.ipynb", f'"{made[0]}"')


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory, patterns: Path) -> dict[str, Outcome]:
    """The report of the same scan in each format."""
    folder = Folder(tmp_path_factory.mktemp("formats"))
    planted(folder)
    arguments = (".", "--show-suppressed", "--profile", "auditor")
    env = {"MLSEC_CACHE_DIR": str(patterns)}
    return {f: folder.mlsec("scan", "--format", f, *arguments, env=env) for f in FORMATS}


@pytest.mark.parametrize("format", FORMATS)
def test_no_value_is_shown(outcomes: dict[str, Outcome], format: str) -> None:
    outcome = outcomes[format]
    assert (outcome.code, outcome.err) == (2, "")
    shown = [seed for seed, value in enumerate(values()) if outcome.shows(value)]
    assert shown == []


def test_every_value_is_found(outcomes: dict[str, Outcome]) -> None:
    found = outcomes["json"].report["findings"]
    secrets = [f for f in found if f["family"] == "secrets"]
    assert {(f["path"], f["part"]) for f in secrets} == {
        *(("a.ipynb", part) for part in ("source", "output", "metadata", "attachment")),
        (".env", "file"),
    }
    assert len({f["fingerprint"] for f in secrets}) == len(values())


def test_json(outcomes: dict[str, Outcome]) -> None:
    report = outcomes["json"].report
    assert list(report) == ["version", "findings", "errors", "summary"]
    assert report["version"] == 1
    for finding in report["findings"]:
        assert list(finding) == list(FINDING)
        assert [k for k, v in finding.items() if not isinstance(v, FINDING[k])] == []
        assert re.fullmatch(r"[0-9a-f]{16}", finding["fingerprint"])
        for place in finding["related"]:
            assert list(place) == list(FINDING)[5:13]
    assert report["errors"][1] == {
        "path": "broken.ipynb",
        "message": "not valid JSON: expecting ',' delimiter; restore the file, for example from "
        "git or from .ipynb_checkpoints",
        "line": 1,
        "column": 52,
    }
    live = sum(f["suppressed"] is None for f in report["findings"])
    summary = report["summary"]
    assert list(summary) == ["files", "cells", "findings", "suppressed", "seconds"]
    assert (summary["files"], summary["cells"]) == (5, 4)
    assert summary["findings"] == live
    assert summary["suppressed"] == len(report["findings"]) - live == 1


def test_places_are_where_the_value_is(outcomes: dict[str, Outcome]) -> None:
    found = outcomes["json"].report["findings"]
    first = next(f for f in found if f["path"] == "a.ipynb" and f["cell"] == 0)
    place = {k: first[k] for k in list(FINDING)[5:13]}
    assert place == {
        "cell": 0,
        "cell_id": "ab1",
        "part": "source",
        "output": None,
        "line": 1,
        "column": 8,
        "end_line": 1,
        "end_column": 8 + len(token()),
    }
    (related,) = first["related"]
    assert (related["part"], related["output"], related["line"]) == ("output", 0, 1)


def test_sarif(outcomes: dict[str, Outcome]) -> None:
    log = json.loads(outcomes["sarif"].out)
    jsonschema.validators.validator_for(SCHEMA)(SCHEMA).validate(log)
    (run,) = log["runs"]
    assert len(run["results"]) == len(outcomes["json"].report["findings"])
    described = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert {result["ruleId"] for result in run["results"]} <= described
    assert len(run["invocations"][0]["toolExecutionNotifications"]) == 2


def test_github(outcomes: dict[str, Outcome]) -> None:
    *commands, _ = outcomes["github"].out.splitlines()
    assert all(re.match(r"::(error|warning|notice) file=[^,]+,", c) for c in commands)
    assert sum("could not be scanned" in c for c in commands) == 2


def test_junit(outcomes: dict[str, Outcome]) -> None:
    root = ElementTree.fromstring(outcomes["junit"].out)  # noqa: S314 - our own
    assert root.tag == "testsuites"
    assert len(root.findall(".//error")) == 2
    assert len(root.findall(".//skipped")) == 1
    live = outcomes["json"].report["summary"]["findings"]
    assert len(root.findall(".//failure")) == live


def test_text(outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes["text"]
    for line in ("a.ipynb > cell 1\n", "also in: cell 1 (output 1)", "    1 | login(", "^^^^"):
        assert outcome.shows(line)
    assert outcome.shows("error: broken.ipynb:1:52: not valid JSON")


@pytest.mark.parametrize("format", FORMATS)
def test_a_report_in_a_file(folder: Folder, format: str) -> None:
    folder.write("ü.ipynb", notebook("%pip install requests\n"))
    outcome = folder.mlsec("scan", "--format", format, "-o", "report", ".")
    assert (outcome.code, outcome.out, outcome.err) == (1, "", "")
    printed = folder.mlsec("scan", "--format", format, ".").out
    seconds = re.compile(r"[0-9.]+(?= s\b)|(?<=\"seconds\": )[0-9.]+|(?<=time=\")[0-9.]+")
    written = folder.read("report").decode()
    assert seconds.sub("", written) == seconds.sub("", printed)


def test_errors_are_told_on_the_terminal_when_the_report_goes_to_a_file(folder: Folder) -> None:
    folder.write("broken.ipynb", '{"cells": [}')
    outcome = folder.mlsec("scan", "--format", "sarif", "-o", "report", ".")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("mlsec: broken.ipynb:1:12: not valid JSON")
    assert outcome.err.count("\n") == 1
