"""`mlsec explain RULE`: what a rule means, in the terminal."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.faces.cli import options


def run(arguments: Sequence[str]) -> int:
    """Print the documentation of the rules named. Raises MlsecError for an unknown name."""
    parser = argparse.ArgumentParser(
        prog="mlsec explain", description="What a rule means, why, and how to mend what it finds."
    )
    parser.add_argument("rule", nargs="+", help="a rule's id, such as unpinned-install")
    options.add_color(parser)
    given = parser.parse_args(arguments)
    from jupyter_mlsec.report.docs import explain
    from jupyter_mlsec.rules import BY_ID, detect_secrets

    for name in given.rule:
        rule = BY_ID.get(name.partition(":")[0])
        if name == detect_secrets.ID:
            rule = detect_secrets.plugin_rule()
        if rule is None:
            raise MlsecError(f"no rule is called {name!r}", options.near(name, BY_ID))
        print(explain(rule, options.color(given.color)))
    return 0
