"""The leak suite with the kernel's own protection, on a real kernel."""

from __future__ import annotations

import pytest

from tests.leaks.channels import CHANNELS
from tests.leaks.oracle import Oracle
from tests.leaks.suite import Suite

MOST_OPEN = 15

# Two kernels, so that two workers of pytest share them.
HALVES = {"first": CHANNELS[: len(CHANNELS) // 2], "second": CHANNELS[len(CHANNELS) // 2 :]}


@pytest.mark.parametrize("half", HALVES)
def test_what_is_closed_stays_closed_and_what_is_open_is_listed(half: str) -> None:
    suite = Suite()
    try:
        outcomes = list(suite.outcomes(HALVES[half]))
    finally:
        suite.end()
    wrong = [
        f"{channel.group}: {channel.name} {'leaks' if leaked else 'does not leak'}"
        for channel, leaked, *_ in outcomes
        if leaked != bool(channel.open)
    ]
    assert wrong == []
    warnings = {o.channel.name: o.warned for o in outcomes if o.warned or o.channel.warned}
    assert warnings == {o.channel.name: True for o in outcomes if o.channel.warned}


def test_enough_channels_and_few_open() -> None:
    assert len({(c.group, c.name) for c in CHANNELS}) == len(CHANNELS) >= 200
    assert sum(bool(channel.open) for channel in CHANNELS) <= MOST_OPEN


def test_oracle_finds_what_leaks_and_nothing_else() -> None:
    value = "".join(map(chr, range(70, 90))) + "x7Q2m9Z4"
    oracle = Oracle(value)
    assert oracle.finds(f"x{value[:20]}")
    assert oracle.finds(value.encode().hex())
    assert not oracle.finds(value[:10])
    assert not oracle.finds("[SECRET:kv/a#b] and an ordinary line of text, 1234567890")
