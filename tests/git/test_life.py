"""The filter through the life of a repository: nothing gets into git, nothing is lost here.

After each scenario no object of git holds an output, git's own check passes, and `git status` is
clean unless the scenario says otherwise.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.git.repository import MARK, Repository, environment, notebook

NAME = "a.ipynb"
THREE = ("import math\n", "x = 1\n", "print(x)\n")
CHANGED = ("import math\n", "x = 2\n", "print(x)\n")
ADDED = (*THREE, "y = 3\n")
Scenario = Callable[[Repository], None]
SCENARIOS: list[Scenario] = []


def scenario(function: Scenario) -> Scenario:
    SCENARIOS.append(function)
    return function


@pytest.mark.parametrize("play", SCENARIOS, ids=lambda play: play.__name__.strip("_"))
def test_scenario(play: Scenario, repo: Repository) -> None:
    repo.write(NAME, notebook(*THREE))
    repo.write("README", "read me\n")
    repo.commit("first")
    assert repo.read(NAME) == notebook(*THREE)
    play(repo)
    assert repo.status() == ""
    assert not repo.leaks()
    assert repo.healthy()


def outputs(repo: Repository, name: str = NAME) -> int:
    return repo.read(name).count(MARK)


def branches(repo: Repository, ours: tuple[str, ...], theirs: tuple[str, ...]) -> None:
    """Two branches that changed the notebook since the first commit; `main` is checked out."""
    repo.git("checkout", "-q", "-b", "work")
    repo.write(NAME, notebook(*theirs))
    repo.commit("theirs")
    repo.git("checkout", "-q", "main")
    repo.write(NAME, notebook(*ours))
    repo.commit("ours")


@scenario
def add_and_commit(repo: Repository) -> None:
    assert repo.staged(NAME).decode() == notebook(*THREE, output=None)


@scenario
def commit_all(repo: Repository) -> None:
    repo.write(NAME, notebook(*CHANGED))
    repo.git("commit", "-q", "-a", "-m", "changed")
    assert repo.read(NAME) == notebook(*CHANGED)


@scenario
def commit_one_file(repo: Repository) -> None:
    repo.write(NAME, notebook(*CHANGED))
    repo.git("commit", "-q", "-m", "changed", "--", NAME)
    assert repo.read(NAME) == notebook(*CHANGED)


@scenario
def outputs_only(repo: Repository) -> None:
    repo.write(NAME, notebook(*THREE, output=f"{MARK} again"))
    assert repo.git("diff") == ""
    repo.git("add", NAME)


@scenario
def amend(repo: Repository) -> None:
    repo.write(NAME, notebook(*CHANGED))
    repo.git("commit", "-q", "-a", "--amend", "--no-edit")
    assert outputs(repo) == 3


@scenario
def checkout_of_a_branch_and_back(repo: Repository) -> None:
    branches(repo, ADDED, CHANGED)
    repo.git("checkout", "-q", "work")
    assert repo.read(NAME) == notebook(*CHANGED)
    repo.git("checkout", "-q", "main")
    assert repo.read(NAME) == notebook(*ADDED)


@scenario
def checkout_of_a_branch_without_the_notebook(repo: Repository) -> None:
    repo.git("checkout", "-q", "-b", "work")
    repo.git("rm", "-q", NAME)
    repo.git("commit", "-q", "-m", "gone")
    assert not (repo.path / NAME).exists()
    repo.git("checkout", "-q", "main")
    assert repo.read(NAME) == notebook(*THREE)


@scenario
def detached_head(repo: Repository) -> None:
    repo.write(NAME, notebook(*CHANGED))
    repo.commit()
    repo.git("checkout", "-q", "HEAD~")
    assert repo.read(NAME) == notebook(*THREE)
    repo.git("checkout", "-q", "main")
    assert repo.read(NAME) == notebook(*CHANGED)


@scenario
def discarding_changes(repo: Repository) -> None:
    repo.write(NAME, notebook(*CHANGED, output="not staged"))
    repo.git("checkout", "-q", "--", NAME)
    assert repo.read(NAME) == notebook(*THREE)


@scenario
def restoring_a_deleted_file(repo: Repository) -> None:
    (repo.path / NAME).unlink()
    repo.git("restore", NAME)
    assert repo.read(NAME) == notebook(*THREE)


@scenario
def reset_hard(repo: Repository) -> None:
    repo.write(NAME, notebook(*CHANGED))
    repo.git("add", NAME)
    repo.git("reset", "-q", "--hard")
    assert repo.read(NAME) == notebook(*THREE)


@scenario
def stash_and_pop(repo: Repository) -> None:
    repo.write(NAME, notebook(*CHANGED))
    repo.git("stash", "-q")
    assert repo.read(NAME) == notebook(*THREE)
    repo.git("stash", "pop", "-q")
    assert repo.read(NAME) == notebook(*CHANGED)
    repo.commit()


@scenario
def stash_of_untracked_files(repo: Repository) -> None:
    repo.write("new.ipynb", notebook("new = 1\n"))
    repo.git("stash", "-q", "-u")
    assert not (repo.path / "new.ipynb").exists()
    repo.git("stash", "pop", "-q")
    assert outputs(repo, "new.ipynb") == 1
    repo.commit()


@scenario
def merge(repo: Repository) -> None:
    branches(repo, ("import math  # ours\n", *THREE[1:]), (*THREE[:2], "print(x)  # theirs\n"))
    repo.git("merge", "-q", "--no-edit", "work")
    # ours kept their outputs; the changed cell of theirs was staged here too
    merged = ("import math  # ours\n", "x = 1\n", "print(x)  # theirs\n")
    assert repo.read(NAME) == notebook(*merged)


@scenario
def fast_forward(repo: Repository) -> None:
    repo.git("checkout", "-q", "-b", "work")
    repo.write(NAME, notebook(*ADDED, output=[MARK, MARK, MARK, None]))
    repo.commit()
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--ff-only", "work")
    assert outputs(repo) == 3


@scenario
def merge_with_a_conflict(repo: Repository) -> None:
    branches(repo, ("import math\n", "x = 10\n", "print(x)\n"), CHANGED)
    assert repo.run("git", "merge", "work").returncode == 1
    assert "<<<<<<<" in repo.read(NAME)
    for command in (["status"], ["diff"], ["diff", "HEAD"], ["add", NAME], ["status"]):
        repo.git(*command)
    assert "conflict markers" in repo.refused("commit", "-q", "-m", "too early")
    repo.write(NAME, notebook("import math\n", "x = 11\n", "print(x)\n"))
    repo.git("add", NAME)
    repo.git("commit", "-q", "--no-edit")
    assert outputs(repo) == 3


@scenario
def merge_abort(repo: Repository) -> None:
    branches(repo, ("import math\n", "x = 10\n", "print(x)\n"), CHANGED)
    assert repo.run("git", "merge", "work").returncode == 1
    repo.git("merge", "--abort")
    assert repo.read(NAME) == notebook("import math\n", "x = 10\n", "print(x)\n")


@scenario
def taking_one_side_of_a_conflict(repo: Repository) -> None:
    branches(repo, ("import math\n", "x = 10\n", "print(x)\n"), CHANGED)
    assert repo.run("git", "merge", "work").returncode == 1
    repo.git("checkout", "--theirs", NAME)
    repo.git("add", NAME)
    repo.git("commit", "-q", "--no-edit")
    assert repo.read(NAME) == notebook(*CHANGED)


@scenario
def stash_after_a_conflict_was_added(repo: Repository) -> None:
    branches(repo, ("import math\n", "x = 10\n", "print(x)\n"), CHANGED)
    assert repo.run("git", "merge", "work").returncode == 1
    # outputs pasted into the middle of a conflict
    marked = repo.read(NAME).replace('"outputs": []', f'"outputs": [\n    "{MARK}"\n   ]', 1)
    repo.write(NAME, marked)
    repo.git("add", NAME)
    repo.git("stash", "-q")
    assert repo.status() == ""


@scenario
def rebase(repo: Repository) -> None:
    branches(repo, ("import math  # ours\n", *THREE[1:]), (*THREE[:2], "print(x)  # theirs\n"))
    repo.git("checkout", "-q", "work")
    repo.git("rebase", "-q", "main")
    assert outputs(repo) == 3


@scenario
def rebase_with_a_conflict(repo: Repository) -> None:
    branches(repo, ("import math\n", "x = 10\n", "print(x)\n"), CHANGED)
    repo.git("checkout", "-q", "work")
    assert repo.run("git", "rebase", "main").returncode == 1
    repo.git("status")
    repo.git("add", NAME)
    assert "conflict markers" in repo.refused("rebase", "--continue")
    repo.write(NAME, notebook(*CHANGED))
    repo.git("add", NAME)
    repo.git("rebase", "--continue")
    assert repo.read(NAME) == notebook(*CHANGED)


@scenario
def autosquash(repo: Repository) -> None:
    repo.write(NAME, notebook(*CHANGED))
    repo.git("commit", "-q", "-a", "-m", "second")
    repo.write(NAME, notebook(*CHANGED, "z = 1\n"))
    repo.git("commit", "-q", "-a", "--fixup", "HEAD")
    repo.git("rebase", "-q", "-i", "--autosquash", "HEAD~2", env={"GIT_SEQUENCE_EDITOR": "true"})
    assert outputs(repo) == 4


@scenario
def cherry_pick(repo: Repository) -> None:
    branches(repo, ("import math  # ours\n", *THREE[1:]), (*THREE[:2], "print(x)  # theirs\n"))
    repo.git("cherry-pick", "work")
    assert outputs(repo) == 3


@scenario
def revert(repo: Repository) -> None:
    repo.write(NAME, notebook(*CHANGED))
    repo.commit()
    repo.git("revert", "--no-edit", "HEAD")
    assert repo.read(NAME) == notebook(*THREE)


@scenario
def bisect(repo: Repository) -> None:
    for number in range(4):
        repo.write(NAME, notebook(*THREE, f"bad = {number > 1}\n"))
        repo.commit(str(number))
    repo.git("bisect", "start", "HEAD", "HEAD~4")
    found = repo.git("bisect", "run", "sh", "-c", f"! grep -q 'bad = True' {NAME}")
    assert "is the first bad commit" in found
    repo.git("bisect", "reset")
    assert repo.read(NAME) == notebook(*THREE, "bad = True\n")


@scenario
def linked_worktree(repo: Repository) -> None:
    repo.git("worktree", "add", "-q", "-b", "work", "../it's linked")
    linked = Repository(repo.path.parent / "it's linked", repo.env)
    assert outputs(linked) == 0
    linked.write(NAME, notebook(*CHANGED))
    linked.commit()
    assert linked.status() == ""
    assert outputs(linked) == 3
    linked.git("checkout", "-q", "--detach", "main")
    linked.git("checkout", "-q", "work")
    assert linked.read(NAME) == notebook(*CHANGED)
    assert repo.read(NAME) == notebook(*THREE)


@scenario
def submodule(repo: Repository) -> None:
    other = Repository(repo.path.parent / "other", repo.env)
    other.path.mkdir()
    other.git("init", "-q", "-b", "main")
    other.write(NAME, notebook(*THREE, output=None))
    other.commit()
    repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other.path), "sub")
    inside = Repository(repo.path / "sub", repo.env)
    inside.install(mode="all")
    inside.write(NAME, notebook(*CHANGED))
    inside.commit()
    assert outputs(inside) == 3
    assert not inside.leaks()
    repo.commit("with a submodule")


@scenario
def sparse_checkout(repo: Repository) -> None:
    repo.write("in/b.ipynb", notebook("b = 1\n"))
    repo.write("out/c.ipynb", notebook("c = 1\n"))
    repo.commit()
    repo.git("sparse-checkout", "set", "in")
    assert not (repo.path / "out").exists()
    repo.write("in/b.ipynb", notebook("b = 2\n"))
    repo.commit()
    repo.git("sparse-checkout", "disable")
    assert repo.read("out/c.ipynb") == notebook("c = 1\n")


@scenario
def pull(repo: Repository) -> None:
    other = Repository(repo.path.parent / "other", repo.env)
    repo.run("git", "clone", "-q", str(repo.path), str(other.path))
    assert outputs(other) == 0
    other.write(NAME, notebook(*ADDED, output=None))
    other.commit()
    repo.git("pull", "-q", str(other.path), "main")
    assert repo.read(NAME) == notebook(*ADDED, output=[MARK, MARK, MARK, None])


@scenario
def pull_rebase(repo: Repository) -> None:
    other = Repository(repo.path.parent / "other", repo.env)
    repo.run("git", "clone", "-q", str(repo.path), str(other.path))
    other.write("README", "changed\n")
    other.commit()
    repo.write(NAME, notebook(*CHANGED))
    repo.commit()
    repo.git("pull", "-q", "--rebase", str(other.path), "main")
    assert repo.read(NAME) == notebook(*CHANGED)


@scenario
def rename(repo: Repository) -> None:
    repo.git("mv", NAME, "renamed.ipynb")
    repo.git("commit", "-q", "-m", "renamed")
    assert repo.read("renamed.ipynb") == notebook(*THREE)


@scenario
def rename_and_checkout(repo: Repository) -> None:
    repo.git("mv", NAME, "renamed.ipynb")
    repo.git("commit", "-q", "-m", "renamed")
    repo.settle()
    (repo.path / ".git/mlsec/outputs/renamed.ipynb.outputs").unlink(missing_ok=True)
    repo.git("checkout", "-q", "HEAD~")
    assert repo.read(NAME) == notebook(*THREE)
    repo.git("checkout", "-q", "main")
    assert repo.read("renamed.ipynb") == notebook(*THREE)


@scenario
def renamed_and_changed_by_somebody_else(repo: Repository) -> None:
    repo.git("checkout", "-q", "-b", "theirs")
    repo.git("mv", NAME, "renamed.ipynb")
    repo.write("renamed.ipynb", notebook(*ADDED, output=None))
    repo.commit("renamed")
    repo.settle()
    (repo.path / ".git/mlsec/outputs/renamed.ipynb.outputs").unlink()  # it was made elsewhere
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "theirs")
    assert not (repo.path / NAME).exists()
    assert outputs(repo, "renamed.ipynb") == 3


@scenario
def a_copy_and_another_notebook_are_not_renamed(repo: Repository) -> None:
    repo.git("checkout", "-q", "-b", "theirs")
    repo.write("copy.ipynb", notebook(*THREE, output=None))
    repo.write("other.ipynb", notebook(THREE[0], "a\n", "b\n", "c\n", output=None))
    repo.commit("new")
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "theirs")
    assert outputs(repo, "copy.ipynb") == 0
    repo.git("rm", "-q", NAME)
    repo.commit("removed")
    (repo.path / "other.ipynb").unlink()
    repo.git("checkout", "-q", "--", "other.ipynb")
    assert outputs(repo, "other.ipynb") == 0


@scenario
def archive_has_no_local_outputs(repo: Repository) -> None:
    done = repo.run("git", "archive", "HEAD")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        member = archive.extractfile(NAME)
        assert member is not None
        assert member.read().decode() == notebook(*THREE, output=None)


@scenario
def garbage_collection(repo: Repository) -> None:
    repo.write(NAME, notebook(*CHANGED))
    repo.commit()
    repo.git("gc", "-q", "--prune=now")
    repo.git("checkout", "-q", "HEAD~", "--", NAME)
    assert repo.read(NAME) == notebook(*THREE)
    repo.commit()


@scenario
def format_patch_and_am(repo: Repository) -> None:
    repo.write(NAME, notebook(*CHANGED))
    repo.commit()
    repo.git("format-patch", "-q", "-1", "-o", "..")
    repo.git("reset", "-q", "--hard", "HEAD~")
    patch = next(repo.path.parent.glob("*.patch"))
    assert MARK not in patch.read_text()
    repo.git("am", "-q", str(patch))
    assert repo.read(NAME) == notebook(*CHANGED)


@scenario
def a_notebook_that_is_left_alone(repo: Repository) -> None:
    repo.write(".gitattributes", "keep/*.ipynb -filter\n")
    (repo.path / ".git/info/attributes").unlink()
    repo.write(".gitattributes", "*.ipynb filter=mlsec\nkeep/*.ipynb -filter\n")
    repo.write("keep/a.ipynb", notebook(*THREE, output="committed on purpose"))
    repo.commit()
    assert b"on purpose" in repo.staged("keep/a.ipynb")


@scenario
def cleared_outputs(repo: Repository) -> None:
    repo.write(NAME, notebook(*THREE))
    repo.commit()
    repo.settle()
    repo.write(NAME, notebook(*THREE, output=[MARK, None, MARK]))
    repo.git("add", NAME)
    repo.settle()
    (repo.path / NAME).unlink()
    repo.git("checkout", "-q", "--", NAME)
    assert repo.read(NAME) == notebook(*THREE, output=[MARK, None, MARK])
    repo.write(NAME, notebook(*THREE, output=None))
    repo.git("add", NAME)
    repo.settle()
    (repo.path / NAME).unlink()
    repo.git("checkout", "-q", "--", NAME)
    assert repo.read(NAME) == notebook(*THREE, output=None)
    # and after another run they are kept again
    repo.write(NAME, notebook(*THREE))
    repo.git("status")
    repo.git("add", NAME)
    repo.settle()
    (repo.path / NAME).unlink()
    repo.git("checkout", "-q", "--", NAME)
    assert repo.read(NAME) == notebook(*THREE)


@scenario
def an_empty_file(repo: Repository) -> None:
    repo.write("new.ipynb", "")
    repo.commit()
    assert repo.staged("new.ipynb") == b""


ODD = [" a b .ipynb", '"quoted".ipynb', "it's.ipynb", "tab\t.ipynb", "ünï.ipynb", "-rf.ipynb",
       "%f %%.ipynb", "a\\b.ipynb", ":x.ipynb", "*.ipynb", "$(touch stolen).ipynb", "日本/語.ipynb",
       "line\nend.ipynb"]  # fmt: skip


def test_odd_names(repo: Repository) -> None:
    for name in ODD:
        repo.write(name, notebook(*THREE))
    repo.commit()
    repo.git("checkout", "-q", "--orphan", "empty")
    repo.git("rm", "-q", "-r", "-f", ".")
    repo.commit()
    repo.git("checkout", "-q", "main")
    assert [repo.read(name) for name in ODD] == [notebook(*THREE)] * len(ODD)
    assert not (repo.path / "stolen").exists()
    assert repo.status() == ""
    assert not repo.leaks()


@pytest.mark.parametrize("folder", ['it\'s "quoted"', "100% ünï", "$(touch stolen)", "-a"])
def test_a_repository_below_an_odd_folder(folder: str, tmp_path: Path) -> None:
    repo = Repository(tmp_path / folder / "work", environment(tmp_path))
    repo.path.mkdir(parents=True)
    repo.git("init", "-q", "-b", "main")
    repo.install(mode="all")
    repo.write(NAME, notebook(*THREE))
    repo.commit()
    assert not repo.leaks()
    # moved, it works on
    moved = Repository(repo.path.rename(tmp_path / "moved"), repo.env)
    moved.write(NAME, notebook(*CHANGED))
    moved.commit()
    assert not moved.leaks()
    assert moved.read(NAME) == notebook(*CHANGED)
