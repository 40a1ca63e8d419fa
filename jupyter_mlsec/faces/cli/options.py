"""What the subcommands' options have in common."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_mlsec.core.config import Config


def add_color(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="colours and links (default: on a terminal, unless NO_COLOR is set)",
    )


def color(when: str) -> bool:
    """Whether to colour what goes to standard output."""
    if when == "auto":
        if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
            return False
        return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()
    return when == "always"


def terminal_width() -> int:
    """The columns to write for: the terminal's, or 100 where there is none."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or 100
    except (OSError, ValueError, AttributeError):
        return 100


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Help texts as wide as the terminal. argparse asks for one at each argument, and its own
    looks the width up by an import of three compression libraries."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=min(terminal_width(), 100) - 2)


def near(word: str, words: Iterable[str]) -> str | None:
    """A hint that names what was perhaps meant."""
    from difflib import get_close_matches

    found = get_close_matches(word, list(words), 1)
    return f"did you mean `{found[0]}`?" if found else None


def add_rules(parser: argparse.ArgumentParser) -> None:
    """The options that say which rules run and what is shown."""
    group = parser.add_argument_group("rules")
    group.add_argument(
        "--select", metavar="RULES", help="only these: ids, families, or rule:kind, by commas"
    )
    group.add_argument("--extend-select", metavar="RULES", help="these as well")
    group.add_argument("--ignore", metavar="RULES", help="not these")
    group.add_argument(
        "--profile",
        choices=("regular", "pedantic", "auditor"),
        help="regular: medium and up; pedantic: low and info too; auditor: low confidence too",
    )
    group.add_argument("--min-severity", metavar="LEVEL", help="show findings from this level up")
    group.add_argument(
        "--advisories", metavar="FILE", help="check packages by OSV's archive (docs/advisories.md)"
    )
    group.add_argument("--config", metavar="FILE", help="configuration, instead of the nearest")
    group.add_argument(
        "--exclude", metavar="GLOBS", help="leave these files and folders out, by commas"
    )


def configured(given: argparse.Namespace) -> Config:
    """The configuration from the nearest file with the options over it. Raises MlsecError."""
    from jupyter_mlsec.files.configuration import load
    from jupyter_mlsec.files.scanner import RuleNames

    names = RuleNames()
    config = load(names, file=given.config)
    baseline = getattr(given, "baseline", None)
    config = config.merge(_settings(given), names)
    if baseline:
        config = config._replace(baseline=baseline)
    _check_advisories(config)
    return config


def _check_advisories(config: Config) -> None:
    """Says so where the advisories are old. Raises MlsecError where they are needed or named, and
    can't be read: before the first file, not for each."""
    from jupyter_mlsec.files.cache import folder_of
    from jupyter_mlsec.files.scanner import known_advisories

    known = known_advisories(config, folder_of())
    if known and (days := known.age()) > known.OLD_DAYS:
        from jupyter_mlsec.files.advisories import REMEDY

        print(
            f"mlsec: the advisories end {days} days ago ({known.newest}): {REMEDY}", file=sys.stderr
        )


def _settings(given: argparse.Namespace) -> dict[str, object]:
    """The options given, as settings of the configuration; None where not given."""
    lists = ("select", "extend_select", "ignore", "exclude")
    plain = ("profile", "min_severity", "fail_on", "jobs", "advisories")
    result: dict[str, object] = {}
    for name in lists:
        value = getattr(given, name, None)
        result[name.replace("_", "-")] = value.split(",") if value else None
    for name in plain:
        result[name.replace("_", "-")] = getattr(given, name, None)
    if getattr(given, "no_cache", False):
        result["cache"] = False
    return result
