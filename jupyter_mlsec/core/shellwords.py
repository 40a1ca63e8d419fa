"""Shell text to commands and words, with the place of every word.

A reader for the shell language as it stands in notebooks, scripts and Dockerfiles: quoting,
continuation lines, comments, pipelines, redirections, here-documents, variables. It does not
expand globs, arithmetic or parameter operators, never raises on unbalanced input, and takes time
in proportion to the text. (The standard library's shlex tells neither places nor operators.)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, NamedTuple

from jupyter_mlsec.core.model import Span
from jupyter_mlsec.core.patterns import lazy

Origin = Literal["percent", "bang", "cell", "call", "dockerfile", "file"]

Lookup = Callable[[str], "str | None"]
"""The value of a variable or a Python name, None where it is not known."""


class Word(NamedTuple):
    """A word of a command.

    `text` is what the program gets: quotes gone, escapes resolved, known variables filled in;
    what is not known stays as it is written and makes the word `dynamic`. `span` is the word as
    it is written, quotes included, in code points of the text; for a word out of a Python string
    it is the inside of the string, or the whole literal where escapes shift the places.
    """

    text: str
    span: Span
    dynamic: bool = False


class Command(NamedTuple):
    """A simple command.

    `words` hold everything from assignments (`X=1 cmd`) to the last argument, without
    redirections. Commands of one pipeline or one `&&`/`||` list have the same `pipeline` number;
    `operator` is what follows: `|`, `|&`, `&&`, `||`, `;`, `&`, or "" at the end of a line.
    `writes` are the files that output is redirected to.
    """

    words: tuple[Word, ...]
    span: Span
    origin: Origin
    pipeline: int
    operator: str = ""
    writes: tuple[Word, ...] = ()

    @property
    def argv(self) -> tuple[Word, ...]:
        """The words from the program on: without assignments, `sudo`, `env`, `time` and such."""
        words = self.words
        position = 0
        while position < len(words):
            text = words[position].text
            if text.rpartition("/")[2] in _WRAPPERS:
                position = _after_options(words, position + 1)
            elif _ASSIGNMENT.match(text):
                position += 1
            else:
                break
        return words[position:]


_WRAPPERS = frozenset("sudo time env nohup nice command exec builtin stdbuf doas".split())
_WRAPPER_VALUES = frozenset(("-u", "-g", "-n", "--user", "--group"))
_RESERVED = frozenset("if then elif else fi while until do done { } ! esac".split())
_ASSIGNMENT = lazy(r"([A-Za-z_]\w*)\+?=")

_SIMPLE = lazy(r"[\w./:=@+,~*?%^!\[\] \t-]*", re.ASCII)  # words and nothing to resolve: most lines
_WORD = lazy(r"[^ \t]+")
_BLANK = lazy(r"(?:[ \t\r\f\v\xa0]|\\\r?\n)+")
_COMMENT = lazy(r"#[^\n]*")
_OPERATOR = lazy(r"&&|\|\||\|&|;;|[|;&()\n]")
_REDIRECT = lazy(r"(?:\d{1,2}|&)?(?:<<<|<<-?|>>|>\||>&|<&|<>|[<>](?!\())")
_PLAIN_WORD = lazy(r"[^\s|&;()<>'\"\\$`{]+(?=\s|\Z)")  # most words: nothing to resolve
_PIECE = lazy(
    r"""
    (?P<plain> [^\s|;&()<>'"\\$`{]+ )
  | (?P<bound> (?<=[\w\],])[<>]=(?=\d) | (?<=[A-Za-z\],])[<>](?=\d) )  # numpy>=1.2, unquoted
  | ' (?P<single> [^']* ) '
  | " (?P<double> (?: [^"\\] | \\[\s\S] )* ) "
  | \$' (?P<ansi> (?: [^'\\] | \\[\s\S] )* ) '
  | (?P<join> \\\r?\n )
  | \\ (?P<escape> [^\n] )
  | (?P<substitution> [$<>]\( | ` )
  | \$\{ (?P<brace> [^}\n]* ) \}
  | \$ (?P<name> [A-Za-z_]\w* )
  | \{ (?P<python> [^{}\n]* ) \}
  | (?P<other> ['"\\$`{] )
    """,
    re.VERBOSE,
)
_IN_QUOTES = lazy(
    r"\\(?P<escape>[\"\\$`\n])|\$\{(?P<brace>[^}\n]*)\}|\$(?P<name>[A-Za-z_]\w*)"
    r"|(?P<substitution>\$\(|`)|\{(?P<python>[^{}\n]*)\}"
)
_EXPANSION = lazy(r"\$\{?(?P<name>[A-Za-z_]\w*)\}?|\{(?P<python>[^{}\n]*)\}")
_LONGEST_SUBSTITUTION = 2000  # keeps text full of unclosed parentheses linear
_VARIABLE = lazy(r"\$[{\w]|\{")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\n": ""}


def _after_options(words: tuple[Word, ...], position: int) -> int:
    while position < len(words) and words[position].text.startswith("-"):
        position += 2 if words[position].text in _WRAPPER_VALUES else 1
    return position


def read(
    source: str,
    span: Span,
    origin: Origin,
    lookup: Lookup,
    *,
    python: bool = False,
    first_pipeline: int = 0,
    one_line: bool = False,
) -> list[Command]:
    """The commands in `source[span]`, with places in `source`.

    `python`: the text goes through IPython, which fills in `{name}` and `$name` of Python names,
    within single quotes too. `one_line`: line ends and comment lines do not end a command, as in a
    Dockerfile's RUN.
    """
    if _SIMPLE.fullmatch(source, *span):
        found = _WORD.finditer(source, *span)
        words = tuple([Word(match[0], Span(*match.span())) for match in found])
        if not words:
            return []
        if words[0].text not in _RESERVED:
            whole = Span(words[0].span.start, words[-1].span.end)
            return [Command(words, whole, origin, first_pipeline)]
    reader = _Reader(source, span, origin, lookup, python, first_pipeline, one_line)
    reader.run()
    return reader.commands


class _Reader:
    def __init__(
        self,
        source: str,
        span: Span,
        origin: Origin,
        lookup: Lookup,
        python: bool,
        pipeline: int,
        one_line: bool,
    ) -> None:
        self.source = source
        self.position, self.end = span
        self.origin: Origin = origin
        self.lookup = lookup
        self.python = python
        self.pipeline = pipeline
        self.one_line = one_line
        self.assigned: dict[str, str | None] = {}
        self.commands: list[Command] = []
        self.words: list[Word] = []
        self.writes: list[Word] = []
        self.unclosed = 0  # up to here it is known that a substitution does not close
        self.documents: list[str] = []  # ends of here-documents that begin at the next line

    def run(self) -> None:
        source = self.source
        while True:
            if blank := _BLANK.match(source, self.position, self.end):
                self.position = blank.end()
            if self.position >= self.end:
                break
            if comment := _COMMENT.match(source, self.position, self.end):
                self.position = comment.end()
            elif self.one_line and source[self.position] == "\n":
                self.position += 1
            elif redirect := _REDIRECT.match(source, self.position, self.end):
                self.position = redirect.end()
                self.redirect(redirect[0].lstrip("0123456789"))
            elif operator := _OPERATOR.match(source, self.position, self.end):
                self.position = operator.end()
                self.finish(operator[0])
            else:
                self.words += self.word()
        self.finish("\n")

    def finish(self, operator: str) -> None:
        """End the command that was being read, if there is one."""
        if self.words:
            span = Span(self.words[0].span.start, max(w.span.end for w in self.words))
            shown = "" if operator in "\n()" else operator
            self.commands.append(
                Command(
                    tuple(self.words), span, self.origin, self.pipeline, shown, tuple(self.writes)
                )
            )
            self.remember()
            self.words.clear()
        self.writes.clear()
        if operator not in ("|", "|&", "&&", "||", "(", ")"):
            self.pipeline += 1
        if operator == "\n" and self.documents:
            self.skip_documents()

    def remember(self) -> None:
        """Note `X=value` and `export X=value`, for the `$X` of later commands."""
        words = self.words
        if words[0].text in ("export", "ARG", "ENV", "local", "readonly"):
            words = words[1:]
        for word in words:
            name = _ASSIGNMENT.match(word.text)
            if name is None:
                return
            known = not word.dynamic and name[1] not in self.assigned
            self.assigned[name[1]] = word.text[name.end() :] if known else None

    def redirect(self, operator: str) -> None:
        if blank := _BLANK.match(self.source, self.position, self.end):
            self.position = blank.end()
        if _OPERATOR.match(self.source, self.position, self.end) or self.position >= self.end:
            return
        target = self.word()
        if operator.startswith("<<") and operator != "<<<":
            self.documents += [word.text for word in target]
        elif ">" in operator and operator != ">&":
            self.writes += target

    def skip_documents(self) -> None:
        for delimiter in self.documents:
            last = re.compile(rf"^[ \t]*{re.escape(delimiter)}[ \t]*$", re.MULTILINE)
            found = last.search(self.source, self.position, self.end)
            self.position = min(found.end() + 1, self.end) if found else self.end
        self.documents.clear()

    def word(self) -> list[Word]:
        """The word that begins here; several or none where it is one variable of many words."""
        source, start = self.source, self.position
        if plain := _PLAIN_WORD.match(source, start, self.end):
            self.position = plain.end()
            reserved = not self.words and plain[0] in _RESERVED
            return [] if reserved else [Word(plain[0], Span(start, self.position))]
        pieces: list[str] = []
        dynamic = False
        while piece := _PIECE.match(source, self.position, self.end):
            self.position = piece.end()
            text, unknown = self.piece(piece)
            pieces.append(text)
            dynamic = dynamic or unknown
        if self.position == start:  # a lone parenthesis or bracket of something unread
            self.position += 1
            return []
        raw = source[start : self.position]
        span = Span(start, self.position)
        text = "".join(pieces)
        if raw in _RESERVED and not self.words:
            return []
        if not dynamic and len(pieces) == 1 and _VARIABLE.match(raw):
            return [Word(part, span) for part in text.split()]
        return [Word(text, span, dynamic)]

    def piece(self, match: re.Match[str]) -> tuple[str, bool]:
        """The text of one piece of a word, and whether it is unknown."""
        kind = match.lastgroup or "other"
        text = match[kind]
        if kind == "double":
            return self.quoted(text)
        if kind == "single":
            return self.expanded(text) if self.python else (text, False)
        if kind == "ansi":
            return re.sub(r"\\([\s\S])", lambda m: _ESCAPES.get(m[1], m[1]), text), False
        if kind == "join":
            return "", False
        if kind == "substitution":
            return self.substitution(match.start(), text)
        if kind in ("brace", "name"):
            return self.variable(text, match[0])
        if kind == "python":
            if self.python:
                return self.value(text, match[0])
            self.position = match.start() + 1  # a brace like any other character
            return "{", False
        return text, False

    def substitution(self, start: int, opening: str) -> tuple[str, bool]:
        """`$(…)`, `<(…)` or a pair of backticks, as it is written."""
        limit = min(self.end, start + _LONGEST_SUBSTITUTION)
        if start < self.unclosed:
            close = -1
        elif opening == "`":
            close = self.source.find("`", self.position, limit)
        else:
            close = _closing(self.source, self.position, limit)
        if close < 0:
            self.unclosed = max(limit, self.unclosed)
        self.position = close + 1 if close >= 0 else self.position
        return self.source[start : self.position], True

    def quoted(self, text: str) -> tuple[str, bool]:
        """The inside of double quotes, with escapes resolved and variables filled in."""
        if "$" not in text and "{" not in text and "\\" not in text and "`" not in text:
            return text, False
        dynamic = False

        def replace(match: re.Match[str]) -> str:
            nonlocal dynamic
            kind = match.lastgroup
            if kind == "escape":
                return "" if match["escape"] == "\n" else match["escape"]
            if kind == "substitution" or (kind == "python" and not self.python):
                dynamic = dynamic or kind == "substitution"
                return match[0]
            find = self.value if kind == "python" else self.variable
            value, unknown = find(match[kind or 0], match[0])
            dynamic = dynamic or unknown
            return value

        return _IN_QUOTES.sub(replace, text), dynamic

    def expanded(self, text: str) -> tuple[str, bool]:
        """What IPython makes of names in single quotes, which the shell would leave alone."""
        dynamic = False

        def replace(match: re.Match[str]) -> str:
            nonlocal dynamic
            value, unknown = self.value(match["python"] or match["name"] or "", match[0])
            dynamic = dynamic or unknown
            return value

        return _EXPANSION.sub(replace, text), dynamic

    def variable(self, name: str, raw: str) -> tuple[str, bool]:
        if ":-" in name:  # ${VERSION:-1.2}: the default is what usually holds
            name = name.partition(":-")[0]
        if name in self.assigned:
            value = self.assigned[name]
            return (raw, True) if value is None else (value, False)
        return self.value(name, raw)

    def value(self, expression: str, raw: str) -> tuple[str, bool]:
        """The value of a Python expression where it is known, or this interpreter."""
        expression = expression.strip()
        if expression == "sys.executable":
            return "python", False
        value = self.lookup(expression)
        return (raw, True) if value is None else (value, False)


def _closing(source: str, position: int, limit: int) -> int:
    """Where the parenthesis closes that was opened before `position`, or -1."""
    depth = 1
    for match in re.compile("[()]").finditer(source, position, limit):
        depth += 1 if match[0] == "(" else -1
        if depth == 0:
            return match.start()
    return -1


def next_pipeline(commands: list[Command], first: int = 0) -> int:
    """The number for the pipeline after these commands."""
    return max((command.pipeline for command in commands), default=first - 1) + 1
