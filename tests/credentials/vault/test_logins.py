"""Each login against a real server, where it has the method; the others' requests at a stand-in."""

import http.client
import json
import secrets
import stat
import threading
import time
import urllib.request
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.reference import parse
from jupyter_mlsec.credentials.vault.provider import VaultProvider
from tests.credentials.vault import certificates
from tests.credentials.vault.conftest import Open
from tests.credentials.vault.server import Server, free_port
from tests.credentials.vault.test_failures import scripted

REFERENCE = parse("kv/login/a#k")


@pytest.fixture(scope="module")
def methods(server: Server) -> Server:
    """The server with all methods that need nothing but themselves, each with a role `reader`."""
    server.policy("reader", "kv/data/*: read", "sys/leases/revoke: update")
    server("POST", "kv/data/login/a", {"data": {"k": "value"}})
    for name in ("approle", "userpass"):
        server("POST", f"sys/auth/{name}", {"type": name})
    role = {"token_policies": "reader", "token_ttl": "1h"}
    server("POST", "auth/approle/role/reader", {**role, "secret_id_ttl": "1h"})
    return server


def works(vault: VaultProvider, source: str) -> None:
    assert vault.get(REFERENCE).data == {"k": "value"}
    assert vault.status()["source"] == source


@pytest.fixture
def helper(tmp_path: Path) -> Path:
    return tmp_path / "helper"


