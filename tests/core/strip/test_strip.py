"""Options, records, refusals, files in conflict, and outputs that are put back."""

from __future__ import annotations

import pickle
from random import Random
from typing import Any

import pytest

from jupyter_mlsec.core.config import Config
from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.formats import sample
from jupyter_mlsec.core.settings import json_schema
from jupyter_mlsec.core.strip import (
    Options,
    Removed,
    Unparsable,
    cell_outputs,
    has_conflict_markers,
    strip,
    strip_conflicted,
    with_outputs,
)
from jupyter_mlsec.core.strip.options import TABLE
from jupyter_mlsec.files.stripping import options_for, stripper
from tests.nasty import GONE, KEPT, MAIL, code, dump, notebook, stream

ALL = Options(mode="all")


def encoded(value: Any) -> bytes:
    return dump(value).encode()


# options


@pytest.mark.parametrize(
    ("written", "field", "value"),
    [
        ({"mode": "all"}, "mode", "all"),
        ({"keep-output": True}, "keep_output", True),
        ({"keep-output": "true"}, "keep_output", True),
        ({"keep-count": "no"}, "keep_count", False),
        (
            {"extra-keys": "metadata.a cell.metadata.b"},
            "extra_keys",
            ("metadata.a", "cell.metadata.b"),
        ),
        ({"extrakeys": ["metadata.a"]}, "extra_keys", ("metadata.a",)),
        ({"keepmetadatakeys": "metadata.a"}, "keep_metadata_keys", ("metadata.a",)),
        ({"drop-output-type": ["error"]}, "drop_output_type", ("error",)),
        ({"max-size": "10k"}, "max_size", 10_000),
        ({"max-size": 7}, "max_size", 7),
        ({"per-path": {"a": "all"}}, "mode", "sensitive"),
    ],
)
def test_options_as_they_are_written(written: dict[str, Any], field: str, value: Any) -> None:
    assert getattr(Options.from_mapping(written), field) == value


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"keep-outputs": True}, 'did you mean "keep-output"?'),
        ({"mode": "everything"}, "one of sensitive, all"),
        ({"keep-output": 1}, "true or false"),
        ({"max-size": "big"}, "a number of characters"),
        ({"max-size": -1}, "a number of characters"),
        ({"extra-keys": ["a"]}, "write metadata.NAME"),
        ({"also": ["user-paths"]}, 'did you mean "user-path"?'),
        ({"drop-tagged-cells": [1]}, "a list of strings"),
    ],
)
def test_mistakes_in_options(written: dict[str, Any], message: str) -> None:
    with pytest.raises(MlsecError) as error:
        Options.from_mapping(written)
    assert message in error.value.full


def test_options_are_values() -> None:
    one = Options(mode="all", extra_keys=("metadata.a",))
    assert one == pickle.loads(pickle.dumps(one))  # noqa: S301 - our own bytes
    assert hash(one) == hash(Options(mode="all", extra_keys=["metadata.a"]))
    assert one != one.but(keep_id=False)
    assert repr(one) == "Options(mode='all', extra_keys=('metadata.a',))"


def test_settings_of_a_path() -> None:
    table = {
        "strip": {
            "keep-count": True,
            "per-path": {
                "notes/**": "all",
                "notes/demo/*.ipynb": {"mode": "all", "keep-output": True},
            },
        }
    }
    config = Config.from_mapping(table, ())._replace(root="/r")
    assert hash(config)
    for path, mode, keeps in (
        ("/r/a.ipynb", "sensitive", False),
        ("/r/notes/a.ipynb", "all", False),
        ("/r/notes/demo/a.ipynb", "all", True),
    ):
        found = options_for(path, config)
        assert (found.mode, found.keep_output, found.keep_count) == (mode, keeps, True)
    assert options_for("/r/notes/a.ipynb", config, {"mode": "sensitive"}).mode == "sensitive"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"strip": 1}, "strip must be a table"),
        ({"strip": {"modus": "all"}}, 'did you mean "mode"?'),
        ({"strip": {"per-path": []}}, "per-path must be a table"),
        ({"strip": {"per-path": {"a": 1}}}, "a table, or a mode"),
        ({"strip": {"per-path": {"a": {"keep": 1}}}}, "unknown option"),
        ({"stripp": {}}, 'did you mean "strip"?'),
    ],
)
def test_mistakes_in_settings(table: dict[str, Any], message: str) -> None:
    with pytest.raises(MlsecError) as error:
        Config.from_mapping(table, ())
    assert message in error.value.full


