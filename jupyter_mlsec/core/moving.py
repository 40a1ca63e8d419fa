"""Credentials moved out of a source: each becomes a reference, and the code gets the same value.

A change is made only if it is proved: the syntax trees before and after are the same once every
`secret("...")` is put back as the value that it stands for, and constants are folded. What can't
be proved stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from jupyter_mlsec.core.fixes import spliced
from jupyter_mlsec.core.literals import Literal, literals
from jupyter_mlsec.core.model import Edit, Span
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.proof import same
from jupyter_mlsec.core.python import Code, first_statement, imports, parse

if TYPE_CHECKING:
    import ast

MODULE = "jupyter_mlsec"
FUNCTION = "secret"
_OTHER_NAME = "mlsec_secret"  # where the notebook has a `secret` of its own


class Moving(NamedTuple):
    """A credential: where it stands, its value, and the reference that it gets.

    `variable` is the environment variable for a shell line that needs it.
    """

    span: Span
    value: str
    reference: str
    variable: str

    def __repr__(self) -> str:
        """Without the value, which must not get into a log or an error."""
        return f"Moving({self.span}, {self.reference})"


class Moved(NamedTuple):
    """The text after, with the credentials that were moved and those that had to stay."""

    text: str
    moved: tuple[Moving, ...]
    left: tuple[Moving, ...]

    def __repr__(self) -> str:
        return f"Moved(moved={self.moved}, left={self.left})"


def move(text: str, secrets: Sequence[Moving], language: str, taken: bool = False) -> Moved:
    """Move what can be moved out of one source. `taken` says that the notebook uses the name
    `secret` for something else."""
    if language not in ("python", "markdown", "text", "raw"):
        return Moved(text, (), tuple(secrets))
    changed = _changed(text, secrets, language, taken)
    if changed is not None:
        return Moved(changed, tuple(secrets), ())
    accepted: list[Moving] = []
    result = text
    for one in secrets:
        changed = _changed(text, [*accepted, one], language, taken)
        if changed is not None:
            accepted.append(one)
            result = changed
    left = tuple(one for one in secrets if one not in accepted)
    return Moved(result, tuple(accepted), left)


def _changed(text: str, secrets: Sequence[Moving], language: str, taken: bool) -> str | None:
    """The text with all of these moved, or None if that can't be done or proved."""
    if language == "python":
        return _in_python(text, secrets, taken)
    return _in_prose(text, secrets)


def _in_prose(text: str, secrets: Sequence[Moving]) -> str | None:
    """Where nothing runs, the reference stands in the credential's place."""
    if any(text[one.span.start : one.span.end] != one.value for one in secrets):
        return None
    return spliced(text, tuple(Edit(one.span, f"[{one.reference}]") for one in secrets))


def _in_python(text: str, secrets: Sequence[Moving], taken: bool) -> str | None:
    """The source with all of these moved, or None if that can't be done or proved."""
    name = _OTHER_NAME if taken else FUNCTION
    code = parse(text)
    work = _Work(code, name)
    groups: dict[Span, list[Moving]] = {}
    for one in secrets:
        place = _place(code, one.span)
        if place is None:
            return None
        groups.setdefault(place, []).append(one)
    for span, group in groups.items():
        if not work.replace(span, group):
            return None
    changed = spliced(text, tuple(work.edits))
    values = {one.reference: one.value for one in secrets}
    if changed is None or not same(code, parse(changed), values, name, work.variables):
        return None
    return _with_imports(changed, work)


def _place(code: Code, span: Span) -> Span | None:
    """The text that is changed as a whole: a comment, an expression, a magic or shell line."""
    around = [one for one in code.outside if one.start <= span.start and span.end <= one.end]
    comment = next((one for one in around if code.source[one.start] == "#"), None)
    if comment:
        return comment
    nodes = _around(code, span)
    if nodes:
        return code.span(nodes[0])
    for line in around:
        text = code.source[line.start : line.end]
        if text.lstrip().startswith("%") or _is_shell(text):
            return line
    return None


_SHELL = lazy(r"[ \t]*(?:[\w.,\[\]'\"*() \t]+=[ \t]*)?!")


def _is_shell(text: str) -> bool:
    return _SHELL.match(text) is not None


def _around(code: Code, span: Span) -> list[ast.expr]:
    """The expressions around a place that may be a string, the smallest first. Parts of f-strings
    are left out: their places are wrong before Python 3.12."""
    import ast

    inner: set[int] = set()
    for node in code.nodes:
        if isinstance(node, ast.JoinedStr):
            inner.update(id(part) for part in ast.walk(node) if part is not node)
    found: list[tuple[int, int, ast.expr]] = []
    for node in code.nodes:
        if isinstance(node, (ast.Constant, ast.JoinedStr, ast.BinOp, ast.Call)) and (
            id(node) not in inner
        ):
            place = code.span(node)
            if place.start <= span.start and span.end <= place.end:
                found.append((place.end - place.start, len(found), node))
    return [node for *_, node in sorted(found, key=lambda one: one[:2])]