def _sources(server: Server, home: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Each place of a token, the first one first."""
    yield "VAULT_TOKEN", {"VAULT_TOKEN": server.root}
    yield "BAO_TOKEN", {"BAO_TOKEN": server.root}
    (home / "file").write_text(server.root + "\n")
    yield "VAULT_TOKEN_FILE", {"VAULT_TOKEN_FILE": str(home / "file")}
    program = home / "helper"
    program.write_text(f"#!/bin/sh\n[ $1 = get ] && echo {server.root}\n")
    program.chmod(stat.S_IRWXU)
    (home / ".vault").write_text(f'# mine\ntoken_helper = "{program}"\n')
    yield "the token helper", {}
    (home / ".vault-token").write_text(server.root)
    yield "~/.vault-token", {}


def test_tokens_in_their_order(methods: Server, opened: Open, tmp_path: Path) -> None:
    found = list(_sources(methods, tmp_path))
    for number, (source, _) in enumerate(found):
        given = {name: value for _, one in found[number:] for name, value in one.items()}
        if source == "~/.vault-token":
            (tmp_path / ".vault").unlink()
        works(opened(VAULT_NAMESPACE="", **given), source)


def test_a_token_given_goes_before_all(methods: Server, opened: Open) -> None:
    works(opened(VAULT_TOKEN="wrong", token=methods.root), "the argument")  # noqa: S106


@pytest.mark.parametrize("text", ["exit 1", "echo half; exit 3"])
def test_a_helper_that_fails(opened: Open, tmp_path: Path, text: str) -> None:
    program = tmp_path / "helper"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(stat.S_IRWXU)
    (tmp_path / ".vault").write_text(f'token_helper = "{program}"')
    with pytest.raises(MlsecError, match=r"token helper .* gives no token"):
        opened(VAULT_NAMESPACE="").get(REFERENCE)


def _approle(server: Server) -> dict[str, str]:
    role = server("GET", "auth/approle/role/reader/role-id")["data"]["role_id"]
    return {"VAULT_ROLE_ID": role}


def test_approle(methods: Server, opened: Open, tmp_path: Path) -> None:
    made = methods("POST", "auth/approle/role/reader/secret-id")["data"]["secret_id"]
    works(opened(**_approle(methods), VAULT_SECRET_ID=made), "the login by approle")
    (tmp_path / "s").write_text(made)
    file = str(tmp_path / "s")
    works(opened(**_approle(methods), BAO_SECRET_ID_FILE=file), "the login by approle")


def test_approle_with_a_wrapped_secret_id_logs_in_again(methods: Server, opened: Open) -> None:
    made = methods(
        "POST", "auth/approle/role/reader/secret-id", headers={"X-Vault-Wrap-TTL": "60s"}
    )["wrap_info"]["token"]
    vault = opened(**_approle(methods), VAULT_WRAPPED_SECRET_ID=made)
    works(vault, "the login by approle")
    first = vault.tokens()
    methods("POST", "auth/token/revoke", {"token": first[0]})
    works(vault, "the login by approle")  # by itself, after a 403
    assert vault.tokens() != first
    with pytest.raises(MlsecError, match="was used before"):
        opened(**_approle(methods), VAULT_WRAPPED_SECRET_ID=made).get(REFERENCE)


def test_wrapped_token(methods: Server, opened: Open) -> None:
    body = {"policies": ["reader"], "ttl": "1h"}
    made = methods("POST", "auth/token/create", body, headers={"X-Vault-Wrap-TTL": "60s"})
    given = {"VAULT_WRAPPED_TOKEN": made["wrap_info"]["token"]}
    works(opened(**given), "the login by wrapped")
    with pytest.raises(MlsecError, match="was used before"):
        opened(**given).get(REFERENCE)


def test_a_token_file_that_was_renewed_is_read_again(
    methods: Server, opened: Open, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text(methods.token("reader"))
    vault = opened(VAULT_TOKEN_FILE=str(file))
    works(vault, "VAULT_TOKEN_FILE")
    methods("POST", "auth/token/revoke", {"token": file.read_text()})
    file.write_text(methods.token("reader"))
    works(vault, "VAULT_TOKEN_FILE")


def test_userpass(methods: Server, opened: Open) -> None:
    password = secrets.token_hex()
    body = {"password": password, "token_policies": "reader"}
    methods("POST", "auth/userpass/users/me", body)
    works(opened(VAULT_USERNAME="me", VAULT_PASSWORD=password), "the login by userpass")
    answers = iter(["me", password])
    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return next(answers)

    works(opened(VAULT_AUTH_METHOD="userpass", ask=ask), "the login by userpass")
    assert len(asked) == 2
    with pytest.raises(MlsecError, match="refused the login at auth/userpass") as caught:
        opened(VAULT_USERNAME="me", VAULT_PASSWORD="wrong").get(REFERENCE)  # noqa: S106
    assert password not in caught.value.full
    with pytest.raises(MlsecError, match="lacks VAULT_USERNAME or VAULT_PASSWORD"):
        opened(VAULT_USERNAME="me", CI="true").get(REFERENCE)


def _signed(claims: dict[str, Any]) -> tuple[str, str]:
    """A JWT and the public key that checks it (RFC 7519, RS256)."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def part(data: bytes) -> str:
        return urlsafe_b64encode(data).rstrip(b"=").decode()

    now = int(time.time())
    full = {"iat": now, "exp": now + 600, **claims}
    head = json.dumps({"alg": "RS256", "typ": "JWT"})
    text = f"{part(head.encode())}.{part(json.dumps(full).encode())}"
    signature = key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return f"{text}.{part(signature)}", public.decode()


@pytest.mark.parametrize("way", ["VAULT_JWT", "VAULT_JWT_FILE"])
def test_jwt(methods: Server, opened: Open, tmp_path: Path, way: str) -> None:
    token, public = _signed({"sub": "job", "aud": "vault"})
    mount = f"jwt-{way.lower()}"
    methods("POST", f"sys/auth/{mount}", {"type": "jwt"})
    methods("POST", f"auth/{mount}/config", {"jwt_validation_pubkeys": [public]})
    role = {
        "role_type": "jwt",
        "bound_audiences": "vault",
        "user_claim": "sub",
        "token_policies": "reader",
    }
    methods("POST", f"auth/{mount}/role/ci", role)
    given = token
    if way == "VAULT_JWT_FILE":
        given = str(tmp_path / "jwt")
        (tmp_path / "jwt").write_text(token)
    vault = opened(**{way: given, "VAULT_AUTH_ROLE": "ci", "VAULT_AUTH_MOUNT": mount})
    works(vault, "the login by jwt")


def test_kubernetes(methods: Server, opened: Open, tmp_path: Path) -> None:
    """With a stand-in for the cluster's TokenReview (kubernetes.io, authentication.k8s.io/v1)."""
    user = {
        "username": "system:serviceaccount:team:notebook",
        "uid": "1",
        "groups": ["system:serviceaccounts"],
    }
    review = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "status": {"authenticated": True, "user": user},
    }
    token, _ = _signed(
        {
            "sub": user["username"],
            "iss": "kubernetes/serviceaccount",
            "kubernetes.io/serviceaccount/namespace": "team",
            "kubernetes.io/serviceaccount/service-account.name": "notebook",
            "kubernetes.io/serviceaccount/service-account.uid": "1",
            "kubernetes.io": {
                "namespace": "team",
                "serviceaccount": {"name": "notebook", "uid": "1"},
            },
        }
    )
    (tmp_path / "token").write_text(token)
    answer = (201, {"Content-Type": "application/json"}, json.dumps(review).encode())
    with scripted(answer) as (cluster, _):
        methods("POST", "sys/auth/kubernetes", {"type": "kubernetes"})
        config = {
            "kubernetes_host": cluster,
            "kubernetes_ca_cert": certificates.made("cluster")[0],
            "token_reviewer_jwt": token,
            "disable_local_ca_jwt": True,
        }
        methods("POST", "auth/kubernetes/config", config)
        role = {
            "bound_service_account_names": "notebook",
            "bound_service_account_namespaces": "team",
            "token_policies": "reader",
        }
        methods("POST", "auth/kubernetes/role/nb", role)
        vault = opened(
            VAULT_AUTH_METHOD="kubernetes",
            VAULT_AUTH_ROLE="nb",
            VAULT_K8S_TOKEN_FILE=str(tmp_path / "token"),
        )
        works(vault, "the login by kubernetes")


