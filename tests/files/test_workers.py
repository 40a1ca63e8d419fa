"""Many files, real processes. The engine here is a stand-in that obeys what a file says."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.model import ScanResult
from jupyter_mlsec.files import workers
from jupyter_mlsec.files.cache import Cache
from jupyter_mlsec.files.scanning import Scan
from jupyter_mlsec.files.source import Source
from jupyter_mlsec.files.workers import scan_many


def scan(log: str, data: bytes, path: str, kind: str) -> ScanResult:
    """Do what the content says, and note the process that did it."""
    with open(log, "a") as lines:
        lines.write(f"{os.getpid()} {path}\n")
    if data == b"die":
        os.kill(os.getpid(), signal.SIGKILL)
    if data == b"memory":
        raise MemoryError
    if data == b"bug":
        raise ValueError(data * 100)
    if data == b"bad":
        raise MlsecError("no notebook", "look at it", line=3, column=4)
    if data == b"slow":
        time.sleep(60)
    return ScanResult(path, cells=len(data), size=len(data))


def make_scan(log: str) -> Scan:
    return partial(scan, log)


class Scans:
    """Files in a folder, and a log of who scanned them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = str(folder / "log")
        self.make = partial(make_scan, self.log)

    def sources(self, *contents: bytes) -> list[Source]:
        sources = []
        for number, content in enumerate(contents):
            file = self.folder / f"{number}.ipynb"
            file.write_bytes(content)
            sources.append(Source(f"{number}.ipynb", str(file), "notebook"))
        return sources

    def scanned(self) -> list[str]:
        if not os.path.exists(self.log):
            return []
        with open(self.log) as lines:
            return sorted(line.split()[1] for line in lines)

    def processes(self) -> set[int]:
        with open(self.log) as lines:
            return {int(line.split()[0]) for line in lines}


@pytest.fixture
def scans(tmp_path: Path) -> Scans:
    return Scans(tmp_path)


JOBS = pytest.mark.parametrize("jobs", [1, 2, 5])
needs_kill = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


@JOBS
def test_results_come_in_the_order_of_the_files(scans: Scans, jobs: int) -> None:
    sources = scans.sources(*[b"x" * (size * 7919 % 300_000) for size in range(40)])
    sources.insert(3, Source("-", "", "notebook", b"known"))
    results = scan_many(sources, scans.make, jobs=jobs)
    assert [result.path for result in results] == [source.path for source in sources]
    assert [result.cells for result in results] == [len(source.content()) for source in sources]


@JOBS
def test_no_files_no_results(scans: Scans, jobs: int) -> None:
    assert scan_many([], scans.make, jobs=jobs) == []
    assert scans.scanned() == []


@pytest.mark.parametrize(
    ("jobs", "files", "pays", "several"),
    [
        (0, 8, 10**9, False),
        (0, 8, 0, len(os.sched_getaffinity(0)) > 1 if sys.platform == "linux" else None),
        (1, 8, 0, False),
        (2, 8, 10**9, True),
        (2, 1, 0, False),
    ],
)
def test_processes_are_started_where_they_pay_or_are_asked_for(
    scans: Scans,
    monkeypatch: pytest.MonkeyPatch,
    jobs: int,
    files: int,
    pays: int,
    several: bool | None,
) -> None:
    monkeypatch.setattr(workers, "_PAYS", pays)
    scan_many(scans.sources(*[b"x"] * files), scans.make, jobs=jobs)
    assert several is None or (os.getpid() not in scans.processes()) is several


@JOBS
@pytest.mark.parametrize(
    ("content", "message", "line"),
    [
        (b"memory", "there is not enough memory to scan this file", None),
        (b"bad", "no notebook; look at it", 3),
        (b"bug", "the scanner failed on this file: ValueError in test_workers.py, line ", None),
    ],
)
def test_what_fails_fails_alone(
    scans: Scans, jobs: int, content: bytes, message: str, line: int | None
) -> None:
    results = scan_many(scans.sources(b"a", content, b"b"), scans.make, jobs=jobs)
    errors = [result.error for result in results]
    assert errors[0] is None
    assert errors[2] is None
    assert errors[1] is not None
    assert errors[1].message.startswith(message)
    assert (errors[1].path, errors[1].line) == ("1.ipynb", line)
    assert "bugbug" not in errors[1].message


@JOBS
def test_what_cannot_be_read_is_an_error(scans: Scans, jobs: int) -> None:
    sources = scans.sources(b"a", b"b" * (1024 * 1024 + 1), b"c")
    sources.append(Source("missing", str(scans.folder / "missing"), "notebook"))
    results = scan_many(sources, scans.make, jobs=jobs, max_size=1)
    assert [result.error and result.error.message.partition(";")[0] for result in results] == [
        None,
        "larger than 1 MB",
        None,
        "there is no such file",
    ]


