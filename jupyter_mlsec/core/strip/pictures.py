"""What a picture says beside its pixels: comments, authors, places, the program's settings.

Chunks of PNG (third edition, section 11.3.3) and of WebP's RIFF container, segments of JPEG before
its scan (ITU-T T.81, B.2.4), comments of GIF89a. Only heads are read on the way from one to the
next: a picture in base64 is decoded where something is said.
"""

from __future__ import annotations

from binascii import Error, a2b_base64
from collections.abc import Iterator
from itertools import islice

from jupyter_mlsec.core.patterns import lazy

# Chunks that say nothing: pixels, palettes, colours, sizes, animation.
_SILENT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA sBIT sRGB bKGD hIST pHYs acTL fcTL fdAT VP8L VP8X ALPH "
    b"ANIM ANMF".split()
) | {b"VP8 "}
_MOST = 1 << 20  # bytes read of one chunk, and of what is compressed in it
_CHUNKS = 1 << 16  # looked at in one picture
_RUN = lazy(r"[^\0-\x1f\x7f-\x9f]{6,}")
_WIDE = lazy(r"(?:[ -~]\0){6}")
_COMPRESSED = b"\0\0x"  # method zlib, behind a keyword (zTXt) or a language (iTXt)


class _Encoded:
    """Bytes that are there in base64, decoded where they are asked for."""

    def __init__(self, encoded: str) -> None:
        self._encoded = encoded

    def read(self, start: int, size: int) -> bytes:
        """Some bytes; fewer at the end."""
        end = start + min(size, _MOST)
        try:
            decoded = a2b_base64(self._encoded[start // 3 * 4 : (end + 2) // 3 * 4])
        except Error:
            return b""  # cut off, or no base64 from here on
        return decoded[start % 3 : start % 3 + end - start]


def said_in(encoded: str) -> str:
    """The texts in a picture that is given in base64, a line each; "" for what is no picture."""
    if "\n" in encoded:
        encoded = encoded.replace("\n", "")
    picture = _Encoded(encoded)
    head = picture.read(0, 12)
    for magic, pieces in _FORMATS.items():
        if head.startswith(magic):
            chunks = islice(pieces(picture), _CHUNKS)
            return "\n".join([line for chunk in chunks for line in _lines(chunk)])
    return ""


def _png(picture: _Encoded) -> Iterator[bytes]:
    at = 8
    while len(head := picture.read(at, 8)) == 8:
        size = int.from_bytes(head[:4], "big")
        yield b"" if head[4:] in _SILENT else picture.read(at + 8, size)
        at += size + 12
        if head[4:] == b"IEND":
            break
    yield picture.read(at, _MOST)  # behind the picture


def _webp(picture: _Encoded) -> Iterator[bytes]:
    at = 12
    while len(head := picture.read(at, 8)) == 8:
        size = int.from_bytes(head[4:], "little")
        yield b"" if head[:4] in _SILENT else picture.read(at + 8, size)
        at += 8 + size + size % 2


def _jpeg(picture: _Encoded) -> Iterator[bytes]:
    at = 2
    while len(head := picture.read(at, 4)) == 4 and head[0] == 0xFF and head[1] != 0xDA:
        size = int.from_bytes(head[2:], "big")
        says = head[1] == 0xFE or 0xE1 <= head[1] <= 0xEF  # comments; applications, but JFIF
        yield picture.read(at + 4, max(size - 2, 0)) if says else b""
        at += 2 + size


def _gif(picture: _Encoded) -> Iterator[bytes]:
    """Comments and what applications have added; up to the first image at most a palette."""
    flags = picture.read(10, 1)
    at = 13 + (3 << (flags[0] % 8 + 1) if flags and flags[0] & 0x80 else 0)
    while len(head := picture.read(at, 10)) > 1 and head[0] in (0x21, 0x2C):
        palette = head[0] == 0x2C and len(head) == 10 and head[9] & 0x80
        at += 2 if head[0] == 0x21 else 11 + (3 << (head[9] % 8 + 1) if palette else 0)
        blocks = []
        while size := int.from_bytes(picture.read(at, 1), "big"):
            if head[0] == 0x21 and head[1] != 0xF9:
                blocks.append(picture.read(at + 1, size))
            at += 1 + size
        at += 1
        yield b"".join(blocks)


def _lines(piece: bytes) -> Iterator[str]:
    """The printable stretches of a chunk; UTF-16, which Windows writes, without its zeros."""
    text = _inflated(piece).replace(b"\0\0", b"\n").decode("utf-8", "replace")
    yield from _RUN.findall(text)
    if _WIDE.search(text):
        yield from _RUN.findall(text.replace("\0", ""))


def _inflated(piece: bytes) -> bytes:
    """A chunk with its text in the clear, if that is compressed."""
    start = piece.find(_COMPRESSED, 0, 200)
    if start < 0:
        return piece
    from zlib import decompressobj, error

    try:
        return piece[:start] + b"\n" + decompressobj().decompress(piece[start + 2 :], _MOST)
    except error:
        return piece


_FORMATS = {b"\x89PNG\r\n\x1a\n": _png, b"\xff\xd8\xff": _jpeg, b"GIF8": _gif, b"RIFF": _webp}
