"""Cell text to syntax tree: magics and shell lines blanked in place, every position kept.

The syntax tree counts UTF-8 bytes and lines; `Code.span` turns that into code points, here and
nowhere else. `ast` is imported where it is used: most scans need no tree.
"""

from __future__ import annotations

import re
import warnings
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from jupyter_mlsec.core.folding import Names, constant
from jupyter_mlsec.core.model import Span
from jupyter_mlsec.core.patterns import lazy

if TYPE_CHECKING:
    import ast

# Cell magics whose body is Python that runs in the kernel (or, for the last line, in another one).
_PYTHON_BODIES = frozenset(
    """capture debug heat ipytest local lprun memit mprun prun px pyinstrument pyspark python
    python3 run_pytest scalene skip snakeviz spark tb time timeit track_emissions wandb""".split()
)

_NEWLINE = lazy(r"\r\n|\r|\n")
_NOT_NEWLINE = lazy(r"[^\r\n]")
_CELL_MAGIC = lazy(r"(?:[ \t]*(?:#[^\n]*)?\r?\n)*[ \t]*%%(!|\w+)")
_WRITES_PYTHON = lazy(
    r"\s*(?:#[^\n]*\n\s*)*%%(?:writefile|file)[ \t][^\n]*\.py[\"']?[ \t]*(?:\n|\Z)"
)
_MAGIC_LINE = lazy(
    r"""
    (?P<lead>[ \t]*)
    (?: (?P<timed>%(?:time|prun))(?=[ \t]+[^\s-])             # the rest of the line is Python
      | (?P<target>(?:[\w.,*() \t]|\[[^\]\n]*\])+=[ \t]*)?
        (?P<escaped>[!%](?:\\\r?\n|[^\n])*)                   # x = !ls
      | (?P<help>\?\??[ \t]*[%\w.*]+|%?%?[\w.*\[\]]+\?\??)[ \t]*(?:\#[^\n]*)?\r?$
    )""",
    re.VERBOSE | re.MULTILINE,
)
# In every text that has one of these lines, and in few others: `a % b` and `a != b` are none.
_MAY_BE_MAGIC = lazy(r"^[ \t]*[!%?]|=[ \t]*[!%]|\?[ \t]*(?:#[^\n]*)?\r?$", re.MULTILINE)
_TOKEN = lazy(
    r'''
    (?P<skip> \#[^\n]*
      | """(?:[^\\"]+|\\(?:.|\Z)|"(?!""))*(?:"""|\Z)
      | \'\'\'(?:[^\\']+|\\(?:.|\Z)|'(?!''))*(?:\'\'\'|\Z)
      | "(?:[^\\"\n]+|\\(?:.|\Z))*"?
      | '(?:[^\\'\n]+|\\(?:.|\Z))*'?
    )
    | (?P<open>[(\[{]) | (?P<close>[)\]}]) | (?P<continued>\\\r?\n) | (?P<newline>\n)''',
    re.VERBOSE | re.DOTALL,
)
# Methods that change a list.
# A line at the left margin that belongs to the statement before it.
_BELONGS = lazy(r"[ \t#)\]}\r\n]|(?:else|elif|except|finally)\b")


def _end_of_line(source: str, position: int, depth: int) -> tuple[int, int, bool]:
    """Where the line read from `position` ends (a string over several lines counts as one line),
    how many brackets are open there, and whether a backslash continues it."""
    while token := _TOKEN.search(source, position):
        position = token.end()
        if token.lastgroup == "open":
            depth += 1
        elif token.lastgroup == "close":
            depth = max(depth - 1, 0)
        elif token.lastgroup != "skip":
            return position, depth, token.lastgroup == "continued"
    return len(source), depth, False


def blank_magics(source: str) -> str:
    """The source with what is IPython's and not Python's replaced, every position kept.

    A magic, shell or help line becomes the statement `0` and spaces, so that a block of nothing
    else still parses; of `x = !ls` the `x = ` stays. `%time` and `%prun` before a statement
    become `if 1:`. A cell whose magic says that its body is no Python becomes all spaces; one
    that writes a .py file is Python.
    """
    if "%" not in source and "!" not in source and "?" not in source:
        return source
    if not _MAY_BE_MAGIC.search(source):
        return source
    cell = _CELL_MAGIC.match(source)
    if cell and cell[1] not in _PYTHON_BODIES and not _WRITES_PYTHON.match(source):
        return _NOT_NEWLINE.sub(" ", source)
    pieces: list[str] = []
    position, depth, continued = 0, 0, False
    while position < len(source):
        magic = None if depth or continued else _MAGIC_LINE.match(source, position)
        if magic and not magic["timed"]:
            kept = magic["lead"] + (magic["target"] or "")
            rest = _NOT_NEWLINE.sub(" ", source[position + len(kept) + 1 : magic.end()])
            pieces.append(f"{kept}0{rest}")
            position = magic.end()
        elif magic:
            pieces.append(magic["lead"] + "if 1:")
            position = magic.end()
        end, depth, continued = _end_of_line(source, position, depth)
        pieces.append(source[position:end])
        position = end
    return "".join(pieces)


