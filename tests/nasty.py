"""Notebooks in which outputs hide, as a table: each case with what must be gone and what stays.

The tests of `core.strip` take the bytes, those of the git filter take them through real git. In
mode `all` the marker GONE stands where an output is; in mode `sensitive` it is a made-up token, or
something else that is sensitive. KEPT stands where somebody wrote something.
"""

from __future__ import annotations

import base64
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


def _deep(levels: int, inner: str) -> str:
    return "[" * levels + inner + "]" * levels


def _all(name: str, value: Any, *stays: str, **more: Any) -> Case:
    return Case(name, _bytes(value), stays=stays or (KEPT,), **more)


def _bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    text = value if isinstance(value, str) else dump(value)
    return text.encode("utf-8", "surrogatepass")


_OUTPUTS = {
    "stream": OUT,
    "stream as one string": stream(GONE),
    "stream to stderr": stream([GONE], name="stderr"),
    "plain text": shown(text_plain=[GONE]),
    "HTML": shown(text_html=f"<b>{GONE}</b>"),
    "Markdown": shown(text_markdown=GONE),
    "LaTeX": shown(text_latex=f"${GONE}$"),
    "JSON": shown(application_json={"a": [1, {"b": GONE}]}),
    "a key of JSON": shown(application_json={GONE: 1}),
    "JavaScript": shown(application_javascript=f"f('{GONE}')"),
    "SVG": {"data": {"image/svg+xml": f"<svg>{GONE}</svg>"}, "output_type": "display_data"},
    "picture": {"data": {"image/png": GONE}, "metadata": {}, "output_type": "display_data"},
    "unknown MIME type": {"data": {"x-new/type": GONE}, "output_type": "display_data"},
    "widget view": {
        "data": {"application/vnd.jupyter.widget-view+json": {"model_id": GONE}},
        "output_type": "display_data",
    },
    "result": {
        "data": {"text/plain": GONE},
        "execution_count": 3,
        "metadata": {},
        "output_type": "execute_result",
    },
    "error": {"ename": GONE, "evalue": GONE, "output_type": "error", "traceback": [GONE]},
    "update": {"data": {"text/plain": GONE}, "output_type": "update_display_data"},
    "metadata of an output": {**shown(text_plain="a"), "metadata": {"a": GONE}},
    "transient": {**shown(text_plain="a"), "transient": {"display_id": GONE}},
    "unknown type": {"output_type": "hologram", "wave": GONE},
    "no type": {"text": GONE},
    "a string as output": GONE,
    "a list as output": [[GONE]],
    "null, then an output": None,
}

