"""Credentials whose vendor gave them a form of their own: found wherever they occur."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from jupyter_mlsec.core import formats
from jupyter_mlsec.core.model import Hit, Part, Severity, Span
from jupyter_mlsec.core.rarity import is_random
from jupyter_mlsec.core.rule import EVERYWHERE, Bad, Good, Hint, Hints, family
from jupyter_mlsec.core.spans import Taken
from jupyter_mlsec.core.view import View
from jupyter_mlsec.rules.secrets.filters import is_placeholder
from jupyter_mlsec.rules.secrets.kind import Kind
from jupyter_mlsec.rules.secrets.kinds import KINDS, is_prefixed, kinds_for, title

__all__ = ["HINTS", "kinds_for", "provider_token"]

rule = family("secrets")

_TAG = "kind:"
_NEAR = 60  # characters before a token that may say whose it is
_BLOB = 300  # characters of base64 around a token from which on it is a piece of data
# In longer tokens a filler word occurs by chance; whether they look random is checked anyway.
_LONG = 120
_BASE64 = formats.CLASSES["b64="] + "-_"
_WHERE: dict[Part, str] = {
    "source": "the source",
    "output": "a saved output",
    "metadata": "the metadata",
    "attachment": "an attachment",
    "file": "the file",
}


@cache
def _hints() -> tuple[Hint, ...]:
    return tuple(
        Hint(
            _TAG + kind.id,
            formats.hint(template),
            (formats.anchor(template).lower(),),
            solid=formats.is_solid(template),
            leading=formats.hint_leads(template),
        )
        for kind in KINDS
        if is_prefixed(kind)
        for template in kind.format
    )


HINTS = Hints(tuple(_TAG + kind.id for kind in KINDS if is_prefixed(kind)), _hints)


class Token(NamedTuple):
    """Where a token stands, and of which kind it is."""

    span: Span
    kind: Kind


@rule(
    "provider-token",
    "A credential in its vendor's own format",
    severity=Severity.CRITICAL,
    hints=HINTS,
    parts=EVERYWHERE,
    references=("CWE-798", "ML06", "AML.T0055"),
    examples=(
        Bad('token = "hf_{an:34}"', at="hf_{an:34}", secret=True),
        Bad("%env GROQ_API_KEY=gsk_{an:52}", at="gsk_{an:52}", secret=True),
        Bad("!curl -H 'Authorization: Bearer r8_{an:37}' $URL", at="r8_{an:37}", secret=True),
        Bad(
            "requests.get(url, headers={'X-Api-Key': 'pcsk_{an:70}'})",
            at="pcsk_{an:70}",
            secret=True,
        ),
        Good('token = "hf_{x:34}"', because="it is a placeholder", secret=True),
        Good(
            'token = "ghp_{an:36}"', because="the checksum of GitHub's tokens is wrong", secret=True
        ),
        Good('name = "hf_{an:20}"', because="Hugging Face's tokens are longer", secret=True),
        Good('login(token=os.environ["HF_TOKEN"])', because="the value is not in the notebook"),
    ),
)
def provider_token(view: View) -> Iterator[Hit]:
    """Whoever reads the notebook can use the credential as its owner, and history keeps it.

    The format is the one that the vendor publishes; where it has a checksum, that is right.
    Revoke the credential first, since removing it from the notebook does not take it back.
    """
    where = _WHERE[view.text.part]
    for span, kind in tokens(view):
        value = view.source[span.start : span.end]
        yield Hit(
            span,
            f"{title(kind)} in {where}: revoke it",
            kind=kind.id,
            severity=kind.severity if kind.severity < Severity.CRITICAL else None,
            secret=value,
        )


def tokens(view: View) -> list[Token]:
    """The tokens in a text, in reading order; of those that overlap, the longest."""
    found = [
        (span, number)
        for number in sorted(_numbers()[tag] for tag in view.marks if tag in _numbers())
        for line in view.marked(_TAG + KINDS[number].id)
        for span in _find(view.source, line, KINDS[number])
    ]
    found.sort(key=lambda pair: (pair[0].start - pair[0].end, pair[1]))
    kept: list[Token] = []
    taken = Taken()
    for span, number in found:
        if taken.overlapping(span) is None:
            taken.add(span, number)
            kept.append(Token(span, _closer(view.source, span, KINDS[number])))
    return sorted(kept, key=lambda token: token.span)


@cache
def _numbers() -> dict[str, int]:
    """Tag of a kind to its number in the table."""
    return {_TAG + kind.id: number for number, kind in enumerate(KINDS)}


@cache
def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(formats.bounded(template))


def _find(source: str, line: Span, kind: Kind) -> Iterator[Span]:
    for template in kind.format:
        for match in _matches(source, line, template):
            span = Span(*match.span(1))
            if _is_credential(kind, template, match[1]) and not _is_in_blob(source, span):
                yield span


def _matches(source: str, line: Span, template: str) -> Iterator[re.Match[str]]:
    """Where a format matches in a line. Most begin with a literal, which `str.find` finds ten
    times as fast as `re` does: a picture in base64 is a line of a million characters."""
    pattern, start = _pattern(template), formats.start(template)
    if not start:
        yield from pattern.finditer(source, line.start, line.end)
        return
    at = source.find(start, line.start, line.end)
    while at >= 0:
        match = pattern.match(source, at, line.end)
        if match:
            yield match
        at = source.find(start, match.end() if match else at + 1, line.end)


def _is_credential(kind: Kind, template: str, value: str) -> bool:
    if kind.check and not kind.check(value):
        return False
    body = formats.body(template, value)
    if len(body) <= _LONG and is_placeholder(body):
        return False
    return not kind.rarity or is_random(body)


def _is_in_blob(source: str, span: Span) -> bool:
    """Whether the span is a piece of a long run of base64, such as an image."""
    before = source[max(0, span.start - _BLOB) : span.start]
    after = source[span.end : span.end + _BLOB]
    around = len(before) - len(before.rstrip(_BASE64)) + len(after) - len(after.lstrip(_BASE64))
    return around >= _BLOB


def _closer(source: str, span: Span, kind: Kind) -> Kind:
    """The vendor that the text before names, where several have the same format."""
    near = kinds_for(source[max(0, span.start - _NEAR) : span.start], source[span.start : span.end])
    prefix = formats.literal_prefix(kind.format[-1])
    if near and prefix and prefix == formats.literal_prefix(near.format[0]):
        return near
    return kind
