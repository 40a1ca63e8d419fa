"""JSON that the fast parsers refuse, and where its strings stand.

Notebooks in the wild hold NaN, lone surrogates, integers of any length and nesting of thousands
of levels. `loads` reads all of it: msgspec first, the standard library for what that refuses, and
a loop without recursion for what is too deep for both. `strings` walks the same loop and tells
where each string literal stands, for edits that leave every other byte alone.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.patterns import lazy, lazy_bytes

_SPACE = lazy(r"[ \t\n\r]*")
_SCALAR = lazy(r"-?(?:\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|Infinity)|NaN|true|false|null")
_CONSTANTS: dict[str, Any] = {"true": True, "false": False, "null": None}
_CONFLICT = lazy_bytes(rb"^(?:<{7}|={7}|>{7})(?: |\r?$)", re.MULTILINE)

# msgspec is worth its import (11 ms) only from this many bytes on.
SMALL = 400_000

Path = tuple["str | int", ...]


class Literal(NamedTuple):
    """A string literal: its place in the document, its offsets with quotes, its value."""

    path: Path
    start: int
    end: int
    value: str


def encoding(data: bytes) -> str:
    """The codec that JSON's first bytes tell: `utf-8`, or UTF-16 or 32, with or without BOM."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:4]:
        import json

        return json.detect_encoding(data)
    return "utf-8"


def decode(data: bytes) -> str:
    """The text of a file, without BOM.

    Bytes that are no UTF-8 become lone surrogates (`surrogateescape`), so that nothing is lost.
    """
    codec = encoding(data)
    if codec != "utf-8":
        return data.decode(codec, "replace")
    return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")


def loads(data: bytes) -> Any:
    """The value of a JSON document. Raises MlsecError with line and column where it is none.

    Of a key that stands twice in an object the last one counts, as for every reader of notebooks;
    to look for such keys would cost a third of the parse.
    """
    if len(data) >= SMALL or "msgspec" in sys.modules:
        import msgspec

        try:
            return msgspec.json.decode(data)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            pass  # perhaps only NaN or the like: the parsers below decide
    text = decode(data)
    if not text.strip():
        raise MlsecError("the file is empty", "delete it, or save the notebook again")
    import json

    try:
        return json.loads(text, parse_int=_integer, strict=False)
    except RecursionError:
        return _Reader(text).value()
    except json.JSONDecodeError as error:
        raise _malformed(data, text, error.pos, error.msg) from None


def strings(text: str) -> Iterator[Literal]:
    """Every string value (not key) of a JSON document, in order. Raises MlsecError."""
    reader = _Reader(text)
    reader.value()
    return iter(reader.literals)


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) < 300 else float("inf")


def _malformed(data: bytes, text: str, position: int, what: str) -> MlsecError:
    conflict = _CONFLICT.search(data)
    if conflict:
        line = data.count(b"\n", 0, conflict.start()) + 1
        return MlsecError(
            "merge conflict markers: not valid JSON",
            "resolve the conflict (nbdime can merge notebooks), then scan again",
            line=line,
            column=1,
        )
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    return MlsecError(
        f"not valid JSON: {what[:1].lower()}{what[1:]}",
        "restore the file, for example from git or from .ipynb_checkpoints",
        line=line,
        column=column,
    )


class _Reader:
    """One pass over a document with a stack of its own. Slow (2 MB/s); takes any depth."""

    def __init__(self, text: str) -> None:
        from json.decoder import scanstring  # type: ignore[attr-defined]

        self.text = text
        self.at = 0
        self.path: list[str | int] = []
        self.literals: list[Literal] = []
        self._scanstring: Callable[[str, int, bool], tuple[str, int]] = scanstring

    def value(self) -> Any:
        """The whole document's value, its string literals noted on the way."""
        stack: list[Any] = []
        while True:
            value = self._open_or_scalar()
            if isinstance(value, (dict, list)) and not self._closes(value):
                stack.append(value)
                self._enter(value)
                continue
            while stack:
                self._put(stack[-1], value)
                if self._next(stack[-1]):
                    break
                value = stack.pop()
                self.path.pop()
            else:
                self._space()
                if self.at != len(self.text):
                    raise self._error("extra data")
                return value

    def _error(self, what: str) -> MlsecError:
        raw = self.text.encode("utf-8", "surrogatepass")
        return _malformed(raw, self.text, self.at, what)

    def _space(self) -> str:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self.text[self.at : self.at + 1]

    def _string(self) -> str:
        start = self.at
        try:
            value, self.at = self._scanstring(self.text, start + 1, False)
        except ValueError:
            raise self._error("unterminated string") from None
        return value

    def _open_or_scalar(self) -> Any:
        char = self._space()
        if char == "{" or char == "[":
            self.at += 1
            return {} if char == "{" else []
        if char == '"':
            start = self.at
            text = self._string()
            # deeper strings are no cell sources, and their paths would cost depth squared
            if len(self.path) <= 8:
                self.literals.append(Literal(tuple(self.path), start, self.at, text))
            return text
        match = _SCALAR.match(self.text, self.at)
        if not match:
            raise self._error("expecting value")
        self.at = match.end()
        word = match[0]
        if word in _CONSTANTS:
            return _CONSTANTS[word]
        return _integer(word) if word.lstrip("-").isdigit() else float(word)

    def _closes(self, container: dict[str, Any] | list[Any]) -> bool:
        if self._space() != ("}" if isinstance(container, dict) else "]"):
            return False
        self.at += 1
        return True

    def _enter(self, container: dict[str, Any] | list[Any]) -> None:
        self.path.append(self._key() if isinstance(container, dict) else 0)

    def _key(self) -> str:
        if self._space() != '"':
            raise self._error("expecting property name enclosed in double quotes")
        key = self._string()
        if self._space() != ":":
            raise self._error("expecting ':' delimiter")
        self.at += 1
        return key

    def _put(self, container: Any, value: Any) -> None:
        if isinstance(container, dict):
            container[self.path[-1]] = value
        else:
            container.append(value)

    def _next(self, container: Any) -> bool:
        """Go to the next member; False at the container's end."""
        char = self._space()
        self.at += 1
        if char == ",":
            self.path[-1] = self._key() if isinstance(container, dict) else len(container)
            return True
        if char != ("}" if isinstance(container, dict) else "]"):
            self.at -= 1
            raise self._error("expecting ',' delimiter")
        return False
