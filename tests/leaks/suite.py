"""Runs channels in real kernels, and asks the oracle what came out."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from jupyter_mlsec.core.formats import sample
from tests.leaks.channel import Channel
from tests.leaks.kernel import Capture, Kernel, Mask
from tests.leaks.oracle import Oracle

VARIABLE = "MLSEC_LEAK_TEST"
REFERENCE = f"env://{VARIABLE}"
Line = Literal["none", "kernel", "server", "both"]

_FETCH = f"%load_ext jupyter_mlsec\n%mlsec_secret key = {REFERENCE}\n"
_PLAIN = f"import os\nkey = os.environ['{VARIABLE}']\n"
# jedi takes ten seconds to come up, and completes from names that it sees in the source alone
_MODULES = "import base64, binascii, codecs, hashlib, html, json, zlib, urllib.parse as u\n"
_QUICK = "%config IPCompleter.use_jedi = False\n"
# children must not have it from the start
_DERIVE = f"{_MODULES}{_QUICK}import os\ns = key + ''\ndel os.environ['{VARIABLE}']\n"


class Outcome(NamedTuple):
    """What came of one channel: whether the value leaked, and what else was seen."""

    channel: Channel
    leaked: bool
    warned: bool
    capture: Capture


class Suite:
    """A kernel and a random value in it, with lines of defence: in the kernel, in the server (the
    kernel has loaded nothing of ours then), both or none. `path` as of `Kernel`."""

    def __init__(self, line: Line = "kernel", path: Path | None = None) -> None:
        self._top = Path(tempfile.mkdtemp(prefix="mlsec-leaks-"))
        value = sample("{an:36}", random.Random())  # another one in each run
        self.value = value
        self._oracle = Oracle(value)
        self.kernel = self._started(line, path)
        fetch = _FETCH if line in ("kernel", "both") else _PLAIN
        assert self.kernel.run(fetch + _DERIVE) == "ok"

    def _started(self, line: Line, path: Path | None) -> Kernel:
        given = {VARIABLE: self.value}
        if line in ("none", "kernel"):
            return Kernel(self._top / "kernel", given, path)
        from tests.leaks.served import Served

        served = Served(self._top / "kernel", given, path)
        served.learned.learn(REFERENCE, self.value)
        return served

    def outcomes(self, channels: Iterable[Channel]) -> Iterator[Outcome]:
        for channel in channels:
            capture = self.kernel.try_out(channel, self.value)
            warned = any(b"this cell wrote the secret" in message for message in capture.messages)
            yield Outcome(channel, self.leaks(capture), warned, capture)

    def leaks(self, capture: Capture, mask: Mask | None = None) -> bool:
        """Whether the value is in what was captured, after a mask of somebody else's."""
        return any(map(self._oracle.finds, capture.texts(mask) if mask else capture.texts()))

    def end(self) -> None:
        self.kernel.end()
        shutil.rmtree(self._top)
