"""`mlsec scan`: find, report, exit."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from time import perf_counter

from jupyter_mlsec.core.config import Config
from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.model import Finding, Report, ScanError, ScanResult
from jupyter_mlsec.core.rule import Rule
from jupyter_mlsec.faces.cli import options
from jupyter_mlsec.files.cache import Cache, folder_of, key_of
from jupyter_mlsec.files.scanner import rules_for, scan_function
from jupyter_mlsec.files.source import Source, kind_of, shown
from jupyter_mlsec.files.workers import scan_many

FORMATS = ("text", "concise", "json", "sarif", "github", "junit")
# Megabytes of a notebook up to which places get lines of the file: 200 MB take 35 s and 1.6 GB.
_LOCATED = 16
_UNMERGED = "its merge is not resolved; resolve it, stage the file, then scan again"
_EPILOG = """\
Exit codes: 0 nothing at or above --fail-on, 1 findings, 2 something could not be scanned or the
call was wrong (the rest was still done).

Silence a finding where it stands: # mlsec: ignore[RULE] reason
Or start from what is there now:   mlsec scan . --baseline .mlsec-baseline.json --update-baseline
"""


def run(arguments: Sequence[str]) -> int:
    """Scan what is named and report; the exit code tells the outcome."""
    given = _arguments(arguments)
    started = perf_counter()
    config = options.configured(given)
    linters = given.with_.split(",") if given.with_ else []
    if linters:
        from jupyter_mlsec.files.linters import check_installed

        check_installed(linters)
    found = list(_sources(given, config))
    sources = [source for source in found if isinstance(source, Source)]
    results = scanned(sources, config, quiet=given.quiet)
    errors = [s for s in found if isinstance(s, ScanError)]
    errors += [result.error for result in results if result.error]
    findings = list(_findings(results, sources, config))
    if linters:
        findings += _linted(linters, sources, config)
    if given.update_baseline:
        from jupyter_mlsec.faces.cli import baseline

        return baseline.update(config, findings, [r.path for r in results], errors)
    if config.baseline:
        from jupyter_mlsec.faces.cli import baseline

        findings = baseline.apply(config, findings)
    cells = sum(result.cells for result in results)
    seconds = perf_counter() - started
    report = Report(tuple(findings), tuple(errors), len(results), cells, seconds)
    _write(report, given, config, sources)
    if errors:
        return 2
    return int(not given.exit_zero and any(config.fails(finding) for finding in findings))


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="mlsec scan",
        description="Find leaked secrets, unsafe installs, data and models in notebooks.",
        epilog=_EPILOG,
        formatter_class=options.Formatter,
    )
    parser.add_argument(
        "paths", nargs="*", help="files and folders (default: .); - is standard input"
    )
    what = parser.add_argument_group("what to scan")
    what.add_argument(
        "--stdin-filename",
        metavar="NAME",
        help="what standard input is: a.ipynb, requirements.txt, …",
    )
    what.add_argument("--staged", action="store_true", help="what git's index holds")
    what.add_argument("--since", metavar="REF", help="what changed since a commit or branch")
    what.add_argument(
        "--with",
        dest="with_",
        metavar="LINTERS",
        help="run these on the notebooks too, through nbqa: bandit,ruff",
    )
    options.add_rules(parser)
    output = parser.add_argument_group("report")
    output.add_argument("--format", choices=FORMATS, default="text")
    output.add_argument("--output", "-o", metavar="FILE", help="write the report there")
    output.add_argument("--show-suppressed", action="store_true", help="silenced findings too")
    output.add_argument("--quiet", "-q", action="store_true", help="no progress bar")
    options.add_color(output)
    outcome = parser.add_argument_group("outcome")
    outcome.add_argument("--fail-on", metavar="LEVEL", help="exit 1 from this severity up")
    outcome.add_argument("--exit-zero", action="store_true", help="exit 0 whatever is found")
    outcome.add_argument("--baseline", metavar="FILE", help="known findings, not to be shown")
    outcome.add_argument(
        "--update-baseline", action="store_true", help="write the findings into the baseline"
    )
    speed = parser.add_argument_group("speed")
    speed.add_argument("--jobs", "-j", type=int, metavar="N", help="processes (default: what pays)")
    speed.add_argument("--no-cache", action="store_true", help="forget unchanged files' results")
    given = parser.parse_args(arguments)
    chosen = [bool(given.paths), given.staged, bool(given.since)]
    if sum(chosen) > 1:
        parser.error("give paths, --staged or --since, only one of them")
    if "-" in given.paths and len(given.paths) > 1:
        parser.error("- (standard input) stands alone")
    return given


def _sources(given: argparse.Namespace, config: Config) -> Iterable[Source | ScanError]:
    from jupyter_mlsec.files.walk import discover, is_scanned

    cwd = os.getcwd()
    if given.paths == ["-"]:
        return [_standard_input(given.stdin_filename)]
    if given.staged:
        from jupyter_mlsec.git.index import staged

        return [
            ScanError(shown(path, cwd), _UNMERGED)
            if data is None
            else Source(shown(path, cwd), path, kind_of(path) or "text", data)
            for path, data in staged(cwd, lambda path: is_scanned(path, config))
        ]
    if given.since:
        from jupyter_mlsec.git.index import changed_since

        paths = changed_since(given.since, cwd)
        return discover([path for path in paths if is_scanned(path, config)], config)
    return discover(given.paths or ["."], config)


def _standard_input(name: str | None) -> Source:
    data = sys.stdin.buffer.read()
    if name is None:
        # a notebook is a JSON object; anything else is scanned as plain text
        head = data[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
        return Source("<stdin>", "", "notebook" if head.startswith(b"{") else "text", data)
    return Source(shown(name, os.getcwd()), "", kind_of(name) or "text", data)


def scanned(sources: Sequence[Source], config: Config, *, quiet: bool) -> list[ScanResult]:
    """The result of each source, from the cache where it is known."""
    from jupyter_mlsec.files.progress import ProgressBar

    folder = folder_of()
    cache = Cache(folder, key_of(config)) if config.cache else None
    with ProgressBar() as bar:
        return scan_many(
            sources,
            partial(scan_function, config, folder),
            jobs=config.jobs,
            max_size=config.max_size,
            cache=cache,
            progress=None if quiet else bar,
        )


def _findings(
    results: Iterable[ScanResult], sources: Iterable[Source], config: Config
) -> Iterator[Finding]:
    """All findings; those that `per-path-ignore` silences are marked."""
    if not config.per_path_ignore:
        for result in results:
            yield from result.findings
        return
    for result, source in zip(results, sources, strict=True):
        for finding in result.findings:
            yield _silenced(finding, source, config)


def _silenced(finding: Finding, source: Source, config: Config) -> Finding:
    from jupyter_mlsec.core.config import named
    from jupyter_mlsec.files.ignore import silenced

    if finding.suppressed is None and named(silenced(config, source, os.getcwd()), finding):
        return finding._replace(suppressed="config")
    return finding


def _linted(linters: Sequence[str], sources: Iterable[Source], config: Config) -> list[Finding]:
    """What other linters find, silenced where `per-path-ignore` says so."""
    from jupyter_mlsec.files.linters import lint
    from jupyter_mlsec.files.scanner import make_scanner

    by_path = {source.path: source for source in sources}
    found = lint(linters, list(by_path.values()), make_scanner(config, folder_of()))
    return [_silenced(finding, by_path[finding.place.path], config) for finding in found]


def _write(
    report: Report, given: argparse.Namespace, config: Config, sources: Iterable[Source]
) -> None:
    """The report in the format asked for, on standard output or in a file."""
    from jupyter_mlsec import __version__
    from jupyter_mlsec.report import FORMATS as WRITERS
    from jupyter_mlsec.report.lines import locator

    contents = {source.path: source for source in sources}
    to_file = given.output is not None
    rules: Mapping[str, Rule] = {}
    if given.format == "sarif":
        rules = {rule.id: rule for rule in rules_for(config)}

    text = WRITERS[given.format](
        report,
        rules,
        color=False if to_file else options.color(given.color),
        width=options.terminal_width(),
        show_suppressed=given.show_suppressed,
        version=__version__,
        locate=locator(lambda path: contents[path].content(_LOCATED)),
    )
    if not to_file:
        sys.stdout.write(text)
        return
    try:
        with open(given.output, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError as error:
        raise MlsecError(f"{given.output} can't be written: {error.strerror}") from None
    for problem in report.errors:  # who reads the terminal must not guess why the exit code is 2
        place = f":{problem.line}:{problem.column or 1}" if problem.line else ""
        print(f"mlsec: {problem.path}{place}: {problem.message}", file=sys.stderr)
