"""What a store of credentials must be able to do, and the stores that are known."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, Protocol, runtime_checkable

from jupyter_mlsec.core.errors import MlsecError

if TYPE_CHECKING:
    from jupyter_mlsec.credentials.reference import Reference

# Third parties add theirs under this group: `name = "module:class"`, called without arguments.
ENTRY_POINTS = "jupyter_mlsec.providers"

_BUILT_IN = {
    "vault": "jupyter_mlsec.credentials.vault.provider:VaultProvider",
    "env": "jupyter_mlsec.credentials.local:EnvProvider",
    "dotenv": "jupyter_mlsec.credentials.local:DotenvProvider",
    "keyring": "jupyter_mlsec.credentials.local:KeyringProvider",
    "aws-sm": "jupyter_mlsec.credentials.aws:SecretsManagerProvider",
    "aws-ssm": "jupyter_mlsec.credentials.aws:ParameterStoreProvider",
    "databricks": "jupyter_mlsec.credentials.hosted:DatabricksProvider",
    "colab": "jupyter_mlsec.credentials.hosted:ColabProvider",
    "kaggle": "jupyter_mlsec.credentials.hosted:KaggleProvider",
    "k8s": "jupyter_mlsec.credentials.kubernetes:KubernetesProvider",
}


class Hidden(Mapping[str, str]):
    """A mapping whose repr shows its keys alone, so that no traceback, log or debugger view
    shows its values; it can't be pickled."""

    __slots__ = ("_data",)

    def __init__(self, data: Mapping[str, str]) -> None:
        self._data = dict(data)

    def __getitem__(self, key: str) -> str:
        if key not in self._data:
            raise KeyError(key) from None
        return self._data[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __repr__(self) -> str:
        return f"Hidden({', '.join(self._data)})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("credentials are not pickled")


@dataclass(frozen=True)
class Lease:
    """How long what was fetched holds: `seconds` from then on, longer if `renewable`."""

    id: str
    seconds: int
    renewable: bool


@dataclass(frozen=True)
class Fetched:
    """What a store gave: values by key (one, if the reference names a key), and their version.

    `data` is hidden whatever is given. `version` is None where a store has none.
    """

    data: Mapping[str, str]
    version: int | None = None
    lease: Lease | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.data, Hidden):
            object.__setattr__(self, "data", Hidden(self.data))


@runtime_checkable
class Provider(Protocol):
    """A store of credentials.

    All raise MlsecError with what is wrong and what to do, never with a value, and outside of
    the frames of the library that talks to the store: those hold tokens, which a verbose
    traceback would print.
    """

    @property
    def name(self) -> str:
        """What references say before `://`."""
        ...

    def get(self, ref: Reference) -> Fetched:
        """The values, or the one value that the reference names."""
        ...

    def put(self, ref: Reference, value: str, cas: int | None = None) -> int:
        """Write the value at the reference's key, other keys kept; the new version.

        `cas` is the version that must be there now, 0 for none. Where a store can't compare, 0
        still refuses to overwrite. Stores without versions give 1.
        """
        ...

    def list(self, prefix: str = "") -> list[str]:
        """Names below a prefix, no values: mounts for "", folders with `/` at the end, keys
        after `#`."""
        ...


def open_provider(name: str) -> Provider:
    """The store of that name, from the built-in ones and the entry points; keep it and use it
    again. Nothing is connected yet. With MLSEC_SECRETS=env all of them are environment variables
    (see `ci`). Raises MlsecError if there is none of that name."""
    from importlib.metadata import EntryPoint, entry_points

    from jupyter_mlsec.credentials import ci

    if ci.active(os.environ):
        return ci.CiProvider(name)
    if name in _BUILT_IN:
        made = EntryPoint(name, _BUILT_IN[name], ENTRY_POINTS).load()()
        assert isinstance(made, Provider)  # noqa: S101  # what the type checker can't see
        return made
    others = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    if name not in others:
        raise MlsecError(f"no provider is called {name!r}", f"there are {_names(others)}")
    problem = None
    try:
        made = others[name].load()()
        if isinstance(made, Provider):
            return made
    except Exception as error:  # whatever foreign code raises
        problem = type(error).__name__
    raise MlsecError(
        f"the provider {name!r} can't be used ({problem or 'it lacks get, put or list'})",
        f"see who installed the entry point {others[name].value}",
    )


def _names(others: Mapping[str, object]) -> str:
    return ", ".join(sorted({*_BUILT_IN, *others}))
