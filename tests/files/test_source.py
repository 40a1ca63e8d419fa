from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.files.source import MEGABYTE, Source, kind_of, read, shown


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a.ipynb", "notebook"),
        ("folder/A.IPYNB", "notebook"),
        ("a.py", "python"),
        ("README.md", "markdown"),
        ("Dockerfile.md", "markdown"),
        ("run.sh", "shell"),
        ("pyproject.toml", "toml"),
        ("requirements.txt", "requirements"),
        ("requirements-dev.txt", "requirements"),
        ("dev-requirements.txt", "requirements"),
        ("constraints-3.11.txt", "requirements"),
        ("requirements/base.txt", "requirements"),
        ("environment.yml", "conda"),
        ("environment-gpu.yaml", "conda"),
        ("conda-gpu.yml", "conda"),
        ("env.yml", "conda"),
        ("envoy.yml", None),
        ("Containerfile", "dockerfile"),
        ("Dockerfile", "dockerfile"),
        ("Dockerfile.gpu", "dockerfile"),
        ("gpu.dockerfile", "dockerfile"),
        ("jupyter_server_config.json", "json"),
        ("etc/jupyter_notebook_config.json", "json"),
        (".env", "dotenv"),
        (".env.local", "dotenv"),
        ("prod.env", "dotenv"),
        (".github/workflows/ci.yml", "actions"),
        ("/repo/.github/workflows/ci.yaml", "actions"),
        ("notes.txt", None),
        ("my-requirements/notes.txt", None),
        ("requirements.in", None),
        ("docker-compose.yml", None),
        ("workflows/ci.yml", None),
        (".github/dependabot.yml", None),
        ("other.toml", None),
        ("a.ipynb.bak", None),
        ("ipynb", None),
        ("environment", None),
        ("my-pyproject.toml", None),
        ("py", None),
        (".envrc", None),
        ("", None),
    ],
)
def test_kinds_of_files(path: str, kind: str | None) -> None:
    assert kind_of(path) == kind


@pytest.mark.skipif(sys.platform == "win32", reason="paths of POSIX")
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.ipynb", "a.ipynb"),
        ("/work/a.ipynb", "a.ipynb"),
        ("./x/../a.ipynb", "a.ipynb"),
        ("/work/x/a.ipynb", "x/a.ipynb"),
        ("/workshop/a.ipynb", "/workshop/a.ipynb"),
        ("../a.ipynb", "/a.ipynb"),
        ("/work", "/work"),
        ("mit Raum/ünï.ipynb", "mit Raum/ünï.ipynb"),
        ("a\nb\x1b[31m.ipynb", "a\\nb\\x1b[31m.ipynb"),
        ("a\u202e.ipynb", "a\\u202e.ipynb"),
        ("caf\udce9.ipynb", "caf\\xe9.ipynb"),
    ],
)
def test_paths_in_reports(path: str, expected: str) -> None:
    assert shown(path, "/work") == expected


def test_in_the_root_folder_paths_are_relative_too() -> None:
    assert shown("/a.ipynb", "/") == "a.ipynb"


def test_bytes_are_read_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"\xef\xbb\xbf\r\n\0\xff")
    assert read(str(file)) == b"\xef\xbb\xbf\r\n\0\xff"
    assert Source("a", str(file), "text").content() == b"\xef\xbb\xbf\r\n\0\xff"


def test_known_content_needs_no_file() -> None:
    assert Source("-", "", "text", b"x").content() == b"x"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing", "there is no such file"),
        ("dangling", "this link points to a file that does not exist"),
        ("loop", "cannot be read: Too many levels of symbolic links"),
        ("folder", "this is a folder, not a file"),
        ("file/below", "cannot be read: Not a directory"),
        ("n" * 300, "cannot be read: File name too long"),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="the reasons are worded by the system")
def test_what_cannot_be_read_says_so_in_one_line(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(MlsecError) as caught:
        read(str(tmp_path / name))
    assert caught.value.message == message


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
def test_a_file_without_permission(
    open_folder: Path, unprivileged: Callable[[], AbstractContextManager[None]]
) -> None:
    file = open_folder / "a"
    file.write_text("x")
    os.chmod(file, 0)
    with unprivileged(), pytest.raises(MlsecError) as caught:
        read(str(file))
    assert caught.value.message == "permission denied"
    assert caught.value.hint is not None


def test_the_size_limit(tmp_path: Path) -> None:
    exact, larger = tmp_path / "exact", tmp_path / "larger"
    exact.write_bytes(b"x" * MEGABYTE)
    larger.write_bytes(b"x" * (MEGABYTE + 1))
    assert len(read(str(exact), 1)) == MEGABYTE
    assert len(read(str(larger), 0)) == MEGABYTE + 1
    for source in (
        Source("larger", str(larger), "text"),
        Source("-", "", "text", b"x" * (MEGABYTE + 1)),
    ):
        with pytest.raises(MlsecError, match="larger than 1 MB"):
            source.content(1)


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="there is no endless file here")
def test_an_endless_file_ends_at_the_limit() -> None:
    with pytest.raises(MlsecError, match="larger than 1 MB"):
        read("/dev/zero", 1)