def test_the_schema_knows_every_option() -> None:
    schema: Any = json_schema()
    properties = schema["properties"]["strip"]["properties"]
    assert set(properties) == {name.replace("_", "-") for name in TABLE} | {"per-path"}
    assert all(p["description"] for p in properties.values())


# what comes back


def test_nothing_to_strip_is_the_same_object() -> None:
    data = encoded(notebook(code()))
    assert strip(data, ALL).data is data
    assert stripper(Options())(data, "a").data is data


def test_what_was_removed() -> None:
    data = encoded(
        notebook(code(), code(stream("a"), execution_count=3, metadata={"scrolled": True}))
    )
    assert strip(data, ALL).removed == [
        Removed(1, "count", "the execution count"),
        Removed(1, "metadata", "scrolled"),
        Removed(1, "output", "the outputs"),
    ]


def test_secrets_in_sources_are_named_and_stay() -> None:
    token = sample("hf_{an:34}", Random(3))
    data = encoded(notebook(code(), code(source=[f"a = '{token}'"])))
    done = stripper(Options())(data, "a.ipynb")
    assert done.data is data
    assert done.source == [Removed(1, "source", "provider-token")]
    blocked = stripper(Options(mode="all", block=True))(data, "a.ipynb")
    assert blocked.source == done.source
    assert token not in repr(done.source) + repr(done.removed)


def test_values_that_a_kernel_fetched() -> None:
    """The hook for %mlsec_secret: known values, wherever they stand."""
    data = encoded(notebook(code(stream(f"got Tr0ub4dor+3 and {KEPT}"))))
    done = stripper(Options(), known={"Tr0ub4dor+3": "fetched-secret"})(data, "a.ipynb")
    assert b"got [redacted: fetched-secret] and " + KEPT.encode() in done.data


def test_a_cell_in_the_other_mode() -> None:
    text = stream(f"{MAIL} {KEPT}")
    tagged = code(text, metadata={"tags": ["mlsec-strip-sensitive"]})
    done = stripper(Options(mode="all"))(encoded(notebook(code(stream(GONE)), tagged)), "a")
    assert GONE.encode() not in done.data
    assert b"[redacted: e-mail] " + KEPT.encode() in done.data
    # without what finds, nothing is kept
    assert b"[]" in strip(encoded(notebook(tagged)), ALL).data


# refusals


@pytest.mark.parametrize(
    ("data", "line", "column", "message"),
    [
        (b'{"cells": [\n{"a": }]}', 2, 7, "expecting value"),
        (b"not json", 1, 1, "expecting value"),
        (b'{"cells": []', 1, 13, "expecting ',' delimiter"),
        (b'{"cells": []} x', 1, 15, "extra data"),
        (b'{"cells": [{"source": "a]}', 1, 23, "unterminated string"),
        (b'{\n<<<<<<< HEAD\n "a": 1\n=======\n "a": 2\n>>>>>>> b\n}', 2, 1, "merge conflict"),
        (b"[" * 5000, 1, 5001, "expecting value"),
        (b"\xff\xfe{\0", None, None, "UTF-16"),
    ],
)
@pytest.mark.parametrize("mode", ["all", "sensitive"])
def test_what_is_no_json(
    data: bytes, line: int | None, column: int | None, message: str, mode: str
) -> None:
    with pytest.raises(Unparsable) as error:
        stripper(Options(mode=mode))(data, "a.ipynb")
    assert message.lower() in error.value.message.lower() or message == "UTF-16"
    assert error.value.hint
    if line is not None:
        assert (error.value.line, error.value.column) == (line, column)


# files in conflict

