"""`mlsec enable`: `%mlsec_secret` in every kernel of this environment, without `%load_ext`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from jupyter_mlsec.credentials import autoload


def run(arguments: Sequence[str]) -> int:
    """Add the entry to IPython's configuration."""
    given = parser("enable", "Load %mlsec_secret in every kernel.").parse_args(arguments)
    file, changed = autoload.enable(given.user)
    if changed:
        print(f"Every IPython kernel that starts from now on has %mlsec_secret ({file}).")
        print("`mlsec disable` takes it out again.")
    else:
        print(f"It is there already ({file}).")
    return 0


def parser(command: str, description: str) -> argparse.ArgumentParser:
    """The options that `enable` and `disable` share."""
    made = argparse.ArgumentParser(prog=f"mlsec {command}", description=description)
    made.add_argument(
        "--user",
        action="store_true",
        help="your default IPython profile, whatever the environment (default: this environment)",
    )
    return made
