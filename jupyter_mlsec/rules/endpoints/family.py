"""What the rules about endpoints share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_mlsec.core.rule import family

if TYPE_CHECKING:
    from jupyter_mlsec.core.shellwords import Command

rule = family("endpoints")

IN_COMMANDS = ("python", "shell", "dockerfile")


def program(command: Command) -> str:
    """The name of the program that a command runs; of `python -m x`, it is `python -m x`."""
    argv = [word.text for word in command.argv]
    if not argv:
        return ""
    name = argv[0].rpartition("/")[2]
    if name.startswith("python") and len(argv) > 2 and argv[1] == "-m":
        return f"python -m {argv[2]}"
    return name
