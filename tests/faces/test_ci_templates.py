"""The GitHub Action, the GitLab job and VS Code's task: their own scripts, run as they stand."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from tests.faces.command import Folder, leak, notebook

ROOT = Path(__file__).parent.parent.parent
CLEAN = notebook("x = 1\n")


def bash(script: str, folder: Folder, variables: Mapping[str, str]) -> tuple[int, str]:
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        cwd=folder.path,
        env={**folder.environment(), **variables},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def installed(folder: Folder, name: str) -> Path:
    """An environment's folder in which `mlsec` is this one."""
    programs = folder.home / name / "bin"
    programs.mkdir(parents=True)
    (programs / "mlsec").symlink_to(Path(sys.executable).parent / "mlsec")
    return programs.parent


@pytest.mark.parametrize(("content", "code"), [(leak(), 1), (CLEAN, 0)])
@pytest.mark.parametrize("sarif", ["out.sarif", ""])
def test_the_action(folder: Folder, content: str, code: int, sarif: str) -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    step = action["runs"]["steps"][-1]
    folder.write("with space/a.ipynb", content)
    given = {"paths": ".", "arguments": "--fail-on high --no-cache", "sarif": sarif}
    variables = {
        name: given[re.fullmatch(r"\$\{\{ inputs\.(\w+) \}\}", value)[1]]  # type: ignore[index]
        for name, value in step["env"].items()
    }
    variables["RUNNER_TEMP"] = str(installed(folder, "mlsec").parent)
    found, printed = bash(step["run"], folder, variables)
    assert found == code
    assert ("::error" in printed) is bool(code)
    assert (folder.path / "out.sarif").exists() is bool(sarif)
    if sarif:
        results = json.loads(folder.read("out.sarif"))["runs"][0]["results"]
        assert bool(results) is bool(code)


def test_the_action_names_what_is_there() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    install = action["runs"]["steps"][0]["run"]
    for file in re.findall(r"\$GITHUB_ACTION_PATH/([\w./-]+)", install):
        assert (ROOT / file).exists(), file


@pytest.mark.parametrize(("content", "code"), [(leak(), 1), (CLEAN, 0)])
def test_the_gitlab_job(folder: Folder, content: str, code: int) -> None:
    job = yaml.safe_load((ROOT / "ci" / "mlsec.gitlab-ci.yml").read_text())["mlsec"]
    place = str(installed(folder, "environment"))
    scans = [line.replace("/tmp/mlsec", place) for line in job["script"] if " scan " in line]  # noqa: S108
    assert len(scans) == 2
    folder.write("a.ipynb", content)
    found, _ = bash("\n".join(scans), folder, job["variables"])
    assert found == code
    assert b"<testsuite" in folder.read(job["artifacts"]["reports"]["junit"])
    assert json.loads(folder.read(job["artifacts"]["paths"][0]))["version"] == "2.1.0"


def test_the_task_of_vs_code(folder: Folder) -> None:
    page = (ROOT / "docs" / "how-to.md").read_text()
    task = json.loads(re.search(r"## VS Code.*?```json\n(.*?)```", page, re.DOTALL)[1])["tasks"][0]  # type: ignore[index]
    pattern = task["problemMatcher"]["pattern"]
    folder.write("a.ipynb", leak())
    folder.write("requirements.txt", "numpy\n")
    _, *arguments = task["command"].split()
    lines = folder.mlsec(*arguments).out.splitlines()
    found = [re.match(pattern["regexp"], line) for line in lines]
    seen = {m[pattern["file"]]: m[pattern["code"]] for m in found if m}
    assert seen == {"a.ipynb": "provider-token", "requirements.txt": "requirements-file-unpinned"}


def test_the_project_runs_on_itself() -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MLSEC_")}
    done = subprocess.run(
        [sys.executable, "-m", "jupyter_mlsec", "scan", "--format", "concise", "."],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
