"""Engines of a real server: mounted, each with a key or a role."""

from __future__ import annotations

import hmac
import secrets
import urllib.error
from base64 import b32encode
from contextlib import suppress

from tests.credentials.vault.server import Server

SEED = secrets.token_bytes(20)  # of the one-time passwords


def mount(server: Server) -> None:
    """transit/keys/k; pki/roles/web, for names of example.com; totp/keys/me; ssh/roles/user and
    ssh/roles/otp. Again is harmless."""
    with suppress(urllib.error.HTTPError):  # they are there
        for name in ("transit", "pki", "totp", "ssh"):
            server("POST", f"sys/mounts/{name}", {"type": name})
        server("POST", "transit/keys/k")
        server("POST", "pki/root/generate/internal", {"common_name": "ca", "ttl": "8760h"})
        role = {"allowed_domains": "example.com", "allow_subdomains": True}
        server("POST", "pki/roles/web", role)
        seed = b32encode(SEED).decode()
        server("POST", "totp/keys/me", {"key": seed, "account_name": "me", "issuer": "t"})
        server("POST", "ssh/config/ca", {"generate_signing_key": True, "key_type": "ed25519"})
        user = {"allow_user_certificates": True, "allowed_users": "*", "default_user": "me"}
        server("POST", "ssh/roles/user", {"key_type": "ca", "ttl": "1h", **user})
        once = {"key_type": "otp", "default_user": "me", "cidr_list": "0.0.0.0/0"}
        server("POST", "ssh/roles/otp", once)


def public_key() -> str:
    """A new one of a user's, as OpenSSH writes it."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519

    key = ed25519.Ed25519PrivateKey.generate().public_key()
    form = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    return key.public_bytes(*form).decode()


def code(seconds: float) -> str:
    """The one-time password of a time, by RFC 6238."""
    digest = hmac.digest(SEED, int(seconds // 30).to_bytes(8, "big"), "sha1")
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at : at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"
