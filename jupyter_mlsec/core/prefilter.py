"""Which rules can match where: one multi-pattern pass over all texts of a document.

Hyperscan takes the hints of all rules at once (about 1 GB/s for 300 patterns). Where its wheel is
missing, `re` goes hint by hint, but only over lines in which one of the hint's literals occurs.
Both see the same UTF-8 bytes and mark the same lines, so the findings are the same.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cache
from itertools import accumulate

from jupyter_mlsec.core.model import Span, Text
from jupyter_mlsec.core.patterns import lazy_bytes
from jupyter_mlsec.core.rule import Hint

# Texts are joined up to this many bytes: few calls for many cells, bounded memory for large ones.
CHUNK = 4 << 20

# What `Hint.solid` means: as long as a credential, of its characters; few stretches of text are.
_SOLID = lazy_bytes(rb"[\w./+=:~@-]{16,}")
# Base64 of this length is a picture or a film; the exact checks find no credential within one.
_DATA = lazy_bytes(rb"[a-z0-9+/=]+")
# Lines from this length on are minified code or data; no hint matches more than these lengths
# before and behind its literal.
_LONG, _BEFORE, _AFTER = 8192, 1024, 5120

Marks = dict[str, tuple[Span, ...]]
# a matcher gives (number of the hint, offset just behind a match) for every match in the bytes
Matcher = Callable[[bytes], "list[tuple[int, int]]"]


class Prefilter:
    """A matcher of hints, and the marks that it leaves on texts. `tags` are the hints', in their
    order."""

    def __init__(self, tags: Sequence[str], matcher: Matcher) -> None:
        self.tags = tags
        self._matches = matcher

    def marks(
        self, texts: Sequence[Text], wanted: Collection[str] | None = None
    ) -> dict[int, Marks]:
        """Number of a text to its marks (tag to marked lines), for the texts that have any.

        `wanted` are the tags to look at, None means all.
        """
        found: dict[int, dict[str, set[Span]]] = {}
        for first, chunk in _chunks(texts):
            # one by one: joined first, an emoji anywhere would make four bytes of every character
            encoded = [text.text.encode("utf-8", "surrogatepass") for text in chunk]
            matches = self._matches(b"\n".join(encoded))
            if wanted is not None:
                matches = [match for match in matches if self.tags[match[0]] in wanted]
            number, line = -1, Span(0, 0)
            for hint, at, end in _within(matches, chunk, encoded):
                # a line may be megabytes long, and matched thousands of times
                if at != number or not line.start <= end - 1 <= line.end:
                    number, line = at, _line(chunk[at].text, end - 1)
                found.setdefault(first + at, {}).setdefault(self.tags[hint], set()).add(line)
        return {
            number: {tag: tuple(sorted(lines)) for tag, lines in tags.items()}
            for number, tags in sorted(found.items())
        }


def _chunks(texts: Sequence[Text]) -> Iterator[tuple[int, Sequence[Text]]]:
    """The texts in portions that are joined and matched at once, with the first one's number."""
    if sum([len(text.text) for text in texts]) <= CHUNK:
        yield 0, texts
        return
    first = size = 0
    for number, text in enumerate(texts):
        length = len(text.text) + 1
        if size and size + length > CHUNK:
            yield first, texts[first:number]
            first, size = number, 0
        size += length
    if size:
        yield first, texts[first:]


def _within(
    matches: list[tuple[int, int]], texts: Sequence[Text], encoded: Sequence[bytes]
) -> Iterator[tuple[int, int, int]]:
    """Of each match the hint, the text (counted in the portion), and the offset behind it there
    in code points. A text is decoded once for all its matches."""
    if not matches:
        return
    starts = [0, *accumulate([len(part) + 1 for part in encoded])]
    number = done = characters = 0
    for end, hint in sorted((end, hint) for hint, end in matches):
        at = bisect_right(starts, end - 1) - 1
        part, stop = encoded[at], end - starts[at]
        if len(part) > len(texts[at].text):
            while stop < len(part) and part[stop] & 0xC0 == 0x80:
                stop += 1  # a pattern over bytes may end within a character
            if at != number:
                number, done, characters = at, 0, 0
            characters += len(part[done:stop].decode("utf-8", "surrogatepass"))
            done, stop = stop, characters
        yield hint, at, stop


def _line(text: str, place: int) -> Span:
    """The line that holds a character of a text, or ends with it, without its end."""
    start = text.rfind("\n", 0, place) + 1
    stop = text.find("\n", place)
    return Span(start, len(text) if stop < 0 else stop)


def expression(hint: Hint) -> bytes:
    return hint.pattern.encode()


