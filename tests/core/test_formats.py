"""One notation gives the pattern, its hint and samples of it."""

from __future__ import annotations

import re
from random import Random

import pytest

from jupyter_mlsec.core import formats

TEMPLATES = (
    "tok_{an:36}",
    "tok_{hex:32}-{d:1-2}",
    "tok-{w:20+}Mid{w:20+}",
    "{d:8-10}:AA{w:33}",
    "{b64:33}+Sig{b64:5}{pad1:1}=",
    "[Key=]{b64:86}==",
    "tok-{uuid}",
    "{dot:3}8Q~{tilde:34}",
    "to.{w:0-4}.{an:20}",
    "{hex:40}",
)


def found(template: str, text: str) -> list[str]:
    return [match[1] for match in re.finditer(formats.bounded(template), text)]


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("seed", range(5))
def test_a_sample_has_its_format(template: str, seed: int) -> None:
    value = formats.sample(template, Random(seed))
    assert re.fullmatch(formats.exact(template), value)
    line = f"x = '{formats.lead(template)}{value}'  # and so on"
    assert found(template, line) == [value]
    assert re.search(formats.hint(template).encode(), line.encode())


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_hint_is_in_hyperscans_subset(template: str) -> None:
    hint = formats.hint(template)
    assert not re.search(r"\(\?|\\[1-9]|[*+?}]\?|[^\\]\.", hint)
    assert formats.anchor(template) == "" or re.escape(formats.anchor(template)) in hint


@pytest.mark.parametrize(
    ("template", "pieces"),
    [
        ("ab{d:3}", [("ab", None, 0), ("0123456789", 3, 3)]),
        ("{d:3-5}-", [("0123456789", 3, 5), ("-", None, 0)]),
        ("[Key=]{x:2+}", [("x", 2, 4096)]),
        ("a$b", [("a$b", None, 0)]),
    ],
)
def test_pieces(template: str, pieces: list[tuple[str, int | None, int]]) -> None:
    assert [tuple(piece) for piece in formats.parse(template)] == pieces


def test_an_unknown_class_is_an_error() -> None:
    with pytest.raises(KeyError):
        formats.parse("tok_{nope:3}")


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("tok_{hex:4}{d:2}", "tok_[0-9a-f]{4}[0-9]{2}"),
        ("tok_{d:40}x", "tok_[0-9]{32}"),  # long enough
        ("tok_{d:2-9}x{d:3}", "tok_[0-9]{2}"),  # ends with the first open repeat
        ("{d:20}:AA{d:3}", "[0-9]{8}:AA[0-9]{3}"),
        ("{d:1-3}:AA{d:3}", "[0-9]{1}:AA[0-9]{3}"),
        ("tok_{d:0-4}", "tok_"),
        ("[Key=]{d:3}", "Key=[0-9]{3}"),
    ],
)
def test_hints(template: str, expected: str) -> None:
    assert formats.hint(template) == expected


# A token `tok_` with eight hexadecimal digits, `@` stands for it.
@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("@", True),
        ("'@'", True),
        ("key=@&next", True),
        ("see @.", True),
        ("https://h/@/x", True),
        (r"'a\n@'", True),
        (r"'a\t@\n'", True),
        ("?t=%22@%22", True),
        ("x@", False),
        ("_@", False),
        ("@0", False),
        ("@x", False),
        ("@_", False),
        ("-@", True),
        ("é@", True),
        ("@@", False),
    ],
)
def test_boundaries(text: str, is_found: bool) -> None:
    value = formats.sample("tok_{hex:8}", Random(1))
    assert bool(found("tok_{hex:8}", text.replace("@", value))) == is_found


@pytest.mark.parametrize(
    ("template", "text", "is_found"),
    [
        ("{b64:8}==", "+@", False),
        ("{b64:8}==", "=@", True),
        ("{w:8}", "-@", False),
        ("{w:8}", "@-", False),
        ("tok-{an:8}", "-@", False),
        ("{dot:8}", "@.", True),
        ("[Key=]{an:8}", "Key=@", True),
        ("[Key=]{an:8}", "Value=@", False),
    ],
)
def test_boundaries_follow_the_alphabet(template: str, text: str, is_found: bool) -> None:
    value = formats.sample(template, Random(2))
    assert (value in found(template, text.replace("@", value))) == is_found


@pytest.mark.parametrize(
    ("template", "value", "expected"),
    [
        ("tok_{hex:8}", "tok_0123abcd", "0123abcd"),
        ("t-{d:6}-{d:6}-{an:6}", "t-123456-654321-aBcDeF", "123456654321"),
        ("t-{d:6}-{hex:8}", "t-123456-0123abcd", "0123abcd"),
        ("[Key=]{an:4}=", "a1B2=", "a1B2"),
    ],
)
def test_the_body_is_the_part_with_the_most_bits(template: str, value: str, expected: str) -> None:
    assert formats.body(template, value) == expected


def test_the_body_of_another_format_is_an_error() -> None:
    with pytest.raises(ValueError, match="not of the format"):
        formats.body("tok_{hex:8}", "something else")


def test_samples_are_drawn_from_the_given_source() -> None:
    one, same, other = (formats.sample("{an:40}", Random(seed)) for seed in (1, 1, 2))
    assert one == same
    assert one != other
