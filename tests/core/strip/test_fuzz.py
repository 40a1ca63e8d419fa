"""Random notebooks through both engines and the oracle, from fixed seeds: no differences."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from jupyter_mlsec.core.strip import Options, Unparsable, document, strip, walk
from tests.core.strip.oracle import Number, Oracle, Pairs, dumps, loads

RUNS = 2000  # for each of the seeds


@pytest.fixture(params=["by hand", "in windows", "at once"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """One of the ways through a notebook: which is taken depends on its size, and on how much
    was stripped before."""
    if request.param == "in windows":
        monkeypatch.setattr(walk, "_WHOLE", 0)
        monkeypatch.setattr(walk, "_WINDOW", 200)
    monkeypatch.setattr(document, "_WORTH", 0 if request.param == "at once" else 1 << 60)
    return str(request.param)


class Maker:
    """Random notebooks: mostly like real ones, with something odd in many places."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def some(self, *values: Any) -> Any:
        return self.random.choice(values)

    def rare(self, often: float = 0.08) -> bool:
        return self.random.random() < often

    def text(self) -> str:
        return str(
            self.some(
                "a",
                "x = 1\n",
                'say "hi"\\',
                "grüße 😀",
                "\t\x07",
                '"outputs": [',
                "",
                "null",
                "attachment:a.png",
                "\ud800",
                "keep_output",
                "<b>&amp;</b>",
                " ",
            )
        )

    def scalar(self) -> Any:
        return self.some(
            None,
            True,
            False,
            Number("0"),
            Number("-1.50e+3"),
            Number("9" * 25),
            self.text(),
            self.text(),
        )

    def value(self, depth: int = 3) -> Any:
        if depth == 0 or self.rare(0.5):
            return self.scalar()
        if self.rare(0.4):
            return [self.value(depth - 1) for _ in range(self.random.randrange(4))]
        keys = ("a", "b", "outputs", "tags", "name", "ä", "outputs_hidden", "outp")
        return Pairs(
            (self.some(*keys), self.value(depth - 1)) for _ in range(self.random.randrange(4))
        )

    def metadata(self, *more: str) -> Any:
        if self.rare(0.03):
            return self.value()
        keys = ("id", "colab", "jupyter", "slideshow", "x", "outputs", "a", *more)
        made = Pairs()
        for _ in range(self.random.randrange(4) if self.rare(0.6) else 0):
            key = self.some(*keys)
            made.append((key, self.tags() if key == "tags" else self.value(2)))
        return made

    def tags(self) -> Any:
        return [self.some("keep_output", "drop", "a") for _ in range(self.random.randrange(3))]

    def output(self) -> Any:
        if self.rare():
            return self.value()
        kind = self.some("stream", "error", "display_data", "execute_result")
        made = Pairs([("output_type", kind)])
        if kind == "stream":
            made += [("name", self.some("stdout", "stderr")), ("text", [self.text()])]
        else:
            made += [
                ("data", Pairs([("text/plain", [self.text(), self.text()])])),
                ("metadata", self.metadata()),
            ]
            made += [("execution_count", Number("3"))] if kind == "execute_result" else []
        self.random.shuffle(made)
        return made

    def cell(self) -> Any:
        if self.rare(0.02):
            return self.value()
        kind = self.some("code", "code", "markdown", "raw")
        made = Pairs([("cell_type", kind)])
        if kind == "code" or self.rare():
            count = self.some(None, Number("7"), Number("12")) if not self.rare() else self.value()
            made.append(("execution_count", count))
        made.append(
            (
                "metadata",
                self.metadata(
                    "tags",
                    "tags",
                    "scrolled",
                    "keep_output",
                    "init_cell",
                    "outputId",
                    "papermill",
                    "collapsed",
                ),
            )
        )
        if kind == "code" or self.rare():
            outputs: Any = [self.output() for _ in range(self.random.randrange(3))]
            made.append(("outputs", self.value() if self.rare() else outputs))
        if self.rare(0.1):
            names = [self.some("a.png", "b.png", "") for _ in range(self.random.randrange(3))]
            made.append(("attachments", Pairs((n, Pairs([("image/png", "QUJD")])) for n in names)))
        if self.rare(0.1):
            made.append((self.some("results", "mine", "prompt_number", "collapsed"), self.value()))
        made.append(("source", [self.text() for _ in range(self.random.randrange(4))]))
        if self.rare():
            self.random.shuffle(made)
        if self.rare():
            made.append(self.some(*made))
        return made

    def notebook(self) -> Any:
        if self.rare(0.01):
            return self.value()
        cells = [self.cell() for _ in range(self.random.randrange(5))]
        made = Pairs()
        if self.rare(0.1):
            sheets = [Pairs([("cells", cells), ("metadata", self.metadata())]), *self.odd()]
            made.append(("worksheets", sheets))
        else:
            made.append(("cells", self.value() if self.rare(0.02) else cells))
        made.append(
            ("metadata", self.metadata("kernelspec", "widgets", "papermill", "keep_output"))
        )
        made.append(("nbformat", Number(self.some("4", "4", "4", "3", "5"))))
        made.append(("nbformat_minor", Number("5")))
        if self.rare():
            made.insert(0, (self.some("other", "cell_outputs", "nbformat", "cells"), self.value()))
        return made

    def odd(self) -> list[Any]:
        return [self.value()] if self.rare() else []

    def options(self) -> dict[str, Any]:
        flags = ("keep_output", "keep_count", "drop_empty_cells", "keep_attachments")
        made: dict[str, Any] = {name: True for name in flags if self.rare(0.1)}
        made |= {name: False for name in ("keep_id", "strip_init_cells") if self.rare(0.1)}
        lists = {
            "extra_keys": ("metadata.x", "cell.metadata.a.b", "cell.mine", "metadata.kernelspec"),
            "keep_metadata_keys": ("cell.metadata.scrolled", "metadata.widgets", "cell.results"),
            "keep_output_type": ("error", "stream:stderr"),
            "drop_output_type": ("stream", "display_data"),
            "drop_tagged_cells": ("drop",),
            "keep_output_tags": ("a",),
        }
        made |= {name: (self.some(*v),) for name, v in lists.items() if self.rare(0.1)}
        return made | ({"max_size": self.random.randrange(60)} if self.rare(0.1) else {})


