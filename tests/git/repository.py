"""A repository with the filter set up, in which real git is run and nothing of this machine is."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from jupyter_mlsec.git.install import install

# What must not get into git: no secret, only the text of an output.
MARK = "an-output-that-stays-here"

# Names the folder of compiled patterns that all tests share: each set of rules takes seconds.
PATTERNS = "TESTS_PATTERNS"


def environment(top: Path) -> dict[str, str]:
    """An environment with a home of its own below `top`, and no configuration of the machine."""
    home = top / "home"
    home.mkdir(exist_ok=True)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "MLSEC_", "JUPYTER_"))}
    return {
        **kept,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "MLSEC_CACHE_DIR": os.environ[PATTERNS],
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CEILING_DIRECTORIES": str(top),
        "GIT_EDITOR": "true",
        "GIT_AUTHOR_NAME": "A",
        "GIT_AUTHOR_EMAIL": "a@example.com",
        "GIT_COMMITTER_NAME": "A",
        "GIT_COMMITTER_EMAIL": "a@example.com",
    }


class Repository:
    """One working tree. `git` fails the test if git does, unless told otherwise."""

    def __init__(self, path: Path, env: Mapping[str, str]) -> None:
        self.path = path
        self.env = dict(env)

    @classmethod
    def new(cls, top: Path, name: str = "work", **settings: str) -> Repository:
        """A new one, with the filter for these settings."""
        made = cls(top / name, environment(top))
        made.path.mkdir(parents=True)
        made.git("init", "-q", "-b", "main")
        made.install(**settings)
        return made

    def install(self, **settings: str) -> None:
        install(str(self.path), {key.replace("_", "-"): value for key, value in settings.items()})

    def run(
        self, *command: str, stdin: bytes = b"", env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            command,
            cwd=self.path,
            env={**self.env, **(env or {})},
            input=stdin,
            capture_output=True,
            timeout=60,
        )

    def git(self, *arguments: str, **options: Mapping[str, str]) -> str:
        done = self.run("git", *arguments, env=options.get("env"))
        assert done.returncode == 0, done.stderr.decode()
        return os.fsdecode(done.stdout).rstrip("\n")

    def refused(self, *arguments: str) -> str:
        """What a git command says that must fail."""
        done = self.run("git", *arguments)
        assert done.returncode != 0
        return done.stderr.decode()

    def write(self, name: str, data: bytes | str) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    def read(self, name: str) -> str:
        return (self.path / name).read_text("utf-8")

    def commit(self, message: str = "x") -> str:
        """Everything committed; gives the commit."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def status(self) -> str:
        return self.git("status", "--porcelain")

    def staged(self, name: str) -> bytes:
        done = self.run("git", "cat-file", "blob", f":{name}")
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def leaks(self, *marks: str) -> bool:
        """Whether a text is in any object that git has, reachable or not, or below .git/mlsec."""
        folder = self.git("rev-parse", "--path-format=absolute", "--git-common-dir")
        done = self.run("git", "cat-file", "--batch", "--batch-all-objects")
        texts = [done.stdout, *_files(Path(folder) / "lost-found")]
        return any(mark.encode() in text for mark in marks or (MARK,) for text in texts)

    def settle(self) -> None:
        """Wait until outputs are kept, which goes on after git has ended."""
        lock = self.path / ".git/mlsec/lock"
        if lock.exists():
            with lock.open("rb+") as opened:
                fcntl.flock(opened, fcntl.LOCK_EX)

    def healthy(self) -> bool:
        return self.run("git", "fsck", "--strict").returncode == 0


def _files(folder: Path) -> Iterable[bytes]:
    return (path.read_bytes() for path in folder.rglob("*") if path.is_file())


def notebook(*sources: str, output: str | Sequence[str] | None = MARK, **metadata: object) -> str:
    """A notebook as Jupyter writes it: each source with one line of output, or none."""
    outputs = [output] * len(sources) if output is None or isinstance(output, str) else output
    cells = [
        {
            "cell_type": "code",
            "execution_count": None if text is None else number,
            "id": f"cell-{number}",
            "metadata": {},
            "outputs": [] if text is None else [_stream(text)],
            "source": source.splitlines(keepends=True),
        }
        for number, (source, text) in enumerate(zip(sources, outputs, strict=True), 1)
    ]
    whole = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _stream(text: str) -> dict[str, object]:
    return {"name": "stdout", "output_type": "stream", "text": [text + "\n"]}


def copy(template: Repository, top: Path) -> Repository:
    """A copy of a repository that a test may change."""
    shutil.copytree(template.path, top / "work", symlinks=True)
    return Repository(top / "work", environment(top))


def wait_for(done: Callable[[], bool]) -> None:
    """Until something that goes on after git has ended is done."""
    end = time.monotonic() + 20
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)
