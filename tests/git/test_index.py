"""git's index, in real repositories."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.git.index import changed_since, staged

Git = Callable[..., str]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing of the machine's git configuration or of an enclosing git hook."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    return home


@pytest.fixture
def repo(home: Path, tmp_path: Path) -> Path:
    top = tmp_path / "repo"
    top.mkdir()
    git(top, "init", "-q", "-b", "main")
    git(top, "config", "user.name", "A")
    git(top, "config", "user.email", "a@example.com")
    return top


def git(cwd: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=cwd, check=True, capture_output=True)
    return os.fsdecode(done.stdout).strip()


def commit(top: Path, **files: str) -> None:
    for name, text in files.items():
        (top / name).write_text(text)
    git(top, "add", "-A")
    git(top, "commit", "-q", "-m", "x")


def names(found: Mapping[str, bytes | None] | list[str], top: Path) -> list[str]:
    return sorted(os.path.relpath(path, top) for path in found)


def test_the_staged_content_counts_not_the_file(repo: Path) -> None:
    commit(repo, a="1", b="1")
    (repo / "a").write_text("staged")
    git(repo, "add", "a")
    (repo / "a").write_text("later")
    (repo / "b").write_text("not staged")
    (repo / "new").write_text("untracked")
    assert dict(staged(str(repo))) == {str(repo / "a"): b"staged"}


def test_a_merge_that_is_not_resolved_has_no_content(repo: Path) -> None:
    commit(repo, a="1", b="1")
    git(repo, "checkout", "-q", "-b", "other")
    commit(repo, a="2")
    git(repo, "checkout", "-q", "-")
    commit(repo, a="3")
    with pytest.raises(subprocess.CalledProcessError):
        git(repo, "merge", "-q", "other")
    (repo / "b").write_text("2")
    git(repo, "add", "b")
    assert dict(staged(str(repo))) == {str(repo / "a"): None, str(repo / "b"): b"2"}
    git(repo, "checkout", "-q", "--theirs", "a")
    git(repo, "add", "a")
    assert dict(staged(str(repo))) == {str(repo / "a"): b"2", str(repo / "b"): b"2"}


def test_a_repository_without_commits(repo: Path) -> None:
    (repo / "a").write_text("first")
    git(repo, "add", "a")
    assert dict(staged(str(repo))) == {str(repo / "a"): b"first"}


def test_nothing_is_staged(repo: Path) -> None:
    assert dict(staged(str(repo))) == {}
    commit(repo, a="1")
    assert dict(staged(str(repo))) == {}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (["mv", "a", "moved"], {"moved": b"1\n"}),
        (["rm", "-q", "a"], {}),
        (["rm", "-q", "--cached", "a"], {}),
        (["update-index", "--chmod=+x", "a"], {"a": b"1\n"}),
    ],
)
def test_changes_of_a_tracked_file(
    repo: Path, change: list[str], expected: dict[str, bytes]
) -> None:
    commit(repo, a="1\n")
    git(repo, *change)
    assert {os.path.relpath(p, repo): data for p, data in staged(str(repo))} == expected


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"no end", b"\0\1\xff", b"a" * 300_000, b"blob 5\n\n"],
    ids=["empty", "line end", "no line end", "binary", "large", "like a header"],
)
def test_contents_are_exact(repo: Path, content: bytes) -> None:
    (repo / "a").write_bytes(content)
    (repo / "b").write_bytes(b"after")
    git(repo, "add", "-A")
    found = dict(staged(str(repo)))
    assert found == {str(repo / "a"): content, str(repo / "b"): b"after"}


ODD = [" a b ", '"quoted"', "it's", "tab\tname", "line\nend", "ünï", "-rf", "a\\b", ":x", "*"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
@pytest.mark.parametrize("name", ODD)
def test_odd_names(repo: Path, name: str) -> None:
    (repo / "folder").mkdir()
    (repo / "folder" / name).write_text("x")
    git(repo, "add", "-A")
    assert dict(staged(str(repo))) == {str(repo / "folder" / name): b"x"}
    git(repo, "commit", "-q", "-m", "x")
    (repo / "folder" / name).write_text("y")
    assert changed_since("HEAD", str(repo)) == [str(repo / "folder" / name)]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names that are no UTF-8")
def test_a_name_that_is_no_utf8(repo: Path) -> None:
    path = os.path.join(os.fsencode(repo), b"caf\xe9")
    with open(path, "wb") as file:
        file.write(b"x")
    git(repo, "add", "-A")
    assert dict(staged(str(repo))) == {os.fsdecode(path): b"x"}


def test_from_a_folder_below(repo: Path) -> None:
    (repo / "below").mkdir()
    (repo / "below" / "a").write_text("1")
    (repo / "b").write_text("2")
    git(repo, "config", "diff.relative", "true")
    git(repo, "add", "-A")
    assert names(dict(staged(str(repo / "below"))), repo) == ["b", "below/a"]
    git(repo, "commit", "-q", "-m", "x")
    (repo / "b").write_text("3")
    (repo / "c").write_text("4")
    assert names(changed_since("HEAD", str(repo / "below")), repo) == ["b", "c"]


def test_links_and_submodules_are_left_alone(repo: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    git(other, "-c", "user.name=A", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-mx")
    commit(repo, a="1")
    git(repo, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "sub")
    (repo / "link").symlink_to("a")
    git(repo, "add", "-A")
    assert names(dict(staged(str(repo))), repo) == [".gitmodules"]
    assert names(changed_since("HEAD", str(repo)), repo) == [".gitmodules"]


def test_a_link_that_becomes_a_file(repo: Path) -> None:
    (repo / "a").symlink_to("nowhere")
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "x")
    (repo / "a").unlink()
    (repo / "a").write_text("now a file")
    git(repo, "add", "-A")
    assert dict(staged(str(repo))) == {str(repo / "a"): b"now a file"}


def test_only_what_is_wanted_is_read(repo: Path) -> None:
    for name in ("a.ipynb", "b.bin"):
        (repo / name).write_text(name)
    git(repo, "add", "-A")
    found = dict(staged(str(repo), lambda path: path.endswith(".ipynb")))
    assert names(found, repo) == ["a.ipynb"]


def test_who_stops_early_leaves_no_process(repo: Path) -> None:
    commit(repo, a="1")
    for name in ("a", "b", "c"):
        (repo / name).write_text("changed " + name)
    git(repo, "add", "-A")
    contents = staged(str(repo))
    assert next(contents)[1] == b"changed a"
    contents.close()  # type: ignore[attr-defined]
    assert dict(staged(str(repo)))[str(repo / "c")] == b"changed c"


def test_a_commit_in_progress_has_its_own_index(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(repo, a="1")
    (repo / "a").write_text("2")
    monkeypatch.setenv("GIT_INDEX_FILE", str(repo / ".git" / "other-index"))
    git(repo, "add", "a")
    assert dict(staged(str(repo))) == {str(repo / "a"): b"2"}


def test_a_diff_program_of_the_repository_is_not_run(repo: Path) -> None:
    commit(repo, a="1")
    git(repo, "config", "diff.external", "touch ran; false")
    git(repo, "config", "core.fsmonitor", "touch ran; false")
    (repo / "a").write_text("2")
    assert names(changed_since("HEAD", str(repo)), repo) == ["a"]
    assert not (repo / "ran").exists()


def test_changes_since_a_branch_parted(repo: Path) -> None:
    commit(repo, kept="1", gone="1", changed="1", dirty="1")
    git(repo, "checkout", "-q", "-b", "work")
    commit(repo, changed="2", added="1")
    git(repo, "rm", "-q", "gone")
    (repo / "dirty").write_text("2")
    (repo / "untracked").write_text("1")
    (repo / ".gitignore").write_text("ignored\n")
    (repo / "ignored").write_text("1")
    git(repo, "branch", "elsewhere", "main")
    git(repo, "stash", "-q", "-u")
    git(repo, "checkout", "-q", "main")
    commit(repo, kept="changed on main only")
    git(repo, "checkout", "-q", "work")
    git(repo, "stash", "pop", "-q")
    expected = [".gitignore", "added", "changed", "dirty", "untracked"]
    assert names(changed_since("main", str(repo)), repo) == expected
    assert names(changed_since("elsewhere", str(repo)), repo) == expected
    assert names(changed_since("HEAD", str(repo)), repo) == [".gitignore", "dirty", "untracked"]


@pytest.mark.parametrize(
    "ref", ["nowhere", "", "--output=stolen", "-h", "HEAD\0", "main..", "^main", "a b"]
)
def test_an_unknown_commit(repo: Path, ref: str) -> None:
    commit(repo, a="1")
    with pytest.raises(MlsecError, match="git knows no commit called"):
        changed_since(ref, str(repo))
    assert not (repo / "stolen").exists()


def test_a_ref_that_is_no_commit(repo: Path) -> None:
    commit(repo, a="1")
    blob = git(repo, "rev-parse", "HEAD:a")
    with pytest.raises(MlsecError, match="git knows no commit called"):
        changed_since(blob, str(repo))


def test_a_branch_without_commits(repo: Path) -> None:
    commit(repo, a="1")
    git(repo, "checkout", "-q", "--orphan", "empty")
    with pytest.raises(MlsecError, match="no commit on this branch"):
        changed_since("main", str(repo))


def test_histories_that_never_met(repo: Path) -> None:
    commit(repo, a="1")
    git(repo, "checkout", "-q", "--orphan", "other")
    commit(repo, b="1")
    with pytest.raises(MlsecError, match="no common ancestor"):
        changed_since("main", str(repo))


def test_no_repository(home: Path) -> None:
    with pytest.raises(MlsecError, match="is in no git repository"):
        list(staged(str(home)))
    with pytest.raises(MlsecError, match="is in no git repository"):
        changed_since("HEAD", str(home))


def test_no_folder(home: Path) -> None:
    with pytest.raises(MlsecError, match="there is no folder"):
        list(staged(str(home / "missing")))


def test_no_git(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(home))
    with pytest.raises(MlsecError, match="git is not installed"):
        list(staged(str(home)))


def test_a_lost_object(repo: Path) -> None:
    (repo / "a").write_text("1")
    git(repo, "add", "a")
    blob = git(repo, "rev-parse", ":a")
    (repo / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(MlsecError, match="lost the staged content"):
        list(staged(str(repo)))
