"""The labelled set: a credential in every kind of place, and a look-alike beside each.

Everything is built at run time from a seed; nothing in this folder is a credential.
"""

from __future__ import annotations

import random as _random
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from tests.corpus import benign, values, vendors
from tests.corpus.case import Case, Group
from tests.corpus.documents import BUILDERS
from tests.corpus.places import Place, Plant, render
from tests.corpus.places_code import MAGIC, PYTHON
from tests.corpus.places_further import FURTHER, FURTHER_PYTHON
from tests.corpus.places_independent import INDEPENDENT
from tests.corpus.places_text import TEXTS

Series = Literal["first", "further", "independent"]
Documents = Callable[[_random.Random], Iterable[tuple[str, str, str]]]

PER_PLACE = 10  # credentials of each group in each place
_UNQUOTED = re.compile(r"(?<!['\"@])@(?:v|w)@")
_SHELL_WORD = re.compile(r"[\w./+=:@%-]+\Z")
_SHELL_AREAS = ("environment", "shell", "urls")


def cases(seed: int = 1, series: Series = "first") -> list[Case]:
    """The set, the same for the same seed; names are unique. `further` and `independent` are the
    sets that were written later (see `places_further` and `places_independent`)."""
    random = _random.Random(seed)
    places, texts = _SERIES[series]
    out = [case for place in places() for case in _positives(place, seed)]
    out += [case for place in places() for case in _negatives(place, random)]
    for name, build, text in texts(random):
        place = Place(name, "look-alikes", build, "")
        out.append(_case(place, "benign", name, text, None, name))
    return out


def all_places() -> tuple[Place, ...]:
    """Every place; those in Python twice, as a notebook's cell and as a .py file."""
    return (*_twice(PYTHON), *MAGIC, *TEXTS)


def further_places() -> tuple[Place, ...]:
    return (*_twice(FURTHER_PYTHON), *FURTHER)


def independent_places() -> tuple[Place, ...]:
    return INDEPENDENT


_SERIES: dict[Series, tuple[Callable[[], tuple[Place, ...]], Documents]] = {
    "first": (all_places, benign.documents),
    "further": (further_places, lambda random: ()),
    "independent": (independent_places, benign.independent),
}


def _twice(places: tuple[Place, ...]) -> Iterator[Place]:
    return (place._replace(build=build) for place in places for build in ("cell", "py"))


def _positives(place: Place, seed: int) -> Iterator[Case]:
    # the same values in the cell and in the .py file, so that the two can be compared
    own = _random.Random(f"{seed} {place.id}")
    for number, plant in enumerate(_formats(place, own)):
        yield _planted(place, "format", plant, number, own)
    for number, plant in enumerate(_generics(place, own)):
        yield _planted(place, "generic", plant, number, own)


def _planted(place: Place, group: Group, plant: Plant, number: int, random: _random.Random) -> Case:
    text = render(place.text, plant, random)
    return _case(place, group, f"{plant.id} {number}", text, plant.secret, plant.value)


def _case(
    place: Place, group: Group, label: str, text: str, secret: str | None, value: str
) -> Case:
    built = BUILDERS[place.build](text)
    where = f"{place.id} ({place.build})"
    lines = () if built.text is None else _lines_of(built.text, value)
    return Case(
        f"{label} in {where}", where, place.area, group, built.path, built.data,
        secret, built.part, built.cell, lines,
    )  # fmt: skip


def _lines_of(text: str, value: str) -> tuple[int, ...]:
    start = text.find(value)
    if start < 0:
        return ()
    first = text.count("\n", 0, start) + 1
    return tuple(range(first, first + value.count("\n") + 1))


def _formats(place: Place, random: _random.Random) -> list[Plant]:
    if place.fits == "pem":
        return [
            Plant(kind, value := build(random), "private_key", 'load("@v@")', value)
            for kind, build in vendors.MULTI_LINE.items()
        ]
    if place.fits in ("password", "url"):
        return []
    pool = [v for v in vendors.VENDORS if v.bare or place.fits != "bare"]
    # an address with a token in it is neither a header's token nor somebody's password
    if place.fits == "key" or "://" in place.text or "basic" in place.text:
        pool = [v for v in pool if "://" not in v.format]
    chosen: dict[str, vendors.Vendor] = {}
    while len(chosen) < PER_PLACE:
        vendor = random.choices(pool, [v.weight for v in pool])[0]
        chosen[vendor.id] = vendor
    return [
        Plant(v.id, value := vendors.value(v, random), v.name, v.call, value)
        for v in chosen.values()
    ]


def _generics(place: Place, random: _random.Random) -> list[Plant]:
    if place.fits in ("pem", "bare"):
        return []
    if place.fits == "url":
        return [_connection(text, random) for text in random.sample(values.CONNECTIONS, PER_PLACE)]
    half = {"key": 0, "password": PER_PLACE - 3}.get(place.fits, PER_PLACE // 2)
    passwords = _suited(place, values.passwords(random, 8 * PER_PLACE), random)[:half]
    keys = _suited(place, values.keys(random, 8 * PER_PLACE), random)[: PER_PLACE - half]
    return [
        Plant(style, value, name, f'connect(host=host, user="svc", {name.lower()}="@v@")', value)
        for style, value, name in (*passwords, *keys)
    ]


def _suited(place: Place, named: list[values.Named], random: _random.Random) -> list[values.Named]:
    """Those that one may write there: what isn't quoted in a shell must be a plain word."""
    if place.area in _SHELL_AREAS and _UNQUOTED.search(place.text):
        named = [item for item in named if _SHELL_WORD.match(item.value)]
    random.shuffle(named)
    return named


def _connection(text: str, random: _random.Random) -> Plant:
    plain = "://" not in text
    secret = values.passwords(random, 13)[random.randrange(13)].value if plain else ""
    while plain and not _SHELL_WORD.match(secret):
        secret = values.passwords(random, 13)[random.randrange(13)].value
    secret = secret or values.url_password(random)
    label = text.split(":")[0].split(";")[0].split(" ")[0].split("=")[0]
    return Plant(f"{label} password", text.replace("@w@", secret), "dsn", 'connect("@v@")', secret)


def _negatives(place: Place, random: _random.Random) -> Iterator[Case]:
    for number, plant in enumerate(benign.plants(place, random)):
        yield _planted(place, "benign", plant, number, random)
