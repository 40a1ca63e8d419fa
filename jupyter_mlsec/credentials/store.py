"""What a process knows of secrets: where they come from, their names, and the redactor.

    fetched = store().fetch(parse("kv/ml/openai#api_key"))

A value is known to the redactor before it is given to anyone.
"""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.provider import Fetched, Hidden, Lease, open_provider
from jupyter_mlsec.credentials.redactor import Redactor
from jupyter_mlsec.credentials.value import Opaque, Secret

if TYPE_CHECKING:
    from jupyter_mlsec.credentials.provider import Provider
    from jupyter_mlsec.credentials.reference import Reference

# Keys whose values are worth a word if they can't be masked; the others are users and hosts.
_TELLING = ("pass", "pw", "secret", "key", "token", "credential", "pin")
_KEPT_EVENTS = 1000


@dataclass(frozen=True)
class Binding:
    """What a name stands for: where it came from and when (seconds since 1970), never the value."""

    reference: Reference
    version: int | None = None
    lease: Lease | None = None
    fetched: float = 0.0
    cell: str | None = None


class Present(NamedTuple):
    """The version at a path, None where there are none, and whether it has the key in question."""

    version: int | None
    has_key: bool


@dataclass(frozen=True)
class Place:
    """Where code runs: a notebook's path and a cell's id, where they are known."""

    notebook: str | None = None
    cell: str | None = None


@dataclass(frozen=True)
class Event:
    """One thing that was done with a secret: fetch, put or revoke; no value is in it. `result` is
    "ok", or what went wrong."""

    action: str
    reference: Reference
    result: str
    time: float
    place: Place


class Secrets(Hidden):
    """All values at a path. As a context manager it ends its lease on leaving, if it has one."""

    __slots__ = ("_ended",)

    def __init__(
        self, data: Mapping[str, Secret | Opaque], ended: Callable[[], None] | None = None
    ) -> None:
        super().__init__(data)  # type: ignore[arg-type]  # opaque ones only on demand
        self._ended = ended

    def __enter__(self) -> Secrets:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._ended:
            self._ended()


Given = Secret | Opaque | Secrets


