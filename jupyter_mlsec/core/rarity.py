"""How little a text looks like words: the score that tells keys from names.

A small model of how names and words are spelled (letter trigrams, and how letters, digits and
signs follow each other) says how many bits it takes to write a text. Less what a random text in
the same alphabet takes, that is near 2 for keys and below 0 for words, identifiers, model names
and paths. An n-gram score serves better here than entropy, which can't tell `bert-base-uncased`
from a key of its length. The table is made by `bench/train_rarity.py`.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from jupyter_mlsec.core.patterns import lazy

RANDOM = 0.75  # below 1 in 200 of random keys of 20 hex digits, above 99 in 100 of names

LEVELS = 4  # a trigram's cost is stored as one of so many levels
LEAST_BITS, LEVEL_BITS = 1.0, 7.0 / 3  # of the lowest level, and from one level to the next
SHAPE_UNITS = 16  # the costs of shapes are stored in 1/16 bit
DIGIT_BITS = 3.32

_LETTERS = bytes(c - 96 if 97 <= c <= 122 else c - 64 if 65 <= c <= 90 else 0 for c in range(256))
_SHAPES = bytes(
    1 if 97 <= c <= 122 else 2 if 65 <= c <= 90 else 3 if 48 <= c <= 57 else 0 for c in range(256)
)
_HEX = lazy(r"[\W_]*(?:[0-9a-f][\W_]*)+|[\W_]*(?:[0-9A-F][\W_]*)+")


class Classes(NamedTuple):
    """A text with two signs put before it, as letters (1-26, else 0) and as shapes: 0 sign,
    1 lower case, 2 upper case, 3 digit."""

    letters: bytes
    shapes: bytes


def classes(text: str) -> Classes:
    """What the model sees of a text. Letters beyond ASCII count as signs."""
    raw = b"  " + text.encode("ascii", "replace")
    return Classes(raw.translate(_LETTERS), raw.translate(_SHAPES))


@cache
def _table() -> tuple[bytes, bytes]:
    """The costs of shapes (index `16a + 4b + c`) and of letters (`702a + 26b + c - 1`)."""
    import zlib
    from binascii import a2b_base64

    from jupyter_mlsec.core.rarity_table import TABLE

    table = zlib.decompress(a2b_base64(TABLE))
    return table[:64], table[64:]


def _alphabet_bits(text: str, shapes: bytes) -> float:
    """Bits per character of a random text in the alphabet that this text seems to be from."""
    upper, lower, digits = 2 in shapes, 1 in shapes, 3 in shapes
    if digits and upper + lower == 0:
        return 3.32
    if digits and upper + lower == 1 and _HEX.fullmatch(text):
        return 4.0
    if upper and lower:
        return 5.95 if digits else 5.7
    return 5.17 if digits else 4.7


def score(text: str) -> float:
    """Bits per character that the text takes beyond a random one; linear in its length."""
    if not text:
        return 0.0
    by_shape, by_letters = _table()
    letters, shapes = classes(text)
    levels = units = 0
    for a, b, c in zip(shapes, shapes[1:], shapes[2:], strict=False):
        units += by_shape[16 * a + 4 * b + c]
    for a, b, c in zip(letters, letters[1:], letters[2:], strict=False):
        if c:
            levels += by_letters[702 * a + 26 * b + c - 1]
    count = len(letters) - letters.count(0)
    bits = (
        units / SHAPE_UNITS
        + count * LEAST_BITS
        + levels * LEVEL_BITS
        + shapes.count(3) * DIGIT_BITS
    )
    return bits / len(text) - _alphabet_bits(text, shapes)


def is_random(text: str) -> bool:
    """Whether a text is spelled like a key: not made of words, not a number, and with enough
    different characters not to be a filler such as `xxxxxxxx` or `abcdabcd`."""
    distinct = len(set(text))
    return (
        distinct >= 6
        and distinct * 5 >= min(len(text), 40)
        and text.upper() != text.lower()
        and score(text) > RANDOM
    )
