"""What the rules about the environment share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_mlsec.core.rule import family

if TYPE_CHECKING:
    from jupyter_mlsec.core.shellwords import Command

rule = family("environment")

IN_COMMANDS = ("python", "shell", "dockerfile")


def program(command: Command) -> str:
    """The name of the program that a command runs."""
    argv = command.argv
    return argv[0].text.rpartition("/")[2] if argv else ""