class Store:
    """The secrets of one process.

    `bindings` are the names that users gave to secrets. `broker`, if there is one, is asked
    instead of the providers; it is a provider itself. `listeners` hear of all that is done, and
    `events` are the last of it.
    """

    def __init__(self) -> None:
        self.redactor = Redactor()
        self.bindings: dict[str, Binding] = {}
        self.broker: Provider | None = None
        self._providers: dict[str, Provider] = {}
        self._last: dict[Reference, Binding] = {}
        self._told: set[str] = set()
        self.events: deque[Event] = deque(maxlen=_KEPT_EVENTS)
        self.listeners: list[Callable[[Event], None]] = [self.events.append]

    def provider(self, name: str) -> Provider:
        """The provider of that name, opened once."""
        if self.broker is not None:
            return self.broker
        if name not in self._providers:
            self._providers[name] = open_provider(name)
        return self._providers[name]

    def use(self, provider: Provider) -> None:
        """Ask this one from now on for references of its name."""
        self._providers[provider.name] = provider

    def fetch(self, ref: Reference, *, opaque: bool = False) -> Given:
        """The value of a reference, or all values of one without a key.

        The outputs of this process are protected before, and the redactor knows the values.
        Raises MlsecError, with what is wrong and what to do.
        """
        from jupyter_mlsec.credentials.kernel import protect

        protect(self.redactor)
        with self._recorded("fetch", ref):
            fetched = self.provider(ref.provider).get(ref)
        self._learn_tokens(ref.provider)
        self._last[ref] = Binding(ref, fetched.version, fetched.lease, time.time(), place().cell)
        return self._given(ref, fetched, Opaque if opaque else Secret)

    def bind(self, name: str, ref: Reference, *, opaque: bool = False) -> Given:
        """`fetch`, remembered under a name of the user's."""
        value = self.fetch(ref, opaque=opaque)
        self.bindings[name] = self._last[ref]
        return value

    def put(self, ref: Reference, value: str, cas: int | None = None) -> int:
        """Write a value; see `Provider.put`. The redactor knows it before."""
        from jupyter_mlsec.credentials.kernel import protect

        protect(self.redactor)
        self._learn(ref.label, value)
        with self._recorded("put", ref):
            return self.provider(ref.provider).put(ref, value, cas)

    def revoke(self, name: str) -> Binding | None:
        """Forget a name and end its lease; what it stood for, or None for an unknown one."""
        binding = self.bindings.pop(name, None)
        if binding:
            self._end(binding.reference, binding.lease)
        return binding

    def _given(self, ref: Reference, fetched: Fetched, kind: type[Secret] | type[Opaque]) -> Given:
        def ended() -> None:
            self._end(ref, fetched.lease)

        def made(label: str, value: str) -> Secret | Opaque:
            self._learn(label, value)
            return Secret(value, label, ended) if kind is Secret else Opaque(value, label)

        if not ref.is_mapping:
            value = (
                fetched.data[ref.key] if ref.key is not None else next(iter(fetched.data.values()))
            )
            return made(ref.label, value)
        values = {key: made(f"{ref.label}#{key}", value) for key, value in fetched.data.items()}
        return Secrets(values, ended)

    def _learn(self, label: str, value: str) -> None:
        """Tell the redactor, and the user once if it can't do much."""
        problem = self.redactor.add(label, value)
        key = label.rpartition("#")[2].lower()
        if problem and label not in self._told and ("#" not in label or _tells(key)):
            self._told.add(label)
            print(f"mlsec: {label}: {problem}", file=sys.stderr)

    def _learn_tokens(self, name: str) -> None:
        """What the provider logs in with must not show either."""
        for token in getattr(self._providers.get(name), "tokens", tuple)():
            self.redactor.add(f"{name} token", token)

    def present(self, ref: Reference) -> Present | None:
        """What is at the path of a reference now; None if there is nothing, or if it can't be
        seen: then what is written must not overwrite anything."""
        whole = replace(ref, key=None, version=None)
        try:
            fetched = self.provider(ref.provider).get(whole if whole.is_mapping else ref)
        except MlsecError:
            return None
        return Present(fetched.version, ref.key is None or ref.key in fetched.data)

    @contextmanager
    def _recorded(self, action: str, ref: Reference) -> Iterator[None]:
        """Tell the listeners how it went."""
        result = "ok"
        try:
            yield
        except BaseException as error:
            result = error.message if isinstance(error, MlsecError) else type(error).__name__
            raise
        finally:
            event = Event(action, ref, result, time.time(), place())
            for listener in self.listeners:
                listener(event)

    def _end(self, ref: Reference, lease: Lease | None) -> None:
        revoke = getattr(self.provider(ref.provider), "revoke", None)
        if lease is not None and revoke is not None:
            with self._recorded("revoke", ref):
                revoke(lease.id)


def _tells(key: str) -> bool:
    return any(word in key for word in _TELLING)


def place() -> Place:
    """The notebook and the cell that run now. Jupyter's server names the notebook in the
    environment (JPY_SESSION_NAME), VS Code in the namespace; the message that started the cell
    has its id."""
    from jupyter_mlsec.credentials.kernel import kernel, shell

    notebook = os.environ.get("JPY_SESSION_NAME")
    namespace = getattr(shell(), "user_ns", {})
    notebook = namespace.get("__vsc_ipynb_file__", notebook)
    parent: Any = getattr(kernel(), "get_parent", dict)() or {}
    return Place(notebook, (parent.get("metadata") or {}).get("cellId"))


_store: list[Store] = []


def store() -> Store:
    """The store of this process."""
    if not _store:
        _store.append(Store())
    return _store[0]
