"""Offline checks of credentials whose vendor publishes how they are made up.

Each function takes a whole value that has its kind's format already, and says whether it can be
real. Where a vendor publishes no checksum there is none here: a wrong guess would hide leaks.
"""

from __future__ import annotations

import json
import re
from typing import Any

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BASE36 = BASE62[:10] + BASE62[36:]
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def crc_base62(body: str) -> str:
    """The CRC-32 of a body, as six base-62 digits."""
    return _digits(_crc32(body), BASE62, 6)


def is_github_token(value: str) -> bool:
    """Six base-62 digits of the CRC-32 of what stands between the prefix and them.

    Classic GitHub tokens and npm tokens, by
    https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/ and
    https://github.blog/2021-09-23-announcing-npms-new-access-token-format/.
    """
    body = value.partition("_")[2]
    return body[-6:] == crc_base62(body[:-6])


def is_github_installation_token(value: str) -> bool:
    """A classic token or, since April 2026, `ghs_APPID_JWT`.

    https://github.blog/changelog/2026-05-15-github-app-installation-tokens-per-request-override-header/
    """
    if "." in value:
        return is_jwt(value.split("_", 2)[2])
    return is_github_token(value)


def crc_base36(body: str) -> str:
    """The CRC-32 of a body, as seven base-36 digits."""
    return _digits(_crc32(body), BASE36, 7)


def is_gitlab_token(value: str) -> bool:
    """Routable tokens end in the CRC-32 of all before it; older ones have no checksum.

    https://gitlab.com/gitlab-org/gitlab (lib/authn/token_field/generator/routable_token.rb).
    """
    return "." not in value or value[-7:] == crc_base36(value[:-7])


def crc_grafana(body: str) -> str:
    """The CRC-32 of a body in little-endian order, as eight hexadecimal digits."""
    return _crc32(body).to_bytes(4, "little").hex()


def is_grafana_service_token(value: str) -> bool:
    """`glsa_SECRET_CRC`, https://github.com/grafana/grafana (pkg/components/satokengen)."""
    body, _, crc = value.rpartition("_")
    return crc == crc_grafana(body)


def is_pypi_token(value: str) -> bool:
    """A version 2 macaroon: location, identifier and a 32-byte signature.

    https://github.com/pypi/warehouse (docs on macaroons) and
    https://github.com/rescrv/libmacaroons/blob/master/doc/format.txt.
    """
    data = from_base64(value.partition("-")[2])
    if data is None or data[:1] != b"\x02" or data[-34:-32] != b"\x06\x20":
        return False
    return data[-35:-34] == b"\x00" and data[1:2] == b"\x01"


def is_aws_access_key_id(value: str) -> bool:
    """Keys since 2019 hold the account: 40 bits of the Base32 body, at most twelve digits.

    Their body's first bit is set; older keys have none of this. The format is published in
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids,
    the account in it is what `aws sts get-access-key-info` tells.
    """
    from base64 import b32decode

    bits = int.from_bytes(b32decode(value[4:]), "big")
    account = bits >> 39 & (1 << 40) - 1
    return not bits >> 79 or account < 10**12


def is_jwt(value: str) -> bool:
    """A signed JSON Web Token (RFC 7519) that is no example and no public key of Supabase."""
    claims = jwt_claims(value)
    return (
        claims is not None
        and claims.get("sub") != "1234567890"  # the token that jwt.io shows to everybody
        and claims.get("role") != "anon"  # https://supabase.com/docs/guides/api/api-keys
    )


def is_supabase_service_key(value: str) -> bool:
    """A JSON Web Token with the role that bypasses row-level security.

    https://supabase.com/docs/guides/api/api-keys
    """
    claims = jwt_claims(value)
    return claims is not None and claims.get("role") == "service_role"


def jwt_claims(value: str) -> dict[str, Any] | None:
    """The payload of a JSON Web Token; None where header or payload is not what RFC 7519 says."""
    parts = value.split(".")
    if len(parts) != 3:
        return None
    header, claims = from_base64_json(parts[0]), from_base64_json(parts[1])
    return claims if header is not None and isinstance(header.get("alg"), str) else None


def is_neptune_token(value: str) -> bool:
    """Base64 of a JSON object that names the server.

    https://docs.neptune.ai/ (API tokens) and the client's `Credentials.from_token`.
    """
    fields = from_base64_json(value)
    return fields is not None and "api_address" in fields


