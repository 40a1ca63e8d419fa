"""What a reader sees in a text, and which stretch of the text it came from."""

from __future__ import annotations

from random import Random

import pytest

from jupyter_mlsec.core.strip.readings import encoded, readings

MARK = "[x]"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a plain text, 5 < 6 & 7 > 6, 100%", []),
        ("a &amp; b &lt;c&gt;", []),
        ("<td>a</td><td>b</td>", []),
        ("a&#64;b.c", ["a@b.c"]),
        ("a&#x40;b&period;c", ["a@b.c"]),
        ("a<b>b</b>c", ["abc"]),
        ("a<!-- x > y -->b", ["ab"]),
        ("12&nbsp;34&shy;56", ["12 34&shy;56"]),
        ("x%40y", ["x@y"]),
        ("100%", []),
        ("a\\_b", ["a_b"]),
        ("\x1b[1ma\x1b[0mb", ["ab"]),
        ("\x1b[1ma\x1b[0m&#64;b", ["a&#64;b", "a@b"]),
        ("a&amp;#64;b", ["a&#64;b", "a@b"]),
        ("a&amp;amp;#64;b", ["a&amp;#64;b", "a&#64;b", "a@b"]),
    ],
)
def test_what_is_seen(text: str, seen: list[str]) -> None:
    assert [reading.text for reading in readings(text)] == seen


@pytest.mark.parametrize(
    ("text", "value", "replaced"),
    [
        ("see a&#64;b.c now", "a@b.c", f"see {MARK} now"),
        ("see a&#64;b&#46; now", "a@b.", f"see {MARK} now"),
        ("<i>see a<b>b</b>c</i> now", "abc", f"<i>see {MARK}</i> now"),
        ("<i>see a<b>b</b></i> now", "ab", f"<i>see {MARK}</b></i> now"),
        ("see \x1b[1ma\x1b[0m&amp;#64;b now", "a@b", f"see \x1b[1m{MARK} now"),
    ],
)
def test_where_it_came_from(text: str, value: str, replaced: str) -> None:
    (*_, last) = readings(text)
    at = last.text.index(value)
    start, end = last.original(at, at + len(value))
    assert text[:start] + MARK + text[end:] == replaced


@pytest.mark.parametrize("seed", range(3))
def test_random_spellings(seed: int) -> None:
    """Every character comes from where it is spelled, whatever stands around it."""
    random = Random(seed)
    spellings = [
        lambda c: c,
        lambda c: f"&#{ord(c)};",
        lambda c: f"<b>{c}</b>",
        lambda c: f"\x1b[3m{c}\x1b[0m",
        lambda c: f"<!--x-->{c}",
    ]
    tried = 0
    for _ in range(200):
        chars = random.choices("abc@. xyz", k=8)
        pieces = [random.choice(spellings)(char) for char in chars]
        text = "".join(pieces)
        *_, last = [None, *readings(text)]
        if last is None or last.text != "".join(chars):
            continue  # such as no letters around a tag
        tried += 1
        for number, char in enumerate(chars):
            start, end = last.original(number, number + 1)
            whole = sum(map(len, pieces[:number]))
            assert whole <= start < end <= whole + len(pieces[number])
            assert char in text[start:end] or text[start:end].startswith("&#")
    assert tried > 50


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("no base64 in here at all", []),
        ("base64: aGVsbG8gdGhlcmUsIHlvdQ==", ["hello there, you"]),
        ("aGVsbG8gdGhlcmUsIHlvdQ==", ["hello there, you"]),
        ("b'aGVsbG8gdGhlcmUsIHlvdQ=='", ["hello there, you"]),
        ("Basic aGVsbG8gdGhlcmUsIHlvdQ and more", ["hello there, you"]),
        ("base64: aGVsbG8gdGhlcmUsIHlv\ndSwgYW5kIG1vcmU=", ["hello there, you, and more"]),
        ("base64: iVBORw0KGgoAAAANSUhEUgAAAAUAAAAF", []),
        ("a_long_name_that_is_no_base64_at_all", []),
    ],
)
def test_base64(text: str, found: list[str]) -> None:
    assert [said for _, said in encoded(text)] == found
    assert all(written in text for written, _ in encoded(text))
