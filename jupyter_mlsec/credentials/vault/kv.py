"""The key-value engine, both versions of it, and all that is read the same way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.provider import Fetched, Lease
from jupyter_mlsec.credentials.vault.client import Client
from jupyter_mlsec.credentials.vault.failures import VaultError
from jupyter_mlsec.credentials.vault.mounts import Mount

_TRIES = 3  # a write that another one overtook


def read(client: Client, mount: Mount, path: str, version: int | None = None) -> Fetched:
    """All values at a path. Raises MlsecError, for a missing one with the names near it."""
    if not mount.versioned:
        return _read_plain(client, mount, path, version)
    rest = mount.below(path)
    parameters = {"version": version} if version else {}
    try:
        answer = client.get(f"{mount.path}/data/{rest}", **parameters)
    except VaultError as error:
        if error.answer.status != 404:
            raise
        raise _no_version(client, mount, path, version, error) from None
    data = answer["data"]
    return Fetched(_texts(data["data"] or {}), data["metadata"]["version"])


def _read_plain(client: Client, mount: Mount, path: str, version: int | None) -> Fetched:
    if version is not None:
        raise MlsecError(f"{mount.path}/ keeps no versions", "leave the @version out")
    try:
        answer = client.get(path)
    except VaultError as error:
        if error.answer.status != 404 or error.answer.says("no handler"):
            raise
        raise missing(client, mount, path) from None
    seconds = int(answer.get("lease_duration") or 0)
    lease = None
    if answer.get("lease_id"):
        lease = Lease(answer["lease_id"], seconds, bool(answer.get("renewable")))
    return Fetched(_texts(answer.get("data") or {}), None, lease)


def write(
    client: Client, mount: Mount, path: str, key: str, value: str, cas: int | None = None
) -> int:
    """Write one key of a path and keep the others; the new version, 1 where none is kept.

    Nothing that somebody else writes in the meantime is lost where the mount keeps versions.
    `cas` as in Provider.put.
    """
    if not mount.versioned:
        return _write_plain(client, mount, path, key, value, cas)
    for attempt in range(_TRIES):
        current, data = _current(client, mount, path)
        if cas is not None and cas != current:
            raise _conflict(path, current, cas)
        try:
            body = {"data": {**data, key: value}, "options": {"cas": current}}
            answer = client.post(f"{mount.path}/data/{mount.below(path)}", body)
            return int(answer["data"]["version"])
        except VaultError as error:
            if not error.answer.says("check-and-set parameter did not match"):
                raise
            if cas is not None or attempt == _TRIES - 1:
                raise _conflict(path, _current(client, mount, path)[0], cas) from None
    raise AssertionError("the last attempt returns or raises")


def _write_plain(
    client: Client, mount: Mount, path: str, key: str, value: str, cas: int | None
) -> int:
    if cas:
        raise MlsecError(f"{mount.path}/ keeps no versions", "write without one")
    try:
        data: Mapping[str, Any] = client.get(path).get("data") or {}
    except VaultError as error:
        if error.answer.status != 404:
            raise
        data = {}
    if cas == 0 and key in data:
        raise MlsecError(f"{path} has a key {key!r} already", "choose another name")
    client.post(path, {**data, key: value})
    return 1


def _current(client: Client, mount: Mount, path: str) -> tuple[int, Mapping[str, Any]]:
    """The newest version, 0 for none, and its values, none if it is deleted."""
    try:
        answer = client.get(f"{mount.path}/data/{mount.below(path)}")
    except VaultError as error:
        if error.answer.status == 403:
            # may write, but not read: then only what is new can be written, or others' keys
            # would be lost
            return 0, {}
        if error.answer.status != 404:
            raise
        metadata = (error.answer.body.get("data") or {}).get("metadata") or {}
        return int(metadata.get("version") or 0), {}
    return int(answer["data"]["metadata"]["version"]), answer["data"]["data"] or {}


def _conflict(path: str, current: int, cas: int | None) -> MlsecError:
    if cas == 0:
        return MlsecError(
            f"{path} exists already (version {current})", "choose another path, or write over it"
        )
    return MlsecError(
        f"{path} was changed by someone else in the meantime (it is at version {current} now)",
        "read it again, then write",
    )


def keys(client: Client, mount: Mount, path: str) -> list[str]:
    """The names of the values at a path. No value is asked for where the server can do without."""
    if mount.versioned:
        try:
            rest = mount.below(path)
            answer = client.get(f"{mount.path}/subkeys/{rest}", depth=1)
            return sorted(answer["data"]["subkeys"] or ())
        except VaultError as error:
            if error.answer.status == 404:
                return []
        # an old server knows no subkeys
        return sorted(read(client, mount, path).data)
    try:
        return sorted(client.get(path).get("data") or ())
    except VaultError as error:
        if error.answer.status == 404:
            return []
        raise


def names(client: Client, mount: Mount, folder: str) -> list[str]:
    """The names in a folder of a mount, in full, folders with `/` at the end."""
    rest = mount.below(folder)
    base = f"{mount.path}/metadata/{rest}" if mount.versioned else f"{mount.path}/{rest}"
    before = "/".join(part for part in (mount.path, rest) if part)
    return [f"{before}/{name}" for name in client.list(base)]


def missing(client: Client, mount: Mount, path: str) -> MlsecError:
    """The line for a path where nothing is, with the names near it that may be seen."""
    from difflib import get_close_matches

    folder, _, name = path.rpartition("/")
    try:
        there = [full.rpartition("/")[2] or full for full in names(client, mount, folder)]
    except MlsecError:
        there = []
    near = get_close_matches(name, there, 3) or sorted(there)[:5]
    hint = f"in {folder}/ there is {', '.join(near)}" if near else "`mlsec secret ls` lists names"
    return MlsecError(f"Vault has nothing at {path}", hint)


def no_key(path: str, key: str, there: list[str]) -> MlsecError:
    """The line for a path without that key, with the keys that it has."""
    listed = ", ".join(sorted(there)) or "no keys"
    return MlsecError(f"{path} has no key {key!r}", f"it has {listed}")


def _no_version(
    client: Client, mount: Mount, path: str, version: int | None, error: VaultError
) -> MlsecError:
    """Why a path gives 404: deleted, destroyed, no such version, or nothing there at all."""
    metadata = (error.answer.body.get("data") or {}).get("metadata")
    if metadata:
        number = metadata["version"]
        if metadata.get("destroyed"):
            return MlsecError(f"version {number} of {path} was destroyed", "it can't be had back")
        when = str(metadata.get("deletion_time"))[:16].replace("T", " ")
        return MlsecError(
            f"version {number} of {path} was deleted on {when} UTC",
            f"`vault kv undelete -versions={number} {path}` brings it back",
        )
    if version is not None:
        try:
            known = client.get(f"{mount.path}/metadata/{mount.below(path)}")["data"]
            return MlsecError(
                f"{path} has no version {version}",
                f"it has {known['oldest_version'] or 1} to {known['current_version']}",
            )
        except MlsecError:
            pass  # nothing there at all, or not to be seen
    return missing(client, mount, path)


def _texts(data: Mapping[str, Any]) -> dict[str, str]:
    """The values as text; numbers, lists and objects as JSON."""
    return {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in data.items()
    }


def versions(client: Client, mount: Mount, path: str) -> dict[int, str]:
    """The versions of a path, in order, and the state of each."""
    if not mount.versioned:
        raise MlsecError(f"{mount.path}/ keeps no versions", "only a kv mount of version 2 does")
    found = client.get(f"{mount.path}/metadata/{mount.below(path)}")["data"]["versions"]

    def state(one: Mapping[str, Any]) -> str:
        return "destroyed" if one["destroyed"] else "deleted" if one["deletion_time"] else "kept"

    return {int(number): state(found[number]) for number in sorted(found, key=int)}
