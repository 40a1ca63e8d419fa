"""Questions to users: a kernel waits for an answer, and gives up with its question."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.broker import asking
from jupyter_mlsec.credentials.broker.asking import Asking
from jupyter_mlsec.credentials.broker.client import BrokerProvider
from jupyter_mlsec.credentials.broker.grants import Grants, Rule
from jupyter_mlsec.credentials.reference import parse
from tests.credentials.test_broker import Running, Start, fake, start, until  # noqa: F401

REFERENCE = "kv/a#k"
MAY = ("a.ipynb", REFERENCE)


class Window:
    """A browser window that hears of questions."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.told = 0
        self._on_loop("arrive")

    def __call__(self) -> None:
        self.told += 1

    def close(self) -> None:
        self._on_loop("leave")

    def _on_loop(self, call: str) -> None:
        async def work() -> None:
            getattr(self.running.broker.asking, call)(self)

        self.running.do(work())

    def questions(self) -> list[tuple[str, str, str]]:
        found = self.running.broker.asking.questions
        return [(one.kernel, one.notebook, one.reference) for one in found]

    def decide(self, *about: str, allow: bool | None, kernel: str = "") -> None:
        async def work() -> None:
            self.running.broker.decide(*about, allow=allow, kernel=kernel)

        self.running.do(work())


class Fetch(threading.Thread):
    """A cell that wants a secret."""

    def __init__(self, kernel: BrokerProvider, reference: str = REFERENCE) -> None:
        super().__init__(daemon=True)
        self._kernel = kernel
        self._reference = parse(reference)
        self._outcome: Any = None
        self.start()

    def run(self) -> None:
        try:
            self._outcome = dict(self._kernel.get(self._reference).data)
        except MlsecError as error:
            self._outcome = error.full

    def outcome(self) -> Any:
        """The values, or what was wrong; None if it still waits."""
        self.join(5)
        return self._outcome


def asks(start: Start, seconds: float = 60, *rules: Rule, **options: Any) -> Running:  # noqa: F811
    return start(grants=Grants(rules, "ask"), asking=Asking(seconds), **options)


@pytest.mark.parametrize(
    ("allow", "kept", "outcome"),
    [
        (True, "", {"k": "value"}),
        (True, "a", {"k": "value"}),
        (False, "a", "a.ipynb may not have kv/a#k"),
        (False, "", "a.ipynb may not have kv/a#k"),
    ],
)
def test_an_answer_ends_the_wait(
    start: Start,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
    allow: bool,
    kept: str,
    outcome: Any,
) -> None:
    running = asks(start)
    window = Window(running)
    kernel = running.kernel()
    fetch = Fetch(kernel)
    until(lambda: window.questions() == [("a", *MAY)])
    assert window.told == 1
    window.decide(*MAY, allow=allow, kernel=kept)
    assert str(outcome).rstrip("}") in str(fetch.outcome())
    assert window.questions() == []
    said = capsys.readouterr().err
    assert (
        said.count("waiting for you to answer in JupyterLab whether a.ipynb may have kv/a#k") == 1
    )
    assert str(outcome).rstrip("}") in str(Fetch(kernel).outcome())  # not asked again
    heard = [(one["event"], one["notebook"], one["reference"]) for one in running.heard]
    assert heard[0] == ("grant" if allow else "refusal", *MAY)
    assert "value" not in json.dumps(running.heard)
    kernel.close()


def test_until_the_kernel_ends_and_for_it_alone(start: Start) -> None:  # noqa: F811
    running = asks(start)
    window = Window(running)
    kernel = running.kernel()
    fetch = Fetch(kernel)
    until(lambda: bool(window.questions()))
    window.decide(*MAY, allow=True, kernel="a")
    assert fetch.outcome() == {"k": "value"}
    other = running.kernel("b")
    second = Fetch(other)
    until(lambda: window.questions() == [("b", "b.ipynb", REFERENCE)])
    assert running.broker.asking.all() == [(*MAY, True, "a")]
    kernel.close()  # as by its end, or a restart
    until(lambda: running.broker.asking.all() == [])
    again = running.kernel()
    third = Fetch(again)
    until(lambda: len(window.questions()) == 2)
    window.decide(*MAY, allow=False, kernel="a")
    window.decide("b.ipynb", REFERENCE, allow=False, kernel="b")
    assert "may not have" in second.outcome()
    assert "may not have" in third.outcome()
    window.decide(*MAY, allow=None, kernel="a")  # taken back in the list
    fourth = Fetch(again)
    until(lambda: window.questions() == [("a", *MAY)])
    window.decide(*MAY, allow=True)
    assert fourth.outcome() == {"k": "value"}
    for one in (other, again):
        one.close()


