"""`mlsec demo`: a scan of example notebooks, whose leaks are made up when it runs, and one of them
committed through the git filter, and a key from a Vault."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from random import SystemRandom
from tempfile import TemporaryDirectory

from jupyter_mlsec.core.formats import sample
from jupyter_mlsec.core.patterns import lazy

EXAMPLES = Path(__file__).parent.parent / "demo"
_MADE_UP = lazy(r"\[\[(\w+)(?:=(.+?))?\]\]")


def run(arguments: Sequence[str]) -> int:
    """Show what the tool finds, and with which command. Always 0: findings are the point."""
    parser = argparse.ArgumentParser(
        prog="mlsec demo",
        description="Scan example notebooks with made-up leaks, and commit one through the "
        "git filter. Options of `mlsec scan` show the scan alone.",
    )
    parser.add_argument("--keep", metavar="FOLDER", help="write the examples there and keep them")
    parser.add_argument(
        "--lab",
        action="store_true",
        help="start JupyterLab on the examples, with a Vault that is gone when it ends; further "
        "options are JupyterLab's",
    )
    given, rest = parser.parse_known_args(arguments)
    if given.lab:
        return _lab(given.keep, rest)
    from jupyter_mlsec.faces.cli import scan

    with TemporaryDirectory(prefix="mlsec-demo-") as temporary:
        folder = Path(given.keep or temporary)
        write_examples(folder)
        before = Path.cwd()
        os.chdir(folder)
        try:
            print("$ mlsec scan .\n")
            scan.run([".", "--no-cache", *rest])
        finally:
            os.chdir(before)
        if not rest:
            from jupyter_mlsec.faces.cli import demo_git, demo_secrets

            demo_git.show(folder.resolve(), Path(temporary) / "repository")
            demo_secrets.show(Path(temporary) / "secrets")
            print("\nIn JupyterLab: make lab, or mlsec demo --lab")
    return 0


def _lab(keep: str | None, options: Sequence[str]) -> int:
    from jupyter_mlsec.faces.cli import demo_lab

    with TemporaryDirectory(prefix="mlsec-demo-") as temporary:
        folder = Path(keep or f"{temporary}/notebooks").resolve()
        write_examples(folder)
        write_examples(folder, demo_lab.START)
        return demo_lab.run(folder, Path(temporary) / "vault", options)


def write_examples(folder: Path, examples: Path = EXAMPLES) -> None:
    """Copy the examples, their credentials filled with random characters."""
    folder.mkdir(parents=True, exist_ok=True)
    for example in sorted(examples.iterdir()):
        text = example.read_text(encoding="utf-8")
        folder.joinpath(example.name).write_text(_filled(text), encoding="utf-8")


def _filled(text: str) -> str:
    """The text with a credential made up for each `[[name=format]]`, repeated at `[[name]]`."""
    random = SystemRandom()
    values = {name: sample(format, random) for name, format in _MADE_UP.findall(text) if format}
    return _MADE_UP.sub(lambda match: values[match[1]], text)
