"""`mlsec git` as it is typed."""

from __future__ import annotations

import pytest

from tests.faces.command import Folder, cell, notebook

OUTPUT = {"name": "stdout", "output_type": "stream", "text": ["shown\n"]}
NOTEBOOK = notebook(cell("x = 1\n", OUTPUT, execution_count=1))


def test_from_nothing_to_protected(folder: Folder) -> None:
    folder.git("init", "-q", "-b", "main")
    assert folder.mlsec("git", "status").code == 1
    done = folder.mlsec("git", "install", "--mode", "all")
    assert (done.code, done.err) == (0, "")
    assert done.out == "The filter is set up (local; .git/info/attributes).\n"
    folder.write("a.ipynb", NOTEBOOK)
    folder.commit()
    assert "shown" not in folder.git("show", "HEAD:a.ipynb")
    status = folder.mlsec("git", "status")
    assert (status.code, status.err) == (0, "")
    assert "set up (local), mode=all" in status.out
    assert "1 of 1 pass through it" in status.out


def test_only_outputs_changed(folder: Folder) -> None:
    folder.git("init", "-q")
    folder.mlsec("git", "install", "--mode", "all")
    folder.write("a.ipynb", NOTEBOOK)
    folder.commit()
    folder.write("a.ipynb", NOTEBOOK.replace("shown", "shown again"))
    assert folder.git("status", "--porcelain") == "M a.ipynb"
    assert folder.mlsec("git", "refresh").out == "a.ipynb\n"
    assert folder.git("status", "--porcelain") == ""


def test_the_doctor(folder: Folder) -> None:
    folder.git("init", "-q")
    folder.mlsec("git", "install")
    script = folder.path / ".git/mlsec/filter"
    script.unlink()
    checked = folder.mlsec("git", "doctor", "--check")
    assert checked.code == 1
    assert "filter is missing" in checked.out
    assert not script.exists()
    healed = folder.mlsec("git", "doctor")
    assert healed.code == 0
    assert "repaired" in healed.out
    assert script.exists()
    assert "repaired" not in folder.mlsec("git", "doctor").out


def test_uninstall_and_purge(folder: Folder) -> None:
    folder.git("init", "-q")
    assert "Nothing was set up" in folder.mlsec("git", "uninstall").out
    folder.mlsec("git", "install", "--attributes", ".gitattributes")
    assert folder.read(".gitattributes").endswith(b"filter=mlsec diff=mlsec\n")
    folder.write("a.ipynb", NOTEBOOK)
    folder.git("add", "a.ipynb")
    assert folder.mlsec("git", "purge").code == 0
    assert not list((folder.path / ".git/mlsec").glob("*/a.ipynb.*"))
    folder.git("rm", "-q", "--cached", "a.ipynb")
    folder.git("add", "a.ipynb")
    assert list((folder.path / ".git/mlsec").glob("*/a.ipynb.*"))
    assert folder.mlsec("git", "uninstall", "--attributes", ".gitattributes").code == 0
    assert not (folder.path / ".gitattributes").exists()
    assert not list((folder.path / ".git/mlsec").glob("*/a.ipynb.*"))


def test_check(folder: Folder) -> None:
    folder.git("init", "-q")
    folder.write("a.ipynb", NOTEBOOK)
    folder.git("add", "a.ipynb")
    folder.mlsec("git", "install", "--mode", "all")
    outcome = folder.mlsec("git", "check")
    assert outcome.code == 1
    assert outcome.err == (
        "mlsec: a.ipynb: was staged without the filter; run `git add --renormalize` on it\n"
    )
    folder.git("add", "--renormalize", "a.ipynb")
    assert folder.mlsec("git", "check").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["install"], "is in no git repository; run this inside a repository"),
        (["status"], "is in no git repository"),
        (["doctor"], "is in no git repository"),
        (["refresh"], "is in no git repository"),
        (["purge"], "is in no git repository"),
        (["check"], "is in no git repository"),
        (["install", "--mode", "some"], "invalid choice"),
        ([], "required"),
        (["stauts"], "invalid choice"),
        (["install", "--local", "--global"], "not allowed with"),
    ],
)
def test_wrong_calls(folder: Folder, arguments: list[str], said: str) -> None:
    outcome = folder.mlsec("git", *arguments)
    assert outcome.code != 0
    assert said in outcome.err


def test_git_runs_the_rest(folder: Folder) -> None:
    assert "git runs" in folder.mlsec("git", "filter").err
