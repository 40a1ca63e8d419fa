"""Credentials from the browser's document to a store: what a worker works out of it, and the route.

A worker finds the values and writes the edits, but has no login; the server's process has the
login, and looks at no document. So it goes to and fro: values out of the worker, names from the
store, edits out of the worker, values into the store, and only then the edits to the browser.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

from jupyter_server.auth.decorator import authorized
from msgspec import Struct, json, msgpack
from tornado.web import authenticated

from jupyter_mlsec import wire
from jupyter_mlsec.core.engine import Scanner
from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.fixes import edits_between
from jupyter_mlsec.core.model import Document, Finding, Span
from jupyter_mlsec.credentials.reference import VAULT, parse
from jupyter_mlsec.faces import moving
from jupyter_mlsec.faces.server import work
from jupyter_mlsec.faces.server.handlers import RESOURCE, DocumentHandler, Problem
from jupyter_mlsec.faces.server.storing import StoreHandler
from jupyter_mlsec.faces.server.wirer import Units, Wirer

SELECTED = "selection"  # the kind of what a user has selected
_QUOTES = "'\""


# In a worker


class Written(Struct):
    """What a worker has made of a `Move`."""

    edits: list[wire.Edit]
    cleared: list[int]
    used: list[str]
    stayed: list[wire.Stayed]


def secrets(
    scanner: Scanner, document: Document, found: Sequence[Finding], wanted: work.Secrets
) -> work.Reply:
    """The values of the findings that are wanted, or the one that is selected."""
    if wanted.selection is not None:
        chosen = [_selected(document, wanted.selection)]
    else:
        chosen = moving.credentials(scanner, document, _unwanted(document, found, wanted.findings))
    listed = [work.Secret(c.text, *c.span, c.value, c.kind) for c in chosen]
    return work.Reply(data=msgpack.encode(listed), count=len(listed))


def _unwanted(
    document: Document, found: Sequence[Finding], ids: Collection[str]
) -> Callable[[Any], bool]:
    """Whether a hit is none of the findings with these ids."""
    if not ids:
        return lambda placed: False
    told = zip(found, Wirer(document).findings(found), strict=True)
    places = {
        place
        for finding, wired in told
        if wired.id in ids and finding.suppressed is None
        for place in (finding.place, *finding.related)
    }
    return lambda placed: moving.place(document, placed) not in places


def _selected(document: Document, selection: wire.Selection) -> moving.Credential:
    """What stands in a selection, without the quotes around it. Raises MlsecError for nothing."""
    for number, text in enumerate(document.texts):
        if text.part in ("source", "file") and (text.cell or 0) == selection.cell:
            units = Units(text.text)
            start, end = units.point(selection.start), units.point(selection.end)
            while start < end and text.text[start] in f"{_QUOTES} \n\t":
                start += 1
            while start < end and text.text[end - 1] in f"{_QUOTES} \n\t":
                end -= 1
            if start < end:
                return moving.Credential(number, Span(start, end), text.text[start:end], SELECTED)
    raise MlsecError("nothing is selected", "select the secret's value in the cell")


def written(document: Document, wanted: work.Move) -> work.Reply:
    """The edits that put references in the place of values."""
    found = [
        moving.Credential(s.text, Span(s.start, s.end), s.value, s.kind) for s in wanted.secrets
    ]
    done = moving.rewritten(document, found, wanted.references)
    wirer = Wirer(document)
    edits = [
        wirer.edit(edit.cell, edit.span.start, edit.span.end, edit.text)
        for change in done.changes
        for edit in edits_between(change)
    ]
    stayed = [wire.Stayed(*one) for one in done.stayed]
    made = Written(edits, sorted(done.cells), sorted(done.used), stayed)
    return work.Reply(data=msgpack.encode(made), count=len(edits))


# In the server


class MoveHandler(StoreHandler, DocumentHandler):
    @authenticated
    @authorized("write", RESOURCE)
    async def post(self) -> None:
        request = self.body(wire.MoveRequest)
        reply = await self.about(
            request, lambda cells: work.Secrets(cells, request.findings, request.selection)
        )
        if reply is None:
            return
        found = msgpack.decode(reply.data, type=list[work.Secret])
        if not found:
            raise Problem(400, "there is no credential here that could be moved")
        names = await self.apart(lambda: self._names(request, found))
        references = dict(names.give(()))
        reply = await self.about(request, lambda cells: work.Move(cells, found, references))
        if reply is None:
            return
        made = msgpack.decode(reply.data, type=Written)
        values = {references[s.value]: s.value for s in found if references[s.value] in made.used}
        await self.apart(lambda: self._store(values, names.fresh))
        for reference in values:
            self._grant(request.path, reference)
        traces = await self.apart(lambda: self._traces(request, set(values.values())))
        moved = [_moved(reference, names.kinds[reference]) for reference in sorted(values)]
        self.answer(
            json.encode(wire.MoveResponse(made.edits, made.cleared, moved, made.stayed, traces))
        )

    def _names(self, request: wire.MoveRequest, found: Sequence[work.Secret]) -> moving.Names:
        names = moving.Names(self.app.provider(VAULT), request.folder, request.path)
        names.give(moving.Credential(0, Span(0, 0), s.value, s.kind) for s in found)
        return names

    def _store(self, values: Mapping[str, str], fresh: Collection[str]) -> None:
        for reference, value in values.items():
            self.app.redactor.learn(reference, value)
        try:
            done = moving.store(values, fresh, self.app.provider(VAULT))
        except MlsecError as error:
            self.record("refusal", None, problem=error)
            raise
        for ref in done:
            self.record("put", ref, version=1)

    def _grant(self, notebook: str, reference: str) -> None:
        """The notebook had the value, so that its kernel need not ask for it; a policy that
        forbids goes before this. Where it can't be remembered the kernel asks."""
        if notebook:
            with suppress(MlsecError):
                self.app.broker.decide(notebook, reference, allow=True)

    def _traces(self, request: wire.MoveRequest, values: Collection[str]) -> list[wire.Trace]:
        from jupyter_mlsec.files.traces import traces

        where = self.app.where(request.path)
        found = traces(where.path, values, os.environ, purge=request.purge) if where.root else []
        return [wire.Trace(t.what, t.file, t.sure, t.purged) for t in found]


def _moved(reference: str, kind: str) -> wire.Moved:
    from jupyter_mlsec.rules.secrets.kinds import KINDS

    known = {one.id: one.revoke for one in KINDS}
    advice = known.get(kind, "make a new one where it comes from, and end the old one")
    return wire.Moved(str(parse(reference)), kind, advice)
