"""Runs channels in real kernels, and asks the oracle what came out."""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from jupyter_mlsec.core.formats import sample
from tests.leaks.channel import Channel
from tests.leaks.kernel import Kernel
from tests.leaks.oracle import Oracle

VARIABLE = "MLSEC_LEAK_TEST"
REFERENCE = f"env://{VARIABLE}"

_FETCH = f"%load_ext jupyter_mlsec\n%mlsec_secret key = {REFERENCE}\n"
_PLAIN = f"import os\nkey = os.environ['{VARIABLE}']\n"
# children must not have it from the start
# jedi takes ten seconds to come up, and completes from names that it sees in the source alone
_DERIVE = (
    "%config IPCompleter.use_jedi = False\n"
    + f"import os\ns = key + ''\ndel os.environ['{VARIABLE}']\n"
)


class Outcome(NamedTuple):
    """What came of one channel: whether the value leaked, and what else was seen."""

    channel: Channel
    leaked: bool
    warned: bool
    status: str


class Suite:
    """A kernel and a random value in it; without protection if `plain`."""

    def __init__(self, plain: bool = False, python: str = sys.executable) -> None:
        self._top = Path(tempfile.mkdtemp(prefix="mlsec-leaks-"))
        value = sample("{an:36}", random.Random())  # another one in each run
        self._value = value
        self._oracle = Oracle(value)
        self.kernel = Kernel(self._top / "kernel", {VARIABLE: value}, python)
        assert self.kernel.run((_PLAIN if plain else _FETCH) + _DERIVE) == "ok"

    def outcomes(self, channels: Iterable[Channel]) -> Iterator[Outcome]:
        for channel in channels:
            captured = self.kernel.try_out(channel, self._value)
            leaked = any(map(self._oracle.finds, captured))
            warned = b"this cell wrote the secret" in captured[0]
            yield Outcome(channel, leaked, warned, self.kernel.status)

    def end(self) -> None:
        self.kernel.end()
        shutil.rmtree(self._top)
