"""`mlsec fix --to-vault`: credentials out of files, into Vault."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

from jupyter_mlsec.core.config import Config, named
from jupyter_mlsec.core.engine import Scanner
from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.findings import Placed, findings
from jupyter_mlsec.core.fixes import Fixed
from jupyter_mlsec.core.model import ScanError
from jupyter_mlsec.core.notebook import read
from jupyter_mlsec.credentials import audit
from jupyter_mlsec.credentials.provider import open_provider
from jupyter_mlsec.credentials.reference import VAULT
from jupyter_mlsec.faces import moving
from jupyter_mlsec.files.source import Source
from jupyter_mlsec.files.writing import replace

Diff = Callable[[str, Fixed], Iterator[str]]


def run(
    scanner: Scanner,
    config: Config,
    sources: Iterator[Source | ScanError],
    folder: str,
    *,
    purge: bool,
    diff: Diff | None,
) -> int:
    """Move what can be moved; 0 if nothing stayed, 1 if something did, 2 if a file or Vault could
    not be used. With `diff` the changes are shown and nothing is written anywhere."""
    from jupyter_mlsec.files.ignore import silenced

    provider = open_provider(VAULT)
    codes = {0}
    with closing(provider):  # type: ignore[type-var]
        for source in sources:
            if isinstance(source, ScanError):
                codes.add(_complain(source.path, source.message))
                continue
            if source.kind not in ("notebook", "python"):
                continue
            try:
                data = source.content(config.max_size)
                ignored = _ignoring(data, source, silenced(config, source, os.getcwd()))
                plan = moving.plan(
                    *(scanner, data, source.path, source.kind, provider),
                    folder=folder,
                    ignored=ignored,
                )
                if diff is not None:
                    fixed = Fixed(plan.data, plan.changes, (), frozenset(plan.values.values()))
                    sys.stdout.writelines(diff(source.path, fixed))
                elif plan.values:
                    for ref in moving.store(plan.values, plan.new, provider):
                        audit.record("put", ref, version=1, notebook=source.path)
                    replace(source.file, plan.data)
                    _tell(source, plan, purge)
                codes.add(_left(plan))
            except MlsecError as error:
                codes.add(_complain(source.path, error.full))
    return max(codes)


def _ignoring(data: bytes, source: Source, names: Sequence[str]) -> Callable[[Placed], bool]:
    """What the configuration silences in this file."""
    if not names:
        return lambda placed: False
    document = read(data, source.path, source.kind)
    return lambda placed: named(names, findings(document, [placed])[0])


def _tell(source: Source, plan: moving.Plan, purge: bool) -> None:
    for reference, kind in sorted(plan.kinds.items()):
        how = "moved to" if reference in plan.new else "is in Vault already, as"
        print(f"{source.path}: {kind} {how} {reference}")
    if plan.cleared:
        print(f"{source.path}: outputs of {_count(plan.cleared, 'cell')} cleared")
    _tell_traces(source, plan, purge)
    _advise(set(plan.kinds.values()))


def _tell_traces(source: Source, plan: moving.Plan, purge: bool) -> None:
    from jupyter_mlsec.files.traces import STORE, traces

    for trace in traces(source.file, set(plan.values.values()), os.environ, purge=purge):
        lines = f", {_count(trace.lines, 'entry', 'entries')}" if trace.lines else ""
        if trace.purged:
            print(f"{source.path}: purged from {trace.what} ({trace.file}{lines})")
            continue
        remedy = "--purge removes it there"
        if trace.what == STORE:
            remedy = "it keeps every change, so delete that file while no server runs"
        where = "still in" if trace.sure else "it may still be in"
        print(f"mlsec: {where} {trace.what} ({trace.file}{lines}); {remedy}", file=sys.stderr)


def _advise(kinds: set[str]) -> None:
    """Whoever had the file has the credential: only a new one helps."""
    from jupyter_mlsec.rules.secrets.kinds import KINDS

    known = {kind.id: kind.revoke for kind in KINDS}
    for kind in sorted(kinds):
        advice = known.get(kind, "make a new one where it comes from, and end the old one")
        print(f"mlsec: rotate the {kind}, whoever had the file has it: {advice}", file=sys.stderr)


def _left(plan: moving.Plan) -> int:
    for stayed in plan.stayed:
        place = "" if stayed.cell is None else f" cell {stayed.cell + 1}"
        print(
            f"mlsec: {plan.path}{place} line {stayed.line}: the {stayed.kind} stays, as there is "
            "no sure way to write the same with a reference; change it by hand",
            file=sys.stderr,
        )
    return 1 if plan.stayed else 0


def _complain(path: str, message: str) -> int:
    print(f"mlsec: {path}: {message}", file=sys.stderr)
    return 2


def _count(number: int, one: str, several: str | None = None) -> str:
    return f"1 {one}" if number == 1 else f"{number} {several or one + 's'}"
