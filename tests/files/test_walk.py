from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from jupyter_mlsec.core.config import Config
from jupyter_mlsec.core.model import ScanError
from jupyter_mlsec.files.ignore import silenced
from jupyter_mlsec.files.source import Source
from jupyter_mlsec.files.walk import SKIPPED, discover, is_scanned

Unprivileged = Callable[[], AbstractContextManager[None]]


def make(top: Path, *names: str) -> None:
    for name in names:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text("{}")


def found(top: Path, *paths: str, **settings: object) -> list[str]:
    """The paths found; errors as `path: message`."""
    config = Config(**settings)  # type: ignore[arg-type]
    return [
        item.path if isinstance(item, Source) else f"{item.path}: {item.message}"
        for item in discover(paths or (".",), config, cwd=str(top))
    ]


def test_files_of_a_folder_come_before_its_folders_each_by_name(tmp_path: Path) -> None:
    make(tmp_path, "z.py", "a.ipynb", "b/b.py", "b/a.py", "a/z.md", "a/a/.env", "notes.txt")
    expected = ["a.ipynb", "z.py", "a/z.md", "a/a/.env", "b/a.py", "b/b.py"]
    assert found(tmp_path) == expected
    assert found(tmp_path, str(tmp_path)) == expected


def test_what_is_found_can_be_read_and_has_its_kind(tmp_path: Path) -> None:
    make(tmp_path, "a/Dockerfile")
    assert list(discover(["a"], Config(), cwd=str(tmp_path))) == [
        Source("a/Dockerfile", str(tmp_path / "a" / "Dockerfile"), "dockerfile")
    ]


def test_the_working_directory_is_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "a.py")
    monkeypatch.chdir(tmp_path)
    assert [source.path for source in discover(["."], Config())] == ["a.py"]


@pytest.mark.parametrize("folder", sorted(SKIPPED))
def test_stores_of_tools_are_skipped_unless_given(tmp_path: Path, folder: str) -> None:
    make(tmp_path, "a.ipynb", f"{folder}/b.ipynb")
    assert found(tmp_path) == ["a.ipynb"]
    assert found(tmp_path, folder) == [f"{folder}/b.ipynb"]


@pytest.mark.parametrize("mark", ["pyvenv.cfg", "conda-meta/history"])
def test_environments_are_skipped_unless_given(tmp_path: Path, mark: str) -> None:
    make(tmp_path, "a.ipynb", f"any-name/{mark}", "any-name/b.ipynb")
    assert found(tmp_path) == ["a.ipynb"]
    assert found(tmp_path, "any-name") == ["any-name/b.ipynb"]


def test_given_files_are_always_taken_and_only_once(tmp_path: Path) -> None:
    make(tmp_path, "a.ipynb", "notes.txt", "venv/pyvenv.cfg", "venv/b.py")
    (tmp_path / ".gitignore").write_text("*")
    paths = ["notes.txt", "a.ipynb", "./a.ipynb", "venv/b.py", str(tmp_path / "a.ipynb")]
    assert found(tmp_path, *paths, exclude=("*",)) == ["notes.txt", "a.ipynb", "venv/b.py"]
    sources = list(discover(["notes.txt"], Config(), cwd=str(tmp_path)))
    assert sources == [Source("notes.txt", str(tmp_path / "notes.txt"), "text")]


def test_a_file_found_twice_is_scanned_once(tmp_path: Path) -> None:
    make(tmp_path, "a/a.ipynb", "b.ipynb")
    assert found(tmp_path, "a", ".", "b.ipynb") == ["a/a.ipynb", "b.ipynb"]


def test_an_ignored_folder_is_walked_when_given(tmp_path: Path) -> None:
    make(tmp_path, "data/x.ipynb", "data/y.ipynb", "data/deep/z.ipynb")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("data/\n")
    (tmp_path / "data" / ".gitignore").write_text("y.ipynb\n")
    assert found(tmp_path) == []
    assert found(tmp_path, "data") == ["data/x.ipynb", "data/deep/z.ipynb"]
    assert found(tmp_path, "data/deep") == ["data/deep/z.ipynb"]