class _Work:
    """The edits of one source, and what they need."""

    def __init__(self, code: Code, name: str) -> None:
        self.code = code
        self.name = name
        self.edits: list[Edit] = []
        self.variables: set[str] = set()
        self.calls = False

    def replace(self, span: Span, group: Sequence[Moving]) -> bool:
        """Plan the change of one place; whether there is a way."""
        text = self.code.source[span.start : span.end]
        stripped = text.lstrip()
        if stripped.startswith("#"):
            return self._comment(group)
        if stripped.startswith("%"):
            return self._magic(span, group)
        if _is_shell(text):
            return self._shell(span, group)
        return self._expression(group)

    def _comment(self, group: Sequence[Moving]) -> bool:
        source = self.code.source
        for one in group:
            if source[one.span.start : one.span.end] != one.value:
                return False
            self.edits.append(Edit(one.span, f"[{one.reference}]"))
        return True

    def call(self, reference: str, quote: str = '"') -> str:
        self.calls = True
        return f"{self.name}({quote}{reference}{quote})"

    def _magic(self, span: Span, group: Sequence[Moving]) -> bool:
        """`%env NAME=value`, as IPython reads it: what stands behind is the value, quotes and
        all, unless it has variables in it."""
        text = self.code.source[span.start : span.end]
        found = _ENV.fullmatch(text.rstrip("\r\n"))
        if found is None or any(mark in found["value"] for mark in "${}"):
            return False
        value = self._joined(found["value"].strip(), group)
        if value is None:
            return False
        line = f"{found['lead']}os.environ[{_literal(found['name'])}] = {value}"
        end = text[len(text.rstrip("\r\n")) :]
        self.variables.add(found["name"])
        self.edits.append(Edit(span, line + end))
        return True

    def _shell(self, span: Span, group: Sequence[Moving]) -> bool:
        """A shell line gets the value from the environment: as an argument everybody could see
        it. Not where IPython would fill in variables: it does so for all of a line or not at
        all."""
        text = self.code.source[span.start : span.end]
        if any(mark in text for mark in "${}`") or "\\\n" in text:
            return False
        lead = text[: len(text) - len(text.lstrip())]
        before = ""
        for one in group:
            if self.code.source[one.span.start : one.span.end] != one.value:
                return False
            how = _quoting(text, one.span.start - span.start)
            if how is None or not (_SINGLE if how == "'" else _PLAIN).fullmatch(one.value):
                return False
            name = f"${one.variable}"
            new = {"": f'"{name}"', '"': f"${{{one.variable}}}", "'": f"'\"{name}\"'"}[how]
            self.edits.append(Edit(one.span, new))
            before += f'{lead}os.environ["{one.variable}"] = {self.call(one.reference)}\n'
            self.variables.add(one.variable)
        start = self.code.source.rfind("\n", 0, span.start + len(lead)) + 1
        self.edits.append(Edit(Span(start, start), before))
        return True

    def _expression(self, group: Sequence[Moving]) -> bool:
        """A string, whole or in part: the first way that gives the same value is taken."""
        import ast

        for node in _around(self.code, group[0].span):
            span = self.code.span(node)
            if any(
                not (span.start <= one.span.start and one.span.end <= span.end) for one in group
            ):
                continue
            ways: list[Callable[[], str | None]] = [lambda node=node: self._folded(node, group)]  # type: ignore[misc]
            if isinstance(node, ast.JoinedStr):
                ways.append(lambda node=node: self._formatted(node, group))  # type: ignore[misc]
            for way in ways:
                new = way()
                if new is not None:
                    self.edits.append(Edit(span, new))
                    return True
        return False

    def _folded(self, node: ast.expr, group: Sequence[Moving]) -> str | None:
        """Of an expression that is one string, or bytes."""
        import ast

        if isinstance(node, ast.Constant) and isinstance(node.value, bytes):
            try:
                text = node.value.decode("ascii")
            except UnicodeDecodeError:
                return None
            new = self._joined(text, group, encoded=True)
        else:
            value = self.code.constant(node)
            new = None if value is None else self._joined(value, group)
        if new is None:
            return None
        return f"({new})" if " + " in new and self._needs_brackets(node) else new

    def _joined(self, text: str, group: Sequence[Moving], *, encoded: bool = False) -> str | None:
        """The text as a sum of literals and calls."""
        by_value = {one.value: one.reference for one in group}
        if not all(value in text for value in by_value):
            return None
        longest = sorted(by_value, key=len, reverse=True)
        parts = re.split("(" + "|".join(map(re.escape, longest)) + ")", text)
        made = []
        for part in parts:
            if part in by_value:
                made.append(self.call(by_value[part]) + (".encode()" if encoded else ""))
            elif part:
                made.append(("b" if encoded else "") + _literal(part))
        return " + ".join(made)

    def _needs_brackets(self, node: ast.expr) -> bool:
        """Whether a sum in the place of this node would be torn apart."""
        import ast

        for parent in self.code.nodes:
            if node in ast.iter_child_nodes(parent):
                operator = (ast.BinOp, ast.UnaryOp, ast.Attribute, ast.Subscript, ast.Await)
                own = isinstance(parent, ast.Call) and parent.func is node
                return isinstance(parent, operator) or own
        return False

    def _formatted(self, node: ast.JoinedStr, group: Sequence[Moving]) -> str | None:
        """Of an f-string: the call stands in the place of the credential."""
        source = self.code.source
        span = self.code.span(node)
        pieces = list(literals(source, span))
        text: list[str | None] = []
        at = span.start
        for piece in pieces:
            inside = [one for one in group if piece.start <= one.span.start < piece.end]
            text.append(source[at : piece.start])
            text.append(self._piece(source, piece, inside))
            at = piece.end
        text.append(source[at : span.end])
        if any(part is None for part in text):
            return None
        if sum(
            piece.start <= one.span.start < piece.end for piece in pieces for one in group
        ) != len(group):
            return None
        return "".join(part or "" for part in text)

    def _piece(self, source: str, piece: Literal, group: Sequence[Moving]) -> str | None:
        """One literal of an f-string; one that has no `f` yet gets it."""
        if not group:
            return source[piece.start : piece.end]
        new = []
        at = piece.body
        plain = "f" not in piece.prefix.lower()
        for one in sorted(group):
            if source[one.span.start : one.span.end] != one.value or one.span.end > piece.close:
                return None
            between = source[at : one.span.start]
            new.append(_braces_doubled(between) if plain else between)
            new.append("{" + self.call(one.reference, "'" if '"' in piece.quote else '"') + "}")
            at = one.span.end
        rest = source[at : piece.close]
        new.append(_braces_doubled(rest) if plain else rest)
        prefix = piece.prefix.replace("u", "").replace("U", "")
        start = f"f{prefix}" if plain else piece.prefix
        return f"{start}{piece.quote}{''.join(new)}{piece.quote}"


