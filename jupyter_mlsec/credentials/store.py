"""What a process knows of secrets: where they come from, their names, and the redactor.

    value = store().fetch(parse("kv/ml/openai#api_key"))

A value is known to the redactor before it is given to anyone.
"""

from __future__ import annotations

import atexit
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.broker.client import BrokerProvider
from jupyter_mlsec.credentials.broker.client import find as find_broker
from jupyter_mlsec.credentials.provider import Fetched, Hidden, Lease, open_provider
from jupyter_mlsec.credentials.redactor import Redactor, check_installed
from jupyter_mlsec.credentials.reference import VAULT
from jupyter_mlsec.credentials.value import Opaque, Secret

if TYPE_CHECKING:
    from jupyter_mlsec.credentials.audit import Event
    from jupyter_mlsec.credentials.provider import Provider
    from jupyter_mlsec.credentials.reference import Reference

# Keys whose values are worth a word if they can't be masked; the others are users and hosts.
_TELLING = ("pass", "pw", "secret", "key", "token", "credential", "pin")
# Keys whose values are no secrets: masked, they would vanish from ordinary outputs.
_PUBLIC = frozenset("user username user_name host hostname port db dbname database region".split())
_KEPT_EVENTS = 1000
# Where these keep their values is this process's own; the broker's server has another one.
_HERE = frozenset({"env", "dotenv", "colab", "kaggle"})


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


