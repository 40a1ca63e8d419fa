"""What is masked, what stays, and that nothing else changes."""

from __future__ import annotations

import base64
import copy
import html
import json
import pickle
import textwrap
from collections.abc import Callable
from itertools import pairwise
from random import Random
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlsec.core.formats import sample
from jupyter_mlsec.credentials.redactor import Redactor, weakness
from jupyter_mlsec.credentials.value import Opaque, Secret

KEY = sample("{an:24}+/{an:10}", Random(7))
LABEL = "kv/ml/openai#api_key"
MASK = f"[SECRET:{LABEL}]"


@pytest.fixture(scope="module")
def redactor() -> Redactor:
    return Redactor([(LABEL, KEY)])


def _codes(form: str) -> Callable[[str], str]:
    return lambda value: ", ".join(form.format(ord(c)) for c in value)


SPELLINGS: dict[str, Callable[[str], str]] = {
    "itself": str,
    "upper case": str.upper,
    "swapped case": str.swapcase,
    "a character a line": "\n".join,
    "dashes": "-".join,
    "list": lambda v: repr(list(v)),
    "boxes": "│ ".join,
    "zero-width": "\u200b".join,
    "colours": lambda v: "\x1b[1;31m".join(v),
    "tags": lambda v: "".join(f"<b>{c}</b>" for c in v),
    "wrapped": lambda v: "\n> ".join(textwrap.wrap(v, 10)),
    "json": json.dumps,
    "repr": repr,
    "html": html.escape,
    "url": lambda v: quote(v, safe=""),
    "url form": quote_plus,
    "url twice": lambda v: quote(quote(v, safe="")),
    "base64": lambda v: base64.b64encode(v.encode()).decode(),
    "base64 behind one": lambda v: base64.b64encode(b"x" + v.encode() + b"yz").decode(),
    "base64 behind two": lambda v: base64.b64encode(b"u:" + v.encode() + b"y").decode(),
    "base64 for urls": lambda v: base64.urlsafe_b64encode(v.encode()).decode(),
    "base64 twice": lambda v: base64.b64encode(base64.b64encode(v.encode())).decode(),
    "base64 of utf-16": lambda v: base64.b64encode(v.encode("utf-16-le")).decode(),
    "base32": lambda v: base64.b32encode(v.encode()).decode(),
    "base85": lambda v: base64.b85encode(v.encode()).decode(),
    "ascii85": lambda v: base64.a85encode(v.encode()).decode(),
    "hexadecimal": lambda v: v.encode().hex(),
    "hexadecimal, spaced": lambda v: v.encode().hex(" "),
    "\\x": lambda v: "".join(f"\\x{ord(c):02x}" for c in v),
    "\\u": lambda v: "".join(f"\\u{ord(c):04x}" for c in v),
    "entities": lambda v: "".join(f"&#{ord(c)};" for c in v),
    "codes": _codes("{}"),
    "codes as floats": _codes("{}.0"),
    "octal": _codes("{:03o}"),
    "binary": _codes("{:08b}"),
    "0b": _codes("{:#b}"),
    "0x": _codes("{:#x}"),
    "reversed": lambda v: v[::-1],
    "enumerated": lambda v: repr(list(enumerate(v))),
    "utf-16 bytes": lambda v: repr(v.encode("utf-16-le")),
    "a number": lambda v: str(int.from_bytes(v.encode(), "big")),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_spellings_are_masked(redactor: Redactor, spelling: str) -> None:
    text = f"before {SPELLINGS[spelling](KEY)} after"
    shown = redactor.redact(text)
    assert MASK in shown
    # what is left is no longer than what stands around it, and a few signs
    assert len(shown.replace(MASK, "")) <= len("before  after") + 12


PIECES = {"beginning": KEY[:12], "end": KEY[-10:], "middle": KEY[9:21], "all but one": KEY[1:]}


@pytest.mark.parametrize("piece", PIECES)
def test_pieces_are_masked(redactor: Redactor, piece: str) -> None:
    assert redactor.redact(f"({PIECES[piece]})").startswith(f"({MASK}")


STAYS = [
    "",
    "Epoch 12/100: loss 0.4521",
    "kv/ml/openai#api_key",
    MASK,
    KEY[:6],
    "naïve café — 漢字 \ud800",
    "<p>a</p>\x1b[1mb\x1b[0m",
]


@pytest.mark.parametrize("text", STAYS)
def test_stays(redactor: Redactor, text: str) -> None:
    assert redactor.redact(text) is text


@given(st.text(), st.text())
def test_whatever_stands_around_it(before: str, after: str) -> None:
    shown = _SHARED.redact(f"{before} {KEY} {after}")
    assert KEY not in shown
    assert shown.startswith(before)
    assert shown.endswith(after)


@given(st.text())
def test_ordinary_texts_stay(text: str) -> None:
    assert _SHARED.redact(text) is text


@given(st.lists(st.integers(0, 200), max_size=8), st.text(max_size=40), st.text(max_size=40))
def test_streams_lose_nothing(cuts: list[int], before: str, after: str) -> None:
    text = before + KEY + after
    stream = _SHARED.stream()
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    parts = [stream.feed(text[a:b]) for a, b in pairwise(edges)]
    shown = "".join(parts) + stream.flush()
    assert KEY not in shown
    assert KEY[:10] not in shown
    assert KEY[-10:] not in shown
    assert not stream.holds
    assert shown.startswith(before)
    assert shown.endswith(after)


@given(st.lists(st.text()))
def test_streams_without_secrets_stay(parts: list[str]) -> None:
    stream = _SHARED.stream()
    assert "".join(map(stream.feed, parts)) + stream.flush() == "".join(parts)


def test_stream_holds_a_beginning_back(redactor: Redactor) -> None:
    stream = redactor.stream()
    assert stream.feed("key: " + KEY[:5]) == "key: "
    assert stream.holds
    assert stream.feed(KEY[5:] + "!") == MASK + "!"
    assert not stream.holds


def test_stream_gives_a_false_beginning_back(redactor: Redactor) -> None:
    stream = redactor.stream()
    assert stream.feed(KEY[:5]) == ""
    assert stream.feed(" is no key") == KEY[:5] + " is no key"


def test_stream_masks_the_rest_of_what_began_before(redactor: Redactor) -> None:
    stream = redactor.stream()
    shown = ""
    for character in KEY:
        shown += stream.feed(character) + stream.flush()
    shown = shown.replace(MASK, "")
    assert len([c for c in shown if c.isalnum()]) < 8


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(_JSON)
def test_ordinary_documents_stay(document: object) -> None:
    assert _SHARED.redact_json(document) is document


@given(_JSON, _JSON)
def test_documents_are_masked_and_not_changed(left: object, right: object) -> None:
    document = {"a": left, KEY: [KEY + "!", list(KEY), [ord(c) for c in KEY]], "b": right}
    before = copy.deepcopy(document)
    shown = _SHARED.redact_json(document)
    assert document == before
    assert shown["a"] == left
    assert shown["b"] == right
    text = json.dumps(shown)
    assert KEY not in text
    assert "".join(json.loads(json.dumps(shown[MASK][1]))) == MASK
    assert shown[MASK][0] == MASK + "!"


def test_bytes_in_documents(redactor: Redactor) -> None:
    assert redactor.redact_json({"a": [b"x " + KEY.encode()]}) == {"a": [f"x {MASK}".encode()]}


WEAK = [
    # value, text, what is shown of it
    ("a", "a banana", "a banana"),
    ("true", "it is true", "it is true"),
    ("4711", "4711 rows", "4711 rows"),
    ("000000", "0.000000", "0.000000"),
    ("hunter2", "hunter2 hunter22 xhunter2", f"{MASK} hunter22 xhunter2"),
    ("production", "in production, reproduction", f"in {MASK}, reproduction"),
    ("MySecretPassword1!", "MySecretPassword1! MySecret Password1", f"{MASK} {MASK}"),
    ("MySecretPassword1!", "mysecret password", "mysecret password"),
]


@pytest.mark.parametrize(("value", "text", "shown"), WEAK)
def test_weak_values_are_not_overmasked(value: str, text: str, shown: str) -> None:
    redactor = Redactor()
    assert redactor.add(LABEL, value)
    assert redactor.redact(text) == shown


def _pem(random: Random) -> str:
    body = "\n".join(sample("{b64:64}", random) for _ in range(20))
    return "-----BEGIN " + f"PRIVATE KEY-----\n{body}\n-----END " + "PRIVATE KEY-----\n"


def _jwt(random: Random) -> str:
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').decode().rstrip("=")
    return f"{head}.eyJzdWIiOiIx{sample('{w:80}.{w:43}', random)}"


def test_parts_of_composite_values() -> None:
    random = Random(3)
    password = sample("{an:20}", random)
    url = f"postgres://analyst:{password}" + "@db.example.org:5432/warehouse"
    redactor = Redactor([("db#url", url)])
    assert redactor.redact(url) == "[SECRET:db#url]"
    assert redactor.redact(f"password {password}") == "password [SECRET:db#url]"
    assert redactor.redact("analyst at db.example.org:5432/warehouse").startswith("analyst at db")

    key = _pem(random)
    document = json.dumps({"type": "service_account", "project_id": "p-1", "private_key": key})
    redactor = Redactor([("gcp#json", document)])
    assert redactor.redact(key.splitlines()[5]) == "[SECRET:gcp#json]"
    assert key.splitlines()[5] not in redactor.redact(json.dumps([key]))
    assert redactor.redact('{"type": "service_account"}') == '{"type": "service_account"}'

    token = _jwt(random)
    redactor = Redactor([("jwt", token)])
    header = token.partition(".")[0]
    assert redactor.redact(f"Bearer {token}") == "Bearer [SECRET:jwt]"
    assert redactor.redact(header) == header


STRONG = ["sk-{an:40}", "ghp_{an:36}", "{hex:40}", "{uuid}", "{b64:43}=", "{pw:16}", "AKIA{B32:16}"]


@pytest.mark.parametrize("template", STRONG)
def test_keys_are_strong(template: str) -> None:
    random = Random(11)
    for _ in range(50):
        value = sample(template, random)
        redactor = Redactor([(LABEL, value)])
        assert redactor.redact(f"x={value};") == f"x={MASK};"
    weak = sum(weakness(sample(template, random)) is not None for _ in range(200))
    assert weak <= 2


def test_scheme_of_a_key_is_not_masked_alone() -> None:
    redactor = Redactor([(LABEL, sample("sk-ant-api03-{w:93}AA", Random(1)))])
    text = "sk-ant-api03-... is how keys begin"
    assert redactor.redact(text) == text


def test_adding_the_same_value_again_keeps_its_label() -> None:
    redactor = Redactor([("first", KEY), ("second", KEY), ("third", KEY[::-1])])
    assert redactor.redact(KEY) == "[SECRET:first]"
    assert redactor.labels == ["first", "third"]


def test_secret_is_a_string_that_hides_itself() -> None:
    value = Secret(KEY, LABEL)
    assert value == KEY
    assert hash(value) == hash(KEY)
    assert f"{value}" == str(value) == KEY
    assert json.loads(json.dumps([value])) == [KEY]
    assert repr(value) == repr([value])[1:-1] == MASK
    assert copy.deepcopy(value) is value
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(value)


def test_opaque_gives_its_value_on_request_alone() -> None:
    value = Opaque(KEY, LABEL)
    assert value.reveal() == KEY
    assert value == Opaque(KEY, "other")
    assert repr(value) == MASK
    for use in (str, "{}".format, pickle.dumps, lambda v: "x" + v):
        with pytest.raises(TypeError):
            use(value)


_SHARED = Redactor([(LABEL, KEY)])