def is_google_service_account(value: str) -> bool:
    """Base64 of a service account's JSON key file.

    https://cloud.google.com/iam/docs/keys-create-delete
    """
    fields = from_base64_json(value)
    return fields is not None and "private_key" in fields


def is_sentry_organization_token(value: str) -> bool:
    """`sntrys_JSON_SECRET`, https://github.com/getsentry/rfcs (0091-ci-upload-tokens)."""
    parts = value.split("_", 2)
    fields = from_base64_json(parts[1])
    return fields is not None and "iat" in fields


def is_grafana_access_policy_token(value: str) -> bool:
    """`glc_` and Base64 of a JSON object with organisation, name and key.

    https://grafana.com/docs/grafana-cloud/account-management/authentication-and-permissions/
    """
    fields = from_base64_json(value.removeprefix("glc_"))
    return fields is not None and {"k", "n"} <= fields.keys()


def is_onepassword_token(value: str) -> bool:
    """`ops_` and Base64 of a JSON object with the sign-in address.

    https://developer.1password.com/docs/service-accounts/
    """
    fields = from_base64_json(value.removeprefix("ops_"))
    return fields is not None and "signInAddress" in fields


def bech32_checksum(prefix: str, data: list[int]) -> list[int]:
    """The six 5-bit groups that complete a Bech32 string (BIP 173)."""
    state = _bech32_state([*_bech32_prefix(prefix), *data, 0, 0, 0, 0, 0, 0]) ^ 1
    return [state >> 5 * (5 - i) & 31 for i in range(6)]


def is_bech32(value: str) -> bool:
    """age identities and Nostr keys end in Bech32's checksum.

    BIP 173, https://age-encryption.org/v1 and https://github.com/nostr-protocol/nips (19).
    """
    prefix, _, data = value.lower().rpartition("1")
    if not prefix or not set(data) <= set(BECH32):
        return False
    return _bech32_state([*_bech32_prefix(prefix), *map(BECH32.index, data)]) == 1


def _bech32_prefix(prefix: str) -> list[int]:
    return [*(ord(c) >> 5 for c in prefix), 0, *(ord(c) & 31 for c in prefix)]


def _bech32_state(values: list[int]) -> int:
    """The remainder by Bech32's generator polynomial."""
    generator = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
    state = 1
    for value in values:
        top = state >> 25
        state = (state & 0x1FFFFFF) << 5 ^ value
        for i, term in enumerate(generator):
            state ^= term if top >> i & 1 else 0
    return state


def base58check(data: bytes) -> str:
    """Data with the first four bytes of its double SHA-256, in base 58."""
    data += _double_sha256(data)[:4]
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "1" * zeros + _digits(int.from_bytes(data, "big"), BASE58, 0)


def is_base58check(value: str) -> bool:
    """Bitcoin's private keys (WIF) and BIP 32 extended keys end in a checksum.

    https://en.bitcoin.it/wiki/Base58Check_encoding
    """
    number = 0
    for char in value:
        number = number * 58 + BASE58.index(char)
    zeros = len(value) - len(value.lstrip("1"))  # each stands for a leading byte of zeros
    data = bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")
    return data[-4:] == _double_sha256(data[:-4])[:4]


def from_base64(text: str) -> bytes | None:
    """The bytes behind Base64 of either alphabet, padded or not; None where it is none."""
    from base64 import urlsafe_b64decode
    from binascii import Error

    text = text.rstrip("=").replace("+", "-").replace("/", "_")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", text):
        return None
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except Error:
        return None


def from_base64_json(text: str) -> dict[str, Any] | None:
    """The JSON object behind Base64; None where there is none."""
    data = from_base64(text)
    try:
        value = json.loads(data or b"")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _crc32(body: str) -> int:
    from zlib import crc32

    return crc32(body.encode())


def _double_sha256(data: bytes) -> bytes:
    from hashlib import sha256

    return sha256(sha256(data).digest()).digest()


def _digits(number: int, alphabet: str, width: int) -> str:
    """A number in the base of the alphabet, padded to the width with the alphabet's zero."""
    text = ""
    while number:
        number, digit = divmod(number, len(alphabet))
        text = alphabet[digit] + text
    return text.rjust(width, alphabet[0])
