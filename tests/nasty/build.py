"""What the cases are made of: cells, outputs, notebooks, and the values to look for."""

from __future__ import annotations

import json
from random import Random
from typing import Any, NamedTuple

from jupyter_mlsec.core.formats import sample

GONE = "gone-1f8b4c7a9e"
KEPT = "kept-77d0e2b5c3"
TOKEN = sample("hf_{an:34}", Random(7))
MAIL = "ann.smith@contoso.de"


class Case(NamedTuple):
    """A notebook; `settings` are options by their names in the configuration."""

    name: str
    data: bytes
    mode: str = "all"
    gone: tuple[str, ...] = (GONE,)
    stays: tuple[str, ...] = (KEPT,)
    settings: dict[str, Any] = {}  # noqa: RUF012 - nobody changes it


Json = dict[str, Any]


def code(*outputs: Any, **more: Any) -> Json:
    """A code cell with something that must stay in its source."""
    made: Json = {"cell_type": "code", "execution_count": None, "metadata": {}}
    return {**made, "outputs": list(outputs), "source": [f"x = '{KEPT}'"], **more}


def markdown(**more: Any) -> Json:
    return {"cell_type": "markdown", "metadata": {}, "source": [KEPT], **more}


def notebook(*cells: Any, **top: Any) -> Json:
    whole = {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return {**whole, **top}


def old(*cells: Any, **top: Any) -> Json:
    """A notebook of nbformat 3."""
    return {
        "metadata": {"name": "x"},
        "nbformat": 3,
        "nbformat_minor": 0,
        "worksheets": [{"cells": list(cells), "metadata": {}}],
        **top,
    }


def dump(value: Any, **how: Any) -> str:
    return json.dumps(value, **{"indent": 1, "ensure_ascii": False, **how}) + "\n"


def stream(text: Any, **more: Any) -> Json:
    return {"name": "stdout", "output_type": "stream", "text": text, **more}


def shown(**data: Any) -> Json:
    """A display of MIME types, written with `_` for `/`."""
    bundle = {mime.replace("__", "+").replace("_", "/"): value for mime, value in data.items()}
    return {"data": bundle, "metadata": {}, "output_type": "display_data"}


OUT = stream([GONE])
# A notebook with one output, as text, for what is done to the text.
PLAIN = dump(notebook(code(OUT)))


def deep(levels: int, inner: str) -> str:
    return "[" * levels + inner + "]" * levels


def in_all(name: str, value: Any, *stays: str, **more: Any) -> Case:
    return Case(name, as_bytes(value), stays=stays or (KEPT,), **more)


def as_bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    text = value if isinstance(value, str) else dump(value)
    return text.encode("utf-8", "surrogatepass")


def holds(data: bytes, marker: str) -> bool:
    """Whether a file says something, in UTF-8 or another encoding of Unicode."""
    forms = (marker.encode(codec) for codec in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le"))
    return any(form in data for form in forms)
