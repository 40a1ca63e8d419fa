"""What looks like a credential and is none, beside every place and on its own."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.formats import sample
from tests.corpus import vendors
from tests.corpus.benign_independent import LOOK_ALIKES
from tests.corpus.benign_texts import FREE, NEUTRAL
from tests.corpus.places import Place, Plant
from tests.corpus.values import CONNECTIONS, PLACEHOLDERS

if TYPE_CHECKING:
    from random import Random

_NAME_GAP = re.compile("@(?:n|l|E|kebab|title)@")
_NAMES_IT = re.compile("key|token", re.IGNORECASE)
# Here something else than the name says that it is a credential.
_SAYS_SO = ("PasswordModel", "kind: Secret", "--token", "Bearer", "password")
# The name and what follows are one shell word or one bare value: no blanks, no quotes, no shell
# characters.
_PLAIN = re.compile(r"[\w./+=:@%,-]+\Z")
_CREDENTIAL_NAMES = (
    "api_key", "password", "token", "secret", "openai_api_key", "hf_token", "access_token",
    "db_password", "client_secret", "aws_secret_access_key", "wandb_api_key", "auth_token",
)  # fmt: skip
_DOCUMENTED = ("AKIAIOSFODNN7" + "EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCY" + "EXAMPLEKEY")


def plants(place: Place, random: Random) -> Iterator[Plant]:
    """Look-alikes that fit into a place: placeholders under credentials' names, real values
    under harmless names, and near-misses of vendors' formats."""
    if place.fits == "pem":
        return
    if place.fits == "url":
        yield from _connections(random)
        return
    for value in random.sample(PLACEHOLDERS, 5):
        yield _plant("placeholder", random.choice(_CREDENTIAL_NAMES), value)
    yield _plant("documented example", "aws_access_key_id", _DOCUMENTED[0])
    yield _plant("documented example", "aws_secret_access_key", _DOCUMENTED[1])
    yield _plant("masked", random.choice(_CREDENTIAL_NAMES), _masked(random))
    if place.fits == "bare" and not _NAMES_IT.search(place.text):
        for _ in range(5):
            yield _plant("near-miss", "x", near_miss(random))
    elif _NAME_GAP.search(place.text) and not any(word in place.text for word in _SAYS_SO):
        plain = [(name, form) for name, form in NEUTRAL if _PLAIN.match(sample(form, random))]
        for name, form in random.sample(plain, 7):
            yield _plant(f"harmless {name}", name, sample(form, random))


def _plant(label: str, name: str, value: str) -> Plant:
    call = f'Client(endpoint, {name.lower()}="@v@")'
    return Plant(
        f"{label} {value[:3]}" if label == "placeholder" else label, value, name, call, None
    )


def _connections(random: Random) -> Iterator[Plant]:
    stand_ins = ("password", "{password}", "<password>", "$DB_PASSWORD", "${PGPASSWORD}", "***",
                 "your-password", "pass", "xxxxx", "%(pw)s", "{os.environ['PW']}")  # fmt: skip
    for text in random.sample(CONNECTIONS, 9):
        yield _plant("placeholder", "dsn", text.replace("@w@", random.choice(stand_ins)))
    for text in (
        "postgresql://db.internal.acme.io:5432/sales", "mysql+pymysql://reader@mysql-prod/shop",
        "https://user@github.com/acme/models.git", "sqlite:////data/sales.db",
        "redis://redis-cache:6379/0", "https://api.acme.io:8443/v1?token_type=bearer",
    ):  # fmt: skip
        yield _plant("url without password", "dsn", text)


def _masked(random: Random) -> str:
    value = vendors.value(random.choice([v for v in vendors.VENDORS if v.bare]), random)
    return value[:5] + random.choice(["*" * 12, "...", "x" * 20, "…"])


def near_miss(random: Random) -> str:
    """Almost a vendor's token: cut off, filled with x, with a wrong checksum, or only the
    prefix."""
    vendor = random.choice([v for v in vendors.VENDORS if v.bare and v.format])
    value = vendors.value(vendor, random)
    prefix = vendor.format.split("{")[0]
    style = random.randrange(4)
    if style == 0:
        return value[: len(prefix) + 4]
    if style == 1:
        return prefix + "x" * (len(value) - len(prefix))
    if style == 2:
        body = sample("{an:30}", random)
        wrong = vendors.base62_crc32(body + "!")
        return random.choice(["ghp_", "gho_", "npm_"]) + body + wrong
    return prefix + "..."


def documents(random: Random) -> Iterator[tuple[str, str, str]]:
    """Name, builder and text of harmless files of many kinds."""
    for number, (build, text) in enumerate(FREE):
        yield f"text {number}", build, _filled(text, random)
    blob = base64.b64encode(random.randbytes(3000)).decode()
    for number, text in enumerate(
        (
            f'img = "data:image/png;base64,{blob}"',
            f'import base64\nfont = base64.b64decode("{blob[:400]}")',
            f'weights = "{blob[:800]}"',
        )
    ):
        yield f"blob {number}", "cell", text
    yield "blob html", "html", f'<img src="data:image/png;base64,{blob}">'
    yield "blob markdown", "markdown", f"![plot](data:image/png;base64,{blob})"


def independent(random: Random) -> Iterator[tuple[str, str, str]]:
    """The harmless files beside the third set of places."""
    for number, (build, text) in enumerate(LOOK_ALIKES):
        yield f"look-alike {number}", build, _filled(text, random)


def _filled(text: str, random: Random) -> str:
    """`«form»` filled with random characters."""
    return re.sub("«([^»]*)»", lambda match: sample(match[1], random), text)
