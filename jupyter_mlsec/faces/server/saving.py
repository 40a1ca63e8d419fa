"""What happens when a notebook is saved, by whatever contents manager, with collaboration too.

Hooks run on the event loop and can't wait for anything but by stopping it. So by default
(`warn`) the scan comes after the save, and only says what it found. Under `redact` and `refuse`
the save waits for its own worker, at most `save_time_limit`; without an answer it goes ahead, for
no work may be lost. Why the default is no more than a word: docs/decisions/030-saving.md.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NoAnswer
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from jupyter_core.paths import jupyter_data_dir
from msgspec import json
from tornado.web import HTTPError

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.faces.server import work
from jupyter_mlsec.faces.server.pool import Worker, preparation

if TYPE_CHECKING:
    from jupyter_mlsec.credentials.redactor import Redactor
    from jupyter_mlsec.faces.server.app import MlsecApp

POLICIES = ["off", "warn", "redact", "refuse"]
_TYPED = frozenset({"cell_type", "id", "source"})  # the rest of a cell nobody has typed
_REASON = "credentials in the notebook"


class Saving:
    """The hook and its worker."""

    def __init__(self, app: MlsecApp) -> None:
        self._app = app
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._worker = Worker(app.time_limit)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mlsec-save")
        self._ready: Future[None] | None = None
        if app.on_save in ("redact", "refuse"):
            self._warm()

    def before(self, model: dict[str, Any], path: str, **others: Any) -> None:
        """The contents manager's pre-save hook. Raises HTTPError where the policy refuses.

        What the broker has given to kernels is masked in outputs and metadata under any policy.
        """
        _mask(model, path, self._app.redactor)
        if self._app.on_save == "off":
            return
        data = _notebook(model, path)
        if data is None:
            return
        path = path.strip("/")
        if self._app.on_save == "warn":
            self._look_later(path, data)
            return
        reply = self._answer(path, data)
        if reply is None:
            self._app.events.saved(path, "unchecked", {})
        elif self._app.on_save == "refuse" and reply.rules:
            self._refuse(path, data, reply.rules)
        elif reply.data:
            _replace(model, reply.data)
            self._app.events.saved(path, "redacted", reply.rules)
        elif reply.rules:
            self._app.events.saved(path, "found", reply.rules)
        if self._app.on_save == "refuse":
            with suppress(OSError):
                os.unlink(self._copy(path))

    def close(self) -> None:
        """End the worker."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._worker.close()

    def _look_later(self, path: str, data: bytes) -> None:
        """Scan once the save is through; of several saves in a row the last counts."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # saved by a program, with nobody there to be told
        if path in self._tasks:
            self._tasks[path].cancel()
        task = loop.create_task(self._look(path, data))
        self._tasks[path] = task
        task.add_done_callback(lambda done: self._forget(path, done))

    def _forget(self, path: str, done: asyncio.Task[None]) -> None:
        if self._tasks.get(path) is done:
            del self._tasks[path]

    async def _look(self, path: str, data: bytes) -> None:
        try:
            message = self._message(path, data)
            reply = await self._app.pool.run(lambda known: message)
        except (MlsecError, HTTPError):
            return
        if reply.rules:
            self._app.events.saved(path, "found", reply.rules)

    def _answer(self, path: str, data: bytes) -> work.Reply | None:
        """What the worker says, None where it says nothing in time."""
        if self._ready is None:
            self._warm()
        try:
            message = self._message(path, data)
            first = preparation(self._worker, message)
            if first is not None:
                self._ready = self._thread.submit(self._prepare, first)
            call = self._thread.submit(self._worker.call, message)
            reply = call.result(self._app.save_time_limit)
        except NoAnswer:
            if self._ready is None or self._ready.done():  # not one that is still to start
                self._worker.kill()
                self._warm()
            return None
        except (EOFError, OSError, HTTPError):
            return None
        return None if reply.problem is not None else reply

    def _warm(self) -> None:
        self._ready = self._thread.submit(self._worker.start)

    def _prepare(self, first: work.Prepare) -> None:
        with suppress(EOFError, OSError):
            self._worker.call(first)

    def _message(self, path: str, data: bytes) -> work.Save:
        return work.Save(self._app.where(path), data, self._app.on_save == "redact")

    def _refuse(self, path: str, data: bytes, rules: Mapping[str, int]) -> None:
        copy = self._app.keep_refused and self._keep(path, data)
        self._app.events.saved(path, "refused", rules, bool(copy))
        listed = ", ".join(f"{count} {rule}" for rule, count in rules.items())
        kept = f" A private copy is in {self._copy(path)}." if copy else ""
        raise HTTPError(
            422,
            f"not saved: this server refuses notebooks with credentials ({listed}). Move them to "
            f"a secret store, or silence what is none, then save again.{kept}",
            reason=_REASON,
        )

    def _keep(self, path: str, data: bytes) -> bool:
        """Keep what is refused where only this user can read it; whether that worked."""
        file = self._copy(path)
        try:
            os.makedirs(os.path.dirname(file), mode=0o700, exist_ok=True)
            part = f"{file}.part"
            with suppress(FileNotFoundError):
                os.unlink(part)
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                out.write(data)
            os.replace(part, file)
        except OSError:
            return False
        return True

    def _copy(self, path: str) -> str:
        full = os.path.join(self._app.contents.root, path)
        name = sha256(full.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        stem = os.path.basename(path).removesuffix(".ipynb")
        return os.path.join(jupyter_data_dir(), "mlsec", "refused", f"{stem}-{name}.ipynb")


def _notebook(model: Mapping[str, Any], path: str) -> bytes | None:
    """The bytes of what is a notebook, however it is saved; None for anything else."""
    content = model.get("content")
    if not content or "chunk" in model:
        return None
    if model.get("type") == "notebook":
        try:
            return json.encode(content)
        except (TypeError, ValueError, RecursionError):
            return None
    if path.endswith(".ipynb") and isinstance(content, str) and model.get("format") != "base64":
        return content.encode("utf-8", "surrogatepass")
    return None


def _mask(model: dict[str, Any], path: str, redactor: Redactor) -> None:
    """Mask known secrets in all of a notebook that its author did not type."""
    data = _notebook(model, path) if redactor.index() is not None else None
    if data is None:
        return
    try:
        notebook = json.decode(data)
    except ValueError:
        return  # what is no notebook yet
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        return
    around = _masked(notebook, frozenset({"cells"}), redactor)
    clean = [_masked(cell, _TYPED, redactor) for cell in cells]
    if around is not notebook or any(new is not old for new, old in zip(clean, cells, strict=True)):
        _replace(model, json.encode({**around, "cells": clean}))


def _masked(whole: Any, kept: frozenset[str], redactor: Redactor) -> Any:
    """A JSON object with known secrets masked, but in the members kept; the very same object if
    there are none."""
    if not isinstance(whole, dict):
        return whole
    others = {name: value for name, value in whole.items() if name not in kept}
    clean = redactor.redact_json(others)
    if clean is others:
        return whole
    return {**{name: value for name, value in whole.items() if name in kept}, **clean}


def _replace(model: dict[str, Any], data: bytes) -> None:
    """Put the redacted notebook in the place of what is to be saved."""
    model["content"] = json.decode(data) if model["type"] == "notebook" else data.decode()
