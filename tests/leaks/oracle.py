"""Whether a value can be read out of what was captured.

Nothing here is shared with the redactor: that encodes a value and looks for the result, this one
decodes what it finds, in every way that is known, and looks for the value.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import hashlib
import html
import re
import zlib
from collections.abc import Iterator
from urllib.parse import unquote_plus

_PART = 0.5  # of a value in one piece is a leak
_DEPTH = 2  # encodings in encodings
_LARGE = 200_000  # characters: larger captures are decoded in fewer ways

_SIGN = re.compile(r"[^a-z0-9]+")
_NOISE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|<[^<>]*>|\[SECRET:[^\]]*\]")
_RUN64 = re.compile(r"[A-Za-z0-9+/_-]{8,}")
_RUN32 = re.compile(r"[A-Z2-7]{12,}")
_RUN85 = re.compile(r"[!-~]{15,}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}[^0-9a-zA-Z]{0,3}|(?:0x|\\x|U\+00)[0-9a-fA-F]{2}\W{0,4}){6,}")
_NUMBERS = re.compile(r"(?:\d{2,3}(?:\.0)?\D{1,4}){5,}\d{2,3}")
_BINARY = re.compile(r"(?:(?:0b)?[01]{6,8}\W{0,4}){5,}")
_OCTAL = re.compile(r"(?:(?:0o|\\)?[0-7]{2,3}\W{0,4}){6,}")
_PICTURE = re.compile(r"[#.]{64,}")
_ESCAPE = re.compile(r"\\+(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))")


class Oracle:
    """Looks for one value."""

    def __init__(self, value: str) -> None:
        size = int(len(value) * _PART)
        lower = value.lower()
        self._pieces = [lower[i : i + size] for i in range(len(value) - size + 1)]
        raw = value.encode()
        self._digests = [hashlib.new(n, raw).hexdigest() for n in ("md5", "sha1", "sha256")]
        self._number = str(int.from_bytes(raw, "big"))
        # the value's order may be kept while other characters stand between its own
        self._spread = re.compile(".{0,3}?".join(map(re.escape, lower)), re.DOTALL)

    def finds(self, captured: str | bytes) -> bool:
        """Whether half of the value or more can be read out of a capture."""
        text = captured.decode("utf-8", "replace") if isinstance(captured, bytes) else captured
        if any(digest in text for digest in self._digests) or self._number in text:
            return True
        return any(self._has(view) for view in _decoded(text, _DEPTH))

    def _has(self, text: str) -> bool:
        lower = text.lower()
        if any(piece in lower for piece in self._pieces):
            return True
        plain = _SIGN.sub("", lower)
        return any(piece in plain for piece in self._pieces) or bool(self._spread.search(lower))


def _decoded(text: str, depth: int) -> Iterator[str]:
    yield text
    clean = _NOISE.sub("", _unescaped(text))
    yield clean
    yield from (text[::-1], codecs.encode(text, "rot13"), _rot47(text), html.unescape(text))
    unquoted = unquote_plus(text)
    yield unquoted
    yield unquote_plus(unquoted)
    yield _unescaped(text)
    yield _unescaped(text).replace("\0", "")
    if not depth or len(text) > _LARGE:
        return
    for inner in {*_codes(clean), *_runs(clean), *_runs(text)}:
        if _is_text(inner):
            yield from _decoded(inner, depth - 1)


def _is_text(decoded: str) -> bool:
    """Whether it may be what was encoded, and not what one gets from decoding something else."""
    signs = sum(" " <= c <= "~" or c in "\r\n\t" for c in decoded)
    return signs >= 12 and signs > 0.7 * len(decoded)


def _rot47(text: str) -> str:
    return "".join(chr(33 + (ord(c) + 14) % 94) if "!" <= c <= "~" else c for c in text)


def _unescaped(text: str) -> str:
    def one(found: re.Match[str]) -> str:
        digits = found[1] or found[2] or found[3]
        code = int(digits, 16) if digits else int(found[4], 8)
        return chr(code) if code < 0x110000 else ""

    return _ESCAPE.sub(one, text)


def _codes(text: str) -> Iterator[str]:
    """Lists of character codes."""
    for found in _NUMBERS.finditer(text):
        yield _characters(int(float(n)) for n in re.findall(r"\d+(?:\.0)?", found[0]))
    for found in _BINARY.finditer(text):
        yield _characters(int(n, 2) for n in re.findall(r"[01]{6,8}", found[0]))
    yield "".join(re.findall(r"\d+[,:] '(.)'", text))  # numbered characters
    for found in _PICTURE.finditer(text):
        bits = found[0].replace("#", "1").replace(".", "0")
        yield _characters(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))
    for found in _OCTAL.finditer(text):
        yield _characters(int(n, 8) for n in re.findall(r"[0-7]{2,3}", found[0].replace("0o", " ")))


def _characters(codes: Iterator[int]) -> str:
    return "".join(chr(c) if 9 <= c < 256 else " " for c in codes)


def _runs(text: str) -> Iterator[str]:
    """What runs of characters hold that look like an encoding of bytes."""
    for found in _HEX.finditer(text):
        digits = re.sub(r"0x|\\x|U\+00|[^0-9a-fA-F]", "", found[0])
        yield from _texts(bytes.fromhex(digits[: len(digits) & ~1]))
    joined = re.sub(r"\s+", "", text)
    for run in {*_RUN64.findall(text), *_RUN64.findall(joined)}:
        standard = run.replace("-", "+").replace("_", "/")
        for start in range(4):
            part = standard[start:]
            yield from _texts(base64.b64decode(part[: len(part) & ~3] + "===="))
    yield from _texts(b"".join(map(_uu, text.splitlines())))
    for run in _RUN32.findall(joined):
        for start in range(8):
            part = run[start:]
            yield from _texts(base64.b32decode(part[: len(part) & ~7]))
    for run in _RUN85.findall(text):
        for decode in (base64.b85decode, base64.a85decode):
            for edge in range(3):
                try:
                    yield from _texts(decode(run[edge : len(run) - edge]))
                except ValueError:
                    continue


def _uu(line: str) -> bytes:
    try:
        return binascii.a2b_uu(line)
    except (binascii.Error, ValueError):
        return b""


def _texts(raw: bytes) -> Iterator[str]:
    yield raw.replace(b"\0", b"").decode("latin-1")
    for window in (15, 31):
        try:
            yield zlib.decompressobj(window).decompress(raw, 100_000).decode("latin-1")
        except zlib.error:
            continue
