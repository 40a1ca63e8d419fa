"""The memory of this process: not on disk after a crash, and on request not for other processes."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from jupyter_mlsec.core.errors import MlsecError

VARIABLE = "MLSEC_PRIVATE_MEMORY"
_GET_DUMPABLE, _SET_DUMPABLE = 3, 4  # prctl(2)


def protect(environment: Mapping[str, str]) -> None:
    """Write no core dumps; with MLSEC_PRIVATE_MEMORY=1, also let no other process of the user read
    this one's memory, environment and open files. Debuggers and profilers that attach to a process
    are shut out too, which is why it has to be asked for.

    Raises MlsecError where it is asked for and can't be had.
    """
    _no_core_dumps()
    if environment.get(VARIABLE) == "1":
        _undumpable()


def _no_core_dumps() -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    except (ImportError, ValueError, OSError):
        pass  # no such limits here (Windows)


def _undumpable() -> None:
    problem = "only Linux can do that"
    if sys.platform == "linux":
        import ctypes
        import os

        prctl = ctypes.CDLL(None, use_errno=True).prctl
        if prctl(_SET_DUMPABLE, 0, 0, 0, 0) == 0 and prctl(_GET_DUMPABLE, 0, 0, 0, 0) == 0:
            return
        problem = os.strerror(ctypes.get_errno())
    raise MlsecError(f"{VARIABLE}=1 can't be done: {problem}", "unset it, or run on Linux")
