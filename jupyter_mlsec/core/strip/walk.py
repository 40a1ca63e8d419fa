"""Where the values of a JSON document stand in its bytes.

The file is taken as latin-1, so that a byte is a character and an offset in the text is one in
the file: what is no UTF-8 does not matter. Values are read by the scanner of the standard
library's `json` module, which is written in C (500 MB/s), and only their ends are kept; what is
too deep for it, or too large to be read at once, is skipped by a loop without recursion.

No `re`, `json` or `typing` here: git's filter starts with these modules, in milliseconds.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

if TYPE_CHECKING:
    _make_scanner: Callable[[type], Callable[[str, int], tuple[Any, int]]]
    _scanstring: Callable[[str, int, bool], tuple[str, int]]
else:
    try:
        from _json import make_scanner as _make_scanner
        from _json import scanstring as _scanstring
    except ImportError:  # a Python without json's accelerator
        from json.decoder import scanstring as _scanstring
        from json.scanner import py_make_scanner as _make_scanner

BOM = b"\xef\xbb\xbf"

# Up to this size a file is decoded as a whole; of larger ones, only what is looked at.
_WHOLE = 4 << 20
# The most that is read at once of a larger file.
_WINDOW = 1 << 20

# A scanner whose `json` nobody has imported finds no class for its error, and gives SystemError.
_REFUSED = (StopIteration, ValueError, SystemError)

# A string of this length is a picture.
_PICTURE = 1 << 20
# Levels to go down before something is tried again that was too deep.
_STRIDE = 400

SPACE = b" \n\r\t"
_QUOTE, _BACKSLASH, _COMMA, _COLON = b'"\\,:'
_BRACE, _BRACKET = b"{["
_DELIMITERS = b",]} \n\r\t"


class Malformed(Exception):
    """No JSON. Without a place: `Unparsable` is made of it, which has one."""


class _How:
    """How the scanner reads: objects as tuples of pairs (so that no key is lost that stands
    twice), arrays as lists, numbers as they are spelled, strings with whatever is in them."""

    strict = False
    object_hook = None
    object_pairs_hook = tuple
    parse_float = parse_int = parse_constant = str
    memo: dict[str, str] = {}  # noqa: RUF012 - for the scanner written in Python


_scan = _make_scanner(_How)


class Deep:
    """Stands for a value that was skipped, not read: too deep, or too large."""


class Item:
    """An item of a container: a member of an object, whose key begins at `start`, or an element
    of an array, whose key is empty. The value begins at `at` and ends before `end`."""

    __slots__ = ("at", "end", "key", "start", "value")

    def __init__(self, key: str, start: int, at: int, value: Any, end: int) -> None:
        self.key = key
        self.start = start
        self.at = at
        self.value = value
        self.end = end


class Reader:
    """One document's bytes. Offsets are byte offsets; `value` gives latin-1 strings.

    All methods raise Malformed or IndexError where the bytes are no JSON.
    """

    __slots__ = ("_alone", "_text", "data")

    def __init__(self, data: bytes, *, limit: int | None = None) -> None:
        """Files up to `limit` (4 MB) are decoded as a whole; of larger ones only what is looked
        at."""
        self.data = data
        self._alone = len(data)  # from where on strings of lists are read one by one for a while
        self._text = (
            data.decode("latin-1") if len(data) <= (_WHOLE if limit is None else limit) else None
        )

    def start(self) -> int:
        """Where the document's value begins."""
        return self._space(3 if self.data.startswith(BOM) else 0)

    def finish(self, at: int) -> None:
        """Raise Malformed unless only white space follows."""
        if self.data[at:].strip(SPACE):
            raise Malformed

    def value(self, at: int) -> tuple[Any, int]:
        """The value that begins here, and where it ends.

        An object is a tuple of pairs, an array a list, a number a string; `Deep` stands for what
        was not read.
        """
        read = self._read(at)
        return read if read is not None else (Deep, self._skip(at))

    def members(self, at: int) -> list[Item]:
        """The members of the object that begins here, in order, each as often as it stands."""
        found = []
        start = self.enter(at)
        while start >= 0:
            key, begin = self.key(start)
            value, end = self.value(begin)
            found.append(Item(key, start, begin, value, end))
            start = self.next(end, _BRACE + 2)
        return found

    def items(self, at: int) -> tuple[list[Item], int]:
        """The elements of the array that begins here, and where it ends."""
        found = []
        start = self.enter(at)
        while start >= 0:
            value, end = self.value(start)
            found.append(Item("", start, start, value, end))
            start = self.next(end, _BRACKET + 2)
        return found, ~start

    def root(self, *keys: str) -> dict[str, Any]:
        """The values of some of the document's own keys; of one that stands twice, the last."""
        found = {}
        begin = self.start()
        start = self.enter(begin) if self.data[begin] == _BRACE else -1
        while start >= 0:
            key, at = self.key(start)
            value, end = self.value(at)
            if key in keys:
                found[key] = self.full(Item(key, start, at, value, end))
            start = self.next(end, _BRACE + 2)
        return found

    def format(self) -> int:
        """The notebook's major format; 4 if it does not say."""
        said = self.root("nbformat").get("nbformat")
        return int(said) if type(said) is str and said.isdecimal() and len(said) < 9 else 4

    def notebook_metadata(self, name: str) -> Any:
        """The value of a key of the notebook's metadata, or None."""
        held = self.root("metadata").get("metadata")
        named = [v for key, v in held if key == name] if type(held) is tuple else []
        return named[-1] if named else None

    def close(self, at: int) -> int:
        """The offset behind the bracket that closes a container whose last item ends here."""
        return self._space(at) + 1

    def enter(self, at: int) -> int:
        """From an opening bracket to the first item, or `~end` of an empty container."""
        data = self.data
        inside = self._space(at + 1)
        return ~(inside + 1) if data[inside] == data[at] + 2 else inside

    def full(self, item: Item) -> Any:
        """An item's value, read however large it is; Deep only if it is nested too deeply."""
        if item.value is not Deep:
            return item.value
        return pairs_of(self.data[item.at : item.end])

    def next(self, at: int, closing: int) -> int:
        """From the end of an item to the next one, or `~end` where its container closes."""
        at = self._space(at)
        char = self.data[at]
        if char == _COMMA:
            return self._space(at + 1)
        if char != closing:
            raise Malformed
        return ~(at + 1)

    def key(self, at: int) -> tuple[str, int]:
        """The key that begins here, and where its value does."""
        if self.data[at] != _QUOTE:
            raise Malformed
        key, at = self._string(at)
        at = self._space(at)
        if self.data[at] != _COLON:
            raise Malformed
        return key, self._space(at + 1)

    def _space(self, at: int) -> int:
        data = self.data
        while data[at] in SPACE:
            at += 1
        return at

    def _string(self, at: int) -> tuple[str, int]:
        if self._text is not None:
            return string_at(self._text, at)
        data = self.data
        end = at
        while True:
            end = data.find(b'"', end + 1)
            if end < 0:
                raise Malformed
            before = end - 1
            while data[before] == _BACKSLASH:
                before -= 1
            if (end - before) % 2:
                break
        end += 1
        if end - at > _PICTURE and data.find(b"\\", at, end) < 0:
            return "", end  # nobody looks at it
        try:
            return _scanstring(data[at:end].decode("latin-1"), 1, False)[0], end
        except _REFUSED:
            raise Malformed from None

    def _read(self, at: int) -> tuple[Any, int] | None:
        """The value and its end; None if it is too deep or too large to be read at once."""
        if self._text is not None:
            try:
                return _scan(self._text, at)
            except RecursionError:
                return None
            except _REFUSED:
                raise Malformed from None
        char = self.data[at]
        if char == _QUOTE:
            return self._string(at)
        if char != _BRACE and char != _BRACKET:
            return self._scalar(at)
        end = min(self._likely_end(at, char), at + _WINDOW)
        try:
            value, size = _scan(self.data[at:end].decode("latin-1"), 0)
        except (*_REFUSED, RecursionError):
            return None  # perhaps it only ends later
        return value, at + size

    def _scalar(self, at: int) -> tuple[Any, int]:
        data = self.data
        end = at
        while end < len(data) and data[end] not in _DELIMITERS:
            end += 1
        try:
            value, size = _scan(data[at:end].decode("latin-1"), 0)
        except _REFUSED:
            raise Malformed from None
        if size != end - at:
            raise Malformed
        return value, end

    def _likely_end(self, at: int, char: int) -> int:
        """Where a container probably ends: at the bracket with its line's indentation.

        A container that is read whole from the bytes up to there does end there, or before.
        """
        data = self.data
        begin = data.rfind(b"\n", max(0, at - 400), at) + 1
        line = data[begin:at]
        indent = line[: len(line) - len(line.lstrip(b" \t"))]
        end = data.find(b"\n" + indent + bytes((char + 2,)), at) if begin else -1
        return min(at + _WINDOW, len(data)) if end < 0 else end + len(indent) + 2

    def _skip(self, at: int) -> int:
        """The end of a value of any depth and size."""
        first = at
        failed = -_STRIDE  # how deep the last value was that was too deep to be read at once

        def readable(at: int, depth: int) -> int | None:
            nonlocal failed
            if at == first or failed < depth < failed + _STRIDE:
                return None
            read = self._read(at)
            if read is None:
                failed = depth
            return read[1] if read is not None else None

        return self._walk(at, readable, None)

    def each_key(self, at: int, visit: Callable[[str, int], int | None]) -> int:
        """Go through all keys in a value, at any depth; where the value ends.

        `visit(key, start of its value)` gives the end of a value that is not to be entered.
        """
        return self._walk(at, None, visit)

    def _walk(
        self,
        at: int,
        readable: Callable[[int, int], int | None] | None,
        visit: Callable[[str, int], int | None] | None,
    ) -> int:
        """One value with a stack of its own. `readable(start, depth)` gives a container's end
        at once."""
        data = self.data
        closing = bytearray()
        end: int | None = None
        while True:
            char = data[at]
            if end is not None:
                at = end
            elif char in (_BRACE, _BRACKET):
                end = readable(at, len(closing)) if readable else None
                if end is None:
                    inside = self.enter(at)
                    if inside >= 0:
                        closing.append(char + 2)
                        at, end = self._step(inside, closing[-1], visit)
                        continue
                    end = ~inside
                at = end
            elif char == _QUOTE:
                at = self._string(at)[1]
            else:
                at = self._scalar(at)[1]
            while closing:
                at = self.next(at, closing[-1])
                if at >= 0:
                    break
                at = ~at
                closing.pop()
            else:
                return at
            at, end = self._step(at, closing[-1], visit)

    def _run(self, at: int) -> int | None:
        """The end of many strings of a list at once, in a large file: lines of a text."""
        data = self.data
        if self._text is not None or data[at] != _QUOTE or 0 <= at - self._alone < _WINDOW // 16:
            return None
        end = data.rfind(b'",', at, at + _WINDOW) + 1
        try:
            # all of this being whole values is proof that the last string ends here
            value, size = _scan(f"[{data[at:end].decode('latin-1')}]", 0)
        except (*_REFUSED, RecursionError):
            value, size = None, 0
        if not value or size != end - at + 2:
            self._alone = at
            return None
        return end

    def _step(
        self, at: int, closing: int, visit: Callable[[str, int], int | None] | None
    ) -> tuple[int, int | None]:
        """From an item to its value, and its end if it is not to be entered."""
        if closing != _BRACE + 2:
            return at, self._run(at)
        key, at = self.key(at)
        return at, visit(key, at) if visit else None


def pairs_of(raw: bytes) -> Any:
    """A value alone, as `Reader.value` gives it. Raises Malformed."""
    try:
        return _scan(raw.decode("latin-1"), 0)[0]
    except RecursionError:
        return Deep
    except _REFUSED:
        raise Malformed from None


def string_at(text: str, at: int) -> tuple[str, int]:
    """What the JSON string says that begins with the quote at an offset of a file that is given
    as latin-1, and where it ends. Raises Malformed."""
    try:
        return _scanstring(text, at + 1, False)
    except _REFUSED:
        raise Malformed from None


def text_of(value: str) -> str:
    """A string that was read as latin-1, as it was meant; unchanged if it is no UTF-8."""
    if value.isascii():
        return value
    try:
        return value.encode("latin-1").decode("utf-8")
    except ValueError:
        return value
