"""Masks secrets in texts: one pass for all of them, in all their spellings, whole or in pieces.

    redactor = Redactor([("kv/ml/openai#api_key", value)])
    redactor.redact(text)  # the value is [SECRET:kv/ml/openai#api_key] now

The text is reduced to letters and digits (`normal`), and one Aho-Corasick pass over it finds
anchors of the secrets' spellings (`variants`). Only where there is one is more work done. What is
masked is what leaves; the value itself, files and requests are never changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.rarity import is_random
from jupyter_mlsec.credentials.normal import Reduced, reduced, views
from jupyter_mlsec.credentials.parts import parts
from jupyter_mlsec.credentials.value import mask
from jupyter_mlsec.credentials.variants import SHORTEST, Variant, rare_pieces, variants

if TYPE_CHECKING:
    from ahocorasick_rs import BytesAhoCorasick

    from jupyter_mlsec.credentials.stream import Stream

_UTF8 = ("utf-8", "surrogatepass")
_WORD = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")
_LEAST_SHORT, _LEAST_DIGITS, _LEAST_WORD = 4, 6, 12  # what is shorter is all over any text
_HELD_FROM, _HELD_TO = 3, 24  # reduced characters: a beginning this long is held back,
_HELD_DIGITS = 6  # and of codes only this one, as every other line ends in a number


class Span(NamedTuple):
    """What is masked: a half-open range of bytes, the label of the secret, and whether it goes on
    from what came before."""

    start: int
    end: int
    label: str
    goes_on: bool = False


class Redactor:
    """The secrets of one process. Safe to use from several threads.

    `add` says how well a value can be masked; `redact`, `redact_bytes` and `spans` find it.
    """

    def __init__(self, secrets: Iterable[tuple[str, str]] = ()) -> None:
        self._lock = Lock()
        self._known: dict[str, str] = {}  # label by value
        self._variants: list[tuple[str, Variant]] = []
        self._words: list[tuple[bytes, str]] = []
        self._index: Index | None = None
        self._stale = False
        for label, value in secrets:
            self.add(label, value)

    def add(self, label: str, value: str) -> str | None:
        """Mask this value from now on; what is said to its user if that can't be done well.

        A value of fewer than 8 letters and digits, or one spelled like words, is only masked as
        a whole, and not at all if it stands in ordinary text. Adding one again changes nothing.
        """
        with self._lock:
            new = value not in self._known
            self._known.setdefault(value, label)
            if new and value:
                self._take(label, value)
        return weakness(value)

    def _take(self, label: str, value: str) -> None:
        for text, first, pieces in parts(value):
            if not _is_maskable(text):
                continue
            if len(reduced(text.encode(*_UTF8))) < SHORTEST or _is_word(text):
                self._words.append((text.encode(*_UTF8), label))
            else:
                self._variants += [(label, variant) for variant in variants(text, first, pieces)]
            self._stale = True

    def problem(self, label: str) -> str | None:
        """Why the value of that label can't be masked well, or None."""
        problems = [weakness(value) for value, name in self._known.items() if name == label]
        return next(filter(None, problems), None)

    @property
    def labels(self) -> list[str]:
        """The labels of all secrets, in the order in which they came."""
        return list(dict.fromkeys(self._known.values()))

    def index(self) -> Index | None:
        """What is searched with, made anew if secrets were added; None if there are none."""
        if self._stale:
            with self._lock:
                self._index = Index(list(self._variants), list(self._words))
                self._stale = False
        return self._index

    def redact(self, text: str) -> str:
        """The text with every secret masked; the very same object if there is none."""
        index = self.index()
        if index is None:
            return text
        raw = text.encode(*_UTF8)
        found = index.spans(raw)
        return masked(raw, found).decode(*_UTF8) if found else text

    def redact_bytes(self, raw: bytes) -> bytes:
        """The same for bytes of any kind."""
        index = self.index()
        found = index.spans(raw) if index else []
        return masked(raw, found) if found else raw

    def redact_json(self, document: Any) -> Any:
        """A JSON document (dicts, lists, strings, numbers, bytes) with its secrets masked, also
        those that are spread over a list of characters or codes; see `documents`. The very same
        object if there is none, and never a changed one."""
        from jupyter_mlsec.credentials.documents import redact_json

        index = self.index()
        return redact_json(index, document) if index else document

    def stream(self) -> Stream:
        """A stream of texts, such as what is printed: `feed` it, and `flush` it at the end."""
        from jupyter_mlsec.credentials.stream import Stream

        return Stream(self)

    def find(self, text: str | bytes) -> str | None:
        """The label of a secret that occurs in the text, or None. Short ones and words are not
        looked for: what stands in any text proves nothing."""
        index = self.index()
        if index is None:
            return None
        raw = text.encode(*_UTF8) if isinstance(text, str) else text
        return next((span.label for span in index.long_spans(raw)), None)


