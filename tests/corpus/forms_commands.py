"""Syntactic forms of one command line: in magics, cells of the shell, and calls."""

from __future__ import annotations

import re
import shlex

from tests.corpus.forms import Form, Snippet, Written


def _command(shape: str, line: int = 1) -> Form:
    def form(snippet: Snippet) -> Written | None:
        return Written((shape.format(snippet.code),), line)

    return form


def _quoted(shape: str, line: int = 1) -> Form:
    def form(snippet: Snippet) -> Written | None:
        return Written((shape.format(repr(snippet.code)),), line)

    return form


def _listed(snippet: Snippet) -> Written | None:
    """`subprocess.run([…])`, for what needs no shell."""
    if re.search(r"[|&;<>$`*~]", snippet.code):
        return None
    words = shlex.split(snippet.code)
    return Written((f"import subprocess\nsubprocess.run({words!r}, check=True)",), 2)


COMMANDS: dict[str, Form] = {
    "!": _command("!{}"),
    "! in a block": _command("if True:\n    !{}", 2),
    "! into a name": _command("lines = !{}"),
    "%sx": _command("%sx {}"),
    "%%bash": _command("%%bash\nset -e\n{}", 3),
    "%%sh": _command("%%sh\n{}", 2),
    "os.system": _quoted("import os\nos.system({})", 2),
    "os.popen": _quoted("import os\ntext = os.popen({}).read()", 2),
    "subprocess, shell": _quoted("import subprocess as sp\nsp.run({}, shell=True)", 2),
    "check_output, shell": _quoted(
        "from subprocess import check_output\ncheck_output({}, shell=True)", 2
    ),
    "subprocess, list": _listed,
    "get_ipython().system": _quoted("get_ipython().system({})"),
    "in a function": _command("def step():\n    !{}", 2),
    "%%writefile": _command("%%writefile setup.sh\n#!/bin/bash\n{}", 3),
    "behind a broken line": _command("what is ( this\n!{}", 2),
}
