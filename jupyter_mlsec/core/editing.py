"""Edits back to bytes.

`apply` puts edits of cell sources into the bytes of the file and leaves every other byte as it
was: an edit is spliced into the JSON string that holds its place, escaped as that file escapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from jupyter_mlsec.core import jsontext
from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.model import Edit
from jupyter_mlsec.core.patterns import lazy


def apply(data: bytes, kind: str, edits: Iterable[Edit]) -> bytes:
    """The file with the edits made; every other byte as it was.

    Edits are by code points of the texts that `read` gives, must not overlap, and belong to
    sources (or to the one text of a file). Raises MlsecError where the file can't be read.
    """
    ordered = sorted(edits, key=lambda e: (e.cell or 0, e.span))
    if not ordered:
        return data
    codec = jsontext.encoding(data)
    if codec != "utf-8":
        raise MlsecError(
            f"{codec.upper()} can't be edited in place", "save the file as UTF-8 first"
        )
    text = jsontext.decode(data)
    bom = b"\xef\xbb\xbf" if data.startswith(b"\xef\xbb\xbf") else b""
    if kind == "notebook":
        splices = _notebook_splices(text, ordered)
    else:
        splices = [(*_raw_span(text, e), e.text) for e in ordered]
    out: list[str] = []
    at = 0
    for start, end, new in splices:
        out += (text[at:start], new)
        at = end
    out.append(text[at:])
    return bom + "".join(out).encode("utf-8", "surrogateescape")


def _raw_span(text: str, edit: Edit) -> tuple[int, int]:
    """The edit's span in a text whose \\r\\n `read` saw as \\n."""
    return _raw_offset(text, edit.span.start), _raw_offset(text, edit.span.end)


def _raw_offset(text: str, offset: int) -> int:
    if "\r\n" not in text:
        return offset
    at = 0
    for line in text.split("\r\n"):
        if offset <= len(line):
            return at + offset
        offset -= len(line) + 1
        at += len(line) + 2
    return len(text)


def _notebook_splices(text: str, edits: Sequence[Edit]) -> list[tuple[int, int, str]]:
    sources = _source_literals(text)
    splices = []
    for edit in edits:
        literals = sources.get(edit.cell if edit.cell is not None else -1)
        if not literals:
            raise MlsecError("an edit points at a cell without a source")
        value = "".join(literal.value for literal in literals)
        start, end = _raw_span(value, edit)
        begin = _offset_in_file(text, literals, start, closing=False)
        finish = begin
        if end > start:
            finish = _offset_in_file(text, literals, end, closing=True)
        splices.append((begin, finish, _encoded(edit.text, text, literals)))
    return splices


def _source_literals(text: str) -> dict[int, list[jsontext.Literal]]:
    """Cell number (as `read` counts) to the literals that make up its source, in order."""
    found: list[tuple[int, int, jsontext.Literal]] = []  # sheet, cell in sheet, literal
    sizes: dict[int, int] = {}
    for literal in jsontext.strings(text):
        match literal.path:
            case ("cells", int(cell), str(field), *_):
                sheet = 0
            case ("worksheets", int(sheet), "cells", int(cell), str(field), *_):
                pass
            case _:
                continue
        sizes[sheet] = max(sizes.get(sheet, 0), cell + 1)
        if field in ("source", "input"):
            found.append((sheet, cell, literal))
    sources: dict[int, list[jsontext.Literal]] = {}
    for sheet, cell, literal in found:
        number = cell + sum(size for other, size in sizes.items() if other < sheet)
        sources.setdefault(number, []).append(literal)
    return sources


def _offset_in_file(
    text: str, literals: Sequence[jsontext.Literal], offset: int, *, closing: bool
) -> int:
    """Where an offset of the joined source is in the file.

    Between two literals an opening offset belongs to the second and a closing one to the first.
    """
    for number, literal in enumerate(literals):
        size = len(literal.value)
        inside = offset < size or (offset == size and (closing or number == len(literals) - 1))
        if inside:
            return _escaped_offset(text, literal.start + 1, offset)
        offset -= size
    raise MlsecError("an edit points behind the end of its cell")


# an escaped surrogate pair is one code point, as is any other escape or character
_UNIT = lazy(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u.{4}|\\.|.", re.S)


def _escaped_offset(text: str, at: int, count: int) -> int:
    """Where the code point number `count` of a literal's value begins in the file."""
    for _ in range(count):
        match = _UNIT.match(text, at)
        at = match.end() if match else at + 1
    return at


def _encoded(new: str, text: str, literals: Sequence[jsontext.Literal]) -> str:
    """New text as JSON, line ends split over the list's items as the source has them."""
    import json

    # a surrogate in the new text has no UTF-8; JSON's escapes can say it
    ascii_only = text.isascii() or any("\ud800" <= char <= "\udfff" for char in new)
    lines = [json.dumps(line, ensure_ascii=ascii_only)[1:-1] for line in new.split("\n")]
    if len(literals) > 1:
        between = text[literals[0].end : literals[1].start]
        return f'\\n"{between}"'.join(lines)
    return "\\n".join(lines)