def comment_ends(source: str) -> frozenset[int] | None:
    """The ends of lines behind which a comment changes nothing: not within a string, nor after a
    backslash. None for a cell whose magic says that it is no Python."""
    blanked = blank_magics(source)
    cell = _CELL_MAGIC.match(source)
    if cell and cell[1] not in _PYTHON_BODIES:
        return None
    ends = set()
    position = depth = 0
    while position < len(source):
        position, depth, continued = _end_of_line(blanked, position, depth)
        # the backslash of a shell line is blanked
        if not continued and source[position - 1] == "\n" and source[position - 2] != "\\":
            ends.add(position - 1)
    if not source.endswith("\\"):
        ends.add(len(source))
    return frozenset(ends)


class Call(NamedTuple):
    """A call: `name` is the callee's full dotted name, seen through the imports; what is called
    or indexed on the way shows as `get_ipython().system`, `clients[].get`."""

    node: ast.Call
    name: str
    span: Span

    @property
    def args(self) -> list[ast.expr]:
        """The positional arguments."""
        return self.node.args

    def keyword(self, name: str) -> ast.expr | None:
        """The value of a keyword argument that is written out."""
        return next((k.value for k in self.node.keywords if k.arg == name), None)

    def may_have(self, name: str) -> bool:
        """Whether the keyword is given, or may be in `**options`."""
        return any(k.arg is None or k.arg == name for k in self.node.keywords)


class Code:
    """A Python text with its syntax tree.

    `tree` is None where nothing parses. Where single statements don't, the tree holds the
    others, and `unparsed` says where those are that it lacks.
    """

    def __init__(
        self, source: str, tree: ast.Module | None, unparsed: tuple[Span, ...] = ()
    ) -> None:
        self.source = source
        self.tree = tree
        self.unparsed = unparsed

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """All nodes of the tree, outer ones first; without those that say how a name is used
        (`Load()` and the like), a third of them. In half the time that `ast.walk` takes."""
        if self.tree is None:
            return ()
        import ast

        found: list[ast.AST] = [self.tree]
        for node in found:
            if not node._fields:
                continue  # `Add()` and the like are shared by all trees: IPython hangs others on it
            for value in node.__dict__.values():
                if isinstance(value, list):
                    found += [item for item in value if isinstance(item, ast.AST)]
                elif isinstance(value, ast.AST) and not isinstance(value, ast.expr_context):
                    found.append(value)
        return tuple(found)

    @cached_property
    def bindings(self) -> tuple[tuple[str, ast.expr | None], ...]:
        """Each binding of a name, with its value where that is one whole expression."""
        from jupyter_mlsec.core.constants import all_bindings

        return tuple(all_bindings(self.nodes))

    @cached_property
    def imports(self) -> Mapping[str, str]:
        """Local name to full name, of this text alone."""
        return imports((self,))

    @cached_property
    def outside(self) -> tuple[Span, ...]:
        """Where there is text and no code, in order: strings, comments, magics and what does not
        parse."""
        blanked = blank_magics(self.source)
        found = [Span(*m.span()) for m in _TOKEN.finditer(blanked) if m["skip"]]
        if blanked != self.source:
            for start, end in zip(self._lines, (*self._lines[1:], len(blanked)), strict=True):
                if blanked[start:end] != self.source[start:end]:
                    found.append(Span(start, end))
        apart: list[Span] = []
        for span in sorted({*found, *self.unparsed}):
            if not apart or span.end > apart[-1].end:
                apart.append(span)
        return tuple(apart)

    @cached_property
    def _lines(self) -> tuple[int, ...]:
        return (0, *(newline.end() for newline in _NEWLINE.finditer(self.source)))

    @cached_property
    def _ascii(self) -> bool:
        return self.source.isascii()

    def _offset(self, line: int, column: int) -> int:
        start = self._lines[line - 1]
        if self._ascii:
            return start + column
        head = self.source[start : start + column]
        if head.isascii():
            return start + column
        return start + len(head.encode("utf-8", "surrogatepass")[:column].decode("utf-8", "ignore"))

    def span(self, node: ast.AST) -> Span:
        """Where a node stands, in code points. `node` is an expression, statement, argument,
        keyword or alias; not a part of an f-string, whose places are right from 3.12 on only."""
        place: ast.expr = node  # type: ignore[assignment]  # whatever has a place has all four
        end_line, end_column = place.end_lineno or place.lineno, place.end_col_offset or 0
        return Span(
            self._offset(place.lineno, place.col_offset), self._offset(end_line, end_column)
        )

    def line(self, offset: int) -> int:
        """The line, from 1, in which a code point stands."""
        return bisect_right(self._lines, offset)

    def name(self, node: ast.expr, imports: Mapping[str, str] | None = None) -> str:
        """The dotted name of an expression as `Call.name` gives it, "" for what has no name."""
        import ast

        known = self.imports if imports is None else imports
        match node:
            case ast.Name(id=name):
                return known.get(name, name)
            case ast.Attribute(value=value, attr=attribute):
                return f"{self.name(value, known)}.{attribute}"
            case ast.Call(func=function):
                return f"{self.name(function, known)}()"
            case ast.Subscript(value=value):
                return f"{self.name(value, known)}[]"
        return ""

    def calls(self, *full_names: str, imports: Mapping[str, str] | None = None) -> Iterator[Call]:
        """The calls of these functions, or all calls, seen through `imports` (by default this
        text's own; `View.calls` gives the whole document's)."""
        import ast

        for node in self.nodes:
            if isinstance(node, ast.Call):
                name = self.name(node.func, imports)
                if not full_names or name in full_names:
                    yield Call(node, name, self.span(node))

    @staticmethod
    def constant(node: ast.expr, names: Names | None = None) -> str | None:
        """The string that an expression is sure to be, or None; see `core.folding`."""
        return constant(node, names or {})


