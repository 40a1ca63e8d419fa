"""`%mlsec_secret` in a real kernel, as a user sees it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from jupyter_mlsec.core.formats import sample
from tests.leaks.kernel import Kernel

# A store with what Vault has: versions, CAS, leases, several keys at a path.
_STORE = """
%load_ext jupyter_mlsec
from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.provider import Fetched, Lease
from jupyter_mlsec.credentials.store import store
import os
class Standin:
    name = "vault"
    def __init__(self):
        self.data = {"kv/ml/openai": ({"api_key": os.environ.pop("MLSEC_T1")}, 1)}
        self.revoked = []
    def get(self, ref):
        if ref.path == "database/creds/ro":
            made = {"username": "v-ro-1", "password": os.urandom(20).hex()}
            return Fetched(made, None, Lease("lease-1", 60, True))
        if ref.path not in self.data:
            raise MlsecError(f"Vault has nothing at {ref.path}", "in kv/ml/ there is openai")
        data, version = self.data[ref.path]
        return Fetched({ref.key: data[ref.key]} if ref.key else data, version)
    def put(self, ref, value, cas=None):
        data, version = self.data.get(ref.path, ({}, 0))
        if cas is not None and cas != version:
            raise MlsecError("somebody else wrote")
        self.data[ref.path] = ({**data, ref.key: value}, version + 1)
        return version + 1
    def list(self, prefix=""):
        names = ["kv/", "kv/ml/", "kv/ml/openai", "kv/ml/openai#api_key", "database/"]
        return [n for n in names if n.startswith(prefix)]
    def revoke(self, lease):
        self.revoked.append(lease)
    def status(self):
        return {"address": "https://vault", "policies": ["ml"]}
