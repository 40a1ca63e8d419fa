"""Checksums against what their authors publish, and against damage."""

from __future__ import annotations

import json
from base64 import b32encode, urlsafe_b64encode
from random import Random

import pytest

from jupyter_mlsec.rules.secrets import checksums, samples
from jupyter_mlsec.rules.secrets.kind import Kind
from jupyter_mlsec.rules.secrets.kinds import KINDS

CHECKED = [(kind, template) for kind in KINDS if kind.check for template in kind.format]
# those whose check is a checksum over every character, not the structure alone
SUMS = (
    checksums.is_github_token,
    checksums.is_grafana_service_token,
    checksums.is_bech32,
    checksums.is_base58check,
)
SUMMED = [(kind, template) for kind, template in CHECKED if kind.check in SUMS]


def token(*claims: dict[str, object]) -> str:
    parts = [json.dumps(claim).encode() for claim in claims]
    return ".".join(urlsafe_b64encode(p).decode().rstrip("=") for p in [*parts, b"\x01" * 32])


def access_key(bits: int) -> str:
    return "AK" + "IA" + b32encode(bits.to_bytes(10, "big")).decode()


def test_github_and_npm() -> None:
    # the worked example of https://gist.github.com/coolaj86 (a revoked token, without its prefix)
    assert checksums.crc_base62("zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ") == "0mLq17"


def test_grafana() -> None:
    # the example in the tests of grafana/pkg/components/satokengen
    assert checksums.crc_grafana("gl" + "sa_yscW25imSKJIuav8zF37RZmnbiDvB05G") == "fcaaf58a"


def test_gitlab_pads_to_seven_digits() -> None:
    texts = [str(number) for number in range(200)]
    assert {len(checksums.crc_base36(text)) for text in texts} == {7}
    assert int(checksums.crc_base36("a"), 36) == 0xE8B7BE43  # CRC-32 of "a"


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        # the test vectors of BIP 173
        ("A12UEL5L", True),
        ("abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw", True),
        ("split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w", True),
        ("split1checkupstagehandshakeupstreamerranterredcaperred2y9e3x", False),
        ("A1G7SGD8", False),
        ("pzry9x0s0muk", False),  # no prefix
        ("1pzry9x0s0muk", False),
        ("x1b4n0q5v", False),  # a character that is none of Bech32's
    ],
)
def test_bech32(text: str, valid: bool) -> None:
    assert checksums.is_bech32(text) == valid


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        # public addresses, which have the checksum of private keys
        ("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", True),
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", True),
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", False),
    ],
)
def test_base58check(text: str, valid: bool) -> None:
    assert checksums.is_base58check(text) == valid


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\0\x01", b"\x80" + bytes(range(32))])
def test_base58check_there_and_back(data: bytes) -> None:
    assert checksums.is_base58check(checksums.base58check(data))


@pytest.mark.parametrize(
    ("bits", "valid"),
    [
        (1 << 79 | (10**12 - 1) << 39, True),
        (1 << 79 | 10**12 << 39, False),
        (10**12 << 39, True),  # an older key: no account in it
    ],
)
def test_aws_account(bits: int, valid: bool) -> None:
    assert checksums.is_aws_access_key_id(access_key(bits)) == valid


@pytest.mark.parametrize(
    ("value", "valid"),
    [
        (token({"alg": "HS256"}, {"iss": "me"}), True),
        (token({"typ": "JWT"}, {"iss": "me"}), False),
        (token({"alg": "HS256"}, {"sub": "1234567890"}), False),
        (token({"alg": "HS256"}, {"iss": "supabase", "role": "anon"}), False),
        (token({"alg": "HS256"}), False),
        ("eyJhbGciOiJIUzI1NiJ9.eyJub3QganNvbg.AAAA", False),
        ("a.b.c", False),
    ],
)
def test_json_web_tokens(value: str, valid: bool) -> None:
    assert checksums.is_jwt(value) == valid


@pytest.mark.parametrize("text", ["", "=", "a", "!!!!", "eyJ", "bnVsbA", "W10", "é"])
def test_what_is_no_json_in_base64(text: str) -> None:
    assert checksums.from_base64_json(text) is None


@pytest.mark.parametrize(("kind", "template"), CHECKED, ids=lambda x: getattr(x, "id", x))
def test_a_complete_value_passes_its_check(kind: Kind, template: str) -> None:
    assert kind.check is not None
    values = [samples.sample(kind, Random(seed), template) for seed in range(5)]
    assert all(kind.check(value) for value in values)


@pytest.mark.parametrize(("kind", "template"), SUMMED, ids=lambda x: getattr(x, "id", x))
@pytest.mark.parametrize("seed", range(3))
def test_a_damaged_checksum_is_refused(kind: Kind, template: str, seed: int) -> None:
    assert kind.check is not None
    random = Random(seed)
    value = samples.sample(kind, random, template)
    at = random.randrange(len(value) - 20, len(value))
    char = random.choice([c for c in value[-20:] if c != value[at]])
    assert not kind.check(value[:at] + char + value[at + 1 :])


@pytest.mark.parametrize(
    "id", ["gitlab-personal-access-token", "gitlab-runner-authentication-token"]
)
def test_routable_gitlab_tokens(id: str) -> None:
    kind = next(kind for kind in KINDS if kind.id == id)
    template = next(template for template in kind.format if "." in template)
    value = samples.sample(kind, Random(3), template)
    assert checksums.is_gitlab_token(value)
    damaged = [value[:-1] + c for c in "0123456789" if c != value[-1]]
    damaged += [value[:10] + c + value[11:] for c in "0123456789" if c != value[10]]
    assert not any(map(checksums.is_gitlab_token, damaged))


def test_pypi() -> None:
    kind = next(kind for kind in KINDS if kind.id == "pypi-api-token")
    value = samples.sample(kind, Random(4))
    assert checksums.is_pypi_token(value)
    assert not checksums.is_pypi_token(value[:-3])
    assert not checksums.is_pypi_token("pypi-" + value[6:])
