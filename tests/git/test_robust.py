"""What goes wrong half-way: killed, no space, two at once, broken files. Nothing is lost."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.git.repository import MARK, Repository, environment, notebook, wait_for

MANY = 40


def fill(repo: Repository, count: int = MANY) -> dict[str, str]:
    """Many notebooks of which each differs from the others."""
    made = {
        f"{n:03}.ipynb": notebook(f"n = {n}\n", "x = 1\n" * 500, output=f"{MARK} {n} " * 500)
        for n in range(count)
    }
    for name, text in made.items():
        repo.write(name, text)
    return made


@pytest.mark.parametrize("victim", ["git", "filter"])
@pytest.mark.parametrize("after", [0.01, 0.03, 0.06, 0.1])
def test_killed_in_the_middle_of_add(repo: Repository, victim: str, after: float) -> None:
    made = fill(repo)
    process = subprocess.Popen(
        ["git", "add", "-A"], cwd=repo.path, env=repo.env, stderr=subprocess.DEVNULL
    )
    time.sleep(after)
    for pid in [process.pid] if victim == "git" else children(process.pid):
        os.kill(pid, signal.SIGKILL)
    process.wait()
    assert {name: repo.read(name) for name in made} == made
    lock = repo.path / ".git/index.lock"
    lock.unlink(missing_ok=True)  # as git itself tells after it was killed
    assert repo.healthy()
    repo.commit()
    assert repo.status() == ""
    assert not repo.leaks()


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in listed.read_text().split()] if listed.exists() else []


def test_a_filter_that_dies_fails_the_command(repo: Repository) -> None:
    script = repo.path / ".git/mlsec/filter"
    script.write_text("exec 1>&-; exit 3\n")
    repo.write("a.ipynb", notebook("x = 1\n"))
    repo.refused("add", "a.ipynb")
    assert repo.git("ls-files") == ""


def test_no_space_for_objects(repo: Repository) -> None:
    made = fill(repo, 3)

    def limit() -> None:  # no file may grow over 100 bytes
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    done = subprocess.run(
        ["git", "add", "-A"], cwd=repo.path, env=repo.env, capture_output=True, preexec_fn=limit
    )
    assert done.returncode != 0
    assert {name: repo.read(name) for name in made} == made
    repo.commit()
    assert repo.healthy()
    assert not repo.leaks()


def test_no_space_for_outputs(repo: Repository) -> None:
    """What can't be kept is not kept; git goes on."""
    folder = repo.path / ".git/mlsec/outputs"
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("a file where a folder should be")
    repo.write("a.ipynb", notebook("x = 1\n"))
    assert repo.run("git", "add", "a.ipynb").stderr == b""
    repo.commit()
    assert repo.status() == ""
    assert repo.read("a.ipynb") == notebook("x = 1\n")


def test_damaged_outputs_are_passed_over(repo: Repository) -> None:
    repo.write("a.ipynb", notebook("x = 1\n"))
    repo.commit()
    kept = repo.path / ".git/mlsec/outputs/a.ipynb.outputs"
    for damage in (
        b"",
        b"mlsec outputs 1 5 5\n9 9 9\nx",
        b"\xff" * 1000,
        b"mlsec outputs 1\nx y\n",
    ):
        repo.settle()
        assert kept.exists()
        kept.write_bytes(damage)
        (repo.path / "a.ipynb").unlink()
        repo.git("checkout", "-q", "--", "a.ipynb")
        assert repo.read("a.ipynb") == notebook("x = 1\n", output=None)
        assert repo.status() == ""