standin = Standin()
store().use(standin)
"""


class Notebook:
    """A kernel with that store, and what its cells show."""

    def __init__(self, top: Path) -> None:
        self.value = sample("sk-{an:40}", Random())
        self.new_value = sample("sk-{an:40}", Random())
        log = str(top / "audit.jsonl")
        given = {"MLSEC_T1": self.value, "MLSEC_AUDIT_LOG": log, "CI": ""}
        self.kernel = Kernel(top, given)
        assert self.run(_STORE) == ""

    def run(self, code: str, answer: str = "", status: str = "ok") -> str:
        """Everything that a cell shows; never with a value in it."""
        self.kernel.received.clear()
        assert self.kernel.run(code, answer) == status
        shown = []
        for raw in self.kernel.received:
            for value in (self.value, self.new_value):
                assert value.encode() not in raw, "a value is shown"
            message = json.loads(raw)
            shown.append(_text(message["msg_type"], message["content"]))
        return "".join(shown)


def _text(kind: str, content: dict[str, Any]) -> str:
    if kind == "stream":
        return str(content["text"])
    if kind == "execute_result":
        return str(content["data"]["text/plain"])
    pages = content.get("payload", [])
    return "".join(page["data"]["text/plain"] for page in pages if page["source"] == "page")


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    made = Notebook(tmp_path_factory.mktemp("notebook"))
    yield made
    made.kernel.end()


REF = "kv/ml/openai#api_key"
MASK = f"[SECRET:{REF}]"

CELLS = [
    # what is typed, what is shown
    (f"%mlsec_secret key = {REF}", ""),
    ("type(key).__mro__[1].__name__, len(key)", "('str', 43)"),
    ("key", MASK),
    ("print(key + '!')", MASK + "!\n"),
    (f"%mlsec_secret a={REF}@1, b = {REF}", ""),
    ("a == b == key", "True"),
    (f"x = %mlsec_secret {REF}", ""),
    ("x == key", "True"),
    ("%mlsec_secret kv/ml/openai", "Secrets(api_key)"),
    ("%mlsec_secret login = database/creds/ro", ""),
    ("sorted(login), login", "(['password', 'username'], Secrets(username, password))"),
    ("print(*login.values())", "v-ro-1 [SECRET:database/creds/ro#password]\n"),
    (f"%mlsec_secret --opaque hidden = {REF}", ""),
    ("hidden, hidden.reveal() == key", f"({MASK}, True)"),
    (f"%%mlsec_secret K={REF}\nimport os\nos.environ['K'] == key", "True"),
    ("'K' in os.environ", "False"),
    (f"os.environ['K'] = 'old'\n%mlsec_secret x = {REF}", ""),
    (f"%%mlsec_secret K={REF} L={REF}\nprint(os.environ['K'] == os.environ['L'])", "True\n"),
    (f"%%mlsec_secret K={REF}\n!echo $K | wc -c", "44\r\n"),
    ("os.environ.pop('K'), 'L' in os.environ", "('old', False)"),
    (f"%%mlsec_secret K={REF}\nimport asyncio\nawait asyncio.sleep(0)\nlen(os.environ['K'])", "43"),
    ("'K' in os.environ", "False"),
    (f"%%mlsec_secret K={REF}\nget_ipython().run_cell('1')\nprint('K' in os.environ)", "1True\n"),
    ("'K' in os.environ", "False"),
    ("%mlsec_secret ls kv/ml/", "kv/ml/\nkv/ml/openai\nkv/ml/openai#api_key\n"),
    ("%mlsec_secret ls nothing", "nothing begins with 'nothing', or you may not see it\n"),
    ("import resource; resource.getrlimit(resource.RLIMIT_CORE)[0]", "0"),
]  # fmt: skip


def test_cells_in_their_order(notebook: Notebook) -> None:
    for code, shown in CELLS:
        assert (code, notebook.run(code)) == (code, shown)


FAILURES = [
    # what is typed, what stands in the one line that is shown
    ("%mlsec_secret key", "no `/`"),
    ("%mlsec_secret key =", "NAME = REFERENCE"),
    (f"%mlsec_secret a={REF} a={REF}", "bound twice"),
    ("%mlsec_secret a=kv/none#x", "Vault has nothing at kv/none; in kv/ml/ there is openai"),
    ("%%mlsec_secret K=kv/ml/openai\n1", "K would get all keys of kv/ml/openai; add #key to it"),
    ("%%mlsec_secret\n1", "no variable to set"),
    ("%mlsec_secret why nothing", "nothing stands for no secret"),
    ("%mlsec_secret revoke", "nothing to revoke"),
    (f"%mlsec_secret --set {REF}", "is there already"),
    ("%mlsec_secret --set kv/ml/openai", "one key"),
    ("%mlsec_secret --set kv/ml/new#key", "no value was given"),
    ("%mlsec_secret rotate kv/ml/new#key", "is not there"),
]


@pytest.mark.parametrize(("code", "said"), FAILURES)
def test_failures_are_one_line(notebook: Notebook, code: str, said: str) -> None:
    shown = notebook.run(code, status="error")
    assert shown.startswith("UsageError: ")
    assert shown.count("\n") == 1
    assert said in shown


ENDINGS = {
    "error": "1 / 0",
    "interrupt": "import signal, os, time\nos.kill(os.getpid(), signal.SIGINT); time.sleep(5)",
    "syntax": "x = = 1",
    "exit": "raise SystemExit(1)",
    "async error": "import asyncio\nawait asyncio.sleep(0)\n1 / 0",
}  # fmt: skip


@pytest.mark.parametrize("ending", ENDINGS)
def test_environment_of_a_cell_ends_with_it(notebook: Notebook, ending: str) -> None:
    notebook.run(f"%%mlsec_secret ENDED={REF}\n{ENDINGS[ending]}", status="error")
    assert notebook.run("import os; 'ENDED' in os.environ") == "False"


def test_traceback_has_the_lines_of_the_cell(notebook: Notebook) -> None:
    notebook.run(f"%%mlsec_secret K={REF}\n\nraise KeyError('here')", status="error")
    error = next(m for m in map(json.loads, notebook.kernel.received) if m["msg_type"] == "error")
    assert error["content"]["ename"] == "KeyError"
    assert "line 3" in "".join(error["content"]["traceback"])


def test_written_rotated_and_revoked(notebook: Notebook) -> None:
    assert notebook.run("%mlsec_secret --set kv/ml/hf#token", notebook.value[::2] * 2) == (
        "kv/ml/hf#token is written (version 1)\n"
    )
    notebook.run("%mlsec_secret hf = kv/ml/hf#token\n%mlsec_secret login = database/creds/ro")
    said = notebook.run("%mlsec_secret rotate hf", notebook.new_value)
    assert said.startswith("kv/ml/hf#token is written (version 2), and hf bound to it")
    assert notebook.run("len(hf), hf") == "(43, [SECRET:kv/ml/hf#token])"
    assert "lease for 60 s (renewed)" in notebook.run("%mlsec_secret why login")
    said = notebook.run("%mlsec_secret revoke login hf")
    assert said.splitlines() == [
        "login (database/creds/ro) is forgotten, its lease is ended",
        "hf (kv/ml/hf#token) is forgotten",
    ]
    assert notebook.run("standin.revoked, 'login' in globals()") == "(['lease-1'], False)"
    block = "from jupyter_mlsec import secret\nwith secret('database/creds/ro') as s: pass"
    assert notebook.run(f"{block}\nlen(standin.revoked)") == "2"


def test_status_and_audit_name_what_was_done(notebook: Notebook) -> None:
    notebook.run(f"%mlsec_secret key = {REF}")
    status = notebook.run("%mlsec_secret status")
    assert "address:    https://vault" in status
    assert f"key = {REF}, version 1" in status
    assert f"fetch    {REF}  ok" in notebook.run("%mlsec_secret audit")
    log = (notebook.kernel.top / "audit.jsonl").read_text()
    assert notebook.value not in log
    lines = list(map(json.loads, log.splitlines()))
    assert lines[-1]["event"] == "fetch"
    assert lines[-1]["reference"] == REF


COMPLETIONS = [
    ("%mlsec_secret st", ["status"]),
    ("%mlsec_secret key = kv/", ["kv/", "kv/ml/", "kv/ml/openai", "kv/ml/openai#api_key"]),
    ("%mlsec_secret key = k8", ["k8s://"]),
    ("%mlsec_secret key = kv/ml/openai#", ["kv/ml/openai#api_key"]),
    ("%mlsec_secret key = databr", ["databricks://"]),
    ("%mlsec_secret login o", ["oidc"]),
    ("%mlsec_secret login a", ["approle", "aws", "azure"]),
    ("%mlsec_secret --", ["--set"]),
    ("%mlsec_secret why ke", ["key"]),
    ("%%mlsec_secret KEY=kv/ml/op", ["kv/ml/openai", "kv/ml/openai#api_key"]),
]


@pytest.mark.parametrize(("line", "expected"), COMPLETIONS)
def test_completion(notebook: Notebook, line: str, expected: list[str]) -> None:
    notebook.run(f"%mlsec_secret key = {REF}\n%config IPCompleter.use_jedi = False")
    notebook.kernel.received.clear()
    notebook.kernel.ask("complete", line)
    reply = next(
        m for m in map(json.loads, notebook.kernel.received) if m["msg_type"] == "complete_reply"
    )
    start = reply["content"]["cursor_start"]
    completed = [line[:start] + match for match in reply["content"]["matches"]]
    head = line[: len(line) - len(line.split()[-1].rpartition("=")[2])]
    assert [text for text in completed if not text.endswith("_secret")] == [
        head + e for e in expected
    ]


def test_help_tells_how(notebook: Notebook) -> None:
    shown = notebook.run("%mlsec_secret?")
    for said in (f"%mlsec_secret key = {REF}", "--set", "revoke NAME", "env://NAME"):
        assert said in shown


def test_file_with_a_secret_is_named(notebook: Notebook) -> None:
    notebook.run(f"%mlsec_secret key = {REF}")
    said = notebook.run("with open('a.cfg', 'w') as f: _ = f.write(f'key={key}')")
    assert f"this cell wrote the secret {REF} to " in said
    assert "a.cfg" in said
    assert (notebook.kernel.work / "a.cfg").read_text() == f"key={notebook.value}"
    assert notebook.run("with open('b.cfg', 'w') as f: _ = f.write('nothing')") == ""
    assert "c.cfg" in notebook.run("import os\nwith open('b.cfg', 'w') as f: _ = f.write(key)\n"
                                   "os.rename('b.cfg', 'c.cfg')")  # fmt: skip
    for name in ("a.cfg", "c.cfg"):
        (notebook.kernel.work / name).unlink()


def test_libraries_get_the_true_value(notebook: Notebook) -> None:
    notebook.run(f"%mlsec_secret key = {REF}")
    code = (
        "import json, base64, urllib.request as u, http.client as h, socket, sqlite3\n"
        "r = u.Request('http://h', headers={'Authorization': f'Bearer {key}'})\n"
        "c = h.HTTPConnection('h'); c.sock, other = socket.socketpair()\n"
        "c.request('POST', '/', body=json.dumps({'k': key}), headers={'X': key})\n"
        "sent = other.recv(9999).decode()\n"
        "db = sqlite3.connect(':memory:').execute('select ?', (key,)).fetchone()[0]\n"
        "plain = str(key)\n"
        "[r.get_header('Authorization') == 'Bearer ' + plain, sent.count(plain), db == plain, "
        "base64.b64decode(base64.b64encode(key.encode())).decode() == plain, "
        "'{}'.format(key) == '%s' % key == plain, json.loads(json.dumps(key)) == plain]"
    )
    assert notebook.run(code) == "[True, 2, True, True, True, True]"


def test_in_ci_what_is_missing_is_one_line_and_nobody_is_asked(tmp_path: Path) -> None:
    """As papermill and nbclient run notebooks, whose exit code is then their own."""
    kernel = Kernel(tmp_path / "ci", {"MLSEC_SECRETS": "env"})
    try:
        for code, said in (
            (
                "%load_ext jupyter_mlsec\n%mlsec_secret key = kv/a#b",
                "set MLSEC_KV_A_B for this job",
            ),
            ("%mlsec_secret --set kv/a#b", "nobody is asked in CI"),
            ("%mlsec_secret login userpass", "MLSEC_SECRETS=env"),
        ):
            kernel.received.clear()
            assert kernel.run(code, answer="typed") == "error"
            messages = [json.loads(raw) for raw in kernel.received]
            assert "input_request" not in [one["msg_type"] for one in messages]
            (line,) = [_text(m["msg_type"], m["content"]) for m in messages if
                       m["msg_type"] == "stream"]  # fmt: skip
            assert (line.startswith("UsageError: "), line.count("\n")) == (True, 1)
            assert said in line
    finally:
        kernel.end()
