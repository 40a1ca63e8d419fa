"""`python -m bench`: all benchmarks, or those named; `make bench` sets up the peers first."""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
from importlib import import_module

from bench.measure import ROOT

_INTRODUCTION = """\
# Benchmarks

Made by `make bench ARGS=--write`; don't edit by hand. Whole processes, all scanners side by side \
in one run, on {cores} cores ({machine}, Python {python}). CPU time counts child processes. Ours \
runs the families `secrets` and `installs` with `--jobs 1` (all families where it says so: beside \
ruff's S rules, that is the row to compare); the peers look for secrets only, with \
validation over the network switched off, on one core where they let themselves be told so \
(gitleaks and ruff don't). Of several runs the one with the least CPU time counts.
"""
_SECTION = re.compile(r"^<!-- (\w+) -->\n(.*?)(?=^<!-- \w+ -->\n|\Z)", re.MULTILINE | re.DOTALL)
_NAMES = ("corpus", "startup", "cell", "memory", "git", "leaks")
# on request, in .venv, which has what they need; the first two write pages of their own
_ON_REQUEST = ("accuracy", "planted", "server", "redactor", "leaks_kernel", "broker", "lab")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join((*_NAMES, *_ON_REQUEST))}; "
                        f"default all but {', '.join(_ON_REQUEST)}")  # fmt: skip
    parser.add_argument("--full", action="store_true", help="slow peers scan everything (minutes)")
    parser.add_argument(
        "--write", action="store_true", help="put the results into docs/benchmarks.md"
    )
    options = parser.parse_args()
    names = options.names or list(_NAMES)
    unknown = [name for name in names if name not in (*_NAMES, *_ON_REQUEST)]
    if unknown:
        parser.error(f"no benchmark is called {unknown[0]}")
    texts = {}
    for name in names:
        texts[name] = _run(name, options.full)
        print(texts[name], flush=True)
    if options.write:
        _write(texts)
    return 0


def _write(texts: dict[str, str]) -> None:
    """Put results in the place of those from before; what was not measured now stays."""
    page = ROOT / "docs" / "benchmarks.md"
    known = dict(_SECTION.findall(page.read_text("utf-8")))
    introduction = _INTRODUCTION.format(
        cores=os.cpu_count(), machine=platform.machine(), python=platform.python_version()
    )
    sections = [
        f"<!-- {name} -->\n{text.strip()}\n"
        for name in (*_NAMES, *_ON_REQUEST[2:])
        if (text := texts.get(name, known.get(name)))
    ]
    page.write_text("\n".join([introduction, *sections]), "utf-8")


def _run(name: str, full: bool) -> str:
    module = import_module(f"bench.{'git_filter' if name == 'git' else name}")
    result: str = module.main(full) if name == "corpus" else module.main()
    return result


if __name__ == "__main__":
    sys.exit(main())