def test_two_commands_at_once(repo: Repository) -> None:
    made = fill(repo)
    half = len(made) // 2
    names = list(made)
    commands = [["git", "add", *names[:half]], ["git", "status"], ["git", "add", *names[half:]]]
    running = [
        subprocess.Popen(
            command,
            cwd=repo.path,
            env=repo.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for command in commands
    ]
    for process in running:
        process.wait()
    repo.commit()
    assert {name: repo.read(name) for name in made} == made
    assert repo.status() == ""
    assert repo.healthy()
    assert not repo.leaks()


BROKEN = {
    "truncated": notebook("x = 1\n")[:-20],
    "no json": "print('hello')\n",
    "one marker": "<<<<<<< HEAD\n" + notebook("x = 1\n"),
    "two values": notebook("x = 1\n") * 2,
}


@pytest.mark.parametrize("how", BROKEN)
def test_what_is_no_json_is_refused(repo: Repository, how: str) -> None:
    repo.write("good.ipynb", notebook("x = 1\n"))
    repo.write("folder/bad.ipynb", BROKEN[how])
    said = repo.refused("add", "-A")
    assert said.startswith("mlsec: folder/bad.ipynb:")
    assert ";" in said.splitlines()[0]  # what to do
    assert MARK not in said
    assert repo.git("ls-files") == ""
    assert not repo.leaks()
    repo.git("add", "good.ipynb")
    repo.git("commit", "-q", "-m", "x")


def conflict() -> str:
    """A notebook in the middle of a merge, outputs pasted into both sides."""
    ours, theirs = notebook("x = 1\n").splitlines(), notebook("x = 2\n").splitlines()
    at = next(i for i, text in enumerate(ours) if "x = 1" in text)
    sides = ["<<<<<<< HEAD", *ours[5:at], "=======", *theirs[5:at], ">>>>>>> work"]
    return "\n".join([*ours[:5], *sides, *ours[at:]]) + "\n"


def test_a_commit_with_markers_is_refused(repo: Repository) -> None:
    text = conflict()
    assert text.count(MARK) == 2
    repo.write("a.ipynb", text)
    repo.git("add", "a.ipynb")
    staged = repo.staged("a.ipynb").decode()
    assert [line for line in staged.splitlines() if line[:7] in ("<" * 7, "=" * 7, ">" * 7)] == [
        "<<<<<<< HEAD",
        "=======",
        ">>>>>>> work",
    ]
    assert not repo.leaks()
    said = repo.refused("commit", "-m", "x")
    assert said.startswith("mlsec: a.ipynb: has conflict markers")
    assert repo.read("a.ipynb") == text


def test_what_was_staged_around_the_filter_is_refused(repo: Repository) -> None:
    repo.write("a.ipynb", notebook("x = 1\n"))
    blob = repo.git("hash-object", "-w", "--no-filters", "a.ipynb")
    repo.git("update-index", "--add", "--cacheinfo", f"100644,{blob},a.ipynb")
    assert "staged without the filter" in repo.refused("commit", "-m", "x")
    repo.git("add", "--renormalize", "a.ipynb")
    repo.git("commit", "-q", "-m", "x")
    assert repo.git("cat-file", "-p", "HEAD:a.ipynb") + "\n" == notebook("x = 1\n", output=None)


def test_a_filter_for_one_file(repo: Repository) -> None:
    """What nbdime and old clients run: `filter.mlsec.clean`, from a folder below too."""
    command = repo.git("config", "filter.mlsec.clean").replace("%f", "'it'\\''s.ipynb'")
    (repo.path / "below").mkdir()
    for folder in (repo.path, repo.path / "below"):
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=folder,
            env=repo.env,
            input=notebook("x = 1\n").encode(),
            capture_output=True,
        )
        assert done.stdout.decode() == notebook("x = 1\n", output=None)
    bad = subprocess.run(
        ["sh", "-c", command], cwd=repo.path, env=repo.env, input=b"{", capture_output=True
    )
    assert (bad.returncode, bad.stdout) == (1, b"")
    assert bad.stderr.startswith(b"mlsec: it's.ipynb:")


def test_differences_are_shown_without_outputs(repo: Repository) -> None:
    # committed before the filter was set up
    repo.write("a.ipynb", notebook("x = 1\n"))
    blob = repo.git("hash-object", "-w", "--no-filters", "a.ipynb")
    repo.git("update-index", "--add", "--cacheinfo", f"100644,{blob},a.ipynb")
    repo.git("commit", "-q", "--no-verify", "-m", "raw")
    repo.write("a.ipynb", notebook("x = 2\n"))
    repo.git("commit", "-q", "-a", "-m", "stripped")
    shown = repo.git("log", "-p")
    assert MARK not in shown
    assert '+    "x = 2\\n"' in shown


def test_secrets_of_the_environment_do_not_reach_a_foreign_python(repo: Repository) -> None:
    """Modules beside the notebook, or on PYTHONPATH, are not imported by the filter."""
    for name in ("os.py", "jupyter_mlsec.py", "zlib.py", "sitecustomize.py"):
        repo.write(name, "open('stolen', 'w').write('x')\n")
    repo.write("a.ipynb", notebook("x = 1\n"))
    repo.git("add", "a.ipynb", env={"PYTHONPATH": str(repo.path), "PYTHONSTARTUP": "os.py"})
    assert not (repo.path / "stolen").exists()