ALL = [
    *(_all(f"output: {n}", notebook(code(o, OUT))) for n, o in _OUTPUTS.items()),
    # cells that have no outputs by their type, and odd shapes of outputs
    _all("outputs of a markdown cell", notebook(markdown(outputs=[OUT]))),
    _all("outputs of a raw cell", notebook(markdown(cell_type="raw", outputs=[OUT]))),
    _all("outputs of an unknown cell", notebook(markdown(cell_type="sql", outputs=[OUT]))),
    _all("outputs of a cell without type", notebook({"source": KEPT, "outputs": [OUT]})),
    _all("cell without metadata", notebook({"outputs": [OUT], "source": [KEPT]})),
    _all("metadata is null", notebook(code(OUT, metadata=None))),
    _all("metadata is a list", notebook(code(OUT, metadata=[]))),
    _all("source is missing", notebook({"cell_type": "code", "outputs": [OUT]}, markdown())),
    _all("outputs are an object", notebook(code(outputs={"a": GONE}))),
    _all("outputs are a string", notebook(code(outputs=GONE))),
    _all("outputs come first", notebook({"outputs": [OUT], **code()} | {"outputs": [OUT]})),
    _all("execution count is a string", notebook(code(execution_count=GONE))),
    _all("execution count is a list", notebook(code(execution_count=[GONE]))),
    _all("prompt number", notebook(code(prompt_number=GONE))),
    _all("unknown cell field", notebook(code(results=[GONE]))),
    _all("unknown cell field, a string", notebook(markdown(rendered=GONE))),
    _all("cells in a list in cells", notebook([code(OUT)])),
    _all("1,000 outputs", notebook(code(*[OUT] * 1000))),
    _all("an output of 5 MB", notebook(code(stream([GONE + "x" * 5_000_000])))),
    _all("outputs of 6 MB in lines", notebook(code(stream([GONE + "x" * 99] * 60_000)))),
    # nbformats
    _all("nbformat 3", old({"cell_type": "code", "input": [KEPT], "outputs": [{"text": GONE}]})),
    _all(
        "nbformat 3: result with PNG",
        old(
            {"cell_type": "code", "input": KEPT, "outputs": [{"png": GONE, "output_type": "pyout"}]}
        ),
    ),
    _all(
        "nbformat 3: error",
        old({"input": KEPT, "outputs": [{"output_type": "pyerr", "traceback": [GONE]}]}),
    ),
    _all("nbformat 3: prompt number", old({"input": KEPT, "prompt_number": GONE, "outputs": []})),
    _all("nbformat 3: heading", old({"cell_type": "heading", "source": KEPT, "outputs": [OUT]})),
    _all(
        "nbformat 3: second worksheet",
        {"nbformat": 3, "worksheets": [{"cells": []}, {"cells": [code(OUT)]}]},
    ),
    _all("nbformat 3: signature", old(code(), metadata={"signature": GONE})),
    _all(
        "nbformat 3: worksheet's metadata",
        {"nbformat": 3, "worksheets": [{"cells": [code()], "metadata": {"outputs": [GONE]}}]},
    ),
    _all("nbformat 2", {"nbformat": 2, "worksheets": [{"cells": [code(OUT)]}]}),
    _all("nbformat 1", {"nbformat": 1, "cells": [{"code": KEPT, "outputs": [OUT]}]}),
    _all("no nbformat", {"cells": [code(OUT)], "metadata": {}}),
    _all("nbformat is null", notebook(code(OUT), nbformat=None)),
    _all("nbformat is a string", notebook(code(OUT), nbformat="4")),
    _all("nbformat 5", notebook(code(OUT), nbformat=5)),
    _all("nbformat 5: unknown field with results", notebook(code(results=GONE), nbformat=5)),
    _all("nbformat 5: nested outputs", notebook(code(view={"outputs": [GONE]}), nbformat=5)),
    _all("nbformat 99999999999999999999", notebook(code(OUT), nbformat=99999999999999999999)),
    _all("cells and worksheets", {**old(code(OUT)), "cells": [code(OUT)]}),
    # metadata
    _all("metadata.outputs of a cell", notebook(code(metadata={"outputs": [GONE]}))),
    _all(
        "nested outputs in a cell's metadata", notebook(code(metadata={"a": {"outputs": [GONE]}}))
    ),
    _all(
        "outputs nested in lists",
        notebook(code(metadata={"a": [[{"b": {"outputs": {"c": GONE}}}]]})),
    ),
    _all("outputs as a string in metadata", notebook(code(metadata={"a": {"outputs": GONE}}))),
    _all("outputs in the notebook's metadata", notebook(code(), metadata={"outputs": [GONE]})),
    _all(
        "nested outputs in the notebook's metadata",
        notebook(code(), metadata={"a": {"b": [{"outputs": [GONE]}]}}),
    ),
    _all("widget state", notebook(code(), metadata={"widgets": {"state": {"a": {"v": GONE}}}})),
    _all("papermill's parameters", notebook(code(), metadata={"papermill": {"parameters": GONE}})),
    _all(
        "papermill's environment",
        notebook(code(), metadata={"papermill": {"environment_variables": {"A": GONE}}}),
    ),
    _all("papermill of a cell", notebook(code(metadata={"papermill": {"exception": GONE}}))),
    _all(
        "user of Colab",
        notebook(code(metadata={"executionInfo": {"user": {"displayName": GONE}}})),
    ),
    _all("output id of Colab", notebook(code(metadata={"id": "a", "outputId": GONE}))),
    _all("timings", notebook(code(metadata={"ExecuteTime": {"end_time": GONE}}))),
    _all("execution", notebook(code(metadata={"execution": {"iopub.status.busy": GONE}}))),
    _all(
        "all metadata goes",
        notebook(code(metadata={"scrolled": GONE, "collapsed": GONE, "execution": GONE})),
    ),
    _all(
        "the first and the last go",
        notebook(code(metadata={"scrolled": 1, "a": 2, "hidden": GONE})),
    ),
    _all("signature", notebook(code(), metadata={"signature": GONE, "language_info": {}})),
    _all(
        "extra keys",
        notebook(
            code(metadata={"a.b": GONE, "a": {"c": GONE, "d": 1}}), metadata={"x": {"y": GONE}}
        ),
        settings={"extra-keys": ["cell.metadata.a.b", "cell.metadata.a.c", "metadata.x.y"]},
    ),
    _all(
        "extra key that is not ASCII",
        notebook(code(metadata={"schlüssel": GONE})),
        settings={"extra-keys": ["cell.metadata.schlüssel"]},
    ),
    _all(
        "extra key, escaped",
        dump(notebook(code(metadata={"schlüssel": GONE})), ensure_ascii=True),
        settings={"extra-keys": ["cell.metadata.schlüssel"]},
    ),
    _all("outputs at the top", notebook(code(), outputs=[GONE])),
    _all("results at the top", notebook(code(), cell_results={"a": GONE})),
    _all("outputs nested at the top", notebook(code(), other={"a": {"outputs": [GONE]}})),
    # attachments
    _all("attachment of a code cell", notebook(code(attachments={"a.png": {"image/png": GONE}}))),
    _all(
        "attachment of a code cell that names it",
        notebook(code(attachments={"a": {"text/plain": GONE}}, source=[f"attachment:a {KEPT}"])),
    ),
    _all(
        "attachment that no text shows", notebook(markdown(attachments={"a": {"image/png": GONE}}))
    ),
    _all(
        "one attachment shown, one not",
        notebook(
            markdown(
                source=["![](attachment:a.png)"],
                attachments={"a.png": {"image/png": KEPT}, "b.png": {"image/png": GONE}},
            )
        ),
    ),
    # keys that stand twice, and keys with escapes
    _all("outputs twice, the first full", PLAIN.replace('"source"', '"outputs": [],\n   "source"')),
    _all(
        "outputs twice, the last full",
        PLAIN.replace('"execution_count"', '"outputs": [], "execution_count"'),
    ),
    _all("outputs twice, both full", PLAIN.replace('"source"', f'"outputs": ["{GONE}"], "source"')),
    _all(
        "cells twice, the first full", PLAIN.replace('"metadata": {},\n "nb', '"cells": [],\n "nb')
    ),
    _all("cells twice, the last full", PLAIN.replace('{\n "cells"', '{\n "cells": [], "cells"', 1)),
    _all(
        "metadata twice",
        PLAIN.replace(
            '"metadata": {},\n "nb', f'"metadata": {{"widgets": "{GONE}"}}, "metadata": {{}},\n "nb'
        ),
    ),
    _all(
        "cell's metadata twice",
        PLAIN.replace(
            '"metadata": {},\n   "out',
            f'"metadata": {{"a": {{"outputs": "{GONE}"}}}}, "metadata": {{}},\n   "out',
        ),
    ),
    _all(
        "execution count twice",
        PLAIN.replace(
            '"execution_count": null', f'"execution_count": "{GONE}", "execution_count": null'
        ),
    ),
    _all("outputs with an escape", PLAIN.replace('"outputs"', '"outp\\u0075ts"')),
    _all(
        "outputs all in escapes",
        PLAIN.replace('"outputs"', '"\\u006F\\u0075\\u0074\\u0070\\u0075\\u0074\\u0073"'),
    ),
    _all("escaped twin", PLAIN.replace('"source"', f'"o\\u0075tputs": ["{GONE}"],\n   "source"')),
    _all("cells with an escape", PLAIN.replace('"cells"', '"c\\u0065lls"')),
    _all(
        "widgets with an escape",
        dump(notebook(code(), metadata={"widgets": GONE})).replace('"widgets"', '"widg\\u0065ts"'),
    ),
    _all(
        "nested outputs with an escape",
        dump(notebook(code(metadata={"a": {"outputs": GONE}}))).replace(
            '"outputs": "', '"output\\u0073": "'
        ),
    ),
    _all(
        "execution count with an escape",
        dump(notebook(code(execution_count=GONE))).replace(
            '"execution_count"', '"execution\\u005fcount"'
        ),
    ),
    # spelling of the file
    _all("byte order mark", b"\xef\xbb\xbf" + PLAIN.encode()),
    _all("CRLF", PLAIN.replace("\n", "\r\n")),
    _all("CR only", PLAIN.replace("\n", "\r")),
    _all("tabs", dump(notebook(code(OUT)), indent="\t")),
    _all("one line", dump(notebook(code(OUT)), indent=None)),
    _all(
        "no spaces at all", dump(notebook(code(OUT)), indent=None, separators=(",", ":")).rstrip()
    ),
    _all("indented by 0", dump(notebook(code(OUT)), indent=0)),
    _all("indented by 2", dump(notebook(code(OUT)), indent=2)),
    _all("indented by 4", dump(notebook(code(OUT)), indent=4)),
    _all("no final newline", PLAIN.rstrip()),
    _all("space before and after", "\n\t \r\n" + PLAIN + "\n\n  \n"),
    _all("space before colons", PLAIN.replace('":', '"  :  ')),
    _all("commas first", PLAIN.replace(",\n", "\n,")),
    _all(
        "indented like a cell, in one line",
        PLAIN.replace('"outputs": [\n', '"outputs": [\n0], "a": [\n'),
    ),
    _all("keys sorted backwards", dump(notebook(dict(reversed(code(OUT).items()))))),
    _all("UTF-16 with a mark", PLAIN.encode("utf-16")),
    _all("UTF-16 without a mark", PLAIN.encode("utf-16-le")),
    _all("UTF-16, big end first", b"\xfe\xff" + PLAIN.encode("utf-16-be")),
    _all("UTF-32", PLAIN.encode("utf-32")),
    # values that JSON has not, or that parsers refuse
    _all("NaN", PLAIN.replace('"name"', '"nan": NaN, "name"')),
    _all("NaN where somebody writes", PLAIN.replace('"metadata": {}', '"metadata": {"a": NaN}')),
    _all("infinities", PLAIN.replace('"name"', '"a": [Infinity, -Infinity, 1e400], "name"')),
    _all(
        "a huge integer", PLAIN.replace('"metadata": {}', '"metadata": {"a": ' + "9" * 5000 + "}")
    ),
    _all("a lone surrogate in the output", PLAIN.replace(GONE, GONE + "\\ud800")),
    _all("a lone surrogate in the source", PLAIN.replace(KEPT, KEPT + "\\udc00")),
    _all(
        "no UTF-8 in the output", PLAIN.encode().replace(GONE.encode(), GONE.encode() + b"\xff\xfe")
    ),
    _all("no UTF-8 in the source", PLAIN.encode().replace(KEPT.encode(), KEPT.encode() + b"\xc3")),
    _all("a line end in a string", PLAIN.replace(GONE, GONE + "\n")),
    _all("a line end in the source", PLAIN.replace(KEPT, KEPT + '\n   \\"outputs\\": [\n')),
    _all("control characters in strings", PLAIN.replace(GONE, GONE + "\x00\x01\x1f\x7f")),
    _all("5,000 levels in an output", PLAIN.replace('"name"', f'"a": {_deep(5000, "1")}, "name"')),
    _all("5,000 levels around the marker", PLAIN.replace(f'"{GONE}"', _deep(5000, f'"{GONE}"'))),
    _all(
        "5,000 levels of metadata",
        PLAIN.replace(
            '"metadata": {}',
            '"metadata": {"a": ' + _deep(5000, '{"outputs": ["' + GONE + '"]}') + "}",
            1,
        ),
    ),
    _all(
        "5,000 levels in a source",
        PLAIN.replace('"source": [', '"source": [' + _deep(5000, "") + ", "),
    ),
    # what cells and notebooks say of keeping
    _all("keep_output is false", notebook(code(OUT, metadata={"keep_output": False}))),
    _all("keep_output is 0", notebook(code(OUT, metadata={"keep_output": 0}))),
    _all("keep_output is null", notebook(code(OUT, metadata={"keep_output": None}))),
    _all("keep_output is the word false", notebook(code(OUT, metadata={"keep_output": "false"}))),
    _all(
        "keep_output is false beside the tag",
        notebook(code(OUT, metadata={"keep_output": False, "tags": ["keep_output"]})),
    ),
    _all(
        "keep_output is false in a notebook that keeps",
        notebook(code(OUT, metadata={"keep_output": False}), metadata={"keep_output": True}),
    ),
    _all(
        "the notebook's keep_output is false", notebook(code(OUT), metadata={"keep_output": False})
    ),
    _all("keep_output outside of metadata", notebook(code(OUT, keep_output=True))),
    _all("tags are no list", notebook(code(OUT, metadata={"tags": "keep_output"}))),
    _all("init cell", notebook(code(OUT, metadata={"init_cell": True}))),
    _all(
        "init cell that says no",
        notebook(code(OUT, metadata={"init_cell": False, "keep_output": True})),
    ),
    _all(
        "kept, but the count goes",
        notebook(code(metadata={"keep_output": True}, execution_count=GONE)),
    ),
    _all(
        "a type that is dropped",
        notebook(code(OUT, stream(KEPT, name="stderr"), metadata={"keep_output": True})),
        settings={"drop-output-type": ["stream:stdout"]},
    ),
    _all("too large", notebook(code(stream(GONE * 9), stream(KEPT))), settings={"max-size": 60}),
    _all(
        "a cell with a tag",
        notebook(code(OUT, metadata={"tags": ["a", "drop"]}), markdown()),
        settings={"drop-tagged-cells": ["drop"]},
    ),
    _all(
        "an empty cell",
        notebook(code(OUT, source=[" ", "\n"]), markdown()),
        settings={"drop-empty-cells": True},
    ),
    # no notebook, or around one
    _all("a list of notebooks", [notebook(code(OUT))]),
    _all("a notebook in an object", {"notebook": notebook(code(OUT))}),
]

