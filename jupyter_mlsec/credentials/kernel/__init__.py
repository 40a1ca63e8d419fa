"""What keeps secrets in a running kernel: the redactor at every place where something leaves it.

`protect(redactor)` puts all of it in place, once, and before the first secret is there. Each part
also works alone: `session` (all messages), `descriptors` (what C code and child processes write),
`processes` (command lines of child processes, files that were written), `history` (input and
output history, %store, %logstart), `logs`, `memory`.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_mlsec.credentials.kernel.processes import Watch
    from jupyter_mlsec.credentials.redactor import Redactor

_protected: list[Watch] = []


def shell() -> Any | None:
    """The IPython shell that runs in this process, or None; IPython is not imported for it."""
    if "IPython.core.interactiveshell" not in sys.modules:
        return None
    from IPython.core.interactiveshell import InteractiveShell

    return InteractiveShell._instance


def kernel() -> Any | None:
    """The ipykernel that runs in this process, or None."""
    return getattr(shell(), "kernel", None)


def protect(redactor: Redactor) -> None:
    """Put the redactor wherever something leaves this process. Again is harmless.

    In a kernel that is everything that is listed above; in plain IPython and in scripts, where
    prints go straight to the terminal, it is the logs, the history and the command lines.
    """
    if _protected:
        return
    from jupyter_mlsec.credentials.kernel import history, logs, memory, processes

    memory.protect(os.environ)  # first: where it can't be, no secret is fetched
    logs.protect(redactor)
    running = shell()
    # IPython's own history is masked; what was typed into it before the secret was known is old
    history_file = getattr(getattr(running, "history_manager", None), "hist_file", None)
    watch = processes.protect(redactor, history_file)
    _protected.append(watch)
    if running is None:
        return
    history.protect(running, redactor)
    running.events.register("pre_run_cell", watch.begin)
    running.events.register("post_run_cell", watch.tell)
    session = getattr(kernel(), "session", None)
    if session is not None:
        from jupyter_mlsec.credentials.kernel import descriptors
        from jupyter_mlsec.credentials.kernel.session import guard

        guard(session, redactor)
        descriptors.protect(redactor)
