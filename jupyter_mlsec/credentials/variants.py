"""The spellings of a secret that are looked for: itself, and what encodings make of it.

All are reduced to letters and digits (`normal.reduced`). A variant is found by its anchors, short
pieces of it, and then compared with the text to both sides of the anchor: what agrees is masked
if it is long enough. So slices are found like the whole, and the automaton stays small.
"""

from __future__ import annotations

import binascii
from base64 import a85encode, b32encode, b64encode, b85encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import escape
from json import dumps
from math import ceil, log2
from urllib.parse import quote, quote_plus

from jupyter_mlsec.core.rarity import score
from jupyter_mlsec.credentials.normal import reduced

# Bits that the shortest piece carries: in 100 MB of random text one of 600 such pieces (20
# secrets) stands by chance in one of 40 tries.
PIECE_BITS = 41.0
SHORTEST = 8  # reduced characters of a value whose pieces and spellings are looked for
_LONGEST_RUN = 64  # of anchors in one variant, one for each character
_RARE = 0.6  # `rarity.score` from which on a value or a piece of it is no word

Anchors = list[tuple[int, bytes]]

# Spellings of bytes and of characters, reduced, and the length of eight of each or so.
_BYTES = {
    "{:02x}": 16,  # also 73:6b, %73%6b
    "x{:02x}": 24,  # \\x73, &#x73;
    "0x{:02x}": 32,
    "{:d}": 20,  # [115, 107], &#115;
    "{:d}0": 28,  # [115.0, 107.0]
    "{:03o}": 24,  # \\163
    "0o{:o}": 40,
    "{:08b}": 64,
    "{:b}": 56,
    "0b{:b}": 72,
}
_CHARACTERS = {
    "u{1:04x}": 40,
    "u{1:08x}": 72,
    "{1:04x}": 32,  # UTF-16
    "{1:02x}00": 32,
    "{0}x00": 32,  # the repr of UTF-16 and UTF-32
    "{0}x00x00x00": 80,
}
_UTF8 = ("utf-8", "surrogatepass")


@dataclass(frozen=True)
class Variant:
    """One reduced spelling, and the pieces of it that are searched for: `(offset, piece)`.

    `least` is how many characters have to agree. `prefix` says whether a text that ends with its
    beginning is held back, as the rest may follow. `edges` are the signs in which the value
    itself begins and ends.
    """

    text: bytes
    anchors: tuple[tuple[int, bytes], ...]
    least: int
    prefix: bool = False
    edges: tuple[bytes, bytes] = (b"", b"")


def variants(value: str, first: int = 0, pieces: bool = True) -> Iterator[Variant]:
    """All spellings of a value. Its pieces begin at the character `first`, behind what is no
    secret in it (a scheme such as `sk-`, the header of a key); what is spelled like a word is no
    piece. Without pieces, or if there are none, it is found as a whole alone."""
    text = reduced(value.encode(*_UTF8))
    anchors = rare_pieces(value, first) if pieces else []
    yielded = set()
    for made in _made(value, text, first, anchors):
        if len(made.text) >= SHORTEST and made.text not in yielded:
            yielded.add(made.text)
            yield made


def _made(value: str, text: bytes, first: int, anchors: Anchors) -> Iterator[Variant]:
    raw = value.encode(*_UTF8)
    if anchors:
        yield Variant(text, tuple(anchors), len(anchors[0][1]), True, _edges(raw))
    elif len(text) >= SHORTEST:
        yield replace(_by(text, len(text), 12, prefix=True), edges=_edges(raw))
    first = first if anchors else 0
    for spelled in _base64(value, first):
        yield _by(spelled, 12 if anchors else len(spelled), 9, prefix=True)
    for spelled, least in _by_character(value[first:]):
        yield _by(spelled, least if anchors else len(spelled), 12, prefix=True)
    for spelled in _whole(value, raw):
        yield _by(spelled, len(spelled), 16)


def _by(text: bytes, least: int, width: int, prefix: bool = False) -> Variant:
    """A variant with anchors so close that any `least` characters of it hold one."""
    least = min(least, len(text))
    width = min(width, least)
    stride = least - width + 1
    starts = range(0, len(text) - width + 1, stride)
    return Variant(text, tuple((i, text[i : i + width]) for i in starts), least, prefix)


def _edges(raw: bytes) -> tuple[bytes, bytes]:
    kept = [i for i in range(len(raw)) if reduced(raw[i : i + 1])]
    return raw[: kept[0]], raw[kept[-1] + 1 :]


