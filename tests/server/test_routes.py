"""What the routes answer, through a Jupyter server and real workers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec import json

import jupyter_mlsec
from tests.server.conftest import Api
from tests.server.documents import no_token, notebook, saved, spliced, stream, token
from tests.server.live import Live

HUB = 'import torch\nm = torch.hub.load("acme/models", "small")'


def rules(answer: dict[str, Any]) -> list[str]:
    return [finding["rule"] for finding in answer["findings"]]


def test_health(api: Api) -> None:
    status, answer = api("health")
    assert status == 200
    assert answer["version"] == jupyter_mlsec.__version__
    assert answer["rules"] > 20
    assert answer["policy"]["onSave"] == "warn"


def test_rules(api: Api) -> None:
    _, answer = api("rules")
    known = {rule["id"]: rule for rule in answer}
    assert known["provider-token"]["family"] == "secrets"
    assert known["provider-token"]["docs"].startswith("https://")
    assert (api("health"))[1]["rules"] == len(known)


def test_a_finding_with_places_in_utf_16(api: Api) -> None:
    value = token()
    source = f'key = "😀"; t = "{value}"'
    status, answer = api("scan", notebook("import os", source, request=7))
    assert status == 200
    assert answer["request"] == 7
    (found,) = answer["findings"]
    place = found["place"]
    assert (found["rule"], found["severity"]) == ("provider-token", "critical")
    assert (place["cell"], place["cellId"], place["part"], place["line"]) == (1, "c1", "source", 1)
    assert spliced(source, {**place, "text": "X"}) == 'key = "😀"; t = "X"'
    assert place["column"] == place["start"] + 1
    no_token(answer)


def test_what_is_found_across_cells_outputs_and_metadata(api: Api) -> None:
    value = token()
    request = notebook("import torch as t", 't.hub.load("acme/models", "small")', "print(key)", "")
    request["cells"][2]["outputs"] = [stream(f"token: {value}\n")]
    request["cells"][3] |= {"type": "markdown", "source": f"my key is `{value}`"}
    request["metadata"] = {"papermill": {"parameters": {"hf_token": token(1)}}}
    _, answer = api("scan", request)
    load, same, other = answer["findings"]
    assert (load["rule"], load["place"]["cell"]) == ("remote-module-execution", 1)
    places = [(p["cell"], p["part"], p["output"]) for p in (same["place"], *same["related"])]
    assert places == [(2, "output", 0), (3, "source", None)]
    assert (other["place"]["cell"], other["place"]["part"]) == (None, "metadata")


@pytest.mark.parametrize(
    ("path", "source", "rule"),
    [
        ("requirements.txt", "numpy\n", "requirements-file-unpinned"),
        ("a.py", HUB, "remote-module-execution"),
        ("Dockerfile", "FROM python\nRUN pip install numpy\n", "unpinned-install"),
    ],
)
def test_files(api: Api, path: str, source: str, rule: str) -> None:
    request = {"path": path, "kind": "file", "cells": [{"id": "x", "source": source}]}
    _, answer = api("scan", request)
    assert rule in rules(answer)
    assert {f["place"]["part"] for f in answer["findings"]} == {"file"}
    assert {f["place"]["cell"] for f in answer["findings"]} == {None}


@pytest.mark.parametrize("language", ["R", "julia", "bash"])
def test_other_kernels_get_what_applies(api: Api, language: str) -> None:
    request = notebook(HUB, f'key <- "{token()}"', language=language)
    _, answer = api("scan", request)
    assert rules(answer) == ["provider-token"]


def test_changed_cells_alone(api: Api) -> None:
    request = notebook(HUB, "x = 1", client="w1")
    for cell in request["cells"]:
        cell["hash"] = cell["source"]
    _, first = api("scan", request)
    names = [{"id": c["id"], "hash": c["hash"]} for c in request["cells"]]
    changed = {"id": "c1", "source": f't = "{token()}"', "hash": "new"}
    status, second = api("scan", {**request, "cells": [names[0], changed]})
    assert status == 200
    assert rules(first) == ["remote-module-execution"]
    assert rules(second) == [*rules(first), "provider-token"]
    # the order is what counts, not where a cell was before
    status, third = api("scan", {**request, "cells": [{"id": "c1", "hash": "new"}, names[0]]})
    assert [(f["rule"], f["place"]["cell"]) for f in third["findings"]] == [
        ("provider-token", 0),
        ("remote-module-execution", 1),
    ]


@pytest.mark.parametrize("change", [{"hash": "other"}, {"id": "c9"}, {"hash": None}])
def test_cells_that_the_server_lacks(api: Api, change: dict[str, Any]) -> None:
    request = notebook("x = 1", client="w1")
    request["cells"][0]["hash"] = "h"
    api("scan", request)
    cell = {"id": "c0", "hash": "h", **change}
    status, answer = api("scan", {**request, "cells": [cell]})
    assert (status, answer) == (409, {"missing": [cell["id"]]})
    other = {"id": "c0", "hash": "h"}
    status, answer = api("scan", {**request, "client": "w2", "cells": [other]})
    assert status == 409


def test_settings_and_comments(api: Api) -> None:
    request = notebook(HUB, f't = "{token()}"  # mlsec: ignore[secrets] made up')
    _, answer = api("scan", request)
    silenced = {f["rule"]: (f["suppressed"], f["reason"]) for f in answer["findings"]}
    assert silenced["provider-token"] == ("comment", "made up")
    _, answer = api("scan", {**request, "settings": {"ignore": ["installs"]}})
    assert rules(answer) == ["provider-token"]
    request["cells"][0]["metadata"] = {"tags": ["mlsec-ignore"]}
    _, answer = api("scan", request)
    assert {f["suppressed"] for f in answer["findings"]} == {"tag", "comment"}


def test_the_projects_configuration_holds(api: Api, root: Path) -> None:
    (root / "sub").mkdir()
    (root / "sub" / "mlsec.toml").write_text('ignore = ["installs"]\n')
    _, above = api("scan", notebook(HUB))
    _, below = api("scan", {**notebook(HUB), "path": "sub/a.ipynb"})
    assert rules(above)
    assert not rules(below)
    (root / "other").mkdir()
    (root / "other" / "mlsec.toml").write_text("nonsense = 1\n")
    status, answer = api("scan", {**notebook(HUB), "path": "other/a.ipynb"})
    assert status == 400
    assert "unknown setting" in answer["message"]


PLAIN = "!pip install --index-url http://packages.example.org/simple numpy=={}"


class TestFix:
    def test_all_safe(self, api: Api) -> None:
        settings = {"settings": {"profile": "pedantic"}}
        source = f"😀 = 1\n!pip install numpy==1.2\n{PLAIN.format(1.3)}"
        _, answer = api("fix", {**notebook("x", source, **settings), "fixes": "safe"})
        done = spliced(source, *answer["edits"])
        assert done == source.replace("!", "%")
        _, scanned = api("scan", notebook("x", done, **settings))
        assert answer["findings"] == scanned["findings"]
        assert "plain-http-index-or-url" in rules(answer)

    def test_one_of_two(self, api: Api) -> None:
        source = f"{PLAIN.format(1)}\n{PLAIN.format(2)}"
        _, before = api("scan", notebook(source))
        first, second = before["findings"]
        _, answer = api("fix", {**notebook(source), "fixes": [second["id"]]})
        done = spliced(source, *answer["edits"])
        assert done == f"{PLAIN.format(1)}\n{PLAIN.format(2).replace('http:', 'https:')}"
        assert [f["id"] for f in answer["findings"]] == [first["id"]]

    def test_a_rule(self, api: Api) -> None:
        request = notebook(PLAIN.format(1), PLAIN.format(2))
        _, answer = api("fix", {**request, "fixes": "plain-http-index-or-url"})
        assert answer["applied"] == 2
        assert {edit["cellId"] for edit in answer["edits"]} == {"c0", "c1"}
        _, answer = api("fix", {**request, "fixes": "unpinned-install"})
        assert (answer["applied"], answer["edits"]) == (0, [])

    def test_a_findings_own_edits_do_the_same(self, api: Api) -> None:
        source = PLAIN.format(1)
        _, scanned = api("scan", notebook(source))
        (found,) = scanned["findings"]
        _, fixed = api("fix", {**notebook(source), "fixes": [found["id"]]})
        assert spliced(source, *found["fix"]["edits"]) == spliced(source, *fixed["edits"])
        assert not found["fix"]["safe"]

    def test_what_is_silenced_or_unsafe_stays(self, api: Api) -> None:
        silenced = f"{PLAIN.format(1)}  # mlsec: ignore"
        _, answer = api("fix", {**notebook(silenced), "fixes": "plain-http-index-or-url"})
        assert answer["edits"] == []
        _, answer = api("fix", {**notebook(PLAIN.format(1)), "fixes": "safe"})
        assert answer["edits"] == []

    def test_a_pin_is_the_kernels_version(self, api: Api) -> None:
        import packaging

        request = notebook("%pip install packaging", kernel="python3")
        _, scanned = api("scan", request)
        (found,) = scanned["findings"]
        assert packaging.__version__ in found["fix"]["title"]
        _, fixed = api("fix", {**request, "fixes": [found["id"]]})
        done = spliced("%pip install packaging", *fixed["edits"])
        assert done == f"%pip install packaging=={packaging.__version__}"

    @pytest.mark.parametrize("kernel", ["../../python3", "a/b", "none-such", None])
    def test_no_such_kernel(self, api: Api, kernel: str | None) -> None:
        _, scanned = api("scan", notebook("%pip install packaging", kernel=kernel))
        (found,) = scanned["findings"]
        assert found["fix"] is None

    @pytest.mark.parametrize("name", ["sh", "Rpython", "python-wrapper"])
    def test_a_kernel_that_is_no_python_is_not_started(
        self, server: Live, api: Api, root: Path, name: str
    ) -> None:
        program = root / name
        program.write_text(f"#!/bin/sh\ntouch {root}/started\n")
        program.chmod(0o700)
        folder = server.root.parent / ".local" / "share" / "jupyter" / "kernels" / f"odd-{name}"
        folder.mkdir(parents=True)
        spec = {"argv": [str(program), "-f", "{connection_file}"], "language": "python"}
        (folder / "kernel.json").write_bytes(json.encode(spec))
        _, scanned = api("scan", notebook("%pip install packaging", kernel=f"odd-{name}"))
        (found,) = scanned["findings"]
        assert found["fix"] is None
        assert not (root / "started").exists()


class TestStripPreview:
    def test_of_a_path(self, api: Api, root: Path) -> None:
        content = saved("print(k)", outputs=[stream(f"{token()}\n")])
        (root / "a.ipynb").write_bytes(json.encode(content))
        status, answer = api("strip/preview", {"path": "a.ipynb"})
        assert status == 200
        assert answer["before"].encode() == json.encode(content)
        no_token(answer["after"])
        assert [r["part"] for r in answer["removed"]] == ["output"]

    def test_of_a_text(self, api: Api) -> None:
        text = json.encode(saved("x = 1")).decode()
        _, answer = api("strip/preview", {"content": text})
        assert answer["before"] == answer["after"] == text

    def test_of_no_notebook(self, api: Api) -> None:
        status, answer = api("strip/preview", {"content": "{"})
        assert status == 400
        assert answer["message"]


class TestBaseline:
    @pytest.fixture
    def known(self, root: Path) -> Path:
        (root / "mlsec.toml").write_text('baseline = ".known.json"\n')
        return root / ".known.json"

    def test_of_an_open_document(self, api: Api, root: Path, known: Path) -> None:
        _, before = api("scan", notebook(HUB, f't = "{token()}"'))
        first, second = before["findings"]
        request = {**notebook(HUB, f't = "{token()}"'), "fingerprints": [second["fingerprint"]]}
        path = f"{root.name}/.known.json"
        assert api("baseline", request) == (200, {"path": path, "added": 1})
        assert api("baseline", request) == (200, {"path": path, "added": 0})
        _, after = api("scan", notebook(HUB, f't = "{token()}"'))
        assert [f["suppressed"] for f in after["findings"]] == [None, "baseline"]
        request["fingerprints"] = [first["fingerprint"]]
        api("baseline", request)
        _, after = api("scan", notebook(HUB, f't = "{token()}"'))
        assert [f["suppressed"] for f in after["findings"]] == ["baseline", "baseline"]
        no_token(known.read_text())

    @pytest.mark.usefixtures("known")
    def test_of_a_file(self, api: Api, root: Path) -> None:
        (root / "b.py").write_text(HUB)
        request = {"path": "b.py", "kind": "file", "cells": [{"id": "x", "source": HUB}]}
        _, before = api("scan", request)
        (found,) = before["findings"]
        named = {"path": "b.py", "cells": [], "fingerprints": [found["fingerprint"]]}
        assert (api("baseline", named))[1]["added"] == 1
        _, after = api("scan", request)
        assert [f["suppressed"] for f in after["findings"]] == ["baseline"]

    def test_none_is_configured(self, api: Api) -> None:
        status, answer = api("baseline", {**notebook(HUB), "fingerprints": []})
        assert status == 400
        assert "mlsec.toml" in answer["message"]

    def test_one_elsewhere_is_not_written(self, api: Api, root: Path) -> None:
        (root / "mlsec.toml").write_text('baseline = "../../known.json"\n')
        status, _ = api("baseline", {**notebook(HUB), "fingerprints": []})
        assert status == 400
        assert not (root.parent.parent / "known.json").exists()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ([], 400),
        ({"path": "a.ipynb", "cells": [{"source": "x"}]}, 400),
        ({"path": "a.ipynb", "cells": [{"id": "a", "source": 1}]}, 400),
        ({"path": "a.ipynb", "cells": [], "settings": {"select": ["no-such-rule"]}}, 400),
        ({"path": "a.ipynb", "cells": [], "settings": {"unknown": 1}}, 400),
        ({"path": "a.py", "cells": [], "kind": "file"}, 400),
        ({"path": "../a.ipynb", "cells": []}, 404),
        ({"path": "b/../../a.ipynb", "cells": []}, 404),
    ],
)
def test_what_is_refused(api: Api, body: Any, status: int) -> None:
    code, answer = api("scan", body)
    assert code == status
    assert answer["message"]


def test_errors_quote_nothing_of_the_document(api: Api) -> None:
    value = token()
    for body in ({"path": value, "cells": value}, {"path": "a", "kind": value, "cells": []}):
        status, answer = api("scan", body)
        assert status == 400
        no_token(answer)


def test_broken_cells_are_said_to_be(api: Api) -> None:
    request = notebook("x = 1")
    request["cells"][0]["outputs"] = [stream("fine"), 7, {"output_type": 3}]
    status, answer = api("scan", request)
    assert (status, answer["findings"]) == (200, [])


def test_the_size_of_a_body_is_limited(api: Api) -> None:
    status, answer = api("scan", notebook("x" * 1_100_000))
    assert status == 413
    assert "1 MB" in answer["message"]


def test_the_size_of_a_file_is_limited(api: Api, root: Path) -> None:
    (root / "a.ipynb").write_bytes(b" " * 1_100_000)
    status, answer = api("strip/preview", {"path": "a.ipynb"})
    assert status == 413
    assert "1 MB" in answer["message"]
