"""Secrets of Kubernetes: the API from inside a pod, `kubectl` from outside."""

from __future__ import annotations

import json
import os
import subprocess
from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.edge import guarded
from jupyter_mlsec.credentials.provider import Fetched
from jupyter_mlsec.credentials.reference import Reference
from jupyter_mlsec.credentials.single import chosen, exists, read_only, session

# What a pod finds there: token and ca.crt (kubernetes.io, "Accessing the API from a Pod").
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
_TIMEOUT = 5.0  # seconds
_MERGE = "application/merge-patch+json"


class KubernetesProvider:
    """`k8s://namespace/secret#key`."""

    name = "k8s"

    def __init__(
        self, environment: Mapping[str, str] | None = None, account: str = ACCOUNT
    ) -> None:
        self._environment = os.environ if environment is None else environment
        self._account = account

    @guarded
    def get(self, ref: Reference) -> Fetched:
        namespace, name = _pair(ref)
        found = self._read(namespace, name)
        if found is None:
            raise MlsecError(
                f"namespace {namespace} has no secret {name}",
                f"`mlsec secret ls k8s://{namespace}/` lists them",
            )
        return chosen(ref, _decoded(found))

    @guarded
    def put(self, ref: Reference, value: str, cas: int | None = None) -> int:
        """Write one key, from inside a pod only: `kubectl` takes values as arguments, which other
        users can see."""
        if not self._inside:
            raise read_only("a secret of Kubernetes", "use `kubectl create secret` with a file")
        namespace, name = _pair(ref)
        found = self._read(namespace, name)
        if ref.key is None:
            raise MlsecError("a value is written to one key", f"write k8s://{ref.path}#key")
        if cas == 0 and found is not None and ref.key in (found.get("data") or {}):
            raise exists(f"{ref.key} in {ref.path}")
        path = f"namespaces/{quote(namespace)}/secrets"
        body: dict[str, Any] = {"stringData": {ref.key: value}}
        if found is None:
            body |= {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}}
            self._asked("POST", path, body)
        else:
            self._asked("PATCH", f"{path}/{quote(name)}", body)
        return 1

    @guarded
    def list(self, prefix: str = "") -> list[str]:
        namespace, _, rest = prefix.partition("/")
        name, hash_, _ = rest.partition("#")
        if hash_:
            keys = sorted(_decoded(self._read(namespace, name) or {}))
            found = [f"k8s://{namespace}/{name}#{key}" for key in keys]
        elif namespace:
            items = self._items(namespace)
            found = sorted(f"k8s://{namespace}/{one['metadata']['name']}" for one in items)
        else:
            return []
        return [name for name in found if name.startswith(f"k8s://{prefix}")]

    @property
    def _inside(self) -> bool:
        return bool(self._environment.get("KUBERNETES_SERVICE_HOST")) and os.path.exists(
            os.path.join(self._account, "token")
        )

    def _read(self, namespace: str, name: str) -> dict[str, Any] | None:
        if self._inside:
            path = f"namespaces/{quote(namespace)}/secrets/{quote(name)}"
            found: dict[str, Any] | None = self._asked("GET", path)
            return found
        return _kubectl("get", "secret", name, "--namespace", namespace)

    def _items(self, namespace: str) -> Sequence[dict[str, Any]]:
        if self._inside:
            found = self._asked("GET", f"namespaces/{quote(namespace)}/secrets")
        else:
            found = _kubectl("get", "secrets", "--namespace", namespace)
        items: Sequence[dict[str, Any]] = (found or {}).get("items") or []
        return items

    def _asked(self, method: str, path: str, body: Any = None) -> Any:
        """The API's answer; None for 404."""
        host = self._environment["KUBERNETES_SERVICE_HOST"]
        if ":" in host:
            host = f"[{host}]"  # IPv6
        port = self._environment.get("KUBERNETES_SERVICE_PORT", "443")
        with open(os.path.join(self._account, "token"), encoding="ascii") as file:
            token = file.read().strip()
        headers = {"Authorization": f"Bearer {token}"}
        if method == "PATCH":
            headers["Content-Type"] = _MERGE
        from requests import RequestException

        address = f"https://{host}:{port}"
        with session(address, os.path.join(self._account, "ca.crt")) as made:
            try:
                answer = made.request(
                    method,
                    f"{address}/api/v1/{path}",
                    headers=headers,
                    data=None if body is None else json.dumps(body),
                    timeout=_TIMEOUT,
                    allow_redirects=False,
                )
            except RequestException:
                raise MlsecError(
                    "Kubernetes can't be reached", "is this pod's network up?"
                ) from None
        if answer.status_code == 404:
            return None
        if answer.status_code == 403:
            raise MlsecError(
                f"Kubernetes does not let this pod {method.lower()} {path}",
                "its service account needs a Role for secrets there",
            )
        if not answer.ok:
            raise MlsecError(f"Kubernetes refused {path} ({answer.status_code})", "try again")
        return answer.json()


def _kubectl(*arguments: str) -> dict[str, Any] | None:
    """What `kubectl` says, None where it finds nothing. Its own message is not shown."""
    try:
        ended = subprocess.run(  # noqa: S603
            ["kubectl", *arguments, "--output", "json"],  # noqa: S607
            capture_output=True,
            timeout=4 * _TIMEOUT,
            text=True,
        )
    except FileNotFoundError:
        raise MlsecError("k8s:// needs kubectl outside of a pod", "install it") from None
    except subprocess.SubprocessError:
        raise MlsecError("kubectl does not end", "see `kubectl cluster-info`") from None
    if ended.returncode == 0:
        found: dict[str, Any] = json.loads(ended.stdout)
        return found
    if "(NotFound)" in ended.stderr:
        return None
    if "(Forbidden)" in ended.stderr:
        raise MlsecError("Kubernetes does not let this login read secrets there", "ask for a Role")
    raise MlsecError("kubectl fails", "see `kubectl cluster-info`")


def _pair(ref: Reference) -> tuple[str, str]:
    namespace, _, name = ref.path.partition("/")
    return namespace, name


def _decoded(secret: Mapping[str, Any]) -> dict[str, str]:
    """The values as text; bytes that are none are left in Base64."""
    values = {}
    for key, encoded in (secret.get("data") or {}).items():
        try:
            values[key] = b64decode(encoded).decode()
        except UnicodeDecodeError:
            values[key] = encoded
    return values
