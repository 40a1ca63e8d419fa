"""The leak suite with the server's line alone: a kernel that has loaded nothing of ours.

Every message of a real kernel passes the class of connections that the server gives to browsers;
that it sits in the websocket's path is tested in tests/server/test_secrets.py. What the cells
write to disk, to the terminal and on command lines no server sees: only messages count here.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from jupyter_mlsec.faces.server import line
from tests.leaks import suite
from tests.leaks.channel import Channel
from tests.leaks.channels import CHANNELS
from tests.leaks.kernel import Capture, Kernel
from tests.leaks.suite import Suite

_PARTS = ("header", "parent_header", "metadata", "content")
# what a cell does elsewhere is not the server's to see
_ELSEWHERE = ("kept by IPython", "log files", "user's files", "arguments", "descriptors")
OPEN = {
    ("displays", "picture of the text"),
    ("encodings", "compressed"),
    ("encodings", "in other words"),
    ("split", "a character a display"),
    ("split", "every other character to stderr"),
}


class Browser:
    """What jupyter_server would send to a browser."""

    def __init__(self) -> None:
        self.parts: list[list[bytes]] = []

    def _on_zmq_reply(self, stream: object, parts: list[bytes]) -> None:
        self.parts.append(parts)


class _Never:
    """Nothing is held back for longer than a cell runs."""

    def cancel(self) -> None:
        return


@pytest.fixture
def redactor(monkeypatch: pytest.MonkeyPatch) -> line.Learned:
    """Knows what a kernel was given; the kernels of the suite send through the server's line."""
    known = line.Learned()
    connection = line.redacting(Browser, known)()
    monkeypatch.setattr(line._ServerLine, "later", lambda *_: _Never())

    class Through(Kernel):
        def _keep(self, message: dict[str, Any]) -> None:
            connection.parts.clear()
            packed = [json.dumps(message[name], default=str).encode() for name in _PARTS]
            buffers = [bytes(buffer) for buffer in message.get("buffers", ())]
            connection._on_zmq_reply(None, [*packed, *buffers])
            for parts in tuple(connection.parts):
                one = dict(zip(_PARTS, map(json.loads, parts[:4]), strict=True))
                super()._keep({**one, "msg_type": one["header"]["msg_type"], "buffers": parts[4:]})

    monkeypatch.setattr(suite, "Kernel", Through)
    return known


def leaking(channels: list[Channel], redactor: line.Learned | None) -> set[tuple[str, str]]:
    """The channels whose messages show the value."""
    running = Suite(plain=True)
    if redactor is not None:
        redactor.learn("kv/a#b", running.value)
    found = set()
    try:
        for channel in channels:
            messages = running.kernel.try_out(channel, running.value).messages
            if running.leaks(Capture(messages, [])):
                found.add((channel.group, channel.name))
    finally:
        running.end()
    return found


SEEN = [channel for channel in CHANNELS if channel.group not in _ELSEWHERE]


@pytest.mark.parametrize("half", [0, 1])
def test_what_reaches_a_browser(redactor: line.Learned, half: int) -> None:
    channels = SEEN[half::2]
    expected = {(c.group, c.name) for c in channels} & OPEN
    assert leaking(channels, redactor) == expected


def test_the_kernel_protects_nothing_by_itself() -> None:
    channels = [c for c in SEEN if c.group in ("printed", "results")][:12]
    assert len(leaking(channels, None)) >= 10


def test_the_open_ones_are_channels() -> None:
    assert {(c.group, c.name) for c in SEEN} >= OPEN
    assert len(SEEN) > 200
