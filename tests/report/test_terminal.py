"""Nothing a notebook says may act on the terminal, and the caret stands under what it means."""

from __future__ import annotations

import pytest

from jupyter_mlsec.core.model import Severity
from jupyter_mlsec.report.terminal import escape, link, style, window


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("Größe 数据 é", "Größe 数据 é"),
        ("a\tb\nc\rd", "a\\tb\\nc\\rd"),
        ("\x1b[2J\x07", "\\x1b[2J\\x07"),
        ("\x9b31m\x7f", "\\x9b31m\\x7f"),
        ("right\u202eleft", "right\\u{202e}left"),
        ("zero\u200bwidth", "zero\\u{200b}width"),
        ("line\u2028end", "line\\u{2028}end"),
        ("lone\udc80", "lone\\u{dc80}"),
    ],
)
def test_only_visible_characters_are_shown(text: str, shown: str) -> None:
    assert escape(text) == shown


@pytest.mark.parametrize(
    ("line", "start", "end", "room", "shown"),
    [
        ("pip install a", 12, 13, 80, ("pip install a", "            ^")),
        ("\tx = 1", 1, 2, 80, ("    x = 1", "    ^")),
        ("数据 = k", 5, 6, 80, ("数据 = k", "       ^")),
        ("e\u0301 = k", 5, 6, 80, ("e\u0301 = k", "    ^")),
        ("\x1b = k", 4, 5, 80, ("\\x1b = k", "       ^")),
        ("", 0, 0, 80, ("", "^")),
        ("abc", 3, 3, 80, ("abc", "   ^")),
        ("abc", 7, 9, 80, ("abc", "   ^")),
        ("a" * 50 + "XYZ" + "b" * 50, 50, 53, 21, ("…aaaaaaaaXYZbbbbbbbb…", "         ^^^")),
        ("XYZ" + "b" * 50, 0, 3, 12, ("XYZbbbbbbb…", "^^^")),
        ("b" * 50 + "XYZ", 50, 53, 12, ("…bbbbbbbXYZ", "        ^^^")),
        ("a" * 20 + "X" * 90, 20, 110, 10, ("…aXXXXXXX…", "  ^^^^^^^")),
        ("数" * 40 + "X", 40, 41, 9, ("…数数数X", "       ^")),
    ],
)
def test_window(line: str, start: int, end: int, room: int, shown: tuple[str, str]) -> None:
    view = window(line, start, end, room)
    assert (view.text, " " * view.start + "^" * (view.end - view.start)) == shown


@pytest.mark.parametrize("start", range(0, 60, 7))
@pytest.mark.parametrize("room", [3, 8, 20, 59, 60, 61])
def test_window_always_shows_the_place_within_the_room(start: int, room: int) -> None:
    line = "".join(chr(65 + i % 57) for i in range(60))
    view = window(line, start, start + 1, room)
    assert len(view.text) <= max(room, 3)
    assert view.text[view.start : view.end] == line[start]


def test_without_color_nothing_is_added() -> None:
    assert style("x", Severity.HIGH, color=False) == "x"
    assert link("x", "https://example.org", color=False) == "x"


def test_color_is_closed_again() -> None:
    assert style("x", Severity.HIGH, color=True) == "\x1b[1;31mx\x1b[0m"
    assert style("", "bold", color=True) == ""


def test_hyperlink() -> None:
    assert link("x", "https://e.org", color=True) == "\x1b]8;;https://e.org\x1b\\x\x1b]8;;\x1b\\"
    assert link("x", "https://e.org/\x1b\\", color=True) == "x"
