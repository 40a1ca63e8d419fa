"""Files that a document writes or fetches itself, by what stands in its sources."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_mlsec.core.view import Context

_NEAR = 200  # characters between a call's name and the path in it
_WRITES = (
    r"\b(?:\w*dump|save\w*|to_pickle|write\w*|export\w*)\("
    r"|open\([^()]*[\"'][wax]b?\+?[\"']"
)
_FETCHES = (
    r"\b(?:urlretrieve|download\w*|get_file|wget|curl|gdown)\b|\baws\s+s3\s+(?:cp|sync)\b"
    r"|\bgsutil\s+(?:-m\s+)?(?:cp|rsync)\b|\bgcloud\s+storage\s+cp\b|\bazcopy\b"
)


def written(context: Context, path: str) -> bool:
    """Whether the document saves something under this path, or under the name of the variable
    that holds it, so that what it loads is its own."""
    return context.once(_mentions, _WRITES, path)


def fetched(context: Context, path: str) -> bool:
    """Whether the document downloads a file of this name."""
    name = path.rpartition("/")[2]
    return "." in name[1:] and context.once(_mentions, _FETCHES, name)


def _mentions(context: Context, call: str, path: str) -> bool:
    """Whether a call or a command with this path stands anywhere in the sources."""
    quoted = re.escape(path)
    before = re.compile(rf"(?:{call})[\s\S]{{0,{_NEAR}}}?(?<![\w.-]){quoted}(?![\w.-])")
    after = re.compile(rf"open\([^()]*(?<![\w.-]){quoted}[\"']?[^()]*[\"'][wax]b?\+?[\"']")
    texts = [t.text for t in context.document.texts if t.part in ("source", "file")]
    found = [text for text in texts if path in text]
    if any(before.search(text) for text in found):
        return True
    return call is _WRITES and any(after.search(text) for text in found)
