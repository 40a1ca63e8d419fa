"""TLS: the server's certificate checked, the client's own as a login."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.reference import parse
from jupyter_mlsec.credentials.vault.provider import VaultProvider
from tests.credentials.vault import certificates
from tests.credentials.vault.server import Server, running
from tests.credentials.vault.test_failures import scripted

REFERENCE = parse("kv/a#k")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with running(folder) as one:
        one("POST", "kv/data/a", {"data": {"k": "value"}})
        yield one


@pytest.fixture
def ca(folder: Path) -> str:
    (found,) = folder.glob("*-ca.pem")
    return str(found)


def opened(server: Server, **variables: str) -> VaultProvider:
    known = {"VAULT_ADDR": server.address, "VAULT_TOKEN": server.root, "HOME": "/nonexistent"}
    return VaultProvider({**known, **variables})


@pytest.mark.parametrize("name", ["VAULT_CACERT", "BAO_CACERT"])
def test_the_known_ca_is_trusted(server: Server, ca: str, name: str) -> None:
    assert opened(server, **{name: ca}).get(REFERENCE).data == {"k": "value"}


def test_an_unknown_ca_is_not(server: Server) -> None:
    with pytest.raises(MlsecError, match="signed by no known CA") as caught:
        opened(server).get(REFERENCE)
    assert caught.value.hint == "name the file of the CA that signed it in VAULT_CACERT"


def test_another_name_is_not(server: Server, tmp_path: Path) -> None:
    certificate, key = certificates.made("other.example", ExtendedKeyUsageOID.SERVER_AUTH)
    (tmp_path / "c.pem").write_text(certificate)
    (tmp_path / "k.pem").write_text(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "c.pem", tmp_path / "k.pem")
    with scripted(tls=context) as (address, _):
        vault = opened(server, VAULT_ADDR=address, VAULT_CACERT=str(tmp_path / "c.pem"))
        with pytest.raises(MlsecError, match="is for another name"):
            vault.get(REFERENCE)


def test_a_ca_file_that_is_not_there(server: Server) -> None:
    with pytest.raises(MlsecError, match="VAULT_CACERT"):
        opened(server, VAULT_CACERT="/nonexistent/ca.pem").get(REFERENCE)


def test_https_to_a_plain_port(server: Server) -> None:
    with running() as plain, pytest.raises(MlsecError, match="no TLS with Vault at"):
        opened(plain, VAULT_ADDR=plain.address.replace("http:", "https:")).get(REFERENCE)


def test_an_environment_for_requests_changes_nothing(
    server: Server, ca: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent/bundle.pem")
    assert opened(server, VAULT_CACERT=ca).get(REFERENCE).data == {"k": "value"}
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", ca)
    with pytest.raises(MlsecError, match="signed by no known CA"):
        opened(server).get(REFERENCE)


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_verification_is_skipped_only_where_that_is_allowed(server: Server) -> None:
    allowed = opened(server, VAULT_SKIP_VERIFY="1", MLSEC_ALLOW_SKIP_VERIFY="1")
    assert allowed.get(REFERENCE).data == {"k": "value"}
    with pytest.raises(MlsecError, match="VAULT_SKIP_VERIFY is refused"):
        opened(server, VAULT_SKIP_VERIFY="1").get(REFERENCE)


def test_login_by_certificate(server: Server, ca: str, tmp_path: Path) -> None:
    certificate, key = certificates.made("notebook")
    (tmp_path / "c.pem").write_text(certificate)
    (tmp_path / "k.pem").write_text(key)
    server.policy("reader", "kv/data/*: read")
    server("POST", "sys/auth/cert", {"type": "cert"})
    server("POST", "auth/cert/certs/nb", {"certificate": certificate, "token_policies": "reader"})
    vault = opened(
        server,
        VAULT_TOKEN="",
        VAULT_CACERT=ca,
        VAULT_CLIENT_CERT=str(tmp_path / "c.pem"),
        VAULT_CLIENT_KEY=str(tmp_path / "k.pem"),
    )
    assert vault.get(REFERENCE).data == {"k": "value"}
    assert vault.status()["source"] == "the login by cert"
    vault.close()
