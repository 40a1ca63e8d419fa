from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from jupyter_mlsec.core.config import Config
from jupyter_mlsec.core.model import (
    Confidence,
    Finding,
    Place,
    PlacedEdit,
    PlacedFix,
    ScanError,
    ScanResult,
    Severity,
)
from jupyter_mlsec.files.cache import Cache, decode, digest_of, encode, folder_of, key_of
from jupyter_mlsec.files.source import Source

FULL = Finding(
    rule="unpinned-install",
    family="installs",
    severity=Severity.HIGH,
    confidence=Confidence.LOW,
    place=Place("a ü.ipynb", "output", 1, 2, 3, 4, cell=0, cell_id="ab", output=1),
    message="a\nb 🙂",
    fingerprint="f" * 16,
    docs="https://example.com",
    related=(Place("a ü.ipynb", "file", 1, 1, 1, 1), Place("b", "metadata", 9, 9, 9, 9)),
    kind="openai-api-key",
    fix=PlacedFix((PlacedEdit(1, 2, 3, 4, "x", 5), PlacedEdit(1, 1, 1, 1, "")), True, "pin it"),
    suppressed="comment",
    reason="why not",
    excerpt="the line",
    excerpt_column=4,
    excerpt_end=8,
    baseline_hash="0" * 40,
)
LEAN = Finding(
    rule="r",
    family="f",
    severity=Severity.INFO,
    confidence=Confidence.HIGH,
    place=Place("a", "source", 1, 1, 1, 2),
    message="",
    fingerprint="",
    docs="",
)
CLEAN = ScanResult("a.ipynb", cells=3, size=100)
RESULTS = [CLEAN, ScanResult("a", (FULL, LEAN), cells=1, size=2), ScanResult("a", (LEAN,))]
A, B, C = ("a" * 64, "b" * 64, "c" * 64)


@pytest.mark.parametrize("result", RESULTS)
def test_a_result_comes_back_as_it_was(result: ScanResult) -> None:
    line = encode(result)
    assert line is not None
    assert b"\n" not in line
    again = decode(line)
    assert again == result
    assert [type(f.severity) for f in again.findings] == [Severity] * len(result.findings)
    assert [type(f.confidence) for f in again.findings] == [Confidence] * len(result.findings)


def test_what_is_remembered_is_there_for_the_next_run(tmp_path: Path) -> None:
    cache = Cache(str(tmp_path), "key")
    assert (len(cache), cache.get(A)) == (0, None)
    cache.put(A, RESULTS[1])
    assert cache.get(A) == RESULTS[1]
    cache.save()
    later = Cache(str(tmp_path), "key")
    assert (later.get(A), later.get(B)) == (RESULTS[1], None)
    assert Cache(str(tmp_path), "other key").get(A) is None


def test_errors_are_not_remembered(tmp_path: Path) -> None:
    cache = Cache(str(tmp_path), "key")
    cache.put(A, ScanResult("a", error=ScanError("a", "no notebook")))
    assert cache.get(A) is None


def test_a_lone_surrogate_is_remembered(tmp_path: Path) -> None:
    cache = Cache(str(tmp_path), "key")
    cache.put(A, ScanResult("lone surrogate \ud800"))
    cache.save()
    assert Cache(str(tmp_path), "key").get(A) == ScanResult("lone surrogate \ud800")


def test_two_runs_at_once_keep_both_their_results(tmp_path: Path) -> None:
    one, two = Cache(str(tmp_path), "key"), Cache(str(tmp_path), "key")
    one.put(A, CLEAN)
    two.put(B, CLEAN)
    one.save()
    two.save()
    later = Cache(str(tmp_path), "key")
    assert (later.get(A), later.get(B)) == (CLEAN, CLEAN)


