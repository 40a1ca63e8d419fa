"""Each failure is one line with the next step, and nothing of the client in its traceback."""

import secrets
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.reference import parse
from jupyter_mlsec.credentials.vault.engines import WRAPPING
from jupyter_mlsec.credentials.vault.provider import VaultProvider
from tests.credentials.vault.conftest import Open
from tests.credentials.vault.server import Server, free_port


@pytest.fixture
def path(opened: Open) -> str:
    name = "f" + secrets.token_hex(4)
    opened().put(parse(f"kv/{name}/openai#api_key"), "value")
    opened().put(parse(f"kv/{name}/openai#org"), "value")
    return name


def said(provider: VaultProvider, reference: str) -> str:
    with pytest.raises(MlsecError) as caught:
        provider.get(parse(reference))
    return caught.value.full


def test_missing_says_the_near_names(opened: Open, path: str) -> None:
    assert said(opened(), f"kv/{path}/opnai#api_key") == (
        f"Vault has nothing at kv/{path}/opnai; in kv/{path}/ there is openai"
    )


def test_wrong_key_says_the_keys(opened: Open, path: str) -> None:
    assert said(opened(), f"kv/{path}/openai#key") == (
        f"kv/{path}/openai has no key 'key'; it has api_key, org"
    )


def test_deleted_destroyed_and_unknown_versions(opened: Open, server: Server, path: str) -> None:
    full = f"kv/{path}/openai"
    server("POST", f"kv/destroy/{path}/openai", {"versions": [1]})
    server("DELETE", f"kv/data/{path}/openai")
    today = time.strftime("%Y-%m-%d", time.gmtime())
    assert said(opened(), f"{full}#k@1") == (
        f"version 1 of {full} was destroyed; it can't be had back"
    )
    assert said(opened(), f"{full}#k").startswith(f"version 2 of {full} was deleted on {today} ")
    assert "`vault kv undelete -versions=2" in said(opened(), f"{full}#k")
    assert said(opened(), f"{full}#k@7") == f"{full} has no version 7; it has 1 to 2"


def test_no_permission_says_path_and_policy(opened: Open, server: Server, path: str) -> None:
    server.policy("elsewhere", f"kv/data/{path}/other: read", "kv/metadata/*: list")
    vault = opened(VAULT_TOKEN=server.token("elsewhere", ttl="3h"))
    line = said(vault, f"kv/{path}/openai#api_key")
    assert line.replace("3 h", "2 h") == (  # it depends on the second
        f"Vault does not let this login read kv/data/{path}/openai; ask its operator for: "
        f'path "kv/data/{path}/openai" {{ capabilities = ["read"] }} '
        "(token from VAULT_TOKEN with the policies default, elsewhere, 2 h left)"
    )


@pytest.mark.parametrize("token", ["s." + "nope", "revoked"])
def test_a_dead_token(opened: Open, server: Server, path: str, token: str) -> None:
    if token == "revoked":  # noqa: S105
        token = server.token()
        server("POST", "auth/token/revoke-self", token=token)
    assert said(opened(VAULT_TOKEN=token), f"kv/{path}/openai#api_key") == (
        "Vault does not know the login any more (token from VAULT_TOKEN); "
        "it has expired or was revoked: log in again (`vault login`)"
    )


def test_no_mount(opened: Open, server: Server) -> None:
    line = said(opened(), "ky/ml/openai#key")
    assert line.startswith("Vault has no mount ky/ for ky/ml/openai, or this login may see nothing")
    assert "kv/" in line


def test_no_login_and_no_server(opened: Open) -> None:
    assert "no login to Vault is set up; run `vault login`" in said(
        opened(VAULT_NAMESPACE=""), "kv/a#b"
    )
    nowhere = VaultProvider({"HOME": "/nonexistent", "XDG_DATA_HOME": "/nonexistent"})
    assert said(nowhere, "kv/a#b") == (
        "no Vault is set up; set VAULT_ADDR to your team's server, or start your own: "
        "`mlsec vault start`"
    )


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({"VAULT_ADDR": "vault.example"}, "the address of Vault is no web address; write"),
        ({"VAULT_ADDR": "https://me@vault.example"}, "holds a user name"),
        ({"BAO_SKIP_VERIFY": "true"}, "VAULT_SKIP_VERIFY is refused: anyone between"),
        ({"VAULT_CLIENT_TIMEOUT": "soon"}, "VAULT_CLIENT_TIMEOUT is no time; write it like 30s"),
        ({"VAULT_MAX_RETRIES": "-1"}, "VAULT_MAX_RETRIES is no number"),
        ({"VAULT_TOKEN_FILE": "/nonexistent/t"}, "can't be read: No such file or directory"),
        ({"VAULT_AUTH_METHOD": "magic"}, "no login to Vault is called 'magic'; there are wrapped"),
    ],
)
def test_settings_that_can_not_be_meant(opened: Open, variables: dict[str, str], line: str) -> None:
    assert line in said(opened(**variables), "kv/a#b")