def _groups(source: str, *, brackets: bool) -> Iterator[Span]:
    """The text cut where statements begin at the left margin. With `brackets`, not inside open
    ones: right for sound code, but an unclosed one swallows the rest."""
    start = position = depth = 0
    continued = decorator = False
    while position < len(source):
        inside = continued or (brackets and depth > 0)
        if not inside and not _BELONGS.match(source, position):
            if position > start and not decorator:
                yield Span(start, position)
                start = position
            decorator = source.startswith("@", position)
        position, depth, continued = _end_of_line(source, position, depth)
    if start < len(source):
        yield Span(start, len(source))


def _parse_part(source: str, span: Span, lines_before: int = 0) -> list[ast.stmt] | None:
    """The statements of one part, with the whole text's line numbers, or None."""
    import ast

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source[span.start : span.end])
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if lines_before:
        ast.increment_lineno(tree, lines_before)
    return tree.body


def parse(source: str) -> Code:
    """The syntax tree of a cell or a Python file. Never raises: see `Code.unparsed`."""
    import ast

    blanked = blank_magics(source)
    whole = Span(0, len(source))
    statements = _parse_part(blanked, whole)
    if statements is not None:
        return Code(source, ast.Module(statements, []))
    newlines = [newline.start() for newline in _NEWLINE.finditer(blanked)]
    found: list[ast.stmt] = []
    unparsed: list[Span] = []
    for group in _groups(blanked, brackets=True):
        statements = _parse_part(blanked, group, bisect_left(newlines, group.start))
        if statements is not None:
            found += statements
            continue
        for inner in _groups(blanked[group.start : group.end], brackets=False):
            part = Span(group.start + inner.start, group.start + inner.end)
            statements = _parse_part(blanked, part, bisect_left(newlines, part.start))
            if statements is None:
                unparsed.append(part)
            else:
                found += statements
    return Code(source, ast.Module(found, []) if found else None, tuple(unparsed))


def imports(codes: Iterable[Code]) -> dict[str, str]:
    """Local name to full name: `import pandas as pd` gives `pd: pandas`, `from torch import load`
    gives `load: torch.load`. The last import of a name wins; `import *` tells nothing."""
    import ast

    names: dict[str, str] = {}
    for code in codes:
        for node in statements(code.tree.body if code.tree else []):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.asname:
                        names[alias.asname] = alias.name
                    else:
                        root = alias.name.partition(".")[0]
                        names[root] = root
            elif isinstance(node, ast.ImportFrom):
                module = "." * node.level + (node.module or "")
                for alias in node.names:
                    if alias.name != "*":
                        names[alias.asname or alias.name] = f"{module}.{alias.name}"
    return names


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """All statements of a block in their order, with those in blocks inside; expressions, which
    are most of a tree, are not looked into."""
    pending = body[::-1]
    while pending:
        node = pending.pop()
        yield node
        for block in ("handlers", "cases", "finalbody", "orelse", "body"):
            pending += getattr(node, block, ())[::-1]


def first_statement(code: Code) -> int:
    """The offset of the line on which the first statement begins that an import may precede."""
    import ast

    for statement in code.tree.body if code.tree else ():
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            continue
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue  # a docstring, or a blanked magic
        decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
        first = code.span(decorators[0] if decorators else statement).start
        return code.source.rfind("\n", 0, first) + 1
    return 0
