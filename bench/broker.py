"""Secrets at run time: fetches through the broker, many kernels, leases, and `%load_ext`.

With a real OpenBao, and a real PostgreSQL for the leases: a lease has ended when the database
refuses its login. Kernels are processes with a pass, as the server starts them; a thousand of them
are a thousand connections, each with a pass and a Vault token of its own, from four processes.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from bench.measure import best_of_rounds, run_ours, table

if TYPE_CHECKING:
    from jupyter_mlsec.credentials.broker.server import Broker
    from tests.credentials.vault.postgres import Database
    from tests.credentials.vault.server import Server

FETCHES = 500
KERNELS = 1000
PROCESSES = 4
SECRETS = 3
STARTS = 15
_PATIENCE = 30.0  # seconds

# fetches the same secret again and again, and prints the milliseconds of each
_WARM = """
import json, sys, time
from jupyter_mlsec.credentials.broker.client import find
from jupyter_mlsec.credentials.reference import parse
broker, times = find(), []
for _ in range(int(sys.argv[1])):
    start = time.perf_counter()
    broker.get(parse("kv/bench/0#key"))
    times.append(1000 * (time.perf_counter() - start))
print(json.dumps(times))
"""
# has many passes, fetches a few secrets with each, and keeps all connections open
_MANY = """
import json, sys, time
from concurrent.futures import ThreadPoolExecutor
from jupyter_mlsec.credentials.broker.client import find
from jupyter_mlsec.credentials.reference import parse
kernels = [find(given) for given in json.loads(sys.stdin.readline())]
def fetch(kernel):
    wrong = 0
    for number in range(int(sys.argv[1])):
        try:
            wrong += kernel.get(parse(f"kv/bench/{number}#key")).data["key"] != str(number)
        except Exception:
            wrong += 1
    return wrong
with ThreadPoolExecutor(16) as pool:
    print(sum(pool.map(fetch, kernels)), flush=True)
