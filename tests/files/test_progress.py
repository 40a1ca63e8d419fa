from __future__ import annotations

import io

import pytest

from jupyter_mlsec.files.progress import ProgressBar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Gone(Terminal):
    def write(self, text: str) -> int:
        raise OSError(5, "Input/output error")


def test_a_bar_is_drawn_and_wiped() -> None:
    terminal = Terminal()
    with ProgressBar(terminal, delay=0) as bar:
        bar(500, 2000)
        drawn = terminal.getvalue()
    assert drawn == "\r[#######-----------------------] 500 of 2,000 files"
    assert terminal.getvalue() == drawn + "\r" + " " * (len(drawn) - 1) + "\r"


def test_a_shorter_text_covers_a_longer_one() -> None:
    terminal = Terminal()
    bar = ProgressBar(terminal, delay=0)
    bar(1000, 1000)
    longer = len(terminal.getvalue())
    bar._due = 0
    bar(1, 1)
    assert len(terminal.getvalue()) == 2 * longer


def test_not_every_step_is_drawn() -> None:
    terminal = Terminal()
    bar = ProgressBar(terminal, delay=0)
    for number in range(100):
        bar(number, 100)
    assert terminal.getvalue().count("\r") == 1


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()], ids=["a file", "short work"])
def test_nothing_is_drawn(stream: io.StringIO) -> None:
    with ProgressBar(stream, delay=60 if isinstance(stream, Terminal) else 0) as bar:
        bar(1, 2)
    assert stream.getvalue() == ""


def test_a_terminal_that_is_gone_does_not_end_the_work() -> None:
    with ProgressBar(Gone(), delay=0) as bar:
        bar(1, 2)
        bar(2, 2)


def test_nothing_to_do() -> None:
    terminal = Terminal()
    ProgressBar(terminal, delay=0)(0, 0)
    assert "0 of 0 files" in terminal.getvalue()
