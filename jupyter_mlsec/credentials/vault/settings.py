"""Where the server is and how to talk to it: the variables that `vault` and `bao` know."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from jupyter_mlsec.core.errors import MlsecError

TIMEOUT = 5.0  # seconds; a notebook's user sits and waits
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_TRUE = ("1", "t", "true")


@dataclass(frozen=True)
class Settings:
    """What is no secret about a connection. `verify` is True, or the CA's file or folder;
    `certificate` the files of the client's own certificate and key; `timeout` in seconds."""

    address: str
    namespace: str | None = None
    verify: bool | str = True
    certificate: tuple[str, str] | None = None
    timeout: float = TIMEOUT
    retries: int = 3


def variable(environment: Mapping[str, str], name: str) -> str | None:
    """The value of `VAULT_name`, or of `BAO_name`; None where neither says anything."""
    return environment.get(f"VAULT_{name}") or environment.get(f"BAO_{name}") or None


def from_environment(environment: Mapping[str, str]) -> Settings | None:
    """The settings that the variables give; None if they name no server.

    Raises MlsecError for a value that can't be meant, and for skipped verification of the
    server's certificate that no policy allows.
    """
    address = variable(environment, "AGENT_ADDR") or variable(environment, "ADDR")
    if address is None:
        return None
    if urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).hostname:
        raise MlsecError(
            "the address of Vault is no web address",
            "write VAULT_ADDR like https://vault.example.com:8200",
        )
    if "@" in urlsplit(address).netloc:
        raise MlsecError("the address of Vault holds a user name", "log in by other means")
    certificate, key = _file(environment, "CLIENT_CERT"), _file(environment, "CLIENT_KEY")
    return Settings(
        address.rstrip("/"),
        variable(environment, "NAMESPACE"),
        _verify(environment),
        (certificate, key) if certificate and key else None,
        _seconds(variable(environment, "CLIENT_TIMEOUT")),
        _retries(variable(environment, "MAX_RETRIES")),
    )


def _verify(environment: Mapping[str, str]) -> bool | str:
    if (variable(environment, "SKIP_VERIFY") or "").lower() in _TRUE:
        if environment.get("MLSEC_ALLOW_SKIP_VERIFY") != "1":
            raise MlsecError(
                "VAULT_SKIP_VERIFY is refused: anyone between here and the server could read all "
                "secrets",
                "name the server's CA in VAULT_CACERT, or set MLSEC_ALLOW_SKIP_VERIFY=1 too",
            )
        return False
    for name in ("CACERT", "CAPATH"):
        if variable(environment, name):
            return _file(environment, name) or True
    return True


def _file(environment: Mapping[str, str], name: str) -> str | None:
    """The file that a variable names, None if it is not set; MlsecError if it is not there."""
    given = variable(environment, name)
    if given is None:
        return None
    file = os.path.expanduser(given)
    if not os.access(file, os.R_OK):
        raise MlsecError(f"VAULT_{name} names {given}, which can't be read", "check the path")
    return file


def _seconds(text: str | None) -> float:
    """The seconds of a bare number or of Go's notation, such as `90s`, `1m30s` or `500ms`."""
    if text is None:
        return TIMEOUT
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise MlsecError("VAULT_CLIENT_TIMEOUT is no time", "write it like 30s or 1m")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def _retries(text: str | None) -> int:
    if text is not None and not text.isdecimal():
        raise MlsecError("VAULT_MAX_RETRIES is no number", "write it like 3")
    return min(int(text), 10) if text is not None else 3
