"""Random credentials of every kind, for tests, the demo and documentation.

No secret-looking text stands in the repository: examples are made at run time, with checksums
completed. Nothing that is made here opens anything.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jupyter_mlsec.core import formats
from jupyter_mlsec.core.rarity import is_random
from jupyter_mlsec.rules.secrets import checksums
from jupyter_mlsec.rules.secrets.filters import is_placeholder

if TYPE_CHECKING:
    from random import Random

    from jupyter_mlsec.rules.secrets.kind import Kind

_TRIES = 1000


def sample(kind: Kind, random: Random, template: str | None = None) -> str:
    """A credential of this kind, in one of its formats or the given one, without its lead.

    It passes the kind's checksum and, as far as the kind asks for that, looks random.
    Raises ValueError where none is found, which says that the row is wrong.
    """
    template = template or kind.format[0]
    complete = _COMPLETE.get(kind.check, _as_it_is) if kind.check else _as_it_is
    for _ in range(_TRIES):
        value = complete(formats.sample(template, random), random)
        if kind.check:
            if kind.check(value):
                return value
            continue
        body = formats.body(template, value)
        if not is_placeholder(body) and (not kind.rarity or is_random(body)):
            return value
    raise ValueError(f"no sample of {kind.id}")


def in_text(kind: Kind, random: Random, template: str | None = None) -> str:
    """A sample with the text that has to stand before it."""
    return formats.lead(template or kind.format[0]) + sample(kind, random, template)


def _as_it_is(value: str, random: Random) -> str:
    return value


def _github(value: str, random: Random) -> str:
    prefix, _, body = value.partition("_")
    return f"{prefix}_{body[:-6]}{checksums.crc_base62(body[:-6])}"


def _github_installation(value: str, random: Random) -> str:
    if "." not in value:
        return _github(value, random)
    app = "".join(random.choices(formats.CLASSES["d"], k=7))
    return f"ghs_{app}_{_jwt(value, random)}"


def _gitlab(value: str, random: Random) -> str:
    return value[:-7] + checksums.crc_base36(value[:-7]) if "." in value else value


def _grafana(value: str, random: Random) -> str:
    body = value.rpartition("_")[0]
    return f"{body}_{checksums.crc_grafana(body)}"


def _pypi(value: str, random: Random) -> str:
    begin = checksums.from_base64(value.partition("-")[2][:24]) or b""
    location = begin[3 : 3 + begin[2]]  # after the version, the field's type and its length
    identifier = _hex(random, 64).encode()
    fields = b"\x01" + bytes([len(location)]) + location
    fields += b"\x02" + bytes([len(identifier)]) + identifier
    macaroon = b"\x02" + fields + b"\x00\x00\x06\x20" + random.randbytes(32)
    return "pypi-" + _base64(macaroon, padded=False)


def _jwt(value: str, random: Random) -> str:
    return _signed({"iss": _hex(random, 12), "sub": _hex(random, 12), "iat": 1700000000}, random)


def _supabase(value: str, random: Random) -> str:
    return _signed({"iss": "supabase", "ref": _hex(random, 20), "role": "service_role"}, random)


def _signed(claims: dict[str, Any], random: Random) -> str:
    parts = [_json({"alg": "HS256", "typ": "JWT"}), _json(claims), random.randbytes(32)]
    return ".".join(_base64(part, padded=False) for part in parts)


def _neptune(value: str, random: Random) -> str:
    address = "https://app.example.ai"
    fields = {"api_address": address, "api_url": address, "api_key": _hex(random, 36)}
    return _base64(_json(fields))


def _service_account(value: str, random: Random) -> str:
    fields = {"type": "service_account", "private_key": _hex(random, 400)}
    return _base64(json.dumps(fields, indent=2).encode())


def _sentry(value: str, random: Random) -> str:
    fields = {"iat": 1700000000.5, "url": "https://sentry.example", "org": _hex(random, 8)}
    secret = _base64(random.randbytes(32), padded=False).replace("-", "+").replace("_", "/")
    return f"sntrys_{_base64(_json(fields))}_{secret}"


def _grafana_policy(value: str, random: Random) -> str:
    fields = {"k": _hex(random, 32), "o": "12345", "n": _hex(random, 12), "m": {"r": "eu"}}
    return ("glc_" if value.startswith("glc_") else "") + _base64(_json(fields))


def _onepassword(value: str, random: Random) -> str:
    fields = {"signInAddress": "example.1password.com", "secretKey": _hex(random, 200)}
    return "ops_" + _base64(_json(fields))


def _bech32(value: str, random: Random) -> str:
    prefix, _, data = value.lower().rpartition("1")
    groups = [checksums.BECH32.index(char) for char in data[:-6]]
    groups += checksums.bech32_checksum(prefix, groups)
    text = f"{prefix}1" + "".join(checksums.BECH32[group] for group in groups)
    return text.upper() if value.isupper() else text


def _base58check(value: str, random: Random) -> str:
    if value.startswith("xprv"):
        version = bytes.fromhex("0488ade4")
        return checksums.base58check(version + bytes(41) + b"\x00" + random.randbytes(32))
    compressed = b"" if value.startswith("5") else b"\x01"
    return checksums.base58check(b"\x80" + random.randbytes(32) + compressed)


_COMPLETE: dict[Callable[[str], bool], Callable[[str, Random], str]] = {
    checksums.is_github_token: _github,
    checksums.is_github_installation_token: _github_installation,
    checksums.is_gitlab_token: _gitlab,
    checksums.is_grafana_service_token: _grafana,
    checksums.is_pypi_token: _pypi,
    checksums.is_jwt: _jwt,
    checksums.is_supabase_service_key: _supabase,
    checksums.is_neptune_token: _neptune,
    checksums.is_google_service_account: _service_account,
    checksums.is_sentry_organization_token: _sentry,
    checksums.is_grafana_access_policy_token: _grafana_policy,
    checksums.is_onepassword_token: _onepassword,
    checksums.is_bech32: _bech32,
    checksums.is_base58check: _base58check,
}


def _hex(random: Random, length: int) -> str:
    return "".join(random.choices(formats.CLASSES["hex"], k=length))


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _base64(data: bytes, padded: bool = True) -> str:
    """Base64 in the alphabet of URLs where it is not padded, as tokens have it."""
    from base64 import b64encode, urlsafe_b64encode

    return b64encode(data).decode() if padded else urlsafe_b64encode(data).decode().rstrip("=")
