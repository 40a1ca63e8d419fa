"""Questions to users: what kernels wait for, and answers that hold until a kernel ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.broker.grants import Answer

SECONDS = 300.0  # that a kernel waits for an answer
_RELOADS = 10.0  # seconds in which a window that went may come back
_STALE = 3.0  # seconds after which a kernel that asks no more has given up


@dataclass
class Question:
    """A kernel that waits: what for, until when, and when it last said so (monotonic seconds)."""

    kernel: str
    notebook: str
    reference: str
    ends: float
    seen: float


class Asking:
    """Who can be asked, what is asked, and what was answered until a kernel ends.

    A kernel that waits asks again several times a second. One that was interrupted or killed does
    not, and its question goes away. All calls come from one event loop.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._windows = 0
        self._left = -_RELOADS
        self._questions: dict[tuple[str, str], Question] = {}
        self._answers: dict[str, dict[str, tuple[str, bool]]] = {}
        self._listeners: list[Callable[[], None]] = []
        self._sweeping: asyncio.TimerHandle | None = None

    # who can be asked

    @property
    def is_possible(self) -> bool:
        """Whether a window is there, or has been a moment ago: it may be loading again."""
        return self._windows > 0 or time.monotonic() - self._left < _RELOADS

    def arrive(self, listener: Callable[[], None]) -> None:
        """A window with a user who may answer; `listener` hears of every change."""
        self._windows += 1
        self._listeners.append(listener)

    def leave(self, listener: Callable[[], None]) -> None:
        if listener in self._listeners:
            self._listeners.remove(listener)
            self._windows -= 1
            self._left = time.monotonic()

    def changed(self) -> None:
        """Tell all windows."""
        for listener in tuple(self._listeners):
            listener()

    # what is asked

    def ask(self, kernel: str, notebook: str, reference: str) -> str:
        """Ask, or go on asking; what the kernel waits for, in words. Raises MlsecError where
        nobody has answered in time."""
        now = time.monotonic()
        key = kernel, reference
        question = self._questions.get(key)
        if question is None:
            ends = now + self._seconds
            question = self._questions[key] = Question(kernel, notebook, reference, ends, now)
            self._sweep()
            self.changed()
        question.seen = now
        if now > question.ends:
            del self._questions[key]
            self.changed()
            raise MlsecError(
                f"nobody has allowed {reference} within {_words(self._seconds)}",
                "run the cell again to be asked again in JupyterLab",
            )
        asker = notebook or "this kernel"
        return (
            f"waiting for you to answer in JupyterLab whether {asker} may have {reference} "
            f"({_words(self._seconds)} at most)"
        )

    @property
    def questions(self) -> list[Question]:
        """In the order in which they were asked."""
        return list(self._questions.values())

    def _sweep(self) -> None:
        """Take back the questions of kernels that have given up, as long as there are any."""
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None
        old = time.monotonic() - _STALE
        gone = [key for key, one in self._questions.items() if one.seen < old]
        for key in gone:
            del self._questions[key]
        if self._questions:
            self._sweeping = asyncio.get_running_loop().call_later(_STALE / 2, self._sweep)
        if gone:
            self.changed()

    # what was answered

    def answer(self, kernel: str, notebook: str, reference: str, allow: bool | None) -> None:
        """An answer until the kernel ends; None forgets it."""
        self._questions.pop((kernel, reference), None)
        known = self._answers.setdefault(kernel, {})
        if allow is None:
            known.pop(reference, None)
        else:
            known[reference] = notebook, allow

    def settled(self, notebook: str, reference: str) -> None:
        """An answer for a notebook is remembered elsewhere: questions and answers about the same
        go."""
        for key, question in tuple(self._questions.items()):
            if (question.notebook, question.reference) == (notebook, reference):
                del self._questions[key]
        for known in self._answers.values():
            if known.get(reference, ("", False))[0] == notebook:
                known.pop(reference, None)

    def answered(self, kernel: str, reference: str) -> Answer:
        known = self._answers.get(kernel, {}).get(reference)
        return "unknown" if known is None else "granted" if known[1] else "refused"

    def all(self) -> list[tuple[str, str, bool, str]]:
        """What holds until a kernel ends: notebook, reference, answer, kernel; in order."""
        return sorted(
            (notebook, reference, allow, kernel)
            for kernel, known in self._answers.items()
            for reference, (notebook, allow) in known.items()
        )

    def end(self, kernel: str) -> None:
        """A kernel has ended, and with it its answers and its questions."""
        keys = [key for key in self._questions if key[0] == kernel]
        for key in keys:
            del self._questions[key]
        if self._answers.pop(kernel, None) or keys:
            self.changed()


def _words(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} minutes"
