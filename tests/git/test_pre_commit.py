"""The hooks of `.pre-commit-hooks.yaml`, run by the real pre-commit and by prek.

The commands come from this environment (`language: system`) rather than from one that pre-commit
builds; all else is as published. With MLSEC_TEST_HOOKS set it builds one, which takes minutes and
a package index.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.faces.command import token
from tests.git.repository import MARK, Repository, environment, notebook

BIN = Path(sys.executable).parent
HOOKS = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"
BOTH = pytest.mark.parametrize("runner", ["pre-commit", "prek"])


def repository(top: Path, runner: str, hook: str, *arguments: str) -> Repository:
    """A repository in which one hook runs before each commit."""
    repo = Repository(top / "work", environment(top))
    repo.path.mkdir()
    repo.env["PATH"] = f"{BIN}:{repo.env['PATH']}"
    repo.env["PRE_COMMIT_HOME"] = repo.env["PREK_HOME"] = str(top / "hooks")
    repo.git("init", "-q", "-b", "main")
    (published,) = [h for h in yaml.safe_load(HOOKS.read_text("utf-8")) if h["id"] == hook]
    local = {**published, "language": "system", "args": list(arguments)}
    config = {"repos": [{"repo": "local", "hooks": [local]}]}
    repo.write(".pre-commit-config.yaml", yaml.safe_dump(config))
    assert repo.run(str(BIN / runner), "install").returncode == 0
    repo.git("add", "-A")
    return repo


@BOTH
def test_scan(runner: str, tmp_path: Path) -> None:
    repo = repository(tmp_path, runner, "mlsec-scan")
    secret = token()
    repo.write("it's a.ipynb", notebook(f'key = "{secret}"\n', output=None))
    repo.git("add", "-A")
    done = repo.run("git", "commit", "-m", "x")
    assert done.returncode == 1
    assert b"provider-token" in done.stdout + done.stderr
    assert secret.encode() not in done.stdout + done.stderr
    repo.write("it's a.ipynb", notebook("x = 1\n", output=None))
    repo.commit()


@BOTH
def test_strip_mends_and_stops_the_commit_once(runner: str, tmp_path: Path) -> None:
    repo = repository(tmp_path, runner, "mlsec-strip", "--mode", "all")
    repo.write("a.ipynb", notebook("x = 1\n"))
    repo.git("add", "-A")
    repo.refused("commit", "-m", "x")
    assert repo.read("a.ipynb") == notebook("x = 1\n", output=None)
    repo.commit()
    assert MARK.encode() not in repo.staged("a.ipynb")


@BOTH
def test_check_changes_nothing(runner: str, tmp_path: Path) -> None:
    repo = repository(tmp_path, runner, "mlsec-check", "--mode", "all")
    repo.write("a.ipynb", notebook("x = 1\n"))
    repo.write("b.ipynb", notebook("x = 1\n", output=None))
    repo.git("add", "-A")
    done = repo.run("git", "commit", "-m", "x")
    assert done.returncode == 1
    said = (done.stdout + done.stderr).decode()
    assert "a.ipynb" in said
    assert "b.ipynb" not in said
    assert repo.read("a.ipynb") == notebook("x = 1\n")


@BOTH
def test_what_is_not_staged_is_kept_and_not_looked_at(runner: str, tmp_path: Path) -> None:
    repo = repository(tmp_path, runner, "mlsec-check", "--mode", "all")
    repo.write("a.ipynb", notebook("x = 1\n", output=None))
    repo.git("add", "-A")
    later = notebook("x = 2\n")
    repo.write("a.ipynb", later)
    repo.git("commit", "-q", "-m", "x")
    assert repo.read("a.ipynb") == later
    assert repo.git("show", "HEAD:a.ipynb") + "\n" == notebook("x = 1\n", output=None)
    # the other way round: what is staged counts, whatever the file says now
    repo.git("add", "-A")
    repo.write("a.ipynb", notebook("x = 2\n", output=None))
    repo.refused("commit", "-m", "y")
    assert repo.read("a.ipynb") == notebook("x = 2\n", output=None)


@pytest.mark.skipif("MLSEC_TEST_HOOKS" not in os.environ, reason="set MLSEC_TEST_HOOKS: minutes")
@BOTH
def test_as_published(runner: str, tmp_path: Path) -> None:
    """From a clone of this repository, in an environment of its own."""
    clone, work = tmp_path / "clone", tmp_path / "work"
    work.mkdir()

    def run(cwd: Path, *command: str) -> tuple[int, str]:
        env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        env["PRE_COMMIT_HOME"] = env["PREK_HOME"] = str(tmp_path / "environments")
        done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    run(HOOKS.parent, "git", "clone", "-q", ".", str(clone))
    revision = run(clone, "git", "rev-parse", "HEAD")[1].strip()
    hooks = [{"id": "mlsec-scan"}, {"id": "mlsec-strip", "args": ["--mode", "all"]}]
    config = {"repos": [{"repo": str(clone), "rev": revision, "hooks": hooks}]}
    run(work, "git", "init", "-q")
    (work / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    (work / "a.ipynb").write_text(notebook("x = 1\n"))
    run(work, "git", "add", "-A")
    code, said = run(work, str(BIN / runner), "run", "--all-files")
    assert code == 1, said
    assert "a.ipynb: removed the execution count, the outputs" in said
    assert (work / "a.ipynb").read_text() == notebook("x = 1\n", output=None)
    run(work, "git", "add", "-A")
    assert run(work, str(BIN / runner), "run", "--all-files")[0] == 0
