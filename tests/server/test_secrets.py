"""Secrets in a Jupyter server: kernels ask the broker, and what it gives out does not come back.

The kernels here have loaded nothing of ours: the line between kernel and browser holds alone.
"""

from __future__ import annotations

import asyncio
import os
import sys
import uuid
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import nbformat
import pytest
from jupyter_server.services.kernels.connection.base import deserialize_msg_from_ws_v1
from msgspec import json
from tornado.websocket import WebSocketClientConnection, websocket_connect

from jupyter_mlsec.core.formats import sample
from tests.server.documents import no_token, saved, stream, token

pytest_plugins = ["pytest_jupyter.jupyter_server"]

NAME = "MLSEC_TEST_DEMO"
REFERENCE = f"env://{NAME}"
MASK = f"[SECRET:{REFERENCE}]"
FETCH = f"""
from jupyter_mlsec.credentials.broker.client import find
from jupyter_mlsec.credentials.reference import parse
broker = find()
value = broker.get(parse({REFERENCE!r})).data[{NAME!r}]
"""

BASH = (
    "echo $NAME >&2",
    "echo ${NAME:1}",
    "env",
    "printf %s $NAME | base64",
    "printf %s $NAME | rev",
    "printf %s $NAME | od -An -tx1",
    "printf %s $NAME | sed 's/./& /g'",
    "printf %s $NAME | fold -w 1",
    "for i in 0 12 24; do printf %s ${NAME:i:12}; sleep 0.05; done",
    "cat /nowhere/$NAME",
)  # fmt: skip

