"""`mlsec vault`: a Vault of one's own, for who has none."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from jupyter_mlsec.credentials import embedded
from jupyter_mlsec.faces.cli import options

_EPILOG = """\
It is OpenBao, which speaks Vault's language, on this machine and for you alone: data in your data
folder, TLS on the loopback, unlocked by a key in the OS keyring, or in a file that only you can
read. Notebooks find it by themselves; VAULT_ADDR, if it is set, goes before it.
"""


def run(arguments: Sequence[str]) -> int:
    """Start, show or stop it; 1 where `status` or `stop` find none running."""
    given = _arguments(arguments)
    if given.action == "start":
        print("starting (a first start takes some seconds)", file=sys.stderr)
        print(_shown(embedded.start(ephemeral=given.ephemeral)))
        print("next: mlsec secret set kv/ml/openai#api_key", file=sys.stderr)
        return 0
    if given.action == "stop":
        stopped = embedded.stop()
        print("stopped" if stopped else "none is running")
        return 0 if stopped else 1
    running = embedded.find()
    if running is None:
        print("stopped; `mlsec vault start` starts it" if embedded.exists() else "there is none")
        return 1
    print(_shown(running))
    return 0


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="mlsec vault",
        description="A Vault of your own, on this machine.",
        epilog=_EPILOG,
        formatter_class=options.Formatter,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    start = actions.add_parser("start", help="start it; nothing happens if it runs")
    start.add_argument(
        "--ephemeral", action="store_true", help="in memory: all is gone when it stops"
    )
    actions.add_parser("status", help="where it runs, and where its data and keys are")
    actions.add_parser("stop", help="stop it; what it keeps stays, unless it is ephemeral")
    return parser.parse_args(arguments)


def _shown(running: embedded.Embedded) -> str:
    data = "in memory" if running.in_memory else running.folder
    return (
        f"running: {running.address} (process {running.pid})\n"
        f"data: {data}\nunlocked by: {running.keys_in}\nCA: {running.ca_file}"
    )
