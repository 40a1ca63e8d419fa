"""Advisories from outside: where they are named, what is found, and what is said without them."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.faces.command import Folder, notebook

NOTEBOOK = notebook("%pip install pillow==9.1.0 requestz-secure\n", "import PIL\n")
ADVISED = ["known-malicious-package", "known-vulnerable-pin"]


def archive(folder: Folder, *, days: int = 1, fixed: str = "10.0.0") -> Path:
    """OSV's archive with a hole and an attack; the newest change is some days old."""
    changed = f"{date.today() - timedelta(days=days)}T00:00:00Z"
    records = [
        ("PYSEC-1", "pillow", [{"introduced": "0"}, {"fixed": fixed}]),
        ("MAL-1", "requestz-secure", [{"introduced": "0"}]),
    ]
    path = folder.path / "osv.zip"
    with ZipFile(path, "w") as made:
        for identity, package, events in records:
            affected = {
                "package": {"ecosystem": "PyPI", "name": package},
                "ranges": [{"type": "ECOSYSTEM", "events": events}],
            }
            entry = {"id": identity, "modified": changed, "affected": [affected]}
            made.writestr(f"{identity}.json", json.dumps(entry))
    return path


def found(rules: list[str]) -> list[str]:
    return sorted(rule for rule in rules if rule.startswith("known-"))


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_found_with_them_and_only_with_them(folder: Folder, jobs: str) -> None:
    folder.write("a.ipynb", NOTEBOOK)
    folder.write("b.ipynb", NOTEBOOK)
    archive(folder)
    assert found(folder.scan(".").rules) == []
    outcome = folder.scan(".", "--advisories", "osv.zip", "--jobs", jobs)
    assert (outcome.code, found(outcome.rules), outcome.err) == (1, sorted(ADVISED * 2), "")


def test_named_in_the_configuration(folder: Folder) -> None:
    folder.write("mlsec.toml", 'advisories = "osv.zip"\nignore = ["known-malicious-package"]\n')
    folder.write("deep/a.ipynb", NOTEBOOK)
    archive(folder)
    assert found(folder.scan("deep").rules) == ["known-vulnerable-pin"]


def test_a_new_archive_counts_at_once(folder: Folder) -> None:
    folder.write("a.ipynb", NOTEBOOK)
    archive(folder)
    assert "known-vulnerable-pin" in folder.scan(".", "--advisories", "osv.zip").rules
    archive(folder, fixed="9.0.0", days=0)
    assert found(folder.scan(".", "--advisories", "osv.zip").rules) == ["known-malicious-package"]


def test_the_fix_raises_the_pin(folder: Folder) -> None:
    path = folder.write("a.ipynb", NOTEBOOK)
    archive(folder)
    arguments = ("--unsafe", "--advisories", "osv.zip", "--select", "known-vulnerable-pin")
    assert folder.mlsec("fix", *arguments, ".").code == 0
    assert b"%pip install pillow==10.0.0 requestz-secure" in folder.read(path.name)


def test_old_ones_are_said_to_be(folder: Folder) -> None:
    folder.write("a.ipynb", NOTEBOOK)
    archive(folder, days=40)
    outcome = folder.scan(".", "--advisories", "osv.zip")
    assert found(outcome.rules) == ADVISED
    assert "the advisories end 40 days ago" in outcome.err
    assert "docs/advisories.md" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--advisories", "none.zip"], "none.zip can't be read: No such file"),
        (["--advisories", "a.ipynb"], "a.ipynb is no zip archive"),
        (["--select", "known-vulnerable-pin"], "known-vulnerable-pin needs a file with advisories"),
    ],
)
def test_without_data_it_fails(folder: Folder, arguments: list[str], said: str) -> None:
    folder.write("a.ipynb", NOTEBOOK)
    outcome = folder.scan(".", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err
    assert outcome.err.count("\n") <= 2