class Secrets(Hidden):
    """All values at a path. As a context manager it ends its lease on leaving, if it has one."""

    __slots__ = ("_ended",)

    def __init__(
        self, data: Mapping[str, str | Opaque], ended: Callable[[], None] | None = None
    ) -> None:
        super().__init__(data)  # type: ignore[arg-type]  # opaque ones only on demand
        self._ended = ended

    def __repr__(self) -> str:
        return f"Secrets({', '.join(self)})"

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

    `bindings` are the names that users gave to secrets, `events` the lines of the audit log that
    were written here. `broker`, if there is one, is asked instead of the providers.
    """

    def __init__(self) -> None:
        self.redactor = Redactor()
        self.bindings: dict[str, Binding] = {}
        self.events: deque[dict[str, Any]] = deque(maxlen=_KEPT_EVENTS)
        self.broker: BrokerProvider | None = find_broker(cell=lambda: place().cell)
        self._providers: dict[str, Provider] = {}
        self._told: set[str] = set()

    def provider(self, name: str) -> Provider:
        """The provider of that name, opened once; in CI the environment in its place."""
        if self.broker is not None and name not in _HERE:
            return self.broker.of(name)
        if name not in self._providers:
            self.use(open_provider(name))
        return self._providers[name]

    def use(self, provider: Provider) -> None:
        """Ask this one from now on for references of its name. What is leased from it is given
        back when this process ends."""
        self._providers[provider.name] = provider
        close = getattr(provider, "close", None)
        if close is not None:
            atexit.register(_closed, close, os.getpid())

    def fetch(self, ref: Reference, *, opaque: bool = False) -> Given:
        """The value of a reference, or all values of one without a key.

        The outputs of this process are protected before, and the redactor knows the values.
        Raises MlsecError, with what is wrong and what to do.
        """
        return self.fetch_all([ref], opaque=opaque)[0]

    def fetch_all(self, refs: Sequence[Reference], *, opaque: bool = False) -> list[Given]:
        """All or none of several references. Keys of one path are fetched at once: user and
        password of a login that is made for each fetch belong together."""
        kind: type[Secret] | type[Opaque] = Opaque if opaque else Secret
        return [self._given(ref, got, kind) for ref, got in zip(refs, self._ask(refs), strict=True)]

    def bind(self, names: Mapping[str, Reference], *, opaque: bool = False) -> dict[str, Given]:
        """`fetch_all`, remembered under names of the user's."""
        kind: type[Secret] | type[Opaque] = Opaque if opaque else Secret
        fetched = self._ask(list(names.values()))
        values = {}
        for (name, ref), got in zip(names.items(), fetched, strict=True):
            values[name] = self._given(ref, got, kind)
            self.bindings[name] = Binding(ref, got.version, got.lease, time.time(), place().cell)
        return values

    def put(self, ref: Reference, value: str, cas: int | None = None) -> int:
        """Write a value; see `Provider.put`. The redactor knows it before."""
        self.learn(ref.label, value)
        try:
            version = self.provider(ref.provider).put(ref, value, cas)
        except MlsecError as error:
            self._record("refusal", ref, error)
            raise
        self._record("put", ref, version=version)
        return version

    def engine(self, call: str, mount: str, name: str, body: Mapping[str, Any]) -> Secrets:
        """What an engine of Vault makes of parameters; see `vault.engines.CALLS`. What is secret
        in it is a `Secret`, and the redactor knows it."""
        from jupyter_mlsec.credentials.vault import engines

        ref = engines.reference(call, mount, name)
        self.protect()
        provider: Any = self.provider(VAULT)
        if not hasattr(provider, "engine"):
            raise MlsecError(
                f"{ref.label} needs Vault itself", "set VAULT_ADDR, and no MLSEC_SECRETS"
            )
        made = self._recorded(ref, lambda: provider.engine(call, mount, name, body))
        data = dict(made.data)
        for key in engines.secret_keys(call, data):
            label = f"{ref.label}#{key}"
            self._learn(label, data[key])
            data[key] = Secret(data[key], label)
        return Secrets(data, lambda: self._end(ref, made.lease))

    def learn(self, label: str, value: str) -> None:
        """Mask a value under that name from now on."""
        self.protect()
        self._learn(label, value)

    def present(self, ref: Reference) -> Present | None:
        """What is at the path of a reference now; None if there is nothing, or if it can't be
        seen: then what is written must not overwrite anything."""
        whole = replace(ref, key=None, version=None)
        asked = whole if whole.is_mapping else ref
        try:
            fetched = self.provider(ref.provider).get(asked)
        except MlsecError:
            return None
        self._record("fetch", asked, version=fetched.version)
        return Present(fetched.version, ref.key is None or ref.key in fetched.data)

    def revoke(self, name: str) -> Binding | None:
        """Forget a name and end its lease; what it stood for, or None for an unknown one."""
        binding = self.bindings.pop(name, None)
        if binding:
            self._end(binding.reference, binding.lease)
        return binding

    def protect(self) -> None:
        """Mask what is known in all that this process sends; again is harmless. Raises MlsecError
        where that can't be done."""
        from jupyter_mlsec.credentials.kernel import protect

        check_installed()
        protect(self.redactor)

    def _ask(self, refs: Sequence[Reference]) -> list[Fetched]:
        from jupyter_mlsec.credentials import many

        self.protect()
        fetched = many.fetch(refs, self._fetched)
        for name in {ref.provider for ref in refs}:
            # what the provider logs in with must not show either
            for token in getattr(self.provider(name), "tokens", tuple)():
                self.redactor.add(f"{name} token", token)
        return fetched

    def _fetched(self, ref: Reference) -> Fetched:
        return self._recorded(ref, lambda: self.provider(ref.provider).get(ref))

    def _recorded(self, ref: Reference, fetch: Callable[[], Fetched]) -> Fetched:
        """What was fetched, written to the audit log before it is handed on."""
        try:
            fetched = fetch()
        except MlsecError as error:
            self._record("refusal", ref, error)
            raise
        self._record("fetch", ref, version=fetched.version)
        return fetched

    def _given(self, ref: Reference, got: Fetched, kind: type[Secret] | type[Opaque]) -> Given:
        def ended() -> None:
            self._end(ref, got.lease)

        def made(label: str, value: str) -> Secret | Opaque:
            self._learn(label, value)
            return Secret(value, label, ended) if kind is Secret else Opaque(value, label)

        if not ref.is_mapping:
            key = ref.key if ref.key is not None else next(iter(got.data))
            return made(ref.label, got.data[key])
        values = {key: made(f"{ref.label}#{key}", value) for key, value in got.data.items()}
        return Secrets(values, ended)

    def _learn(self, label: str, value: str) -> None:
        """Tell the redactor, and the user once if it can't do much."""
        key = label.rpartition("#")[2].lower()
        if is_public(label):
            return
        problem = self.redactor.add(label, value)
        if problem and label not in self._told and ("#" not in label or _tells(key)):
            self._told.add(label)
            print(f"mlsec: {label}: {problem}", file=sys.stderr)

    def _end(self, ref: Reference, lease: Lease | None) -> None:
        revoke = getattr(self.provider(ref.provider), "revoke", None)
        if lease is not None and revoke is not None:
            revoke(lease.id)
            self._record("revoke", ref)

    def _record(
        self,
        event: Event,
        ref: Reference,
        problem: MlsecError | None = None,
        version: int | None = None,
    ) -> None:
        from jupyter_mlsec.credentials import audit

        where = place()
        line = audit.record(
            *(event, ref),
            problem=problem,
            version=version,
            notebook=where.notebook,
            cell=where.cell,
            write=self.broker is None or ref.provider in _HERE,  # it writes its own lines
        )
        self.events.append(line)


class Place(NamedTuple):
    """Where code runs: a notebook's path and a cell's id, where they are known."""

    notebook: str | None = None
    cell: str | None = None


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


def _closed(close: Callable[[], None], process: int) -> None:
    """Close a provider at the end of the process that opened it, not of a forked child's."""
    if os.getpid() == process:
        with suppress(MlsecError):  # nobody is left to tell, and time ends the leases
            close()


def is_public(label: str) -> bool:
    """Whether what a label names is no secret: a user's or a host's name."""
    return label.rpartition("#")[2].lower() in _PUBLIC


def _tells(key: str) -> bool:
    return any(word in key for word in _TELLING)


_store: list[Store] = []


def store() -> Store:
    """The store of this process."""
    if not _store:
        _store.append(Store())
    return _store[0]
