"""The channels as a table in the documentation."""

from __future__ import annotations

from itertools import groupby

from tests.leaks.channel import Channel
from tests.leaks.channels import CHANNELS

_MARK = "<!-- channels -->\n"
_TEST = "tests/leaks/test_suite.py"
_WIDEST = 100


def page(text: str) -> str:
    """The page with the lists after its mark made anew."""
    return text.partition(_MARK)[0] + _MARK + _lists()


def _lists() -> str:
    opened = [channel for channel in CHANNELS if channel.open]
    rows = [f"| {c.group}: {c.name} | {c.open} |" for c in opened]
    lines = [
        f"{len(CHANNELS)} channels, {len(opened)} open. Made from `tests/leaks/channels` by "
        f"`make gen`; the test of all is `{_TEST}`.",
        "",
        "### With which line how many are open",
        "",
        *_groups(),
        "",
        f"What the server does not see ({sum(c.unseen for c in CHANNELS)} of these channels) is "
        "what a kernel writes to its own disk, and the arguments of its child processes. Of what "
        f"passes it, {sum(bool(c.open) for c in CHANNELS if not c.unseen)} are open.",
        "",
        "### Open",
        "",
        "| channel | why |",
        "| --- | --- |",
        *rows,
        "",
        "### All",
        "",
        "`s` is the value as an ordinary string, `key` as it was bound; modules of the standard "
        "library are imported.",
    ]
    for group, channels in groupby(CHANNELS, key=lambda channel: channel.group):
        lines += ["", f"#### {group.capitalize()}", "", "| channel | cell | state |"]
        lines += ["| --- | --- | --- |", *map(_row, channels)]
    return "\n".join(lines) + "\n"


def _groups() -> list[str]:
    """A row for each group, and one for all."""
    groups = {name: [c for c in CHANNELS if c.group == name] for name in _names()}
    groups["all"] = list(CHANNELS)
    return [
        "| group | channels | kernel's line | server's line alone |",
        "| --- | ---: | ---: | ---: |",
        *(
            f"| {name} | {len(some)} | {sum(bool(c.open) for c in some)} "
            f"| {sum(c.open_served for c in some)} |"
            for name, some in groups.items()
        ),
    ]


def _names() -> list[str]:
    return list(dict.fromkeys(channel.group for channel in CHANNELS))


def _row(channel: Channel) -> str:
    code = " ⏎ ".join(channel.code.split("\n"))
    code = code if len(code) <= _WIDEST else code[: _WIDEST - 1] + "…"
    code = code.replace("|", "\\|")
    fence = "``" if "`" in code else "`"
    return f"| {channel.name} | {fence}{code}{fence} | {_state(channel)} |"


def _state(channel: Channel) -> str:
    if channel.warned:
        return "open, with a warning"
    return "open" if channel.open else "closed"
