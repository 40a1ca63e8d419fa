"""The command line as a user meets it: a process, a folder, and nothing of this machine's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from jupyter_mlsec.core.formats import sample

_MACHINE = ("GIT_", "MLSEC_", "JUPYTER_", "NO_COLOR", "FORCE_COLOR", "PYTHONSAFEPATH")


@dataclass(frozen=True)
class Outcome:
    """What a process did. Its outputs are not part of the representation: a failing test must
    not show what a failing mask would."""

    code: int
    out: str = field(repr=False)
    err: str = field(repr=False)

    @property
    def report(self) -> dict[str, Any]:
        return dict(json.loads(self.out))

    @property
    def rules(self) -> list[str]:
        """The rules of the findings that are not suppressed, in order."""
        return [f["rule"] for f in self.report["findings"] if f["suppressed"] is None]

    @property
    def paths(self) -> list[str]:
        """The files with findings that are not suppressed."""
        found = self.report["findings"]
        return sorted({f["path"] for f in found if f["suppressed"] is None})

    def shows(self, *values: str) -> bool:
        """Whether one of these values is in what was printed."""
        return any(value in text for value in values for text in (self.out, self.err))


class Folder:
    """A working folder with its own home and caches, in which `mlsec` is run."""

    def __init__(self, top: Path) -> None:
        self.path = top / "work"
        self.home = top / "home"
        self.cache = top / "cache"
        for folder in (self.path, self.home):
            folder.mkdir()

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def read(self, name: str) -> bytes:
        return (self.path / name).read_bytes()

    def environment(self, changes: Mapping[str, str] | None = None) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(_MACHINE)}
        own = {
            "HOME": str(self.home),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "MLSEC_CACHE_DIR": str(self.cache),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CEILING_DIRECTORIES": str(self.path.parent),
        }
        return {**kept, **own, **(changes or {})}

    def mlsec(
        self,
        *arguments: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        cwd: str = ".",
    ) -> Outcome:
        """A run of the command line, which must never end in a traceback."""
        done = subprocess.run(
            [sys.executable, "-m", "jupyter_mlsec", *arguments],
            input=stdin,
            capture_output=True,
            cwd=self.path / cwd,
            env=self.environment(env),
            timeout=60,
        )
        outcome = Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert not outcome.shows("Traceback", "internal error")
        return outcome

    def scan(self, *arguments: str, **options: Any) -> Outcome:
        """A scan with a JSON report."""
        return self.mlsec("scan", "--format", "json", *arguments, **options)

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=A", "-c", "user.email=a@example.com")
        command = ["git", *who, *arguments]
        done = subprocess.run(
            command, cwd=self.path, env=self.environment(), check=True, capture_output=True
        )
        return done.stdout.decode().strip()

    def commit(self) -> str:
        """All files committed; gives the commit."""
        if not (self.path / ".git").exists():
            self.git("init", "-q", "-b", "main")
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "x")
        return self.git("rev-parse", "HEAD")


def token(seed: int = 1) -> str:
    """A made-up token of Hugging Face."""
    return sample("hf_{an:34}", Random(seed))


def notebook(*cells: str | Mapping[str, Any], **top: Any) -> str:
    """The text of a notebook of sources, or of whole cells, as Jupyter writes it."""
    made = [cell(c) if isinstance(c, str) else c for c in cells]
    whole = {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **top}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def cell(source: str, *outputs: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A code cell."""
    made: dict[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": list(outputs),
        "source": source.splitlines(keepends=True),
    }
    return {**made, **more}


def leak(seed: int = 1) -> str:
    """A notebook with one token in its only cell."""
    return notebook(f'client = Client("{token(seed)}")\n')
