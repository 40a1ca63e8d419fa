"""Every command of the README and the tutorial, as a newcomer types it: one after the other, in an
empty home. What needs a network or a browser is checked for names, and run elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.documented import Step, missing, steps

ROOT = Path(__file__).parent.parent
EXTRAS = ("lab", "vault", "secrets", "nbqa", "detect-secrets")
_END = "=end="


class Shell:
    """A shell that stays in the folder it has gone to, with nothing of this machine's user."""

    def __init__(self, folder: Path) -> None:
        home = folder / "home"
        home.mkdir()
        kept = {
            k: v for k, v in os.environ.items() if not k.startswith(("MLSEC_", "VAULT_", "XDG"))
        }
        self.work = folder / "work"
        self.work.mkdir()
        environment = {
            **kept,
            "HOME": str(home),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}",
            "NO_COLOR": "1",
        }
        self.process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=self.work,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, command: str, stdin: str = "/dev/null") -> tuple[int, str]:
        """Exit code and what was printed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{{ {command}\n}} < {stdin} 2>&1\necho; echo {_END}$?\n")
        self.process.stdin.flush()
        printed = []
        for line in self.process.stdout:
            if line.startswith(_END):
                return int(line.removeprefix(_END)), "".join(printed)
            printed.append(line)
        raise AssertionError("the shell has ended")

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    started = Shell(tmp_path)
    yield started
    started.run("mlsec vault stop")
    started.close()


def by_name(step: Step) -> bool:
    """Whether a command is only checked for what it names."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    if step.command.startswith("make "):
        assert step.command.split()[1] in targets, step
    elif step.command.startswith("pip install "):
        extra = re.search(r"\[(\S+)\]", step.command)
        assert extra is None or extra[1] in EXTRAS, step
    return step.command.startswith(("make ", "pip install ", "jupyter lab"))


def check(shell: Shell, step: Step, source: str = "/dev/null") -> None:
    code, output = shell.run(step.command, source)
    # a scan that finds something ends with 1
    allowed = (0, 1) if re.match(r"mlsec (scan|fix|git (status|check))", step.command) else (0,)
    assert code in allowed, f"line {step.line}: {step.command} ended with {code}"
    absent = missing(step.printed, output)
    assert absent == [], f"line {step.line}: {step.command} does not print {absent}"


def test_the_tutorial(shell: Shell, tmp_path: Path) -> None:
    value = tmp_path / "value"
    value.write_text("a-made-up-value\n")
    for step in steps(ROOT / "docs" / "tutorial.md"):
        check(shell, step, str(value) if "secret set" in step.command else "/dev/null")


def test_the_readme(shell: Shell, tmp_path: Path) -> None:
    value = tmp_path / "value"
    value.write_text("a-made-up-value\n")
    shell.run("mlsec demo --keep . --format concise && cp churn-model.ipynb a.ipynb")
    shell.run("mkdir your-repository && git init -q your-repository")
    shell.run("git init -q -b main . && git config user.email you@localhost")
    shell.run("git config user.name you && git add . && git commit -qm x")
    shell.run("git update-ref refs/remotes/origin/main HEAD")
    found = list(steps(ROOT / "README.md"))
    assert len(found) > 20
    for step in found:
        if not by_name(step):
            check(shell, step, str(value) if "secret set" in step.command else "/dev/null")