def test_start_imports_what_it_needs_and_no_more(repo: Repository) -> None:
    """The path from git to the answer: 30 ms in all for one `git add`."""
    repo.write("a.ipynb", notebook("x = 1\n"))
    code = (
        "import sys; sys.path.append(sys.argv[1]); before = set(sys.modules)\n"
        "from jupyter_mlsec.faces.git_filter import Session\n"
        "import jupyter_mlsec.git.protocol\n"
        "Session({'mode': 'all'}).clean('a.ipynb', open('a.ipynb', 'rb').read())\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    top = Path(__file__).parents[2]
    done = repo.run(sys.executable, "-I", "-S", "-c", code, str(top))
    imported = set(done.stdout.decode().split())
    standard = {name for name in imported if not name.startswith("jupyter_mlsec")}
    assert standard <= {
        *("__future__", "_collections_abc", "_json", "_stat", "genericpath", "os", "os.path"),
        *("posixpath", "stat", "zlib"),
    }
    assert {
        name for name in imported if name.startswith("jupyter_mlsec.") and ".core.strip" not in name
    } == {
        *("jupyter_mlsec.core", "jupyter_mlsec.core.errors", "jupyter_mlsec.faces"),
        *("jupyter_mlsec.faces.git_filter", "jupyter_mlsec.git", "jupyter_mlsec.git.outputs"),
        *("jupyter_mlsec.git.protocol", "jupyter_mlsec.files", "jupyter_mlsec.files.stripping"),
    }


def test_outputs_larger_than_the_limit_are_not_kept(tmp_path: Path) -> None:
    from jupyter_mlsec.git import outputs

    store = outputs.Outputs(str(tmp_path))
    large = notebook("x = 1\n", output="x" * 2000)
    small = notebook("x = 1\n", output="x" * 10)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outputs, "NOTEBOOK_LIMIT", 1000)
        patch.setattr(outputs, "LIMIT", 500)
        store.save("large.ipynb", large.encode(), large.encode())
        bare = notebook("x = 1\n", output=None).encode()
        assert store.restore("large.ipynb", bare, lambda data: bare) is bare
        for number in range(5):
            store.save(f"{number}.ipynb", small.encode(), small.encode())
            os.utime(store._file(f"{number}.ipynb"), (number, number))
        torn, current = (Path(f"{store._file('1.ipynb')}.{pid}") for pid in (7, 8))
        torn.write_bytes(b"by a saver that was killed")
        os.utime(torn, (1, 1))
        current.write_bytes(b"by one that is at it")
        store.prune()
    assert not torn.exists()
    assert current.exists()
    left = sorted(Path(name).name for name, _, _ in store.files())
    assert "0.ipynb.outputs" not in left
    assert sum(size for _, _, size in store.files()) <= 500


@pytest.mark.parametrize("path", ["../a.ipynb", "/etc/passwd", "a/../../b", "..\\b"])
def test_outputs_stay_in_their_folder(path: str, tmp_path: Path) -> None:
    from jupyter_mlsec.git.outputs import Outputs

    store = Outputs(str(tmp_path / "git"))
    text = notebook("x = 1\n").encode()
    assert not store.knows(path, text)
    assert store.restore(path, text, lambda data: data) is text
    with pytest.raises(ValueError, match="out of"):
        store.save(path, text, text)


def test_purge(repo: Repository) -> None:
    repo.write("a.ipynb", notebook("x = 1\n"))
    repo.commit()
    kept = repo.path / ".git/mlsec/outputs"
    wait_for((kept / "a.ipynb.outputs").exists)
    done = repo.run(sys.executable, "-m", "jupyter_mlsec", "git", "purge")
    assert done.returncode == 0
    assert not kept.exists()
    repo.git("rm", "-q", "--cached", "a.ipynb")
    repo.git("add", "a.ipynb")


def test_nothing_is_kept_on_request(tmp_path: Path) -> None:
    repo = Repository(tmp_path / "work", environment(tmp_path))
    repo.path.mkdir()
    repo.git("init", "-q", "-b", "main")
    repo.install(mode="all", local_outputs="no")
    repo.write("a.ipynb", notebook("x = 1\n"))
    repo.commit()
    time.sleep(0.2)
    assert not (repo.path / ".git/mlsec/outputs").exists()
