"""The shell commands that Python calls run: `subprocess.run(["pip", "install", "x"])`,
`os.system("…")`, `get_ipython().system("…")`, `pip.main([…])`, `micropip.install("x")`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.model import Span
from jupyter_mlsec.core.shellwords import Command, Lookup, Word, next_pipeline, read

if TYPE_CHECKING:
    from jupyter_mlsec.core.python import Call, Code
    from jupyter_mlsec.core.view import Context

_RUNNERS = frozenset(
    f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen")
)
_SHELL_RUNNERS = frozenset(
    "os.system os.popen asyncio.create_subprocess_shell subprocess.getoutput"
    " subprocess.getstatusoutput get_ipython().system get_ipython().getoutput"
    " get_ipython().system_raw".split()
)
_PIP_MAINS = frozenset(
    "pip.main pip._internal.main pip._internal.main.main pip._internal.cli.main.main".split()
)
# JupyterLite's pip: packages as a string or a list of strings
_BROWSER_PIPS = frozenset(("micropip.install", "piplite.install"))
_LINE_MAGICS = frozenset(("pip", "conda", "mamba", "uv"))


def called(
    code: Code, context: Context, lookup: Lookup, first_pipeline: int = 0
) -> Iterator[Command]:
    """The commands of all calls in a Python text, in the order of the syntax tree."""
    pipeline = first_pipeline
    for call in code.calls(imports=context.imports):
        if call.args:
            found = _Caller(code, context, lookup, pipeline).commands(call)
            pipeline = next_pipeline(found, pipeline)
            yield from found


class _Caller:
    def __init__(self, code: Code, context: Context, lookup: Lookup, pipeline: int) -> None:
        self.code = code
        self.context = context
        self.lookup = lookup
        self.pipeline = pipeline

    def commands(self, call: Call) -> list[Command]:
        argument = call.args[0]
        if call.name == "get_ipython().run_line_magic" and len(call.args) > 1:
            return self.magic(argument, call.args[1])
        if call.name in _SHELL_RUNNERS:
            return self.script(argument)
        if call.name in _PIP_MAINS and isinstance(argument, ast.List | ast.Tuple):
            here = Word("pip", Span(call.span.start, call.span.start))
            return self.listed([here, *self.words(argument)])
        if call.name in _BROWSER_PIPS:
            start = Span(call.span.start, call.span.start)
            words = self.words(argument)
            return self.listed([Word("pip", start), Word("install", start), *words])
        if call.name == "asyncio.create_subprocess_exec":
            return self.listed([self.word(word) for word in call.args])
        if call.name not in _RUNNERS:
            return []
        if isinstance(argument, ast.List | ast.Tuple | ast.BinOp) and _list_in(argument):
            return self.listed([*self.words(argument)])
        if isinstance(argument, ast.Call):
            return self.script(_split(argument))
        return self.script(argument) if call.may_have("shell") else []

    def magic(self, name: ast.expr, line: ast.expr) -> list[Command]:
        """`run_line_magic("pip", "install x")`."""
        magic = self.word(name)
        found = self.script(line)
        if magic.text in _LINE_MAGICS and found:
            first = found[0]
            return [first._replace(words=(magic, *first.words)), *found[1:]]
        return found if magic.text in ("sx", "system") else []

    def listed(self, words: list[Word]) -> list[Command]:
        if not words:
            return []
        span = Span(words[0].span.start, words[-1].span.end)
        return [Command(tuple(words), span, "call", self.pipeline)]

    def script(self, node: ast.expr) -> list[Command]:
        """The commands of a string expression. Where escapes or variables shift the places,
        every word has the whole expression's."""
        word = self.word(node)
        source = self.code.source
        if source[word.span.start : word.span.end] == word.text:
            return self.read(source, word.span)

        def here(words: tuple[Word, ...]) -> tuple[Word, ...]:
            return tuple(w._replace(span=word.span) for w in words)

        return [
            c._replace(words=here(c.words), span=word.span, writes=here(c.writes))
            for c in self.read(word.text, Span(0, len(word.text)))
        ]

    def read(self, source: str, span: Span) -> list[Command]:
        return read(source, span, "call", self.lookup, python=True, first_pipeline=self.pipeline)

    def words(self, node: ast.expr) -> Iterator[Word]:
        """The words of `[a, *b] + c`: of a list or a loop variable that is known, each."""
        match node:
            case ast.List(elts=elements) | ast.Tuple(elts=elements):
                for element in elements:
                    yield from self.words(element)
            case ast.BinOp(left=left, op=ast.Add(), right=right) if _list_in(node):
                yield from self.words(left)
                yield from self.words(right)
            case ast.Name(id=name) if self.context.constants.get(name) is None:
                several = self.context.constants.each(name)
                yield from self.filled(node, several or self.context.constants.items(node))
            case ast.Starred(value=value):
                yield from self.filled(node, self.context.constants.items(value))
            case _:
                yield self.word(node)

    def filled(self, node: ast.expr, texts: tuple[str, ...]) -> list[Word]:
        span = self.code.span(node)
        return [Word(text, span) for text in texts] or [self.word(node)]

    def word(self, node: ast.expr) -> Word:
        """An expression as a word; what is not known of it is its source in braces."""
        span = self.code.span(node)
        text = self.code.constant(node, self.context.constants)
        if text is None:
            text = _braced(node)
            return Word("python", span) if text == "{sys.executable}" else Word(text, span, True)
        raw = self.code.source[span.start : span.end]
        quote = 3 if raw[:3] in ("'''", '"""') else 1
        inside = Span(span.start + quote, span.end - quote)
        literal = raw[:1] in ("'", '"') and raw[quote : len(raw) - quote] == text
        return Word(text, inside if literal else span)


def _list_in(node: ast.expr) -> bool:
    """Whether a sum of lists, or a list: `["pip", "install"] + packages`."""
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        node = node.left
    return isinstance(node, ast.List | ast.Tuple)


def _split(call: ast.Call) -> ast.expr:
    """The string in `"pip install x".split()` and `shlex.split("pip install x")`."""
    function = call.func
    if isinstance(function, ast.Attribute) and function.attr == "split":
        if isinstance(function.value, ast.Name) and call.args:
            return call.args[0]
        return function.value
    return call


def _braced(node: ast.expr) -> str:
    """`f"pip install {name}"` without its quotes, any other expression in braces."""
    if not isinstance(node, ast.JoinedStr):
        return f"{{{ast.unparse(node)}}}"
    return "".join(
        str(part.value)
        if isinstance(part, ast.Constant)
        else f"{{{ast.unparse(part.value if isinstance(part, ast.FormattedValue) else part)}}}"
        for part in node.values
    )