# Nothing may go.
_KEPT_OUT = stream([KEPT])
STAY = [
    _all(name, value, gone=(), **more)
    for name, value, more in (
        ("nothing to strip", notebook(code(), markdown()), {}),
        ("keep_output", notebook(code(_KEPT_OUT, metadata={"keep_output": True})), {}),
        ("the tag keep_output", notebook(code(_KEPT_OUT, metadata={"tags": ["keep_output"]})), {}),
        (
            "a tag of one's own",
            notebook(code(_KEPT_OUT, metadata={"tags": ["bleib"]})),
            {"settings": {"keep-output-tags": ["bleib"]}},
        ),
        (
            "the notebook's keep_output",
            notebook(code(_KEPT_OUT), metadata={"keep_output": True}),
            {},
        ),
        ("the option keep-output", notebook(code(_KEPT_OUT)), {"settings": {"keep-output": True}}),
        (
            "init cells as nbstripout",
            notebook(code(_KEPT_OUT, metadata={"init_cell": True})),
            {"settings": {"strip-init-cells": False}},
        ),
        ("counts", notebook(code(execution_count=7)), {"settings": {"keep-count": True}}),
        (
            "a type that is kept",
            notebook(code({"ename": KEPT, "evalue": "", "output_type": "error", "traceback": []})),
            {"settings": {"keep-output-type": ["error"]}},
        ),
        ("small enough", notebook(code(_KEPT_OUT)), {"settings": {"max-size": "1k"}}),
        (
            "widget state on request",
            notebook(code(), metadata={"widgets": {"a": KEPT}}),
            {"settings": {"keep-metadata-keys": ["metadata.widgets"]}},
        ),
        (
            "scrolled on request",
            notebook(code(metadata={"scrolled": True})),
            {"settings": {"keep-metadata-keys": ["cell.metadata.scrolled"]}},
        ),
        (
            "a field on request",
            notebook(code(mine=KEPT)),
            {"settings": {"keep-metadata-keys": ["cell.mine"]}},
        ),
        ("outputs are null", notebook(code(outputs=None)), {}),
        ("outputs are missing", notebook({"cell_type": "code", "source": KEPT}), {}),
        (
            "outputs in a source",
            notebook(code(source=['{"outputs": [{"text": "' + KEPT + '"}]}'])),
            {},
        ),
        (
            "a source like a notebook",
            notebook(
                code(
                    source=[
                        '"cells": [\n',
                        '   "outputs": [\n',
                        "   ],\n",
                        '   "execution_count": 5,\n',
                    ]
                )
            ),
            {},
        ),
        ("flags called outputs", notebook(code(metadata={"view": {"outputs": True, "a": 1}})), {}),
        (
            "JupyterLab's flags",
            notebook(code(metadata={"jupyter": {"outputs_hidden": True, "source_hidden": False}})),
            {},
        ),
        (
            "attachment that a text shows",
            notebook(
                markdown(
                    source=[f"![a](attachment:a.png) {KEPT}"],
                    attachments={"a.png": {"image/png": KEPT}},
                )
            ),
            {},
        ),
        (
            "attachment with a space",
            notebook(
                markdown(
                    source=["![a](attachment:a%20b.png)"],
                    attachments={"a b.png": {"image/png": KEPT}},
                )
            ),
            {},
        ),
        (
            "attachments on request",
            notebook(markdown(attachments={"a.png": {"image/png": KEPT}})),
            {"settings": {"keep-attachments": True}},
        ),
        (
            "ids, tags, slides",
            notebook(code(id="ab12", metadata={"tags": ["a"], "slideshow": {"slide_type": "x"}})),
            {},
        ),
        (
            "kernel",
            notebook(
                code(),
                metadata={"kernelspec": {"name": KEPT}, "language_info": {"version": "3.11"}},
            ),
            {},
        ),
        (
            "unknown metadata",
            notebook(code(metadata={"mine": {"a": [1, KEPT]}}), metadata={"x": 1}),
            {},
        ),
        ("unknown fields of nbformat 5", notebook(code(view=KEPT), nbformat=5), {}),
        ("a notebook without cells", notebook(), {}),
        (
            "an odd spelling",
            dump(notebook(code())).replace('": ', '" :\t').replace("\n", "\r\n"),
            {},
        ),
        ("an empty object", "{}", {}),
        ("an empty file", " \n", {}),
        ("no notebook", '[1, "a", null]', {}),
    )
]
STAY = [
    case._replace(name=f"stays: {case.name}", stays=(KEPT,) if KEPT.encode() in case.data else ())
    for case in STAY
]