@needs_kill
@pytest.mark.parametrize("dying", [[0], [19], [3, 4, 11], list(range(20))])
def test_a_process_that_is_killed_costs_only_its_file(scans: Scans, dying: list[int]) -> None:
    contents = [b"die" if number in dying else b"x" * number for number in range(20)]
    results = scan_many(scans.sources(*contents), scans.make, jobs=2)
    failed = [number for number, result in enumerate(results) if result.error]
    assert failed == dying
    assert all("was killed" in str(results[number].error) for number in dying)
    assert [r.cells for n, r in enumerate(results) if n not in dying] == [
        n for n in range(20) if n not in dying
    ]


@needs_kill
def test_many_large_files_survive_a_killed_process(scans: Scans) -> None:
    contents = [b"x" * 600_000] * 12 + [b"die"] + [b"y" * 600_000] * 12
    results = scan_many(scans.sources(*contents), scans.make, jobs=2)
    assert [number for number, result in enumerate(results) if result.error] == [12]


def unmakable() -> Scan:
    raise MlsecError("the rules are broken")


@JOBS
def test_an_engine_that_cannot_be_made_ends_the_run(scans: Scans, jobs: int) -> None:
    with pytest.raises(MlsecError, match="the rules are broken"):
        scan_many(scans.sources(b"a", b"b", b"c"), unmakable, jobs=jobs)


def test_beside_threads_processes_are_not_forked(scans: Scans) -> None:
    """Forking there is unsafe, and Python 3.12 warns of it, which fails this test."""
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        results = scan_many(scans.sources(b"a", b"bb", b"ccc"), _plain, jobs=2)
    finally:
        stop.set()
        thread.join()
    assert [result.cells for result in results] == [1, 2, 3]


def _plain() -> Scan:
    return lambda data, path, kind: ScanResult(path, cells=len(data))


@JOBS
def test_progress_is_told(scans: Scans, jobs: int) -> None:
    told: list[tuple[int, int]] = []
    scan_many(
        scans.sources(*[b"x"] * 7),
        scans.make,
        jobs=jobs,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(number, 7) for number in range(1, 8)]


@JOBS
def test_unchanged_files_are_not_scanned_again(scans: Scans, jobs: int) -> None:
    folder = str(scans.folder / "cache")
    sources = scans.sources(*[b"x" * size for size in range(6)])
    first = scan_many(sources, scans.make, jobs=jobs, cache=Cache(folder, "key"))
    os.unlink(scans.log)
    assert scan_many(sources, unmakable, jobs=jobs, cache=Cache(folder, "key")) == first
    (scans.folder / "2.ipynb").write_bytes(b"changed")
    again = scan_many(sources, scans.make, jobs=jobs, cache=Cache(folder, "key"))
    assert scans.scanned() == ["2.ipynb"]
    assert [result.cells for result in again] == [0, 1, 7, 3, 4, 5]


@JOBS
def test_failures_are_tried_again(scans: Scans, jobs: int) -> None:
    folder = str(scans.folder / "cache")
    sources = scans.sources(b"memory", b"a", b"b")
    for _ in range(2):
        scan_many(sources, scans.make, jobs=jobs, cache=Cache(folder, "key"))
    assert scans.scanned() == ["0.ipynb", "0.ipynb", "1.ipynb", "2.ipynb"]


@needs_kill
@JOBS
def test_an_interrupt_ends_quickly_and_leaves_no_process(scans: Scans, jobs: int) -> None:
    """As Ctrl-C does, the signal goes to the whole group of processes."""
    sources = scans.sources(*[b"slow"] * 6)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); sys.path.insert(0, sys.argv[2])\n"
        "from functools import partial\n"
        "from jupyter_mlsec.files.source import Source\n"
        "from jupyter_mlsec.files.workers import scan_many\n"
        "import test_workers\n"
        "sources = [Source(p, p, 'notebook') for p in sys.argv[5:]]\n"
        "try:\n"
        "    make = partial(test_workers.make_scan, sys.argv[3])\n"
        "    scan_many(sources, make, jobs=int(sys.argv[4]))\n"
        "except KeyboardInterrupt:\n"
        "    sys.exit(130)\n"
    )
    here = Path(__file__).parent
    files = [source.file for source in sources]
    arguments = [str(here), str(here.parents[1]), scans.log, str(jobs), *files]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        start_new_session=True,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 20
    while len(scans.scanned()) < jobs and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(scans.scanned()) >= 1
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (130, b"")
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
