"""The archive of advisories that a user has downloaded, and the index that is made of it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.files.advisories import Advisories, stamp


def record(identity: str, name: str, day: str = "2026-11-03") -> dict[str, Any]:
    events = [{"introduced": "0"}, {"fixed": "2.0"}]
    package = {"ecosystem": "PyPI", "name": name}
    ranges = [{"type": "ECOSYSTEM", "events": events}]
    return {
        **{"id": identity, "modified": f"{day}T00:00:00Z", "aliases": ["CVE-1"]},
        "affected": [{"package": package, "ranges": ranges, "versions": ["1.0"]}],
    }


RECORDS = [
    record("GHSA-1", "Pillow"),
    record("PYSEC-2", "pillow", day="2026-11-20"),
    record("GHSA-3", "pillow-simd"),
]


def archive(path: Path, *records: object) -> Path:
    with ZipFile(path, "w") as made:
        for number, entry in enumerate(records):
            made.writestr(f"{number}.json", json.dumps(entry))
        made.writestr("broken.json", "{")
        made.writestr("README.md", "not looked at")
    return path


@pytest.fixture(params=["archive", "folder"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "archive":
        return archive(tmp_path / "all.zip", *RECORDS)
    folder = tmp_path / "osv" / "PyPI"
    folder.mkdir(parents=True)
    for number, entry in enumerate(RECORDS):
        (folder / f"{number}.json").write_text(json.dumps(entry))
    return folder.parent


def ids(known: Advisories, name: str) -> list[str]:
    return [advisory.id for advisory in known.of(name)]


def test_by_package(source: Path, tmp_path: Path) -> None:
    for folder in (None, str(tmp_path / "cache"), str(tmp_path / "cache")):
        known = Advisories(str(source), folder).open()
        assert ids(known, "pillow") == ["GHSA-1", "PYSEC-2"]
        assert ids(known, "pillow-simd") == ["GHSA-3"]
        assert ids(known, "pill") == ids(known, "simd") == ids(known, "") == []
        assert known.of("pillow")[0].affects("1.5")
        assert known.newest == "2026-11-20"
        assert known.age(date(2026, 11, 24)) == 4


def test_the_index_is_used_and_made_anew(tmp_path: Path) -> None:
    path, cache = tmp_path / "all.zip", tmp_path / "cache"
    archive(path, *RECORDS)
    assert ids(Advisories(str(path), str(cache)), "pillow-simd") == ["GHSA-3"]
    (index,) = cache.iterdir()
    index.write_bytes(index.read_bytes().replace(b"GHSA-3", b"GHSA-9"))
    assert ids(Advisories(str(path), str(cache)), "pillow-simd") == ["GHSA-9"]
    index.write_bytes(index.read_bytes()[:-10])  # cut off
    assert ids(Advisories(str(path), str(cache)), "pillow-simd") == ["GHSA-3"]
    before = stamp(str(path))
    archive(path, *RECORDS, record("GHSA-4", "pillow-simd"))
    assert stamp(str(path)) != before
    assert ids(Advisories(str(path), str(cache)), "pillow-simd") == ["GHSA-3", "GHSA-4"]


def test_an_index_that_cannot_be_kept(tmp_path: Path) -> None:
    path = archive(tmp_path / "all.zip", *RECORDS)
    (tmp_path / "file").write_text("")
    assert ids(Advisories(str(path), str(tmp_path / "file" / "cache")), "pillow")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "can't be read: No such file"),
        (b"{}", "no zip archive"),
        (b"", "no zip archive"),
        ("empty", "none about a Python package"),
        ("cut", "no zip archive, or a damaged one"),
    ],
)
def test_what_is_no_source(tmp_path: Path, content: bytes | str | None, said: str) -> None:
    path = tmp_path / "all.zip"
    if content == "empty":
        archive(path, {"id": "X"})
    elif content == "cut":
        whole = archive(path, *RECORDS).read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
    elif isinstance(content, bytes):
        path.write_bytes(content)
    with pytest.raises(MlsecError, match=said) as raised:
        Advisories(str(path), None).open()
    assert raised.value.hint is not None
    assert "docs/advisories.md" in raised.value.hint
