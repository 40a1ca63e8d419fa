"""JSON as it really comes: every value read, every mistake named with its place."""

from __future__ import annotations

import json
import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.jsontext import decode, loads, strings

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8), inner)
)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a":\r\n 1}\r\n', {"a": 1}),
        ('{"a": "é"}'.encode("utf-16"), {"a": "é"}),
        ('{"a": "é"}'.encode("utf-16-le"), {"a": "é"}),
        ('{"a": "é"}'.encode("utf-16-be"), {"a": "é"}),
        (b'{"a": "\xff"}', {"a": "\udcff"}),
        (b'{"a": "\\ud800"}', {"a": "\ud800"}),
        (b'{"a": -Infinity}', {"a": -math.inf}),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b'{"a": "tab\there"}', {"a": "tab\there"}),
        (b"[123456789012345678901234567890]", [123456789012345678901234567890]),
        (b"[" + b"9" * 6000 + b"]", [math.inf]),
        (b"[1e999]", [math.inf]),
    ],
)
def test_reads(data: bytes, value: object) -> None:
    assert loads(data) == value


def test_reads_nan() -> None:
    assert math.isnan(loads(b"[NaN]")[0])


@pytest.mark.parametrize("depth", [500, 5_000, 100_000])
def test_reads_any_depth(depth: int) -> None:
    value = loads(b'{"a":[' * depth + b"7" + b"]}" * depth)
    for _ in range(depth):
        value = value["a"][0]
    assert value == 7


@pytest.mark.parametrize(
    ("data", "line", "column", "says"),
    [
        (b"", None, None, "empty"),
        (b" \n\t", None, None, "empty"),
        (b"{", 1, 2, "expecting property name"),
        (b'{\n  "a": 1,,\n}', 2, 10, "not valid JSON"),
        (b'{"a" 1}', 1, 6, "delimiter"),
        (b'["a', 1, 2, "unterminated string"),
        (b"[1] 2", 1, 5, "extra data"),
        (b"[\n<<<<<<< HEAD\n1\n=======\n2\n>>>>>>> other\n]", 2, 1, "merge conflict"),
        (b'{"a": tru}', 1, 7, "expecting value"),
    ],
)
def test_refuses(data: bytes, line: int | None, column: int | None, says: str) -> None:
    with pytest.raises(MlsecError) as error:
        loads(data)
    assert says in error.value.message.lower() or says in error.value.message
    assert (error.value.line, error.value.column) == (line, column)
    assert error.value.hint


@pytest.mark.parametrize("mistake", ["]", "", "}", ",]", ": 1}", '"', "x]"])
def test_deep_mistakes_are_named_too(mistake: str) -> None:
    text = "[" * 5_000 + mistake
    with pytest.raises(MlsecError) as error:
        loads(text.encode())
    assert error.value.line == 1


@given(JSON)
def test_the_loop_reads_what_the_library_reads(value: object) -> None:
    text = json.dumps(value)
    literals = list(strings(text))
    assert all(json.loads(text[lit.start : lit.end]) == lit.value for lit in literals)
    for literal in literals:
        found = value
        for step in literal.path:
            found = found[step]  # type: ignore[index]
        assert found == literal.value


@given(st.text())
def test_any_text_gives_a_value_or_our_own_error(text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    with suppress(MlsecError):
        loads(data)


@pytest.mark.parametrize("data", [b"plain", b"\xff\xfeh\0i\0", b"bad \xff byte"])
def test_decode_never_fails(data: bytes) -> None:
    assert decode(data)
