"""The process at the other end of a connection: which one it is, and when it ends."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from typing import Any


def peer(writer: asyncio.StreamWriter) -> int | None:
    """The process at the other end, as the system knows it; None where it doesn't tell."""
    if not hasattr(socket, "SO_PEERCRED"):
        return None
    ours = writer.get_extra_info("socket")
    found = struct.unpack("3i", ours.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return found[0] or None


def death_of(pid: int | None) -> asyncio.Future[None] | None:
    """Done when the process ends, also while its children hold its connection open; None where
    the system can't tell (then the connection alone does)."""
    if pid is None or not hasattr(os, "pidfd_open"):
        return None
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return None
    loop = asyncio.get_running_loop()
    future: asyncio.Future[None] = loop.create_future()

    def ended() -> None:
        if not future.done():
            future.set_result(None)

    def close(_: object) -> None:
        loop.remove_reader(descriptor)
        os.close(descriptor)

    loop.add_reader(descriptor, ended)
    future.add_done_callback(close)
    return future


async def before(reading: Any, death: asyncio.Future[None] | None) -> bytes:
    """What was read, or nothing if the process ended before."""
    read = asyncio.ensure_future(reading)
    waited = {read} if death is None else {read, death}
    try:
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
    finally:
        if not read.done():
            read.cancel()
    return read.result() if read.done() and not read.cancelled() else b""
