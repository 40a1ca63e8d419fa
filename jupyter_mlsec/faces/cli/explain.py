"""`mlsec explain RULE`: what a rule or a kind of credential means, in the terminal."""

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
    parser.add_argument(
        "rule", nargs="+", help="a rule's id, such as unpinned-install, or a kind's"
    )
    options.add_color(parser)
    given = parser.parse_args(arguments)
    for name in given.rule:
        print(_explained(name, options.color(given.color)))
    return 0


def _explained(name: str, color: bool) -> str:
    from jupyter_mlsec.report.docs import explain, explain_kind
    from jupyter_mlsec.rules import BY_ID, detect_secrets
    from jupyter_mlsec.rules.secrets import KINDS

    if name == detect_secrets.ID:
        return explain(detect_secrets.plugin_rule(), color)
    if name in BY_ID:
        return explain(BY_ID[name], color)
    kinds = {kind.id: kind for kind in KINDS}
    word = name.removeprefix("provider-token:")
    if word in kinds:
        return explain_kind(kinds[word], color)
    raise MlsecError(f"no rule or kind is called {name!r}", options.near(word, (*BY_ID, *kinds)))
