"""Running git: one way to start it, and one clear line for each way it fails."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from jupyter_mlsec.core.errors import MlsecError

if TYPE_CHECKING:
    from subprocess import CompletedProcess

# The repository's own configuration must not make git run a program while we only look.
GIT = ("git", "-c", "core.fsmonitor=false", "--no-optional-locks")


def output(cwd: str, *arguments: str, stdin: bytes = b"") -> bytes:
    """What a git command prints. Raises MlsecError with git's own reason if it fails."""
    done = run(cwd, *arguments, stdin=stdin)
    if done.returncode == 0:
        return done.stdout
    reason = done.stderr.decode("utf-8", "replace").partition("\n")[0].removeprefix("fatal: ")
    if reason.startswith("not a git repository"):
        raise MlsecError(f"{cwd} is in no git repository", "run this inside a repository")
    raise MlsecError(f"git {arguments[0]} failed: {reason or f'exit code {done.returncode}'}")


def line(cwd: str, *arguments: str) -> str:
    """The one line that a git command prints; Raises MlsecError as `output` does."""
    return os.fsdecode(output(cwd, *arguments).rstrip(b"\r\n"))


def top(cwd: str) -> str:
    """The top folder of the working tree that `cwd` is in."""
    return os.path.abspath(line(cwd, "rev-parse", "--show-toplevel"))


def run(cwd: str, *arguments: str, stdin: bytes = b"") -> CompletedProcess[bytes]:
    """A git command that has ended, whatever its exit code. Raises MlsecError without a git."""
    from subprocess import run as start

    try:
        return start(  # noqa: S603 - no shell; a ref that looks like an option is refused
            [*GIT, *arguments],
            cwd=cwd,
            input=stdin,
            capture_output=True,
            env={**os.environ, "LC_ALL": "C"},
            check=False,
        )
    except FileNotFoundError:
        if not os.path.isdir(cwd):
            raise MlsecError(f"there is no folder {cwd}") from None
        raise MlsecError("git is not installed, or not on the PATH", "install git") from None
    except OSError as error:
        raise MlsecError(f"git cannot be started: {error.strerror}") from None
