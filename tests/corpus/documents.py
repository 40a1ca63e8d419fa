"""Files around a text: a notebook with a few harmless cells, or a file of some kind."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple


class Built(NamedTuple):
    """A file, and where in it the text stands. `text` is None where its lines don't survive."""

    path: str
    data: bytes
    part: str
    cell: int | None
    text: str | None


Json = dict[str, Any]
_PLANTED = 2  # the index of the cell that holds the text
_TABLE = (
    '<table border="1" class="dataframe">\n<thead><tr><th></th><th>city</th><th>sales</th></tr>'
    "</thead>\n<tbody><tr><th>0</th><td>Lyon</td><td>10.5</td></tr></tbody>\n</table>"
)


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _cell(kind: str, source: str, **more: Any) -> Json:
    cell: Json = {"cell_type": kind, "metadata": {}, "source": _lines(source)}
    if kind == "code":
        cell |= {"execution_count": 1, "outputs": []}
    return cell | more


def _data(mime: str, value: Any, metadata: Json | None = None) -> Json:
    return {"output_type": "display_data", "data": {mime: value}, "metadata": metadata or {}}


def _stream(name: str, text: str) -> Json:
    return {"output_type": "stream", "name": name, "text": _lines(text)}


def _error(evalue: str, traceback: str) -> Json:
    lines = traceback.rstrip("\n").split("\n")
    return {"output_type": "error", "ename": "ValueError", "evalue": evalue, "traceback": lines}


def notebook(cells: list[Json], metadata: Json | None = None, language: str = "python") -> bytes:
    """A notebook (nbformat 4.5, indented as Jupyter saves it) with harmless cells around."""
    info = {
        "kernelspec": {"display_name": language, "language": language, "name": language},
        "language_info": {"name": language},
    }
    planted = [
        _indented({"id": f"c0ffee{index:02}", **cell}, 2)
        for index, cell in enumerate(cells, _PLANTED)
    ]
    before, after = _around(language)
    everything = ",\n  ".join((*before, *planted, *after))
    tail = _indented({"metadata": info | (metadata or {}), "nbformat": 4, "nbformat_minor": 5})
    return f'{{\n "cells": [\n  {everything}\n ],{tail[1:]}\n'.encode()