def _sensitive(
    name: str, value: Any, *gone: str, stays: tuple[str, ...] = (KEPT,), **more: Any
) -> Case:
    return Case(f"sensitive: {name}", _bytes(value), "sensitive", gone or (TOKEN,), stays, **more)


_KEY_LINES = [
    "-" * 5 + "BEGIN PRIVATE KEY" + "-" * 5 + "\n",
    *(sample("{b64:64}", Random(n)) + "\n" for n in range(3)),
    "-" * 5 + "END PRIVATE KEY" + "-" * 5 + "\n",
]
_SIGNED = "https://b.s3.amazonaws.com/k?X-Amz-Credential=c&X-Amz-Signature=" + sample(
    "{hex:64}", Random(5)
)
_CARD = "4539148803436467"
_OTHER = f"token {TOKEN} and {KEPT}\n"

SENSITIVE = [
    _sensitive(name, notebook(code(output)), stays=stays)
    for name, output, stays in (
        ("stream", stream([_OTHER]), (KEPT, "token ")),
        ("stream as one string", stream(_OTHER), (KEPT, "token ")),
        ("plain text", shown(text_plain=[_OTHER]), (KEPT, "token ")),
        ("HTML", shown(text_html=f"<b>{TOKEN}</b>{KEPT}"), (KEPT, "<b>")),
        ("JSON", shown(application_json={"a": TOKEN, "b": KEPT}), (KEPT,)),
        ("a key of JSON", shown(application_json={TOKEN: "value1"}), (KEPT,)),
        (
            "error",
            {"ename": "E", "evalue": TOKEN, "output_type": "error", "traceback": [_OTHER]},
            (KEPT,),
        ),
        ("ANSI inside", stream([f"{TOKEN[:9]}\x1b[31m{TOKEN[9:]}\x1b[0m {KEPT}"]), (KEPT,)),
        ("metadata of an output", {**shown(text_plain="a"), "metadata": {"a": TOKEN}}, (KEPT,)),
        ("unknown type", {"output_type": "hologram", "wave": {"a": [_OTHER]}}, (KEPT,)),
        ("a string as output", _OTHER, (KEPT,)),
        (
            "unknown MIME type",
            {"data": {"x-new/type": _OTHER}, "output_type": "display_data"},
            (KEPT,),
        ),
    )
] + [
    _sensitive("outputs of a markdown cell", notebook(markdown(outputs=[stream(_OTHER)]))),
    _sensitive("outputs are an object", notebook(code(outputs={"a": TOKEN}))),
    _sensitive("unknown cell field", notebook(code(results=[TOKEN]))),
    _sensitive(
        "nbformat 3",
        old(
            {
                "cell_type": "code",
                "input": KEPT,
                "outputs": [{"output_type": "pyout", "text": [TOKEN], "html": TOKEN}],
            }
        ),
    ),
    _sensitive(
        "widget state", notebook(code(), metadata={"widgets": {"state": {"a": {"value": TOKEN}}}})
    ),
    _sensitive(
        "papermill's parameters",
        notebook(code(), metadata={"papermill": {"parameters": {"a": TOKEN}, "b": KEPT}}),
    ),
    _sensitive("metadata of a cell", notebook(code(metadata={"a": {"b": TOKEN, "c": KEPT}}))),
    _sensitive(
        "user of Colab",
        notebook(
            code(
                metadata={
                    "executionInfo": {"user": {"displayName": "Ann Smith", "userId": "0123456789"}}
                }
            )
        ),
        "Ann Smith",
        "0123456789",
    ),
    _sensitive("attachment", notebook(markdown(attachments={"a.txt": {"text/plain": TOKEN}}))),
    _sensitive(
        "attachment in base64",
        notebook(
            markdown(
                attachments={
                    "a.txt": {"text/plain": base64.b64encode(TOKEN.encode() + b"  ").decode()}
                }
            )
        ),
        base64.b64encode(TOKEN.encode() + b"  ").decode(),
    ),
    _sensitive("field at the top", notebook(code(), other={"a": TOKEN})),
    _sensitive(
        "outputs twice",
        dump(notebook(code(stream(TOKEN)))).replace('"source"', '"outputs": [],\n   "source"'),
    ),
    _sensitive(
        "text twice in an output",
        dump(notebook(code(stream(TOKEN)))).replace(f'"{TOKEN}"', f'"{TOKEN}", "text": ""'),
    ),
    _sensitive(
        "outputs with an escape",
        dump(notebook(code(stream(TOKEN)))).replace('"outputs"', '"o\\u0075tputs"'),
    ),
    _sensitive(
        "escapes in the value",
        dump(notebook(code(stream(f"{TOKEN} {KEPT}")))).replace("hf_", "\\u0068f_"),
        TOKEN[3:],
    ),
    _sensitive("byte order mark", b"\xef\xbb\xbf" + dump(notebook(code(stream(_OTHER)))).encode()),
    _sensitive("UTF-16", dump(notebook(code(stream(_OTHER)))).encode("utf-16")),
    _sensitive(
        "one line", dump(notebook(code(stream(_OTHER))), indent=None, separators=(",", ":"))
    ),
    _sensitive("NaN beside it", dump(notebook(code({**stream(_OTHER), "a": float("nan")})))),
    _sensitive(
        "no UTF-8 beside it",
        dump(notebook(code(stream(_OTHER))))
        .encode()
        .replace(KEPT.encode(), b"\xff" + KEPT.encode()),
    ),
    _sensitive(
        "letters of all kinds beside it",
        notebook(code(stream(f"grüße 😀 {TOKEN} äöü {KEPT}"))),
        stays=(KEPT, "grüße 😀 ", " äöü "),
    ),
    _sensitive(
        "5,000 levels around it",
        dump(notebook(code(stream(0)))).replace(
            '"text": 0', f'"text": {_deep(5000, json.dumps(TOKEN))}'
        ),
    ),
    _sensitive(
        "a private key in lines",
        notebook(code(stream([f"{KEPT}\n", *_KEY_LINES]))),
        _KEY_LINES[1].strip(),
        _KEY_LINES[3].strip(),
    ),
    _sensitive(
        "a signed address in HTML",
        notebook(
            code(
                shown(
                    text_html=f"<a href='{_SIGNED.replace('&', '&amp;')}'>{KEPT}</a>",
                    text_plain=_SIGNED,
                )
            )
        ),
        _SIGNED[-64:],
    ),
    _sensitive(
        "a source's secret, printed",
        notebook(code(stream(f"got {TOKEN[3:]}x {TOKEN}"), source=[f"a = '{TOKEN}' # {KEPT}"])),
        f"got {TOKEN[3:]}x {TOKEN}",
    ),
    _sensitive(
        "e-mail in a data frame",
        notebook(code(shown(text_plain=[f"  mail\n0 {MAIL}\n"], text_html=f"<td>{MAIL}</td>"))),
        MAIL,
    ),
    _sensitive(
        "e-mail only in the text form",
        notebook(code(shown(text_plain=f"<{MAIL}>", text_html=f"<td>x{MAIL}</td> {MAIL}"))),
        f"<{MAIL}>",
        f" {MAIL}",
    ),
    _sensitive(
        "a card as a number",
        notebook(code(shown(text_plain=f"card {_CARD}", application_json={"card": int(_CARD)}))),
        _CARD,
    ),
    _sensitive(
        "a picture of it",
        notebook(
            code(
                {
                    "data": {"text/plain": MAIL, "image/png": "QUJD" * 99},
                    "metadata": {},
                    "output_type": "display_data",
                }
            )
        ),
        MAIL,
        "QUJD" * 99,
    ),
    _sensitive(
        "the tag for mode all",
        notebook(code(stream(GONE), metadata={"tags": ["mlsec-strip-all"]})),
        GONE,
    ),
    _sensitive(
        "a column of passwords",
        notebook(
            code(
                shown(
                    text_plain="    user        password\n"
                    + "".join(
                        f"{n:<2}   u{n:<2}  {sample('{pw:14}', Random(n))}\n" for n in range(20)
                    )
                )
            )
        ),
        sample("{pw:14}", Random(0)),
        sample("{pw:14}", Random(19)),
    ),
    _sensitive(
        "a user's path",
        notebook(code(stream(f"/home/akowalski/{KEPT}"))),
        "akowalski",
        settings={"also": ["user-path"]},
    ),
    _sensitive(
        "a cloud account",
        notebook(code(stream(f"arn:aws:iam::731946820571:role/{KEPT}"))),
        "731946820571",
        settings={"also": ["account-id"]},
    ),
    _sensitive(
        "a host",
        notebook(code(stream(f"db1.prod.internal {KEPT}"))),
        "db1.prod",
        settings={"also": ["host-name"]},
    ),
    # what stays
    _sensitive("stays: outputs", notebook(code(stream(KEPT), execution_count=3)), "nothing-at-all"),
    _sensitive(
        "stays: a source's secret",
        notebook(code(source=[f"a = '{TOKEN}'"])),
        "nothing-at-all",
        stays=(TOKEN,),
    ),
    _sensitive(
        "stays: a tag",
        notebook(code(stream(TOKEN), metadata={"tags": ["mlsec-ignore"]})),
        "nothing-at-all",
        stays=(TOKEN,),
    ),
    _sensitive(
        "stays: a kind that is allowed",
        notebook(code(stream(MAIL))),
        "nothing-at-all",
        stays=(MAIL,),
        settings={"allow": ["e-mail"]},
    ),
    _sensitive(
        "stays: an office",
        notebook(code(stream("info@contoso.de"))),
        "nothing-at-all",
        stays=("info@contoso.de",),
    ),
    _sensitive(
        "stays: a user's path",
        notebook(code(stream("/home/akowalski/x"))),
        "nothing-at-all",
        stays=("/home/akowalski/x",),
    ),
]

CASES: list[Case] = [*ALL, *STAY, *SENSITIVE]


def holds(data: bytes, marker: str) -> bool:
    """Whether a file says something, in UTF-8 or another encoding of Unicode."""
    forms = (marker.encode(codec) for codec in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le"))
    return any(form in data for form in forms)
