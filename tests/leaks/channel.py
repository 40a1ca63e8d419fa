"""One way for a value to leave a kernel, as a row of a table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Channel:
    """A cell that tries to let a value out.

    `code` is run in a kernel where `s` is the value, an ordinary string, and `key` the same as it
    was bound; `@@` in it is the value itself, as if someone had pasted it. `before` is run first,
    and not looked at. `then` are further requests: their kind and what they ask. `answer` is typed
    where the cell asks for input, `wait` the seconds in which something may come late.

    `open` says why it cannot be closed; a channel with `warned` writes to a file on purpose, and
    the file is named in a warning. What is `unseen` passes no server: the kernel writes it to its
    own disk, or hands it to another process.
    """

    name: str
    group: str
    code: str
    before: str = ""
    then: tuple[tuple[str, str], ...] = ()
    answer: str = ""
    wait: float = 0.0
    open: str = ""
    warned: bool = False
    unseen: bool = False

    @property
    def open_served(self) -> bool:
        """Whether it is open where the server alone protects."""
        return bool(self.open) or self.unseen


def table(group: str, rows: dict[str, str], **options: object) -> tuple[Channel, ...]:
    """Channels of one group, from a table of names and cells."""
    return tuple(Channel(name, group, code, **options) for name, code in rows.items())  # type: ignore[arg-type]
