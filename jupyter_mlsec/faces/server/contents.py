"""Files as the contents manager has them: never by an absolute path, never out of its folder."""

from __future__ import annotations

import base64
import os
from collections.abc import AsyncIterator, Mapping
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server.services.contents.filemanager import FileContentsManager
from msgspec import json
from tornado.web import HTTPError

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.faces.server import work
from jupyter_mlsec.files.ignore import Ignores, read_ignores, repository_ignores
from jupyter_mlsec.files.source import kind_of
from jupyter_mlsec.files.walk import ENVIRONMENT, SKIPPED, left_out

NOTHING: Mapping[str, Ignores] = {}
_DEEPEST = 64  # folders in folders: a manager's may go in a circle


class Refused(MlsecError):
    """A file that can't or must not be read; `status` is HTTP's."""

    def __init__(self, status: int, message: str, hint: str | None = None) -> None:
        super().__init__(message, hint)
        self.status = status


class Contents:
    """The contents manager of the server. `max_size` is in megabytes."""

    def __init__(self, manager: Any, max_size: int) -> None:
        self._manager = manager
        self._max_size = max_size
        local = isinstance(manager, FileContentsManager)
        self.root = os.path.realpath(manager.root_dir) if local else ""

    def absolute(self, path: str) -> str:
        """The file's own path where it is a local one, else the manager's.

        Raises Refused for what is not in the server's folder, links followed.
        """
        parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
        if ".." in parts or "\0" in path:
            raise Refused(404, "there is no such file on this server")
        if not self.root:
            return "/".join(parts)
        full = os.path.join(self.root, *parts)
        real = os.path.realpath(full)
        if real != self.root and not real.startswith(os.path.join(self.root, "")):
            raise Refused(404, "this link leads out of the folder that the server shows")
        return full

    async def file(self, path: str, where: work.Where) -> work.File:
        """A file's bytes. Raises Refused, with one clear line."""
        name = path.strip("/")
        self.absolute(name)
        facts = await self._get(name, content=False)
        if facts.get("type") == "directory":
            raise Refused(400, "this is a folder, not a file")
        self._check_size(facts.get("size"))
        try:
            model = await self._get(name, content=True, type="file")
        except Refused:
            model = await self._get(name, content=True)  # a manager that knows notebooks only
        data = _bytes(model)
        self._check_size(len(data))
        return work.File(where, name, kind_of(name) or "text", data)

    async def walk(
        self, paths: list[str], excluded: Mapping[str, Ignores] = NOTHING
    ) -> AsyncIterator[str | tuple[str, Refused]]:
        """The files below the paths that a scan looks at, each once: those of a folder by name,
        then its folders. Local files that .gitignore files name are left out, or `excluded` below
        the path that was given, as are environments; what is given itself is not. What can't be
        listed comes with the reason."""
        seen: set[str] = set()
        given = {path.strip("/"): excluded.get(path, ()) for path in paths or [""]}
        pending: list[tuple[str, int, Ignores, Ignores]]
        pending = [(path, 0, given[path], ()) for path in sorted(given, reverse=True)]
        while pending:
            path, depth, exclude, ignores = pending.pop()
            if path in seen or depth > _DEEPEST:
                continue
            seen.add(path)
            try:
                self.absolute(path)
                model = await self._get(path, content=False)
                if model.get("type") != "directory":
                    yield path
                    continue
                listing = await self._get(path, content=True, type="directory")
            except Refused as refused:
                if path in given or refused.status != 404:
                    yield path, refused
                continue
            if self.root:
                folder = os.path.normpath(os.path.join(self.root, path))
                if not depth:
                    ignores = repository_ignores(folder)
                elif any(os.path.exists(os.path.join(folder, n)) for n in ENVIRONMENT):
                    continue
                # hidden from the listing
                ignores += read_ignores(os.path.join(folder, ".gitignore"), folder)
            inner = []
            for entry in sorted(listing["content"] or (), key=lambda entry: str(entry["name"])):
                name, is_folder = entry["path"].strip("/"), entry["type"] == "directory"
                if self.root and left_out(
                    os.path.join(self.root, name), is_folder, exclude, ignores
                ):
                    continue
                if is_folder:
                    if entry["name"] not in SKIPPED:
                        inner.append((name, depth + 1, exclude, ignores))
                elif kind_of(name) is not None and name not in seen:
                    seen.add(name)
                    yield name
            pending += reversed(inner)

    async def _get(self, path: str, **how: Any) -> dict[str, Any]:
        try:
            model: dict[str, Any] = await ensure_async(self._manager.get(path, **how))
        except HTTPError as error:
            status = error.status_code
            reason = "there is no such file" if status == 404 else "the file can't be read"
            raise Refused(status, reason) from None
        except Exception as error:  # any manager's own: not in its words
            raise Refused(500, f"the contents manager failed: {type(error).__name__}") from None
        return model

    def _check_size(self, size: int | None) -> None:
        if size is not None and size > self._max_size << 20:
            raise Refused(413, f"larger than {self._max_size} MB, which is this server's limit")


def _bytes(model: dict[str, Any]) -> bytes:
    """The content of a model, whatever form the manager has given it."""
    content = model.get("content")
    if model.get("format") == "base64":
        return base64.b64decode(content or "")
    if isinstance(content, str):
        return content.encode("utf-8", "surrogatepass")
    return json.encode(content)
