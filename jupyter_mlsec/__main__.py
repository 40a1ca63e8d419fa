"""`python -m jupyter_mlsec`: the command line without its script.

Files in the place of a command are scanned and reported a line a finding, as nbqa expects it of
any linter: `nbqa mlsec a.ipynb` runs `python -m mlsec` on a script made of the notebook's cells.
"""

from __future__ import annotations

import os
import sys

from jupyter_mlsec.faces.cli import COMMANDS, program


def run() -> int:
    """Run the command line of this process; the exit code."""
    given = sys.argv[1:]
    if given and given[0] not in COMMANDS and os.path.isfile(given[0]):
        given = ["scan", "--format", "concise", *given]
    return program(given)


if __name__ == "__main__":
    sys.exit(run())
