"""Secrets in texts that come in pieces: what is printed in one message and goes on in the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_mlsec.credentials.normal import reduced
from jupyter_mlsec.credentials.redactor import masked

if TYPE_CHECKING:
    from jupyter_mlsec.credentials.redactor import Redactor

_UTF8 = ("utf-8", "surrogatepass")
_REMEMBERED = 128  # reduced characters of what went out that a secret may have begun in


class Stream:
    """Masks secrets in texts that follow each other.

    `feed` gives what can go out. An end that may be the beginning of a secret is held back until
    more is fed, or `flush` is called. What went out is remembered for a while, so that the rest of
    a secret is masked even if its first characters are out.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._held = ""
        self._before = b""
        self._masking = ""  # the label of the secret in which what went out ended

    @property
    def holds(self) -> bool:
        """Whether something is held back."""
        return bool(self._held)

    def feed(self, text: str) -> str:
        """What of the text, and of what was held back, can go out now, masked."""
        index = self._redactor.index()
        if index is None:
            return text
        given = self._held + text if self._held else text
        raw = given.encode(*_UTF8)
        held = index.held(self._tail(raw))
        self._held = ""
        if held:
            cut = _cut(raw, held)
            self._held = raw[cut:].decode(*_UTF8)
            raw = raw[:cut]
        return self._out(raw)

    def flush(self) -> str:
        """What was held back, masked."""
        raw, self._held = self._held.encode(*_UTF8), ""
        return self._out(raw) if raw else ""

    def _out(self, raw: bytes) -> str:
        index = self._redactor.index()
        assert index is not None  # noqa: S101  # nothing is held without secrets
        spans = index.spans(raw, self._before)
        self._before = self._tail(raw)
        if not spans:
            self._masking = self._masking if not reduced(raw) else ""
            return raw.decode(*_UTF8)
        first, last = spans[0], spans[-1]
        ends_within = not reduced(raw[last.end :])
        if first.goes_on and first.label == self._masking:  # its mask is out already
            raw = raw[: first.start] + raw[first.end :]
            cut = first.end - first.start
            spans = [s._replace(start=s.start - cut, end=s.end - cut) for s in spans[1:]]
        self._masking = last.label if ends_within else ""
        return masked(raw, spans).decode(*_UTF8)

    def _tail(self, raw: bytes) -> bytes:
        """What is remembered once `raw` is out."""
        before = self._before if len(raw) <= 4 * _REMEMBERED else b""
        return (before + reduced(raw[-4 * _REMEMBERED :]))[-_REMEMBERED:]


def _cut(raw: bytes, kept: int) -> int:
    """Where the last `kept` letters and digits begin, or 0 if there are fewer: then the others
    are out already."""
    at = len(raw)
    while kept and at:
        at -= 1
        kept -= bool(reduced(raw[at : at + 1]))
    while at and raw[at] & 0xC0 == 0x80:  # not within a character
        at -= 1
    return at
