"""What is mounted where: which engine answers a path."""

from __future__ import annotations

from typing import NamedTuple

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.vault.client import Client
from jupyter_mlsec.credentials.vault.failures import VaultError


class Mount(NamedTuple):
    """An engine's path (`team/kv`, without a slash at its end), its type (`kv`, `database`,
    `pki`), and for `kv` whether it keeps versions."""

    path: str
    type: str
    versioned: bool

    def below(self, path: str) -> str:
        """The rest of a path of this mount."""
        return path[len(self.path) :].strip("/")


class Mounts:
    """The mounts of a server, asked for when first needed. The endpoint is the one that `vault kv`
    uses: any token may ask it for a path that it has any permission on."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: list[Mount] = []

    def of(self, path: str) -> Mount:
        """The mount that a path belongs to. Raises MlsecError where there is none to be seen."""
        for mount in self._known:
            if path == mount.path or path.startswith(mount.path + "/"):
                return mount
        try:
            data = self._client.get(f"sys/internal/ui/mounts/{path}")["data"]
        except VaultError as error:
            raise self._unknown(path, error) from None
        mount = _mount(data["path"], data)
        self._known.append(mount)
        return mount

    def all(self) -> list[Mount]:
        """The mounts that this login can see, in order of their names."""
        found = self._client.get("sys/internal/ui/mounts")["data"].get("secret") or {}
        return [_mount(path, found[path]) for path in sorted(found)]

    def _unknown(self, path: str, problem: VaultError) -> MlsecError:
        """Nothing mounted there or nothing allowed there: the server says the same."""
        if problem.answer.status != 403 or self._client.lookup() is None:
            return problem
        first = path.split("/")[0]
        names = [mount.path for mount in self.all()]
        if any(path == name or path.startswith(name + "/") for name in names):
            return problem
        return MlsecError(
            f"Vault has no mount {first}/ for {path}, or this login may see nothing in it",
            f"it sees {', '.join(f'{name}/' for name in names) or 'none'}",
        )


def _mount(path: str, data: dict[str, object]) -> Mount:
    options = data.get("options")
    versioned = isinstance(options, dict) and options.get("version") == "2"
    return Mount(path.rstrip("/"), str(data["type"]), versioned)