def test_nothing_answers(opened: Open) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    vault = opened(VAULT_ADDR=address, VAULT_TOKEN="t", VAULT_MAX_RETRIES="1")  # noqa: S106
    assert said(vault, "kv/a#b").startswith(f"nothing answers at {address}; check VAULT_ADDR")


def test_timeout_after_the_seconds_given(opened: Open) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        vault = opened(VAULT_ADDR=address, VAULT_TOKEN="t", VAULT_CLIENT_TIMEOUT="200ms")  # noqa: S106
        start = time.monotonic()
        assert said(vault, "kv/a#b").startswith(f"Vault at {address} did not answer within 0.2 s")
        assert time.monotonic() - start < 2


def test_a_host_that_is_not_known(opened: Open) -> None:
    vault = opened(
        VAULT_ADDR="https://vault.invalid",
        VAULT_TOKEN="t",  # noqa: S106
        VAULT_MAX_RETRIES="0",
    )
    assert said(vault, "kv/a#b").startswith("the host of https://vault.invalid is not known")


class Scripted(BaseHTTPRequestHandler):
    """A server that gives one prepared answer after the other, and keeps what it was asked."""

    answers: ClassVar[list[tuple[int, dict[str, str], bytes]]] = []
    asked: ClassVar[list[tuple[str, dict[str, str], bytes]]] = []

    def do_GET(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.asked.append((self.path, dict(self.headers), sent))
        status, headers, body = self.answers.pop(0) if self.answers else (404, {}, b"{}")
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_LIST = do_GET

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def scripted(
    *answers: tuple[int, dict[str, str], bytes], tls: ssl.SSLContext | None = None
) -> Iterator[tuple[str, type[Scripted]]]:
    handler = type("One", (Scripted,), {"answers": list(answers), "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}", handler
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


SEALED = b'{"errors":["Vault is sealed"]}'
MOUNT = b'{"data":{"path":"old/","type":"kv","options":null}}'
DATA = b'{"data":{"k":"value"}}'


@pytest.mark.parametrize(
    ("status", "body", "line", "requests"),
    [
        (503, SEALED, "is sealed; an operator must unseal it (`vault operator unseal`)", 1),
        (501, b'{"errors":[]}', "is not initialised; an operator must do that", 1),
        (429, b'{"errors":["rate"]}', "takes no more requests just now (its rate limit)", 2),
        (500, b'{"errors":["internal"]}', "failed (500) for sys/internal/ui/mounts/old/a", 2),
        (503, b"<html>", "is not ready (503); try again in a moment", 2),
        (418, b"{}", "refused get sys/internal/ui/mounts/old/a (418)", 1),
    ],
)
def test_answers_of_a_server_in_trouble(
    opened: Open, status: int, body: bytes, line: str, requests: int
) -> None:
    with scripted(*[(status, {}, body)] * 4) as (address, handler):
        vault = opened(VAULT_ADDR=address, VAULT_TOKEN="t", VAULT_MAX_RETRIES="1")  # noqa: S106
        assert line in said(vault, "old/a#b")
        assert len(handler.asked) == requests


@pytest.mark.parametrize("status", [412, 429, 500, 502, 503, 504])
def test_passing_trouble_is_not_seen(opened: Open, status: int) -> None:
    answers = [(200, {}, MOUNT), (status, {"Retry-After": "0"}, b"{}"), (200, {}, DATA)]
    with scripted(*answers) as (address, handler):
        vault = opened(VAULT_ADDR=address, VAULT_TOKEN="t")  # noqa: S106
        assert vault.get(parse("old/a#k")).data == {"k": "value"}
        assert len(handler.asked) == 3


def test_no_token_goes_to_another_host(opened: Open) -> None:
    token = secrets.token_hex()
    with scripted((200, {}, MOUNT)) as (other, stranger):
        redirect = (307, {"Location": f"{other}/v1/old/a"}, b"")
        with scripted((200, {}, MOUNT), redirect) as (address, _):
            line = said(opened(VAULT_ADDR=address, VAULT_TOKEN=token), "old/a#k")
        assert f"sends on to {other}, where no token is sent; if that host is yours" in line
        assert stranger.asked == []


def test_redirects_on_the_same_host_are_followed(opened: Open) -> None:
    answers = [(200, {}, MOUNT), (307, {"Location": "/v1/new/a"}, b""), (200, {}, DATA)]
    with scripted(*answers) as (address, handler):
        vault = opened(VAULT_ADDR=address, VAULT_TOKEN="t")  # noqa: S106
        assert vault.get(parse("old/a#k")).data == {"k": "value"}
        assert handler.asked[-1][0] == "/v1/new/a"


def test_namespace_and_the_bao_names_of_variables(opened: Open) -> None:
    answers = [(200, {}, MOUNT), (200, {}, DATA)]
    with scripted(*answers) as (address, handler):
        vault = opened(VAULT_ADDR="", BAO_ADDR=address, BAO_TOKEN="t", BAO_NAMESPACE="team")  # noqa: S106
        vault.get(parse("old/a#k"))
        assert handler.asked[-1][1]["X-Vault-Namespace"] == "team"


def test_a_used_wrapping_token_counts_as_stolen(opened: Open, server: Server) -> None:
    body = {"data": {"a": "value"}, "ttl": "1m"}
    token = dict(opened().engine("wrap", WRAPPING, "", body).data)
    assert opened().engine("unwrap", WRAPPING, "", token).data == {"a": "value"}
    with pytest.raises(MlsecError) as caught:
        opened().engine("unwrap", WRAPPING, "", token)
    assert "treat what it held as stolen" in caught.value.full


def test_what_is_too_large(opened: Open, path: str) -> None:
    with pytest.raises(MlsecError, match=r"too large \(1 MB at most\)"):
        opened().put(parse(f"kv/{path}/large#k"), "x" * 40_000_000)
    with scripted((200, {}, MOUNT), (404, {}, b"{}"), (413, {}, b"{}")) as (address, _):
        vault = opened(VAULT_ADDR=address, VAULT_TOKEN="t")  # noqa: S106
        with pytest.raises(MlsecError, match="too large"):
            vault.put(parse("old/a#k"), "x")


class TestTracebacks:
    """What IPython's verbose mode prints: the local variables of each frame."""

    @staticmethod
    def verbose(error: BaseException) -> str:
        from IPython.core.ultratb import VerboseTB

        return "\n".join(
            VerboseTB(theme_name="nocolor", include_vars=True).structured_traceback(
                type(error), error, error.__traceback__
            )
        )

    @pytest.mark.parametrize(
        "case", ["denied", "missing", "refused", "sealed", "redirect", "interrupt", "bug", "put"]
    )
    def test_no_token_and_no_value(
        self, opened: Open, server: Server, path: str, case: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        token = server.token()
        value = secrets.token_hex()
        variables = {"VAULT_TOKEN": token, "VAULT_MAX_RETRIES": "0"}
        if case == "refused":
            variables["VAULT_ADDR"] = f"http://127.0.0.1:{free_port()}"
        answer = {
            "sealed": (503, {}, SEALED),
            "redirect": (307, {"Location": "http://127.0.0.2/"}, b""),
        }.get(case)
        if case in ("interrupt", "bug"):
            raised = KeyboardInterrupt if case == "interrupt" else ValueError

            def fail(*_: object, **__: object) -> None:
                raise raised(token)

            monkeypatch.setattr("requests.Session.send", fail)
        with scripted(*([answer] if answer else [])) as (address, _):
            if answer:
                variables["VAULT_ADDR"] = address
            vault = opened(**variables)
            shown = ""
            try:
                if case == "put":
                    vault.put(parse(f"kv/{path}/openai#k"), value)
                else:
                    vault.get(parse(f"kv/{path}/openai#k"))
            except BaseException as error:
                shown = self.verbose(error)
                chain = error.__context__, error.__cause__
        assert ("KeyboardInterrupt" if case == "interrupt" else "MlsecError") in shown
        assert "vault = VaultProvider()" in shown  # or the variables were not shown at all
        body = shown.replace(f"token = '{token}'", "").replace(f"value = '{value}'", "")
        assert token not in body
        assert value not in body
        assert "requests" not in body.replace("requests.Session", "")
        assert chain == (None, None)
