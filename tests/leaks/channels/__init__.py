"""The channels through which a value may leave a kernel: small cells in tables, by group."""

from __future__ import annotations

from tests.leaks.channel import Channel
from tests.leaks.channels import disk, encodings, errors, messages, processes, streams

CHANNELS: tuple[Channel, ...] = (
    *streams.CHANNELS,
    *messages.CHANNELS,
    *errors.CHANNELS,
    *processes.CHANNELS,
    *disk.CHANNELS,
    *encodings.CHANNELS,
)
