"""Which line of the JSON file a place in a notebook is on.

Machines that show results know only the lines of the file. Most notebooks have each source line
on a line of its own, so the answer is usually exact; where a whole cell is one string, or the
place is in an output other than a stream, it is the line where that text begins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.jsontext import Literal, decode, strings
from jupyter_mlsec.core.model import Place

Find = Callable[[Place], "int | None"]
_Key = tuple["int | None", str, "int | None"]


def locator(read: Callable[[str], bytes]) -> Find:
    """`Options.locate` for notebooks whose bytes `read` gives by path.

    Each file is read once, when first asked for. None for places in a file that can't be read
    any more (`read` raises OSError) or is no JSON.
    """
    finders: dict[str, Find | None] = {}

    def locate(place: Place) -> int | None:
        if place.path not in finders:
            try:
                finders[place.path] = line_finder(read(place.path))
            except (MlsecError, OSError):
                finders[place.path] = None
        find = finders[place.path]
        return find(place) if find else None

    return locate


def line_finder(data: bytes) -> Find:
    """A function from a place in this notebook to its line, from 1, or None where it has none.

    Reads the whole file (about 20 MB/s): make one per file that has findings. Raises MlsecError
    where the file is not JSON.
    """
    text = decode(data)
    texts: dict[_Key, list[Literal]] = {}
    for literal in strings(text):
        key = _key(literal.path)
        if key is not None:
            texts.setdefault(key, []).append(literal)

    def find(place: Place) -> int | None:
        literals = texts.get((place.cell, place.part, place.output))
        if not literals:
            return None
        exact = place.part == "source" or _is_stream(literals[0])
        literal = _holding(literals, place.line) if exact else literals[0]
        return text.count("\n", 0, literal.start) + 1

    return find


def _key(path: Sequence[str | int]) -> _Key | None:
    match path:
        case ["cells", int(cell), "source", *_]:
            return cell, "source", None
        case ["cells", int(cell), "outputs", int(output), str(name), *_] if name not in (
            "output_type",
            "name",
        ):
            return cell, "output", output
        case ["cells", int(cell), "metadata", *_]:
            return cell, "metadata", None
        case ["cells", int(cell), "attachments", *_]:
            return cell, "attachment", None
        case ["metadata", *_]:
            return None, "metadata", None
    return None


def _is_stream(literal: Literal) -> bool:
    return len(literal.path) > 4 and literal.path[4] == "text"


def _holding(literals: Sequence[Literal], line: int) -> Literal:
    """The literal in which a line of the joined text begins."""
    begun = 1
    for literal in literals:
        ended = begun + literal.value.count("\n")
        if line < ended or (line == ended and not literal.value.endswith("\n")):
            return literal
        begun = ended
    return literals[-1]
