"""`mlsec git`: set up the filter that keeps what is sensitive out of commits, and look after it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_mlsec.git.health import Health

_EPILOG = """\
Start with `mlsec git install` in a repository. From then on `git add` takes notebooks without
what is sensitive in them; the files themselves stay as they are.

In .gitattributes, `filter=mlsec` goes by the settings of the repository, `filter=mlsec-all` and
`filter=mlsec-sensitive` always by one mode, and `-filter` leaves a notebook alone.
"""


def run(arguments: Sequence[str]) -> int:
    """Run one of the subcommands; 0 if all is well, 1 if something is left to do."""
    given = list(arguments)
    if given[:1] == ["filter"]:
        from jupyter_mlsec.faces.git_filter import main

        return main(given[1:])
    parsed = _parser().parse_args(given)
    action = {
        "install": _install,
        "uninstall": _uninstall,
        "status": _status,
        "doctor": _doctor,
        "refresh": _refresh,
        "purge": _purge,
        "check": _check,
    }[parsed.action]
    return action(parsed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mlsec git",
        description="Keep what is sensitive in notebooks out of commits.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    install = actions.add_parser("install", help="set the filter up; again is harmless")
    install.add_argument(
        "--mode",
        choices=("sensitive", "all"),
        help="sensitive: outputs stay, except what is sensitive; all: no output is committed "
        "(default: as the configuration says, else sensitive)",
    )
    install.add_argument(
        "--from-nbstripout", action="store_true", help="take over what nbstripout was set up for"
    )
    install.add_argument(
        "--no-local-outputs",
        action="store_true",
        help="mode all: do not keep outputs below .git to bring them back after a checkout",
    )
    uninstall = actions.add_parser("uninstall", help="take the filter out again")
    for added in (install, uninstall):
        _add_scope(added)
    actions.add_parser("status", help="say whether the filter is set up, and what it covers")
    doctor = actions.add_parser("doctor", help="find what is wrong with it, and repair it")
    doctor.add_argument("--check", action="store_true", help="only find; exit 1 if anything is")
    refresh = actions.add_parser(
        "refresh", help="have git see that only outputs changed in what it calls modified"
    )
    refresh.add_argument("paths", nargs="*", help="notebooks (default: all of the repository)")
    actions.add_parser("purge", help="forget the outputs that are kept below .git")
    actions.add_parser("check", help="refuse what is staged and not fit for a commit (for hooks)")
    return parser


def _add_scope(parser: argparse.ArgumentParser) -> None:
    scope = parser.add_mutually_exclusive_group()
    for name, whose in (
        ("local", "this repository (default)"),
        ("global", "all repositories of this user"),
        ("system", "all repositories of this machine"),
    ):
        scope.add_argument(
            f"--{name}", dest="scope", action="store_const", const=name, help=f"for {whose}"
        )
    parser.set_defaults(scope="local")
    parser.add_argument(
        "--shared-hooks",
        action="store_true",
        help="also the hooks where core.hooksPath points: of all repositories that use it",
    )
    parser.add_argument(
        "--attributes",
        metavar="FILE",
        help="the attributes file to write, such as .gitattributes to share it "
        "(default: .git/info/attributes, or the user's or machine's own)",
    )


def _install(given: argparse.Namespace) -> int:
    from jupyter_mlsec.git.install import install

    settings = {"mode": given.mode} if given.mode else {}
    if given.no_local_outputs:
        settings["local-outputs"] = "no"
    done = install(
        os.getcwd(),
        settings,
        scope=given.scope,
        attributes_file=given.attributes and os.path.abspath(given.attributes),
        from_nbstripout=given.from_nbstripout,
        shared_hooks=given.shared_hooks,
    )
    print(f"The filter is set up ({given.scope}; {_shown(done.attributes)}).")
    for note in done.notes:
        print(f"mlsec: {note}", file=sys.stderr)
    if given.scope == "local" and _tracks_notebooks():
        print("Notebooks that are committed already change when they are staged next. All at once:")
        print("git add --renormalize . && git commit. What is in git's history stays there.")
    return 0


def _tracks_notebooks() -> bool:
    from jupyter_mlsec.git import command

    return bool(command.output(os.getcwd(), "ls-files", "-z", "--", "*.ipynb"))


def _uninstall(given: argparse.Namespace) -> int:
    from jupyter_mlsec.git.install import uninstall

    file = given.attributes and os.path.abspath(given.attributes)
    found = uninstall(
        os.getcwd(),
        scope=given.scope,
        attributes_file=file,
        shared_hooks=given.shared_hooks,
    )
    if given.scope == "local":
        from jupyter_mlsec.git import command
        from jupyter_mlsec.git.health import purge

        purge(command.top(os.getcwd()))
    print("The filter is taken out." if found else f"Nothing was set up ({given.scope}).")
    return 0


def _status(given: argparse.Namespace) -> int:
    from jupyter_mlsec.git.health import examine

    health = examine(os.getcwd())
    _tell(health)
    return int(bool(health.problems))


def _doctor(given: argparse.Namespace) -> int:
    from jupyter_mlsec.git.health import examine, repair

    health = examine(os.getcwd())
    if health.repairable and not given.check:
        for problem in health.problems:
            print(f"found: {problem}")
        for note in repair(os.getcwd(), health):
            print(f"mlsec: {note}", file=sys.stderr)
        health = examine(os.getcwd())
        print("repaired")
    _tell(health)
    return int(bool(health.problems))


def _tell(health: Health) -> None:
    from jupyter_mlsec.git.driver import HOOKS

    if health.scope:
        told = {key: value for key, value in health.settings.items() if key != HOOKS}
        settings = " ".join(f"{key}={value}" for key, value in told.items())
        print(f"filter:    set up ({health.scope}), {settings or 'as the configuration says'}")
    else:
        print("filter:    not set up")
    total = len(health.covered) + len(health.uncovered)
    left = f"; left out: {', '.join(health.uncovered[:5])}" if health.uncovered else ""
    print(f"notebooks: {len(health.covered)} of {total} pass through it{left}")
    print(f"hook:      {'checks each commit' if health.hook else 'none'}")
    print(f"outputs:   {health.kept / 1e6:.1f} MB kept below .git")
    for problem in health.problems:
        print(f"problem:   {problem}")


def _refresh(given: argparse.Namespace) -> int:
    from jupyter_mlsec.git.refresh import refresh

    for path in refresh(os.getcwd(), given.paths or None):
        print(path)
    return 0


def _purge(given: argparse.Namespace) -> int:
    from jupyter_mlsec.git import command
    from jupyter_mlsec.git.health import purge

    size = purge(command.top(os.getcwd()))
    print(f"{size / 1e6:.1f} MB of outputs forgotten")
    return 0


def _check(given: argparse.Namespace) -> int:
    from jupyter_mlsec.faces.git_filter import main

    return main(["check"])


def _shown(path: str) -> str:
    from jupyter_mlsec.files.source import shown

    return shown(path, os.getcwd())