sys.stdin.readline()
"""
# a login of the database, then the end that is asked for
_LOGIN = """
import os, signal, sys
from jupyter_mlsec.credentials.broker.client import find
from jupyter_mlsec.credentials.reference import parse
broker = find()
data = broker.get(parse("database/creds/ro")).data
print(data["username"], data["password"], flush=True)
sys.stdin.readline()
"""
_SHELL = "from IPython.core.interactiveshell import InteractiveShell as S\nshell = S.instance()\n"


def main() -> str:
    """A table of what is wanted and what is so, as Markdown."""
    from tests.credentials.vault import postgres, server

    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))  # as a Jupyter server does
    with server.running() as vault, _broker(vault) as broker:
        for number in range(SECRETS):
            vault("POST", f"kv/data/bench/{number}", {"data": {"key": str(number)}})
        rows = [*_warm(broker), *_many(broker)]
        if postgres.INSTALLED:
            with postgres.running() as database:
                database.mount(vault)
                rows += _leases(broker, database)
    rows += _load_ext()
    return (
        "## Secrets at run time\n\n"
        f"{table(['what', 'wanted', 'measured'], rows)}\n\n"
        "With OpenBao (in memory, over plain HTTP) and PostgreSQL on the same machine. A kernel "
        f"is a process with the broker's pass; {KERNELS:,} of them are as many "
        f"connections of {PROCESSES} processes, each with its own pass and child "
        "token, all open at the same time.\n"
    )


def _warm(broker: Broker) -> Iterator[list[str]]:
    shown = _run(_WARM, broker.admit("warm"), str(FETCHES)).communicate()[0]
    times = sorted(json.loads(shown)[10:])  # the first ones make the connection and the token
    yield ["warm fetch through the broker, p50", "3 ms", f"{statistics.median(times):.1f} ms"]
    yield ["p95", "-", f"{times[int(0.95 * len(times))]:.1f} ms"]


def _many(broker: Broker) -> Iterator[list[str]]:
    each = KERNELS // PROCESSES
    start = time.perf_counter()
    processes = []
    for process in range(PROCESSES):
        passes = [broker.admit(f"{process}-{number}") for number in range(each)]
        processes.append(_run(_MANY, {}, str(SECRETS)))
        _line(processes[-1].stdin, json.dumps(passes))
    wrong = sum(int(_read(process) or KERNELS) for process in processes)
    seconds = time.perf_counter() - start
    yield [f"{KERNELS:,} kernels with {SECRETS} secrets each, errors", "0", f"{wrong}"]
    yield ["until all have them", "-", f"{seconds:.1f} s"]
    start = time.perf_counter()
    for process in processes:
        process.kill()
        process.communicate()
    _until(lambda: not broker._connections)
    yield ["then all are killed: their tokens are gone after", "5 s", _seconds(start)]


def _leases(broker: Broker, database: Database) -> Iterator[list[str]]:
    ends: dict[str, tuple[str, Callable[[subprocess.Popen[str]], None]]] = {
        "a polite end": ("2 s", lambda process: _line(process.stdin, "")),
        "`SIGKILL`": ("5 s", lambda process: process.send_signal(signal.SIGKILL)),
    }
    for name, (wanted, end) in ends.items():
        process = _run(_LOGIN, broker.admit(name))
        user, password = (_read(process) or "").split()
        if database.refuses(user, password):
            raise RuntimeError("the database does not know the login that was made")
        start = time.perf_counter()
        end(process)
        _until(lambda u=user, p=password: database.refuses(u, p))  # type: ignore[misc]
        yield [f"PostgreSQL refuses the login after {name}", wanted, _seconds(start)]
        process.communicate()


def _load_ext() -> Iterator[list[str]]:
    """What `%load_ext jupyter_mlsec` adds to the start of IPython, whole processes."""
    code = {"bare": _SHELL, "with": f"{_SHELL}shell.run_line_magic('load_ext', 'jupyter_mlsec')\n"}
    with tempfile.TemporaryDirectory(prefix="mlsec-bench-") as home:
        environment = {"HOME": home, "IPYTHONDIR": home}
        runs = {
            name: lambda c=text: run_ours([sys.executable, "-c", c], env=environment)  # type: ignore[misc]
            for name, text in code.items()
        }
        best_of_rounds(1, runs)  # writes the bytecode, and IPython's profile
        best = best_of_rounds(STARTS, runs)
    added = 1000 * (best["with"].wall - best["bare"].wall)
    yield ["`%load_ext jupyter_mlsec` over bare IPython", "60 ms", f"{added:.0f} ms"]
    loaded = f"{code['with']}import sys; print('hvac' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True)
    yield ["hvac is imported then", "no", "no" if shown.stdout.endswith("False\n") else "yes"]


@contextmanager
def _broker(vault: Server) -> Iterator[Broker]:
    """A broker with the server's login, in a thread with a loop of its own."""
    from jupyter_mlsec.credentials.broker.server import Broker
    from jupyter_mlsec.credentials.vault.provider import VaultProvider

    vault.policy(
        "broker",
        "kv/*: read",
        "database/creds/*: read",
        "auth/token/create: update",
    )
    with tempfile.TemporaryDirectory(prefix="mlsec-b-") as folder:
        login = {"VAULT_ADDR": vault.address, "VAULT_TOKEN": vault.token("broker"), "HOME": folder}
        os.environ["MLSEC_AUDIT_LOG"] = str(Path(folder, "audit.jsonl"))
        broker = Broker(Path(folder, "s"), open_=lambda name: VaultProvider(login))
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        asyncio.run_coroutine_threadsafe(broker.start(), loop).result(_PATIENCE)
        try:
            yield broker
        finally:
            asyncio.run_coroutine_threadsafe(broker.stop(), loop).result(_PATIENCE)
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            del os.environ["MLSEC_AUDIT_LOG"]


def _run(code: str, given: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, **given},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _line(stream: IO[str] | None, text: str) -> None:
    assert stream is not None
    stream.write(f"{text}\n")
    stream.flush()


def _read(process: subprocess.Popen[Any]) -> str | None:
    assert process.stdout is not None
    return str(process.stdout.readline()).strip() or None


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(f"not so after {_PATIENCE:.0f} s")
        time.sleep(0.005)


def _seconds(start: float) -> str:
    return f"{time.perf_counter() - start:.2f} s"


if __name__ == "__main__":
    print(main())
