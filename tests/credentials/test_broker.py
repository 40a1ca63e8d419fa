"""The broker: passes, grants, and leases that end with the process that got them."""

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.broker import client
from jupyter_mlsec.credentials.broker.client import BrokerProvider
from jupyter_mlsec.credentials.broker.grants import Grants, Rule
from jupyter_mlsec.credentials.broker.server import Broker
from jupyter_mlsec.credentials.provider import Fetched, Lease, Provider
from jupyter_mlsec.credentials.reference import Reference, parse
from jupyter_mlsec.credentials.vault.provider import VaultProvider
from tests.credentials.vault import postgres
from tests.credentials.vault.server import running

POSIX = pytest.mark.skipif(os.name != "posix", reason="kills processes")


class Running:
    """A broker in a thread with an event loop of its own, as a server has one."""

    def __init__(self, **options: Any) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.heard: list[dict[str, Any]] = []
        self.learned: list[tuple[str, str]] = []
        self.broker = Broker(
            hear=self.heard.append,
            learn=lambda kernel, label, value: self.learned.append((kernel, label)),
            notebook=self._notebook,
            **options,
        )
        self.do(self.broker.start())

    async def _notebook(self, kernel: str) -> str:
        return f"{kernel}.ipynb"

    def do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def kernel(self, name: str = "a") -> BrokerProvider:
        found = client.find({**self.broker.admit(name)})
        assert found is not None
        return found

    def close(self) -> None:
        if not self.thread.is_alive():
            return
        self.do(self.broker.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


class Fake:
    """A store whose every fetch is a lease; it knows which are left."""

    name = "vault"

    def __init__(self) -> None:
        self.left: set[str] = set()
        self.kept: dict[str, str] = {}

    def get(self, ref: Reference) -> Fetched:
        if ref.path == "kv/none":
            raise MlsecError("Vault has nothing at kv/none", "look again")
        if ref.path == "kv/bug":
            raise ValueError("a message with a value")
        lease = secrets.token_hex(4)
        self.left.add(lease)
        return Fetched({"k": "value"}, 3, Lease(lease, 60, True))

    def put(self, ref: Reference, value: str, cas: int | None = None) -> int:
        self.kept[ref.label] = value
        return 7

    def list(self, prefix: str = "") -> list[str]:
        return [f"{prefix}one"]

    def engine(self, call: str, mount: str, name: str, body: dict[str, Any]) -> Fetched:
        return Fetched({"code": "value", "name": name})

    def revoke(self, lease: str) -> None:
        self.left.remove(lease)


@pytest.fixture
def fake() -> Fake:
    return Fake()


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake: Fake) -> Iterator[Start]:
    monkeypatch.setenv("MLSEC_AUDIT_LOG", str(tmp_path / "log"))
    made: list[Running] = []
    # a Unix socket's path must be short
    folder = Path(f"/tmp/mlsec-{secrets.token_hex(4)}")  # noqa: S108

    def begin(**options: Any) -> Running:
        made.append(Running(**{"folder": folder, "open_": lambda name: fake, **options}))
        return made[-1]

    yield begin
    for one in made:
        one.close()
    if folder.exists():
        folder.rmdir()  # which fails if a socket was left


