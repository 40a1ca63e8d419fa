"""Stores behind an API: AWS against moto's server, the others against stand-ins."""

import json
import secrets
import ssl
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.aws import ParameterStoreProvider, SecretsManagerProvider
from jupyter_mlsec.credentials.hosted import DatabricksProvider
from jupyter_mlsec.credentials.kubernetes import KubernetesProvider
from jupyter_mlsec.credentials.reference import parse
from tests.credentials.vault import certificates
from tests.credentials.vault.server import free_port
from tests.credentials.vault.test_failures import scripted


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", free_port(), verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


class TestAws:
    @pytest.fixture(autouse=True)
    def login(self, moto: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        for name, value in (
            ("AWS_ENDPOINT_URL", moto),
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_CONFIG_FILE", str(tmp_path / "config")),
            ("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials")),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ):
            monkeypatch.setenv(name, value)

    def test_secrets_manager(self) -> None:
        provider = SecretsManagerProvider()
        value, other = secrets.token_hex(), secrets.token_hex()
        with pytest.raises(MlsecError, match="AWS has nothing called ml/openai here"):
            provider.get(parse("aws-sm://ml/openai#key"))
        assert provider.put(parse("aws-sm://ml/openai#key"), value, 0) == 1
        provider.put(parse("aws-sm://ml/openai#org"), other)
        assert provider.get(parse("aws-sm://ml/openai#key")).data == {"key": value}
        assert provider.get(parse("aws-sm://ml/openai")).data == {"key": value, "org": other}
        with pytest.raises(MlsecError, match="exists already"):
            provider.put(parse("aws-sm://ml/openai#key"), other, 0)
        said = _full(provider, "aws-sm://ml/openai#kye")
        assert said == "ml/openai has no key 'kye'; it has key"
        assert provider.list("ml/") == ["aws-sm://ml/openai"]
        assert provider.list("ml/openai#k") == ["aws-sm://ml/openai#key"]

    def test_secrets_manager_plain_text(self) -> None:
        provider = SecretsManagerProvider()
        provider.put(parse("aws-sm://plain"), "just text")
        assert provider.get(parse("aws-sm://plain")).data == {"plain": "just text"}
        for call in (provider.get, lambda ref: provider.put(ref, "x")):
            with pytest.raises(MlsecError, match="plain text and has no keys"):
                call(parse("aws-sm://plain#key"))

    def test_parameter_store(self) -> None:
        provider = ParameterStoreProvider()
        value = secrets.token_hex()
        reference = parse("aws-ssm://ml/openai")
        with pytest.raises(MlsecError, match="nothing called /ml/openai"):
            provider.get(reference)
        assert provider.put(reference, "old", 0) == 1
        assert provider.put(reference, value) == 2
        found = provider.get(reference)
        assert found.data == {"openai": value}
        assert found.version == 2
        with pytest.raises(MlsecError, match="exists already"):
            provider.put(reference, "new", 0)
        assert provider.list() == ["aws-ssm://ml/openai"]

    @pytest.mark.parametrize(
        ("without", "line"),
        [
            ("AWS_ACCESS_KEY_ID", "no AWS login is set up; run `aws configure`"),
            ("AWS_DEFAULT_REGION", "no AWS region is set; set AWS_DEFAULT_REGION"),
        ],
    )
    def test_what_is_not_set_up(
        self, monkeypatch: pytest.MonkeyPatch, without: str, line: str
    ) -> None:
        monkeypatch.delenv(without)
        if without == "AWS_ACCESS_KEY_ID":
            monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        assert line in _full(SecretsManagerProvider(), "aws-sm://a#b")

    @pytest.mark.parametrize(
        ("code", "line"),
        [
            ("AccessDeniedException", "does not let this login do that with a; ask for secrets"),
            ("ExpiredTokenException", "the AWS login has expired; log in again"),
            ("SomethingElse", "(SomethingElse)"),
        ],
    )
    def test_refusals(self, monkeypatch: pytest.MonkeyPatch, code: str, line: str) -> None:
        token = secrets.token_hex()
        body = json.dumps({"__type": code, "message": f"text with {token}"}).encode()
        with scripted((400, {"Content-Type": "application/x-amz-json-1.1"}, body)) as (address, _):
            monkeypatch.setenv("AWS_ENDPOINT_URL", address)
            said = _full(SecretsManagerProvider(), "aws-sm://a#b")
        assert line in said
        assert token not in said


def _full(provider: object, reference: str) -> str:
    with pytest.raises(MlsecError) as caught:
        provider.get(parse(reference))  # type: ignore[attr-defined]
    return caught.value.full


