"""The strings in a notebook's values: which of them can say something, and what.

Values are as `walk.Reader` gives them: objects as tuples of pairs, numbers as they are spelled.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jupyter_mlsec.core.cells import V3_MIMES
from jupyter_mlsec.core.notebook import ANSI, BINARY, NOISE
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.strip.pictures import said_in
from jupyter_mlsec.core.strip.walk import text_of

# What stands in fields that say what a cell or an output is, if nothing hides there.
_USUAL = frozenset(
    "code markdown raw heading html stream display_data update_display_data execute_result error "
    "pyout pyerr stdout stderr None".split()
)
_SAYS = ("output_type", "execution_count", "prompt_number", "name", "stream")
# What machines put in fields of the names in NOISE: ids, addresses of this machine, MIME types.
MADE = lazy(
    r"(?:IPY_MODEL_)?[0-9a-f-]+\Z|[\w-]{1,16}\Z|https?://localhost[:/\d]*\Z"
    r"|@?[a-z-]+/[\w.+-]{1,40}\Z"
)
# Fields that hold such, those of a widget's model included.
_MADE_FIELDS = NOISE | {"model_module", "model_module_version", "model_name"}
_PIECE = 200  # characters of a piece of a value; what is longer is a text of its own
_LEAST = 16  # characters of a token, at least
_FIRST = 4
_FRACTION = lazy(r"-?\d+\.\d+(?:[eE][+-]?\d+)?\Z")  # the data of plots


def plain(text: str) -> str:
    """A text as people see it: without ANSI codes, and with plain line ends."""
    if "\x1b" in text:
        text = ANSI.sub("", text)
    return text.replace("\r\n", "\n") if "\r" in text else text


def joined(value: Any) -> str:
    if type(value) is str:
        return value
    if type(value) is list:
        try:
            return "".join(value)
        except TypeError:
            return "".join([part for part in value if type(part) is str])
    return ""


def stream_name(output: Any) -> str:
    """The name of a stream of which nothing but a text is said; "" for any other output."""
    if type(output) is tuple and len(output) == 3:
        fields = dict(output)
        text, name = fields.get("text"), fields.get("name")
        whole = type(text) is str or (type(text) is list and {*map(type, text)} <= {str})
        if whole and fields.get("output_type") == "stream" and name in ("stdout", "stderr"):
            return str(name)
    return ""


def is_usual(value: Any) -> bool:
    """Whether a field holds one of the few words, or the number, that it is for."""
    if type(value) is str:
        return value in _USUAL or (len(value) < 10 and value.isdigit())
    return value is None


def is_base64(content: Any) -> bool:
    """Whether what is said to be a picture may be one, and is no text."""
    text = joined(content)
    return bool(text) and not any(char in text for char in " @_.:")


def text_in(content: Any, lists: list[str] | None = None) -> str:
    """A text, or the strings of any other value, with what those of lists say together."""
    if type(content) is list and not all(type(part) is str for part in content):
        return flatten(content, lists)
    return joined(content) or flatten(content, lists)


def output_texts(
    output: tuple[tuple[str, Any], ...], lists: list[str]
) -> Iterator[tuple[str, str]]:
    """MIME type and text of all that is in an output, keys that stand twice included; of pictures
    their base64. To `lists` is added what the strings of lists say together."""
    rest: list[tuple[str, Any]] = []
    for key, value in output:
        if key in _SAYS and is_usual(value):
            continue
        if key in ("data",) and type(value) is tuple:
            for mime, content in value:
                yield mime, text_in(content, lists)
        elif key == "traceback" and type(value) is list:
            yield "text/x-traceback", "\n".join(part for part in value if type(part) is str)
            lists += _together(value)
        elif key in V3_MIMES and type(value) in (str, list):
            yield V3_MIMES[key], text_in(value)
        elif key in ("png", "jpeg") and is_base64(value):
            yield f"image/{key}", joined(value)
        elif value:
            rest.append((key, value))
    if rest:
        text = flatten(tuple(rest), lists)
        if text:
            yield "application/json", text


def flatten(value: Any, lists: list[str] | None = None) -> str:
    """The strings of a JSON value, a line each behind its key, and the keys of what is no string.

    To `lists` is added what the strings of each list say together. As `core.notebook.flatten`, but
    what has the name of an id is left out only if it looks like one, and then its name is not said:
    it must not make a password of it.
    """
    lines: list[str] = []
    keys: set[str] = set()
    stack: list[tuple[str, Any]] = [("", value)]
    while stack:
        key, item = stack.pop()
        if type(item) is str:
            if len(item) >= 6 and key.startswith(BINARY) and is_base64(item):
                item = said_in(item)
            if len(item) >= 6 and _says(key, item):
                name = "" if key in _MADE_FIELDS else text_of(key)
                lines.append(f'"{name}": "{plain(text_of(item))}"')
                continue
        elif type(item) is tuple:
            stack += reversed(item)
        elif type(item) is list:
            # most are numbers, the data of plots
            stack += [(key, m) for m in reversed(item) if type(m) is not str or len(m) >= 6]
            if lists is not None:
                lists += _together(item)
        if len(key) >= 6 and key not in keys:
            keys.add(key)
            if key not in _MADE_FIELDS and not MADE.match(key):
                lines.append(f'"": "{text_of(key)}"')
    return "\n".join(lines)


def _says(key: str, text: str) -> bool:
    if key in _MADE_FIELDS:
        return not MADE.match(text)
    return text[0] not in "-0123456789" or not _FRACTION.match(text)


def _together(items: list[Any]) -> list[str]:
    """What pieces of a list say together: as tokens of a text, or from one of the first on."""
    if len(items) < 2 or type(items[0]) is not str or _FRACTION.match(items[0]):
        return []  # most are numbers, the data of plots
    try:
        size = len("".join(items))
    except TypeError:
        return []
    if size < _LEAST or max(map(len, items)) > _PIECE:
        return []
    return [text_of("".join(items[first:])) for first in range(min(len(items) - 1, _FIRST))]
