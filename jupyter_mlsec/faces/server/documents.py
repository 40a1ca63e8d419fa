"""What the server remembers of the documents that are open in browsers."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from itertools import count

from msgspec import Struct, json, structs

from jupyter_mlsec.wire import Cell, ScanRequest

_LIMIT = 128 << 20  # bytes of cells, over all documents
_MOST = 500  # documents


class Stored(Struct, frozen=True):
    """A cell as it was sent last: its number, the client's hash, and its JSON."""

    number: int
    hash: str | None
    data: bytes


class Document:
    """One document of one window. `name` is its own; `latest` is the request that counts."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.cells: dict[str, Stored] = {}
        self.latest: object = None
        self.size = 0


class Documents:
    """Documents by window and path; those used longest ago are forgotten first."""

    def __init__(self, limit: int = _LIMIT) -> None:
        self._limit = limit
        self._documents: OrderedDict[Hashable, Document] = OrderedDict()
        self._numbers = count(1)
        self._names = count(1)

    def get(self, user: str, request: ScanRequest) -> Document:
        """The document that a request is about: a client's, or of one without an id its user's.

        Who sends a token and no cookie is a new user to jupyter_server with each request.
        """
        key = request.client or user, request.path
        if key not in self._documents:
            self._documents[key] = Document(f"d{next(self._names)}")
        self._documents.move_to_end(key)
        return self._documents[key]

    def take(
        self, document: Document, request: ScanRequest
    ) -> tuple[list[tuple[int, bytes]], list[str]]:
        """The request's cells in order, each with its number and JSON; the ids of those that are
        only named and not known come second, and then nothing is remembered."""
        missing = [cell.id for cell in request.cells if not self._is_known(document, cell)]
        if missing:
            return [], missing
        order = []
        cells: dict[str, Stored] = {}
        for cell in request.cells:
            stored = document.cells.get(cell.id)
            if cell.source is not None or stored is None:
                stored = self._stored(cell, stored)
            cells[cell.id] = stored
            order.append((stored.number, stored.data))
        document.cells = cells
        document.size = sum(len(data) for _, data in order)
        self._forget()
        return order, []

    def _is_known(self, document: Document, cell: Cell) -> bool:
        if cell.source is not None:
            return True
        stored = document.cells.get(cell.id)
        return stored is not None and cell.hash is not None and stored.hash == cell.hash

    def _stored(self, cell: Cell, before: Stored | None) -> Stored:
        """A cell sent anew; one that has not changed keeps its number."""
        data = json.encode(structs.replace(cell, hash=None))
        if before is not None and before.data == data:
            return structs.replace(before, hash=cell.hash)
        return Stored(next(self._numbers), cell.hash, data)

    def _forget(self) -> None:
        size = sum(document.size for document in self._documents.values())
        while (size > self._limit and len(self._documents) > 1) or len(self._documents) > _MOST:
            _, oldest = self._documents.popitem(last=False)
            size -= oldest.size
