"""Functions and modules under another name: `from torch import load as tl` in one cell, `tl(p)` in
the next.

No hint of a rule can match on `tl(p)`. So where a document renames what it imports, the hints are
asked about the lines that use the new name with the full one in its place. Of modules those are
looked at that rules ask for, and whose new name is not the one that everybody gives them: hints
know `np.load`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from jupyter_mlsec.core.model import Span, Text
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import Hint

RENAMED = "renamed-import"
_MODULES = (
    r"(?:torch|pickle|_pickle|dill|joblib|cloudpickle|shelve|requests|httpx|urllib\.request|ssl"
    r"|subprocess|os|sys|shutil|hashlib|base64|marshal|zlib|codecs|yaml|flask|flask_cors|uvicorn"
    r"|pyngrok|ngrok|keras|tensorflow\.keras|tarfile|zipfile|wget|gdown|functools|http\.server)"
)
HINTS = (
    Hint(RENAMED, r"from[ \t]+[\w.]+[ \t]+import[ \t(][^\n]*[ \t]as[ \t]+\w+", ("import",)),
    Hint(RENAMED, rf"import[ \t][^\n]*\b{_MODULES}[ \t]+as[ \t]+\w+", ("import",)),
    Hint(RENAMED, r"^[ \t]+\w+[ \t]+as[ \t]+\w+[ \t]*,?[ \t]*(?:#[^\n]*)?$", (" as ",)),
)
_STATEMENT = lazy(
    r"^[ \t]*from[ \t]+(?P<module>[\w.]+)[ \t]+import"
    r"[ \t]*(?:\((?P<block>[^()]*)\)|(?P<line>[^\n(]+))",
    re.MULTILINE,
)
_PAIR = lazy(r"(?<![\w.])(?P<name>\w+)[ \t]+as[ \t]+(?P<local>\w+)")
_MODULE = lazy(rf"^[ \t]*import[ \t][^\n#]*?\b(?P<name>{_MODULES})[ \t]+as[ \t]+(?P<local>\w+)", 8)


def renamed(texts: Sequence[Text]) -> dict[str, str]:
    """Local name to full name, of what a document's Python imports under another name."""
    found = {}
    for text in texts:
        if text.language != "python" or " as " not in text.text:
            continue
        for statement in _STATEMENT.finditer(text.text):
            for pair in _PAIR.finditer(statement["block"] or statement["line"]):
                if pair["name"] != pair["local"]:
                    found[pair["local"]] = f"{statement['module']}.{pair['name']}"
        for module in _MODULE.finditer(text.text):
            found[module["local"]] = module["name"]
    return found


def uses(texts: Sequence[Text], names: Mapping[str, str]) -> Iterator[tuple[int, Span, str]]:
    """Number of a text, a line in it that uses one of the names, and the line with full names."""
    if not names:
        return
    words = "|".join(map(re.escape, names))
    local = re.compile(rf"(?<![\w.])(?<!as )(?:{words})\b(?=[ \t]*[(,).])")
    for number, text in enumerate(texts):
        if text.language != "python" or text.part not in ("source", "file"):
            continue
        seen = set()
        for match in local.finditer(text.text):
            start = text.text.rfind("\n", 0, match.start()) + 1
            stop = text.text.find("\n", match.end())
            line = Span(start, len(text.text) if stop < 0 else stop)
            if line not in seen:
                seen.add(line)
                full = local.sub(lambda m: names[m[0]], text.text[line.start : line.end])
                yield number, line, full
