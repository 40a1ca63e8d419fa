"""The imports of a cell as they are written, without its syntax tree.

Most cells that import are long, and their trees are made for nothing else; to read the statements
by their lines takes a tenth of the time. What lines can't tell is left to the tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from jupyter_mlsec.core.patterns import lazy

# Where a line may be no statement, or a statement no line: the tree has to tell.
_UNCLEAR = ("%%", "\\\n", "\\\r")
_SAME_LINE = lazy(r"[:;][ \t]*(?:from|import)\b")
# Strings over lines, and before them whatever may hold their quotes and mean none.
_LONG_STRING = lazy(
    r"""(?P<kept>\#[^\n]*|"(?!"")(?:[^"\\\n]|\\.)*"|'(?!'')(?:[^'\\\n]|\\.)*')"""
    r'''|"""(?:[^"\\]|\\.|"(?!""))*"""|\'\'\'(?:[^'\\]|\\.|'(?!''))*\'\'\'''',
    re.DOTALL,
)
_STATEMENT = lazy(
    r"""[ \t]*(?:
        import[ \t]+(?P<modules>[\w.]+[^\n\#]*)
      | from[ \t]+(?P<module>\.*[\w.]*)[ \t]+import[ \t]*
        (?: \((?P<several>[^)]*)\) | (?P<names>[^\n\#(]+) )
    )""",
    re.VERBOSE,
)
_COMMENT = lazy(r"#[^\n]*")
_NAME = lazy(r"([\w.]+)(?:\s+as\s+(\w+))?\Z")


@lru_cache(maxsize=1024)
def read(source: str) -> Mapping[str, str] | None:
    """Local name to full name, as `core.python.imports` gives it; None where the syntax tree has
    to be asked. Remembered: of a notebook in an editor all cells but one are what they were."""
    if any(mark in source for mark in _UNCLEAR) or _SAME_LINE.search(source):
        return None
    if '"""' in source or "'''" in source:
        source = _LONG_STRING.sub(lambda string: string["kept"] or "0", source)
        if '"""' in source or "'''" in source:
            return None
    names: dict[str, str] = {}
    for found in _statements(source):
        module = found["module"]
        listed = found["modules"] or found["names"] or _COMMENT.sub("", found["several"] or "")
        for item in listed.split(","):
            name = _NAME.match(item.strip())
            if name is None:
                if item.strip() in ("", "*"):
                    continue
                return None
            full, alias = name[1], name[2]
            if module is not None:
                names[alias or full] = f"{module}.{full}"
            elif alias:
                names[alias] = full
            else:
                root = full.partition(".")[0]
                names[root] = root
    return names


def _statements(source: str) -> Iterator[re.Match[str]]:
    at = source.find("import")
    while at >= 0:
        found = _STATEMENT.match(source, source.rfind("\n", 0, at) + 1)
        if found is not None:
            yield found
        at = source.find("import", max(at + 1, found.end() if found is not None else 0))