_OURS = '    "output_type": "stream", "text": "' + GONE + '"\n'
_CONFLICTS = {
    "in the outputs": (
        '   "outputs": [\n<<<<<<< HEAD\n    {'
        + _OURS
        + "    }\n=======\n    {"
        + _OURS
        + "    }\n>>>>>>> b\n   ],\n   "
        + f'"source": "{KEPT}"\n'
    ),
    "from the outputs into the source": (
        '   "outputs": [\n<<<<<<< HEAD\n    {' + _OURS + f'    }}\n   ],\n   "source": "{KEPT}"\n'
        "=======\n    {" + _OURS + '    }\n   ],\n   "source": "b"\n>>>>>>> b\n'
    ),
    "outputs on one side": (
        f'<<<<<<< HEAD\n   "outputs": [\n    {{"text": "{GONE}"}}\n   ],\n=======\n'
        f'   "outputs": [],\n>>>>>>> b\n   "source": "{KEPT}"\n'
    ),
    "on one line": (
        f'<<<<<<< HEAD\n   "outputs": [{{"text": "{GONE}"}}], "source": "{KEPT}"\n=======\n'
        f'   "outputs": [], "execution_count": 7\n>>>>>>> b\n'
    ),
    "with the base": (
        '   "outputs": [\n<<<<<<< HEAD\n    1\n||||||| base\n    "' + GONE + '"\n=======\n    2\n'
        '>>>>>>> b\n   ],\n   "source": "' + KEPT + '"\n'
    ),
    "in a widget's state": (
        f'<<<<<<< HEAD\n  "widgets": {{\n   "a": "{GONE}"\n  }}\n=======\n'
        f'  "a": "{KEPT}"\n>>>>>>> b\n'
    ),
    "without indentation": (
        f'<<<<<<< HEAD\n"outputs": [\n{{\n"text": [\n"]",\n"a \\" ["\n],\n"data": "{GONE}"\n}}\n'
        f'],\n"source": "{KEPT}"\n=======\n"outputs": []\n>>>>>>> b\n'
    ),
    "without indentation, over a marker": (
        f'"outputs": [\n<<<<<<< HEAD\n{{"a": [\n"{GONE}"]}}\n=======\n["{GONE}"\n]\n>>>>>>> b\n'
        f'], "source": "{KEPT}"\n'
    ),
    "brackets on their own lines": (
        f'<<<<<<< HEAD\n   "outputs":\n   [\n    "{GONE}"\n   ],\n=======\n   "outputs" :\n   []\n'
        f'>>>>>>> b\n   "source": "{KEPT}"\n'
    ),
    "a text as outputs": (
        f'<<<<<<< HEAD\n   "outputs": "{GONE}",\n=======\n>>>>>>> b\n   "source": "{KEPT}"\n'
    ),
    "a field called results": (
        f'<<<<<<< HEAD\n   "results": [\n    "{GONE}"\n   ],\n=======\n>>>>>>> b\n'
        f'   "source": "{KEPT}"\n'
    ),
    "with CRLF": (
        f'<<<<<<< HEAD\r\n   "outputs": [\r\n    "{GONE}"\r\n   ],\r\n=======\r\n'
        f'   "a": "{KEPT}"\r\n>>>>>>> b\r\n'
    ),
}


@pytest.mark.parametrize("name", _CONFLICTS)
def test_a_file_in_conflict(name: str) -> None:
    data = ('{\n "cells": [\n  {\n' + _CONFLICTS[name] + "  }\n ]\n}\n").encode()
    assert has_conflict_markers(data)
    result = strip_conflicted(data, ALL)
    assert GONE.encode() not in result
    assert KEPT.encode() in result
    for marker in (b"<<<<<<<", b"=======", b">>>>>>>"):
        assert result.count(marker) == data.count(marker)
    assert strip_conflicted(result, ALL) == result


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        dump(notebook(code(source=["<<<<<<< HEAD\n", "=======\n", ">>>>>>> b\n"]))),
        "=======\n",
    ],
)
def test_no_conflict(text: str) -> None:
    assert not has_conflict_markers(text.encode())


# outputs that are kept elsewhere


def test_outputs_are_known_by_the_source() -> None:
    full = notebook(
        code(stream("one"), source="a", execution_count=1),
        code(stream("two"), source=["a"], execution_count=2),
        code(stream("three"), source="b"),
    )
    known = {digest: (raw, count) for digest, raw, count in cell_outputs(encoded(full))}
    assert len(known) == 3
    clean = strip(encoded(full), ALL).data
    assert with_outputs(clean, known.get) == encoded(full)
    moved = notebook(code(source="b"), code(source="new"), code(source="a"))
    text = with_outputs(encoded(moved), known.get).decode()
    assert "three" in text
    assert "one" in text
    assert "two" not in text


@pytest.mark.parametrize("more", ["", ', "x": NaN'], ids=["at once", "by hand"])
@pytest.mark.parametrize(
    "source", ['"a\\u00e9é"', '["a", "b"]', "[]", "null", "3", '["a", 3]', "[" * 5000 + "]" * 5000]
)
def test_outputs_of_odd_sources(source: str, more: str) -> None:
    whole = dump(notebook(code(stream("one"), source="SOURCE")), indent=None)
    text = whole.strip().replace('"SOURCE"', source)
    data = f"{text[:-1]}{more}}}".encode()
    known = {digest: (raw, count) for digest, raw, count in cell_outputs(data)}
    clean = strip(data, ALL).data
    assert b"one" not in clean
    assert with_outputs(clean, known.get) == data


def test_nothing_is_put_where_something_is() -> None:
    data = encoded(notebook(code(stream("mine"), source="a"), {"source": "a"}))
    assert with_outputs(data, lambda _: (b'["other"]', b"1")) is data