def test_patterns_above_the_folder_count_up_to_the_repository(tmp_path: Path) -> None:
    make(tmp_path, "repo/a/b/x.ipynb", "repo/a/b/y.ipynb", "repo/a/b/z.ipynb")
    (tmp_path / ".gitignore").write_text("x.ipynb\n")
    (tmp_path / "repo" / ".git").mkdir()
    (tmp_path / "repo" / ".gitignore").write_text("y.ipynb\n")
    assert found(tmp_path / "repo", "a/b") == ["a/b/x.ipynb", "a/b/z.ipynb"]


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ((), ["a.ipynb", "data/a.ipynb", "data/b.py"]),
        (("data/",), ["a.ipynb"]),
        (("data",), ["a.ipynb"]),
        (("a.ipynb",), ["data/b.py"]),
        (("/a.ipynb",), ["data/a.ipynb", "data/b.py"]),
        (("data/*", "!data/b.py"), ["a.ipynb", "data/b.py"]),
        (("*.py", "#a.ipynb", ""), ["a.ipynb", "data/a.ipynb"]),
        (("data/**/a.ipynb",), ["a.ipynb", "data/b.py"]),
    ],
)
def test_excluded_files(tmp_path: Path, patterns: tuple[str, ...], expected: list[str]) -> None:
    make(tmp_path, "a.ipynb", "data/a.ipynb", "data/b.py")
    assert found(tmp_path, exclude=patterns) == expected
    wanted = [
        name
        for name in ("a.ipynb", "data/a.ipynb", "data/b.py")
        if is_scanned(str(tmp_path / name), Config(exclude=patterns), cwd=str(tmp_path))
    ]
    assert wanted == expected


def test_git_may_not_bring_back_what_is_excluded(tmp_path: Path) -> None:
    make(tmp_path, "a.ipynb", "b.ipynb")
    (tmp_path / ".gitignore").write_text("!a.ipynb\n")
    assert found(tmp_path, exclude=("a.ipynb",)) == ["b.ipynb"]


def test_exclusions_are_relative_to_the_configuration(tmp_path: Path) -> None:
    make(tmp_path, "sub/data/a.ipynb", "sub/b.ipynb")
    settings: dict[str, object] = {"exclude": ("/sub/data",), "root": str(tmp_path)}
    assert found(tmp_path / "sub", **settings) == ["b.ipynb"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.ipynb", True),
        ("x/Dockerfile", True),
        ("notes.txt", False),
        (".ipynb_checkpoints/a.ipynb", False),
        ("x/site-packages/y/a.py", False),
    ],
)
def test_files_that_git_names(path: str, expected: bool) -> None:
    assert is_scanned(path.replace("/", os.sep), Config()) is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("demo/a.ipynb", ("installs", "provider-token")),
        ("demo/deep/a.ipynb", ("installs", "provider-token")),
        ("x/demo/a.ipynb", ("provider-token",)),
        ("demo/a.py", ("installs",)),
        ("a.py", ()),
    ],
)
def test_rules_that_are_silent_in_some_files(
    tmp_path: Path, path: str, expected: tuple[str, ...]
) -> None:
    config = Config(
        per_path_ignore=(("/demo", ("installs",)), ("*.ipynb", ("provider-token",))),
        root=str(tmp_path),
    )
    below = Source(path, str(tmp_path / path), "notebook")
    assert silenced(config, below, "/elsewhere") == expected
    from_git = Source(path, "", "notebook", b"")
    assert silenced(config, from_git, str(tmp_path)) == expected


