"""Engines that make credentials, against a real server and a real database."""

import secrets
import time
from collections.abc import Iterator

import pytest

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.reference import parse
from tests.credentials.vault import postgres
from tests.credentials.vault.conftest import Open
from tests.credentials.vault.server import Server

LOGIN = parse("database/creds/ro")


@pytest.fixture(scope="module")
def database(server: Server) -> Iterator[postgres.Database]:
    if not postgres.INSTALLED:
        pytest.skip("no PostgreSQL is installed (initdb and pg_ctl in PATH)")
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


def test_transit(opened: Open, server: Server) -> None:
    server("POST", "sys/mounts/transit", {"type": "transit"})
    server("POST", "transit/keys/k")
    vault = opened()
    plain = secrets.token_bytes()
    sealed = vault.engine("encrypt", "k", plain)
    assert sealed.startswith("vault:v1:")
    assert vault.engine("decrypt", "k", sealed) == plain
    with pytest.raises(MlsecError):
        vault.engine("decrypt", "k", "vault:v1:AAAA")


def test_pki(opened: Open, server: Server) -> None:
    server("POST", "sys/mounts/pki", {"type": "pki"})
    server("POST", "pki/root/generate/internal", {"common_name": "ca", "ttl": "8760h"})
    server("POST", "pki/roles/web", {"allowed_domains": "example.com", "allow_subdomains": True})
    made = opened().engine("certificate", "web", "nb.example.com", ttl="1h")
    assert made.data["certificate"].startswith("-----BEGIN CERTIFICATE")
    assert "PRIVATE KEY" in made.data["private_key"].splitlines()[0]
    with pytest.raises(MlsecError, match="pki/issue/web"):
        opened().engine("certificate", "web", "elsewhere.test")


def test_totp_is_the_code_of_rfc_6238(opened: Open, server: Server) -> None:
    import hmac
    from base64 import b32encode

    key = secrets.token_bytes(20)
    server("POST", "sys/mounts/totp", {"type": "totp"})
    body = {"key": b32encode(key).decode(), "account_name": "me", "issuer": "t"}
    server("POST", "totp/keys/me", body)

    def code(step: int) -> str:
        digest = hmac.digest(key, step.to_bytes(8, "big"), "sha1")
        at = digest[-1] & 15
        return f"{(int.from_bytes(digest[at : at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"

    now = int(time.time()) // 30
    given = opened().engine("totp", "me")
    assert given in (code(now), code(now + 1))
    assert opened().get(parse("totp/code/me#code")).data["code"] in (code(now), code(now + 1))


def test_ssh(opened: Open, server: Server) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519

    key = ed25519.Ed25519PrivateKey.generate().public_key()
    public = key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    server("POST", "sys/mounts/ssh", {"type": "ssh"})
    server("POST", "ssh/config/ca", {"generate_signing_key": True, "key_type": "ed25519"})
    role = {"key_type": "ca", "allow_user_certificates": True, "allowed_users": "*"}
    server("POST", "ssh/roles/user", {**role, "default_user": "me", "ttl": "1h"})
    server(
        "POST",
        "ssh/roles/otp",
        {"key_type": "otp", "default_user": "me", "cidr_list": "::/0,0.0.0.0/0"},
    )
    signed = opened().engine("ssh_sign", "user", public.decode())
    assert signed.startswith("ssh-ed25519-cert-v01@openssh.com ")
    assert opened().engine("ssh_otp", "otp", "127.0.0.1")


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
