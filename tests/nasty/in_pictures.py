"""Mode `sensitive`: what pictures say beside their pixels, and places that are easily missed:
ids, pieces of a list, how widgets look, names of attachments."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

from tests.nasty.build import (
    KEPT,
    MAIL,
    TOKEN,
    Case,
    as_bytes,
    code,
    markdown,
    notebook,
    old,
    shown,
    stream,
)

_LEFT, _RIGHT = TOKEN[:17], TOKEN[17:]
_NOTHING = "nothing-at-all"


def _case(name: str, value: Any, *gone: str, stays: tuple[str, ...] = (KEPT,)) -> Case:
    return Case(f"place: {name}", as_bytes(value), "sensitive", gone or (MAIL,), stays)


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def png(*chunks: tuple[bytes, bytes], behind: bytes = b"") -> bytes:
    """One grey pixel, with more chunks before its end."""
    made = b"\x89PNG\r\n\x1a\n"
    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = (b"IDAT", zlib.compress(b"\0\x80"))
    for kind, data in ((b"IHDR", head), pixels, *chunks, (b"IEND", b"")):
        made += struct.pack(">I", len(data)) + kind + data
        made += struct.pack(">I", zlib.crc32(kind + data))
    return made + behind


def _jpeg(marker: int, data: bytes) -> bytes:
    jfif = b"\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
    segment = b"\xff" + bytes((marker,)) + struct.pack(">H", len(data) + 2) + data
    return b"\xff\xd8" + jfif + segment + b"\xff\xda\0\x08\1\1\0\0\x3f\0\x12\x34\xff\xd9"


def _gif(comment: bytes) -> bytes:
    head = b"GIF89a\1\0\1\0\x80\0\0" + b"\0\0\0\xff\xff\xff"
    image = b",\0\0\0\0\1\0\1\0\0\2\2D\1\0"
    return head + image + b"!\xfe" + bytes((len(comment),)) + comment + b"\0;"


def _webp(kind: bytes, data: bytes) -> bytes:
    chunk = kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
    body = b"WEBPVP8L" + struct.pack("<I", 4) + b"\x2f\0\0\0" + chunk
    return b"RIFF" + struct.pack("<I", len(body)) + body


_SAID = MAIL.encode()
_PICTURES = {
    "PNG, tEXt": ("image/png", png((b"tEXt", b"Author\0" + _SAID))),
    "PNG, zTXt": ("image/png", png((b"zTXt", b"Comment\0\0" + zlib.compress(_SAID)))),
    "PNG, iTXt": ("image/png", png((b"iTXt", b"Author\0\0\0en\0\0" + _SAID))),
    "PNG, iTXt in zlib": (
        "image/png",
        png((b"iTXt", b"Author\0\1\0en\0\0" + zlib.compress(_SAID))),
    ),
    "PNG, eXIf in UTF-16": ("image/png", png((b"eXIf", b"MM\0*" + MAIL.encode("utf-16-le")))),
    "PNG, its own chunk": ("image/png", png((b"mySe", b"by " + _SAID))),
    "PNG, behind its end": ("image/png", png(behind=_SAID)),
    "JPEG, comment": ("image/jpeg", _jpeg(0xFE, _SAID)),
    "JPEG, Exif": ("image/jpeg", _jpeg(0xE1, b"Exif\0\0II*\0" + _SAID + b"\0")),
    "GIF, comment": ("image/gif", _gif(_SAID)),
    "WebP, XMP": ("image/webp", _webp(b"XMP ", b"<dc:creator>" + _SAID + b"</dc:creator>")),
}
_PLAIN = _b64(png((b"tEXt", b"Software\0Matplotlib version3.8.2, https://matplotlib.org/")))
_BEHIND = _b64(png(behind=_SAID + b"."))
_BY = _b64(png((b"tEXt", b"Author\0" + _SAID)))
_LAYOUT = "application/vnd.jupyter.widget-state+json"


def _widget(model: str, title: str = TOKEN) -> Any:
    state = {"a": {"model_name": model, "state": {"width": "20px", "title": title}}}
    return notebook(code(), metadata={"widgets": {_LAYOUT: {"state": state}}})


def _list(*pieces: str) -> Any:
    return notebook(code(shown(application_json={"a": list(pieces), "b": KEPT})))


PLACES = [
    *(
        _case(
            name,
            notebook(code({"data": {mime: _b64(data) + "\n"}, "output_type": "display_data"})),
            _b64(data)[:60],
            stays=(KEPT, "[redacted: e-mail]"),
        )
        for name, (mime, data) in _PICTURES.items()
    ),
    _case(
        "a picture in an address",
        notebook(code(shown(text_html=f"<img src='data:image/png;base64,{_BY}'>{KEPT}"))),
        _BY,
    ),
    _case(
        "behind a picture in an address",
        notebook(code(shown(text_html=f"<img src='data:image/png;base64,{_BEHIND}'>{KEPT}"))),
        _BEHIND,
    ),
    _case(
        "a picture in lines",
        notebook(code(shown(image_png=[_BY[:76] + "\n", _BY[76:]]))),
        _BY[:76],
    ),
    _case(
        "an attached picture",
        notebook(
            markdown(attachments={"a.png": {"image/png": _BY}, "b.png": {"image/png": _PLAIN}})
        ),
        _BY,
        stays=(KEPT, _PLAIN),
    ),
    _case(
        "a picture of nbformat 3",
        old({"cell_type": "code", "input": KEPT, "outputs": [{"png": _BY}]}),
        _BY,
    ),
    _case("a picture in JSON", notebook(code(shown(application_json={"image/png": _BY}))), _BY),
    # base64 in the middle of a text
    _case(
        "base64 in a line",
        notebook(code(stream(f"{KEPT} got {_b64(b'mail ' + _SAID)} and more\n"))),
        _b64(b"mail " + _SAID),
    ),
    # escapes of JavaScript and of Python's repr
    *(
        _case(
            f"escaped as {name}",
            notebook(code(shown(application_javascript=f"a='{MAIL.replace('@', at)} {KEPT}'"))),
            at.replace("\\", "\\\\"),
        )
        for name, at in (("hexadecimal", "\\x40"), ("code point", "\\u0040"))
    ),
    # what has no width, and what is struck over
    *(
        _case(
            f"unseen: {ord(char):x}",
            notebook(code(stream(f"{_LEFT}{char}{_RIGHT} {KEPT}"))),
            _RIGHT,
        )
        for char in "\u200b\u00ad\u2060\ufeff"
    ),
    _case(
        "struck over",
        notebook(code(stream("".join(f"{c}\b{c}" for c in MAIL) + f" {KEPT}"))),
        "n\\bn",
    ),
    _case(
        "base64 in an address",
        notebook(code(stream(f"https://contoso.de/?d={_b64(b'mail ' + _SAID)}&a={KEPT}"))),
        _b64(b"mail " + _SAID),
    ),
    # pieces of a list
    _case("a token in two", _list(_LEFT, _RIGHT), _LEFT, _RIGHT),
    _case("a token behind a word", _list("key", _LEFT, _RIGHT), _LEFT, _RIGHT),
    _case("tokens of a text", _list("my", " key ", "hf", "_", *TOKEN[3:], " is"), '"_"'),
    _case(
        "a traceback in pieces",
        notebook(
            code(
                {"ename": "E", "evalue": "x", "output_type": "error", "traceback": [_LEFT, _RIGHT]}
            )
        ),
        _LEFT,
        _RIGHT,
    ),
    # what only says how something looks
    _case("a widget's layout", _widget("LayoutModel"), TOKEN),
    _case("a widget's style", _widget("ProgressStyleModel"), TOKEN),
    # names
    _case("a cell's id", notebook(code(id=TOKEN), code(id="ab12cd34")), TOKEN, stays=("ab12cd34",)),
    _case("an id that is none", notebook(code(id={"a": MAIL}))),
    _case("an old cell's id", notebook(code(id=MAIL, mine=1))),
    _case("an attachment's name", notebook(markdown(attachments={f"{MAIL}.png": {"a/b": "x"}}))),
    _case("jupytext", notebook(code(), metadata={"jupytext": {"header": f"by {MAIL} {KEPT}"}})),
    _case("a kernel", notebook(code(), metadata={"kernelspec": {"display_name": f"of {MAIL}"}})),
    # what stays
    *(
        _case(f"stays: {name}", value, _NOTHING, stays=stays)
        for name, value, stays in (
            ("a plot", notebook(code(shown(image_png=_PLAIN, text_plain=KEPT))), (_PLAIN, KEPT)),
            ("a cut picture", notebook(code(shown(image_png=_PLAIN[:70]))), (_PLAIN[:70],)),
            (
                "ids of cells",
                notebook(
                    code(id="3f2b8c1e-7a90-4d1e-9c55-0a1b2c3d4e5f"), code(id="Xy_9-abcDEF0123")
                ),
                ("3f2b8c1e-7a90-4d1e-9c55-0a1b2c3d4e5f", "Xy_9-abcDEF0123"),
            ),
            ("addresses in pieces", _list("ann.smith", "@", "contoso.de"), ('"contoso.de"',)),
            ("digits in pieces", _list("4539", "1488", "0343", "6467"), ('"6467"',)),
            ("hashes", notebook(code(stream("ab12" * 16 + f" {KEPT}"))), ("ab12" * 16,)),
            (
                "paths",
                notebook(code(stream("/usr/local/lib/python3/site-packages/numpy"))),
                (KEPT,),
            ),
            ("escapes", notebook(code(stream("b'\\x41\\x42' \\u0041 a\\x40b"))), ("\\\\x41",)),
            (
                "a family of emoji",
                notebook(code(stream("👩\u200d👩\u200d👧 a\u200db"))),
                ("a\u200db",),
            ),
            ("a progress bar", notebook(code(stream("1/2 [=>.]" + "\b" * 9 + "2/2"))), ("\\b2/2",)),
            ("a layout", _widget("LayoutModel", KEPT), ("20px", KEPT)),
        )
    ),
]