@pytest.mark.skipif(sys.platform == "win32", reason="links need privileges there")
def test_links(tmp_path: Path) -> None:
    make(tmp_path, "out/a.ipynb", "top/b.ipynb")
    top = tmp_path / "top"
    (top / "file.ipynb").symlink_to("../out/a.ipynb")
    (top / "folder").symlink_to("../out")
    (top / "round").symlink_to("..")
    (top / "dangling.ipynb").symlink_to("nowhere")
    (top / "loop.ipynb").symlink_to("loop.ipynb")
    (top / "dangling.png").symlink_to("nowhere")
    # reading the broken ones will say what is wrong with them
    assert found(top) == ["b.ipynb", "dangling.ipynb", "file.ipynb", "loop.ipynb"]
    assert found(top, "folder") == ["folder/a.ipynb"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need privileges there")
def test_a_given_link_without_end_is_left_to_the_reader(tmp_path: Path) -> None:
    (tmp_path / "dangling.ipynb").symlink_to("nowhere")
    assert found(tmp_path, "dangling.ipynb") == ["dangling.ipynb"]


def test_what_is_missing_is_an_error_and_the_rest_goes_on(tmp_path: Path) -> None:
    make(tmp_path, "a.ipynb")
    assert found(tmp_path, "missing", "a.ipynb") == [
        "missing: there is no such file or folder",
        "a.ipynb",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
def test_a_folder_without_permission(open_folder: Path, unprivileged: Unprivileged) -> None:
    make(open_folder, "a/a.ipynb", "b/b.ipynb", "c/c.ipynb")
    os.chmod(open_folder / "b", 0)
    with unprivileged():
        assert found(open_folder) == [
            "a/a.ipynb",
            "b: this folder cannot be read: Permission denied",
            "c/c.ipynb",
        ]


def test_a_folder_that_vanishes(tmp_path: Path) -> None:
    make(tmp_path, "a.ipynb", "b/b.ipynb", "c.ipynb")
    walk = discover(["."], Config(), cwd=str(tmp_path))
    assert isinstance(next(walk), Source)
    (tmp_path / "b" / "b.ipynb").unlink()
    (tmp_path / "b").rmdir()
    kinds = [type(item) for item in walk]
    assert kinds == [Source, ScanError]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.ipynb")
    (tmp_path / "b.ipynb").mkdir()
    (tmp_path / "c.ipynb").symlink_to("a.ipynb")
    assert found(tmp_path) == []
    for name in ("a.ipynb", "c.ipynb"):
        reason = "neither a file nor a folder; pipe it into `mlsec scan -`"
        assert found(tmp_path, name) == [f"{name}: {reason}"]


def test_folders_may_be_very_deep(tmp_path: Path) -> None:
    deep = tmp_path / "/".join(["d"] * 400)
    deep.mkdir(parents=True)
    make(deep, "a.ipynb")
    assert found(tmp_path) == ["d/" * 400 + "a.ipynb"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names that are no UTF-8")
def test_odd_names_are_found_and_shown_harmlessly(tmp_path: Path) -> None:
    for name in (b"caf\xe9.ipynb", b"line\nend.ipynb"):
        with open(os.path.join(os.fsencode(tmp_path), name), "wb"):
            pass
    sources = [s for s in discover(["."], Config(), cwd=str(tmp_path)) if isinstance(s, Source)]
    assert [source.path for source in sources] == ["caf\\xe9.ipynb", "line\\nend.ipynb"]
    assert [source.content() for source in sources] == [b"", b""]


def test_patterns_that_cannot_be_read_ignore_nothing(tmp_path: Path) -> None:
    make(tmp_path, "a.ipynb")
    (tmp_path / ".gitignore").mkdir()
    assert found(tmp_path) == ["a.ipynb"]


def test_walking_starts_no_process_and_imports_little(tmp_path: Path) -> None:
    make(tmp_path, "a.ipynb")
    (tmp_path / ".gitignore").write_text("b\n")
    code = (
        "import sys; from jupyter_mlsec.core.config import Config;"
        "from jupyter_mlsec.files.walk import discover;"
        "assert len(list(discover(['.'], Config()))) == 1;"
        "heavy = {'pathspec', 'subprocess', 'tomllib', 'tomli', 'multiprocessing', 'json'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"
