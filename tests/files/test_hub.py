"""The commits in the hub's cache, and the fix that takes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_mlsec.core.config import Config
from jupyter_mlsec.core.engine import Scanner
from jupyter_mlsec.core.fixes import spliced
from jupyter_mlsec.core.model import Document, Text
from jupyter_mlsec.core.view import Context
from jupyter_mlsec.files.hub import cached_commit
from jupyter_mlsec.rules import data

COMMIT = "0a1b2c3d" * 5


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    refs = tmp_path / "datasets--acme--reviews" / "refs"
    refs.mkdir(parents=True)
    (refs / "main").write_text(COMMIT)
    return tmp_path


def test_the_commit_of_a_repository(hub: Path) -> None:
    assert cached_commit("datasets", "acme/reviews") == COMMIT
    assert cached_commit("models", "acme/reviews") is None
    assert cached_commit("datasets", "acme/other") is None
    (hub / "datasets--acme--reviews" / "refs" / "main").write_text("main")
    assert cached_commit("datasets", "acme/reviews") is None
    (hub / "datasets--acme--reviews" / "refs" / "main").write_bytes(b"\xff" * 40)
    assert cached_commit("datasets", "acme/reviews") is None


@pytest.mark.parametrize(
    ("variable", "folder"), [("HF_HOME", "hub"), ("XDG_CACHE_HOME", "huggingface/hub")]
)
def test_where_the_cache_is(
    variable: str, folder: str, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_HUB_CACHE")
    monkeypatch.setenv(variable, str(hub / "home"))
    refs = hub / "home" / folder / "datasets--acme--b" / "refs"
    refs.mkdir(parents=True)
    (refs / "main").write_text(COMMIT + "\n")
    assert cached_commit("datasets", "acme/b") == COMMIT


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            'd = load_dataset("acme/reviews", split="train")',
            f'd = load_dataset("acme/reviews", split="train", revision="{COMMIT}")',
        ),
        (
            'd = load_dataset("acme/reviews", revision="main")',
            f'd = load_dataset("acme/reviews", revision="{COMMIT}")',
        ),
        ('d = load_dataset("acme/other")', None),
    ],
)
def test_a_dataset_is_pinned_to_it(before: str, after: str | None, hub: Path) -> None:
    document = Document("a", "notebook", (Text("source", "python", before, 0),), 1)
    context = Context(document)
    context.commit_of = cached_commit
    scanner = Scanner(data.RULES, Config(select=("dataset-revision-not-pinned",)))
    (placed,) = scanner.hits(document, context)
    fix = placed.hit.fix
    assert (fix and spliced(before, fix.edits)) == after
