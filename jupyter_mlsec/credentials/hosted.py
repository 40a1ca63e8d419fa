"""The stores of hosted notebooks: Databricks, Colab, Kaggle."""

from __future__ import annotations

import os
from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.edge import guarded
from jupyter_mlsec.credentials.provider import Fetched
from jupyter_mlsec.credentials.reference import Reference
from jupyter_mlsec.credentials.single import exists, one, read_only, session

_TIMEOUT = 5.0  # seconds


class DatabricksProvider:
    """`databricks://scope/key`, through the REST API (docs.databricks.com, "Secrets API"), with
    DATABRICKS_HOST and DATABRICKS_TOKEN."""

    name = "databricks"

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment
        self._session: Any = None

    @guarded
    def get(self, ref: Reference) -> Fetched:
        scope, key = _pair(ref)
        answer = self._asked("GET", "get", ref, params={"scope": scope, "key": key})
        return one(ref, b64decode(answer["value"]).decode())

    @guarded
    def put(self, ref: Reference, value: str, cas: int | None = None) -> int:
        scope, key = _pair(ref)
        if cas == 0 and f"databricks://{ref.path}" in self._names(scope):
            raise exists(f"{ref.path} in Databricks")
        self._asked("POST", "put", ref, json={"scope": scope, "key": key, "string_value": value})
        return 1

    @guarded
    def list(self, prefix: str = "") -> list[str]:
        if "/" in prefix:
            found = list(self._names(prefix.split("/")[0]))
        else:
            scopes = self._asked("GET", "scopes/list", None).get("scopes") or ()
            found = sorted(f"databricks://{one['name']}/" for one in scopes)
        return [name for name in found if name.startswith(f"databricks://{prefix}")]

    def _names(self, scope: str) -> Sequence[str]:
        answer = self._asked("GET", "list", None, params={"scope": scope})
        return sorted(f"databricks://{scope}/{one['key']}" for one in answer.get("secrets") or ())

    def _asked(self, method: str, call: str, ref: Reference | None, **more: Any) -> Any:
        host = self._environment.get("DATABRICKS_HOST", "").rstrip("/")
        token = self._environment.get("DATABRICKS_TOKEN")
        if not host or not token:
            raise MlsecError(
                "no login to Databricks is set up", "set DATABRICKS_HOST and DATABRICKS_TOKEN"
            )
        if "://" not in host:
            host = f"https://{host}"
        self._session = self._session or session(host)
        from requests import RequestException

        try:
            answer = self._session.request(
                method,
                f"{host}/api/2.0/secrets/{call}",
                headers={"Authorization": f"Bearer {token}"},
                timeout=_TIMEOUT,
                allow_redirects=False,
                **more,
            )
        except RequestException:
            raise MlsecError(
                f"Databricks at {host} can't be reached", "check DATABRICKS_HOST"
            ) from None
        if answer.status_code == 200:
            return answer.json()
        raise _databricks(answer.status_code, ref.path if ref else "the list")


def _databricks(status: int, name: str) -> MlsecError:
    table = {
        401: ("Databricks does not accept DATABRICKS_TOKEN", "make a new one"),
        403: (f"Databricks does not let this login use {name}", "ask for READ on its scope"),
        404: (f"Databricks has no {name}", "`mlsec secret ls databricks://` lists the scopes"),
        429: ("Databricks takes no more requests just now", "wait a little"),
    }
    return MlsecError(*table.get(status, (f"Databricks refused {name} ({status})", "try again")))


def _pair(ref: Reference) -> tuple[str, str]:
    scope, _, key = ref.path.partition("/")
    return scope, key


class ColabProvider:
    """`colab://NAME`: what the user keeps in Colab's own panel, if this notebook may have it."""

    name = "colab"

    @guarded
    def get(self, ref: Reference) -> Fetched:
        try:
            from google.colab import userdata  # type: ignore[import-not-found]
        except ImportError:
            raise _elsewhere("Colab", "colab") from None
        kind = None
        try:
            return one(ref, userdata.get(ref.path))
        except Exception as error:  # its classes exist only there
            kind = type(error).__name__
        hints = {
            "SecretNotFoundError": "add it in the panel with the key, on the left",
            "NotebookAccessError": "switch on its notebook access, in the panel with the key",
            "TimeoutException": "the page did not answer: is its tab open?",
        }
        raise MlsecError(
            f"Colab does not give {ref.path} ({kind})",
            hints.get(kind, "see the panel with the key, on the left"),
        )

    @guarded
    def put(self, ref: Reference, value: str, cas: int | None = None) -> int:
        raise read_only("Colab's secrets", "use the panel with the key, on the left")

    @guarded
    def list(self, prefix: str = "") -> list[str]:
        """Nothing: Colab doesn't tell what there is."""
        return []


class KaggleProvider:
    """`kaggle://NAME`: what the user has attached to this notebook under Add-ons, Secrets."""

    name = "kaggle"

    @guarded
    def get(self, ref: Reference) -> Fetched:
        try:
            from kaggle_secrets import UserSecretsClient  # type: ignore[import-not-found]
        except ImportError:
            raise _elsewhere("Kaggle", "kaggle") from None
        kind = None
        try:
            return one(ref, UserSecretsClient().get_secret(ref.path))
        except Exception as error:  # its classes exist only there
            kind = type(error).__name__
        raise MlsecError(
            f"Kaggle does not give {ref.path} ({kind})",
            "attach it under Add-ons, Secrets (the notebook needs internet for that)",
        )

    @guarded
    def put(self, ref: Reference, value: str, cas: int | None = None) -> int:
        raise read_only("Kaggle's secrets", "use Add-ons, Secrets")

    @guarded
    def list(self, prefix: str = "") -> list[str]:
        """Nothing: Kaggle doesn't tell what there is."""
        return []


def _elsewhere(where: str, scheme: str) -> MlsecError:
    return MlsecError(
        f"{scheme}:// works on {where} only, and this is not it",
        "write a reference of another provider here, such as env://NAME",
    )
