"""`mlsec disable`: undoes `mlsec enable`."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_mlsec.credentials import autoload
from jupyter_mlsec.faces.cli.enable import parser


def run(arguments: Sequence[str]) -> int:
    """Take the entry out of IPython's configuration."""
    given = parser("disable", "Undo `mlsec enable`.").parse_args(arguments)
    file, found = autoload.disable(given.user)
    print(f"Taken out of {file}." if found else f"It is not there ({file}).")
    return 0
