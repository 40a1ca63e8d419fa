"""Labelled problems of all families: the rules' own bad examples and others, in all forms.

`problems` gives cells with the rule that is to find something in the last of them, and the line.
Credentials are made at run time from a seed.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from jupyter_mlsec.core import formats
from jupyter_mlsec.core.rule import Bad, Rule
from jupyter_mlsec.rules import ALL
from tests.corpus.forms import PYTHON, TREES, Form, Snippet
from tests.corpus.forms_commands import COMMANDS
from tests.corpus.problems_written import CALLS, LINES

# How a file of a language gets into a cell; None where there is no way.
_FILES = {
    "dockerfile": "Dockerfile",
    "requirements": "requirements.txt",
    "conda": "environment.yml",
    "actions": ".github/workflows/ci.yml",
    "shell": "run.sh",
    "json": "jupyter_server_config.json",
    "toml": "pyproject.toml",
}
# Where the value itself is the finding, it moves with its constant, and so would the label.
_MOVES_VALUE = frozenset(("keywords in **{}", "constants in another cell", "f-string of constants"))
_BY_VALUE = ("secrets", "installs")


class Problem(NamedTuple):
    """What is planted: `cells` of a type in a notebook; the last one, or its output, holds the
    problem of `rule` at `line`."""

    rule: str
    family: str
    form: str
    kind: str  # code, markdown, raw; or the MIME type of an output
    cells: tuple[str, ...]
    line: int


def problems(seed: int = 1) -> list[Problem]:
    """All problems, in the same order for the same seed."""
    random = Random(seed)
    return [*_from_examples(random), *_from_calls(), *_from_lines()]


def _from_examples(random: Random) -> Iterator[Problem]:
    for rule in ALL:
        for example in rule.examples:
            if isinstance(example, Bad):
                yield from _example(rule, example, random)


def _example(rule: Rule, example: Bad, random: Random) -> Iterator[Problem]:
    code = formats.sample(example.code, random) if example.secret else example.code
    if example.secret:
        head = example.code.rpartition(example.at)[0]
        offset = len(code) - len(formats.sample(example.code[len(head) :], random))
        line = head.count("\n") + 1
        offset = sum(len(text) + 1 for text in code.split("\n")[: line - 1])
    else:
        offset = code.rindex(example.at)
    snippet = Snippet(code, offset)
    if example.language == "python" and code[offset:].isidentifier():
        # what the last line of a cell shows
        yield from _formed(rule.id, rule.family, "plain", PYTHON["plain"], snippet)
    elif example.language == "python":
        for name, form in (*PYTHON.items(), *_trees(rule.family, example)):
            yield from _formed(rule.id, rule.family, name, form, snippet)
    elif example.language in _FILES:
        name = _FILES[example.language]
        cell = f"%%writefile {name}\n{code}"
        yield Problem(
            rule.id, rule.family, f"%%writefile {name}", "code", (cell,), snippet.line + 1
        )
    elif "output" in rule.parts and example.language in ("text", "html"):
        mime = "text/html" if example.language == "html" else "text/plain"
        yield Problem(rule.id, rule.family, "output", mime, (code,), snippet.line)
    elif example.language == "markdown":
        yield Problem(rule.id, rule.family, "markdown", "markdown", (code,), snippet.line)


def _trees(family: str, example: Bad) -> list[tuple[str, Form]]:
    if family in _BY_VALUE or example.code.lstrip().startswith(("%", "!")):
        return []
    return list(TREES.items())


def _from_calls() -> Iterator[Problem]:
    for rule, codes in CALLS.items():
        for code in codes:
            before, _, after = code.partition("⟦")
            snippet = Snippet(before + after.replace("⟧", ""), len(before))
            for name, form in (*PYTHON.items(), *TREES.items()):
                yield from _formed(rule, _FAMILY[rule], name, form, snippet)


def _from_lines() -> Iterator[Problem]:
    for rule, commands in LINES.items():
        for command in commands:
            for name, form in COMMANDS.items():
                yield from _formed(rule, _FAMILY[rule], name, form, Snippet(command, 0))


def _formed(rule: str, family: str, name: str, form: Form, snippet: Snippet) -> Iterator[Problem]:
    written = form(snippet)
    if written is not None:
        yield Problem(rule, family, name, "code", written.cells, written.line)


_FAMILY = {rule.id: rule.family for rule in ALL}
