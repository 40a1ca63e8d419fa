"""What the data-flow analysis knows: where data came from, what was checked, where it went.

Facts are few. A value is the set of the sources that it was made of, each with the way that it
took; a state is what all names and files hold at one point of the notebook, and which checks each
source has passed on every way to that point. Two ways that meet are joined: sources are united
(it may be this one), checks are intersected (it must have been checked).
"""

# no `from __future__ import annotations`: it makes named tuples twice as slow to define
from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple

from jupyter_mlsec.core.model import Span


class Origin(IntEnum):
    """Where data comes from; what is further down is known less."""

    BUNDLED = 0  # part of an installed package, or fetched with a digest that the package knows
    LOCAL = 1  # a file, or a path that only the run tells
    STORE = 2  # a database, a bucket that is not named here: the user's own
    HUB = 3  # a repository on a hub, at whatever revision is newest
    REMOTE = 4  # https, a bucket that is named
    HTTP = 5  # plain http: anybody on the way can change it


class Format(IntEnum):
    """What the data is, which decides how it can be checked and what it can do."""

    TEXT = 0
    TABLE = 1
    DATASET = 2  # of the library datasets
    ARRAYS = 3
    OBJECTS = 4  # a pickle: loading it runs what it says


class Kind(IntEnum):
    """What data is used for; of a strong use (from UPLOAD on) what is wrong with it stays."""

    PREDICTION = 0
    UPLOAD = 1
    EXECUTION = 2  # exec, eval, SQL
    TRAINING = 3

    @property
    def strong(self) -> bool:
        return self is not Kind.PREDICTION


# Checks are bits: several hold at once, and a join keeps those that hold on both ways.
EYEBALLED, SCHEMA, INTEGRITY = 1, 2, 4


class Step(NamedTuple):
    """A place on a way: the number of a text in the document, and where in it."""

    text: int
    span: Span


class Source(NamedTuple):
    """Data at its load. `name` says what is loaded (a repository, a URL, a path); sources of one
    name are the same data. `file`: it is a downloaded file that nothing has read yet."""

    step: Step
    name: str
    origin: Origin
    format: Format
    file: bool = False


Way = tuple[Step, ...]
Value = Mapping[Source, Way]
NOTHING: Value = {}


class Flow(NamedTuple):
    """Data that reached a use: the steps lead from the load to the use; `checks` are those that
    it had passed by then on every way."""

    source: Source
    kind: Kind
    way: Way
    checks: int


def union(*values: Value) -> Value:
    """The sources of all; of two ways that a source took, the shorter one."""
    given = [value for value in values if value]
    if len(given) < 2:
        return given[0] if given else NOTHING
    united: dict[Source, Way] = {}
    for value in given:
        for source, way in value.items():
            if source not in united or len(way) < len(united[source]):
                united[source] = way
    return united


class State:
    """What is known at one point: `names` of variables, `files` by path, `checks` by the name of
    a source. `digests` are names that hold a digest; `handles` are names of files open for
    writing, with their paths. `ended`: this way goes no further (raise, return, break)."""

    def __init__(self) -> None:
        self.names: dict[str, Value] = {}
        self.files: dict[str, Value] = {}
        self.checks: dict[str, int] = {}
        self.digests: set[str] = set()
        self.handles: dict[str, str] = {}
        self.ended = False

    def copy(self) -> "State":
        other = State()
        other.names = dict(self.names)
        other.files = dict(self.files)
        other.checks = dict(self.checks)
        other.digests = set(self.digests)
        other.handles = dict(self.handles)
        other.ended = self.ended
        return other

    def take(self, other: "State") -> None:
        """Become the other state."""
        self.__dict__.update(other.__dict__)

    def join(self, other: "State") -> None:
        """Become what is known where this way and the other meet."""
        if other.ended:
            return
        if self.ended:
            self.take(other)
            return
        for name, value in other.names.items():
            self.names[name] = union(self.names.get(name, NOTHING), value)
        for path, value in other.files.items():
            self.files[path] = union(self.files.get(path, NOTHING), value)
        self.checks = intersection(self.checks, other.checks)
        self.digests |= other.digests
        self.handles |= other.handles

    def forget(self, name: str) -> None:
        """Drop a source everywhere: all that was to be known of it is known."""
        for table in (self.names, self.files):
            for key, value in list(table.items()):
                kept = {s: way for s, way in value.items() if s.name != name}
                if not kept:
                    del table[key]
                elif len(kept) < len(value):
                    table[key] = kept


def intersection(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    """The checks that hold on both ways. A source that one way has not met is unchecked only
    where it was loaded: that way says nothing of it."""
    joined = {name: checks & other.get(name, checks) for name, checks in one.items()}
    joined.update((name, checks) for name, checks in other.items() if name not in one)
    return joined