def until(condition: Callable[[], bool], seconds: float = 5) -> float:
    """Wait for something to come true; how long it took."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < seconds
        time.sleep(0.005)
    return time.monotonic() - begun


def test_a_kernel_gets_values_without_a_login(start: Start, fake: Fake) -> None:
    running = start()
    kernel = running.kernel()
    fetched = kernel.get(parse("kv/a#k@3"))
    assert isinstance(kernel, Provider)
    assert fetched.data == {"k": "value"}
    assert (fetched.version, fetched.lease and fetched.lease.seconds) == (3, 60)
    assert kernel.put(parse("kv/b#k"), "other", 0) == 7
    assert fake.kept == {"kv/b#k": "other"}
    assert kernel.of("vault").list("kv/") == ["kv/one"]
    assert running.learned == [("a", "kv/a#k"), ("a", "kv/b#k")]
    heard = [(one["event"], one["notebook"], one["reference"]) for one in running.heard]
    assert heard == [("fetch", "a.ipynb", "kv/a#k"), ("put", "a.ipynb", "kv/b#k")]
    kernel.close()


def test_what_fails_is_said_and_no_more(start: Start) -> None:
    running = start()
    kernel = running.kernel()
    with pytest.raises(MlsecError) as caught:
        kernel.get(parse("kv/none"))
    assert caught.value.full == "Vault has nothing at kv/none; look again"
    with pytest.raises(MlsecError, match=r"the broker failed \(ValueError\)"):
        kernel.get(parse("kv/bug"))
    assert running.heard[0]["event"] == "refusal"
    assert kernel.get(parse("kv/a")).data == {"k": "value"}
    kernel.close()


def test_the_pass_is_no_longer_in_the_environment(start: Start) -> None:
    environment = start().broker.admit("a")
    assert client.find(environment) is not None
    assert client.PASS not in environment
    assert client.find(environment) is None
    assert client.find({}) is None


@pytest.mark.parametrize(
    "said", [b'{"pass": "wrong"}\n', b"{}\n", b"[]\n", b"GET / HTTP/1.1\r\n\r\n", b"\n", b"\xff\n"]
)
def test_without_a_pass_there_is_no_answer(start: Start, said: bytes) -> None:
    address = start().broker.admit("a")[client.ADDRESS]
    with client._connected(address) as stranger:
        stranger.sendall(said)
        stranger.settimeout(5)
        with suppress(ConnectionResetError):
            assert stranger.recv(100) == b""


@POSIX
@pytest.mark.parametrize("deep", [False, True])
def test_the_socket_is_the_user_s_alone(start: Start, tmp_path: Path, deep: bool) -> None:
    running = start(**({"folder": tmp_path / ("d" * 100)} if deep else {}))
    address = running.broker.admit("a")[client.ADDRESS]
    file = Path(address.removeprefix("unix:"))
    kernel = running.kernel()
    assert kernel.get(parse("kv/a")).data == {"k": "value"}
    kernel.close()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    running.close()
    assert not file.exists()
    assert file.parent.exists() != deep


@pytest.mark.parametrize(
    "request_",
    [{}, {"op": "get"}, {"op": "get", "reference": "kv/a"}, {"op": "get", "reference": [1, 2]}],
)
def test_nonsense_does_no_harm(start: Start, request_: dict[str, Any]) -> None:
    kernel = start().kernel()
    with pytest.raises(MlsecError):
        kernel._asked(request_)
    assert kernel.get(parse("kv/a")).data == {"k": "value"}
    kernel.close()


class TestGrants:
    @pytest.mark.parametrize(
        ("rules", "default", "answer"),
        [
            ((), "allow", "granted"),
            ((), "ask", "unknown"),
            ((), "forbid", "refused"),
            ((Rule("*", "kv/ml/*", True),), "forbid", "granted"),
            ((Rule("*", "kv/other/*", True),), "forbid", "refused"),
            ((Rule("*", "kv/*", True), Rule("team/*", "*", False)), "allow", "refused"),
            ((Rule("*.py", "*", False),), "allow", "granted"),
        ],
    )
    def test_policy(self, rules: tuple[Rule, ...], default: Any, answer: str) -> None:
        assert Grants(rules, default).check("team/a.ipynb", "kv/ml/openai#key") == answer

    def test_answers_are_remembered_and_revoked(self, tmp_path: Path) -> None:
        file = tmp_path / "deep" / "grants.json"
        grants = Grants((), "ask", file)
        assert grants.check("a.ipynb", "kv/a#k") == "unknown"
        grants.grant("a.ipynb", "kv/a#k")
        grants.grant("a.ipynb", "kv/b#k", allow=False)
        other = Grants((), "ask", file)
        assert other.check("a.ipynb", "kv/a#k") == "granted"
        assert other.check("a.ipynb", "kv/b#k") == "refused"
        assert other.check("b.ipynb", "kv/a#k") == "unknown"
        assert other.revoke("a.ipynb", "kv/a#k") is True
        assert grants.check("a.ipynb", "kv/a#k") == "unknown"  # another process has written
        assert grants.all() == [("a.ipynb", "kv/b#k", False)]
        assert grants.revoke("a.ipynb") is True
        assert grants.revoke("a.ipynb") is False
        assert file.stat().st_mode & 0o777 == 0o600

    def test_a_policy_goes_before_what_is_remembered(self) -> None:
        grants = Grants((Rule("*", "kv/prod/*", False),), "ask")
        grants.grant("a.ipynb", "kv/prod/x")
        assert grants.check("a.ipynb", "kv/prod/x") == "refused"

    def test_a_fetch_waits_for_its_grant(self, start: Start) -> None:
        running = start(grants=Grants((), "ask"))
        kernel = running.kernel()
        with pytest.raises(MlsecError, match=r"a\.ipynb has not been granted kv/a#k yet"):
            kernel.get(parse("kv/a#k"))
        assert running.broker.waiting == {("a.ipynb", "kv/a#k")}
        running.broker.decide("a.ipynb", "kv/a#k", allow=True)
        assert kernel.get(parse("kv/a#k")).data == {"k": "value"}
        running.broker.decide("a.ipynb", "kv/a#k", allow=False)
        with pytest.raises(MlsecError, match="may not have"):
            kernel.get(parse("kv/a#k"))
        assert [one["event"] for one in running.heard] == [
            "refusal",
            "grant",
            "fetch",
            "refusal",
            "refusal",
        ]
        kernel.close()

    def test_what_an_engine_makes_is_granted_like_a_secret(self, start: Start) -> None:
        running = start(grants=Grants([Rule("*", "totp/code/mine", True)], "forbid"))
        kernel = running.kernel()
        made = kernel.engine("totp", "totp", "mine", {})
        assert made.data == {"code": "value", "name": "mine"}
        assert running.learned == [("a", "totp/code/mine#code")]
        for call, mount, name in (
            ("totp", "totp", "other"),
            ("wrap", "sys/wrapping", ""),
            ("decrypt", "transit", "orders"),
            ("token", "auth/token", "create"),
        ):
            with pytest.raises(MlsecError):
                kernel.engine(call, mount, name, {"data": {}})
        heard = [(one["event"], one["reference"]) for one in running.heard]
        assert heard == [
            ("fetch", "totp/code/mine"),
            ("refusal", "totp/code/other"),
            ("refusal", "sys/wrapping/wrap"),
            ("refusal", "transit/decrypt/orders"),
        ]
        kernel.close()


class TestLeases:
    def test_are_given_back(self, start: Start, fake: Fake) -> None:
        running = start()
        first, second = running.kernel("a"), running.kernel("b")
        lease = first.get(parse("kv/a")).lease
        kept = second.get(parse("kv/a")).lease
        assert lease is not None
        assert kept is not None
        with pytest.raises(MlsecError, match="no such lease"):
            second.revoke(lease.id)  # another kernel's
        first.revoke(lease.id)
        assert fake.left == {kept.id}
        first.get(parse("kv/a"))
        running.do(running.broker.dismiss("a"))
        assert fake.left == {kept.id}
        with pytest.raises(MlsecError, match="does not answer"):
            first.get(parse("kv/a"))
        first.close()
        second.close()
        until(lambda: not fake.left)

    def test_the_end_of_the_server_is_the_end_of_all(self, start: Start, fake: Fake) -> None:
        running = start()
        kernels = [running.kernel(str(number)) for number in range(5)]
        for kernel in kernels:
            kernel.get(parse("kv/a"))
        assert len(fake.left) == 5
        running.do(running.broker.stop())
        assert fake.left == set()
        for kernel in kernels:
            kernel.close()

    @POSIX
    @pytest.mark.parametrize(
        "then",
        [
            "sys.exit()",
            "os._exit(1)",
            "os.kill(os.getpid(), 9)",
            "os.abort()",
            # a child that goes on has the connection as well
            "os.fork() or (time.sleep(2), os._exit(0)); os.kill(os.getpid(), 9)",
        ],
    )
    def test_end_with_their_process(self, start: Start, fake: Fake, then: str) -> None:
        running = start()
        code = (
            "import os, sys, time\n"
            "from jupyter_mlsec.credentials.broker.client import find\n"
            "from jupyter_mlsec.credentials.reference import parse\n"
            "broker = find(); broker.get(parse('kv/a')); sys.stdin.readline()\n" + then
        )
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, **running.broker.admit("a")},
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdin is not None
        until(lambda: bool(fake.left), 20)
        process.stdin.write(b"\n")
        process.stdin.close()
        # the process stays a zombie until it is waited for, as a kernel does for a while
        assert until(lambda: not fake.left) < 2
        process.wait()


def test_many_kernels_at_once(start: Start, fake: Fake) -> None:
    running = start()
    kernels = [running.kernel(str(number)) for number in range(100)]
    problems: list[BaseException] = []

    def work(kernel: BrokerProvider) -> None:
        try:
            for _ in range(3):
                assert kernel.get(parse("kv/a#k")).data == {"k": "value"}
            kernel.close()
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=work, args=(kernel,)) for kernel in kernels]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    until(lambda: not fake.left)
    assert len(running.heard) == 300


@POSIX
@pytest.mark.parametrize("child", [True, False])
def test_a_killed_kernel_s_database_login_is_gone(start: Start, child: bool) -> None:
    """With a real Vault and a real database, which refuses the login: with a child login for the
    kernel, and with the broker's own where the policy allows no child."""
    with running() as server, postgres.running() as database:
        database.mount(server)
        rules = ["database/creds/*: read", "sys/leases/revoke: update"]
        server.policy("broker", *rules, *(["auth/token/create: update"] if child else []))
        variables = {
            "VAULT_ADDR": server.address,
            "VAULT_TOKEN": server.token("broker"),
            "HOME": "/nonexistent",
        }
        broker = start(open_=lambda name: VaultProvider(variables))
        code = (
            "import sys\n"
            "from jupyter_mlsec.credentials.broker.client import find\n"
            "from jupyter_mlsec.credentials.reference import parse\n"
            "broker = find(); data = broker.get(parse('database/creds/ro')).data\n"
            "print(data['username'], data['password'], flush=True); sys.stdin.readline()\n"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, **broker.broker.admit("a")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        user, password = process.stdout.readline().decode().split()
        assert not database.refuses(user, password)
        process.send_signal(signal.SIGKILL)
        assert until(lambda: database.refuses(user, password)) < 5
        process.communicate()
        broker.close()
