"""`python -m mlsec`, under the name that `nbqa mlsec` looks for."""

from __future__ import annotations

import sys

from jupyter_mlsec.__main__ import run

if __name__ == "__main__":
    sys.exit(run())
