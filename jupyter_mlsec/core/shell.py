"""The shell commands in a text, wherever they hide.

Notebook lines (`!pip install x`, `%pip install x`, `files = !ls`), cells (`%%bash`), calls
(`subprocess.run(["pip", "install", "x"])`, `os.system("…")`), shell scripts, the RUN lines of
Dockerfiles, percent scripts in which jupytext comments magics out, and files that a cell writes
(`%%writefile Dockerfile`). The shell language itself is read by `core.shellwords`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from jupyter_mlsec.core.model import Span, Text
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.shellwords import Command, Lookup, Origin, Word, next_pipeline, read

if TYPE_CHECKING:
    from jupyter_mlsec.core.view import Context

__all__ = ["Command", "Instruction", "Origin", "Word", "commands", "instructions", "written_file"]

_SHELL_MAGICS = frozenset("bash sh zsh ksh dash ! sx system cmd".split())
_PYTHON_MAGICS = frozenset("capture time timeit prun debug heat memit wandb skip".split())
_SHELLS = frozenset("bash sh zsh ksh dash".split())

_CELL_MAGIC = lazy(r"\s*(?:#[^\n]*\n\s*)*%%(!|\w+)[ \t]*([^\n]*)(?:\n|\Z)")
_TARGET = r"(?:[A-Za-z_][\w., \t\[\]'\"]*=[ \t]*)?"
_MAGIC = r"%(?:(?:sx|system|sh)\b|(?=(?:pip3?|conda|mamba|micromamba|uv)\b))"
_SIGN = rf"(?:%time(?:it)?[ \t]+)?(?:(?P<bang>!!?)(?!=)|{_MAGIC})[ \t]*"
_LINE = lazy(rf"^[ \t]*{_TARGET}{_SIGN}", re.MULTILINE)
_COMMENTED_LINE = lazy(rf"^[ \t]*(?:#+[ \t]*)?(?:MAGIC[ \t]+)?{_TARGET}{_SIGN}", re.MULTILINE)
_AUTOMAGIC = lazy(r"\s*(?:pip|conda|mamba)[ \t]+(?:install|create)[ \t]+[^\n]*\s*\Z")
_PERCENT_SCRIPT = lazy(r"^# ?%%|^# Databricks notebook source", re.MULTILINE)
_REST = lazy(r"(?:[^\n\\]|\\\r?\n|\\)*")
_TRIPLE_QUOTED = lazy(
    r"#[^\n]*|('''|\"\"\")[\s\S]*?(?:\1|\Z)"
    r"|'(?:[^'\\\n]|\\[\s\S])*'|\"(?:[^\"\\\n]|\\[\s\S])*\""
)

# Where there is reason to make a syntax tree; the calls are told apart in `core.shellcalls`.
CALLS = lazy(
    r"subprocess|os\.system|os\.popen|get_ipython|run_line_magic|\bpip\b[^\n]{0,30}main"
    r"|\b(?:Popen|check_call|check_output|getoutput)\(|\b(?:micropip|piplite)\b"
)

# One of these is in every match of the pattern; to ask for them is twenty times as fast.
_CALLED = (
    *("subprocess", "os.system", "os.popen", "get_ipython", "run_line_magic", "main"),
    *("Popen", "check_call", "check_output", "getoutput", "micropip", "piplite"),
)

_WRITE_FILE = lazy(r"\s*%%(?:writefile|file)[ \t]+(?:-a[ \t]+)?[\"']?([^\n\"']+?)[\"']?[ \t]*\n")
_FILE_LANGUAGES = (
    (lazy(r"(?:^|[/.])(?:Dockerfile|Containerfile)[^/]*$|\.dockerfile$", re.I), "dockerfile"),
    (lazy(r"(?:requirements|constraints)[^/]*\.(?:txt|in)$", re.I), "requirements"),
    (lazy(r"(?:^|/)(?:requirements|constraints)/[^/]+\.(?:txt|in)$", re.I), "requirements"),
    (lazy(r"(?:^|/)(?:conda[\w.-]*|[\w.-]*env(?:ironment)?[\w.-]*)\.ya?ml$", re.I), "conda"),
    (lazy(r"(?:^|/)pyproject\.toml$"), "toml"),
    (lazy(r"\.(?:sh|bash|zsh|ksh)$"), "shell"),
    (lazy(r"\.github/workflows/[^/]+\.ya?ml$"), "actions"),
)


def commands(text: Text, context: Context) -> tuple[Command, ...]:
    """The commands in a cell or a file, in the order in which they stand.

    Empty for outputs, prose and other languages. Never raises.
    """
    if text.part not in ("source", "file"):
        return ()
    text = written_file(text) or text

    def lookup(expression: str) -> str | None:
        return _filled_in(expression, context)

    if text.language == "dockerfile":
        return tuple(_dockerfile(text.text))
    body = _body(text)
    if body.language == "shell":
        origin: Origin = "cell" if text.part == "source" else "file"
        return tuple(_nested(read(text.text, body.span, origin, lookup), text.text, lookup))
    if body.language != "python":
        return ()
    found = list(_lines(text, body.span, lookup))
    if may_call(text.text) or _renamed_call(text.text, context):
        from jupyter_mlsec.core.shellcalls import called

        found += called(context.code(text), context, lookup, next_pipeline(found))
        found.sort(key=lambda command: command.span)
    return tuple(found)


def _filled_in(expression: str, context: Context) -> str | None:
    """What a Python expression puts into a command line: its string, or all that a loop variable
    takes, with spaces between, as if the commands of all rounds were one."""
    if expression.isidentifier():
        known = context.constants.get(expression)
        return known if known is not None else " ".join(context.constants.each(expression)) or None
    if "join" not in expression:  # a tree of any other is rarely a string
        return None
    import ast

    from jupyter_mlsec.core.folding import constant

    try:
        return constant(ast.parse(expression, mode="eval").body, context.constants)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def may_call(source: str) -> bool:
    """Whether a Python text may call the shell from code, so that it is worth a syntax tree."""
    return any(word in source for word in _CALLED) and CALLS.search(source) is not None


def _renamed_call(source: str, context: Context) -> bool:
    """Whether a text uses `os` or `subprocess`, or a function of them, by another name."""
    return any(
        local in source and full.partition(".")[0] in ("os", "subprocess")
        for local, full in context.renamed.items()
    )


def written_file(text: Text) -> Text | None:
    """The file that a `%%writefile` cell writes, as a text in which every place is the cell's.

    The magic's line is blanked. None for any other text, and for names that tell no language
    which is looked at apart from notebooks.
    """
    if text.part != "source" or "%%" not in text.text[:200]:
        return None
    match = _WRITE_FILE.match(text.text)
    if match is None:
        return None
    for pattern, language in _FILE_LANGUAGES:
        if pattern.search(match[1]):
            body = " " * (match.end() - 1) + "\n" + text.text[match.end() :]
            return text._replace(part="file", language=language, text=body)
    return None


class Instruction(NamedTuple):
    """An instruction of a Dockerfile: upper-case `name`, and where its arguments stand.

    `script`: they are the body of a here-document.
    """

    name: str
    span: Span
    script: bool = False


_INSTRUCTION = lazy(r"[ \t]*([A-Za-z]+)[ \t]+")
_ARGUMENTS = lazy(r"(?:[^\n\\]|\\(?:[ \t]*\r?\n(?:[ \t]*(?:#[^\n]*)?\n)*)?)*")
_HERE_DOCUMENT = lazy(r"(?:--\S+[ \t]+)*<<-?[\"']?(\w+)[\"']?[^\n]*\n")
_DOCKER_DEFAULT = lazy(r"([A-Za-z_]\w*)=[\"']?([^\s\"'$]+)")
_RUN_OPTIONS = lazy(r"(?:--\w[^\s]*(?:[ \t]|\\\n)+)*")


@lru_cache(maxsize=8)
def instructions(source: str) -> tuple[Instruction, ...]:
    """The instructions of a Dockerfile, continuation lines and here-documents included."""
    found: list[Instruction] = []
    position = 0
    while position < len(source):
        match = _INSTRUCTION.match(source, position)
        if match is None:
            newline = source.find("\n", position)
            position = len(source) if newline < 0 else newline + 1
            continue
        start, end = match.end(), _end(_ARGUMENTS, source, match.end())
        document = _HERE_DOCUMENT.match(source, start)
        if document:
            last = re.compile(rf"^\s*{document[1]}\s*$", re.MULTILINE)
            close = last.search(source, document.end())
            start, end = document.end(), close.start() if close else len(source)
        found.append(Instruction(match[1].upper(), Span(start, end), document is not None))
        position = (close.end() if close else len(source)) if document else end
    return tuple(found)


def _end(pattern: re.Pattern[str], source: str, position: int) -> int:
    match = pattern.match(source, position)
    return match.end() if match else position


def docker_variables(source: str) -> dict[str, str]:
    """The defaults that ARG and ENV give in a Dockerfile; of several for one name, the last."""
    return {
        match[1]: match[2]
        for name, span, _ in instructions(source)
        if name in ("ARG", "ENV")
        for match in _DOCKER_DEFAULT.finditer(source, span.start, span.end)
    }


def _dockerfile(source: str) -> Iterator[Command]:
    lookup = docker_variables(source).get
    pipeline = 0
    for name, span, script in instructions(source):
        if name != "RUN":
            continue
        start = min(_end(_RUN_OPTIONS, source, span.start), span.end)
        if source.startswith("[", start) and (words := _exec_form(source, Span(start, span.end))):
            place = Span(words[0].span.start, words[-1].span.end)
            found = [Command(words, place, "dockerfile", pipeline)]
        else:
            found = read(
                source,
                Span(start, span.end),
                "dockerfile",
                lookup,
                first_pipeline=pipeline,
                one_line=not script,
            )
        pipeline = next_pipeline(found, pipeline)
        yield from _nested(found, source, lookup)


_JSON_STRING = lazy(r'"((?:[^"\\\n]|\\.)*)"')


def _exec_form(source: str, span: Span) -> tuple[Word, ...]:
    """The words of `["pip", "install", "x"]`."""
    strings = _JSON_STRING.finditer(source, span.start, span.end)
    return tuple(Word(match[1].replace('\\"', '"'), Span(*match.span(1))) for match in strings)


class _Body(NamedTuple):
    language: str
    span: Span


def _body(text: Text) -> _Body:
    """The language of a text and where it begins, below cell magics."""
    language, source, start = text.language, text.text, 0
    while text.part == "source" and (match := _CELL_MAGIC.match(source, start)):
        start = match.end()
        if match[1] in _SHELL_MAGICS:
            language = "shell"
        elif match[1] == "script":
            shell = any(word.rpartition("/")[2] in _SHELLS for word in match[2].split())
            language = "shell" if shell else ""
        elif match[1] not in _PYTHON_MAGICS:
            language = ""
        if language != "python":
            break
    return _Body(language, Span(start, len(source)))


def _lines(text: Text, span: Span, lookup: Lookup) -> Iterator[Command]:
    """The commands on `!` and `%` lines of a cell or of a percent script."""
    source = text.text
    pattern = _LINE
    if text.part == "file":
        if not _PERCENT_SCRIPT.search(source):
            return
        pattern = _COMMENTED_LINE
    elif _AUTOMAGIC.match(source):
        yield from read(source, span, "percent", lookup, python=True)
        return
    strings = _strings(source)
    pipeline, position = 0, span.start
    while match := pattern.search(source, position):
        rest = Span(match.end(), _end(_REST, source, match.end()))
        position = max(rest.end, match.end())
        if any(s.start < match.start() < s.end for s in strings):
            continue
        origin: Origin = "bang" if match["bang"] else "percent"
        found = read(source, rest, origin, lookup, python=True, first_pipeline=pipeline)
        pipeline = next_pipeline(found, pipeline)
        yield from _nested(found, source, lookup)


def _strings(source: str) -> list[Span]:
    """Where strings in triple quotes stand: a line with `!` in them is no command."""
    if "'''" not in source and '"""' not in source:
        return []
    return [Span(*m.span()) for m in _TRIPLE_QUOTED.finditer(source) if m[1]]


def _nested(found: list[Command], source: str, lookup: Lookup) -> Iterator[Command]:
    """The commands, each followed by those in its `bash -c "…"`."""
    for command in found:
        yield command
        argv = command.argv
        if len(argv) < 3 or argv[0].text.rpartition("/")[2] not in _SHELLS:
            continue
        flags = [word.text for word in argv[1:-1]]
        script = argv[-1]
        raw = source[script.span.start : script.span.end]
        quoted = len(raw) > 1 and raw[0] == raw[-1] and raw[0] in "'\"" and "\\" not in raw
        if quoted and any(re.fullmatch(r"-\w*c", flag) for flag in flags):
            inside = Span(script.span.start + 1, script.span.end - 1)
            python = command.origin in ("bang", "percent")
            yield from read(
                source,
                inside,
                command.origin,
                lookup,
                python=python,
                first_pipeline=command.pipeline,
            )
