"""All kinds of credentials, area by area, and the search for the kind of a value.

A kind without context stands for itself: its format is found wherever it occurs. One with context
is recognised only beside one of its words. Where two kinds fit, the one listed first is meant.

Words of context are looked for in lower case. An underscore in them stands for any character that
is no letter or digit, or for none (`aws_secret` finds `AWS-Secret` and `awsSecret`); at their
beginning or end it asks for the end of a word (`_exa_`); `zoom+secret` needs both words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from jupyter_mlsec.core import formats
from jupyter_mlsec.rules.secrets.kind import Kind
from jupyter_mlsec.rules.secrets.kinds import (
    ai,
    ai_services,
    chat,
    cloud,
    code_hosts,
    data_apis,
    databases,
    hosting,
    ml_platforms,
    observability,
    packages,
    payment,
    retrieval,
    saas,
    secret_stores,
)

KINDS: tuple[Kind, ...] = (
    *ai.KINDS,
    *ml_platforms.KINDS,
    *retrieval.KINDS,
    *data_apis.KINDS,
    *cloud.KINDS,
    *hosting.KINDS,
    *code_hosts.KINDS,
    *packages.KINDS,
    *chat.KINDS,
    *payment.KINDS,
    *databases.KINDS,
    *observability.KINDS,
    *saas.KINDS,
    *ai_services.KINDS,
    *secret_stores.KINDS,
)

_SPELLED = {
    "api": "API",
    "aura": "Aura",
    "ca": "CA",
    "cli": "CLI",
    "db": "DB",
    "hec": "HEC",
    "hmac": "HMAC",
    "iot": "IoT",
    "mws": "MWS",
    "oauth": "OAuth",
    "rest": "REST",
    "scim": "SCIM",
    "sdk": "SDK",
    "smtp": "SMTP",
    "url": "URL",
    "devops": "DevOps",
    "id": "ID",
    "ai": "AI",
    "ci": "CI",
}
_KEY = 3  # characters of a word by which it is looked up: none is shorter


def is_prefixed(kind: Kind) -> bool:
    """Whether the kind's format is found wherever it occurs."""
    return not kind.context


def slug(vendor: str) -> str:
    """The vendor's name as kinds' ids begin with it."""
    return re.sub(r"[^a-z0-9]+", "-", vendor.lower().replace("&", "and")).strip("-")


def title(kind: Kind) -> str:
    """What to call the kind in a sentence: `OpenAI API key`."""
    words = kind.id.removeprefix(slug(kind.vendor)).strip("-").split("-")
    return " ".join([kind.vendor, *(_SPELLED.get(word, word) for word in words if word)])


def kinds_for(context: str, value: str) -> Kind | None:
    """The kind whose context is in a text and whose format the whole value has.

    `context` is a name, a callee or what stands before the value. The kind's checksum is checked;
    placeholders and rarity are the caller's.
    """
    return next(
        (k for k in _near(context) if _has_format(k, value) and (not k.check or k.check(value))),
        None,
    )


def _has_format(kind: Kind, value: str) -> bool:
    return any(_whole(template).fullmatch(value) for template in kind.format)


@cache
def _whole(template: str) -> re.Pattern[str]:
    return re.compile(formats.exact(template))


def _near(context: str) -> Iterator[Kind]:
    """The kinds that have a word of their context in the text, in the table's order."""
    spelled = "_" + re.sub(r"[^a-z0-9]+", "_", context.lower()) + "_"
    text = f"{spelled} {spelled.replace('_', '')}"
    words = _words()
    numbers = {
        number
        for start in range(len(text) - _KEY + 1)
        for word, others, number in words.get(text[start : start + _KEY], ())
        if text.startswith(word, start) and all(other in text for other in others)
    }
    return (KINDS[number] for number in sorted(numbers))


@cache
def _words() -> dict[str, list[tuple[str, list[str], int]]]:
    """First characters of a word to the words that begin so: the word, the other words that it
    needs, and the number of its kind."""
    index: dict[str, list[tuple[str, list[str], int]]] = {}
    for number, kind in enumerate(KINDS):
        for words in kind.context:
            first, *others = words.split("+")
            for word in {first, first if first.startswith("_") else first.replace("_", "")}:
                index.setdefault(word[:_KEY], []).append((word, others, number))
    return index
