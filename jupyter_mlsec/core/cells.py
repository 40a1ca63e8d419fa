"""A notebook's cells out of its bytes.

Most notebooks are what nbformat's schema says. Those msgspec reads as types, in half the time of
a JSON tree and a walk through it: pictures are passed over, not decoded. Everything else (nbformat
3, unknown fields, NaN, a number where a string should be) is read by `core.jsontext` and brought
into the same shape. Both are seen through the classes below.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable
from functools import cache
from typing import Any, NamedTuple

from jupyter_mlsec.core import jsontext
from jupyter_mlsec.core.errors import MlsecError

# From this size on a notebook is taken cell by cell: its lines are a hundred bytes each as
# Python's strings, so that a tree of 200 MB of short lines takes 1.3 GB.
_HUGE = 32 << 20

_CELL = frozenset(
    "cell_type source id metadata outputs attachments execution_count"  # nbformat 4
    " input language prompt_number prompt_prefix collapsed level".split()  # nbformat 3
)
_OUTPUT = frozenset(
    "output_type name text data metadata execution_count ename evalue traceback "
    "prompt_number stream etype html svg png jpeg pdf latex json javascript".split()
)
_NOTEBOOK = frozenset("cells worksheets metadata nbformat nbformat_minor orig_nbformat".split())
V3_MIMES = {
    "text": "text/plain",
    "html": "text/html",
    "svg": "image/svg+xml",
    "latex": "text/latex",
    "json": "application/json",
    "javascript": "application/javascript",
}


class Output:
    """An output. The values of `data` are for the notebook's `load`."""

    __slots__ = ("data", "evalue", "metadata", "output_type", "text", "traceback")

    def __init__(self, fields: dict[str, Any]) -> None:
        kind, lines, data = fields.get("output_type"), fields.get("traceback"), fields.get("data")
        if not isinstance(data, dict):
            data = {mime: fields[key] for key, mime in V3_MIMES.items() if key in fields}
        self.output_type = "error" if kind == "pyerr" else kind
        self.text = fields.get("text")
        self.evalue = fields.get("evalue")
        self.traceback = [x for x in lines if isinstance(x, str)] if isinstance(lines, list) else ()
        self.data: dict[str, Any] = data
        self.metadata = _with_unknown(fields, _OUTPUT)


class Cell:
    """A cell. `attachments` are for the notebook's `load`; `language` is nbformat 3's, where each
    cell has its own."""

    __slots__ = (
        *("attachments", "cell_type", "execution_count", "id", "language", "metadata", "outputs"),
        "source",
    )

    def __init__(self, fields: dict[str, Any]) -> None:
        identity, outputs = fields.get("id"), fields.get("outputs")
        listed = outputs if isinstance(outputs, list) else ()
        self.cell_type = fields.get("cell_type")
        self.source = fields.get("source", fields.get("input"))
        self.id = identity if isinstance(identity, str) else None
        self.language = fields.get("language")
        count = fields.get("execution_count", fields.get("prompt_number"))
        self.execution_count = count if type(count) is int else None
        self.metadata = _with_unknown(fields, _CELL)
        self.outputs = [Output(item) if isinstance(item, dict) else None for item in listed]
        self.attachments = fields.get("attachments")


class Cells(NamedTuple):
    """The cells of a notebook with its metadata.

    `cells` give None in the place of what is no cell; they can be gone through once. `load` makes
    a JSON value of the fields that are said to be for it, or None of what is empty.
    """

    cells: Iterable[Cell | None]
    metadata: Any
    load: Callable[[Any], Any]


class _Parser:
    """What `parse` does, with what it has done so far: how many bytes without msgspec."""

    def __init__(self) -> None:
        self.small = 0

    def __call__(self, data: bytes) -> Cells:
        """The cells of a notebook. Raises MlsecError where it is none, with line and column
        where it is no JSON either."""
        self.small += len(data)
        if self.small >= jsontext.SMALL or "msgspec" in sys.modules:
            found = (_in_parts if len(data) >= _HUGE else _as_types)(data)
            if found is not None:
                return found
        return _from_tree(jsontext.loads(data))


parse = _Parser()


