"""Secrets in JSON documents: messages, displays, widget states.

A secret may be spread over the elements of a list (`["s", "k"]`, `[115, 107]`), so all texts of
a document are joined and searched once; only where something is found is a new document made.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jupyter_mlsec.credentials.redactor import Index, Span
from jupyter_mlsec.credentials.value import mask

_UTF8 = ("utf-8", "surrogatepass")
_MOST_CODES = 4096  # longer lists of numbers are data
_BETWEEN = b"\n"
_ALWAYS = bool, float, type(None)


def redact_json(index: Index, document: Any) -> Any:
    """The document with its secrets masked; the very same object if there is none."""
    leaves = list(_leaves(document))
    if not leaves:
        return document
    texts = [_text(leaf) for leaf in leaves]
    spans = index.spans(texts[0] if len(texts) == 1 else _BETWEEN.join(texts))
    if not spans:
        return document
    changed = iter(_changed(leaves, texts, spans))
    return _rebuilt(document, changed)


def _leaves(node: Any) -> Iterator[Any]:
    """Keys, strings, bytes and codes of a document, in the order in which `_rebuilt` asks."""
    if isinstance(node, str | bytes | bytearray):
        yield node
    elif isinstance(node, dict):
        for key, value in node.items():
            if isinstance(key, str):
                yield key
            if not isinstance(value, _ALWAYS):
                yield from _leaves(value)
    elif isinstance(node, list | tuple):
        codes = len(node) <= _MOST_CODES
        for value in node:
            if isinstance(value, _ALWAYS):
                continue
            if isinstance(value, int):
                if codes:
                    yield value
            else:
                yield from _leaves(value)


def _text(leaf: str | int | bytes) -> bytes:
    if isinstance(leaf, int):
        return str(leaf).encode()
    return leaf.encode(*_UTF8) if isinstance(leaf, str) else bytes(leaf)


def _changed(leaves: list[Any], texts: list[bytes], spans: list[Span]) -> Iterator[Any]:
    """The leaves, masked; of a secret that is spread over several, the first has the mask."""
    start = 0
    pending = list(reversed(spans))
    for leaf, text in zip(leaves, texts, strict=True):
        end = start + len(text)
        pieces, at = [], start
        while pending and pending[-1].start < end:
            span = pending[-1]
            if span.end > start:
                pieces.append(text[at - start : max(span.start, start) - start])
                if span.start >= start:
                    pieces.append(mask(span.label).encode(*_UTF8))
                at = min(span.end, end)
            if span.end > end:
                break
            pending.pop()
        if pieces:
            made = b"".join([*pieces, text[at - start :]])
            yield made if isinstance(leaf, bytes | bytearray) else made.decode(*_UTF8)
        else:
            yield leaf
        start = end + len(_BETWEEN)


def _rebuilt(node: Any, leaves: Iterator[Any]) -> Any:
    if isinstance(node, str | bytes | bytearray):
        return next(leaves)
    if isinstance(node, dict):
        return {
            next(leaves) if isinstance(key, str) else key: value
            if isinstance(value, _ALWAYS)
            else _rebuilt(value, leaves)
            for key, value in node.items()
        }
    if isinstance(node, list | tuple):
        codes = len(node) <= _MOST_CODES
        return [_element(value, codes, leaves) for value in node]
    return node


def _element(value: Any, codes: bool, leaves: Iterator[Any]) -> Any:
    if isinstance(value, _ALWAYS):
        return value
    if isinstance(value, int):
        return next(leaves) if codes else value
    return _rebuilt(value, leaves)
