"""What is sensitive leaves a notebook, and every other byte stays (docs/decisions/020-strip.md).

    strip(data, Options(mode="all")).data
    strip(data, Options(mode="sensitive"), find).data

git's filter starts with this package, so it imports neither `re` nor `json` nor `typing`, and
mode `sensitive` only where it is asked for.
"""

from __future__ import annotations

from jupyter_mlsec.core.strip.conflicted import has_conflict_markers, strip_conflicted
from jupyter_mlsec.core.strip.document import strip_all
from jupyter_mlsec.core.strip.options import ALL_TAG, SENSITIVE_TAG, Options
from jupyter_mlsec.core.strip.outputs import cell_outputs, with_outputs, without_outputs
from jupyter_mlsec.core.strip.result import Removed, Stripped, Unparsable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jupyter_mlsec.core.strip.sensitive import Find

__all__ = [
    "Options",
    "Removed",
    "Stripped",
    "Unparsable",
    "cell_outputs",
    "has_conflict_markers",
    "strip",
    "strip_conflicted",
    "with_outputs",
    "without_outputs",
]


def strip(data: bytes, options: Options, find: Find | None = None) -> Stripped:
    """Strip one notebook. Raises Unparsable, with line, column and remedy, for what is no JSON.

    `find` finds what is sensitive in texts; mode `all` does without.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:4]:
        return _wide(data, options, find)
    if options.mode == "all" and (find is None or SENSITIVE_TAG.encode() not in data):
        return strip_all(data, options)
    if find is None:
        raise TypeError("mode sensitive needs what finds")
    from jupyter_mlsec.core.strip.sensitive import strip_sensitive

    if options.mode == "all":
        first = strip_all(
            data, options.but(keep_output_tags=(SENSITIVE_TAG, *options.keep_output_tags))
        )
    elif ALL_TAG.encode() in data:
        first = strip_all(data, options.but(mode="all"), only=ALL_TAG)
    else:
        return strip_sensitive(data, find)
    then = strip_sensitive(first.data, find)
    return Stripped(then.data, first.removed + then.removed, then.source)


def _wide(data: bytes, options: Options, find: Find | None) -> Stripped:
    """UTF-16 and UTF-32, as some shells write files: stripped as UTF-8, and written back."""
    from json import detect_encoding

    codec = detect_encoding(data)
    # with a byte order mark kept as a character, so that it comes out again
    exact = {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(codec, codec)
    if data.startswith(b"\xfe\xff"):
        exact = "utf-16-be"
    elif data.startswith(b"\0\0\xfe\xff"):
        exact = "utf-32-be"
    try:
        text = data.decode(exact, "surrogatepass").encode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        raise Unparsable(f"not valid {codec.upper()}", "save the file as UTF-8") from None
    done = strip(text, options, find)
    if done.data is text:
        return Stripped(data, done.removed, done.source)
    new = done.data.decode("utf-8", "surrogatepass").encode(exact, "surrogatepass")
    return Stripped(new, done.removed, done.source)
