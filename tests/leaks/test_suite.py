"""The leak suite on real kernels: with the kernel's own protection, and with the server's alone."""

from __future__ import annotations

import pytest

from tests.leaks.channels import CHANNELS
from tests.leaks.kernel import Capture
from tests.leaks.oracle import Oracle
from tests.leaks.suite import Line, Suite

MOST_OPEN = 15  # with the kernel's protection
MOST_OPEN_SEEN = 18  # with the server's, of what passes it

# Two kernels each, so that two workers of pytest share them.
HALVES = {"first": CHANNELS[: len(CHANNELS) // 2], "second": CHANNELS[len(CHANNELS) // 2 :]}


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("line", ["kernel", "server"])
def test_what_is_closed_stays_closed_and_what_is_open_is_listed(line: Line, half: str) -> None:
    suite = Suite(line)
    try:
        outcomes = list(suite.outcomes(HALVES[half]))
    finally:
        suite.end()
    wrong = [
        f"{channel.group}: {channel.name} {'leaks' if leaked else 'does not leak'}"
        for channel, leaked, *_ in outcomes
        if leaked != (bool(channel.open) if line == "kernel" else channel.open_served)
    ]
    assert wrong == []
    warnings = {o.channel.name: o.warned for o in outcomes if o.warned or o.channel.warned}
    expected = {o.channel.name for o in outcomes if o.channel.warned}
    assert warnings == dict.fromkeys(expected, line == "kernel")


def test_a_kernel_protects_nothing_by_itself() -> None:
    suite = Suite("none")
    few = [c for c in CHANNELS if c.group in ("printed", "results", "descriptors")][::4]
    try:
        assert [o.channel.name for o in suite.outcomes(few) if not o.leaked] == []
    finally:
        suite.end()


@pytest.mark.parametrize("line", ["none", "kernel"])
def test_another_user_who_listens_at_the_kernel_s_port(line: Line) -> None:
    import zmq

    suite = Suite(line)
    heard: list[bytes] = []
    try:
        with zmq.Context() as context, context.socket(zmq.SUB) as socket:
            socket.subscribe(b"")
            socket.connect(f"tcp://127.0.0.1:{suite.kernel.port}")
            while b"stream" not in b"".join(heard):  # until it is connected, nothing is heard
                suite.kernel.run("print(s)", wait=0.2)
                while socket.poll(200):
                    heard += socket.recv_multipart()
    finally:
        suite.end()
    assert suite.leaks(Capture([], heard)) == (line == "none")


def test_enough_channels_and_few_open() -> None:
    assert len({(c.group, c.name) for c in CHANNELS}) == len(CHANNELS) >= 200
    assert sum(bool(channel.open) for channel in CHANNELS) <= MOST_OPEN
    seen = [channel for channel in CHANNELS if not channel.unseen]
    assert len(seen) >= 200
    assert sum(bool(channel.open) for channel in seen) <= MOST_OPEN_SEEN


def test_oracle_finds_what_leaks_and_nothing_else() -> None:
    value = "".join(map(chr, range(70, 90))) + "x7Q2m9Z4"
    oracle = Oracle(value)
    assert oracle.finds(f"x{value[:20]}")
    assert oracle.finds(value.encode().hex())
    assert not oracle.finds(value[:10])
    assert not oracle.finds("[SECRET:kv/a#b] and an ordinary line of text, 1234567890")