def test_oidc_by_browser(methods: Server, opened: Open) -> None:
    """With the server as its own identity provider, and this test as the browser."""
    browser = _identity_provider(methods)
    lines: list[str] = []

    def tell(line: str) -> None:
        lines.append(line)
        threading.Thread(target=browser, args=(line.split(": ", 1)[1],), daemon=True).start()

    vault = opened(
        VAULT_AUTH_METHOD="oidc",
        VAULT_AUTH_ROLE="nb",
        VAULT_OIDC_PORT=str(_identity_provider.port),  # type: ignore[attr-defined]
        MLSEC_NO_BROWSER="1",
        tell=tell,
    )
    works(vault, "the login by oidc")
    assert lines[0].startswith("Log in to Vault in your browser: http")


def _identity_provider(server: Server) -> Any:
    """A user, a client and a role for it; what the user's browser does with the address."""
    port = free_port()
    _identity_provider.port = port  # type: ignore[attr-defined]
    callback = f"http://localhost:{port}/oidc/callback"
    password = secrets.token_hex()
    server("POST", "auth/userpass/users/person", {"password": password, "token_ttl": "1h"})
    server("POST", "identity/oidc/assignment/all", {"entity_ids": ["*"], "group_ids": ["*"]})
    server("POST", "identity/oidc/key/k", {"allowed_client_ids": ["*"], "algorithm": "RS256"})
    client = {"redirect_uris": [callback], "assignments": ["allow_all"], "key": "k"}
    server("POST", "identity/oidc/client/nb", client)
    made = server("GET", "identity/oidc/client/nb")["data"]
    server("POST", "identity/oidc/provider/p", {"allowed_client_ids": ["*"]})
    discovery = f"{server.address}/v1/identity/oidc/provider/p"
    server("POST", "sys/auth/oidc", {"type": "oidc"})
    config = {
        "oidc_discovery_url": discovery,
        "oidc_client_id": made["client_id"],
        "oidc_client_secret": made["client_secret"],
    }
    server("POST", "auth/oidc/config", config)
    role = {
        "user_claim": "sub",
        "allowed_redirect_uris": [callback],
        "token_policies": "reader",
        "role_type": "oidc",
    }
    server("POST", "auth/oidc/role/nb", role)
    server.policy("person", "identity/oidc/provider/p/authorize: read")
    server("POST", "auth/userpass/users/person/policies", {"token_policies": "default,person"})

    def browser(address: str) -> None:
        login = server("POST", "auth/userpass/login/person", {"password": password})
        query = address.split("?", 1)[1]
        path = f"identity/oidc/provider/p/authorize?{query}"
        code = server("GET", path, token=login["auth"]["client_token"])
        back = f"{callback}?code={code['code']}&state={code['state']}"
        urllib.request.urlopen(back, timeout=5).close()  # noqa: S310

    return browser