def notebooks(seed: int) -> Iterator[tuple[Any, dict[str, Any], Maker]]:
    maker = Maker(seed)
    for _ in range(RUNS):
        yield maker.notebook(), maker.options() if maker.rare(0.5) else {}, maker


def encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def how(maker: Maker) -> tuple[Any, tuple[str, str]]:
    """A spelling: indentation and separators."""
    indent = maker.some(1, 1, 1, 2, 4, 0, "\t", None)
    wide = maker.some((",", ": "), (",", ": "), (", ", ": "), (",", ":"), (" ,", " : "))
    return indent, wide


@pytest.mark.parametrize("seed", [1, 2])
def test_bytes_are_those_of_the_oracle(seed: int, engine: str) -> None:
    for number, (notebook, options, maker) in enumerate(notebooks(seed)):
        indent, separators = how(maker)
        data = encoded(dumps(notebook, indent, separators) + "\n")
        expected = encoded(dumps(Oracle(**options).notebook(notebook), indent, separators) + "\n")
        result = strip(data, Options(mode="all", **options)).data
        assert result == expected, f"run {number}"
        assert strip(result, Options(mode="all", **options)).data == result or not_once(options)


def not_once(options: dict[str, Any]) -> bool:
    """Numbers of cells change when cells before them are dropped."""
    return options.get("keep_id") is False


@pytest.mark.parametrize("seed", [3])
def test_any_spelling_means_the_same(seed: int, engine: str) -> None:
    """White space and escapes as nobody writes them: compared by value."""
    for number, (notebook, options, maker) in enumerate(notebooks(seed)):
        text = respelled(dumps(notebook, 1, (",", ": ")), maker)
        expected = Oracle(**options).notebook(loads(text))
        result = strip(encoded(text), Options(mode="all", **options)).data
        assert same(loads(result.decode("utf-8", "surrogatepass")), expected), f"run {number}"


def same(one: Any, other: Any) -> bool:
    """Equal, objects and arrays told apart."""
    if type(one) is not type(other):
        return False
    if isinstance(one, Pairs):
        return len(one) == len(other) and all(
            a == b and same(x, y) for (a, x), (b, y) in zip(one, other, strict=True)
        )
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def respelled(text: str, maker: Maker) -> str:
    """The same JSON with letters of keys as escapes, and with other white space."""
    for word in ("outputs", "cells", "metadata", "execution_count", "tags", "worksheets"):
        if maker.rare(0.15):
            at = maker.random.randrange(len(word))
            escaped = f'"{word[:at]}\\u{ord(word[at]):04x}{word[at + 1 :]}"'
            text = text.replace(f'"{word}"', escaped, maker.some(1, -1))
    return "".join(
        maker.some("\n", "\r\n", "\n\n\t ", " ", "") if char == "\n" and maker.rare(0.2) else char
        for char in text
    )


@pytest.mark.parametrize("seed", [4])
def test_what_is_no_json_is_refused(seed: int, engine: str) -> None:
    """Damaged files are refused if the standard library refuses them, and only then."""
    refused = 0
    for number, (notebook, _, maker) in enumerate(notebooks(seed)):
        data = bytearray(encoded(dumps(notebook, *how(maker))))
        for _ in range(maker.random.randrange(1, 3)):
            at = maker.random.randrange(len(data))
            data[at : at + maker.random.randrange(2)] = maker.some(
                b"", b'"', b"[", b"}", b",", b"\\", b"x", b"\n", b":", b"0"
            )
        try:
            json.loads(data.decode("latin-1"), strict=False)
            valid = True
        except ValueError:
            valid = False
        error = refusal(bytes(data))
        assert (error is None) == (valid or not data.strip()), f"run {number}"
        if error is not None:
            refused += 1
            assert error.hint
            assert error.line
    assert refused > RUNS // 4


def refusal(data: bytes) -> Unparsable | None:
    try:
        strip(data, Options(mode="all"))
    except Unparsable as error:
        return error
    return None
