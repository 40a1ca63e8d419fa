"""A real kernel with a real OpenBao: the magics and the Python interface, each in a kernel that
logs in by itself and in one whose secrets come from a broker."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlsec.credentials.vault.provider import VaultProvider
from tests.credentials.kernel.test_magics import _text
from tests.credentials.test_broker import Running, until
from tests.credentials.vault import engines, postgres
from tests.credentials.vault.server import Server, running
from tests.leaks.kernel import Kernel

POSIX = pytest.mark.skipif(os.name != "posix", reason="kills processes")
VALUES = {name: secrets.token_urlsafe(24) for name in ("first", "second", "plain", "typed", "new")}
PASSWORD = secrets.token_hex()


class Notebook:
    """A kernel, the server behind it, and what its cells show."""

    def __init__(self, server: Server, kernel: Kernel) -> None:
        self.server = server
        self.kernel = kernel
        preparing = (
            "%load_ext jupyter_mlsec\nfrom jupyter_mlsec import secret, secrets\n"
            "from jupyter_mlsec.core.errors import MlsecError\nimport os\n"
            "def problem(call, *a, **k):\n    try: call(*a, **k)\n"
            "    except MlsecError as e: return str(e)"
        )
        assert self.run(preparing) == ""

    def run(self, code: str, answer: str = "", status: str = "ok") -> str:
        """Everything that a cell shows; never with a value in it."""
        self.kernel.received.clear()
        ended = self.kernel.run(code, answer)
        shown = "".join(_text(m["msg_type"], m["content"]) for m in self._messages())
        assert ended == status, shown
        assert not [v for v in VALUES.values() if v.encode() in b"".join(self.kernel.received)]
        return shown.replace("\r\n", "\n")

    def _messages(self) -> list[dict[str, Any]]:
        return [json.loads(raw) for raw in self.kernel.received if raw.startswith(b"{")]


def _filled(server: Server) -> None:
    for value in (VALUES["first"], VALUES["second"]):
        server("POST", "kv/data/ml/openai", {"data": {"api_key": value, "user": "ada"}})
    server("POST", "old/plain", {"k": VALUES["plain"]})
    for name, verb in (("gone", "delete"), ("lost", "destroy")):
        server("POST", f"kv/data/{name}", {"data": {"k": "value"}})
        server("POST", f"kv/{verb}/{name}", {"versions": [1]})
    server("POST", "sys/auth/userpass", {"type": "userpass"})
    user = {"password": PASSWORD, "token_policies": "notebook"}
    server("POST", "auth/userpass/users/ada", user)
    names = "kv old cubbyhole transit pki totp ssh sys/wrapping database/creds sys/leases"
    rules = [f"{name}/*: create read update list" for name in names.split()]
    server.policy("notebook", *rules, "auth/token/create: update")
    engines.mount(server)


@pytest.fixture(scope="module", params=["own login", "broker"])
def notebook(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Notebook]:
    with ExitStack() as stack:
        server = stack.enter_context(running())
        _filled(server)
        top = tmp_path_factory.mktemp("vault")
        login = {"VAULT_ADDR": server.address, "VAULT_TOKEN": server.token("notebook")}
        given = {"CI": "", "MLSEC_AUDIT_LOG": str(top / "audit.jsonl")}
        if request.param == "broker":
            known = {**login, "HOME": str(top)}
            broker = Running(folder=top / "s", open_=lambda name: VaultProvider(known))
            stack.callback(broker.close)
            given |= broker.broker.admit("nb")
        else:
            given |= login
        kernel = Kernel(top / "kernel", given)
        stack.callback(kernel.end)
        yield Notebook(server, kernel)


REF = "kv/ml/openai#api_key"
CELLS = [
    # what is typed, what is shown
    (f"%mlsec_secret key = {REF}", ""),
    ("print(key)", f"[SECRET:{REF}]\n"),
    (f"%mlsec_secret a={REF}@1 b={REF}@2\na == key, b == key", "(False, True)"),
    ("%mlsec_secret both = kv/ml/openai\nsorted(both), both['api_key']",
     f"(['api_key', 'user'], [SECRET:{REF}])"),
    ("%mlsec_secret old = old/plain#k\nold + ''", "'[SECRET:old/plain#k]'"),
    ("%mlsec_secret code = totp/code/me#code\nlen(code)", "6"),
    (f"%%mlsec_secret API_KEY={REF}\n!echo $API_KEY", f"[SECRET:{REF}]\n"),
    ("%mlsec_secret ls kv/", "kv/gone\nkv/lost\nkv/ml/\n"),
    ("%mlsec_secret ls kv/ml/openai#", "kv/ml/openai#api_key\nkv/ml/openai#user\n"),
    ("secrets.names('old/')", "['old/plain']"),
    # transit
    ("t = secrets.transit('k'); c = t.encrypt('data'); c[:9], t.decrypt(c)",
     "('vault:v1:', b'data')"),
    ("problem(t.decrypt, 'vault:v1:AAAA') is None", "False"),
    # certificates
    ("made = secrets.pki('web', 'nb.example.com', ttl='1h'); print(made['certificate'][:27])",
     "-----BEGIN CERTIFICATE-----\n"),
    ("made['private_key']", "[SECRET:pki/issue/web#private_key]"),
    ("made['private_key'].splitlines()[0][11:]", "'RSA PRIVATE KEY-----'"),
    # signs at the ends of a line are no part of what is recognised
    ("print(made['private_key'].splitlines()[4].strip('+/'))",
     "[SECRET:pki/issue/web#private_key]\n"),
    ("'pki/issue/web' in problem(secrets.pki, 'web', 'elsewhere.test')", "True"),
    # one-time passwords
    ("secrets.totp('me')", "[SECRET:totp/code/me#code]"),
    ("p = secrets.ssh_password('otp', '127.0.0.1'); len(p), p",
     "(36, [SECRET:ssh/creds/otp#key])"),
    (f"secrets.ssh_certificate('user', {engines.public_key()!r})[:32]",
     "'ssh-ed25519-cert-v01@openssh.com'"),
    # wrapping
    ("token = secrets.wrap({'a': 'b' * 4}); token", "[SECRET:sys/wrapping/wrap#token]"),
    ("dict(secrets.unwrap(token))", "{'a': [SECRET:sys/wrapping/unwrap#a]}"),
    ("'treat what it held as stolen' in problem(secrets.unwrap, token)", "True"),
]  # fmt: skip


def test_cells_in_their_order(notebook: Notebook) -> None:
    for code, shown in CELLS:
        assert (code, notebook.run(code)) == (code, shown)


FAILURES = [
    # what is typed, what stands in the one line that is shown
    ("%mlsec_secret x = kv/ml/opnai#k", "nothing at kv/ml/opnai; in kv/ml/ there is openai"),
    ("%mlsec_secret x = kv/ml/openai#key", "no key 'key'; it has api_key, user"),
    ("%mlsec_secret x = kv/gone#k", "version 1 of kv/gone was deleted on "),
    ("%mlsec_secret x = kv/lost#k", "version 1 of kv/lost was destroyed"),
    (f"%mlsec_secret x = {REF}@9", "no version 9; it has 1 to 2"),
    ("%mlsec_secret x = nowhere/a#k", "no mount nowhere/"),
    (f"%mlsec_secret --set {REF}", "is there already"),
]


@pytest.mark.parametrize(("code", "said"), FAILURES)
def test_failures_are_one_line(notebook: Notebook, code: str, said: str) -> None:
    shown = notebook.run(code, status="error")
    assert (shown.startswith("UsageError: "), shown.count("\n")) == (True, 1)
    assert said in shown


@pytest.mark.parametrize("reference", ["kv/set/a#k", "old/set#k"])
def test_written_rotated_and_forgotten(notebook: Notebook, reference: str) -> None:
    versions = (1, 2) if reference.startswith("kv") else (1, 1)
    said = notebook.run(f"%mlsec_secret --set {reference}", VALUES["typed"])
    assert said == f"{reference} is written (version {versions[0]})\n"
    notebook.run(f"%mlsec_secret made = {reference}")
    said = notebook.run("%mlsec_secret rotate made", VALUES["new"])
    assert said.startswith(f"{reference} is written (version {versions[1]}), and made bound to it")
    assert notebook.run(f"made == secret({reference!r}), made") == f"(True, [SECRET:{reference}])"
    assert notebook.run("%mlsec_secret why made").startswith(f"made = {reference}")
    assert notebook.run("%mlsec_secret revoke made") == f"made ({reference}) is forgotten\n"


def test_the_cubbyhole_is_the_login_s_own(notebook: Notebook) -> None:
    notebook.run("%mlsec_secret --set cubbyhole/mine#k", VALUES["typed"])
    assert notebook.run("%mlsec_secret mine = cubbyhole/mine#k\nlen(mine)") == "32"


def test_the_audit_log_names_what_engines_made(notebook: Notebook) -> None:
    notebook.run("secrets.totp('me') and None")
    assert "fetch    totp/code/me  ok" in notebook.run("%mlsec_secret audit")


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("key = k", "key = kv/"),
        ("key = kv/ml/", "key = kv/ml/openai"),
        ("key = kv/ml/openai#", "key = kv/ml/openai#api_key"),
        ("K=old/p", "K=old/plain"),
    ],
)
def test_completion_of_mounts_paths_and_keys(
    notebook: Notebook, typed: str, completed: str
) -> None:
    notebook.run("%config IPCompleter.use_jedi = False")
    notebook.kernel.received.clear()
    line = f"%mlsec_secret {typed}"
    notebook.kernel.ask("complete", line)
    (reply,) = [m for m in notebook._messages() if m["msg_type"] == "complete_reply"]
    start = reply["content"]["cursor_start"]
    lines = [line[:start] + match for match in reply["content"]["matches"]]
    assert f"%mlsec_secret {completed}" in lines


def test_a_kernel_with_a_broker_has_no_login_and_no_hvac(notebook: Notebook) -> None:
    own = "VAULT_TOKEN" in notebook.run("sorted(os.environ)")
    shown = notebook.run("import sys\n'hvac' in sys.modules, 'requests' in sys.modules")
    assert shown == f"({own}, {own})"


def test_status_says_who_holds_the_login(notebook: Notebook) -> None:
    own = f"address:    {notebook.server.address}" in notebook.run("%mlsec_secret status")
    assert own == ("VAULT_TOKEN" in notebook.run("sorted(os.environ)"))


class TestOwnLogin:
    @pytest.fixture
    def kernel(self, tmp_path: Path) -> Iterator[Kernel]:
        made = Kernel(tmp_path / "own", {"CI": ""})
        yield made
        made.end()

    def test_login_by_prompt_and_a_namespace(self, kernel: Kernel) -> None:
        with running() as server:
            _filled(server)
            inside = {"X-Vault-Namespace": "team"}
            server("POST", "sys/namespaces/team")
            version = {"type": "kv", "options": {"version": "2"}}
            server("POST", "sys/mounts/kv", version, headers=inside)
            body = {"data": {"k": VALUES["first"]}}
            server("POST", "kv/data/inner", body, headers=inside)
            notebook = Notebook(server, kernel)
            where = f"os.environ |= {{'VAULT_ADDR': {server.address!r}, 'VAULT_USERNAME': 'ada'}}"
            said = notebook.run(f"{where}\n%mlsec_secret login userpass", PASSWORD)
            assert said == "logged in: the login by userpass\n"
            assert notebook.run(f"%mlsec_secret key = {REF}\nlen(key)") == "32"
            inner = (
                f"os.environ |= {{'VAULT_NAMESPACE': 'team', 'VAULT_TOKEN': {server.root!r}}}\n"
                "%mlsec_secret login\n%mlsec_secret inner = kv/inner#k\nlen(inner)"
            )
            assert notebook.run(inner) == "logged in: VAULT_TOKEN\n32"


@POSIX
def test_a_login_of_the_database_works_and_ends_with_its_kernel(tmp_path: Path) -> None:
    """Without a broker: revoked, left, and at the end of a script and of a kernel."""
    with running() as server, postgres.running() as database:
        database.mount(server)
        login = {"VAULT_ADDR": server.address, "VAULT_TOKEN": server.root, "CI": ""}
        kernel = Kernel(tmp_path / "db", login)
        notebook = Notebook(server, kernel)
        connect = (
            "import psycopg\ndef connect(l): return psycopg.connect(host='127.0.0.1', "
            f"port={database.port}, dbname='postgres', user=l['username'], "
            "password=l['password']).execute('select 1').fetchone()"
        )
        notebook.run(f"{connect}\n%mlsec_secret login = database/creds/ro")
        assert notebook.run("connect(login)") == "(1,)"
        block = "with secret('database/creds/ro') as l: print(connect(l))\n"
        assert notebook.run(block) == "(1,)\n"
        cell = f"\n!psql -h 127.0.0.1 -p {database.port} -Atc 'select 2' postgres"
        given = "PGUSER=database/creds/ro#username PGPASSWORD=database/creds/ro#password"
        assert notebook.run(f"%%mlsec_secret {given}{cell}") == "2\n"
        logins = database.roles()
        assert len(logins) == 2  # that of the block has ended
        notebook.run("%mlsec_secret revoke login")
        assert len(database.roles()) == 1
        script = "from jupyter_mlsec import secret; print(len(secret('database/creds/ro')))"
        environment = {**os.environ, **login, "MLSEC_AUDIT_LOG": str(tmp_path / "log")}
        done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True)
        assert done.stdout == b"2\n"
        assert len(database.roles()) == 1
        kernel.end(now=False)
        until(lambda: not database.roles(), 2)
