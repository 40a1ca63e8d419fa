"""The engines that are no stores: what they make is asked for with parameters."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from jupyter_mlsec.credentials.provider import Fetched, Lease
from jupyter_mlsec.credentials.vault.client import Client


class Engines:
    """Calls of Vault's transit, PKI, TOTP and SSH engines, of wrapping and of the cubbyhole.

    `mount` is where an engine is mounted. All raise MlsecError, and their frames may hold
    values: the provider guards them.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def encrypt(self, key: str, plain: bytes, mount: str = "transit") -> str:
        """The ciphertext, such as `vault:v1:...`; the key stays with the server."""
        text = b64encode(plain).decode()
        answer = self._client.call(
            lambda api: api.secrets.transit.encrypt_data(key, text, mount_point=mount)
        )
        return str(answer["data"]["ciphertext"])

    def decrypt(self, key: str, ciphertext: str, mount: str = "transit") -> bytes:
        answer = self._client.call(
            lambda api: api.secrets.transit.decrypt_data(key, ciphertext, mount_point=mount)
        )
        return b64decode(answer["data"]["plaintext"])

    def certificate(
        self, role: str, common_name: str, mount: str = "pki", **parameters: str
    ) -> Fetched:
        """A new certificate with its private key: `certificate`, `private_key`, `issuing_ca`,
        `serial_number` and the like. `parameters` such as ttl="24h"."""
        answer = self._client.call(
            lambda api: api.secrets.pki.generate_certificate(
                role, common_name, extra_params=parameters, mount_point=mount
            )
        )
        return _fetched(answer)

    def totp(self, name: str, mount: str = "totp") -> str:
        """The code of now."""
        answer = self._client.call(lambda api: api.adapter.get(f"/v1/{mount}/code/{name}"))
        return str(answer["data"]["code"])

    def ssh_sign(self, role: str, public_key: str, mount: str = "ssh", **parameters: str) -> str:
        """The user's public key, signed by the server's CA (a certificate for `ssh -i`)."""
        answer = self._client.post(f"{mount}/sign/{role}", {"public_key": public_key, **parameters})
        return str(answer["data"]["signed_key"])

    def ssh_otp(self, role: str, ip: str, mount: str = "ssh") -> str:
        """A password for one login to a machine."""
        answer = self._client.post(f"{mount}/creds/{role}", {"ip": ip})
        return str(answer["data"]["key"])

    def wrap(self, data: Mapping[str, str], ttl: str = "5m") -> str:
        """A token that gives the data back once, to whoever has it."""
        answer = self._client.post("sys/wrapping/wrap", dict(data), wrap_ttl=ttl)
        return str(answer["wrap_info"]["token"])

    def unwrap(self, token: str) -> Fetched:
        """What a wrapping token holds. It works once; that it was used already is said."""
        from jupyter_mlsec.credentials.vault.logins import unwrap

        answer = self._client.call(lambda api: unwrap(api, token))
        return _fetched({"data": answer.get("data") or answer.get("auth") or {}})


def _fetched(answer: Mapping[str, Any]) -> Fetched:
    import json

    data = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in answer["data"].items()
    }
    lease = None
    if answer.get("lease_id"):
        seconds = int(answer["lease_duration"])
        lease = Lease(answer["lease_id"], seconds, bool(answer["renewable"]))
    return Fetched(data, None, lease)