def test_processes_that_save_at_once_leave_a_whole_file(tmp_path: Path) -> None:
    code = (
        "import sys; from jupyter_mlsec.files.cache import *\n"
        "for number in range(20):\n"
        "    cache = Cache(sys.argv[1], 'key')\n"
        "    cache.put(f'{number:063}' + sys.argv[2], ScanResult('a', cells=number))\n"
        "    cache.save()"
    )
    root = str(Path(__file__).parents[2])
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path), name],
            env={**os.environ, "PYTHONPATH": root},
        )
        for name in "123"
    ]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    cache = Cache(str(tmp_path), "key")
    known = [cache.get(f"{n:063}{name}") for n in range(20) for name in "123"]
    assert len(cache) >= 20
    assert {r.cells for r in known if r is not None} <= set(range(20))
    assert all(r == ScanResult("a", cells=r.cells) for r in known if r is not None)
    assert [name for name in os.listdir(tmp_path) if name.endswith(".tmp")] == []


def stored(folder: Path) -> Path:
    cache = Cache(str(folder), "key")
    cache.put(A, CLEAN)
    cache.put(B, RESULTS[1])
    cache.save()
    return folder / "key.results"


@pytest.mark.parametrize(
    ("damage", "kept"),
    [
        (lambda data: b"", False),
        (lambda data: b"\0" * len(data), False),
        (lambda data: data.replace(b"cache 1", b"cache 0"), False),
        (lambda data: data[:-20], True),
        (lambda data: data + b"garbage\n" + os.urandom(200), True),
        (lambda data: data.replace(b'"findings":[{', b'"findings":[[{'), True),
        (lambda data: data.replace(b'"severity":3', b'"severity":9'), True),
        (lambda data: data.replace(b'"excerpt"', b'"excerp"'), True),
        (lambda data: data.replace(b"b" * 64 + b" {", b"b" * 64 + b" 1 {"), True),
    ],
)
def test_damage_costs_no_more_than_what_is_damaged(
    tmp_path: Path, damage: Callable[[bytes], bytes], kept: bool
) -> None:
    file = stored(tmp_path)
    file.write_bytes(damage(file.read_bytes()))
    cache = Cache(str(tmp_path), "key")
    assert (cache.get(A) == CLEAN) is kept
    if cache.get(B) != RESULTS[1]:
        cache.put(B, RESULTS[1])
        cache.save()
    assert Cache(str(tmp_path), "key").get(B) == RESULTS[1]


def test_the_results_used_last_stay_where_not_all_fit(tmp_path: Path) -> None:
    line = encode(CLEAN)
    assert line is not None
    room_for_two = 2 * (len(line) + 66)
    old = Cache(str(tmp_path), "key", room_for_two)
    old.put(A, CLEAN)
    old.put(B, CLEAN)
    old.save()
    new = Cache(str(tmp_path), "key", room_for_two)
    assert new.get(A) == CLEAN
    new.put(C, CLEAN)
    new.save()
    later = Cache(str(tmp_path), "key", room_for_two)
    assert [later.get(digest) is not None for digest in (A, B, C)] == [True, False, True]


def test_a_run_with_nothing_new_writes_nothing(tmp_path: Path) -> None:
    file = stored(tmp_path)
    os.utime(file, ns=(1, time.time_ns() - 1000))
    before = file.stat().st_mtime_ns
    cache = Cache(str(tmp_path), "key")
    cache.get(A)
    cache.save()
    assert file.stat().st_mtime_ns == before


def age(file: Path, days: int) -> None:
    os.utime(file, (time.time() - days * 86400,) * 2)


def test_what_nobody_used_for_a_month_goes(tmp_path: Path) -> None:
    used = stored(tmp_path)
    names = {"old.results": 31, "young.results": 29, "left.tmp": 2, "fresh.tmp": 0, "mine": 99}
    for name, days in names.items():
        (tmp_path / name).touch()
        age(tmp_path / name, days)
    age(used, 40)
    age(tmp_path / "pruned", 2)
    cache = Cache(str(tmp_path), "key")
    cache.get(A)
    cache.save()
    expected = {"fresh.tmp", "key.results", "mine", "pruned", "young.results"}
    assert set(os.listdir(tmp_path)) == expected


