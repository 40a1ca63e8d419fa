"""Mode `sensitive`: values that stand in no line of the file as they are read.

What must be gone is the part of the value that each spelling leaves whole.
"""

from __future__ import annotations

import base64
import json
from html import escape
from random import Random
from typing import Any

from jupyter_mlsec.core.formats import sample
from tests.nasty.build import (
    KEPT,
    MAIL,
    TOKEN,
    Case,
    as_bytes,
    code,
    dump,
    markdown,
    notebook,
    old,
    shown,
    stream,
)

_PHONE = "+49 30 227 32152"
_LEFT, _RIGHT = TOKEN[:17], TOKEN[17:]
_HALF = len(MAIL) // 2
_OTHER = sample("hf_{an:34}", Random(8))


def _case(name: str, value: Any, *gone: str, stays: tuple[str, ...] = (KEPT,)) -> Case:
    return Case(f"read: {name}", as_bytes(value), "sensitive", gone or (MAIL,), stays)


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _entities(text: str) -> str:
    return "".join(f"&#{ord(char)};" for char in text)


def _html(text: str) -> Any:
    return notebook(code(shown(text_html=f"<p>{text} {KEPT}</p>")))


def _json(value: Any) -> Any:
    return notebook(code(shown(application_json=value)))


_PAGE = f"<html><body>{MAIL}</body></html>"
READ = [
    # HTML
    _case("an entity", _html(MAIL.replace("@", "&#64;")), MAIL.replace("@", "&#64;")),
    _case("all entities", _html(_entities(MAIL)), _entities(MAIL)[:30]),
    _case("hexadecimal", _html(MAIL.replace("@", "&#x40;")), MAIL.replace("@", "&#x40;")),
    _case("named", _html(MAIL.replace("@", "&commat;")), MAIL.replace("@", "&commat;")),
    _case("no-break spaces", _html(_PHONE.replace(" ", "&nbsp;")), _PHONE[-5:]),
    _case("a tag inside", _html(f"{_LEFT}<b>{_RIGHT}</b>"), _LEFT, _RIGHT),
    _case("tags before a space", _html(f"{_PHONE[:7]}<b>{_PHONE[7:]}</b>"), _PHONE[-5:]),
    _case("a comment inside", _html(f"{_LEFT}<!-- -->{_RIGHT}"), _LEFT, _RIGHT),
    _case("a place to break", _html(f"{_LEFT}<wbr>{_RIGHT}"), _LEFT, _RIGHT),
    _case(
        "a page in an attribute",
        _html(f"<iframe srcdoc='{escape(escape(MAIL).replace('@', '&#64;'))}'>"),
        MAIL.partition("@")[0],
    ),
    _case(
        "a page in an address",
        notebook(code(shown(text_html=f"<iframe src='data:text/html;base64,{_b64(_PAGE)}'>"))),
        _b64(_PAGE),
    ),
    _case("mailto", _html(f"<a href='mailto:{MAIL}'>x</a>")),
    _case(
        "letters of an SVG",
        notebook(
            code(
                shown(image_svg__xml="<svg>" + "".join(f"<tspan>{c}</tspan>" for c in MAIL)),
                stream(KEPT),
            )
        ),
        "<tspan>@</tspan>",
    ),
    # other spellings
    _case("an address", notebook(code(stream(f"?to={MAIL.replace('@', '%40')} {KEPT}"))), "%40"),
    _case(
        "Markdown",
        notebook(code(shown(text_markdown=f"{TOKEN.replace('_', chr(92) + '_')} {KEPT}"))),
        TOKEN[3:],
    ),
    _case("base64", notebook(code(stream(_b64(f"from {MAIL}")))), _b64(f"from {MAIL}")),
    _case(
        "JSON in base64",
        notebook(code(stream(f"{KEPT} {_b64(json.dumps({'user': MAIL}))}"))),
        _b64(json.dumps({"user": MAIL})),
    ),
    _case(
        "an unknown file",
        notebook(
            code({"data": {"application/octet-stream": _b64(MAIL)}, "output_type": "display_data"})
        ),
        _b64(MAIL),
    ),
    # terminals
    _case("a link", notebook(code(stream(f"\x1b]8;;mailto:{MAIL}\x1b\\{KEPT}\x1b]8;;\x1b\\")))),
    _case("a title", notebook(code(stream(f"\x1b]0;{MAIL}\x07{KEPT}")))),
    _case(
        "a stream in pieces",
        notebook(code(stream(f"{KEPT} {MAIL[:_HALF]}"), stream([MAIL[_HALF:], "\nx"]))),
        MAIL[:_HALF],
        MAIL[_HALF:],
    ),
    _case(
        "a stream in three",
        notebook(
            code(stream(f"{KEPT} {_LEFT}"), stream(_RIGHT[:5]), stream(_RIGHT[5:] + f"\n{_OTHER}"))
        ),
        _LEFT,
        _RIGHT[5:],
        _OTHER,
    ),
    # places
    _case("a key of a number", _json({MAIL: 3, "b": KEPT})),
    _case("a key of a list", _json({MAIL: [1], "b": KEPT})),
    _case("an id", _json([{"id": MAIL, "b": KEPT}])),
    _case("lists of anything", notebook(code(stream([KEPT, {"a": MAIL}])))),
    _case(
        "a picture that is none",
        notebook(code(shown(image_png=f"user {MAIL}", text_plain=KEPT))),
    ),
    _case("nbformat 3", old({"cell_type": "code", "input": KEPT, "outputs": [{"png": MAIL}]})),
    _case("a name", notebook(code(stream("x", name=TOKEN))), TOKEN),
    _case("a count", notebook(code(execution_count=TOKEN)), TOKEN),
    _case("a type", notebook(code(cell_type={"a": MAIL}))),
    _case("a cell that is none", notebook(code(), MAIL)),
    _case(
        "personal data in widgets",
        notebook(code(), metadata={"widgets": {"state": {"a": {"value": f"<b>{MAIL}</b>"}}}}),
    ),
    _case(
        "personal data in parameters",
        notebook(code(), metadata={"papermill": {"parameters": {"user": MAIL, "b": KEPT}}}),
    ),
    _case("personal data of a cell", notebook(code(metadata={"state": {"value": MAIL}}))),
    _case(
        "personal data attached",
        notebook(markdown(attachments={"a.csv": {"text/csv": f"n,m\n1,{MAIL}\n"}})),
    ),
    _case(
        "attached in base64",
        notebook(markdown(attachments={"a.csv": {"text/csv": _b64(f"n,m\n1,{MAIL}\n")}})),
        _b64(f"n,m\n1,{MAIL}\n"),
    ),
    _case("at the top", notebook(code(), rows=[{"who": MAIL}])),
    # what stays
    _case(
        "stays: authors",
        notebook(code(), metadata={"authors": [{"name": "Ann", "email": MAIL}]}),
        "nothing-at-all",
        stays=(KEPT, MAIL),
    ),
    _case(
        "stays: markup",
        _html("<b>a</b>&#64;<i>b</i> 100%40 50%20 a\\_b"),
        "nothing-at-all",
        stays=("<b>a</b>&#64;<i>b</i> 100%40 50%20 a\\\\_b",),
    ),
    _case(
        "stays: pieces of a stream",
        notebook(code(stream("a"), stream(f"b {KEPT}"), stream(["c"]))),
        "nothing-at-all",
        stays=('"text": "a"', '"c"', KEPT),
    ),
    _case(
        "stays: a picture in base64",
        notebook(code(shown(image_png=_b64("\x89PNG" * 50)))),
        "nothing-at-all",
        stays=(KEPT, _b64("\x89PNG" * 50)),
    ),
    _case(
        "stays: one line",
        dump(notebook(code(stream(KEPT))), indent=None),
        "nothing-at-all",
    ),
]
