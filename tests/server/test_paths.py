"""The scan of saved files: a stream of lines, within the server's folder, until it is cancelled."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any, ClassVar

import pytest
from jupyter_server.services.contents.manager import ContentsManager
from msgspec import json
from tornado.web import HTTPError

from jupyter_mlsec.faces.server.contents import Contents
from tests.server.documents import no_token, saved, stream, token
from tests.server.live import Live

pytest_plugins = ["pytest_jupyter.jupyter_server"]

HUB = 'import torch\nm = torch.hub.load("acme/models", "small")'


@contextlib.contextmanager
def streaming(server: Live, *paths: str) -> Iterator[HTTPResponse]:
    with contextlib.closing(HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
        headers = {"Authorization": f"token {server.token}"}
        body = json.encode({"paths": paths})
        connection.request("POST", "/mlsec/api/scan/paths", body, headers)
        with contextlib.closing(connection.getresponse()) as response:
            yield response


def lines(server: Live, *paths: str) -> list[Any]:
    with streaming(server, *paths) as response:
        assert response.status == 200
        return [json.decode(line) for line in response]


def found(answer: list[Any]) -> dict[str, list[str]]:
    """Path to the rules that were found there."""
    return {
        line["findings"]["path"]: [f["rule"] for f in line["findings"]["findings"]]
        for line in answer
        if "findings" in line
    }


@pytest.fixture
def project(root: Path) -> Path:
    """Files that are scanned, and some that are not."""
    (root / "sub" / "deep").mkdir(parents=True)
    (root / "node_modules").mkdir()
    (root / "b.py").write_text(HUB)
    leak = saved("print(k)", outputs=[stream(f"{token()}\n")])
    (root / "sub" / "deep" / "a.ipynb").write_bytes(json.encode(leak))
    (root / "sub" / "requirements.txt").write_text("numpy==2.1.0\n")
    (root / "node_modules" / "c.py").write_text(HUB)
    (root / "notes.pdf").write_text(HUB)
    return root


def test_a_folder(server: Live, project: Path) -> None:
    answer = lines(server, project.name)
    name = project.name
    expected = {
        f"{name}/b.py": ["remote-module-execution"],
        f"{name}/sub/requirements.txt": [],
        f"{name}/sub/deep/a.ipynb": ["provider-token"],
    }
    assert found(answer) == expected
    assert [line["progress"]["path"] for line in answer if "progress" in line] == list(expected)
    assert [line["progress"]["done"] for line in answer if "progress" in line] == [0, 1, 2]
    done = answer[-1]["done"]
    assert (done["files"], done["cells"], done["findings"], done["errors"]) == (3, 1, 2, 0)
    no_token(answer)


def test_files_by_name_are_scanned_whatever_they_are(server: Live, project: Path) -> None:
    name = project.name
    (project / "notes.log").write_text(f"token {token()}\n")
    answer = lines(server, f"/{name}/notes.log", f"{name}/b.py", f"{name}/b.py")
    assert found(answer) == {
        f"{name}/notes.log": ["provider-token"],
        f"{name}/b.py": ["remote-module-execution"],
    }


def test_what_cannot_be_read_is_said_and_the_rest_goes_on(server: Live, project: Path) -> None:
    (project / "a.ipynb").write_text('{"cells": [')
    (project / "large.py").write_text("#" * 1_100_000)
    name = project.name
    answer = lines(server, name, f"{name}/none.py")
    errors = {e["path"]: e["message"] for line in answer if (e := line.get("error"))}
    assert set(errors) == {f"{name}/a.ipynb", f"{name}/large.py", f"{name}/none.py"}
    assert "1 MB" in errors[f"{name}/large.py"]
    assert "no such file" in errors[f"{name}/none.py"]
    assert len(found(answer)) == 3
    assert (answer[-1]["done"]["files"], answer[-1]["done"]["errors"]) == (3, 3)


@pytest.mark.parametrize("path", ["../outside.py", "/etc/passwd", "link.py", "links/outside.py"])
def test_nothing_out_of_the_servers_folder(server: Live, root: Path, path: str) -> None:
    outside = server.root.parent / "outside"
    outside.mkdir(exist_ok=True)
    (outside / "outside.py").write_text(HUB)
    (root / "link.py").symlink_to(outside / "outside.py")
    (root / "links").symlink_to(outside)
    asked = path if path.startswith("/") else f"{root.name}/{path}"
    answer = lines(server, asked)
    assert found(answer) == {}
    assert [line["error"]["path"] for line in answer if "error" in line] == [asked.strip("/")]
    # nor by the way, where the folder is walked
    assert found(lines(server, root.name)) == {}
    status, _ = server.api("strip/preview", {"path": asked})
    assert status == 404


def test_what_git_and_the_configuration_leave_out(server: Live, root: Path) -> None:
    left_out = ["ignored.py", "made/a.py", "sub/own.py", "vendor/a.py", "venv/a.py"]
    scanned = ["a.py", "sub/kept.py"]
    for name in (*left_out, *scanned):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(HUB)
    (root / ".git").mkdir()
    (root / ".gitignore").write_text("ignored.py\nmade/\nkept.py\n")
    (root / "sub" / ".gitignore").write_text("own.py\n!kept.py\n")
    (root / "mlsec.toml").write_text('exclude = ["vendor"]\n')
    (root / "venv" / "pyvenv.cfg").write_text("home = /usr\n")
    assert {*found(lines(server, root.name))} == {f"{root.name}/{name}" for name in scanned}
    # what is asked for by its name is scanned
    asked = [f"{root.name}/{name}" for name in ("ignored.py", "made", "venv")]
    wanted = {f"{root.name}/{name}" for name in ("ignored.py", "made/a.py", "venv/a.py")}
    assert {*found(lines(server, *asked))} == wanted


def test_links_within_the_folder_are_followed(server: Live, root: Path) -> None:
    (root / "a.py").write_text(HUB)
    (root / "b.py").symlink_to(root / "a.py")
    (root / "round").symlink_to(root)
    assert f"{root.name}/b.py" in found(lines(server, root.name))


def test_progress_comes_while_the_scan_goes_on(server: Live, root: Path) -> None:
    for number in range(50):
        (root / f"{number:02}.py").write_text(HUB * 100)
    with streaming(server, root.name) as response:
        first = json.decode(response.readline())
        assert first["progress"] == {"done": 0, "total": 50, "path": f"{root.name}/00.py"}
        rest = [json.decode(line) for line in response]
    assert rest[-1]["done"]["files"] == 50


def ticks(server: Live) -> int:
    """The processor time that the server's workers have used, in hundredths of a second."""
    used = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == server.process.pid:
                used += int(fields[11])
    return used


