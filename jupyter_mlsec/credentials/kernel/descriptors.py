"""What C code and child processes write to the file descriptors of standard output and error.

ipykernel copies it to the terminal or journal of the server as it comes, and `sys.stdout.fileno()`
is that terminal. So a pipe takes the place of the terminal, and a thread pumps what comes through
it to the terminal, masked.
"""

from __future__ import annotations

import atexit
import codecs
import os
import select
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_mlsec.credentials.redactor import Redactor

_CHUNK = 1 << 16
_RELEASE = 0.5  # seconds after which what is held back is written, if nothing follows
_LAST = 0.5  # seconds that the end of the process waits for the pump


def protect(redactor: Redactor) -> None:
    """Mask what goes to the terminal in the back of a kernel."""
    if sys.platform == "win32":
        return  # ipykernel doesn't touch the descriptors there, and select knows sockets alone
    for name, number in (("stdout", 1), ("stderr", 2)):
        copy = getattr(getattr(sys, name), "_original_stdstream_copy", None)
        try:
            _replace(redactor, number if copy is None else copy)
        except OSError:
            continue  # it is closed: nothing can leak through it


def _replace(redactor: Redactor, descriptor: int) -> None:
    """Put a pump in the place of a descriptor."""
    pump = Pump(redactor, descriptor)
    os.dup2(pump.entry, descriptor, inheritable=os.get_inheritable(descriptor))
    os.close(pump.entry)


class Pump:
    """A thread that writes what comes through `entry`, masked, to where a descriptor leads now.

    It ends when all copies of `entry` are closed, or with its process.
    """

    def __init__(self, redactor: Redactor, descriptor: int) -> None:
        self._stream = redactor.stream()
        self._out = os.dup(descriptor)
        self._in, self.entry = os.pipe()
        self._idle = threading.Event()
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._thread = threading.Thread(target=self._run, name="mlsec-pump", daemon=True)
        self._thread.start()
        atexit.register(self._drain)

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._in, select.POLLIN)
        while True:
            self._idle.clear()
            if not poll.poll(_RELEASE * 1000 if self._stream.holds else 0):
                self._write(self._stream.flush())
                self._idle.set()
                poll.poll()
                self._idle.clear()
            raw = os.read(self._in, _CHUNK)
            if not raw:
                self._end()
                return
            self._write(self._stream.feed(self._decoder.decode(raw)))

    def _write(self, text: str) -> None:
        rest = text.encode("utf-8", "surrogateescape")
        while rest:
            try:
                rest = rest[os.write(self._out, rest) :]
            except OSError:
                return  # the terminal is gone, and nothing else is to be told

    def _end(self) -> None:
        self._write(self._stream.flush())
        self._idle.set()
        os.close(self._in)
        os.close(self._out)

    def _drain(self) -> None:
        """Give the pump time to write what is still in the pipe."""
        end = time.monotonic() + _LAST
        while not self._idle.is_set() and time.monotonic() < end:
            time.sleep(0.005)
