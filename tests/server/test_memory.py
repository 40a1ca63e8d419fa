"""What a worker remembers must not change what is found."""

from __future__ import annotations

import pytest

from jupyter_mlsec.core.config import Config
from jupyter_mlsec.core.model import Document, Text
from jupyter_mlsec.faces.server.memory import Memory


def document(*sources: str) -> Document:
    texts = tuple(Text("source", "python", s, n, f"c{n}") for n, s in enumerate(sources))
    return Document("a.ipynb", "notebook", texts, len(texts))


@pytest.mark.parametrize("last", ["m = tl(path)", "m = tl(other)", "m = tl('a.pt')"])
def test_a_renamed_import_is_known_in_every_scan(last: str) -> None:
    memory = Memory()
    scanner = memory.scanner(Config())

    def rules(*sources: str) -> list[str]:
        made = document(*sources)
        return [p.rule.id for p in scanner.hits(made, memory.context(made))]

    imported = "from torch import load as tl"
    fresh = rules(imported, "m = tl(path)")
    assert "torch-load-without-weights-only" in fresh
    assert rules(imported, last) == fresh
    assert rules("tl = print", last) == []
    assert rules(imported, last) == fresh
