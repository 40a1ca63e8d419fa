"""Engines that make credentials, against a real server and a real database."""

import time
from collections.abc import Iterator

import pytest

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.reference import parse
from tests.credentials.vault import engines, postgres
from tests.credentials.vault.conftest import Open
from tests.credentials.vault.server import Server

LOGIN = parse("database/creds/ro")


@pytest.fixture(scope="module")
def database(server: Server) -> Iterator[postgres.Database]:
    with postgres.running() as one:
        one.mount(server)
        yield one
        server("DELETE", "sys/mounts/database")


class TestDatabase:
    def test_a_login_of_its_own_ends_when_it_is_revoked(
        self, opened: Open, database: postgres.Database
    ) -> None:
        vault = opened()
        first, second = vault.get(LOGIN), vault.get(LOGIN)
        assert set(first.data) == {"username", "password"}
        assert first.data["username"] != second.data["username"]
        assert not database.refuses(**_login(first.data))
        assert first.lease is not None
        assert first.lease.renewable
        assert first.lease.seconds == 3600
        vault.revoke(first.lease.id)
        assert database.refuses(**_login(first.data))
        assert not database.refuses(**_login(second.data))
        vault.close()
        assert database.refuses(**_login(second.data))

    def test_the_lease_is_renewed(
        self, opened: Open, server: Server, database: postgres.Database
    ) -> None:
        role = server("GET", "database/roles/ro")["data"]
        server("POST", "database/roles/short", {**role, "default_ttl": 2})
        vault = opened()
        made = vault.get(parse("database/creds/short"))
        time.sleep(2.7)
        assert not database.refuses(**_login(made.data))

    def test_a_role_that_is_not_there(self, opened: Open, database: postgres.Database) -> None:
        with pytest.raises(MlsecError) as caught:
            opened().get(parse("database/creds/nobody"))
        assert "database/creds/nobody" in caught.value.full

    def test_one_key_of_a_login(self, opened: Open, database: postgres.Database) -> None:
        made = opened().get(parse("database/creds/ro#password"))
        assert list(made.data) == ["password"]
        assert made.lease is not None


def _login(data: object) -> dict[str, str]:
    assert isinstance(data, dict) or hasattr(data, "keys")
    return {"user": data["username"], "password": data["password"]}  # type: ignore[index]


@pytest.mark.parametrize(
    ("call", "mount", "name", "said"),
    [
        ("decrypt", "transit", "none", "transit/decrypt/none"),
        ("certificate", "pki", "web", "pki/issue/web"),
        ("certificate", "nowhere", "web", "nowhere/issue/web"),
        ("revoke", "auth/token", "me", "no such engine"),
        ("unwrap", "transit", "k", "no such engine"),
        ("encrypt", "transit", "../../sys/policy", "not a reference"),
    ],
)
def test_what_no_engine_does_is_one_line(
    opened: Open, server: Server, call: str, mount: str, name: str, said: str
) -> None:
    """What they do is tested in a kernel, in tests/credentials/kernel/test_vault.py."""
    engines.mount(server)
    with pytest.raises(MlsecError) as caught:
        opened().engine(call, mount, name, {"common_name": "elsewhere.test", "ciphertext": "x"})
    assert said in caught.value.full
    assert "internal error" not in caught.value.full


def test_cubbyhole(opened: Open) -> None:
    vault = opened()
    assert vault.put(parse("cubbyhole/mine#k"), "value") == 1
    assert vault.get(parse("cubbyhole/mine#k")).data == {"k": "value"}


def test_namespaces(opened: Open, server: Server) -> None:
    server("POST", "sys/namespaces/team")
    inside = {"X-Vault-Namespace": "team"}
    server("POST", "sys/mounts/kv", {"type": "kv", "options": {"version": "2"}}, headers=inside)
    vault = opened(VAULT_TOKEN=server.root, VAULT_NAMESPACE="team")
    vault.put(parse("kv/inner#k"), "value")
    assert vault.get(parse("kv/inner#k")).data == {"k": "value"}
    with pytest.raises(MlsecError, match="nothing at kv/inner"):
        opened().get(parse("kv/inner#k"))
