"""Values out of JSON: where they stand in the file, however it is written."""

from __future__ import annotations

import json
import time
import tracemalloc
from random import Random
from typing import Any

import pytest

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.model import Document
from jupyter_mlsec.core.strip.edits import Cuts, Edits
from jupyter_mlsec.core.strip.redact import Values
from jupyter_mlsec.core.strip.sensitive import Found, strip_sensitive
from tests.nasty import code, dump, notebook, stream

VALUE = "s3cr3t-w0rd"
MARK = "[redacted: x]"


def redact(text: str, *values: str) -> str:
    data = text.encode("utf-8", "surrogatepass")
    edits = Edits()
    Values(dict.fromkeys(values or (VALUE,), MARK)).redact(
        data.decode("latin-1"), 0, len(data), edits
    )
    return edits.apply(data).decode("utf-8", "surrogatepass")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f'"a {VALUE} b"', f'"a {MARK} b"'),
        (f'["{VALUE}", "{VALUE}"]', f'["{MARK}", "{MARK}"]'),
        ('["a s3cr3t", "-w0rd b"]', f'["a {MARK}", " b"]'),
        ('["s3", "cr3t", "-w0rd"]', f'["{MARK}", "", ""]'),
        ('{"k": "s3cr3t", "-w0rd": 1}', '{"k": "s3cr3t", "-w0rd": 1}'),
        ('[["s3cr3t"], ["-w0rd"]]', '[["s3cr3t"], ["-w0rd"]]'),
        (f'{{"{VALUE}": 1}}', f'{{"{MARK}": 1}}'),
        (f'"ä\\n\\t\\"{VALUE}\\u00e9"', f'"ä\\n\\t\\"{MARK}\\u00e9"'),
        (f'"😀 \\ud83d\\ude00 {VALUE}"', f'"😀 \\ud83d\\ude00 {MARK}"'),
        ('"\\u00733cr3t\\u002dw0rd!"', f'"{MARK}!"'),
        (f'"x{VALUE}"', f'"x{VALUE}"'),
        (f'"{VALUE}s"', f'"{VALUE}s"'),
        (f'"\\u001b[1m{VALUE[:4]}\\u001b[0m{VALUE[4:]} b"', f'"\\u001b[1m{MARK} b"'),
        ('"\\ud800 s3cr3t-w0rd"', f'"\\ud800 {MARK}"'),
        ('"s3cr3t&#45;w0rd"', f'"{MARK}"'),
        ('"\\u00e4 <b>s3cr3t</b>-w0rd"', f'"\\u00e4 <b>{MARK}"'),
        ('["s3cr3t&#", "45;w0rd"]', f'["{MARK}", ""]'),
        ('"s3cr3t%2Dw0rd s3cr3t-w0rd"', f'"{MARK} {MARK}"'),
    ],
)
def test_one_value(before: str, after: str) -> None:
    assert redact(before) == after


@pytest.mark.parametrize(
    ("value", "before", "after"),
    [
        ("a&b<c>d", '"a&amp;b&lt;c&gt;d"', f'"{MARK}"'),
        ("grüße-42", '"grüße-42 gr\\u00fc\\u00dfe-42"', f'"{MARK} {MARK}"'),
        ("4539 1488 0343 6467", '{"n": 4539148803436467}', f'{{"n": "{MARK}"}}'),
        ("4539 1488 0343 6467", "[45391488034364670, 1e9]", "[45391488034364670, 1e9]"),
        ("one\ntwo", '["one\\n", "two\\n"]', f'["{MARK}", "\\n"]'),
        ("one\ntwo", '"one\\r\\ntwo"', f'"{MARK}"'),
    ],
)
def test_other_forms(value: str, before: str, after: str) -> None:
    assert redact(before, value) == after


def test_thousands_of_values() -> None:
    """A printed table of people: no expression of thousands of branches."""
    names = [f"p{n}.x@contoso.de" for n in range(3000)]
    lines = [f"{n} {name}\n" for n, name in enumerate(names)]
    text = json.dumps({"text": lines, "html": "".join(f"<td>{n}</td>" for n in names), "l": names})
    result = json.loads(redact(text, *names))
    assert result["text"] == [f"{n} {MARK}\n" for n in range(3000)]
    assert result["html"] == f"<td>{MARK}</td>" * 3000
    assert result["l"] == [MARK] * 3000


