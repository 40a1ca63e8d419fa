"""Known findings: read, matched, written, carried forward."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from jupyter_mlsec.core.baseline import (
    Baseline,
    dump,
    dump_detect_secrets,
    load,
    normal,
    relative,
    update,
)
from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.model import Confidence, Finding, Place, Severity

VALUE = "made" + "-up-value"
SHA1 = hashlib.sha1(VALUE.encode()).hexdigest()  # noqa: S324 - what detect-secrets writes


def finding(fingerprint: str = "f1", path: str = "a.ipynb", **changes: Any) -> Finding:
    place = Place(path, "source", 2, 1, 2, 9, cell=3)
    base = Finding(
        rule="unpinned-install",
        family="installs",
        severity=Severity.MEDIUM,
        confidence=Confidence.HIGH,
        place=place,
        message="a is not pinned",
        fingerprint=fingerprint,
        docs="",
    )
    return base._replace(**changes)


def secret(path: str = "a.ipynb", **changes: Any) -> Finding:
    return finding(
        f"secret {path}",
        path,
        **{"rule": "provider-token", "family": "secrets", "baseline_hash": SHA1, **changes},
    )


def detect_secrets(path: str = "a.ipynb", **changes: Any) -> dict[str, Any]:
    item = {
        "type": "Secret Keyword",
        "filename": path,
        "hashed_secret": SHA1,
        "is_verified": False,
        "line_number": 7,
    }
    return {"version": "1.5.0", "plugins_used": [], "results": {path: [{**item, **changes}]}}


def as_bytes(document: Any) -> bytes:
    return json.dumps(document).encode()


def test_what_is_dumped_is_known() -> None:
    findings = [finding("f1"), finding("f2", "b.ipynb"), secret()]
    baseline = load(dump(findings))
    assert all(baseline.matches(f) for f in findings)
    assert not baseline.matches(finding("f3"))


def test_the_format() -> None:
    assert json.loads(dump([finding()])) == {
        "version": 1,
        "tool": "mlsec",
        "findings": [
            {
                "fingerprint": "f1",
                "rule": "unpinned-install",
                "path": "a.ipynb",
                "message": "a is not pinned",
            }
        ],
    }


def test_order_and_repetition_change_nothing() -> None:
    findings = [finding("f2"), finding("f1"), finding("f1", "b.ipynb"), secret()]
    assert dump(findings) == dump([*reversed(findings), findings[0]])


@pytest.mark.parametrize(
    ("suppressed", "kept"),
    [(None, 1), ("baseline", 1), ("comment", 0), ("tag", 0), ("config", 0)],
)
def test_what_is_silenced_elsewhere_is_not_dumped(suppressed: str | None, kept: int) -> None:
    assert len(json.loads(dump([finding(suppressed=suppressed)]))["findings"]) == kept


def test_apply_marks_what_is_known_with_the_reason_on_file() -> None:
    document = json.loads(dump([finding("f1"), finding("f2")]))
    document["findings"][0]["reason"] = "accepted in March"
    findings = [finding("f1"), finding("f2"), finding("f3"), finding("f1", suppressed="tag")]
    applied = load(as_bytes(document)).apply(findings)
    assert [(f.suppressed, f.reason) for f in applied] == [
        ("baseline", "accepted in March"),
        ("baseline", None),
        (None, None),
        ("tag", None),
    ]


@pytest.mark.parametrize("version", ["1.0.0", "1.4.0", "1.5.0", "1.5.45"])
def test_baselines_of_detect_secrets_are_read(version: str) -> None:
    baseline = load(as_bytes({**detect_secrets(), "version": version}))
    assert baseline.matches(secret())
    assert not baseline.matches(secret("b.ipynb"))
    assert not baseline.matches(secret(baseline_hash="0" * 40))
    assert not baseline.matches(finding())


@pytest.mark.parametrize(
    ("written", "base", "path"),
    [
        ("a.ipynb", "", "./a.ipynb"),
        ("sub\\a.ipynb", "", "sub/a.ipynb"),
        ("a.ipynb", "sub", "sub/a.ipynb"),
        ("../a.ipynb", "sub", "a.ipynb"),
        ("sub/a.ipynb", "/repo", "/repo/sub/a.ipynb"),
        ("sub/a.ipynb", "C:/repo", "C:\\repo\\sub\\a.ipynb"),
    ],
)
def test_paths_are_those_from_the_baseline_s_folder(written: str, base: str, path: str) -> None:
    assert load(as_bytes(detect_secrets(written)), base).matches(secret(path))
    assert relative(path, base) == normal(written)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"\xff\xfe\x00", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b"[]", "not a JSON object"),
        (b"{}", "neither a baseline"),
        (b'{"version": 2, "findings": []}', "neither a baseline"),
        (b'{"version": 1, "findings": {}}', "neither a baseline"),
        (b'{"version": 1, "findings": [{"fingerprint": "a"}]}', "entry 1"),
        (b'{"version": 1, "findings": [7]}', "entry 1"),
        (b'{"version": "0.14.3", "results": {}}', "detect-secrets 1.x"),
        (b'{"version": "1.5.0", "results": []}', "malformed"),
        (b'{"version": "1.5.0", "results": {"a": {}}}', "malformed"),
        (b'{"version": "1.5.0", "results": {"a": [{"type": "x"}]}}', "malformed"),
    ],
)
def test_malformed_baselines_are_refused(data: bytes, says: str) -> None:
    with pytest.raises(MlsecError, match=says) as error:
        load(data)
    assert error.value.hint


def test_where_the_json_is_broken() -> None:
    with pytest.raises(MlsecError) as error:
        load(b'{"version": 1,\n  x}')
    assert (error.value.line, error.value.column) == (2, 3)


def noted() -> Baseline:
    document = json.loads(dump([finding("f1"), finding("gone"), finding("other", "b.ipynb")]))
    for entry in document["findings"]:
        entry["reason"] = f"note on {entry['fingerprint']}"
    return load(as_bytes(document))


def test_update_keeps_notes_and_drops_what_is_gone() -> None:
    written = json.loads(update(noted(), [finding("f1"), finding("new")]))["findings"]
    assert [(e["fingerprint"], e.get("reason")) for e in written] == [
        ("f1", "note on f1"),
        ("new", None),
    ]


def test_update_leaves_files_alone_that_were_not_scanned() -> None:
    written = json.loads(update(noted(), [finding("f1")], scanned=["./a.ipynb"]))["findings"]
    assert [(e["fingerprint"], e["reason"]) for e in written] == [
        ("f1", "note on f1"),
        ("other", "note on other"),
    ]


def test_update_without_change_changes_nothing() -> None:
    findings = [finding("f1"), secret()]
    assert update(load(dump(findings)), findings) == dump(findings)


def test_update_adds_to_a_baseline_of_detect_secrets_and_removes_nothing() -> None:
    old = {**detect_secrets(is_secret=False), "custom": 1}
    new = secret(baseline_hash="1" * 40, kind="openai-api-key")
    types = {"openai-api-key": "OpenAI Token"}
    document = json.loads(update(load(as_bytes(old)), [secret(), new, finding()], types=types))
    assert document["custom"] == 1
    assert list(document["results"]) == ["a.ipynb"]
    added, kept = document["results"]["a.ipynb"]
    assert kept == old["results"]["a.ipynb"][0]
    assert added == {
        "type": "OpenAI Token",
        "filename": "a.ipynb",
        "hashed_secret": "1" * 40,
        "is_verified": False,
    }


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "Secret Keyword"),
        ({"kind": "openai-api-key"}, "OpenAI Token"),
        ({"kind": "without-a-type"}, "Secret Keyword"),
        ({"kind": "unknown"}, "Secret Keyword"),
        ({"rule": "private-key-block"}, "Private Key"),
        ({"rule": "credential-in-url"}, "Basic Auth Credentials"),
    ],
)
def test_type_names_of_detect_secrets(changes: dict[str, Any], name: str) -> None:
    types = {"openai-api-key": "OpenAI Token", "without-a-type": None}
    document = json.loads(dump_detect_secrets([secret(**changes)], types))
    assert document["results"]["a.ipynb"][0]["type"] == name


def test_lines_of_detect_secrets_are_those_of_the_file() -> None:
    script = secret("x.py", place=Place("x.py", "file", 5, 1, 5, 9))
    document = json.loads(dump_detect_secrets([secret(), script], {}, locate=lambda place: 41))
    assert document["results"]["a.ipynb"][0]["line_number"] == 41
    assert document["results"]["x.py"][0]["line_number"] == 5
    without = json.loads(dump_detect_secrets([secret()], {}))
    assert "line_number" not in without["results"]["a.ipynb"][0]


def test_no_baseline_holds_the_value() -> None:
    findings = [secret(message="a token stands in the code")]
    written = dump(findings) + dump_detect_secrets(findings, {})
    assert VALUE.encode() not in written


def test_the_real_library_reads_what_is_written() -> None:
    from detect_secrets import settings
    from detect_secrets.core import baseline as library

    document = json.loads(dump_detect_secrets([secret(), secret("b.ipynb")], {}))
    with settings.transient_settings({"plugins_used": []}):
        collection = library.load(document)
        hashes = {(path, found.secret_hash) for path, found in collection}
        plugins = set(settings.get_settings().plugins)
    assert hashes == {("a.ipynb", SHA1), ("b.ipynb", SHA1)}
    with settings.default_settings():
        assert plugins == set(settings.get_settings().plugins)


def test_what_the_real_library_writes_is_read(tmp_path: Any, monkeypatch: Any) -> None:
    from detect_secrets import settings
    from detect_secrets.core import baseline as library

    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text("pass" + f'word = "{VALUE}"\n')
    with settings.default_settings():
        written = library.format_for_output(library.create("a.py", should_scan_all_files=True))
    baseline = load(as_bytes(written))
    assert baseline.matches(secret("a.py"))
