"""Texts read at a glance are those of the exact reading: what the one lets pass is clean."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.strip import texts
from jupyter_mlsec.core.strip.texts import Texts, glance
from jupyter_mlsec.core.strip.walk import Malformed
from tests.core.strip.oracle import dumps
from tests.core.strip.test_fuzz import encoded, how, notebooks, respelled
from tests.corpus.real import notebooks as real
from tests.nasty import CASES, KEPT, code, dump, notebook, stream

DEEP = dump(notebook(code(stream("x")))).replace('"x"', "[" * 9_000 + '"x"' + "]" * 9_000)


def made() -> Iterator[tuple[str, bytes]]:
    """Name and bytes of nasty, random and real notebooks."""
    yield from ((case.name, case.data) for case in CASES)
    for number, (value, _, maker) in enumerate(notebooks(5)):
        yield f"random {number}", encoded(respelled(dumps(value, *how(maker)), maker))
    yield from ((path.name, path.read_bytes()) for path in real())


def test_the_same_texts() -> None:
    """Of all that is JSON; only a few are left to the exact reading."""
    left = total = 0
    for name, data in made():
        try:
            exact = Texts(data, "a").document()
        except (Malformed, IndexError):
            assert glance(data, "a") is None, name
            continue
        total += 1
        found = glance(data, "a")
        if found is None:
            left += 1
        else:
            assert found == exact, name
    assert total > 1500
    assert left < total / 4


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b'{"cells": []} x',
        b"[]",
        b'{"worksheets": []}',
        DEEP.encode(),
    ],
    ids=["empty", "cut off", "two values", "no object", "nbformat 3", "deep"],
)
def test_left_to_the_exact_reading(data: bytes) -> None:
    assert glance(data, "a") is None


def test_large_files_are_read_cell_by_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    data = dump(notebook(code(stream("x" * 1000)))).encode()
    assert glance(data, "a") is not None
    monkeypatch.setattr(texts, "_GLANCE", 1000)
    assert glance(data, "a") is None


def test_both_readings_see_a_key_that_stands_twice() -> None:
    text = dump(notebook(code())).replace('"source"', '"source": ["first"], "source"')
    for document in (glance(text.encode(), "a"), Texts(text.encode(), "a").document()):
        assert document is not None
        assert [t.text for t in document.texts] == ["first", f"x = '{KEPT}'"]


def test_malformed_is_told_by_the_exact_reading() -> None:
    from jupyter_mlsec.core.strip.sensitive import strip_sensitive

    with pytest.raises(MlsecError) as caught:
        strip_sensitive(b'{"cells": [}', lambda document: [])
    assert caught.value.line == 1
