"""The broker in a Jupyter server, with real kernels and a real Vault."""

import json
import os
import secrets
from collections.abc import Awaitable, Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlsec.credentials import audit
from jupyter_mlsec.credentials.reference import parse
from jupyter_mlsec.credentials.vault.provider import VaultProvider
from tests.credentials.vault.server import Server, running

pytest_plugins = ["pytest_jupyter.jupyter_server"]

Fetch = Callable[..., Awaitable[Any]]
REFERENCE = "kv/nb#k"


@pytest.fixture(scope="module")
def vault() -> Iterator[Server]:
    with running() as one:
        one.policy("broker", "kv/*: create read update list", "auth/token/create: update")
        yield one


@pytest.fixture
def value(vault: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A secret in the server's Vault; the server, and it alone, has the login."""
    made = secrets.token_hex()
    for name, text in (
        ("VAULT_ADDR", vault.address),
        ("VAULT_TOKEN", vault.token("broker")),
        ("MLSEC_AUDIT_LOG", str(tmp_path / "audit.jsonl")),
        ("XDG_DATA_HOME", str(tmp_path / "data")),
    ):
        monkeypatch.setenv(name, text)
    provider = VaultProvider()
    provider.put(parse(REFERENCE), made)
    provider.close()
    return made


@pytest.fixture
def secrets_config() -> dict[str, Any]:
    """Settings of the broker, for a test to override."""
    return {"default": "allow"}


@pytest.fixture
def jp_server_config(
    value: str, jp_server_config: dict[str, Any], secrets_config: dict[str, Any]
) -> dict[str, Any]:
    return {**jp_server_config, "MlsecSecrets": secrets_config}


class Session:
    """A notebook's kernel, as JupyterLab starts it."""

    def __init__(self, fetch: Fetch, app: Any) -> None:
        self._fetch = fetch
        self._app = app
        self.kernel = ""
        self.id = ""

    async def start(self, path: str) -> None:
        body = {"path": path, "name": path, "type": "notebook", "kernel": {"name": "python3"}}
        answer = await self._fetch("api", "sessions", method="POST", body=json.dumps(body))
        model = json.loads(answer.body)
        self.id, self.kernel = model["id"], model["kernel"]["id"]

    async def run(self, code: str) -> str:
        """What a cell prints; the name and text of its error if it has one."""
        client = self._app.kernel_manager.get_kernel(self.kernel).client()
        client.start_channels()
        printed: list[str] = []

        def hear(message: dict[str, Any]) -> None:
            content = message["content"]
            if message["header"]["msg_type"] == "stream":
                printed.append(content["text"])
            if message["header"]["msg_type"] == "error":
                printed.append(f"{content['ename']}: {content['evalue']}")

        try:
            await client.wait_for_ready(timeout=60)
            await client.execute_interactive(code, output_hook=hear, timeout=60)
        finally:
            client.stop_channels()
        return "".join(printed)

    async def end(self) -> None:
        await self._fetch("api", "sessions", self.id, method="DELETE")


def digest(text: str) -> str:
    """Of a form that the redactor does not know: a plain digest of a secret is masked too."""
    return sha256(f"salt {text}".encode()).hexdigest()


CODE = f"""
from hashlib import sha256
from jupyter_mlsec import secret
print(sha256(("salt " + secret({REFERENCE!r})).encode()).hexdigest())
"""


async def test_a_kernel_has_the_secret_and_no_login(
    jp_fetch: Fetch, jp_serverapp: Any, value: str, vault: Server
) -> None:
    session = Session(jp_fetch, jp_serverapp)
    await session.start("a.ipynb")
    assert await session.run(CODE) == digest(value) + "\n"
    found = "import os, sys; print([n for n in os.environ if 'PASS' in n or 'TOKEN' in n])"
    assert await session.run(found) == "[]\n"
    assert await session.run("print('hvac' in sys.modules)") == "False\n"
    shown = await session.run(f"s = secret({REFERENCE!r}); print(s + ''); s")
    assert value not in shown
    # a restarted kernel is the same one
    await jp_serverapp.kernel_manager.restart_kernel(session.kernel)
    assert await session.run(CODE) == digest(value) + "\n"
    lines = audit.last(10)
    assert {(one["event"], one["notebook"], one["reference"]) for one in lines} == {
        ("fetch", "a.ipynb", REFERENCE)
    }
    assert len(lines) == 3  # the broker's alone
    broker = jp_serverapp.web_app.settings["jupyter_mlsec"].broker
    (connection,) = broker._connections
    (token,) = connection.providers["vault"].tokens()
    assert token != os.environ["VAULT_TOKEN"]
    await session.end()
    for _ in range(100):
        if vault.refuses("GET", "auth/token/lookup-self", token=token):
            break
    assert vault.refuses("GET", "auth/token/lookup-self", token=token)
    assert broker._connections == set()


@pytest.mark.parametrize("secrets_config", [{"default": "ask"}])
async def test_a_grant_is_asked_for_and_given(
    jp_fetch: Fetch, jp_serverapp: Any, value: str
) -> None:
    session = Session(jp_fetch, jp_serverapp)
    await session.start("b.ipynb")
    assert "b.ipynb has not been granted kv/nb#k yet" in await session.run(CODE)
    route = ("mlsec", "api", "grants")
    asked = json.loads((await jp_fetch(*route)).body)
    one = {"notebook": "b.ipynb", "reference": REFERENCE}
    assert asked == {"grants": [], "waiting": [{**one, "allow": None}], "default": "ask"}
    await jp_fetch(*route, method="POST", body=json.dumps({**one, "allow": True}))
    assert await session.run(CODE) == digest(value) + "\n"
    given = json.loads((await jp_fetch(*route)).body)
    assert given == {"grants": [{**one, "allow": True}], "waiting": [], "default": "ask"}
    await jp_fetch(*route, method="POST", body=json.dumps({**one, "allow": None}))
    assert "has not been granted" in await session.run(CODE)
    await session.end()
