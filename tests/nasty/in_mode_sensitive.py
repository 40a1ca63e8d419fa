"""Mode `sensitive`: what is sensitive in outputs, and what only looks so."""

from __future__ import annotations

import base64
import json
from random import Random
from typing import Any

from jupyter_mlsec.core.formats import sample
from tests.nasty.build import (
    GONE,
    KEPT,
    MAIL,
    TOKEN,
    Case,
    as_bytes,
    code,
    deep,
    dump,
    markdown,
    notebook,
    old,
    shown,
    stream,
)


def _sensitive(
    name: str, value: Any, *gone: str, stays: tuple[str, ...] = (KEPT,), **more: Any
) -> Case:
    return Case(f"sensitive: {name}", as_bytes(value), "sensitive", gone or (TOKEN,), stays, **more)


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
            '"text": 0', f'"text": {deep(5000, json.dumps(TOKEN))}'
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
