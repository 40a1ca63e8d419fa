"""`--baseline`: what is known is silent, what is new is not."""

from __future__ import annotations

import hashlib
import json

import pytest

from tests.faces.command import Folder, leak, notebook, token

OURS = ("--baseline", ".mlsec-baseline.json")


def silenced(folder: Folder, *arguments: str, cwd: str = ".") -> list[tuple[str, str | None]]:
    report = folder.scan(*(arguments or (".", *OURS)), cwd=cwd).report
    return [(f["path"], f["suppressed"]) for f in report["findings"]]


def test_its_life(folder: Folder) -> None:
    folder.write("a.ipynb", leak(1))
    folder.write("sub/b.ipynb", notebook("%pip install requests\n"))
    made = folder.mlsec("scan", ".", *OURS, "--update-baseline")
    assert made.code == 0
    assert made.err == "the baseline .mlsec-baseline.json holds 2 findings in 2 files now\n"
    held = token(1).encode() in folder.read(".mlsec-baseline.json")
    assert not held
    known = folder.scan(".", *OURS)
    assert (known.code, known.rules) == (0, [])
    assert silenced(folder) == [("a.ipynb", "baseline"), ("sub/b.ipynb", "baseline")]
    # a new one appears, and the known one has moved down
    folder.write("a.ipynb", notebook("x = 1\n", f'a = "{token(1)}"\n', f'b = "{token(2)}"\n'))
    outcome = folder.scan(".", *OURS)
    assert (outcome.code, outcome.rules) == (1, ["provider-token"])
    assert silenced(folder)[:2] == [("a.ipynb", "baseline"), ("a.ipynb", None)]
    # brought up to date for one file, the entries of the others stay
    folder.mlsec("scan", "a.ipynb", *OURS, "--update-baseline")
    assert folder.scan(".", *OURS).code == 0
    # what is mended leaves it
    folder.write("a.ipynb", notebook("x = 1\n"))
    folder.mlsec("scan", ".", *OURS, "--update-baseline")
    (entry,) = json.loads(folder.read(".mlsec-baseline.json"))["findings"]
    assert entry["path"] == "sub/b.ipynb"
    folder.write("a.ipynb", leak(1))
    assert folder.scan(".", *OURS).code == 1


def test_a_baseline_in_the_configuration(folder: Folder) -> None:
    folder.write("a.ipynb", leak())
    folder.write("sub/b.ipynb", leak(2))
    folder.write("mlsec.toml", 'baseline = "known.json"\n')
    folder.mlsec("scan", ".", "--update-baseline")
    assert folder.scan(".").code == 0
    # from elsewhere it is the same
    assert silenced(folder, "b.ipynb", cwd="sub") == [("b.ipynb", "baseline")]
    up = silenced(folder, ".", "--baseline", "../known.json", cwd="sub")
    assert up == [("b.ipynb", "baseline")]


def test_a_bad_file_does_not_hinder_the_update(folder: Folder) -> None:
    folder.write("a.ipynb", leak())
    folder.write("bad.ipynb", "{")
    outcome = folder.mlsec("scan", ".", *OURS, "--update-baseline")
    assert outcome.code == 2
    assert outcome.shows("mlsec: bad.ipynb: not valid JSON")
    assert silenced(folder, "a.ipynb", *OURS) == [("a.ipynb", "baseline")]


def test_a_baseline_of_detect_secrets(folder: Folder) -> None:
    digest = hashlib.sha1(token(1).encode()).hexdigest()  # noqa: S324 - their format
    entry = {"type": "Secret Keyword", "filename": "a.ipynb", "hashed_secret": digest}
    theirs = {"version": "1.5.0", "results": {"a.ipynb": [{**entry, "line_number": 3}]}}
    folder.write(".secrets.baseline", json.dumps(theirs))
    arguments = (".", "--baseline", ".secrets.baseline")
    folder.write("a.ipynb", leak(1))
    assert silenced(folder, *arguments) == [("a.ipynb", "baseline")]
    folder.write("a.ipynb", notebook(f'a = "{token(1)}"\n', f'b = "{token(2)}"\n'))
    assert folder.scan(*arguments).code == 1
    assert folder.mlsec("scan", *arguments, "--update-baseline").code == 0
    assert folder.scan(*arguments).code == 0
    written = json.loads(folder.read(".secrets.baseline"))
    assert set(written) >= {"version", "results"}
    assert len(written["results"]["a.ipynb"]) == 2
    held = token(2).encode() in folder.read(".secrets.baseline")
    assert not held


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"version": 9, "findings": []}'])
def test_what_is_no_baseline(folder: Folder, content: str) -> None:
    folder.write("a.ipynb", leak())
    folder.write("known.json", content)
    for arguments in ([], ["--update-baseline"]):
        outcome = folder.mlsec("scan", "a.ipynb", "--baseline", "known.json", *arguments)
        assert outcome.code == 2
        assert outcome.err.startswith("mlsec: known.json")
        assert folder.read("known.json") == content.encode()
