"""The digests of what was downloaded."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from jupyter_mlsec.files.downloads import digest_of

CONTENT = b"a,b\n1,2\n"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.mark.parametrize(
    ("function", "name", "stored"),
    [
        ("download_url_to_file", "a.csv", "notebooks/a.csv"),
        ("download_url_to_file", "data/a.csv", "notebooks/data/a.csv"),
        ("get_file", "a.csv", "keras/datasets/a.csv"),
    ],
)
def test_where_files_are(
    function: str, name: str, stored: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    folder = str(tmp_path / "notebooks")
    assert digest_of(folder, function, name) is None
    path = tmp_path / stored
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    assert digest_of(folder, function, name) == DIGEST


@pytest.mark.parametrize("name", ["", ".", "a\0b"])
def test_what_is_no_file_has_none(name: str, tmp_path: Path) -> None:
    assert digest_of(str(tmp_path), "download_url_to_file", name) is None
