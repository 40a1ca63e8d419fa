"""Mode `all`: what must stay as it is, or come through where the format is odd."""

from __future__ import annotations

from tests.nasty.build import (
    KEPT,
    code,
    dump,
    in_all,
    markdown,
    notebook,
    stream,
)

_KEPT_OUT = stream([KEPT])
STAY = [
    in_all(name, value, gone=(), **more)
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
