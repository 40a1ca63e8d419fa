"""The channels through which a value may leave a kernel: small cells in tables, by group."""

from __future__ import annotations

from tests.leaks.channel import Channel
from tests.leaks.channels import disk, encodings, errors, messages, processes, streams

CHANNELS: tuple[Channel, ...] = (
    *disk.CHANNELS,  # first, as %notebook writes all that was shown so far
    *streams.CHANNELS,
    *messages.CHANNELS,
    *errors.CHANNELS,
    *processes.CHANNELS,
    *encodings.CHANNELS,
)