def test_a_remembered_answer_is_for_all_kernels_of_the_notebook(
    start: Start,  # noqa: F811
) -> None:
    running = asks(start)
    window = Window(running)
    kernels = [running.kernel("a"), running.kernel("a")]
    fetches = [Fetch(kernels[0]), Fetch(kernels[1], "kv/b#k")]
    until(lambda: len(window.questions()) == 2)
    window.decide(*MAY, allow=True)
    assert window.questions() == [("a", "a.ipynb", "kv/b#k")]
    window.decide("a.ipynb", "kv/b#k", allow=True)
    assert [fetch.outcome() for fetch in fetches] == [{"k": "value"}] * 2
    for one in kernels:
        one.close()


def test_a_kernel_that_goes_takes_its_question_with_it(start: Start) -> None:  # noqa: F811
    running = asks(start)
    window = Window(running)
    kernel = running.kernel()
    fetch = Fetch(kernel)
    until(lambda: bool(window.questions()))
    running.do(running.broker.dismiss("a"))
    until(lambda: not window.questions())
    assert "does not answer" in fetch.outcome()
    kernel.close()


def test_a_cell_that_is_interrupted_takes_its_question_back(
    start: Start,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asking, "_STALE", 0.4)
    running = asks(start)
    window = Window(running)
    kernel = running.kernel()
    asked = kernel._asked({"op": "get", "reference": ["vault", "kv/a", "k", None]})
    assert "wait" in asked
    assert window.questions() == [("a", *MAY)]
    until(lambda: not window.questions())
    assert window.told == 2
    assert kernel.of("vault").list("kv/") == ["kv/one"]  # the connection is as good as ever
    kernel.close()


def test_nobody_answers(start: Start) -> None:  # noqa: F811
    running = asks(start, 0.3)
    window = Window(running)
    kernel = running.kernel()
    assert Fetch(kernel).outcome() == (
        "nobody has allowed kv/a#k within 0 s; run the cell again to be asked again in JupyterLab"
    )
    assert window.questions() == []
    assert [one["event"] for one in running.heard] == ["refusal"]
    kernel.close()


def test_nobody_is_there(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    running = asks(start)
    kernel = running.kernel()
    said = Fetch(kernel).outcome()
    assert "no JupyterLab is there to ask" in said
    assert "MlsecSecrets.default" in said
    assert running.broker.waiting == {MAY}
    window = Window(running)
    window.close()  # a page that loads again is waited for
    fetch = Fetch(kernel)
    until(lambda: bool(running.broker.asking.questions))
    window = Window(running)
    window.decide(*MAY, allow=True)
    assert fetch.outcome() == {"k": "value"}
    assert running.broker.waiting == set()
    window.close()
    monkeypatch.setattr(asking, "_RELOADS", 0.0)
    assert "no JupyterLab" in Fetch(kernel, "kv/b#k").outcome()
    kernel.close()


@pytest.mark.parametrize(
    ("allow", "outcome"), [(True, {"k": "value"}), (False, "a.ipynb may not have kv/a#k")]
)
def test_a_policy_goes_before_all_questions(
    start: Start,  # noqa: F811
    allow: bool,
    outcome: Any,
) -> None:
    running = asks(start, 60, Rule("*", "kv/*", allow))
    window = Window(running)
    kernel = running.kernel()
    assert str(outcome) in str(Fetch(kernel).outcome())
    assert window.told == 0
    kernel.close()


def test_no_answer_for_a_kernel_that_is_gone(start: Start) -> None:  # noqa: F811
    running = asks(start)
    with pytest.raises(MlsecError, match="that kernel has ended"):
        running.broker.decide(*MAY, allow=True, kernel="gone")
    assert running.broker.asking.all() == []
