"""Files that a document writes or fetches itself, by what stands in its sources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.patterns import lazy

if TYPE_CHECKING:
    from jupyter_mlsec.core.view import Context

_NEAR = 200  # characters between a call's name and the path in it
_WRITES = lazy(
    r"\b(?:\w*dump|save\w*|to_pickle|write\w*|export\w*)\("
    r"|open\([^()]*[\"'][wax]b?\+?[\"']"
)
_FETCHES = lazy(
    r"\b(?:urlretrieve|download\w*|get_file|wget|curl|gdown)\b|\baws\s+s3\s+(?:cp|sync)\b"
    r"|\bgsutil\s+(?:-m\s+)?(?:cp|rsync)\b|\bgcloud\s+storage\s+cp\b|\bazcopy\b"
)
_OPENS = lazy(r"open\([^()]*\Z")
_TO_WRITE = lazy(r"[\"']?[^()]*[\"'][wax]b?\+?[\"']")


def written(context: Context, path: str) -> bool:
    """Whether the document saves something under this path, or under the name of the variable
    that holds it, so that what it loads is its own."""
    return context.once(_is_written, path)


def fetched(context: Context, path: str) -> bool:
    """Whether the document downloads a file of this name."""
    name = path.rpartition("/")[2]
    return "." in name[1:] and context.once(_is_fetched, name)


def _is_written(context: Context, path: str) -> bool:
    return any(
        _WRITES.search(before) or (_OPENS.search(before) and _TO_WRITE.match(behind))
        for before, behind in _around(context, path)
    )


def _is_fetched(context: Context, path: str) -> bool:
    return any(_FETCHES.search(before) for before, _ in _around(context, path))


def _around(context: Context, path: str) -> Iterator[tuple[str, str]]:
    """What stands before and behind a path wherever the sources have it."""
    for text in context.document.texts:
        source = text.text
        at = source.find(path) if text.part in ("source", "file") else -1
        while at >= 0:
            end = at + len(path)
            before, behind = source[max(at - _NEAR, 0) : at], source[end : end + _NEAR]
            if not _goes_on(before[-1:]) and not _goes_on(behind[:1]):
                yield before, behind
            at = source.find(path, end)


def _goes_on(character: str) -> bool:
    return character.isalnum() or character in ("_", ".", "-")
