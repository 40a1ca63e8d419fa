"""What a save does under each policy: nothing is lost, and nothing is said that should not be."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from msgspec import json

from jupyter_mlsec.faces.server.pool import Worker
from tests.server.documents import no_token, saved, stream, token

pytest_plugins = ["pytest_jupyter.jupyter_server"]

SAVE = "https://jupyter-mlsec.readthedocs.io/events/save/v1"
NOTEBOOKS = {
    "in source": saved(f't = "{token()}"'),
    "in output": saved("print(t)", "1 + 1", outputs=[stream(f"token: {token()}\nand more\n")]),
    "silenced": saved(f't = "{token()}"  # mlsec: ignore made up'),
    "clean": saved("x = 1", outputs=[stream("1\n")]),
    "run away": saved("run away"),
}

Put = Callable[..., Awaitable[tuple[int, Any]]]


@pytest.fixture
def put(jp_fetch: Callable[..., Awaitable[Any]]) -> Put:
    """Save a notebook as JupyterLab does: status and answer."""

    async def save(name: str, path: str = "a.ipynb", kind: str = "notebook") -> tuple[int, Any]:
        content = NOTEBOOKS.get(name, name)
        if kind == "file" and name in NOTEBOOKS:
            content = json.encode(content).decode()
        model = {"type": kind, "content": content}
        if kind == "file":
            model["format"] = "text"
        response = await jp_fetch(
            *("api", "contents", *path.split("/")),
            method="PUT",
            body=json.encode(model),
            raise_error=False,
        )
        return response.code, json.decode(response.body)

    return save


@pytest.fixture
def told(jp_serverapp: Any) -> list[dict[str, Any]]:
    """The events of saves."""
    seen: list[dict[str, Any]] = []

    async def listen(logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        seen.append(data)

    jp_serverapp.event_logger.add_listener(schema_id=SAVE, listener=listen)
    return seen


async def until(done: Callable[[], object]) -> None:
    for _ in range(200):
        if done():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it never happened")


def on_disk(root: Path, path: str = "a.ipynb") -> Any:
    return nbformat.read(root / path, as_version=4)


def is_saved(name: str, root: Path, path: str = "a.ipynb") -> bool:
    """Whether a notebook was written as it is."""
    return bool(on_disk(root, path)["cells"] == NOTEBOOKS[name]["cells"])


def kept() -> list[Path]:
    """Private copies of what was refused."""
    return sorted(Path(os.environ["JUPYTER_DATA_DIR"], "mlsec").rglob("*.ipynb"))


class TestWarn:
    async def test_an_event_and_nothing_else(
        self, put: Put, told: list[dict[str, Any]], jp_root_dir: Path
    ) -> None:
        (jp_root_dir / "sub").mkdir()
        status, _ = await put("in source", "sub/a.ipynb")
        assert status == 201
        await until(lambda: told)
        expected = {"path": "sub/a.ipynb", "action": "found", "rules": {"provider-token": 1}}
        assert told == [expected]
        assert is_saved("in source", jp_root_dir, "sub/a.ipynb")

    @pytest.mark.parametrize("content", ["clean", "silenced"])
    async def test_no_event(self, put: Put, told: list[dict[str, Any]], content: str) -> None:
        await put(content)
        await put("in output", "b.ipynb")
        await until(lambda: told)
        assert [event["path"] for event in told] == ["b.ipynb"]


class TestRedact:
    @pytest.fixture
    def extension_config(self) -> dict[str, Any]:
        return {"on_save": "redact"}

    async def test_outputs_lose_what_is_sensitive(
        self, put: Put, told: list[dict[str, Any]], jp_root_dir: Path
    ) -> None:
        status, _ = await put("in output")
        assert status == 201
        written = on_disk(jp_root_dir)
        no_token(written)
        assert "and more" in written["cells"][0]["outputs"][0]["text"]
        assert [c["source"] for c in written["cells"]] == ["print(t)", "1 + 1"]
        await until(lambda: told)
        assert told == [{"path": "a.ipynb", "action": "redacted", "rules": {}}]

    async def test_sources_are_the_authors_own(
        self, put: Put, told: list[dict[str, Any]], jp_root_dir: Path
    ) -> None:
        await put("in source")
        assert is_saved("in source", jp_root_dir)
        await until(lambda: told)
        assert [event["action"] for event in told] == ["found"]

    async def test_what_is_clean_stays_as_it_is(self, put: Put, jp_root_dir: Path) -> None:
        await put("clean")
        assert is_saved("clean", jp_root_dir)

    async def test_a_notebook_saved_as_text(self, put: Put, jp_root_dir: Path) -> None:
        await put("in output", kind="file")
        no_token((jp_root_dir / "a.ipynb").read_text())
        assert "and more" in (jp_root_dir / "a.ipynb").read_text()

    async def test_checkpoints_too(
        self, put: Put, jp_fetch: Callable[..., Awaitable[Any]], jp_root_dir: Path
    ) -> None:
        await put("in output")
        await jp_fetch("api", "contents", "a.ipynb", "checkpoints", method="POST", body="")
        (copy,) = jp_root_dir.rglob(".ipynb_checkpoints/*.ipynb")
        no_token(copy.read_text())

    @pytest.mark.parametrize("name", ["a.txt", "a.py"])
    async def test_other_files_are_left_alone(
        self, put: Put, told: list[dict[str, Any]], jp_root_dir: Path, name: str
    ) -> None:
        await put(f"t = '{token()}'", name, kind="file")
        assert (jp_root_dir / name).read_text().count(token()) == 1
        assert told == []


class TestRefuse:
    @pytest.fixture
    def extension_config(self) -> dict[str, Any]:
        return {"on_save": "refuse"}

    @pytest.mark.parametrize("content", ["in source", "in output"])
    async def test_nothing_is_written_and_nothing_is_lost(
        self, put: Put, told: list[dict[str, Any]], jp_root_dir: Path, content: str
    ) -> None:
        await put("clean")
        before = (jp_root_dir / "a.ipynb").read_bytes()
        status, answer = await put(content)
        assert status == 422
        assert "provider-token" in answer["message"]
        no_token(answer)
        assert (jp_root_dir / "a.ipynb").read_bytes() == before
        (copy,) = kept()
        assert str(copy) in answer["message"]
        assert (json.decode(copy.read_bytes()) == NOTEBOOKS[content]) is True
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
        assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700
        await until(lambda: told)
        rules = {"provider-token": 1}
        assert told == [{"path": "a.ipynb", "action": "refused", "rules": rules, "copy": True}]

    async def test_the_copy_goes_once_the_notebook_is_saved(self, put: Put) -> None:
        await put("in source")
        await put("in source", "b.ipynb")
        assert len(kept()) == 2
        status, _ = await put("silenced")
        assert status == 201
        assert [path.name.partition("-")[0] for path in kept()] == ["b"]

    async def test_what_is_no_notebook_yet_is_saved(self, put: Put, jp_root_dir: Path) -> None:
        status, _ = await put("{", kind="file")
        assert status == 201
        assert (jp_root_dir / "a.ipynb").read_text() == "{"


class TestNoAnswer:
    @pytest.fixture
    def extension_config(self) -> dict[str, Any]:
        return {"on_save": "refuse", "save_time_limit": 0.3}

    async def test_without_an_answer_in_time_the_save_goes_ahead(
        self,
        put: Put,
        told: list[dict[str, Any]],
        jp_root_dir: Path,
        jp_serverapp: Any,
    ) -> None:
        saving = jp_serverapp.web_app.settings["jupyter_mlsec"].saving
        saving._worker.close()
        saving._worker = worker = Worker(1.0, "tests.server.runaway")
        saving._warm()
        saving._ready.result()
        status, _ = await put("run away")
        assert status == 201
        assert is_saved("run away", jp_root_dir)
        await until(lambda: told)
        assert [event["action"] for event in told] == ["unchecked"]
        # and the next one is looked at again, by a worker that is started anew
        saving._ready.result()
        assert worker.pid is not None
        saving._app.save_time_limit = 30.0
        await put("clean")
        assert len(told) == 1


class TestOff:
    @pytest.fixture
    def extension_config(self) -> dict[str, Any]:
        return {"on_save": "off"}

    async def test_nothing_happens(
        self, put: Put, jp_root_dir: Path, told: list[dict[str, Any]]
    ) -> None:
        await put("in source")
        assert is_saved("in source", jp_root_dir)
        assert told == []


class TestPolicy:
    @pytest.fixture
    def extension_config(self) -> dict[str, Any]:
        return {"on_save": "off", "profile": "regular"}

    @pytest.fixture
    def jp_env_config_path(self, jp_env_config_path: Path) -> Path:
        folder = jp_env_config_path
        folder.mkdir(parents=True, exist_ok=True)
        policy = {
            "MlsecApp": {
                "on_save": "refuse",
                "required_rules": ["provider-token"],
                "ignored_rules": ["installs"],
            }
        }
        (folder / "jupyter_mlsec_policy.json").write_bytes(json.encode(policy))
        return folder

    async def test_the_administrators_word_is_the_last(
        self, put: Put, jp_fetch: Callable[..., Awaitable[Any]], jp_root_dir: Path
    ) -> None:
        assert (await put("in source"))[0] == 422
        (jp_root_dir / "mlsec.toml").write_text('ignore = ["secrets"]\nselect = ["outputs"]\n')
        cells = [{"id": "a", "source": f't = "{token()}"'}, {"id": "b", "source": "!pip install x"}]
        settings = {"select": ["installs"], "ignore": ["provider-token"]}
        body = json.encode({"path": "a.ipynb", "cells": cells, "settings": settings})
        response = await jp_fetch("mlsec", "api", "scan", method="POST", body=body)
        found = json.decode(response.body)["findings"]
        assert [f["rule"] for f in found] == ["provider-token"]
        health = json.decode((await jp_fetch("mlsec", "api", "health")).body)
        assert health["policy"]["onSave"] == "refuse"
        assert health["policy"]["locked"]["select"] == ["provider-token"]
