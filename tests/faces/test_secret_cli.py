"""`mlsec secret` and `mlsec vault` from outside, with a real server of one's own."""

import json
import os
import pty
import secrets
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_mlsec.credentials import audit, ci
from jupyter_mlsec.credentials.reference import parse
from tests.credentials.vault.server import Server, running
from tests.faces.command import Folder, Outcome
from tests.faces.inside import Inside


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as one:
        yield one


class Vault:
    """The command line with the server's address and a token that may use `kv/` only."""

    def __init__(self, mlsec: Inside, server: Server) -> None:
        server.policy("kv", "kv/*: create read update list")
        token = server.token("kv")
        self.mlsec = mlsec
        self.folder = mlsec.folder
        self.log = mlsec.folder.home / "log.jsonl"
        self.variables = {
            "VAULT_ADDR": server.address,
            "VAULT_TOKEN": token,
            "MLSEC_AUDIT_LOG": str(self.log),
        }

    def __call__(self, *arguments: str, stdin: bytes = b"", **more: str) -> Outcome:
        outcome = self.mlsec("secret", *arguments, stdin=stdin, env={**self.variables, **more})
        assert not outcome.shows(self.variables["VAULT_TOKEN"])
        return outcome

    @property
    def lines(self) -> list[tuple[str, str, str]]:
        found = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [(one["event"], one["reference"], one["result"]) for one in found]


@pytest.fixture
def mlsec(folder: Folder, capfd: pytest.CaptureFixture[str]) -> Inside:
    return Inside(folder, capfd)


@pytest.fixture
def vault(mlsec: Inside, server: Server) -> Vault:
    return Vault(mlsec, server)


@pytest.fixture
def path() -> str:
    return f"kv/c{secrets.token_hex(4)}"


def test_a_value_is_set_found_and_never_shown(vault: Vault, path: str) -> None:
    value = secrets.token_hex()
    written = vault("set", f"{path}/a#k", "--new", stdin=value.encode() + b"\n")
    assert (written.code, written.out) == (0, f"{path}/a#k: written, version 1\n")
    assert vault("get", f"{path}/a#k").out == f"{path}/a#k: k, version 1\n"
    assert vault("ls", f"{path}/").out == f"{path}/a\n"
    assert vault("ls", f"{path}/a#").out == f"{path}/a#k\n"
    assert "kv/\n" in vault("ls").out
    why = vault("why", f"{path}/a#k")
    assert "provider: vault\n" in why.out
    assert "source: VAULT_TOKEN\n" in why.out
    assert "keys: k\nversion: 1\n" in why.out
    again = vault("set", f"{path}/a#k", "--new", stdin=b"other")
    assert again.code == 2
    assert "exists already (version 1)" in again.err
    assert vault("set", f"{path}/a#k", "--cas", "1", stdin=b"other").code == 0
    assert "version: 2\nversion 1: kept\nversion 2: kept\n" in vault("why", f"{path}/a#k").out
    shown = vault("get", "--show", f"{path}/a#k")
    assert shown.code == 2
    assert "shown on a terminal only" in shown.err
    assert not any(one.shows(value) for one in (written, why, again, shown))
    assert value not in vault.log.read_text()
    assert vault.lines == [
        ("put", f"{path}/a#k", "ok"),
        ("fetch", f"{path}/a#k", "ok"),
        ("fetch", f"{path}/a#k", "ok"),
        ("refusal", f"{path}/a#k", f"{path}/a exists already (version 1)"),
        ("put", f"{path}/a#k", "ok"),
        ("fetch", f"{path}/a#k", "ok"),
    ]