AUTH = b'{"auth":{"client_token":"t","lease_duration":60,"renewable":false}}'
MOUNT = b'{"data":{"path":"old/","type":"kv","options":null}}'
DATA = b'{"data":{"k":"value"}}'


@pytest.mark.parametrize(
    ("method", "body", "cloud_header"),
    [
        ("ldap", {"password": "p"}, None),
        ("gcp", {"role": "nb", "jwt": "identity"}, ("Metadata-Flavor", "Google")),
        (
            "azure",
            {"role": "nb", "jwt": "access", "vm_name": "vm", "subscription_id": "s",
             "resource_group_name": "g"},
            ("Metadata", "true"),
        ),
    ],
)  # fmt: skip
def test_methods_that_the_server_lacks_send_what_vault_wants(
    opened: Open, method: str, body: dict[str, str], cloud_header: tuple[str, str] | None
) -> None:
    """OpenBao has none of them, so this is as far as it goes: what Vault's documentation asks for
    is sent, with what the cloud's metadata server gives."""
    machine = {"compute": {"name": "vm", "subscriptionId": "s", "resourceGroupName": "g"}}
    given = {
        "gcp": [b"identity"],
        "azure": [b'{"access_token": "access"}', json.dumps(machine).encode()],
    }
    metadata = [(200, {}, one) for one in given.get(method, [])]
    answers = [(200, {}, one) for one in (AUTH, MOUNT, DATA)]
    with scripted(*answers) as (vault, asked), scripted(*metadata) as (cloud, cloud_asked):
        provider = opened(
            VAULT_ADDR=vault,
            VAULT_AUTH_METHOD=method,
            VAULT_AUTH_ROLE="nb",
            VAULT_USERNAME="me",
            VAULT_PASSWORD="p",  # noqa: S106
            GCE_METADATA_HOST=cloud.removeprefix("http://"),
            AZURE_POD_IDENTITY_AUTHORITY_HOST=cloud,
        )
        assert provider.get(parse("old/a#k")).data == {"k": "value"}
    path, _, sent = asked.asked[0]
    assert path == f"/v1/auth/{method}/login" + ("/me" if method == "ldap" else "")
    assert {k: v for k, v in json.loads(sent).items() if v is not None} == body
    assert asked.asked[-1][1]["X-Vault-Token"] == "t"
    if cloud_header:
        assert {one[1][cloud_header[0]] for one in cloud_asked.asked} == {cloud_header[1]}


