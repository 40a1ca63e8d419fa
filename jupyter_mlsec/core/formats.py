"""Formats of credentials in one notation, from which the exact pattern, the hint and samples come.

A format is literal text with classes in braces: `{an:36}` is 36 letters and digits, `{w:20-40}`
twenty to forty word characters or hyphens, `{an:30+}` thirty or more, `{uuid}` a UUID. Text in
square brackets at the beginning must stand before the credential and is no part of it. One
notation keeps the pattern, its prefilter and the random samples of the tests from drifting apart.

    ghp_{an:36}      sk-ant-api03-{w:93}AA      AKIA{B32:16}      [AccountKey=]{b64:86}==
"""

from __future__ import annotations

import re
from functools import cache
from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits
from typing import TYPE_CHECKING, NamedTuple

from jupyter_mlsec.core.patterns import lazy

if TYPE_CHECKING:
    from random import Random

CLASSES = {
    "d": digits,
    "hex": "0123456789abcdef",
    "HEX": "0123456789ABCDEF",
    "xX": "0123456789abcdefABCDEF",
    "x": "x",  # fills placeholders
    "a": ascii_lowercase,
    "A": ascii_uppercase,
    "aA": ascii_letters,
    "an": ascii_letters + digits,
    "lan": ascii_lowercase + digits,
    "AN": ascii_uppercase + digits,
    "B32": ascii_uppercase + "234567",
    "b58": "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
    "bech": "023456789acdefghjklmnpqrstuvwxyz",  # Bech32's alphabet (BIP 173)
    "BECH": "023456789ACDEFGHJKLMNPQRSTUVWXYZ",
    "u": ascii_letters + digits + "_",
    "w": ascii_letters + digits + "_-",
    "dot": ascii_letters + digits + "_-.",
    "tilde": ascii_letters + digits + "_-.~",
    "b64": ascii_letters + digits + "+/",
    "b64=": ascii_letters + digits + "+/=",
    # what the last character before Base64's padding can be: `=` leaves 4 bits, `==` 2 bits
    "pad1": "AEIMQUYcgkosw048",
    "pad2": "AQgw",
    "pw": ascii_letters + digits + "!#$%^&*~",
}

_SOLID = frozenset(CLASSES["w"] + "./+=:~@")
_PIECE = lazy(r"\{([A-Za-z0-9=]+):(\d+)(?:(-)(\d+)|(\+))?\}")
_UUID = "{hex:8}-{hex:4}-{hex:4}-{hex:4}-{hex:12}"
_MOST = 4096  # what an open repeat stops at: longer runs are data, not tokens
_ENOUGH = 32  # characters after which a hint ends: more make its automaton larger, not better
_RUN_UP = 8  # characters that a hint takes from the class before its literal


class Piece(NamedTuple):
    """Literal text (`least` is None), or a class of characters repeated."""

    text: str
    least: int | None = None
    most: int = 0


def lead(template: str) -> str:
    """The text that must stand before the credential, perhaps empty."""
    return template[1 : template.index("]")] if template.startswith("[") else ""


@cache
def parse(template: str) -> tuple[Piece, ...]:
    """The pieces of a format without its lead. Raises KeyError on an unknown class."""
    if template.startswith("["):
        template = template[template.index("]") + 1 :]
    template = template.replace("{uuid}", _UUID)
    pieces: list[Piece] = []
    end = 0
    for match in _PIECE.finditer(template):
        if match.start() > end:
            pieces.append(Piece(template[end : match.start()]))
        name, least = match[1], int(match[2])
        most = int(match[4]) if match[4] else _MOST if match[5] else least
        pieces.append(Piece(CLASSES[name], least, most))
        end = match.end()
    if end < len(template):
        pieces.append(Piece(template[end:]))
    return tuple(pieces)


@cache
def _charset(chars: str) -> str:
    """A class of these characters, runs of them as ranges: `re` takes as long for each item."""
    runs: list[list[str]] = []
    for char in sorted(set(chars)):
        if runs and ord(char) == ord(runs[-1][-1]) + 1:
            runs[-1].append(char)
        else:
            runs.append([char])
    escaped = [[re.escape(char) for char in run] for run in runs]
    items = (f"{run[0]}-{run[-1]}" if len(run) > 2 else "".join(run) for run in escaped)
    return "[" + "".join(items) + "]"


def _repeat(least: int, most: int) -> str:
    return f"{{{least}}}" if least == most else f"{{{least},{most}}}"


def exact(template: str) -> str:
    """The regular expression of the credential alone, without lead and boundaries."""
    return "".join(map(_pattern, parse(template)))