def rare_pieces(value: str, first: int = 0) -> Anchors:
    """The pieces of a value that name it: as long as its alphabet asks for, and no words.

    Offsets count reduced characters, as does the length; `first` counts characters of `value`.
    """
    kept = [c for c in value if c.isascii() and c.isalnum()]
    begin = sum(c.isascii() and c.isalnum() for c in value[:first])
    width = _width("".join(kept[begin:]).lower())
    last = len(kept) - width
    if len(kept) < SHORTEST or last < begin or score("".join(kept[begin:])) <= _RARE:
        return []
    stride = max(1, ceil((last - begin) / _LONGEST_RUN))
    found = []
    for start in range(begin, last + 1, min(stride, width)):
        piece = "".join(kept[start : start + width])
        if len(set(piece.lower())) >= min(5, width) and score(piece) > _RARE:
            found.append((start, piece.lower().encode()))
    return found


def _width(text: str) -> int:
    size = 10 if text.isdigit() else 16 if not set(text) - set("0123456789abcdef") else 36
    return ceil(PIECE_BITS / log2(size))


def _base64(value: str, first: int) -> Iterator[bytes]:
    """Base64 at its three alignments, without the characters that depend on the neighbours; of
    the value, of its UTF-16, Base64, hexadecimal and reversed forms. What is reduced can't tell
    the standard alphabet from the one for URLs."""
    raw, skipped = (text.encode(*_UTF8) for text in (value, value[:first]))
    wide = value.encode("utf-16-le", "surrogatepass")
    for start, source in ((len(skipped), raw), (2 * first, wide), (0, b64encode(raw))):
        for shift in range(3):
            coded = b64encode(b"\0" * shift + source)
            yield reduced(coded[-(-(shift + start) * 4 // 3) : (shift + len(source)) * 4 // 3])
    for source in (raw.hex().encode(), value[::-1].encode(*_UTF8)):
        yield reduced(b64encode(source).rstrip(b"="))


def _by_character(value: str) -> Iterator[tuple[bytes, int]]:
    """Spellings of one character after the other, and how long a piece of each has to be."""
    raw = value.encode(*_UTF8)
    yield reduced(value[::-1].encode(*_UTF8)), 12
    for form, least in _BYTES.items():
        yield "".join(map(form.format, raw)).encode(), least
    for form, least in _CHARACTERS.items():
        yield reduced("".join(form.format(c, ord(c)) for c in value).encode(*_UTF8)), least


def _whole(value: str, raw: bytes) -> Iterator[bytes]:
    """Spellings of the value as a whole."""
    for spelled in _escaped(value):
        yield reduced(spelled.encode(*_UTF8))
    for shift in range(5):
        coded = b32encode(b"\0" * shift + raw)
        yield reduced(coded[-(-shift * 8 // 5) : (shift + len(raw)) * 8 // 5])
    yield reduced(b85encode(raw))
    yield reduced(a85encode(raw))
    lines = [raw[i : i + 45] for i in range(0, len(raw), 45)]
    yield reduced(b"".join(map(binascii.b2a_uu, lines)))
    yield reduced(binascii.b2a_qp(raw, quotetabs=True))
    yield reduced(value.translate(_ROT13).encode(*_UTF8))
    yield reduced(value.translate(_ROT47).encode(*_UTF8))
    yield str(int.from_bytes(raw, "big")).encode() if len(raw) < 1000 else b""
    for begin in (0, 1):  # list(enumerate(value)), a column with its index
        spelled = "".join(f"{i}{c}" for i, c in enumerate(value, begin))
        yield reduced(spelled.encode(*_UTF8))
    yield from _digests(raw)


def _escaped(value: str) -> Iterator[str]:
    yield dumps(value)
    yield dumps(dumps(value))
    yield repr(value)
    yield ascii(value)
    yield escape(value)
    for safe in ("", "/", "/:@"):
        yield quote(value, safe=safe, errors="replace")
    yield quote(quote(value, safe="", errors="replace"), safe="")
    yield quote_plus(value, errors="replace")
    if "ß" in value or value.upper().lower() != value.lower():
        yield value.upper()


def _digests(raw: bytes) -> Iterator[bytes]:
    """Digests of weak values can be guessed back."""
    import hashlib

    for name in ("md5", "sha1", "sha256", "sha512"):
        yield hashlib.new(name, raw, usedforsecurity=False).hexdigest().encode()


def _rotated(first: int, last: int, by: int) -> dict[int, int]:
    size = last - first + 1
    return {c: first + (c - first + by) % size for c in range(first, last + 1)}


_ROT13 = _rotated(65, 90, 13) | _rotated(97, 122, 13)
_ROT47 = _rotated(33, 126, 47)
