"""`mlsec fix --to-vault` from outside, with a real server."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_mlsec.credentials.reference import parse
from jupyter_mlsec.credentials.vault.provider import VaultProvider
from tests.credentials.vault.server import Server, running
from tests.faces.command import Folder, Outcome, cell, notebook, token
from tests.faces.inside import Inside

KIND = "hugging-face-user-access-token"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as one:
        one.policy("kv", "kv/*: create read update list")
        yield one


class Mover:
    def __init__(self, mlsec: Inside, server: Server) -> None:
        self.mlsec = mlsec
        folder = mlsec.folder
        self.place = f"kv/{folder.path.parent.name}"
        self.variables = {
            "VAULT_ADDR": server.address,
            "VAULT_TOKEN": server.token("kv"),
            "MLSEC_AUDIT_LOG": str(folder.home / "log"),
        }

    def __call__(self, *arguments: str, **more: str) -> Outcome:
        return self.mlsec(
            *("fix", ".", "--to-vault", "--vault-folder", self.place, *arguments),
            env={**self.variables, **more},
        )

    def kept(self, path: str) -> str:
        provider = VaultProvider(self.variables)
        value = provider.get(parse(f"{self.place}/{path}#value")).data["value"]
        provider.close()
        return value

    def names(self) -> list[str]:
        provider = VaultProvider(self.variables)
        found = [
            name.removeprefix(self.place + "/")
            for folder in provider.list(self.place + "/")
            for name in provider.list(folder)
        ]
        provider.close()
        return found


@pytest.fixture
def mover(folder: Folder, server: Server, capfd: pytest.CaptureFixture[str]) -> Mover:
    return Mover(Inside(folder, capfd), server)


def sources(data: bytes) -> list[str]:
    return ["".join(one["source"]) for one in json.loads(data)["cells"]]


SHOWN = {"output_type": "stream", "name": "stdout", "text": ["3\n"]}


def test_a_credential_moves(folder: Folder, mover: Mover) -> None:
    value = token()
    folder.write(
        "My Notes.ipynb",
        notebook(
            cell(f'client = Client("{value}")\nprint(3)\n', SHOWN, execution_count=4),
            cell("print(4)\n", SHOWN),
            {"cell_type": "markdown", "metadata": {}, "source": [f"The token is {value}.\n"]},
            cell(f'other = f"{{x}}:{value}"\n'),
        ),
    )
    before = folder.read("My Notes.ipynb")
    outcome = mover()
    reference = f"{mover.place}/my-notes/{KIND}#value"
    assert outcome.code == 0
    assert outcome.out == (
        f"My Notes.ipynb: {KIND} moved to {reference}\nMy Notes.ipynb: outputs of 1 cell cleared\n"
    )
    assert f"mlsec: rotate the {KIND}, whoever had the file has it: " in outcome.err
    assert not outcome.shows(value)
    assert mover.kept(f"my-notes/{KIND}") == value
    after = folder.read("My Notes.ipynb")
    assert sources(after) == [
        f'from jupyter_mlsec import secret\nclient = Client(secret("{reference}"))\nprint(3)\n',
        "print(4)\n",
        f"The token is [{reference}].\n",
        f"from jupyter_mlsec import secret\nother = f\"{{x}}:{{secret('{reference}')}}\"\n",
    ]
    cells = json.loads(after)["cells"]
    assert (cells[0]["outputs"], cells[0]["execution_count"]) == ([], None)
    assert cells[1]["outputs"] == json.loads(before)["cells"][1]["outputs"]
    again = mover()
    assert (again.code, again.out, again.err) == (0, "", "")
    assert folder.read("My Notes.ipynb") == after
    log = (folder.home / "log").read_text()
    assert json.loads(log)["event"] == "put"
    assert value not in log


def test_one_value_has_one_name_and_another_gets_another(folder: Folder, mover: Mover) -> None:
    folder.write("a.ipynb", notebook(f'x = "{token(1)}"', f'y = "{token(2)}"', f'z = "{token(1)}"'))
    assert mover().code == 0
    assert mover.names() == [f"a/{KIND}", f"a/{KIND}-2"]
    assert (mover.kept(f"a/{KIND}"), mover.kept(f"a/{KIND}-2")) == (token(1), token(2))
    folder.write("a.ipynb", notebook(f'x = "{token(2)}"', f'y = "{token(3)}"'))
    outcome = mover()
    assert "is in Vault already, as" in outcome.out
    assert mover.names() == [f"a/{KIND}", f"a/{KIND}-2", f"a/{KIND}-3"]


def test_what_can_not_be_proved_stays_and_is_named(folder: Folder, mover: Mover) -> None:
    shell = f"%%bash\nexport HF_TOKEN={token(7)}\n"
    folder.write("a.ipynb", notebook(f'x = "{token()}"\n', shell))
    outcome = mover()
    assert outcome.code == 1
    assert f"mlsec: a.ipynb cell 2 line 2: the {KIND} stays" in outcome.err
    assert sources(folder.read("a.ipynb"))[1] == shell
    assert token() not in folder.read("a.ipynb").decode()
    assert mover.names() == [f"a/{KIND}"]


def test_python_files(folder: Folder, mover: Mover) -> None:
    folder.write("job.py", f'"""Doc."""\nimport os\n\nKEY = "{token()}"\n')
    assert mover().code == 0
    reference = f"{mover.place}/job/{KIND}#value"
    assert folder.read("job.py").decode() == (
        f'"""Doc."""\nfrom jupyter_mlsec import secret\nimport os\n\nKEY = secret("{reference}")\n'
    )


def test_suppressed_ones_stay(folder: Folder, mover: Mover) -> None:
    folder.write("a.ipynb", notebook(f'x = "{token()}"  # mlsec: ignore[secrets] a test\n'))
    before = folder.read("a.ipynb")
    outcome = mover()
    assert (outcome.code, outcome.out, folder.read("a.ipynb")) == (0, "", before)


def test_a_diff_writes_nothing_anywhere(folder: Folder, mover: Mover) -> None:
    folder.write("a.ipynb", notebook(f'x = "{token()}"\n'))
    before = folder.read("a.ipynb")
    outcome = mover("--diff")
    assert outcome.code == 0
    assert f'+x = secret("{mover.place}/a/{KIND}#value")' in outcome.out
    assert not outcome.shows(token())
    assert folder.read("a.ipynb") == before
    assert mover.names() == []


def test_without_vault_the_file_stays(folder: Folder, mover: Mover, server: Server) -> None:
    folder.write("a.ipynb", notebook(f'x = "{token()}"\n'))
    before = folder.read("a.ipynb")
    server.policy("look", "kv/*: list read")
    for more, line in (
        ({"VAULT_ADDR": "http://127.0.0.1:1", "VAULT_MAX_RETRIES": "0"}, "nothing answers at"),
        ({"VAULT_TOKEN": server.token("look")}, "does not let this login update"),
    ):
        outcome = mover(**more)
        assert outcome.code == 2
        assert line in outcome.err
        assert not outcome.shows(token())
        assert folder.read("a.ipynb") == before


def _history(home: Path, *lines: str) -> Path:
    """A history as IPython writes it."""
    file = home / ".ipython" / "profile_default" / "history.sqlite"
    file.parent.mkdir(parents=True)
    with sqlite3.connect(file) as base:
        base.execute(
            "CREATE TABLE history (session integer, line integer, source text, source_raw text, "
            "PRIMARY KEY (session, line))"
        )
        base.execute(
            "CREATE TABLE output_history (session integer, line integer, output text, "
            "PRIMARY KEY (session, line))"
        )
        rows = [(1, number, line, line) for number, line in enumerate(lines)]
        base.executemany("INSERT INTO history VALUES (?, ?, ?, ?)", rows)
    base.close()
    return file


@pytest.mark.parametrize(("purge", "pasted"), [(False, False), (True, True)])
def test_traces_are_named_or_purged(
    folder: Folder, mover: Mover, purge: bool, pasted: bool
) -> None:
    value = token()
    text = notebook(f'x = "{value}"\n')
    folder.write("a.ipynb", text)
    checkpoint = folder.write(".ipynb_checkpoints/a-checkpoint.ipynb", text)
    stored = f"update log {value}" if pasted else " ".join(f"update {c}" for c in value)
    store = folder.write(".jupyter_ystore.db", stored)
    history = _history(folder.home, "import os", f'x = "{value}"', "print(x)")
    outcome = mover(*(["--purge"] if purge else []), IPYTHONDIR="")
    assert outcome.code == 0
    assert not outcome.shows(value)
    how = "mlsec: still in" if pasted else "mlsec: it may still be in"
    assert f"{how} the collaboration store ({store}); it keeps every change" in outcome.err
    if purge:
        assert f"purged from IPython's history ({history}, 1 entry)" in outcome.out
        assert not checkpoint.exists()
        assert value.encode() not in history.read_bytes()
        assert b"import os" in history.read_bytes()
    else:
        assert f"still in a checkpoint ({checkpoint})" in outcome.err
        assert f"still in IPython's history ({history}, 1 entry); --purge" in outcome.err
        assert value.encode() in history.read_bytes()
        assert checkpoint.exists()


def test_purge_alone_is_refused(folder: Folder) -> None:
    outcome = folder.mlsec("fix", ".", "--purge")
    assert outcome.code == 2
    assert "--purge goes with --to-vault" in outcome.err


def test_bytes_outside_stay(folder: Folder, mover: Mover) -> None:
    """Line ends, indentation, unknown fields and the escapes of the file."""
    text = (
        '{"metadata": {"x": 1.0e5},\r\n  "cells": [{"cell_type": "code", "metadata": {}, '
        f'"outputs": [], "execution_count": null, "source": "k = \\"{token()}\\" # \\u00e9"'
        '}], "nbformat": 4, "nbformat_minor": 4}'
    )
    folder.write("a.ipynb", text)
    assert mover().code == 0
    after = folder.read("a.ipynb").decode()
    call = f'secret(\\"{mover.place}/a/{KIND}#value\\")'
    wanted = text.replace(f'\\"{token()}\\"', call).replace(
        '"source": "', '"source": "from jupyter_mlsec import secret\\n'
    )
    assert after == wanted
