"""`mlsec fix`: mend what can be mended, in the bytes of the file."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache, partial

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.findings import mask
from jupyter_mlsec.core.fixes import Fixed, MakeContext, fix_bytes
from jupyter_mlsec.core.model import Document, ScanError
from jupyter_mlsec.core.view import Context
from jupyter_mlsec.faces.cli import options
from jupyter_mlsec.files.downloads import digest_of
from jupyter_mlsec.files.hub import cached_commit
from jupyter_mlsec.files.versions import Versions, from_choice
from jupyter_mlsec.files.writing import replace

_EPILOG = """\
Safe fixes keep what the code does. --unsafe takes the others too, such as a credential read from
the environment instead of the notebook, which must then be set there. Nothing outside the changed
characters is touched, and a file is written only if it can be read back.

--to-vault takes a credential out for good: its value goes to Vault (see docs/secrets.md), the cell
gets a reference that gives the same value when it runs. What can't be proved to be the same stays,
and is named (exit code 1). Rotate what was in a file that others had.
"""


def run(arguments: Sequence[str]) -> int:
    """Fix the files named; 0 if all could be read, 2 otherwise."""
    given = _arguments(arguments)
    from jupyter_mlsec.files.cache import folder_of
    from jupyter_mlsec.files.ignore import silenced
    from jupyter_mlsec.files.scanner import make_scanner
    from jupyter_mlsec.files.walk import discover

    config = options.configured(given)
    scanner = make_scanner(config, folder_of())
    if given.to_vault:
        from jupyter_mlsec.faces.cli import move

        return move.run(
            *(scanner, config, discover(given.paths or ["."], config), given.vault_folder),
            purge=given.purge,
            diff=_diff if given.diff else None,
        )
    context = _contexts(given.pin_from)
    errors: list[ScanError] = []
    done: Counter[str] = Counter()
    for source in discover(given.paths or ["."], config):
        if isinstance(source, ScanError):
            errors.append(source)
            continue
        try:
            data = source.content(config.max_size)
            fixed = fix_bytes(
                *(scanner, data, source.path, source.kind),
                unsafe=given.unsafe,
                ignored=silenced(config, source, os.getcwd()),
                context=context,
            )
            if given.diff:
                sys.stdout.writelines(_diff(source.path, fixed))
            elif fixed.changes:
                replace(source.file, fixed.data)
        except MlsecError as error:
            errors.append(ScanError(source.path, error.full, error.line, error.column))
            continue
        done.update(fix.rule for fix in fixed.applied)
        if fixed.applied and not given.diff:
            print(f"{source.path}: {_summary(fixed)}")
    _report(done, errors, diff=given.diff)
    return 2 if errors else 0


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="mlsec fix",
        description="Mend what can be mended, in place.",
        epilog=_EPILOG,
        formatter_class=options.Formatter,
    )
    parser.add_argument("paths", nargs="*", help="files and folders (default: .)")
    parser.add_argument("--diff", action="store_true", help="show what would change, write nothing")
    parser.add_argument("--unsafe", action="store_true", help="fixes too that change what runs")
    parser.add_argument(
        "--pin-from",
        metavar="WHERE",
        help="versions to pin to: environment (this one), kernel (the notebook's), an interpreter, "
        "or a lock or requirements file; datasets and models go to the commits in this machine's "
        "cache, downloads get the digests of the files that are here",
    )
    parser.add_argument(
        "--to-vault",
        action="store_true",
        help="move credentials to Vault and leave references in the cells, whose outputs are "
        "cleared",
    )
    parser.add_argument(
        "--vault-folder",
        metavar="FOLDER",
        default="kv/notebooks",
        help="with --to-vault: below which path (default: kv/notebooks)",
    )
    parser.add_argument(
        "--purge",
        action="store_true",
        help="with --to-vault: remove them from checkpoints and IPython's history too",
    )
    options.add_rules(parser)
    given = parser.parse_args(arguments)
    if given.pin_from is not None and not given.unsafe:
        parser.error("--pin-from goes with --unsafe: another version may change what runs")
    if given.purge and not given.to_vault:
        parser.error("--purge goes with --to-vault")
    return given


def _contexts(pin_from: str | None) -> MakeContext:
    """What makes the context of a document, with the versions to pin to."""
    if pin_from is None:
        return Context
    versions = cache(from_choice)

    def context(document: Document) -> Context:
        found: Versions = versions(pin_from, document.kernel if pin_from == "kernel" else None)
        made = Context(document, versions=found.versions, versions_from=found.source)
        made.commit_of = cached_commit
        made.digest_of = partial(digest_of, os.path.dirname(document.path))
        return made

    return context


def _diff(path: str, fixed: Fixed) -> Iterator[str]:
    """The changes for people to read, credentials masked."""
    from difflib import unified_diff

    def lines(text: str) -> list[str]:
        for secret in sorted(fixed.secrets, key=len, reverse=True):
            text = text.replace(secret, mask(secret))
        return [line + "\n" for line in text.split("\n")]

    for change in fixed.changes:
        name = path if change.cell is None else f"{path} cell {change.cell + 1}"
        yield from unified_diff(lines(change.before), lines(change.after), name, name)


def _summary(fixed: Fixed) -> str:
    titles = Counter(fix.title for fix in fixed.applied)
    return ", ".join(f"{title} ({n} times)" if n > 1 else title for title, n in titles.items())


def _report(done: Counter[str], errors: Sequence[ScanError], *, diff: bool) -> None:
    for error in errors:
        place = f":{error.line}:{error.column or 1}" if error.line else ""
        print(f"mlsec: {error.path}{place}: {error.message}", file=sys.stderr)
    total = sum(done.values())
    fixes = "1 fix" if total == 1 else f"{total} fixes"
    verb = "would be made" if diff else "made"
    by_rule = f" ({', '.join(f'{n} {rule}' for rule, n in done.most_common())})" if done else ""
    print(f"{fixes} {verb}{by_rule}", file=sys.stderr)
