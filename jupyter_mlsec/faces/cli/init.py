"""`mlsec init`: everything that a repository needs, shown first, done at once, and undone."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from jupyter_mlsec.core.config import Config
from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.model import Finding, Severity
from jupyter_mlsec.faces.cli import options
from jupyter_mlsec.files import adopting
from jupyter_mlsec.files.adopting import Added

_RECORD = "mlsec-init.json"
_EPILOG = """\
Shows what it is about to do and asks. What a repository has already stays as it is: settings, a
baseline, hooks, another filter for notebooks. `mlsec init --undo` takes back what it has added,
where nobody has changed it since.
"""


class Plan(NamedTuple):
    """What is to be done: text in files, and whether to set up the git filter."""

    added: tuple[Added, ...]
    filter: bool
    known: int
    leaks: int


def run(arguments: Sequence[str]) -> int:
    """Set a repository up, or undo that; 0 if it was done, 1 if it was not."""
    given = _arguments(arguments)
    from jupyter_mlsec.git import command

    top = command.top(os.getcwd())
    record = command.line(top, "rev-parse", "--git-path", _RECORD)
    record = os.path.join(top, record)
    os.chdir(top)  # findings in a baseline are relative to its folder
    if given.undo:
        return _undo(top, record)
    if os.path.exists(record):
        print("mlsec init was run here already; `mlsec init --undo` takes it back")
        return 0
    plan = _plan(top, given)
    _show(top, plan)
    if not plan.added and not plan.filter:
        return 0
    if given.dry_run or not (given.yes or _agreed()):
        print("Nothing was changed.")
        return 0 if given.dry_run else 1
    _do(top, plan, given.mode, record)
    return 0


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="mlsec init",
        description="Set a repository up: settings, a baseline, a hook, the git filter.",
        epilog=_EPILOG,
        formatter_class=options.Formatter,
    )
    parser.add_argument("--yes", "-y", action="store_true", help="do it without asking")
    parser.add_argument("--dry-run", "-n", action="store_true", help="only show what would be done")
    parser.add_argument("--undo", action="store_true", help="take back what an earlier run added")
    parser.add_argument(
        "--mode",
        choices=("sensitive", "all"),
        help="what the git filter takes out of outputs (default: sensitive)",
    )
    parser.add_argument("--no-filter", action="store_true", help="leave the git filter out")
    parser.add_argument("--no-pre-commit", action="store_true", help="leave the hook out")
    parser.add_argument("--no-baseline", action="store_true", help="accept no finding as known")
    return parser.parse_args(arguments)


def _plan(top: str, given: argparse.Namespace) -> Plan:
    from jupyter_mlsec.files.configuration import find

    configured = find(top)
    table: list[str] = []
    baseline: Added | None = None
    findings: list[Finding] = []
    if configured is None and not given.no_baseline:
        findings = _findings()
        if findings:
            baseline = _baseline(top, findings)
            table.append(f'baseline = "{adopting.BASELINE}"')
    if configured is None and given.mode == "all":
        table += ["", "[strip]", 'mode = "all"']
    hook = None if given.no_pre_commit else adopting.hook(top)
    added = (adopting.settings(top, table) if configured is None else None, baseline, hook)
    leaks = sum(finding.family == "secrets" for finding in findings)
    kept = tuple(one for one in added if one is not None)
    return Plan(kept, not given.no_filter and not _filtered(top), len(findings), leaks)


def _filtered(top: str) -> bool:
    """Whether our filter, or another, is set up for notebooks already."""
    from jupyter_mlsec.git.install import ANY, attributes_of, configured

    other = attributes_of(top, [ANY])[ANY].get("filter", "unspecified")
    return bool(configured(top, "local")) or other not in ("unspecified", "unset")


def _findings() -> list[Finding]:
    from jupyter_mlsec.faces.cli.scan import scanned
    from jupyter_mlsec.files.source import Source
    from jupyter_mlsec.files.walk import discover

    config = Config(root=os.getcwd())
    sources = [found for found in discover(["."], config) if isinstance(found, Source)]
    results = scanned(sources, config, quiet=False)
    return [f for result in results for f in result.findings if f.suppressed is None]


def _baseline(top: str, findings: Sequence[Finding]) -> Added:
    from jupyter_mlsec.core.baseline import dump

    levels = Counter(finding.severity for finding in findings)
    shown = ", ".join(f"{levels[s]} {s.label}" for s in sorted(Severity, reverse=True) if levels[s])
    text = dump(findings, "").decode("utf-8")
    why = f"what is found now ({shown}): later scans report what is new"
    return Added(adopting.BASELINE, text, True, why)


def _show(top: str, plan: Plan) -> None:
    rows = [(a.path, "new" if a.new else f"+{a.text.count(chr(10))}", a.why) for a in plan.added]
    if plan.filter:
        why = "git commits notebooks without what is sensitive in outputs"
        rows.append((".gitattributes", "+2", why))
        rows.append((".git/config", "", "the filter behind it, for this clone"))
    if not rows:
        print("There is nothing to set up: settings, hook and filter are there.")
        return
    print(f"In {top}:\n")
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for path, size, why in rows:
        print(f"  {path:<{widths[0]}}  {size:<{widths[1]}}  {why}")
    print()
    if plan.leaks:
        print(
            f"{plan.leaks} of what is found are credentials. A baseline only silences them: revoke "
            "them,\nand see `mlsec scan --select secrets --show-suppressed`.\n"
        )


def _agreed() -> bool:
    if not sys.stdin.isatty():
        print("mlsec: nobody to ask; say --yes to do it", file=sys.stderr)
        return False
    try:
        return input("Do it? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _do(top: str, plan: Plan, mode: str | None, record: str) -> None:
    """Everything, or nothing: where one step fails, those before it are taken back."""
    done: list[Added] = []
    try:
        for added in plan.added:
            adopting.write(top, added)
            done.append(added)
        if plan.filter:
            _install(top, mode)
    except MlsecError:
        for added in reversed(done):
            adopting.take_back(top, added)
        if plan.filter:
            _uninstall(top)
        raise
    content = {"added": [one._asdict() for one in plan.added], "filter": plan.filter}
    with open(record, "w", encoding="utf-8") as file:
        json.dump(content, file)
    print("Done. `mlsec scan` reports what is new; `mlsec init --undo` takes all this back.")
    paths = [one.path for one in plan.added] + ([".gitattributes"] if plan.filter else [])
    print(f"To share it: git add {' '.join(paths)} && git commit")
    if plan.filter:
        print("In each other clone: mlsec git install --attributes .gitattributes")


def _install(top: str, mode: str | None) -> None:
    from jupyter_mlsec.git.install import install

    file = os.path.join(top, ".gitattributes")
    settings = {"mode": mode} if mode else {}
    for note in install(top, settings, attributes_file=file).notes:
        print(f"mlsec: {note}", file=sys.stderr)


def _uninstall(top: str) -> None:
    from jupyter_mlsec.git.install import uninstall

    file = os.path.join(top, ".gitattributes")
    uninstall(top, attributes_file=file if os.path.isfile(file) else None)


def _undo(top: str, record: str) -> int:
    try:
        with open(record, encoding="utf-8") as file:
            content = json.load(file)
        added = [Added(**one) for one in content["added"]]
    except FileNotFoundError:
        raise MlsecError(
            "there is nothing to take back: `mlsec init` was not run in this clone",
            "`mlsec git uninstall` takes out the filter",
        ) from None
    except (OSError, ValueError, KeyError, TypeError):
        raise MlsecError(f"{record} can't be read", "remove it, and what it was about") from None
    kept = [one.path for one in reversed(added) if not adopting.take_back(top, one)]
    if content.get("filter"):
        _uninstall(top)
    os.unlink(record)
    for path in kept:
        print(f"mlsec: {path} was changed since, and stays as it is", file=sys.stderr)
    print("Taken back." if not kept else "The rest is taken back.")
    return 1 if kept else 0
