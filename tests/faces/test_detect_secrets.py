"""Side by side with the real detect-secrets: its plugins in our scan, our rules in its scan."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlsec.core.engine import Scanner
from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.formats import sample
from jupyter_mlsec.core.model import Document, Finding, Part, Text
from jupyter_mlsec.core.rule import Bad
from jupyter_mlsec.rules.detect_secrets import plugin_rule

# formats of services that detect-secrets has plugins for
PLANTED = {
    "Mailchimp Access Key": 'client = Client("{hex:32}-us14")  # the api key',
    "Stripe Access Key": 'stripe.api_key = "sk_live_{an:24}"',
    "Slack Token": 'slack = "xoxb-{d:11}-{d:11}-{an:24}"',
    "Square OAuth Secret": 'secret = "sq0csp-{w:43}"',
    "Basic Auth Credentials": 'url = "https://{a:8}:{an:16}@example.org/x"',
    "Secret Keyword": "db_pass" + 'word = "{an:14}"',
    "Twilio API Key": 'token = "SK{hex:32}"',
}


def made(template: str) -> str:
    return sample(template, random.Random(template))


def scan(source: str, part: Part = "source") -> tuple[Finding, ...]:
    text = Text(part, "python", source, 0)
    return Scanner([plugin_rule()]).scan(Document("a.ipynb", "notebook", (text,), 1))


@pytest.mark.parametrize("name", PLANTED)
def test_its_plugins_find_on_decoded_lines(name: str) -> None:
    line = made(PLANTED[name])
    findings = scan(f"x = 1\n{line}\ny = 2\n")
    assert f"detect-secrets reports: {name}" in [f.message for f in findings]
    for finding in findings:
        assert finding.place.line == 2
        value = line[finding.place.column - 1 : finding.place.end_column - 1]
        same = hashlib.sha1(value.encode()).hexdigest() == finding.baseline_hash  # noqa: S324
        assert same
        shown = value in finding.excerpt + finding.message
        assert not shown


@pytest.mark.parametrize(
    "source",
    [
        'token = "{hex:8}-{hex:4}-{hex:4}-{hex:4}-{hex:12}"',  # a UUID
        'password = "${{DB_PASSWORD}}"',
        'password = os.environ["DB_PASSWORD"]',
        "password = getpass()",
        'api_key = "<your api key>"',
        'secret = "abcdefghijklmnop"',
        'commit = "{hex:40}"',  # entropy alone is no reason
        'host = "8.8.8.8"  # no key',
        'tokens = tokenizer("a sentence")',
        'x = "xoxb-{d:11}"',
    ],
)
def test_its_heuristics_keep_out_noise(source: str) -> None:
    assert len(scan(made(source))) == 0


def test_outputs_are_left_to_our_own_rules() -> None:
    assert len(scan(made(PLANTED["Secret Keyword"]), "output")) == 0


def test_without_the_library_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "detect_secrets.core.plugins.util", None)
    with pytest.raises(MlsecError, match="not installed") as error:
        plugin_rule()
    assert error.value.hint


def our_example() -> str:
    """A line that only our rules know, from the first rule's own examples."""
    from jupyter_mlsec.rules import FAMILIES

    examples = (e for rule in FAMILIES["secrets"] for e in rule.examples)
    return next(
        made(e.code)
        for e in examples
        if isinstance(e, Bad) and e.secret and "\n" not in e.code and e.language == "python"
    )


def notebook(source: str) -> str:
    cell = {"cell_type": "code", "source": ["x = 1\n", f"{source}\n", "y = 2"], "outputs": []}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4}, indent=1)


def detect_secrets(folder: Path, *arguments: str) -> dict[str, Any]:
    """The answer of `detect-secrets scan` with our plugin beside its own, as our docs call it."""
    from jupyter_mlsec.faces import detect_secrets_plugin

    path = str(detect_secrets_plugin.__file__)
    command = [sys.executable, "-m", "detect_secrets", "scan", "--all-files", "-n", "-p", path]
    command += ["--disable-filter", "detect_secrets.filters.heuristic.is_indirect_reference"]
    done = subprocess.run(
        [*command, *arguments, "."],
        cwd=folder,
        env={**os.environ, "MLSEC_CACHE_DIR": str(folder.parent / "cache")},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def types(answer: dict[str, Any], name: str) -> list[str]:
    return [found["type"] for found in answer["results"].get(name, [])]


def test_the_real_library_runs_our_rules(tmp_path: Path) -> None:
    line = our_example()
    project = tmp_path / "project"
    project.mkdir()
    (project / "a.ipynb").write_text(notebook(line))
    (project / "b.py").write_text(f"{line}\n")
    (project / "clean.ipynb").write_text(notebook("print('token')"))
    (project / "allowed.ipynb").write_text(notebook(f"{line}  # pragma: allowlist secret"))
    answer = detect_secrets(project)
    assert "Jupyter ML Security" in types(answer, "a.ipynb")
    assert "Jupyter ML Security" in types(answer, "b.py")
    assert sorted(answer["results"]) == ["a.ipynb", "b.py"]
    in_notebook = {found["hashed_secret"] for found in answer["results"]["a.ipynb"]}
    in_script = {found["hashed_secret"] for found in answer["results"]["b.py"]}
    assert in_notebook & in_script  # the JSON's escapes change nothing


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (r'    "k = \"v\"\n",', 'k = "v"'),
        (r'    "last"', "last"),
        (r'   "source": ["only\n"],', "only"),
        (r'   "source": "whole\ncell",', "whole\ncell"),
        ("k = 'v'", "k = 'v'"),
        ('  "id": "ab12",', '  "id": "ab12",'),
        (r'"\x"', r'"\x"'),
        ("", ""),
    ],
)
def test_lines_of_a_notebook_are_decoded(line: str, text: str) -> None:
    from jupyter_mlsec.faces.detect_secrets_plugin import decoded

    assert decoded(line) == text
