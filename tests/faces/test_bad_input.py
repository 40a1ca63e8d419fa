"""Files as nobody wants them: each gives its result or one clear line, and the rest is scanned."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faces.command import Folder, Outcome, cell, leak, notebook, token

LEAK = leak()
DEEP_LIST = "[" * 5000 + "]" * 5000
DEEP_OBJECT = '{"a":' * 5000 + "1" + "}" * 5000


def display(data: str) -> str:
    return f'"outputs": [{{"output_type": "display_data", "data": {{"application/json": {data}}}}}]'


# Notebooks that are odd, but say what their leak is.
READ: dict[str, str | bytes] = {
    "plain": LEAK,
    "bom": b"\xef\xbb\xbf" + LEAK.encode(),
    "crlf": LEAK.replace("\n", "\r\n"),
    "invalid utf-8": LEAK.encode().replace(b"client", b"# \xff\xe9\xfe\\nclient"),
    "utf-16": LEAK.encode("utf-16"),
    "utf-16-be with bom": b"\xfe\xff" + LEAK.encode("utf-16-be"),
    "utf-16-le": LEAK.encode("utf-16-le"),
    "utf-16-be": LEAK.encode("utf-16-be"),
    "utf-16-le after a line end": ("\n" + LEAK).encode("utf-16-le"),
    "utf-32": LEAK.encode("utf-32"),
    "nan": LEAK.replace("null", "NaN"),
    "infinity": LEAK.replace("null", "-Infinity"),
    "huge integer": LEAK.replace("null", "9" * 10_000),
    "huge float": LEAK.replace("null", "1e999999"),
    "lone surrogate": LEAK.replace("client", r"# \ud83d\nclient"),
    "lone surrogate in a name": LEAK.replace("client", r"client\udc00"),
    "nul": LEAK.replace("client", r"# \u0000\nclient"),
    "duplicate key": LEAK.replace('"outputs"', '"metadata": {}, "outputs"'),
    "duplicate cells": LEAK.replace('"cells"', '"cells": [], "cells"', 1),
    "deep metadata": LEAK.replace('"metadata": {}', f'"metadata": {{"x": {DEEP_LIST}}}'),
    "deep output": LEAK.replace('"outputs": []', display(DEEP_OBJECT)),
    "deep list of outputs": LEAK.replace('"outputs": []', f'"outputs": [{DEEP_LIST}]'),
    "deep top level": LEAK.replace('"cells"', f'"x": {DEEP_OBJECT}, "cells"', 1),
    "outputs null": LEAK.replace('"outputs": []', '"outputs": null'),
    "metadata null": LEAK.replace('"metadata": {}', '"metadata": null'),
    "cells of other types": LEAK.replace('"cells": [', '"cells": [null, 1, "x", [], {},'),
    "nbformat 3": json.dumps(
        {
            "nbformat": 3,
            "worksheets": [
                {"cells": None},
                {"cells": [{"cell_type": "code", "input": f'Client("{token()}")'}]},
                None,
            ],
        }
    ),
}

NO_NOTEBOOK = "valid JSON, but not a notebook: it has no list of cells"
BROKEN = LEAK.replace('"outputs": []', '"outputs": [,')
CONFLICT = LEAK.replace(
    '   "outputs"', '<<<<<<< HEAD\n   "a": 1,\n=======\n   "a": 2,\n>>>>>>> x\n   "outputs"'
)

# Files that can't be read: how the message begins, line and column.
REFUSED: dict[str, tuple[str | bytes, str, tuple[int | None, int | None]]] = {
    "malformed": (BROKEN, "not valid JSON: expecting value", (7, 16)),
    "malformed crlf": (BROKEN.replace("\n", "\r\n"), "not valid JSON", (7, 16)),
    "cut off": (LEAK[:-40], "not valid JSON", (None, None)),
    "text behind": (LEAK + "{}", "not valid JSON: extra data", (17, 1)),
    "not json": ("<!DOCTYPE html>", "not valid JSON: expecting value", (1, 1)),
    "nothing but nul": (b"\0" * 100, "not valid JSON", (1, 1)),
    "never closed": ("[" * 100_000, "not valid JSON: expecting value", (1, 100_001)),
    "conflict": (CONFLICT, "merge conflict markers: not valid JSON", (7, 1)),
    "empty": (b"", "the file is empty", (None, None)),
    "blank": (" \n", "the file is empty", (None, None)),
    "only bom": (b"\xef\xbb\xbf", "the file is empty", (None, None)),
    "a list": ("[1, 2]", NO_NOTEBOOK, (None, None)),
    "a number": ("3", NO_NOTEBOOK, (None, None)),
    "another object": ('{"a": 1}', NO_NOTEBOOK, (None, None)),
    "cells null": ('{"cells": null}', NO_NOTEBOOK, (None, None)),
    "cells no list": ('{"cells": {"a": 1}}', NO_NOTEBOOK, (None, None)),
    "deep list": (DEEP_LIST, NO_NOTEBOOK, (None, None)),
    "deep object": (DEEP_OBJECT, NO_NOTEBOOK, (None, None)),
}


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory, patterns: Path) -> Outcome:
    """One scan of a folder with all of them."""
    folder = Folder(tmp_path_factory.mktemp("bad"))
    for name, content in READ.items():
        folder.write(f"{name}.ipynb", content)
    for name, (content, _, _) in REFUSED.items():
        folder.write(f"{name}.ipynb", content)
    return folder.scan(".", env={"MLSEC_CACHE_DIR": str(patterns)})


def test_the_exit_code_tells_that_not_all_was_scanned(outcome: Outcome) -> None:
    assert outcome.code == 2
    assert outcome.err == ""
    assert outcome.report["summary"]["files"] == len(READ) + len(REFUSED)


@pytest.mark.parametrize("name", READ)
def test_read_all_the_same(outcome: Outcome, name: str) -> None:
    assert [e["message"] for e in outcome.report["errors"] if e["path"] == f"{name}.ipynb"] == []
    found = [f["rule"] for f in outcome.report["findings"] if f["path"] == f"{name}.ipynb"]
    assert found == ["provider-token"]


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_one_clear_line(outcome: Outcome, name: str) -> None:
    _, message, (line, column) = REFUSED[name]
    (error,) = (e for e in outcome.report["errors"] if e["path"] == f"{name}.ipynb")
    assert error["message"].startswith(message)
    assert "\n" not in error["message"]
    if line is not None:
        assert (error["line"], error["column"]) == (line, column)
    if "not valid JSON" in message:
        assert error["line"] is not None


def test_no_value_is_shown(outcome: Outcome) -> None:
    assert not outcome.shows(token())


OTHERS: dict[str, str | bytes] = {
    "binary.py": b"\0\1\2" * 100,
    "latin-1.py": 'x = "é"\n'.encode("latin-1"),
    "utf-16.py": f'client = Client("{token()}")\n'.encode("utf-16"),
    "broken.py": f'def f(:\nclient = Client("{token()}")\n',
    "deep.py": f'{"(" * 5000}{")" * 5000}\nclient = Client("{token()}")\n',
    "minus.py": f'x = {"-" * 20_000}1\nclient = Client("{token()}")\n',
    "environment.yml": "dependencies:\n - pip:\n  bad: [\n",
    "requirements.txt": "a==\n=b\n-r nowhere\n-e\n--hash\n",
    "Dockerfile": "FROM\nRUN\nFROM \\",
    ".env": "=\nA\n",
    "empty.py": b"",
}


def test_files_that_are_no_notebooks(folder: Folder) -> None:
    for name, content in OTHERS.items():
        folder.write(name, content)
    outcome = folder.scan(".")
    assert outcome.code == 2
    (error,) = outcome.report["errors"]
    assert (error["path"], error["message"]) == ("binary.py", "a binary file, not text; exclude it")
    found = {f["path"] for f in outcome.report["findings"] if f["rule"] == "provider-token"}
    assert found == {"broken.py", "deep.py", "minus.py", "utf-16.py"}


@pytest.mark.skipif(sys.platform == "win32", reason="links need privileges there")
def test_what_is_no_file(folder: Folder) -> None:
    folder.write("good.ipynb", LEAK)
    folder.write("folder.ipynb/inner.ipynb", LEAK)
    (folder.path / "dangling.ipynb").symlink_to("nowhere")
    (folder.path / "loop.ipynb").symlink_to("loop.ipynb")
    (folder.path / "around").symlink_to(".")
    os.mkfifo(folder.path / "pipe.ipynb")
    links = {
        "dangling.ipynb": "this link points to a file that does not exist",
        "loop.ipynb": "cannot be read: Too many levels of symbolic links",
    }
    walked = folder.scan(".")
    assert walked.code == 2
    assert {e["path"]: e["message"] for e in walked.report["errors"]} == links
    assert walked.paths == ["folder.ipynb/inner.ipynb", "good.ipynb"]
    named = folder.scan("pipe.ipynb", "missing.ipynb", *links, "folder.ipynb", "good.ipynb")
    assert named.code == 2
    assert {e["path"]: e["message"] for e in named.report["errors"]} == {
        **links,
        "missing.ipynb": "there is no such file or folder",
        "pipe.ipynb": "neither a file nor a folder; pipe it into `mlsec scan -`",
    }
    assert named.paths == ["folder.ipynb/inner.ipynb", "good.ipynb"]


@pytest.mark.skipif(sys.platform == "win32" or not os.getuid(), reason="root may read all")
def test_an_unreadable_file(folder: Folder) -> None:
    folder.write("good.ipynb", LEAK)
    folder.write("secret.ipynb", LEAK).chmod(0)
    outcome = folder.scan(".")
    assert (outcome.code, outcome.paths) == (2, ["good.ipynb"])
    (error,) = outcome.report["errors"]
    assert error["message"] == "permission denied; make the file readable for this user"


@pytest.mark.skipif(sys.platform != "linux", reason="has files that fail when they are read")
def test_a_file_that_fails_while_it_is_read(folder: Folder) -> None:
    (folder.path / "a.ipynb").symlink_to("/proc/self/mem")
    folder.write("good.ipynb", LEAK)
    outcome = folder.scan(".")
    assert (outcome.code, outcome.paths) == (2, ["good.ipynb"])
    assert [e["message"] for e in outcome.report["errors"]] == [
        "cannot be read: Input/output error"
    ]


def test_larger_than_allowed(folder: Folder) -> None:
    folder.write("mlsec.toml", "max-size = 1\n")
    folder.write("large.ipynb", notebook(cell("x = 1"), cell("# " + "x" * 1_100_000)))
    folder.write("small.ipynb", LEAK)
    outcome = folder.scan(".")
    assert (outcome.code, outcome.paths) == (2, ["small.ipynb"])
    assert [e["message"] for e in outcome.report["errors"]] == [
        "larger than 1 MB; raise the setting `max-size` to scan it"
    ]


def images() -> str:
    picture = "iVBORw0KGgo" + "4k7/" * (1 << 18)
    output = {"output_type": "display_data", "metadata": {}, "data": {"image/png": picture}}
    return notebook(*[cell("plot()", output)] * 190, f'client = Client("{token()}")')


def stream() -> str:
    output = {"output_type": "stream", "name": "stdout", "text": ["@"]}
    line = r'"epoch 12: loss=0.4312 accuracy=0.8812, step 10023 of 20000 remaining, é\n"'
    lines = ",\n".join([line] * 2_600_000)
    return notebook(cell("fit()", output), f'client = Client("{token()}")').replace('"@"', lines)


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="memory is measured by wait4")
@pytest.mark.parametrize(("make", "format"), [(images, "text"), (stream, "sarif")])
def test_two_hundred_megabytes_within_one_gigabyte(
    folder: Folder, make: Callable[[], str], format: str
) -> None:
    notebook = folder.write("large.ipynb", make())
    assert notebook.stat().st_size > 195_000_000
    output = ["--format", format, "-o", str(folder.path / "report")]
    process = os.posix_spawn(
        sys.executable,
        [sys.executable, "-m", "jupyter_mlsec", "scan", *output, str(notebook)],
        folder.environment(),
    )
    _, status, usage = os.wait4(process, 0)
    assert os.waitstatus_to_exitcode(status) == 1
    unit = 1 if sys.platform == "darwin" else 1024
    assert usage.ru_maxrss * unit < 1_000_000_000