def test_closing_the_connection_cancels(server: Live, root: Path) -> None:
    for number in range(400):
        (root / f"{number:03}.py").write_text(f"# {number}\n{HUB}\n" * 500)
    with streaming(server, root.name) as response:
        assert json.decode(response.readline())["progress"]["total"] == 400
    time.sleep(0.5)  # for the file under way
    before = ticks(server)
    time.sleep(0.5)
    assert ticks(server) - before <= 2


class Memory(ContentsManager):
    """Notebooks and a text that are no files."""

    tree: ClassVar[dict[str, Any]] = {
        "a.ipynb": saved("print(k)", outputs=[stream(f"{token()}\n")]),
        "folder/b.py": HUB,
    }

    def get(self, path: str, content: bool = True, type: Any = None, format: Any = None) -> Any:
        path = path.strip("/")
        if path in ("", "folder"):
            prefix = f"{path}/" if path else ""
            names = {k[len(prefix) :].split("/")[0] for k in self.tree if k.startswith(prefix)}
            inner = [self.get(prefix + name, content=False) for name in sorted(names)]
            return self._model(path, "directory", inner if content else None)
        if path not in self.tree or (type == "file" and path.endswith(".ipynb")):
            raise HTTPError(404 if path not in self.tree else 400)
        kind = "notebook" if path.endswith(".ipynb") else "file"
        return self._model(path, kind, self.tree[path] if content else None)

    def _model(self, path: str, kind: str, content: Any) -> dict[str, Any]:
        name = path.rpartition("/")[2]
        return {"name": name, "path": path, "type": kind, "content": content, "format": "text"}


async def test_contents_that_are_no_files(
    jp_serverapp: Any, jp_fetch: Callable[..., Awaitable[Any]]
) -> None:
    jp_serverapp.web_app.settings["jupyter_mlsec"].contents = Contents(Memory(), 1)
    response = await jp_fetch("mlsec", "api", "scan", "paths", method="POST", body="{}")
    answer = [json.decode(line) for line in response.body.splitlines()]
    assert found(answer) == {
        "a.ipynb": ["provider-token"],
        "folder/b.py": ["remote-module-execution"],
    }
    body = json.encode({"path": "a.ipynb"})
    response = await jp_fetch("mlsec", "api", "strip", "preview", method="POST", body=body)
    no_token(json.decode(response.body)["after"])


def test_exclude_of_the_servers_folder(server: Live, project: Path) -> None:
    settings = server.root / "mlsec.toml"
    settings.write_text(f'exclude = ["{project.name}/sub"]\n')
    try:
        deadline = time.monotonic() + 20
        while set(found(lines(server, project.name))) != {f"{project.name}/b.py"}:
            assert time.monotonic() < deadline
    finally:
        settings.unlink()