@pytest.mark.parametrize(("region", "scope"), [("", "us-east-1"), ("eu-west-1", "eu-west-1")])
def test_the_login_by_aws_is_a_request_that_aws_answers(
    opened: Open, monkeypatch: pytest.MonkeyPatch, region: str, scope: str
) -> None:
    """Vault sends on what it gets and believes the answer. Here moto answers in AWS's place.
    The global endpoint takes only signatures for us-east-1, wherever the caller is."""
    from moto.server import ThreadedMotoServer

    for name, value in (
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", secrets.token_hex()),
        ("AWS_DEFAULT_REGION", "eu-central-1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ):
        monkeypatch.setenv(name, value)
    answers = [(200, {}, one) for one in (AUTH, MOUNT, DATA)]
    with scripted(*answers) as (vault, asked):
        provider = opened(
            VAULT_ADDR=vault,
            VAULT_AUTH_METHOD="aws",
            VAULT_AUTH_ROLE="nb",
            VAULT_AWS_HEADER="vault.example.com",
            VAULT_AWS_REGION=region,
        )
        assert provider.get(parse("old/a#k")).data == {"k": "value"}
    path, _, sent = asked.asked[0]
    body = json.loads(sent)
    address, text, headers = (
        b64decode(body[f"iam_request_{part}"]).decode() for part in ("url", "body", "headers")
    )
    signed = json.loads(headers)
    assert (path, body["role"], address) == (
        "/v1/auth/aws/login", "nb", f"https://sts.{region}.amazonaws.com/".replace("..", "."),
    )  # fmt: skip
    assert f"/{scope}/sts/aws4_request" in signed["Authorization"]
    assert signed["X-Vault-AWS-IAM-Server-ID"] == "vault.example.com"
    assert "x-vault-aws-iam-server-id" in signed["Authorization"]  # or anybody could replay it
    cloud = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    cloud.start()
    try:
        connection = http.client.HTTPConnection(*cloud.get_host_and_port(), timeout=10)
        connection.request("POST", "/", text.encode(), signed)
        assert b"<Arn>arn:aws:" in connection.getresponse().read()
        connection.close()
    finally:
        cloud.stop()


class TestEnds:
    """Leases and logins that were made are ended, those that were given stay."""

    def test_the_own_login_is_revoked_and_a_given_token_is_not(
        self, methods: Server, opened: Open
    ) -> None:
        made = methods("POST", "auth/approle/role/reader/secret-id")["data"]["secret_id"]
        own = opened(**_approle(methods), VAULT_SECRET_ID=made)
        own.get(REFERENCE)
        (token,) = own.tokens()
        own.close()
        assert methods.refuses("GET", "auth/token/lookup-self", token=token)
        given = methods.token("reader")
        vault = opened(VAULT_TOKEN=given)
        vault.get(REFERENCE)
        vault.close()
        assert not methods.refuses("GET", "auth/token/lookup-self", token=given)

    def test_the_login_is_renewed(self, methods: Server, opened: Open) -> None:
        role = {"token_policies": "reader", "token_ttl": "2s"}
        methods("POST", "auth/approle/role/short", role)
        made = methods("POST", "auth/approle/role/short/secret-id")["data"]["secret_id"]
        name = methods("GET", "auth/approle/role/short/role-id")["data"]["role_id"]
        vault = opened(VAULT_ROLE_ID=name, VAULT_SECRET_ID=made)
        vault.get(REFERENCE)
        token = vault.tokens()
        time.sleep(2.7)
        vault.get(REFERENCE)
        assert vault.tokens() == token

    def test_a_child_ends_alone_and_with_its_parent(self, methods: Server, opened: Open) -> None:
        methods.policy("mother", "kv/data/*: read", "auth/token/create: update")
        vault = opened(VAULT_TOKEN=methods.token("mother"))
        first, second = vault.child("kernel 1"), vault.child("kernel 2")
        assert first is not None
        assert second is not None
        assert first.get(REFERENCE).data == second.get(REFERENCE).data == {"k": "value"}
        tokens = {one.tokens() for one in (vault, first, second)}
        assert len(tokens) == 3
        (dead,), (alive,) = first.tokens(), second.tokens()
        first.close()
        assert methods.refuses("GET", "auth/token/lookup-self", token=dead)
        assert second.get(REFERENCE).data == {"k": "value"}
        methods("POST", "auth/token/revoke", {"token": vault.tokens()[0]})
        assert methods.refuses("GET", "auth/token/lookup-self", token=alive)
        second.close()

    def test_without_the_permission_there_is_no_child(self, methods: Server, opened: Open) -> None:
        assert opened(VAULT_TOKEN=methods.token("reader")).child("kernel") is None