class Index:
    """A compiled set of secrets; never changed."""

    def __init__(self, known: list[tuple[str, Variant]], words: list[tuple[bytes, str]]) -> None:
        self._words = words
        self._labels = [label for label, _ in known]
        self._variants = [variant for _, variant in known]
        anchors: dict[bytes, list[tuple[int, int]]] = {}
        for number, (_, variant) in enumerate(known):
            for offset, piece in variant.anchors:
                anchors.setdefault(piece, []).append((number, offset))
        self._anchors = list(anchors.values())
        self._automaton = _automaton(list(anchors)) if anchors else None
        self._beginnings = {
            variant.text[:size]
            for _, variant in known
            if variant.prefix
            for size in range(_HELD_FROM, min(variant.least, _HELD_TO, len(variant.text)))
            if size >= _HELD_DIGITS or not variant.text[:size].isdigit()
        }

    def spans(self, raw: bytes, before: bytes = b"") -> list[Span]:
        """Where secrets are in UTF-8 text, in order and apart from each other. `before` is the
        reduced text that came before; what lies in it is not reported."""
        found = self.long_spans(raw, before)
        if self._words:
            found += self._whole_words(raw)
        return _merged(found) if len(found) > 1 else found

    def long_spans(self, raw: bytes, before: bytes = b"") -> list[Span]:
        """The same in any order, and without short secrets and words."""
        found: list[Span] = []
        if self._automaton is not None:
            for view in views(raw):
                text = before + view.text if before else view.text
                hits = self._automaton.find_matches_as_indexes(text)
                if hits:
                    found += self._located(view, text, len(before))
        return found

    def _located(self, view: Reduced, text: bytes, shift: int) -> Iterator[Span]:
        for start, end, which in self._matches(text):
            if end <= shift:
                continue
            first = view.place(max(start - shift, 0))
            last = view.place(end - shift - 1) + 1
            variant = self._variants[which]
            before, after = variant.edges
            if end - start == len(variant.text):
                first -= len(before) * (view.raw[:first].endswith(before) and start >= shift)
                last += len(after) * view.raw.startswith(after, last)
            yield Span(first, last, self._labels[which], start < shift)

    def _matches(self, text: bytes) -> Iterator[tuple[int, int, int]]:
        """Ranges of the reduced text that agree with a variant, each extended as far as it goes,
        with the number of the variant."""
        assert self._automaton is not None  # noqa: S101  # for the type checker
        reached: dict[tuple[int, int], int] = {}  # by variant and where it would begin
        for number, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            for which, offset in self._anchors[number]:
                diagonal = which, start - offset
                if reached.get(diagonal, -1) >= end:
                    continue
                variant = self._variants[which]
                first, last = _extended(text, variant.text, start, end, offset)
                reached[diagonal] = last
                if last - first >= variant.least:
                    yield first, last, which

    def _whole_words(self, raw: bytes) -> Iterator[Span]:
        for word, label in self._words:
            at = raw.find(word)
            while at >= 0:
                end = at + len(word)
                inside = (at and raw[at - 1] in _WORD) or (end < len(raw) and raw[end] in _WORD)
                if not inside:
                    yield Span(at, end, label)
                at = raw.find(word, end)

    def held(self, text: bytes) -> int:
        """How many of the last characters of a reduced text are the beginning of a secret."""
        beginnings = self._beginnings
        for size in range(min(_HELD_TO - 1, len(text)), _HELD_FROM - 1, -1):
            if text[-size:] in beginnings:
                return size
        return 0


def check_installed() -> None:
    """Raise MlsecError where the library of the search is missing: better no secret than one that
    can't be masked."""
    try:
        import ahocorasick_rs  # noqa: F401
    except ImportError:
        raise MlsecError(
            "secrets at run time need the package ahocorasick-rs, which is not installed",
            "pip install 'jupyter-mlsec[secrets]'",
        ) from None


def _automaton(patterns: list[bytes]) -> BytesAhoCorasick:
    from ahocorasick_rs import BytesAhoCorasick, Implementation

    return BytesAhoCorasick(patterns, implementation=Implementation.DFA)


def _extended(text: bytes, pattern: bytes, start: int, end: int, offset: int) -> tuple[int, int]:
    """The range around text[start:end] that agrees with the pattern placed at start - offset."""
    first, at = start, offset
    while first and at and text[first - 1] == pattern[at - 1]:
        first -= 1
        at -= 1
    at = offset + end - start
    while end < len(text) and at < len(pattern) and text[end] == pattern[at]:
        end += 1
        at += 1
    return first, end


def _merged(spans: list[Span]) -> list[Span]:
    spans.sort()
    merged = spans[:1]
    for span in spans[1:]:
        last = merged[-1]
        if span.start <= last.end:
            merged[-1] = last._replace(end=max(last.end, span.end))
        else:
            merged.append(span)
    return merged


def masked(raw: bytes, spans: Iterable[Span]) -> bytes:
    """The text with masks in the place of the spans."""
    pieces = []
    at = 0
    for start, end, label, _ in spans:
        pieces += [raw[at:start], mask(label).encode(*_UTF8)]
        at = end
    return b"".join([*pieces, raw[at:]])


def weakness(value: str) -> str | None:
    """Why a value can't be masked well, or None if it can."""
    if not _is_maskable(value):
        return "it is too short or too common to be masked: it will show wherever it is printed"
    if len(reduced(value.encode(*_UTF8))) < SHORTEST:
        return "it is short: only the whole value is masked, not its pieces and encodings"
    if not any(rare_pieces(part.text, part.first) for part in parts(value) if part.pieces):
        return "it is short or spelled like words: only the whole value is masked, not its pieces"
    return None


def _is_word(text: str) -> bool:
    return text.isalpha() and len(text) < _LEAST_WORD and not is_random(text)


def _is_maskable(text: str) -> bool:
    """Whether masking each occurrence would not spoil ordinary text."""
    least = _LEAST_DIGITS if text.isdigit() else _LEAST_SHORT
    lower = text.lower()
    common = lower in ("true", "false", "none", "null", "default", "password", "secret", "admin")
    return len(text) >= least and not common and len(set(text)) > 1