@pytest.mark.parametrize("form", ["p{}.x@contoso.de", "+49 30 {}", "({}) 30"])
def test_values_that_are_much_alike(form: str) -> None:
    """The time grows with the text, not with its square: 16,000 addresses took 5 s."""
    values = [form.format(10**7 + n) for n in range(16_000)]
    begin = time.process_time()
    result = json.loads(redact(json.dumps([f"{value}\n" for value in values]), *values))
    assert time.process_time() - begin < 4
    assert result == [f"{MARK}\n"] * 16_000


def test_the_longest_value_wins() -> None:
    assert redact('"abc-def-ghi abc-def"', "abc-def", "abc-def-ghi") == f'"{MARK} {MARK}"'


@pytest.mark.parametrize("seed", range(3))
def test_random_texts(seed: int) -> None:
    """The value goes, and all else stays what it was."""
    random = Random(seed)
    for _ in range(500):
        parts = [
            random.choice(["a", "ü", "😀", "\n", '"', "\\", "\x1f", " ", "\u2028"])
            for _ in range(random.randrange(9))
        ]
        text: Any = "".join(parts) + " " + VALUE + " " + "".join(reversed(parts))
        cut = sorted(random.sample(range(len(text)), 2))
        pieces = [text[: cut[0]], text[cut[0] : cut[1]], text[cut[1] :]]
        written = json.dumps(pieces, ensure_ascii=random.random() < 0.5)
        result = "".join(json.loads(redact(written)))
        assert result == text.replace(VALUE, MARK)


@pytest.mark.parametrize("indent", [None, 0, 1, "\t"])
def test_items_leave_no_trace(indent: int | str | None) -> None:
    """Every subset of the items of an object and an array, as json.dumps would have written it."""
    for size in range(5):
        for kept in range(2**size):
            names = [f"k{n}" for n in range(size)]
            stays = [n for number, n in enumerate(names) if kept & (1 << number)]
            for make in (dict.fromkeys, list):
                whole: str = json.dumps(make(names), indent=indent)
                edits = Edits()
                cuts = Cuts(edits, 0)
                for name in names:
                    start = whole.index(f'"{name}"')
                    end = start + len(name) + 2
                    if make is not list:
                        end = whole.index("null", start) + 4
                    (cuts.keep if name in stays else cuts.drop)(start, end)
                cuts.close(len(whole))
                assert edits.apply(whole.encode()).decode() == json.dumps(
                    make(stays), indent=indent
                )


def test_what_comes_back_is_named_by_its_cell() -> None:
    """Cells that were edited are looked at again alone, and keep their numbers."""

    def everything(document: Document) -> list[Found]:
        return [
            Found(number, "r", "k", text.text, "[redacted: k]")
            for number, text in enumerate(document.texts)
            if text.part == "output"
        ]

    data = dump(notebook(code(), code(stream("a")), code())).encode()
    with pytest.raises(MlsecError, match="in cell 2 can't be removed"):
        strip_sensitive(data, everything)


def test_what_is_only_seen_after_an_edit() -> None:
    """Three rounds in two cells of four, and the others untouched."""
    steps = {"a-1": "b-22", "b-22": "c-3", "c-3": "gone"}

    def next_step(document: Document) -> list[Found]:
        return [
            Found(number, "r", step, step, steps[step])
            for number, text in enumerate(document.texts)
            if text.part == "output"
            for step in steps
            if step in text.text
        ]

    cells = [code(stream(text)) for text in ("x", "é a-1 y", "z", "b-22\n")]
    done = strip_sensitive(dump(notebook(*cells)).encode(), next_step)
    assert [(r.cell, r.what) for r in done.removed] == [
        *((1, "a-1"), (3, "b-22")),
        *((1, "b-22"), (3, "c-3")),
        (1, "c-3"),
    ]
    texts = [cell["outputs"][0]["text"] for cell in json.loads(done.data)["cells"]]
    assert texts == ["x", "é gone y", "z", "gone\n"]


def test_memory_for_a_text_of_escapes() -> None:
    """It was a hundred times the size of the text."""
    size = 20_000
    text = '"' + "\\u001b[31mx\\n" * size + f'{VALUE}"'
    tracemalloc.start()
    try:
        assert redact(text).endswith(f'{MARK}"')
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 40 * len(text)