def test_a_command_gets_values_and_gives_its_exit_code(vault: Vault, path: str) -> None:
    value, other = secrets.token_hex(), secrets.token_hex()
    vault("set", f"{path}#k", stdin=value.encode())
    vault("set", f"{path}#l", stdin=other.encode())
    # the values' digests, as a value itself must not be in an output of the tests
    code = (
        "import hashlib, os, sys; "
        "print(*(hashlib.sha256(os.environ[n].encode()).hexdigest() for n in 'AB')); sys.exit(7)"
    )
    command = (sys.executable, "-c", code)
    outcome = vault("run", f"A={path}#k", f"B={path}#l", "--", *command)
    from hashlib import sha256

    assert outcome.code == 7
    assert outcome.out.split() == [sha256(one.encode()).hexdigest() for one in (value, other)]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("get", "not a reference"), "not a reference of a secret"),
        (("get", "kv/nothing/here#k"), "Vault has nothing at kv/nothing/here"),
        (("get", "other/x#k"), "Vault has no mount other/"),
        (("get", "nowhere://x#k"), "no provider is called 'nowhere'"),
        (("set", "kv/x#k"), "there is no value to write"),
        (("set", "kv/x"), "a value is written to one key"),
        (("run", "A=kv/nothing#k", "--", "true"), "nothing at kv/nothing"),
        (("run", "1=kv/a#k", "--", "true"), "NAME=REFERENCE"),
        (("check", "env://NOTHING_LIKE_THAT"), "NOTHING_LIKE_THAT is not set"),
    ],
)
def test_failures_are_one_line(vault: Vault, arguments: tuple[str, ...], line: str) -> None:
    stdin = b"value" if arguments == ("set", "kv/x") else b""
    outcome = vault(*arguments, stdin=stdin)
    assert outcome.code == 2
    assert line in outcome.err
    assert outcome.err.count("\n") == 1


def test_a_command_that_is_not_there(vault: Vault) -> None:
    outcome = vault("run", "A=env://HOME", "--", "/nonexistent/program")
    assert outcome.code == 2
    assert "/nonexistent/program can't be run: No such file" in outcome.err


def test_an_audit_log_that_can_not_be_written_stops_all(vault: Vault, path: str) -> None:
    vault("set", f"{path}#k", stdin=b"value")
    outcome = vault("get", f"{path}#k", MLSEC_AUDIT_LOG="/proc/nothing/log")
    assert outcome.code == 2
    assert "nothing is handed out without it" in outcome.err


class TestCi:
    """MLSEC_SECRETS=env: variables in the place of every provider."""

    @pytest.mark.parametrize(
        ("reference", "name"),
        [
            ("kv/ml/openai#api_key", "MLSEC_KV_ML_OPENAI_API_KEY"),
            ("kv/ml/openai#api-key@3", "MLSEC_KV_ML_OPENAI_API_KEY"),
            ("aws-sm://ml/openai#key", "MLSEC_ML_OPENAI_KEY"),
            ("env://OPENAI", "OPENAI"),
            ("database/creds/ro", "MLSEC_DATABASE_CREDS_RO"),
        ],
    )
    def test_names(self, reference: str, name: str) -> None:
        assert ci.variable(parse(reference)) == name

    def test_what_is_missing_is_3(self, mlsec: Inside) -> None:
        there = {"MLSEC_SECRETS": "env", "MLSEC_KV_A_K": "value", "MLSEC_KV_B": '{"u": "x"}'}
        both = ("kv/a#k", "kv/b")
        assert mlsec("secret", "check", *both, env=there).code == 0
        assert mlsec("secret", "get", "kv/b", env=there).out == "kv/b: u\n"
        missing = mlsec("secret", "check", "kv/missing#k", *both, env=there)
        assert missing.code == 3
        assert missing.err == (
            "mlsec: kv/missing#k is missing; set MLSEC_KV_MISSING_K for this job\n"
        )
        run = mlsec("secret", "run", "A=kv/missing#k", "--", "true", env=there)
        assert run.code == 3
        assert mlsec("secret", "set", "kv/a#k", stdin=b"x", env=there).code == 2


