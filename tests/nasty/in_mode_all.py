"""Mode `all`: places where outputs hide, and must be gone from."""

from __future__ import annotations

from tests.nasty.build import (
    GONE,
    KEPT,
    OUT,
    PLAIN,
    code,
    deep,
    dump,
    in_all,
    markdown,
    notebook,
    old,
    shown,
    stream,
)

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
    *(in_all(f"output: {n}", notebook(code(o, OUT))) for n, o in _OUTPUTS.items()),
    # cells that have no outputs by their type, and odd shapes of outputs
    in_all("outputs of a markdown cell", notebook(markdown(outputs=[OUT]))),
    in_all("outputs of a raw cell", notebook(markdown(cell_type="raw", outputs=[OUT]))),
    in_all("outputs of an unknown cell", notebook(markdown(cell_type="sql", outputs=[OUT]))),
    in_all("outputs of a cell without type", notebook({"source": KEPT, "outputs": [OUT]})),
    in_all("cell without metadata", notebook({"outputs": [OUT], "source": [KEPT]})),
    in_all("metadata is null", notebook(code(OUT, metadata=None))),
    in_all("metadata is a list", notebook(code(OUT, metadata=[]))),
    in_all("source is missing", notebook({"cell_type": "code", "outputs": [OUT]}, markdown())),
    in_all("outputs are an object", notebook(code(outputs={"a": GONE}))),
    in_all("outputs are a string", notebook(code(outputs=GONE))),
    in_all("outputs come first", notebook({"outputs": [OUT], **code()} | {"outputs": [OUT]})),
    in_all("execution count is a string", notebook(code(execution_count=GONE))),
    in_all("execution count is a list", notebook(code(execution_count=[GONE]))),
    in_all("prompt number", notebook(code(prompt_number=GONE))),
    in_all("unknown cell field", notebook(code(results=[GONE]))),
    in_all("unknown cell field, a string", notebook(markdown(rendered=GONE))),
    in_all("cells in a list in cells", notebook([code(OUT)])),
    in_all("1,000 outputs", notebook(code(*[OUT] * 1000))),
    in_all("an output of 5 MB", notebook(code(stream([GONE + "x" * 5_000_000])))),
    in_all("outputs of 6 MB in lines", notebook(code(stream([GONE + "x" * 99] * 60_000)))),
    # nbformats
    in_all("nbformat 3", old({"cell_type": "code", "input": [KEPT], "outputs": [{"text": GONE}]})),
    in_all(
        "nbformat 3: result with PNG",
        old(
            {"cell_type": "code", "input": KEPT, "outputs": [{"png": GONE, "output_type": "pyout"}]}
        ),
    ),
    in_all(
        "nbformat 3: error",
        old({"input": KEPT, "outputs": [{"output_type": "pyerr", "traceback": [GONE]}]}),
    ),
    in_all("nbformat 3: prompt number", old({"input": KEPT, "prompt_number": GONE, "outputs": []})),
    in_all("nbformat 3: heading", old({"cell_type": "heading", "source": KEPT, "outputs": [OUT]})),
    in_all(
        "nbformat 3: second worksheet",
        {"nbformat": 3, "worksheets": [{"cells": []}, {"cells": [code(OUT)]}]},
    ),
    in_all("nbformat 3: signature", old(code(), metadata={"signature": GONE})),
    in_all(
        "nbformat 3: worksheet's metadata",
        {"nbformat": 3, "worksheets": [{"cells": [code()], "metadata": {"outputs": [GONE]}}]},
    ),
    in_all("nbformat 2", {"nbformat": 2, "worksheets": [{"cells": [code(OUT)]}]}),
    in_all("nbformat 1", {"nbformat": 1, "cells": [{"code": KEPT, "outputs": [OUT]}]}),
    in_all("no nbformat", {"cells": [code(OUT)], "metadata": {}}),
    in_all("nbformat is null", notebook(code(OUT), nbformat=None)),
    in_all("nbformat is a string", notebook(code(OUT), nbformat="4")),
    in_all("nbformat 5", notebook(code(OUT), nbformat=5)),
    in_all("nbformat 5: unknown field with results", notebook(code(results=GONE), nbformat=5)),
    in_all("nbformat 5: nested outputs", notebook(code(view={"outputs": [GONE]}), nbformat=5)),
    in_all("nbformat 99999999999999999999", notebook(code(OUT), nbformat=99999999999999999999)),
    in_all("cells and worksheets", {**old(code(OUT)), "cells": [code(OUT)]}),
    # metadata
    in_all("metadata.outputs of a cell", notebook(code(metadata={"outputs": [GONE]}))),
    in_all(
        "nested outputs in a cell's metadata", notebook(code(metadata={"a": {"outputs": [GONE]}}))
    ),
    in_all(
        "outputs nested in lists",
        notebook(code(metadata={"a": [[{"b": {"outputs": {"c": GONE}}}]]})),
    ),
    in_all("outputs as a string in metadata", notebook(code(metadata={"a": {"outputs": GONE}}))),
    in_all("outputs in the notebook's metadata", notebook(code(), metadata={"outputs": [GONE]})),
    in_all(
        "nested outputs in the notebook's metadata",
        notebook(code(), metadata={"a": {"b": [{"outputs": [GONE]}]}}),
    ),
    in_all("widget state", notebook(code(), metadata={"widgets": {"state": {"a": {"v": GONE}}}})),
    in_all(
        "papermill's parameters", notebook(code(), metadata={"papermill": {"parameters": GONE}})
    ),
    in_all(
        "papermill's environment",
        notebook(code(), metadata={"papermill": {"environment_variables": {"A": GONE}}}),
    ),
    in_all("papermill of a cell", notebook(code(metadata={"papermill": {"exception": GONE}}))),
    in_all(
        "user of Colab",
        notebook(code(metadata={"executionInfo": {"user": {"displayName": GONE}}})),
    ),
    in_all("output id of Colab", notebook(code(metadata={"id": "a", "outputId": GONE}))),
    in_all("timings", notebook(code(metadata={"ExecuteTime": {"end_time": GONE}}))),
    in_all("execution", notebook(code(metadata={"execution": {"iopub.status.busy": GONE}}))),
    in_all(
        "all metadata goes",
        notebook(code(metadata={"scrolled": GONE, "collapsed": GONE, "execution": GONE})),
    ),
    in_all(
        "the first and the last go",
        notebook(code(metadata={"scrolled": 1, "a": 2, "hidden": GONE})),
    ),
    in_all("signature", notebook(code(), metadata={"signature": GONE, "language_info": {}})),
    in_all(
        "extra keys",
        notebook(
            code(metadata={"a.b": GONE, "a": {"c": GONE, "d": 1}}), metadata={"x": {"y": GONE}}
        ),
        settings={"extra-keys": ["cell.metadata.a.b", "cell.metadata.a.c", "metadata.x.y"]},
    ),
    in_all(
        "extra key that is not ASCII",
        notebook(code(metadata={"schlüssel": GONE})),
        settings={"extra-keys": ["cell.metadata.schlüssel"]},
    ),
    in_all(
        "extra key, escaped",
        dump(notebook(code(metadata={"schlüssel": GONE})), ensure_ascii=True),
        settings={"extra-keys": ["cell.metadata.schlüssel"]},
    ),
    in_all("outputs at the top", notebook(code(), outputs=[GONE])),
    in_all("results at the top", notebook(code(), cell_results={"a": GONE})),
    in_all("outputs nested at the top", notebook(code(), other={"a": {"outputs": [GONE]}})),
    # attachments
    in_all("attachment of a code cell", notebook(code(attachments={"a.png": {"image/png": GONE}}))),
    in_all(
        "attachment of a code cell that names it",
        notebook(code(attachments={"a": {"text/plain": GONE}}, source=[f"attachment:a {KEPT}"])),
    ),
    in_all(
        "attachment that no text shows", notebook(markdown(attachments={"a": {"image/png": GONE}}))
    ),
    in_all(
        "one attachment shown, one not",
        notebook(
            markdown(
                source=["![](attachment:a.png)"],
                attachments={"a.png": {"image/png": KEPT}, "b.png": {"image/png": GONE}},
            )
        ),
    ),
    # keys that stand twice, and keys with escapes
    in_all(
        "outputs twice, the first full", PLAIN.replace('"source"', '"outputs": [],\n   "source"')
    ),
    in_all(
        "outputs twice, the last full",
        PLAIN.replace('"execution_count"', '"outputs": [], "execution_count"'),
    ),
    in_all(
        "outputs twice, both full", PLAIN.replace('"source"', f'"outputs": ["{GONE}"], "source"')
    ),
    in_all(
        "cells twice, the first full", PLAIN.replace('"metadata": {},\n "nb', '"cells": [],\n "nb')
    ),
    in_all(
        "cells twice, the last full", PLAIN.replace('{\n "cells"', '{\n "cells": [], "cells"', 1)
    ),
    in_all(
        "metadata twice",
        PLAIN.replace(
            '"metadata": {},\n "nb', f'"metadata": {{"widgets": "{GONE}"}}, "metadata": {{}},\n "nb'
        ),
    ),
    in_all(
        "cell's metadata twice",
        PLAIN.replace(
            '"metadata": {},\n   "out',
            f'"metadata": {{"a": {{"outputs": "{GONE}"}}}}, "metadata": {{}},\n   "out',
        ),
    ),
    in_all(
        "execution count twice",
        PLAIN.replace(
            '"execution_count": null', f'"execution_count": "{GONE}", "execution_count": null'
        ),
    ),
    in_all("outputs with an escape", PLAIN.replace('"outputs"', '"outp\\u0075ts"')),
    in_all(
        "outputs all in escapes",
        PLAIN.replace('"outputs"', '"\\u006F\\u0075\\u0074\\u0070\\u0075\\u0074\\u0073"'),
    ),
    in_all("escaped twin", PLAIN.replace('"source"', f'"o\\u0075tputs": ["{GONE}"],\n   "source"')),
    in_all("cells with an escape", PLAIN.replace('"cells"', '"c\\u0065lls"')),
    in_all(
        "widgets with an escape",
        dump(notebook(code(), metadata={"widgets": GONE})).replace('"widgets"', '"widg\\u0065ts"'),
    ),
    in_all(
        "nested outputs with an escape",
        dump(notebook(code(metadata={"a": {"outputs": GONE}}))).replace(
            '"outputs": "', '"output\\u0073": "'
        ),
    ),
    in_all(
        "execution count with an escape",
        dump(notebook(code(execution_count=GONE))).replace(
            '"execution_count"', '"execution\\u005fcount"'
        ),
    ),
    # spelling of the file
    in_all("byte order mark", b"\xef\xbb\xbf" + PLAIN.encode()),
    in_all("CRLF", PLAIN.replace("\n", "\r\n")),
    in_all("CR only", PLAIN.replace("\n", "\r")),
    in_all("tabs", dump(notebook(code(OUT)), indent="\t")),
    in_all("one line", dump(notebook(code(OUT)), indent=None)),
    in_all(
        "no spaces at all", dump(notebook(code(OUT)), indent=None, separators=(",", ":")).rstrip()
    ),
    in_all("indented by 0", dump(notebook(code(OUT)), indent=0)),
    in_all("indented by 2", dump(notebook(code(OUT)), indent=2)),
    in_all("indented by 4", dump(notebook(code(OUT)), indent=4)),
    in_all("no final newline", PLAIN.rstrip()),
    in_all("space before and after", "\n\t \r\n" + PLAIN + "\n\n  \n"),
    in_all("space before colons", PLAIN.replace('":', '"  :  ')),
    in_all("commas first", PLAIN.replace(",\n", "\n,")),
    in_all(
        "indented like a cell, in one line",
        PLAIN.replace('"outputs": [\n', '"outputs": [\n0], "a": [\n'),
    ),
    in_all("keys sorted backwards", dump(notebook(dict(reversed(code(OUT).items()))))),
    in_all("UTF-16 with a mark", PLAIN.encode("utf-16")),
    in_all("UTF-16 without a mark", PLAIN.encode("utf-16-le")),
    in_all("UTF-16, big end first", b"\xfe\xff" + PLAIN.encode("utf-16-be")),
    in_all("UTF-32", PLAIN.encode("utf-32")),
    # values that JSON has not, or that parsers refuse
    in_all("NaN", PLAIN.replace('"name"', '"nan": NaN, "name"')),
    in_all("NaN where somebody writes", PLAIN.replace('"metadata": {}', '"metadata": {"a": NaN}')),
    in_all("infinities", PLAIN.replace('"name"', '"a": [Infinity, -Infinity, 1e400], "name"')),
    in_all(
        "a huge integer", PLAIN.replace('"metadata": {}', '"metadata": {"a": ' + "9" * 5000 + "}")
    ),
    in_all("a lone surrogate in the output", PLAIN.replace(GONE, GONE + "\\ud800")),
    in_all("a lone surrogate in the source", PLAIN.replace(KEPT, KEPT + "\\udc00")),
    in_all(
        "no UTF-8 in the output", PLAIN.encode().replace(GONE.encode(), GONE.encode() + b"\xff\xfe")
    ),
    in_all(
        "no UTF-8 in the source", PLAIN.encode().replace(KEPT.encode(), KEPT.encode() + b"\xc3")
    ),
    in_all("a line end in a string", PLAIN.replace(GONE, GONE + "\n")),
    in_all("a line end in the source", PLAIN.replace(KEPT, KEPT + '\n   \\"outputs\\": [\n')),
    in_all("control characters in strings", PLAIN.replace(GONE, GONE + "\x00\x01\x1f\x7f")),
    in_all("5,000 levels in an output", PLAIN.replace('"name"', f'"a": {deep(5000, "1")}, "name"')),
    in_all("5,000 levels around the marker", PLAIN.replace(f'"{GONE}"', deep(5000, f'"{GONE}"'))),
    in_all(
        "5,000 levels of metadata",
        PLAIN.replace(
            '"metadata": {}',
            '"metadata": {"a": ' + deep(5000, '{"outputs": ["' + GONE + '"]}') + "}",
            1,
        ),
    ),
    in_all(
        "5,000 levels in a source",
        PLAIN.replace('"source": [', '"source": [' + deep(5000, "") + ", "),
    ),
    # what cells and notebooks say of keeping
    in_all("keep_output is false", notebook(code(OUT, metadata={"keep_output": False}))),
    in_all("keep_output is 0", notebook(code(OUT, metadata={"keep_output": 0}))),
    in_all("keep_output is null", notebook(code(OUT, metadata={"keep_output": None}))),
    in_all("keep_output is the word false", notebook(code(OUT, metadata={"keep_output": "false"}))),
    in_all(
        "keep_output is false beside the tag",
        notebook(code(OUT, metadata={"keep_output": False, "tags": ["keep_output"]})),
    ),
    in_all(
        "keep_output is false in a notebook that keeps",
        notebook(code(OUT, metadata={"keep_output": False}), metadata={"keep_output": True}),
    ),
    in_all(
        "the notebook's keep_output is false", notebook(code(OUT), metadata={"keep_output": False})
    ),
    in_all("keep_output outside of metadata", notebook(code(OUT, keep_output=True))),
    in_all("tags are no list", notebook(code(OUT, metadata={"tags": "keep_output"}))),
    in_all("init cell", notebook(code(OUT, metadata={"init_cell": True}))),
    in_all(
        "init cell that says no",
        notebook(code(OUT, metadata={"init_cell": False, "keep_output": True})),
    ),
    in_all(
        "kept, but the count goes",
        notebook(code(metadata={"keep_output": True}, execution_count=GONE)),
    ),
    in_all(
        "a type that is dropped",
        notebook(code(OUT, stream(KEPT, name="stderr"), metadata={"keep_output": True})),
        settings={"drop-output-type": ["stream:stdout"]},
    ),
    in_all("too large", notebook(code(stream(GONE * 9), stream(KEPT))), settings={"max-size": 60}),
    in_all(
        "a cell with a tag",
        notebook(code(OUT, metadata={"tags": ["a", "drop"]}), markdown()),
        settings={"drop-tagged-cells": ["drop"]},
    ),
    in_all(
        "an empty cell",
        notebook(code(OUT, source=[" ", "\n"]), markdown()),
        settings={"drop-empty-cells": True},
    ),
    in_all(
        "ids of what is left",
        notebook(code(OUT, source="", id=GONE), markdown(id="a"), code(source=[KEPT], id="b")),
        KEPT,
        '"id": "0"',
        '"id": "1"',
        settings={"drop-empty-cells": True, "keep-id": False},
    ),
    # no notebook, or around one
    in_all("a list of notebooks", [notebook(code(OUT))]),
    in_all("a notebook in an object", {"notebook": notebook(code(OUT))}),
]

# Nothing may go.