def compiled(hints: Sequence[Hint]) -> bytes:
    """Hyperscan's database of the hints, made in 0.5 s.

    Raises ImportError where the wheel is missing.
    """
    import hyperscan

    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    caseless = hyperscan.HS_FLAG_CASELESS
    database.compile(
        expressions=[expression(hint) for hint in hints],
        ids=list(range(len(hints))),
        elements=len(hints),
        flags=[
            hyperscan.HS_FLAG_MULTILINE | (caseless if hint.ignore_case else 0) for hint in hints
        ],
    )
    return hyperscan.dumpb(database)


def hyperscan_matcher(saved: bytes) -> Matcher:
    """A matcher by Hyperscan from its database, in 1 ms.

    Raises ImportError where the wheel is missing, and `hyperscan.HyperscanError` where the
    database was compiled for another processor or version.
    """
    import hyperscan

    database = hyperscan.loadb(saved, mode=hyperscan.HS_MODE_BLOCK)
    database.scratch = hyperscan.Scratch(database)

    def matches(blob: bytes) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        database.scan(
            blob, match_event_handler=lambda hint, start, end, flags, _: found.append((hint, end))
        )
        return found

    return matches


def re_matcher(hints: Sequence[Hint]) -> Matcher:
    """A matcher by the standard library, for where Hyperscan has no wheel.

    Searching with a regular expression costs 100 ns a character, finding a literal 0.5. So each
    hint's pattern is tried only where one of its literals is, or on the lines that hold one.
    """
    literals = [tuple(literal.encode() for literal in hint.literals) for hint in hints]
    solid = {x for hint, xs in zip(hints, literals, strict=True) if hint.solid for x in xs}
    present_in = _finder(solid)

    @cache
    def pattern(number: int) -> re.Pattern[bytes]:
        flags = re.MULTILINE | (re.IGNORECASE if hints[number].ignore_case else 0)
        return re.compile(expression(hints[number]), flags)

    def matches(blob: bytes) -> list[tuple[int, int]]:
        lowered = blob.lower()
        stretches = (s for s in _SOLID.findall(lowered) if len(s) < 1024 or not _DATA.fullmatch(s))
        in_solid = present_in(b"\n".join(stretches))
        places: dict[bytes, list[int]] = {}
        found: list[tuple[int, int]] = []
        for number, hint in enumerate(hints):
            at: list[int] = []
            for literal in literals[number]:
                if hint.solid and literal not in in_solid:
                    continue
                if literal not in places:
                    places[literal] = list(_places(lowered, literal))
                at += places[literal]
            if at and hint.leading:
                ends = [m.end() for place in at if (m := pattern(number).match(blob, place))]
            elif at:
                lines = sorted({_around(blob, place) for place in at})
                ends = [m.end() for a, b in lines for m in pattern(number).finditer(blob, a, b)]
            else:
                continue
            found += [(number, end) for end in ends]
        return found

    return matches


def _finder(literals: Iterable[bytes]) -> Callable[[bytes], set[bytes]]:
    """A function that gives those of the literals that occur in a text, in one pass over it.

    The literals become one expression that branches at each character that differs.
    """
    known = frozenset(literals)
    if not known:
        return lambda text: set()
    expression = re.compile(_branches(sorted(known)))

    def present(text: bytes) -> set[bytes]:
        found: set[bytes] = set()
        match = expression.search(text)
        while match:
            longest = match[0]
            # others that begin here are beginnings of the longest
            found.update(longest[:size] for size in range(1, len(longest) + 1))
            match = expression.search(text, match.start() + 1)
        return found & known

    return present


def _branches(words: Sequence[bytes]) -> bytes:
    """An expression for one of the words, the longest possible."""
    heads: dict[bytes, list[bytes]] = {}
    for word in words:
        heads.setdefault(word[:1], []).append(word[1:])
    ends = heads.pop(b"", None) is not None
    inner = b"|".join(re.escape(head) + _branches(rest) for head, rest in heads.items())
    return b"(?:" + inner + (b")?" if ends else b")") if inner else b""


def _places(blob: bytes, literal: bytes) -> Iterator[int]:
    at = blob.find(literal)
    while at >= 0:
        yield at
        at = blob.find(literal, at + 1)


def _around(blob: bytes, place: int) -> tuple[int, int]:
    """The line that holds a place; of a very long line, what is near the place."""
    start = blob.rfind(b"\n", 0, place) + 1
    stop = blob.find(b"\n", place)
    stop = len(blob) if stop < 0 else stop
    if stop - start > _LONG:
        return max(start, place - _BEFORE), min(stop, place + _AFTER)
    return start, stop
