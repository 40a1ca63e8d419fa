"""Worker processes: what happens when they run away, die, or are not wanted any more."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec import json

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.faces.server import work
from jupyter_mlsec.faces.server.pool import Pool, Superseded, TimedOut, split
from tests.server.documents import notebook

pytest_plugins = ["pytest_jupyter.jupyter_server"]

ROOT = Path(__file__).parent.parent.parent
RUNAWAY = "tests.server.runaway"
STALL = 0.05  # seconds for which the event loop may stand still


@asynccontextmanager
async def pool(size: int = 1, limit: float = 0.3) -> AsyncIterator[Pool]:
    made = Pool(size, limit, RUNAWAY)
    try:
        yield made
    finally:
        made.close()


def strip(text: str) -> Callable[[frozenset[int]], work.Work]:
    return lambda known: work.Strip(work.Where("a.ipynb"), text.encode())


def scan(name: str, *cells: tuple[int, str]) -> Callable[[frozenset[int]], work.Work]:
    order = [(number, text.encode()) for number, text in cells]
    numbers = [number for number, _ in order]

    def build(known: frozenset[int]) -> work.Work:
        new = split(order, known)
        where = work.Where("a.ipynb")
        return work.Scan(work.Cells(name, where, "notebook", "python", None, b"", numbers, new), 0)

    return build


def told(reply: work.Reply) -> Any:
    return json.decode(reply.body)


def is_running(pid: int) -> bool:
    """Whether a process is there; a dead one that nobody has waited for is not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def has_ended(pid: int) -> bool:
    """Whether a process ends before long."""
    deadline = time.monotonic() + 10
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_running(pid)


async def test_one_that_runs_away_is_killed_and_replaced() -> None:
    async with pool() as workers:
        first = told(await workers.run(strip("")))["pid"]
        start = time.monotonic()
        with pytest.raises(TimedOut, match="longer than"):
            await workers.run(strip("run away"))
        assert time.monotonic() - start < 5
        assert has_ended(first)
        assert told(await workers.run(strip("")))["pid"] != first


async def test_others_go_on_meanwhile() -> None:
    async with pool(2, 2.0) as workers:
        await workers.run(strip(""))
        runaway = asyncio.create_task(workers.run(strip("run away")))
        for _ in range(5):
            assert (await workers.run(strip(""))).problem is None
        assert not runaway.done()
        with pytest.raises(TimedOut):
            await runaway


async def test_one_that_dies_is_replaced() -> None:
    async with pool() as workers:
        with pytest.raises(MlsecError, match="was killed"):
            await workers.run(strip("die"))
        assert (await workers.run(strip(""))).problem is None


async def test_an_error_is_told_without_its_text() -> None:
    async with pool() as workers:
        reply = await workers.run(strip("fail"))
        assert reply.problem is not None
        assert "ValueError in runaway.py" in reply.problem
        assert "secret" not in reply.problem


async def test_what_prints_does_no_harm() -> None:
    async with pool() as workers:
        assert (await workers.run(strip("print"))).problem is None


async def test_a_worker_is_sent_what_it_lacks() -> None:
    async with pool() as workers:
        seen = [
            told(await workers.run(scan("d1", (1, "a"), (2, "b")), "d1")),
            told(await workers.run(scan("d1", (2, "b"), (3, "c")), "d1")),
            told(await workers.run(scan("d2", (4, "d")), "d2")),
            told(await workers.run(scan("d1", (1, "a"), (2, "b")), "d1")),
        ]
        assert [(s["new"], s["order"]) for s in seen] == [
            ([1, 2], [1, 2]),
            ([3], [2, 3]),
            ([4], [4]),
            ([1], [1, 2]),
        ]
        with pytest.raises(MlsecError):
            await workers.run(strip("die"))
        assert told(await workers.run(scan("d1", (2, "b")), "d1"))["new"] == [2]
        with pytest.raises(TimedOut):
            await workers.run(strip("run away"))
        assert told(await workers.run(scan("d1", (2, "b")), "d1"))["new"] == [2]
        (pid,) = workers.pids
        os.kill(pid, signal.SIGKILL)  # while it has nothing to do
        assert await asyncio.to_thread(has_ended, pid)
        assert told(await workers.run(scan("d1", (2, "b")), "d1"))["new"] == [2]