def body(template: str, value: str) -> str:
    """The random part of a credential: what its class with the most bits matches.

    Raises ValueError for a value that has not this format.
    """
    pieces = parse(template)
    match = _grouped(template).fullmatch(value)
    if match is None:
        raise ValueError(f"the value is not of the format {template}")
    runs: dict[str, str] = {}
    for piece, run in zip(pieces, match.groups(), strict=True):
        if piece.least is not None:
            runs[piece.text] = runs.get(piece.text, "") + run
    return max(runs.items(), key=lambda run: len(run[1]) * len(run[0]).bit_length())[1]


@cache
def _grouped(template: str) -> re.Pattern[str]:
    return re.compile("".join(f"({_pattern(piece)})" for piece in parse(template)))


def _pattern(piece: Piece) -> str:
    if piece.least is None:
        return re.escape(piece.text)
    return _charset(piece.text) + _repeat(piece.least, piece.most)


def bounded(template: str) -> str:
    """The regular expression to search for in text; its group 1 is the credential.

    It does not match inside a longer word of the same kind. What may stand right before it
    although it ends in a letter: an escape in source code (a backslash and `n`, `r` or `t`) and
    a percent-encoded character (`%22`).
    """
    first, *rest = map(_pattern, parse(template))
    end = f"(?!{_charset(_after(template))})"
    if lead(template):
        return f"{re.escape(lead(template))}({first}{''.join(rest)}){end}"
    # what must not stand before is looked at behind the first literal: that `re` finds fast
    known = first if literal_prefix(template) else ""
    start = (
        rf"(?:(?<!{_charset(_before(template))}{known})"
        rf"|(?<=\\[nrt]{known})|(?<=%[0-9A-F][0-9A-F]{known}))"
    )
    return f"({known}{start}{'' if known else first}{''.join(rest)}){end}"


def _before(template: str) -> str:
    """The characters that can't stand before a credential: it would begin earlier."""
    pieces = parse(template)
    if pieces[0].least is not None:
        chars = pieces[0].text
    else:
        chars = "-" if any("-" in p.text for p in pieces) else ""
    return CLASSES["u"] + "".join(sorted(set(chars) - set(CLASSES["u"]) - {"="}))


def _after(template: str) -> str:
    """The characters that can't follow a credential: it would end later.

    A dot may follow always, because it ends sentences.
    """
    last = parse(template)[-1]
    chars = last.text if last.least is not None else ""
    return CLASSES["u"] + "".join(sorted(set(chars) - set(CLASSES["u"]) - {"."}))


def literal_prefix(template: str) -> str:
    """The literal text that the credential begins with, perhaps empty."""
    first = parse(template)[0]
    return first.text if first.least is None else ""


@cache
def start(template: str) -> str:
    """The text with which every match of `bounded` begins, perhaps empty."""
    return lead(template) or literal_prefix(template)


@cache
def anchor(template: str) -> str:
    """The longest literal text of the format or its lead, by which it is found; perhaps empty."""
    return max([lead(template), *(p.text for p in parse(template) if p.least is None)], key=len)


def is_solid(template: str) -> bool:
    """Whether lead and credential are a stretch as `Hint.solid` means."""
    pieces = parse(template)
    least = sum(len(p.text) if p.least is None else p.least for p in pieces)
    texts = (lead(template), *(p.text for p in pieces))
    return least >= 16 and all(map(_has_solid_characters, texts))


@cache
def _has_solid_characters(text: str) -> bool:
    return _SOLID.issuperset(text)


def hint_leads(template: str) -> bool:
    """Whether the hint begins with the literal by which the format is found."""
    return anchor(template) in (lead(template), literal_prefix(template))


def hint(template: str) -> str:
    """A pattern that matches within the format wherever that does, and ends as soon as it can.

    It begins at the longest literal, with a few characters of the class before it, and ends
    with the first class whose length is open.
    """
    pieces = parse(template)
    literal = anchor(template)
    out: list[str] = []
    if literal == lead(template):
        out.append(re.escape(literal))
        at = 0
    else:
        at = next(i for i, p in enumerate(pieces) if p.text == literal and p.least is None)
        before = pieces[at - 1] if at else None
        if before and before.least:
            out.append(_charset(before.text) + _repeat(*[min(before.least, _RUN_UP)] * 2))
    left = _ENOUGH
    for piece in pieces[at:]:
        if piece.least is None:
            out.append(re.escape(piece.text))
            continue
        taken = min(piece.least, left)
        if taken:
            out.append(_charset(piece.text) + _repeat(taken, taken))
        left -= taken
        if not left or piece.least != piece.most:
            break
    return "".join(out)


def sample(template: str, random: Random) -> str:
    """A random credential in the format, without its lead; open repeats get at most eight more
    characters than their least."""
    return "".join(
        p.text
        if p.least is None
        else "".join(random.choices(p.text, k=random.randint(p.least, min(p.most, p.least + 8))))
        for p in parse(template)
    )
