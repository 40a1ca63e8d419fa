"""What a place is: a text with a gap for a credential, and the kind of file it stands in."""

from __future__ import annotations

import base64
import html
import json
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import quote

if TYPE_CHECKING:
    from random import Random

# Which credentials make sense in a place: any under its name; `bare` only those recognised
# without a name beside them; `key` all but passwords; `password` and keys without a format;
# `url` connection strings; `pem` private keys.
Fits = Literal["any", "bare", "key", "password", "url", "pem"]


class Place(NamedTuple):
    """A kind of place.

    `build` names the builder in `documents.BUILDERS` that makes a file of the text. In `text`,
    `@v@` is the value, `@n@` its name, `@E@` the name of its environment variable, `@call@` how
    the vendor's library takes it; `gaps` has the rest.
    """

    id: str
    area: str
    build: str
    text: str
    fits: Fits = "any"


class Plant(NamedTuple):
    """A credential to put into a place.

    `call` holds `@v@` for the value. `secret` is the part of the value that must be found: the
    password of a connection string, else all of it; None if the value is no credential.
    """

    id: str
    value: str
    name: str
    call: str
    secret: str | None


def render(text: str, plant: Plant, random: Random) -> str:
    """The place's text with all its gaps filled."""
    text = text.replace("@call@", plant.call)
    for gap, filled in gaps(plant, random).items():
        text = text.replace(f"@{gap}@", filled)
    return text


def gaps(plant: Plant, random: Random) -> dict[str, str]:
    """Gap to text. `v1 v2 v3`: the value in three pieces; `b64`: in base64; `basic`: as Basic
    auth; `esc`: as in a JSON or Python string; `html`, `entity`: with few and with many HTML
    entities; `tex`: in LaTeX; `ansi`: with a colour code inside; `q`: percent-encoded."""
    value, lower = plant.value, plant.name.lower()
    first, second = len(value) // 3, 2 * len(value) // 3
    middle = random.randint(1, len(value) - 1)
    return {
        "v1": value[:first],
        "v2": value[first:second],
        "v3": value[second:],
        "v12": value[:second],
        "b64": base64.b64encode(value.encode()).decode(),
        "basic": base64.b64encode(f"svc:{value}".encode()).decode(),
        "esc": json.dumps(value)[1:-1],
        "html": html.escape(value),
        "entity": "".join(c if c.isalnum() else f"&#{ord(c)};" for c in value),
        "tex": "".join("\\" + c if c in "_#$&%" else c for c in value),
        "q": quote(value, safe=""),
        "ansi": f"{value[:middle]}\x1b[39m\x1b[38;5;124m{value[middle:]}",
        "n": plant.name,
        "l": lower,
        "title": lower.replace("_", " ").title(),
        "kebab": lower.replace("_", "-"),
        "E": plant.name.upper(),
        "v": value,
    }