def _on_terminal(folder: Folder, variables: dict[str, str], typed: bytes, *arguments: str) -> str:
    """What a terminal shows of a command, and a user sees of it."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyter_mlsec", "secret", *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=folder.environment({**variables, "CI": ""}),
        start_new_session=True,
    )
    os.close(theirs)
    shown, until = b"", time.monotonic() + 20
    while time.monotonic() < until:
        ready, _, _ = select.select([ours], [], [], 0.05)
        if ready:
            try:
                part = os.read(ours, 4096)
            except OSError:
                break
            if not part:
                break
            shown += part
            if typed and b"(not shown): " in shown:
                time.sleep(0.1)  # getpass throws away what was typed before it asks
                os.write(ours, typed)
                typed = b""
        elif process.poll() is not None:
            break
    process.wait(10)
    os.close(ours)
    return shown.decode()


def test_on_a_terminal(vault: Vault, path: str) -> None:
    value = secrets.token_hex()
    asked = _on_terminal(vault.folder, vault.variables, value.encode() + b"\n", "set", f"{path}#k")
    assert f"Value of {path}#k (not shown): " in asked
    assert value not in asked
    assert "written, version 1" in asked
    shown = _on_terminal(vault.folder, vault.variables, b"", "get", "--show", f"{path}#k")
    assert shown.strip() == value


def test_the_newcomer_s_lines(mlsec: Inside) -> None:
    """Start, set, use: without any variable. And the same thing told by `status`."""
    home = {"XDG_DATA_HOME": str(mlsec.folder.home / "data")}
    assert mlsec("vault", "status", env=home).out == "there is none\n"
    started = mlsec("vault", "start", "--ephemeral", env=home)
    try:
        assert started.code == 0
        assert started.out.startswith("running: https://127.0.0.1:")
        assert mlsec("vault", "start", "--ephemeral", env=home).out == started.out
        assert mlsec("vault", "status", env=home).out == started.out
        reference = "kv/ml/openai#api_key"
        value = secrets.token_hex()
        assert mlsec("secret", "set", reference, stdin=value.encode(), env=home).code == 0
        got = mlsec("secret", "get", reference, env=home)
        assert got.out == f"{reference}: api_key, version 1\n"
        assert "login by userpass" in mlsec("secret", "why", reference, env=home).out
    finally:
        stopped = mlsec("vault", "stop", env=home)
    assert (stopped.code, stopped.out) == (0, "stopped\n")
    assert mlsec("vault", "stop", env=home).code == 1
    assert "no Vault is set up" in mlsec("secret", "ls", env=home).err


def test_grants_are_given_shown_and_forgotten(mlsec: Inside) -> None:
    home = {"XDG_DATA_HOME": str(mlsec.folder.home / "data")}
    for arguments, shown in (
        (("a.ipynb", "kv/a#k"), "a.ipynb: kv/a#k\n"),
        (("b.ipynb", "kv/b#k", "--refuse"), "a.ipynb: kv/a#k\nb.ipynb: kv/b#k (refused)\n"),
        (("a.ipynb", "kv/a#k", "--forget"), "b.ipynb: kv/b#k (refused)\n"),
    ):
        assert mlsec("secret", "grant", *arguments, env=home).code == 0
        assert mlsec("secret", "grants", env=home).out == shown


class TestAudit:
    def test_a_line(self, tmp_path: Path) -> None:
        log = {"MLSEC_AUDIT_LOG": str(tmp_path / "deep" / "log")}
        ref = parse("kv/a#k")
        made = audit.record(
            "fetch", ref, version=3, notebook="a.ipynb", cell="ab12", environment=log
        )
        assert audit.last(5, log) == [made]
        assert {name: made[name] for name in ("event", "reference", "provider", "version")} == {
            "event": "fetch",
            "reference": "kv/a#k",
            "provider": "vault",
            "version": 3,
        }
        assert (made["notebook"], made["cell"], made["result"]) == ("a.ipynb", "ab12", "ok")
        assert (tmp_path / "deep" / "log").stat().st_mode & 0o777 == 0o600

    def test_it_begins_anew_when_it_is_large(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        log = {"MLSEC_AUDIT_LOG": str(tmp_path / "log")}
        monkeypatch.setattr(audit, "_LARGEST", 100)
        for _ in range(3):
            audit.record("login", environment=log)
        assert sorted(file.name for file in tmp_path.iterdir()) == ["log", "log.1"]
        assert len(audit.last(5, log)) == 1

    def test_where_it_is(self) -> None:
        found = audit.file_of({"HOME": "/h", "XDG_STATE_HOME": "/s"})
        assert str(found) == "/s/mlsec/secrets.jsonl"

    def test_without_being_asked_for_it_stops_nothing(self) -> None:
        assert audit.record("login", environment={"XDG_STATE_HOME": "/proc/nothing"})
