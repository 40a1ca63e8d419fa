"""`python -m jupyter_mlsec`: the command line without its script."""

from __future__ import annotations

import sys

from jupyter_mlsec.faces.cli import program

if __name__ == "__main__":
    sys.exit(program())