@cache
def _around(language: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The harmless cells before and after, written once: writing them costs most of the time."""
    before = (
        _cell("markdown", "# Sales forecast\n\nMonthly figures by city."),
        _cell("code", "import pandas as pd\npd.__version__" if language == "python" else "1 + 1"),
    )
    after = (
        _cell("code", "df.head()", outputs=[_data("text/html", _lines(_TABLE))]),
        _cell("markdown", "Next: tune the model."),
    )
    return tuple(_indented({"id": f"beef{i:04}", **c}, 2) for i, c in enumerate(before)), tuple(
        _indented({"id": f"feed{i:04}", **c}, 2) for i, c in enumerate(after)
    )


def _indented(value: Json, depth: int = 0) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False).replace("\n", "\n" + " " * depth)


def _dump(value: Json) -> bytes:
    return (_indented(value) + "\n").encode()


def _source(kind: str, language: str = "python") -> Callable[[str], Built]:
    def build(text: str) -> Built:
        data = notebook([_cell(kind, text)], language=language)
        return Built("nb.ipynb", data, "source", _PLANTED, text)

    return build


def _output(make: Callable[[str], Json], keeps_lines: bool = True) -> Callable[[str], Built]:
    def build(text: str) -> Built:
        data = notebook([_cell("code", "show()", outputs=[make(text)])])
        return Built("nb.ipynb", data, "output", _PLANTED, text if keeps_lines else None)

    return build


def _file(path: str) -> Callable[[str], Built]:
    return lambda text: Built(path, text.encode(), "file", None, text)


def _two_cells(text: str) -> Built:
    first, second = text.split("\x00")
    data = notebook([_cell("code", first), _cell("code", second)])
    return Built("nb.ipynb", data, "source", _PLANTED + 1, None)


def _string_source(text: str) -> Built:
    data = notebook([{**_cell("code", ""), "source": text}])
    return Built("nb.ipynb", data, "source", _PLANTED, text)


def _cell_metadata(text: str) -> Built:
    data = notebook([_cell("code", "run()", metadata=json.loads(text))])
    return Built("nb.ipynb", data, "metadata", _PLANTED, None)


def _notebook_metadata(text: str) -> Built:
    data = notebook([_cell("code", "run()")], metadata=json.loads(text))
    return Built("nb.ipynb", data, "metadata", None, None)


def _output_metadata(text: str) -> Built:
    output = _data("text/plain", ["<View>"], json.loads(text))
    data = notebook([_cell("code", "run()", outputs=[output])])
    return Built("nb.ipynb", data, "output", _PLANTED, None)


def _attachment(text: str) -> Built:
    content = base64.b64encode(text.encode()).decode()
    cell = _cell("markdown", "[settings](attachment:env.txt)")
    cell["attachments"] = {"env.txt": {"text/plain": content}}
    return Built("nb.ipynb", notebook([cell]), "attachment", _PLANTED, text)


def _version_3(text: str, outputs: list[Json]) -> bytes:
    cell = {
        "cell_type": "code", "collapsed": False, "input": _lines(text), "language": "python",
        "metadata": {}, "outputs": outputs, "prompt_number": 1,
    }  # fmt: skip
    heading = {"cell_type": "heading", "level": 1, "metadata": {}, "source": ["Sales"]}
    sheet = {"cells": [heading, cell], "metadata": {}}
    top = {"metadata": {"name": "old"}, "nbformat": 3, "nbformat_minor": 0, "worksheets": [sheet]}
    return _dump(top)


def _version_3_code(text: str) -> Built:
    return Built("nb.ipynb", _version_3(text, []), "source", 1, text)


def _version_3_output(text: str) -> Built:
    output = {"output_type": "stream", "stream": "stdout", "text": _lines(text)}
    return Built("nb.ipynb", _version_3("run()", [output]), "output", 1, text)


BUILDERS: dict[str, Callable[[str], Built]] = {
    "cell": _source("code"),
    "py": _file("script.py"),
    "two-cells": _two_cells,
    "string-source": _string_source,
    "markdown": _source("markdown"),
    "raw": _source("raw"),
    "r": _source("code", "R"),
    "julia": _source("code", "julia"),
    "scala": _source("code", "scala"),
    "bash-kernel": _source("code", "bash"),
    "javascript-kernel": _source("code", "javascript"),
    "stdout": _output(lambda text: _stream("stdout", text)),
    "stderr": _output(lambda text: _stream("stderr", text)),
    "repr": _output(lambda text: _data("text/plain", _lines(text))),
    "html": _output(lambda text: _data("text/html", _lines(text)), keeps_lines=False),
    "markdown-output": _output(lambda text: _data("text/markdown", _lines(text))),
    "json": _output(lambda text: _data("application/json", json.loads(text)), keeps_lines=False),
    "latex": _output(lambda text: _data("text/latex", _lines(text))),
    "svg": _output(lambda text: _data("image/svg+xml", _lines(text)), keeps_lines=False),
    "javascript": _output(lambda text: _data("application/javascript", _lines(text))),
    "error": _output(lambda text: _error("bad value", text), keeps_lines=False),
    "evalue": _output(lambda text: _error(text, "ValueError: see above"), keeps_lines=False),
    "cell-metadata": _cell_metadata,
    "notebook-metadata": _notebook_metadata,
    "output-metadata": _output_metadata,
    "attachment": _attachment,
    "v3-code": _version_3_code,
    "v3-output": _version_3_output,
    "dotenv": _file(".env"),
    "conda": _file("environment.yml"),
    "dockerfile": _file("Dockerfile"),
    "requirements": _file("requirements.txt"),
    "pyproject": _file("pyproject.toml"),
    "md": _file("notes.md"),
}