def _as_types(data: bytes) -> Cells | None:
    """The cells as nbformat 4 has them, or None for any other notebook."""
    import msgspec

    types = _types()
    try:
        notebook = types.notebook(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return Cells(notebook.cells, notebook.metadata, types.load)


def _in_parts(data: bytes) -> Cells | None:
    """The cells one after the other, so that the trees of all are never there at once."""
    import msgspec

    types = _types()
    try:
        notebook = types.parts(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None

    def cell(raw: bytes) -> Cell | None:
        try:
            found: Cell = types.cell(raw)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            tree = jsontext.loads(bytes(raw))
            return Cell(tree) if isinstance(tree, dict) else None
        return found

    def load(field: Any) -> Any:
        return types.load(field) if isinstance(field, msgspec.Raw) else field

    return Cells(map(cell, notebook.cells), notebook.metadata, load)


class _Types(NamedTuple):
    """Decoders: of a notebook, of one whose cells stay bytes, of a cell, and of a single field."""

    notebook: Callable[[bytes], Any]
    parts: Callable[[bytes], Any]
    cell: Callable[[bytes], Any]
    load: Callable[[Any], Any]


@cache
def _types() -> _Types:
    """nbformat 4's schema (https://nbformat.readthedocs.io/en/latest/format_description.html)."""
    from msgspec import Raw, defstruct
    from msgspec.json import Decoder

    decode = Decoder().decode
    text = str | list[str] | None

    def load(field: Raw) -> Any:
        return decode(field) if len(field) > 2 else None

    def struct(name: str, *fields: Any) -> Any:
        return defstruct(name, fields, gc=False, forbid_unknown_fields=True)

    output = struct(
        "Output",
        ("output_type", str | None, None),
        ("text", text, None),
        ("data", dict[str, Raw] | None, None),
        ("metadata", dict[str, Any] | None, None),
        ("evalue", str | None, None),
        ("traceback", list[str] | None, None),
        ("name", str | None, None),
        ("ename", str | None, None),
        ("execution_count", int | None, None),
    )
    cell = struct(
        "Cell",
        ("cell_type", str | None, None),
        ("source", text, None),
        ("id", str | None, None),
        ("metadata", dict[str, Any] | None, None),
        ("outputs", list[output] | None, None),  # type: ignore[valid-type]
        ("attachments", Raw, None),
        ("execution_count", int | None, None),
        ("language", None, None),
    )
    others = [(name, int, 0) for name in ("nbformat", "nbformat_minor", "orig_nbformat")]
    whole = struct("Notebook", ("cells", list[cell]), ("metadata", Any, None), *others)  # type: ignore[valid-type]
    parts = struct("Parts", ("cells", list[Raw]), ("metadata", Any, None), *others)
    return _Types(Decoder(whole).decode, Decoder(parts).decode, Decoder(cell).decode, load)


def _from_tree(notebook: Any) -> Cells:
    """The cells of a JSON value: of nbformat 4, or of all worksheets of nbformat 3."""
    notebook = notebook if isinstance(notebook, dict) else {}
    cells, sheets = notebook.get("cells"), notebook.get("worksheets")
    known = _NOTEBOOK
    if not isinstance(cells, list):
        found = [s for s in sheets if isinstance(s, dict)] if isinstance(sheets, list) else []
        lists = [sheet["cells"] for sheet in found if isinstance(sheet.get("cells"), list)]
        cells = [cell for listed in lists for cell in listed]
        notebook = {**notebook, "worksheets": [sheet.get("metadata") for sheet in found]}
        known = _NOTEBOOK - {"worksheets"}  # what is left of them
        if not cells:
            raise MlsecError(
                "valid JSON, but not a notebook: it has no list of cells",
                "give the file another ending than .ipynb, or exclude it",
            )
    listed = [Cell(cell) if isinstance(cell, dict) else None for cell in cells]
    return Cells(listed, _with_unknown(notebook, known), lambda field: field)


def _with_unknown(fields: dict[str, Any], known: Collection[str]) -> Any:
    """The metadata with the fields that the format does not know, so that nothing is unread."""
    metadata = fields.get("metadata")
    unknown = {key: value for key, value in fields.items() if key not in known}
    if not unknown:
        return metadata
    return {**metadata, **unknown} if isinstance(metadata, dict) else unknown