Fetch = Callable[..., Awaitable[Any]]


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(NAME, token())
    monkeypatch.setenv("MLSEC_AUDIT_LOG", str(tmp_path / "audit.jsonl"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def bash(jp_data_dir: Path) -> None:
    """A kernel that is no Python."""
    folder = jp_data_dir / "kernels" / "bash"
    folder.mkdir(parents=True)
    argv = [sys.executable, "-m", "bash_kernel", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Bash", "language": "bash"}
    (folder / "kernel.json").write_bytes(json.encode(spec))


class Kernel:
    """A kernel, as a browser sees it through its websocket."""

    def __init__(self, connection: WebSocketClientConnection, kernel: str, packed: bool) -> None:
        self.id = kernel
        self._connection = connection
        self._packed = packed

    async def run(self, code: str) -> list[dict[str, Any]]:
        """Run code; all messages that come back until it is done."""
        number = uuid.uuid4().hex
        header = {"msg_id": number, "msg_type": "execute_request", "username": "", "session": "s",
                  "version": "5.3", "date": "2026-01-01T00:00:00Z"}  # fmt: skip
        content = {"code": code, "silent": False, "store_history": True, "stop_on_error": True}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        if self._packed:
            await self._connection.write_message(_packed(message), binary=True)
        else:
            await self._connection.write_message(json.encode({**message, "channel": "shell"}))
        found = []
        done: set[str] = set()
        while done != {"idle", "reply"}:
            raw = await asyncio.wait_for(self._connection.read_message(), 60)
            assert raw is not None
            one = self._unpacked(raw)
            if one["parent_header"].get("msg_id") != number:
                continue
            found.append(one)
            kind = one["header"]["msg_type"]
            if kind == "execute_reply":
                done.add("reply")
            if one["content"].get("execution_state") == "idle":
                done.add("idle")
        return found

    def _unpacked(self, raw: Any) -> dict[str, Any]:
        if not self._packed:
            return dict(json.decode(raw))
        _, parts = deserialize_msg_from_ws_v1(raw)
        header, parent, metadata, content = (json.decode(part) for part in parts[:4])
        return {"header": header, "parent_header": parent, "metadata": metadata, "content": content}


def _packed(message: dict[str, Any]) -> bytes:
    parts = [json.encode(message[n]) for n in ("header", "parent_header", "metadata", "content")]
    pieces = [b"shell", *parts]
    count = len(pieces) + 1
    at = 8 * (count + 1)
    offsets = [at]
    for piece in pieces:
        at += len(piece)
        offsets.append(at)
    numbers = [count, *offsets]
    return b"".join(n.to_bytes(8, "little") for n in numbers) + b"".join(pieces)


def printed(messages: list[dict[str, Any]]) -> str:
    return "".join(m["content"]["text"] for m in messages if m["header"]["msg_type"] == "stream")


def problems(messages: list[dict[str, Any]]) -> list[str]:
    return [m["content"]["evalue"] for m in messages if m["header"]["msg_type"] == "error"]


Start = Callable[..., Awaitable[Kernel]]


@pytest.fixture
def start(
    jp_fetch: Fetch,
    jp_http_port: int,
    jp_base_url: str,
    jp_auth_header: dict[str, str],
    jp_asyncio_loop: asyncio.AbstractEventLoop,
) -> Iterator[Start]:
    """Start a kernel and connect to it; all are stopped at the end."""
    from tornado.httpclient import HTTPRequest

    kernels: list[Kernel] = []

    async def begin(name: str = "python3", packed: bool = True) -> Kernel:
        response = await jp_fetch(
            "api", "kernels", method="POST", body=json.encode({"name": name}).decode()
        )
        kernel = json.decode(response.body)["id"]
        url = f"ws://localhost:{jp_http_port}{jp_base_url}api/kernels/{kernel}/channels"
        request = HTTPRequest(url, headers=jp_auth_header)
        protocols = ["v1.kernel.websocket.jupyter.org"] if packed else None
        connection = await websocket_connect(request, subprotocols=protocols)
        kernels.append(Kernel(connection, kernel, packed))
        return kernels[-1]

    async def stop() -> None:
        for kernel in kernels:
            kernel._connection.close()
            await jp_fetch("api", "kernels", kernel.id, method="DELETE", raise_error=False)

    yield begin
    jp_asyncio_loop.run_until_complete(stop())


@pytest.mark.parametrize("packed", [True, False], ids=["packed", "older protocol"])
async def test_what_a_kernel_was_given_does_not_reach_the_browser(
    start: Start, packed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    kernel = await start(packed=packed)
    assert problems(await kernel.run(FETCH)) == []
    for code in (
        "print('it is', value + '', flush=True)",
        "import sys; print(value[:9], end='', flush=True); print(value[9:], flush=True)",
        "value + ''",
        "from IPython.display import HTML; HTML(f'<b>{value}</b>')",
        "print(list(value))",
        "import base64; print(base64.b64encode(value.encode()).decode())",
        "raise ValueError(value)",
        "int(value)",
        "get_ipython().set_next_input(value)",
    ):
        messages = await kernel.run(code)
        no_token(messages)
        assert "SECRET:" in str(messages), code
    assert printed(await kernel.run("print('it is', len(value))")) == f"it is {len(token())}\n"
    assert "execute_input" in caplog.text  # the server's log, with all that it can tell
    no_token(caplog.text)


@pytest.mark.usefixtures("bash")
async def test_a_kernel_of_another_language(start: Start) -> None:
    python = await start()
    bash = await start("bash")
    before = printed(await bash.run(f"echo it is ${NAME}"))
    assert (before == f"it is {token()}\n") is True  # nobody knows yet that it is a secret
    await python.run(FETCH)
    after = printed(await bash.run(f"echo it is ${NAME}"))
    no_token(after)
    assert after == f"it is {MASK}\n"
    for cell in BASH:
        messages = await bash.run(cell.replace("NAME", NAME))
        no_token(messages)
        assert MASK in str(messages), cell


async def test_a_held_back_end_comes_before_what_follows(start: Start) -> None:
    kernel = await start()
    await kernel.run(FETCH)
    code = (
        "import sys\nfor part in ('a ', value[:6], '!\\n', 'b\\n'): print(part, end='', flush=True)"
    )
    assert (printed(await kernel.run(code)) == f"a {token()[:6]}!\nb\n") is True


@pytest.mark.skipif(os.name != "posix", reason="no select on pipes")
async def test_what_goes_past_all_messages_to_the_server_s_terminal(
    start: Start, jp_fetch: Fetch, capfd: pytest.CaptureFixture[str]
) -> None:
    kernel = await start()
    await jp_fetch("api", "kernels", kernel.id, "restart", method="POST", body="")
    await kernel.run(FETCH)
    await kernel.run(
        "import os, subprocess\nfor at in (1, 2): os.write(at, f'{at}: {value}.\\n'.encode())\n"
        "_ = subprocess.run(['cat'], input=value.encode() + b'..\\n')"
    )
    shown = ""
    for _ in range(100):
        read = capfd.readouterr()
        shown += read.out + read.err
        if shown.count(MASK) == 3:
            break
        await asyncio.sleep(0.05)
    no_token(shown)
    for line in (f"1: {MASK}.\n", f"2: {MASK}.\n", f"{MASK}..\n"):
        assert line in shown


async def test_saved_outputs_are_masked(start: Start, jp_fetch: Fetch, jp_root_dir: Path) -> None:
    await (await start()).run(FETCH)
    content = saved("print(v)  # x", outputs=[stream(f"{token()}\nok\n")])
    content["metadata"]["note"] = {"deep": [token()]}
    body = json.encode({"type": "notebook", "content": content})
    await jp_fetch("api", "contents", "a.ipynb", method="PUT", body=body)
    await jp_fetch("api", "contents", "a.ipynb", "checkpoints", method="POST", body="")
    for path in (jp_root_dir / "a.ipynb", *jp_root_dir.rglob(".ipynb_checkpoints/*.ipynb")):
        no_token(path.read_text())
        written = nbformat.read(path, as_version=4)
        assert written["cells"][0]["outputs"][0]["text"] == f"{MASK}\nok\n"
        assert written["cells"][0]["source"] == "print(v)  # x"


class TestGrants:
    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any]) -> dict[str, Any]:
        return {**jp_server_config, "MlsecSecrets": {"default": "ask"}}

    async def test_asked_for_granted_and_revoked(self, start: Start, jp_fetch: Fetch) -> None:
        async def grants(body: Any = None) -> Any:
            response = await jp_fetch(
                *("mlsec", "api", "grants"),
                method="GET" if body is None else "POST",
                body=None if body is None else json.encode(body),
            )
            return json.decode(response.body)

        kernel = await start()
        refused = await kernel.run(FETCH)
        assert "has not been granted" in str(refused)
        asked = {"notebook": "", "reference": REFERENCE, "allow": None}
        assert (await grants())["waiting"] == [asked]
        await grants({**asked, "allow": True})
        given = {"grants": [{**asked, "allow": True}], "waiting": [], "default": "ask"}
        assert await grants() == given
        again = "value = broker.get(parse('" + REFERENCE + f"')).data[{NAME!r}]; print(len(value))"
        assert printed(await kernel.run(again)) == f"{len(token())}\n"
        await grants(asked)
        assert "has not been granted" in str(await kernel.run(again))
        response = await jp_fetch("mlsec", "api", "audit")
        entries = json.decode(response.body)["entries"]
        no_token(entries)
        assert [e["event"] for e in entries] == ["refusal", "grant", "fetch", "revoke", "refusal"]


async def test_a_value_is_put_and_only_its_name_comes_back(
    jp_fetch: Fetch, jp_root_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = jp_root_dir / "secrets.env"
    file.write_text("")
    value = sample("{an:32}", Random(3))
    reference = f"dotenv://{file}#API_KEY"
    body = json.encode({"reference": reference, "value": value})
    response = await jp_fetch("mlsec", "api", "secrets", method="POST", body=body)
    assert (value in file.read_text()) is True
    assert (value.encode() in response.body) is False
    response = await jp_fetch("mlsec", "api", "secrets", params={"prefix": f"dotenv://{file}#"})
    assert (value.encode() in response.body) is False
    assert "API_KEY" in str(json.decode(response.body)["names"])
    # and from then on it is masked
    content = saved("x", outputs=[stream(f"{value}\n")])
    body = json.encode({"type": "notebook", "content": content})
    await jp_fetch("api", "contents", "a.ipynb", method="PUT", body=body)
    assert (value in (jp_root_dir / "a.ipynb").read_text()) is False


async def test_a_store_that_is_none(jp_fetch: Fetch) -> None:
    body = json.encode({"reference": "nonsense://x", "value": token()})
    response = await jp_fetch(
        "mlsec", "api", "secrets", method="POST", body=body, raise_error=False
    )
    assert response.code == 400
    no_token(response.body)


def test_the_worker_that_scans_gets_no_pass() -> None:
    from jupyter_mlsec.credentials.broker.client import PASS
    from jupyter_mlsec.faces.server.pool import _is_private

    assert _is_private(PASS)
    assert "PATH" in os.environ
    assert not _is_private("PATH")
