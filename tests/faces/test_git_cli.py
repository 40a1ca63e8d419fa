"""`--staged` and `--since`, in real repositories."""

from __future__ import annotations

import subprocess

import pytest

from tests.faces.command import Folder, leak, notebook

CLEAN = notebook("x = 1\n")


def test_the_index_is_scanned_not_the_working_tree(folder: Folder) -> None:
    folder.write("mended.ipynb", CLEAN)
    folder.write("broken later.ipynb", CLEAN)
    folder.write("untouched.ipynb", leak())
    folder.write("removed.ipynb", CLEAN)
    folder.commit()
    assert folder.scan("--staged").report["summary"]["files"] == 0
    folder.write("mended.ipynb", leak())
    folder.write('new/it\'s "ü".ipynb', leak())
    folder.write("bad.ipynb", "{")
    folder.write("notes.bin", leak())
    folder.write(".ipynb_checkpoints/a.ipynb", leak())
    folder.git("add", "-A")
    folder.git("rm", "-q", "--cached", "removed.ipynb")
    folder.write("mended.ipynb", CLEAN)
    folder.write("broken later.ipynb", leak())
    folder.write("untracked.ipynb", leak())
    outcome = folder.scan("--staged")
    assert outcome.code == 2
    assert outcome.paths == ["mended.ipynb", 'new/it\'s "ü".ipynb']
    assert [e["path"] for e in outcome.report["errors"]] == ["bad.ipynb"]
    # the same from a folder in it, with paths as seen from there
    inside = folder.scan("--staged", "--exclude", "bad.ipynb", cwd="new")
    assert [f["path"] for f in inside.report["findings"]] == [
        str(folder.path / "mended.ipynb"),
        'it\'s "ü".ipynb',
    ]


def test_settings_count_for_the_index_too(folder: Folder) -> None:
    folder.commit()
    for name in ("a.ipynb", "b.ipynb", "c/c.ipynb"):
        folder.write(name, leak())
    folder.write("mlsec.toml", 'exclude = ["c"]\n[per-path-ignore]\n"b.*" = ["secrets"]\n')
    folder.git("add", "-A")
    assert folder.scan("--staged").paths == ["a.ipynb"]


def test_a_repository_without_a_commit(folder: Folder) -> None:
    folder.git("init", "-q")
    folder.write("a.ipynb", leak())
    folder.git("add", "-A")
    assert folder.scan("--staged").paths == ["a.ipynb"]
    outcome = folder.scan("--since", "HEAD")
    assert (outcome.code, outcome.out) == (2, "")
    assert len(outcome.err.splitlines()) == 1


def test_what_changed_since_a_commit(folder: Folder) -> None:
    folder.write("old.ipynb", leak())
    folder.write("gone.ipynb", leak())
    folder.write(".gitignore", "ignored.ipynb\n")
    first = folder.commit()
    folder.write("committed.ipynb", leak())
    (folder.path / "gone.ipynb").unlink()
    folder.commit()
    folder.write("sub dir/new.ipynb", leak())
    folder.write("ignored.ipynb", leak())
    changed = ["committed.ipynb", "sub dir/new.ipynb"]
    assert folder.scan("--since", first).paths == changed
    assert folder.scan("--since", "HEAD~1").paths == changed
    assert folder.scan("--since", "HEAD").paths == changed[1:]
    assert "new.ipynb" in folder.scan("--since", first, cwd="sub dir").paths


def test_unknown_commits(folder: Folder) -> None:
    folder.commit()
    for ref in ("nowhere", "--all", "a b", "^HEAD"):
        outcome = folder.mlsec("scan", f"--since={ref}")
        assert outcome.code == 2
        assert outcome.shows(f"git knows no commit called {ref!r}; fetch it first")


def test_a_merge_that_is_not_resolved_is_told(folder: Folder) -> None:
    folder.write("a.ipynb", notebook("x = 1\n"))
    folder.commit()
    folder.git("checkout", "-q", "-b", "other")
    folder.write("a.ipynb", notebook("x = 2\n"))
    folder.commit()
    folder.git("checkout", "-q", "main")
    folder.write("a.ipynb", notebook("x = 3\n"))
    folder.commit()
    with pytest.raises(subprocess.CalledProcessError):
        folder.git("merge", "-q", "other")
    folder.write("b.ipynb", leak())
    folder.git("add", "b.ipynb")
    outcome = folder.scan("--staged")
    assert (outcome.code, outcome.paths) == (2, ["b.ipynb"])
    (error,) = outcome.report["errors"]
    assert (error["path"], error["message"][:27]) == ("a.ipynb", "its merge is not resolved; ")
