"""Which git command asks the filter: git does not say it, but its command line does.

Part of the filter's start path, though only where something is refused or restored.
"""

import os

# The git commands that only compare files with what git has.
_LOOKS = frozenset(("status", "diff", "blame"))
# Those that also write files, and with which options they put them into objects first.
_WRITES = frozenset(("checkout", "switch", "restore", "reset"))
_PUTS = ("--me", "--pa", "--conf")  # --merge, --patch, --conflict, as short as git takes them
_PUTS_SHORT = frozenset("mp")


def for_archive() -> bool:
    """Whether git makes an archive: what it packs is for others, without local outputs."""
    return git_command()[:1] == ["archive"]


def only_looks() -> bool:
    """Whether the git that asks only compares, and puts nothing of the file into an object.

    `git add -p` and `git stash` go by other commands, such as diff-files.
    """
    command, *options = git_command() or [""]
    if command in _WRITES:
        return not any(
            option.startswith(_PUTS)
            or (option.startswith("-") and option[1:2] != "-" and _PUTS_SHORT & {*option})
            for option in options
        )
    return command in _LOOKS


def git_command() -> "list[str]":
    """The git command that started this process and what follows it; empty if nobody knows."""
    words = _parent()
    while words := words[1:]:
        if not words[0].startswith("-"):
            return words
        if words[0] in ("-c", "-C", "--git-dir", "--work-tree", "--namespace", "--config-env"):
            words = words[1:]
    return []


def _parent() -> "list[str]":
    """The words of the command line that started this process; none on Windows."""
    try:
        with open(f"/proc/{os.getppid()}/cmdline", "rb") as file:
            return os.fsdecode(file.read()).split("\0")[:-1]
    except OSError:
        from subprocess import run

        command = ("ps", "-o", "args=", "-p", str(os.getppid()))
        try:
            return os.fsdecode(run(command, capture_output=True, check=False).stdout).split()  # noqa: S603
        except OSError:
            return []
