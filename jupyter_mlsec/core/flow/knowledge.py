"""What the analysis has to be told: which functions load, check, use and show data.

The tables are the rules' (`rules.data`); this says what is in them.
"""

# no `from __future__ import annotations`: it makes named tuples twice as slow to define
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from jupyter_mlsec.core.flow.facts import SCHEMA, Format, Kind, Origin
from jupyter_mlsec.core.flow.texts import Written

if TYPE_CHECKING:
    import ast

    from jupyter_mlsec.core.flow.facts import Source
    from jupyter_mlsec.core.python import Call
    from jupyter_mlsec.core.shellwords import Command

T = TypeVar("T")


class Argument(NamedTuple):
    """An argument by position or by one of its names."""

    position: int | None
    names: tuple[str, ...] = ()

    def of(self, call: "Call") -> "ast.expr | None":
        for name in self.names:
            value = call.keyword(name)
            if value is not None:
                return value
        if self.position is not None and self.position < len(call.args):
            return call.args[self.position]
        return None


class Load(NamedTuple):
    """A function that loads data.

    `what` names what is loaded; `saves` is set for functions that write a file, and names it.
    `hashes` and `schemas` are keywords that make the function itself check a digest or a schema.
    `opens` is the keyword that lets it load any object if true, `closes` the one that does not.
    Where `what` is one of the `builders`, what is loaded is in `files`. `fetches`: it asks a server
    each time, so that what it gives is new even where the address was made of data.
    """

    format: Format
    what: Argument = Argument(0)
    saves: Argument | None = None
    hashes: tuple[str, ...] = ()
    schemas: tuple[str, ...] = ()
    opens: str = ""
    closes: str = ""
    fetches: bool = False
    builders: frozenset[str] = frozenset()
    files: Argument = Argument(None, ("data_files", "data_dir"))

    def format_of(self, call: "Call") -> Format:
        """The format of what this call gives."""
        if self.opens:
            return Format.OBJECTS if _true(call.keyword(self.opens)) else self.format
        closed = self.closes and _true(call.keyword(self.closes))
        return Format.ARRAYS if closed else self.format


def _true(node: "ast.expr | None") -> bool:
    return getattr(node, "value", None) is True


class Judged(NamedTuple):
    """What a load brings: its name for people, its origin, and the checks that the load itself
    makes (a commit, a digest)."""

    name: str
    origin: Origin
    checks: int = 0


class Fetched(NamedTuple):
    """What a shell command does with files: fetches `url` to `path`, unpacks or moves `path` to
    `to`, or checks digests of `path` (or of all, if it is empty)."""

    action: str  # fetch, unpack, check
    path: str
    url: str = ""
    to: str = ""


class Role(NamedTuple):
    """What a function of a name does: load, check (bits), use, write what it is given to a path,
    unpack what it is called on into a folder, show it. `schema`: it checks a schema if it is given
    something of this name. `clean`: what it returns holds nothing of what it is given."""

    load: Load | None = None
    checks: int = 0
    use: Kind | None = None
    saves: Argument | None = None
    unpacks: Argument | None = None
    shows: bool = False
    schema: str = ""
    clean: bool = False


class Knowledge(NamedTuple):
    """`role` says what a function does by its full name; `own` are functions and classes that
    check what they are given besides, by full or last name.

    `judge` says what a load brings, from its call, what is known of its argument and that itself,
    and `judge_url` what a URL does; None is for what is no data, or none that is looked at. `done`
    says of a source that somebody looked at whether that is all that is to be known of it, since
    its findings would not be shown. `fetched` says what a shell command does with files;
    `programs` are words of which one stands in every command that it knows.
    """

    role: Callable[[str], Role]
    own: Callable[[], frozenset[str]]
    judge: Callable[["Call", Load, Written, "ast.expr | None"], "Judged | None"]
    judge_url: Callable[[str], "Judged | None"]
    done: Callable[["Source"], bool]
    fetched: Callable[["Command"], "list[Fetched]"]
    programs: tuple[str, ...]

    def checks(self, name: str) -> int:
        """What a call of a name checks."""
        first, _, last = name.rpartition(".")
        own = self.own()
        if own and not own.isdisjoint((name, last, first)):
            return SCHEMA
        return self.role(name).checks


def find(table: Mapping[str, T], name: str) -> T | None:
    """What a table says of a dotted name or of the longest of its ends that is a key."""
    while True:
        if name in table:
            return table[name]
        _, dot, name = name.partition(".")
        if not dot:
            return None