def test_the_month_is_looked_at_once_a_day(tmp_path: Path) -> None:
    stored(tmp_path)
    (tmp_path / "old.results").touch()
    age(tmp_path / "old.results", 31)
    Cache(str(tmp_path), "key").save()
    assert (tmp_path / "old.results").exists()


def test_a_folder_that_is_a_file_is_no_cache(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = Cache(str(tmp_path / "file"), "key")
    cache.put(A, CLEAN)
    assert cache.get(A) == CLEAN
    cache.save()
    assert Cache(str(tmp_path / "file"), "key").get(A) is None


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
def test_a_folder_that_may_not_be_written_is_no_cache(
    open_folder: Path, unprivileged: Callable[[], AbstractContextManager[None]]
) -> None:
    os.chmod(open_folder, 0o555)  # noqa: S103
    with unprivileged():
        for folder in (open_folder, open_folder / "below"):
            cache = Cache(str(folder), "key")
            cache.put(A, CLEAN)
            cache.save()
    assert os.listdir(open_folder) == []


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
def test_a_new_folder_is_for_the_user_only(tmp_path: Path) -> None:
    stored(tmp_path / "new")
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"MLSEC_CACHE_DIR": "/x", "XDG_CACHE_HOME": "/y"}, "/x"),
        ({"XDG_CACHE_HOME": "/y"}, "/y/mlsec"),
        ({"MLSEC_CACHE_DIR": "", "XDG_CACHE_HOME": "/y"}, "/y/mlsec"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="paths of POSIX")
def test_where_results_are_kept(environment: dict[str, str], expected: str) -> None:
    assert folder_of(environment) == expected


@pytest.mark.skipif(sys.platform != "linux", reason="the folder of Linux")
def test_where_results_are_kept_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/a")
    assert folder_of({}) == "/home/a/.cache/mlsec"


@pytest.mark.parametrize(
    ("config", "same"),
    [
        (Config(jobs=2), True),
        (Config(exclude=("x",)), True),
        (Config(profile="auditor"), False),
        (Config(ignore=("installs",)), False),
    ],
)
def test_the_key_holds_what_decides_a_result(config: Config, same: bool) -> None:
    assert (key_of(config) == key_of(Config())) is same


def test_an_edited_rule_makes_a_new_key(tmp_path: Path) -> None:
    """On a copy of the package, whose key is worked out in a process of its own."""
    root = Path(__file__).parents[2]
    for folder in ("core", "files"):
        (tmp_path / "jupyter_mlsec" / folder).mkdir(parents=True)
        for file in (root / "jupyter_mlsec" / folder).glob("*.py"):
            (tmp_path / "jupyter_mlsec" / folder / file.name).write_bytes(file.read_bytes())
    rule = tmp_path / "jupyter_mlsec" / "rules" / "a.py"
    rule.parent.mkdir()
    (tmp_path / "jupyter_mlsec" / "__init__.py").touch()
    keys = []
    for text in ("x = 1", "x = 1", "x = 2"):
        if not rule.exists() or rule.read_text() != text:
            rule.write_text(text)
        code = (
            "from jupyter_mlsec.core.config import Config;"
            "from jupyter_mlsec.files.cache import key_of; print(key_of(Config()))"
        )
        keys.append(subprocess.check_output([sys.executable, "-c", code], cwd=tmp_path, env={}))
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize(
    ("source", "data", "same"),
    [
        (Source("a", "elsewhere", "text"), b"x", True),
        (Source("a", "a", "text"), b"y", False),
        (Source("b", "a", "text"), b"x", False),
        (Source("a", "a", "python"), b"x", False),
        (Source("atext\0", "a", ""), b"x", False),
    ],
)
def test_what_names_a_result(source: Source, data: bytes, same: bool) -> None:
    assert (digest_of(source, data) == digest_of(Source("a", "a", "text"), b"x")) is same
