"""These rules as a plugin of detect-secrets, for who stays with its hook and its baseline:

    detect-secrets scan -n -p "$(python -m jupyter_mlsec.faces.detect_secrets_plugin)" \\
        --disable-filter detect_secrets.filters.heuristic.is_indirect_reference

The filter to switch off drops every line like `client = OpenAI(api_key="...")`, whatever a plugin
says; `-n` keeps the library's own plugins off the network (this one never uses it).

The library hands over single lines of the file as it lies on disk. A line of a notebook's JSON is
decoded first, which finds what `\\"` hides; but what spans lines or cells, and what an output's
ANSI codes hide, only `mlsec scan` sees.

Only detect-secrets imports this file (or somebody who asks for its path), so only it pays for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from detect_secrets.plugins.base import BasePlugin

from jupyter_mlsec.core.config import Config
from jupyter_mlsec.core.engine import Scanner
from jupyter_mlsec.core.model import Document, Text
from jupyter_mlsec.files.cache import folder_of
from jupyter_mlsec.files.database import prefilter_for
from jupyter_mlsec.rules import FAMILIES

_JSON_LINE = re.compile(r'\s*(?:"source":\s*)?\[?\s*("(?:[^"\\]|\\.)*")\s*\]?,?\s*')


class MlsecDetector(BasePlugin):
    """What the rules of the family `secrets` find on one line."""

    secret_type = "Jupyter ML Security"  # noqa: S105 - the library's name for a kind of finding

    def __init__(self) -> None:
        rules = FAMILIES["secrets"]
        self._scanner = Scanner(
            rules, Config(), prefilter_for(lambda: rules, folder_of(), "secrets")
        )

    def analyze_string(self, string: str) -> Iterator[str]:  # type: ignore[override]
        """The credentials on a line, each once."""
        text = Text("source", "python", decoded(string), 0)
        hits = self._scanner.hits(Document("", "notebook", (text,), 1))
        yield from dict.fromkeys(hit.hit.secret for hit in hits if hit.hit.secret)


def decoded(line: str) -> str:
    """The text of a line of a notebook's JSON, or the line itself if it is none."""
    match = _JSON_LINE.fullmatch(line)
    if not match:
        return line
    try:
        return str(json.loads(match[1])).rstrip("\n")
    except ValueError:
        return line


if __name__ == "__main__":
    print(__file__)