def test_databricks() -> None:
    value = secrets.token_hex()
    answers = [
        {"key": "openai", "value": b64encode(value.encode()).decode()},
        {"secrets": [{"key": "openai"}, {"key": "other"}]},
        {"scopes": [{"name": "ml"}]},
        {"secrets": [{"key": "openai"}]},
        {},
    ]
    with scripted(*[(200, {}, json.dumps(one).encode()) for one in answers]) as (host, handler):
        login = {"DATABRICKS_HOST": host, "DATABRICKS_TOKEN": "token"}
        provider = DatabricksProvider(login)
        assert provider.get(parse("databricks://ml/openai")).data == {"openai": value}
        assert provider.list("ml/op") == ["databricks://ml/openai"]
        assert provider.list() == ["databricks://ml/"]
        with pytest.raises(MlsecError, match="exists already"):
            provider.put(parse("databricks://ml/openai"), "x", 0)
        assert provider.put(parse("databricks://ml/openai"), "x") == 1
        paths = [path for path, *_ in handler.asked]
        assert paths[0] == "/api/2.0/secrets/get?scope=ml&key=openai"
        assert all(headers["Authorization"] == "Bearer token" for _, headers, _ in handler.asked)


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (401, "does not accept DATABRICKS_TOKEN"),
        (403, "ask for READ on its scope"),
        (404, "Databricks has no ml/a"),
        (302, "refused ml/a (302)"),
    ],
)
def test_databricks_in_trouble(status: int, line: str) -> None:
    headers = {"Location": "http://127.0.0.2/"} if status == 302 else {}
    with scripted((status, headers, b"{}")) as (host, _):
        login = {"DATABRICKS_HOST": host, "DATABRICKS_TOKEN": "token"}
        assert line in _full(DatabricksProvider(login), "databricks://ml/a")
    assert "can't be reached" in _full(DatabricksProvider(login), "databricks://ml/a")
    assert "set DATABRICKS_HOST" in _full(DatabricksProvider({}), "databricks://ml/a")


class TestKubernetes:
    @pytest.fixture
    def account(self, tmp_path: Path) -> Path:
        certificate, key = certificates.made("localhost", ExtendedKeyUsageOID.SERVER_AUTH)
        (tmp_path / "ca.crt").write_text(certificate)
        (tmp_path / "key.pem").write_text(key)
        (tmp_path / "token").write_text("pod-token")
        return tmp_path

    def provider(self, address: str, account: Path) -> KubernetesProvider:
        variables = {
            "KUBERNETES_SERVICE_HOST": "localhost",
            "KUBERNETES_SERVICE_PORT": address.rpartition(":")[2],
        }
        return KubernetesProvider(variables, str(account))

    def tls(self, account: Path) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(account / "ca.crt", account / "key.pem")
        return context

    def test_inside_a_pod(self, account: Path) -> None:
        value = secrets.token_hex()
        secret = {"data": {"k": b64encode(value.encode()).decode()}}
        items = {"items": [{"metadata": {"name": "a"}}, {"metadata": {"name": "b"}}]}
        answers = [(200, secret), (200, secret), (200, items), (404, {}), (201, {})]
        bodies = [(status, {}, json.dumps(one).encode()) for status, one in answers]
        with scripted(*bodies, tls=self.tls(account)) as (address, handler):
            provider = self.provider(address, account)
            assert provider.get(parse("k8s://team/a#k")).data == {"k": value}
            assert "has no key 'x'; it has k" in _full(provider, "k8s://team/a#x")
            assert provider.list("team/a") == ["k8s://team/a"]
            assert provider.put(parse("k8s://team/new#k"), "x", 0) == 1
            assert [path for path, *_ in handler.asked] == [
                "/api/v1/namespaces/team/secrets/a",
                "/api/v1/namespaces/team/secrets/a",
                "/api/v1/namespaces/team/secrets",
                "/api/v1/namespaces/team/secrets/new",
                "/api/v1/namespaces/team/secrets",
            ]
            assert handler.asked[0][1]["Authorization"] == "Bearer pod-token"

    @pytest.mark.parametrize(
        ("status", "line"), [(404, "has no secret a"), (403, "needs a Role"), (500, "(500)")]
    )
    def test_refusals(self, account: Path, status: int, line: str) -> None:
        with scripted((status, {}, b"{}"), tls=self.tls(account)) as (address, _):
            assert line in _full(self.provider(address, account), "k8s://team/a#k")

    def test_outside_of_a_pod(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """With a stand-in for kubectl that says what the real one does."""
        value = secrets.token_hex()
        secret = json.dumps({"data": {"k": b64encode(value.encode()).decode()}})
        program = tmp_path / "kubectl"
        program.write_text(
            '#!/bin/sh\n[ "$1 $2 $4 $5" = "get secret --namespace team" ] || exit 9\n'
            'if [ "$3" = a ]; then\n'
            f"echo '{secret}'; exit 0\nfi\n"
            "echo 'Error from server (NotFound): secrets not found' >&2; exit 1\n"
        )
        program.chmod(0o700)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        provider = KubernetesProvider({})
        assert provider.get(parse("k8s://team/a#k")).data == {"k": value}
        assert "namespace team has no secret b" in _full(provider, "k8s://team/b#k")
        assert "kubectl fails" in _full(provider, "k8s://else/a#k")
        with pytest.raises(MlsecError, match="can't be written from here"):
            provider.put(parse("k8s://team/a#k"), "x")
        monkeypatch.setenv("PATH", "/nonexistent")
        assert "needs kubectl" in _full(provider, "k8s://team/a#k")