_ENV = lazy(r"(?P<lead>[ \t]*)%(?:set_)?env[ \t]+(?P<name>\w+)[ \t]*(?:=|[ \t])(?P<value>.*)")
# what a shell leaves as it is without quotes, and between single ones
_PLAIN = lazy(r"[\w./+=:@%,-]+")
_SINGLE = lazy(r"[^'\n]+")


def _quoting(line: str, at: int) -> str | None:
    """What a place of a shell line is quoted with: nothing, `"` or `'`; None after a `#`."""
    quote = ""
    escaped = False
    for position, char in enumerate(line[:at]):
        if escaped:
            escaped = False
        elif char == "\\" and quote != "'":
            escaped = True
        elif char == quote:
            quote = ""
        elif not quote and char in "\"'":
            quote = char
        elif not quote and char == "#" and line[position - 1 : position].isspace():
            return None
    return quote


def _literal(text: str) -> str:
    """The text as Python writes it, in double quotes if that takes no escapes."""
    written = repr(text)
    if written[0] == "'" and '"' not in written:
        return f'"{written[1:-1]}"'
    return written


def _braces_doubled(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _with_imports(text: str, work: _Work) -> str:
    """The text with the imports that it needs, where its first statement begins."""
    first = min(edit.span.start for edit in work.edits)
    known = _imported(work.code, first)
    lines = []
    if work.variables and known.get("os") != "os":
        lines.append("import os\n")
    if work.calls and known.get(work.name) != f"{MODULE}.{FUNCTION}":
        alias = "" if work.name == FUNCTION else f" as {work.name}"
        lines.append(f"from {MODULE} import {FUNCTION}{alias}\n")
    at = first_statement(parse(text)) if lines else 0
    return text[:at] + "".join(lines) + text[at:]


def _imported(code: Code, offset: int) -> Mapping[str, str]:
    """What is imported for sure by the statements before a place."""
    import ast

    body = code.tree.body if code.tree else []
    before: list[ast.stmt] = [one for one in body if code.span(one).end <= offset]
    return imports((Code(code.source, ast.Module(before, [])),)) if _plain(before) else {}


def _plain(statements: Sequence[ast.stmt]) -> bool:
    """Whether imports among these run whenever the cell does: not in a function or branch."""
    import ast

    compound = (ast.If, ast.Try, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.With)
    return not any(isinstance(one, compound) for one in statements)
