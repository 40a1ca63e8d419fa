"""Other linters on the same notebooks: bandit and ruff, run by nbqa, as findings like our own.

nbqa (https://nbqa.readthedocs.io) writes a notebook's code cells into a script, runs the linter
on it, and says `cell_2:5` for the lines that it finds. Here those become places in cells, so that
comments, tags, baselines and every report treat them like the rest.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from jupyter_mlsec.core.config import Config
from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.findings import Lines, Placed, findings
from jupyter_mlsec.core.jsontext import loads
from jupyter_mlsec.core.model import Confidence, Document, Finding, Hit, Severity, Span
from jupyter_mlsec.core.notebook import read
from jupyter_mlsec.core.rule import Rule
from jupyter_mlsec.files.source import Source

if TYPE_CHECKING:
    from jupyter_mlsec.core.engine import Scanner

_AT_ONCE = 200  # notebooks in one run of nbqa: command lines have a limit
_LINE = re.compile(r"(?P<path>.+):cell_(?P<cell>\d+):(?P<line>\d+):(?P<column>\d+): (?P<rest>.*)")
_RUFF = re.compile(r"(?P<code>[A-Z]+\d+) (?:\[\*\] )?(?P<message>.*)")
_LEVELS = {"LOW": 1, "MEDIUM": 2, "HIGH": 3}
# Rules about passwords: bandit's messages and the lines of both hold them.
_PASSWORDS = frozenset(f"{tool}{number}" for tool in "BS" for number in (105, 106, 107))


class Remark(NamedTuple):
    """What a linter said of a place: `cell` counts code cells from 1, `line` and `column` too."""

    path: str
    cell: int
    line: int
    column: int
    code: str
    message: str
    severity: Severity
    confidence: Confidence


class Tool(NamedTuple):
    """How nbqa is told to run a linter, and how its lines are read."""

    command: str
    options: Sequence[str]
    read: Callable[[re.Match[str]], Remark | None]
    docs: str


def _bandit(found: re.Match[str]) -> Remark | None:
    code, severity, confidence, message = (*found["rest"].split("|", 3), "", "", "")[:4]
    if severity not in _LEVELS:
        return None
    return Remark(
        *(found["path"], int(found["cell"]), int(found["line"]), int(found["column"]) + 1),
        *(code, "possible hardcoded password" if code in _PASSWORDS else message),
        Severity(_LEVELS[severity]),
        Confidence(_LEVELS.get(confidence, 1) - 1),
    )


def _ruff(found: re.Match[str]) -> Remark | None:
    rest = _RUFF.fullmatch(found["rest"])
    if rest is None:
        return None
    code = rest["code"]
    # ruff has no severities: its rules for security (S, from bandit) count, style is for pedants
    severity = Severity.MEDIUM if re.fullmatch(r"S\d+", code) else Severity.LOW
    return Remark(
        *(found["path"], int(found["cell"]), int(found["line"]), int(found["column"])),
        *(code, rest["message"], severity, Confidence.HIGH),
    )


TOOLS: Mapping[str, Tool] = {
    "bandit": Tool(
        "bandit",
        ("--quiet", "--exit-zero", "--format", "custom", "--msg-template",
         "{abspath}:{line}:{col}: {test_id}|{severity}|{confidence}|{msg}"),
        _bandit,
        "https://bandit.readthedocs.io/en/latest/plugins/index.html",
    ),
    "ruff": Tool(
        "ruff check",
        ("--extend-select", "S", "--output-format", "concise", "--no-fix", "--exit-zero"),
        _ruff,
        "https://docs.astral.sh/ruff/rules/",
    ),
}  # fmt: skip


def check_installed(names: Iterable[str]) -> None:
    """Raises MlsecError, with what to install, unless nbqa and these linters are there."""
    from importlib.util import find_spec

    for name in names:
        if name not in TOOLS:
            raise MlsecError(f"--with knows no linter called {name!r}", f"it knows {_known()}")
    missing = [name for name in ("nbqa", *names) if find_spec(name) is None]
    if missing:
        raise MlsecError(
            f"--with needs {', '.join(missing)}", f"run: pip install {' '.join(missing)}"
        )


def lint(names: Sequence[str], sources: Sequence[Source], scanner: Scanner) -> list[Finding]:
    """What these linters find in the notebooks among the sources, suppressed findings included.

    Each is a rule `bandit:B602` of the family `bandit`. Raises MlsecError as `check_installed`
    does, and where nbqa itself fails.
    """
    check_installed(names)
    notebooks = {}
    with TemporaryDirectory(prefix="mlsec-") as scratch:
        for number, source in enumerate(s for s in sources if s.kind == "notebook"):
            file = source.file
            if source.data is not None:  # what git's index holds, or standard input
                file = os.path.join(scratch, f"{number}.ipynb")
                with open(file, "wb") as out:
                    out.write(source.data)
            notebooks[os.path.realpath(file)] = source
        remarks: dict[str, list[tuple[str, Remark]]] = {}
        for name in names:
            for remark in _run(TOOLS[name], sorted(notebooks)):
                remarks.setdefault(remark.path, []).append((name, remark))
        return [
            finding
            for path, found in remarks.items()
            for finding in _findings(notebooks[path], found, scanner)
        ]


def _run(tool: Tool, paths: Sequence[str]) -> Iterator[Remark]:
    from subprocess import run

    for start in range(0, len(paths), _AT_ONCE):
        some = paths[start : start + _AT_ONCE]
        command = [sys.executable, "-m", "nbqa", tool.command, *some, *tool.options]
        done = run(command, capture_output=True, check=False)  # noqa: S603 - no shell
        if done.returncode > 1:
            reason = (done.stderr.decode("utf-8", "replace").strip().splitlines() or ["?"])[-1]
            raise MlsecError(f"nbqa {tool.command} failed: {reason}")
        known = frozenset(some)
        for text in os.fsdecode(done.stdout).splitlines():
            found = _LINE.fullmatch(text)
            remark = found and tool.read(found)
            if remark:
                path = os.path.realpath(remark.path)
                if path in known:
                    yield remark._replace(path=path)


def _findings(
    source: Source, remarks: Sequence[tuple[str, Remark]], scanner: Scanner
) -> Iterator[Finding]:
    try:
        data = source.content()
        document, cells = read(data, source.path), _code_cells(data)
    except MlsecError:
        return  # the scan itself says so
    texts = {t.cell: n for n, t in enumerate(document.texts) if t.part == "source"}
    placed = [
        _placed(document, texts[cells[remark.cell - 1]], name, remark)
        for name, remark in remarks
        if remark.cell <= len(cells) and cells[remark.cell - 1] in texts
    ]
    # with our own hits, so that no excerpt shows a credential
    for finding in findings(document, [*scanner.hits(document), *placed]):
        if finding.family in TOOLS and _shown(scanner.config, finding):
            if finding.rule.partition(":")[2] in _PASSWORDS:
                finding = finding._replace(excerpt="", excerpt_column=0, excerpt_end=0)
            yield finding._replace(docs=TOOLS[finding.family].docs)


def _code_cells(data: bytes) -> list[int]:
    """The numbers of the code cells among all cells: nbqa counts those, empty ones too."""
    cells = loads(data).get("cells", ())
    return [number for number, cell in enumerate(cells) if cell.get("cell_type") == "code"]


def _placed(document: Document, number: int, name: str, remark: Remark) -> Placed:
    """A remark as a hit in the text of its cell, from there to the end of the line."""
    text = document.texts[number].text
    starts = Lines(text).starts
    start = min(starts[min(remark.line, len(starts)) - 1] + remark.column - 1, len(text))
    end = text.find("\n", start)
    rule = Rule(
        id=f"{name}:{remark.code}",
        family=name,
        summary=remark.message,
        reason="",
        severity=remark.severity,
        confidence=remark.confidence,
        check=lambda view: iter(()),
        tags=(),
        make_hints=tuple,
    )
    return Placed(rule, number, Hit(Span(start, len(text) if end < 0 else end), remark.message))


def _shown(config: Config, finding: Finding) -> bool:
    ignored = finding.rule in config.ignore or finding.family in config.ignore
    return not ignored and config.shows(finding)


def _known() -> str:
    return " and ".join(TOOLS)
