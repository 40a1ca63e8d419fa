"""Mode `sensitive` through real git: what is sensitive in outputs stays here, the rest goes in."""

from __future__ import annotations

import json

import pytest

from tests.faces.command import token
from tests.git.repository import Repository, notebook

NAME = "a.ipynb"
SECRET = token(7)
LEAK = notebook("print(key)\n", output=f"the key is {SECRET} and works")


def test_an_output_is_redacted_in_place(sensitive: Repository) -> None:
    sensitive.write(NAME, LEAK)
    sensitive.commit()
    staged = sensitive.staged(NAME).decode()
    (text,) = json.loads(staged)["cells"][0]["outputs"][0]["text"]
    assert text.startswith("the key is [redacted: ")
    assert text.endswith("] and works\n")
    assert staged.count("\n") == LEAK.count("\n")
    assert sensitive.read(NAME) == LEAK
    assert sensitive.status() == ""
    assert not sensitive.leaks(SECRET)


def test_outputs_without_a_secret_are_committed(sensitive: Repository) -> None:
    text = notebook("print(1)\n", output="1")
    sensitive.write(NAME, text)
    sensitive.commit()
    assert sensitive.staged(NAME).decode() == text


def test_branches_merge_with_their_outputs(sensitive: Repository) -> None:
    sensitive.write(NAME, notebook("a = 1\n", "b = 1\n", "c = 1\n", output=["1", SECRET, "3"]))
    sensitive.commit()
    sensitive.git("checkout", "-q", "-b", "work")
    sensitive.write(NAME, notebook("a = 1\n", "b = 1\n", "c = 2\n", output=["1", SECRET, "4"]))
    sensitive.commit()
    sensitive.git("checkout", "-q", "main")
    sensitive.write(NAME, notebook("a = 0\n", "b = 1\n", "c = 1\n", output=["0", SECRET, "3"]))
    sensitive.commit()
    sensitive.git("merge", "-q", "--no-edit", "work")
    cells = json.loads(sensitive.read(NAME))["cells"]
    assert ["".join(cell["source"]) for cell in cells] == ["a = 0\n", "b = 1\n", "c = 2\n"]
    assert [cell["outputs"][0]["text"][0][0] for cell in cells] == ["0", "[", "4"]
    assert not sensitive.leaks(SECRET)
    assert sensitive.status() == ""


def test_outputs_with_a_secret_are_not_kept_for_later(repo: Repository) -> None:
    sources = ("x = 1\n", "print(key)\n")
    text = notebook(*sources, output=["harmless", SECRET])
    repo.write(NAME, text)
    repo.commit()
    repo.settle()
    kept = (repo.path / ".git/mlsec/outputs/a.ipynb.outputs").read_bytes()
    assert b"harmless" in kept
    assert SECRET.encode() not in kept
    folder = repo.path / ".git"
    assert not any(SECRET.encode() in p.read_bytes() for p in folder.rglob("*") if p.is_file())
    (repo.path / NAME).unlink()
    repo.git("checkout", "-q", "--", NAME)
    assert repo.read(NAME) == notebook(*sources, output=["harmless", None])
    assert repo.status() == ""


@pytest.mark.parametrize("block", [False, True])
def test_a_secret_in_a_source_is_named(block: bool, sensitive: Repository) -> None:
    sensitive.write("mlsec.toml", f"[strip]\nblock = {str(block).lower()}\n")
    text = notebook("x = 1\n", f'key = "{SECRET}"\n', output=None)
    for _ in range(2):  # and again when it is asked for the same bytes
        sensitive.write(NAME, text)
        done = sensitive.run("git", "add", NAME)
        assert (done.returncode != 0) == block
        said = done.stderr.decode()
        assert f"mlsec: {NAME}: cell 2: " in said
        assert SECRET not in said
    assert sensitive.read(NAME) == text
    assert (sensitive.git("ls-files") == NAME) != block


def test_a_mode_for_some_paths_in_the_configuration(sensitive: Repository) -> None:
    sensitive.write("mlsec.toml", '[strip.per-path]\n"reports/**" = "all"\n')
    for name in ("reports/a.ipynb", "b.ipynb"):
        sensitive.write(name, notebook("print(1)\n", output="1"))
    sensitive.commit()
    bare = notebook("print(1)\n", output=None)
    assert sensitive.staged("reports/a.ipynb").decode() == bare
    assert sensitive.staged("b.ipynb").decode() == notebook("print(1)\n", output="1")


def test_a_mistake_in_the_configuration_is_said(sensitive: Repository) -> None:
    sensitive.write("mlsec.toml", '[strip]\nmodus = "all"\n')
    sensitive.write(NAME, LEAK)
    said = sensitive.refused("add", NAME)
    assert "modus" in said.splitlines()[0]
    assert sensitive.git("ls-files") == ""
