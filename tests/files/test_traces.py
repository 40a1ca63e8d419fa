"""Copies of a credential that can't be removed are named, not passed over."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from jupyter_mlsec.files.traces import traces

VALUE = "made-up-value"


@pytest.fixture
def history(tmp_path: Path) -> Path:
    file = tmp_path / "ipython" / "profile_default" / "history.sqlite"
    file.parent.mkdir(parents=True)
    with closing(sqlite3.connect(file)) as base:
        base.execute("CREATE TABLE history (session, line, source, source_raw)")
        base.execute("CREATE TABLE output_history (session, line, output)")
        base.execute("INSERT INTO history VALUES (1, 1, ?, ?)", (VALUE, VALUE))
        base.commit()
    return file


def found(tmp_path: Path) -> list[tuple[str, int, bool]]:
    environment = {"IPYTHONDIR": str(tmp_path / "ipython")}
    told = traces(str(tmp_path / "a.ipynb"), {VALUE}, environment, purge=True)
    return [(trace.what, trace.lines, trace.purged) for trace in told]


def test_a_history_that_another_process_holds(tmp_path: Path, history: Path) -> None:
    with closing(sqlite3.connect(history, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert found(tmp_path) == [("IPython's history", 1, False)]
    assert found(tmp_path) == [("IPython's history", 1, True)]
    assert found(tmp_path) == []


def test_a_checkpoint_that_may_not_be_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = tmp_path / ".ipynb_checkpoints" / "a-checkpoint.ipynb"
    checkpoint.parent.mkdir()
    checkpoint.write_text(VALUE)

    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refuse)
        assert found(tmp_path) == [("a checkpoint", 0, False)]
    assert found(tmp_path) == [("a checkpoint", 0, True)]
    assert not checkpoint.exists()
