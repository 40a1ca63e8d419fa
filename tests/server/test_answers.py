"""What a worker remembers changes nothing: after any edits its answer is that of a fresh one."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from msgspec import json

from jupyter_mlsec.faces.server import work
from jupyter_mlsec.faces.server.answers import Answers
from jupyter_mlsec.faces.server.documents import Documents
from jupyter_mlsec.faces.server.pool import split
from jupyter_mlsec.wire import Cell, ScanRequest
from tests.server.documents import stream, token

LINES = (
    "import torch as t",
    "import torchvision as t",
    't.hub.load("acme/models", "small")',
    "%pip install numpy",
    "!pip install -r requirements.txt  # mlsec: ignore",
    f'key = "{token()}"',
    f'key = "{token(1)}"  # 😀',
    "print(key)",
    "x = '''",
    "",
    "%%bash",
)


@pytest.fixture(autouse=True)
def patterns(pattern_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLSEC_CACHE_DIR", str(pattern_cache))


class Editor:
    """A document in a browser that sends what has changed, and a worker that answers."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.documents = Documents()
        self.known: frozenset[int] = frozenset()
        self.sent: dict[str, str] = {}

    def scan(self, cells: list[dict[str, Any]]) -> Any:
        """Findings, of cells that are sent whole only where they are new."""
        listed = []
        for cell in cells:
            digest = str(hash(json.encode(cell)))
            if self.sent.get(cell["id"]) == digest:
                listed.append(Cell(cell["id"], hash=digest))
            else:
                listed.append(json.decode(json.encode({**cell, "hash": digest}), type=Cell))
        self.sent = {cell.id: cell.hash or "" for cell in listed}
        request = ScanRequest("a.ipynb", listed, client="w")
        document = self.documents.get("", request)
        order, missing = self.documents.take(document, request)
        assert missing == []
        numbers = [number for number, _ in order]
        told = work.Cells(
            document.name, work.Where("a.ipynb"), "notebook", "python", None, b"", numbers,
            split(order, self.known),
        )  # fmt: skip
        self.known = frozenset(numbers)
        return json.decode(self.answers(work.Scan(told, 0)).body)


def step(random: Random, cells: list[dict[str, Any]], number: int) -> None:
    """Edit, add, remove, move or run a cell."""
    what = random.randrange(6)
    if what == 0 or not cells:
        source = "\n".join(random.choices(LINES, k=random.randrange(4)))
        new = {"id": f"n{number}", "source": source}
        cells.insert(random.randint(0, len(cells)), new)
    elif what == 1:
        cells.pop(random.randrange(len(cells)))
    elif what == 2:
        cells.insert(random.randint(0, len(cells) - 1), cells.pop(random.randrange(len(cells))))
    elif what == 3:
        outputs = [stream(random.choice(LINES)) for _ in range(random.randrange(3))]
        random.choice(cells)["outputs"] = outputs
    else:
        cell = random.choice(cells)
        lines = cell["source"].split("\n")
        lines[random.randrange(len(lines))] = random.choice(LINES)
        cell["source"] = "\n".join(lines)


@pytest.mark.parametrize("seed", range(4))
def test_random_edits(seed: int) -> None:
    random = Random(seed)
    one = Editor(Answers())
    cells: list[dict[str, Any]] = []
    found = 0
    for number in range(250):
        step(random, cells, number)
        answer = one.scan(cells)
        fresh = Editor(Answers()).scan(cells)
        assert (answer == fresh) is True
        found += len(answer["findings"])
    assert found > 100


def test_cells_with_one_id_are_both_looked_at() -> None:
    cells = [{"id": "a", "source": "x = 1"}, {"id": "a", "source": "%pip install numpy"}]
    editor = Editor(Answers())
    editor.sent = {}
    assert len(editor.scan(cells)["findings"]) == 1


def test_the_least_used_documents_are_forgotten() -> None:
    documents = Documents(limit=1000)
    requests = [
        ScanRequest(f"{n}.ipynb", [Cell("a", source="x" * 400, hash="h")], client="w")
        for n in range(4)
    ]
    for request in requests:
        documents.take(documents.get("", request), request)
    named = [ScanRequest(r.path, [Cell("a", hash="h")], client="w") for r in requests]
    missing = [documents.take(documents.get("", request), request)[1] for request in named]
    assert missing == [["a"], ["a"], [], []]
