"""`mlsec strip`: what is sensitive out of notebooks, or everything that a run left in them."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.model import ScanError
from jupyter_mlsec.core.strip.options import MODES, TABLE
from jupyter_mlsec.faces.cli import options
from jupyter_mlsec.files.source import Source

if TYPE_CHECKING:
    from jupyter_mlsec.core.config import Config
    from jupyter_mlsec.core.strip import Options, Stripped

_WIDTH = 200  # characters of a line that a diff shows: pictures are one line of a million
_EPILOG = """\
Only the bytes of what is removed change, and a notebook with nothing to remove is not written.
Sources are never changed: a secret in one is named, and with --block it fails.

Exit codes: 0 done, 1 --check found something to remove or --block a secret in a source,
2 something could not be stripped (the rest was still done).

As a filter:   mlsec strip --mode all - < in.ipynb > out.ipynb
For git:       mlsec git install
"""


class _Run(NamedTuple):
    """What the call asks for."""

    config: Config
    settings: dict[str, Any]
    check: bool
    diff: bool
    dry: bool


def run(arguments: Sequence[str]) -> int:
    """Strip the files named; the exit code tells the outcome."""
    given = _arguments(arguments)
    wanted = _Run(
        options.configured(given), _settings(given), given.check, given.diff, given.dry_run
    )
    if given.paths == ["-"]:
        return _stream(wanted)
    from jupyter_mlsec.files.walk import discover

    changed = failed = blocked = 0
    strippers: dict[Options, Any] = {}
    named = {os.path.abspath(path) for path in given.paths}
    for source in discover(given.paths, wanted.config):
        if isinstance(source, ScanError):
            _complain(source.path, MlsecError(source.message))
            failed += 1
        elif source.kind == "notebook" or os.path.abspath(source.file) in named:
            try:
                data = source.content(wanted.config.max_size)
                done, options_here = _strip(source, data, wanted, strippers)
                changed += _finish(source, data, done, wanted, options_here)
            except MlsecError as error:
                _complain(source.path, error)
                failed += 1
                continue
            blocked += options_here.block and bool(done.source)
    return 2 if failed else int(bool(blocked or (changed and wanted.check)))


def _strip(
    source: Source, data: bytes, wanted: _Run, strippers: dict[Options, Any]
) -> tuple[Stripped, Options]:
    from jupyter_mlsec.files.stripping import options_for, stripper

    here = options_for(source.file, wanted.config, wanted.settings)
    if here not in strippers:
        strippers[here] = stripper(here, wanted.config)
    return strippers[here](data, source.path), here


def _finish(source: Source, data: bytes, done: Stripped, wanted: _Run, here: Options) -> bool:
    """Write or show what came of a file; whether there was something to remove."""
    _name_secrets(source.path, done)
    if done.data == data:
        return False
    if here.block and done.source:
        return True
    if wanted.diff:
        sys.stdout.writelines(_diff(source.path, data, done.data, here, wanted.config))
    elif wanted.check or wanted.dry:
        print(f"{source.path}: would remove {_summary(done)}")
    else:
        from jupyter_mlsec.files.writing import replace

        replace(source.file, done.data)
        print(f"{source.path}: removed {_summary(done)}")
    return True


def _stream(wanted: _Run) -> int:
    """Standard input to standard output, which stays empty if anything goes wrong."""
    from jupyter_mlsec.files.stripping import options_for, stripper

    here = options_for("stdin.ipynb", wanted.config, wanted.settings)
    data = sys.stdin.buffer.read()
    try:
        done = stripper(here, wanted.config)(data, "<stdin>")
    except MlsecError as error:
        _complain("<stdin>", error)
        return 2
    if not (wanted.check or wanted.dry or wanted.diff):
        _name_secrets("<stdin>", done)
    if here.block and done.source:
        return 1
    if wanted.check or wanted.dry or wanted.diff:
        source = Source("<stdin>", "<stdin>", "notebook", data)
        return int(_finish(source, data, done, wanted, here) and wanted.check)
    sys.stdout.buffer.write(done.data)
    sys.stdout.buffer.flush()
    return 0


def _name_secrets(path: str, done: Stripped) -> None:
    for found in done.source:
        print(
            f"mlsec: {path}: cell {(found.cell or 0) + 1}: a secret stays in the source "
            f"({found.what}); `mlsec scan` tells more",
            file=sys.stderr,
        )


def _complain(path: str, error: MlsecError) -> None:
    place = f":{error.line}:{error.column or 1}" if error.line else ""
    print(f"mlsec: {path}{place}: {error.full}", file=sys.stderr)


def _summary(done: Stripped) -> str:
    """What was removed, in words: `3 times the outputs`, and never a value."""
    counted = Counter(
        f"{found.part} {found.what}" if found.part == "metadata" else found.what
        for found in done.removed
    )
    words = [f"{what} ({n} times)" if n > 1 else what for what, n in counted.most_common(6)]
    more = len(counted) - len(words)
    return ", ".join(words) + (f" and {more} more" if more else "")


def _diff(path: str, before: bytes, after: bytes, here: Options, config: Config) -> Iterator[str]:
    """The changes for people to read, with everything sensitive in what goes masked."""
    from difflib import unified_diff

    from jupyter_mlsec.core.findings import mask
    from jupyter_mlsec.core.strip.sensitive import strip_sensitive
    from jupyter_mlsec.files.stripping import finder

    find = finder(here.but(allow=()), config)
    masked = strip_sensitive(
        before, lambda document: [f._replace(marker=mask(f.value)) for f in find(document)]
    ).data

    def lines(data: bytes) -> list[str]:
        text = data.decode("utf-8", "replace")
        return [
            f"{line[:_WIDTH]}…\n" if len(line) > _WIDTH else line for line in text.splitlines(True)
        ]

    yield from unified_diff(lines(masked), lines(after), path, path)


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="mlsec strip",
        description="Remove what is sensitive from the outputs of notebooks, or all outputs.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", nargs="+", help="notebooks and folders, or - for standard input")
    parser.add_argument("--check", action="store_true", help="list what is not stripped, and fail")
    parser.add_argument("--diff", action="store_true", help="show what would change, write nothing")
    parser.add_argument("--dry-run", action="store_true", help="list what would be removed")
    parser.add_argument("--config", metavar="FILE", help="configuration, instead of the nearest")
    group = parser.add_argument_group("options", "as in [tool.mlsec.strip]; lists by commas")
    for name, (kind, _, doc) in TABLE.items():
        flag = "--" + name.replace("_", "-")
        if kind == "flag":
            group.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=doc)
        elif kind == "mode":
            group.add_argument(flag, choices=MODES, help=doc)
        else:
            group.add_argument(flag, metavar="LIST" if kind == "names" else "SIZE", help=doc)
    given = parser.parse_args(arguments)
    if "-" in given.paths and len(given.paths) > 1:
        parser.error("- stands alone: standard input is one notebook")
    return given


def _settings(given: argparse.Namespace) -> dict[str, Any]:
    """The options given, by their names in the configuration."""
    settings: dict[str, Any] = {}
    for name, (kind, _, _) in TABLE.items():
        value = getattr(given, name)
        if value is not None:
            settings[name.replace("_", "-")] = (
                value.replace(",", " ").split() if kind == "names" else value
            )
    return settings
