"""OSV records: which packages they are about, and which versions."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_mlsec.core.advisories import Advisory, distinct, first_sound, modified, read


def record(*events: dict[str, str], name: str = "Some_Package", **more: Any) -> dict[str, Any]:
    affected = {
        "package": {"ecosystem": "PyPI", "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": list(events)}],
        **more.pop("affected", {}),
    }
    return {"id": "GHSA-0", "modified": "2026-11-03T10:29:41Z", "affected": [affected], **more}


def only(entry: Any) -> Advisory:
    ((_, advisory),) = read(entry)
    return advisory


def introduced(version: str) -> dict[str, str]:
    return {"introduced": version}


def fixed(version: str) -> dict[str, str]:
    return {"fixed": version}


def last(version: str) -> dict[str, str]:
    return {"last_affected": version}


@pytest.mark.parametrize(
    ("events", "affected", "sound"),
    [
        ([introduced("0"), fixed("2.0")], ["0.1", "1.9.9", "2.0rc1"], ["2.0", "2.0.1"]),
        ([introduced("1.0"), fixed("1.5")], ["1.0", "1.0.0", "1.4"], ["0.9", "1.0b1", "1.5"]),
        ([introduced("1"), last("1.5")], ["1", "1.5", "1.5.0"], ["1.5.1", "1.5.post1"]),
        ([introduced("1")], ["1", "99"], ["0.9"]),
        # mended on two lines of releases
        (
            [introduced("0"), fixed("1.8"), introduced("2.0"), fixed("2.3")],
            ["1.7", "2.0", "2.2"],
            ["1.8", "1.9", "2.3"],
        ),
        # the order in the record does not matter, nor that a hole comes back at once
        ([fixed("1.8"), introduced("0")], ["1.7"], ["1.8"]),
        ([introduced("0"), fixed("1"), introduced("1"), fixed("2")], ["0.5", "1", "1.5"], ["2"]),
        # what is no version is passed over
        ([introduced("0"), fixed("2004d-x"), fixed("3")], ["2.9"], ["3"]),
    ],
)
def test_ranges(events: list[dict[str, str]], affected: list[str], sound: list[str]) -> None:
    advisory = only(record(*events))
    assert [v for v in (*affected, *sound) if advisory.affects(v)] == affected


def test_listed_versions_count_as_well() -> None:
    advisory = only(record(affected={"ranges": [], "versions": ["1.0", "2004d-x"]}))
    assert [v for v in ("1.0", "1.0.0", "1.1", "2004d-x", "2004e-x") if advisory.affects(v)] == [
        *("1.0", "1.0.0", "2004d-x")
    ]


@pytest.mark.parametrize(
    ("lower", "upper", "closed", "covered"),
    [
        (None, "2.0", False, True),
        (None, "2.0", True, False),  # 2.0 itself is sound
        ("1.0", "1.9", True, True),
        (None, "3", False, False),
    ],
)
def test_covers(lower: str | None, upper: str, closed: bool, covered: bool) -> None:
    advisory = only(record(introduced("0"), fixed("2.0")))
    assert advisory.covers(lower, upper, closed=closed) is covered


def test_covers_no_range_with_a_hole_in_it() -> None:
    advisory = only(record(introduced("0"), fixed("1"), introduced("1.5"), fixed("2")))
    assert not advisory.covers("0", "2", closed=False)
    assert advisory.covers("1.5", "2", closed=False)


@pytest.mark.parametrize(
    "entry",
    [
        None,
        [],
        {},
        {"id": 5, "affected": []},
        {"id": "X", "affected": None},
        {"id": "X", "affected": [None, 3, {"package": None}, {"package": {"ecosystem": "PyPI"}}]},
        {"id": "X", "affected": [{"package": {"ecosystem": "npm", "name": "left-pad"}}]},
        {**record(introduced("0")), "withdrawn": "2026-01-01T00:00:00Z"},
    ],
)
def test_not_about_a_python_package(entry: Any) -> None:
    assert list(read(entry)) == []


def test_facts() -> None:
    entry = record(
        introduced("0"), aliases=["CVE-2026-1", 5], database_specific={"severity": "HIGH"}
    )
    ((name, advisory),) = read(entry)
    assert (name, advisory.aliases, advisory.level) == ("some-package", ("CVE-2026-1",), "high")
    assert not advisory.malicious
    assert only({**entry, "id": "MAL-2026-1"}).malicious
    assert modified(entry) == "2026-11-03"
    assert modified({"modified": "soon"}) == modified(None) == ""


def test_commits_are_no_versions() -> None:
    git = {"type": "GIT", "events": [introduced("0"), fixed("1fe1bb4")]}
    assert not only(record(affected={"ranges": [git]})).affects("1.0")


def test_one_hole_counts_once_and_keeps_its_level() -> None:
    plain = Advisory("PYSEC-1", ("CVE-1",))
    rated = Advisory("GHSA-1", ("CVE-1", "PYSEC-1"), level="low")
    other = Advisory("PYSEC-2", ("CVE-2",))
    assert distinct([plain, rated, other]) == [rated, other]


def test_first_sound_version() -> None:
    early = only(record(introduced("0"), fixed("1.5"), introduced("2.0"), fixed("2.2")))
    late = only(record(introduced("1.4"), fixed("1.6"), fixed("1.9")))
    assert first_sound([early], "1.0") == "1.5"
    assert first_sound([early, late], "1.0") == "1.6"  # 1.5 has the other hole
    assert first_sound([early], "2.1") == "2.2"
    assert first_sound([only(record(introduced("0")))], "1.0") is None