async def test_all_that_is_sent_cells_is_remembered_alike() -> None:
    def baseline(known: frozenset[int]) -> work.Work:
        made = scan("d", (2, "b"), (3, "c"))(known)
        assert isinstance(made, work.Scan)
        return work.Baseline(made.cells, [])

    async with pool() as workers:
        await workers.run(scan("d", (1, "a"), (2, "b")), "d")
        await workers.run(baseline, "d")
        assert told(await workers.run(scan("d", (1, "a"), (2, "b")), "d"))["new"] == [1]


async def test_many_documents_are_forgotten_in_turn() -> None:
    async with pool() as workers:
        for number in range(40):
            await workers.run(scan(f"d{number}", (number, "")), f"d{number}")
        assert told(await workers.run(scan("d39", (39, "")), "d39"))["new"] == []
        assert told(await workers.run(scan("d0", (0, "")), "d0"))["new"] == [0]


async def test_what_is_not_wanted_any_more_never_starts() -> None:
    async with pool(limit=5.0) as workers:
        await workers.run(strip(""))
        slow = asyncio.create_task(workers.run(strip("wait")))
        await asyncio.sleep(0)
        old = asyncio.create_task(workers.run(strip("die"), wanted=lambda: False))
        new = asyncio.create_task(workers.run(strip("")))
        await slow
        with pytest.raises(Superseded):
            await old
        assert (await new).problem is None


async def test_a_cancelled_wait_leaves_the_worker_to_others() -> None:
    async with pool(limit=5.0) as workers:
        await workers.run(strip(""))
        slow = asyncio.create_task(workers.run(strip("wait")))
        await asyncio.sleep(0)
        waiting = asyncio.create_task(workers.run(strip("")))
        await asyncio.sleep(0)
        waiting.cancel()
        await slow
        assert (await asyncio.wait_for(workers.run(strip("")), 5)).problem is None


async def test_closing_ends_all_processes() -> None:
    async with pool(2) as workers:
        pids = {told(await workers.run(strip("")))["pid"]}
        for future in workers.warm():
            await asyncio.wrap_future(future)
        pids |= set(workers.pids)
    assert len(pids) == 2
    assert all(has_ended(pid) for pid in pids)


async def test_what_a_worker_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JUPYTER_TOKEN", "HF_TOKEN", "VAULT_TOKEN", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("MLSEC_CACHE_DIR", "here")
    async with pool() as workers:
        about = told(await workers.run(strip("")))
    assert "MLSEC_CACHE_DIR" in about["environment"]
    assert not [n for n in about["environment"] if "TOKEN" in n or "SECRET" in n or "PASS" in n]
    # modules come from where the server's do, never from the working directory
    assert all(os.path.isabs(path) for path in about["path"])


@pytest.mark.parametrize("busy", ["", "run away"])
def test_the_death_of_the_server_ends_its_workers(busy: str) -> None:
    code = f"""
import asyncio
from jupyter_mlsec.faces.server import work
from jupyter_mlsec.faces.server.pool import Worker
worker = Worker(1.0, {RUNAWAY!r})
worker.start()
print(worker.pid, flush=True)
worker.call(work.Strip(work.Where("a"), {busy.encode()!r}))
input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as server:
        assert server.stdout is not None
        worker = int(server.stdout.readline())
        assert is_running(worker)
        server.send_signal(signal.SIGKILL)
    assert has_ended(worker)


async def longest_stall(until: asyncio.Task[Any]) -> float:
    """The longest time for which the event loop did nothing else while a task ran, in seconds."""
    longest = 0.0
    before = time.perf_counter()
    while not until.done():
        await asyncio.sleep(0.001)
        now = time.perf_counter()
        longest = max(longest, now - before)
        before = now
    return longest


async def test_a_runaway_pattern_does_not_stop_the_server(
    jp_serverapp: Any, jp_fetch: Callable[..., Awaitable[Any]]
) -> None:
    app = jp_serverapp.web_app.settings["jupyter_mlsec"]
    app.pool.close()
    app.pool = Pool(1, 0.3, RUNAWAY)
    await app.pool.run(strip(""))
    stalls = []
    for _ in range(3):
        request = asyncio.ensure_future(
            jp_fetch(
                *("mlsec", "api", "scan"),
                method="POST",
                body=json.encode(notebook("run away")),
                raise_error=False,
            )
        )
        stalls.append(await longest_stall(request))
        response = request.result()
        assert response.code == 503
        assert "longer than 0.3 seconds" in json.decode(response.body)["message"]
    # of a busy machine the least disturbed
    assert min(stalls) < STALL
    assert (await jp_fetch("api", "status")).code == 200
