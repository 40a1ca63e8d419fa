"""What runs in a worker process: one message in, one reply out.

The process ends with its standard input, so with the server. It also kills itself when a message
takes longer than the limit, even in the midst of a regular expression and with the server gone.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import BinaryIO

from msgspec import msgpack

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.faces.server import work

Answer = Callable[[work.Work], work.Reply]

# Seconds that getting ready may take, for a start and for new settings, on a busy machine.
PREPARING = 60.0

_decode = msgpack.Decoder(work.Work).decode


def main(limit: float) -> None:
    """Scan for as long as the server runs; `limit` is the seconds that one message may take."""
    serve(_scanning, limit)


def _scanning() -> Answer:
    from jupyter_mlsec.faces.server.answers import Answers

    answer = Answers()
    answer(work.Facts())  # imports the rules, loads the patterns
    return answer


def serve(make: Callable[[], Answer], limit: float) -> None:
    """Answer messages until there are no more, with what `make` makes."""
    _no_core_dumps()
    requests, replies = _channels()
    answer = make()
    work.send(replies, work.Reply())  # ready
    while True:
        try:
            message = _decode(work.receive(requests))
        except EOFError:
            return
        _deadline(PREPARING if isinstance(message, work.Prepare) else limit)
        reply = guarded(answer, message)
        _deadline(0)
        work.send(replies, reply)


def guarded(answer: Answer, message: work.Work) -> work.Reply:
    """The reply, whatever happens. An error's own text may quote the document: it stays here."""
    try:
        return answer(message)
    except MlsecError as error:
        return work.Reply(problem=error.full)
    except MemoryError:
        return work.Reply(problem="there is not enough memory to look at this document")
    except RecursionError:
        return work.Reply(problem="this document is nested too deeply")
    except Exception as error:
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        file = os.path.basename(place.tb_frame.f_code.co_filename) if place else "?"
        line = place.tb_lineno if place else 0
        kind = type(error).__name__
        return work.Reply(problem=f"mlsec failed: {kind} in {file}, line {line}; please report it")


def _channels() -> tuple[BinaryIO, BinaryIO]:
    """Standard input and output, the latter out of reach of anything that prints."""
    replies = os.dup(1)
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends this
    return sys.stdin.buffer, os.fdopen(replies, "wb")


def _deadline(seconds: float) -> None:
    if hasattr(signal, "setitimer"):  # the default action of the signal ends the process
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _no_core_dumps() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
