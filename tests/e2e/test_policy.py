"""What an administrator wants done at a save, as the user sees it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.conftest import opened, source
from tests.e2e.jupyter import Server, code, stream

POLICIES = ("refuse", "redact")


@pytest.fixture(scope="module", params=POLICIES)
def lab(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    command = ("lab", f"--MlsecApp.on_save={request.param}", "--MlsecApp.save_time_limit=60")
    server = Server(tmp_path_factory.mktemp(request.param), command)
    server.policy = request.param  # type: ignore[attr-defined]
    yield server
    server.stop()


def save(page: Any) -> None:
    page.evaluate("void jupyterapp.commands.execute('docmanager:save').catch(() => null)")


def toast(page: Any, text: str) -> Any:
    found = page.locator(".Toastify__toast", has_text=text)
    found.wait_for(timeout=60_000)  # the first answer may wait for patterns to be compiled
    return found


def test_a_save(page: Any, lab: Server, key: str) -> None:
    {"refuse": refused, "redact": redacted}[lab.policy](page, lab, key)  # type: ignore[attr-defined]


def refused(page: Any, lab: Server, key: str) -> None:
    """Nothing is lost: the page keeps the text, the server a copy, the file what it held."""
    name = lab.write("kept.ipynb", code("x = 1"))
    before = (lab.root / name).read_bytes()
    opened(page, name)
    page.evaluate(
        """text => jupyterapp.shell.currentWidget.content.widgets[0].model.sharedModel
            .setSource(text)""",
        f'aws_key = "{key}"',
    )
    save(page)
    toast(page, "was not saved: there is a secret in it")
    dialog = page.locator(".jp-Dialog")
    dialog.wait_for()
    assert "refuses notebooks with credentials" in dialog.inner_text()
    assert key not in dialog.inner_text()
    dialog.get_by_role("button").last.click()
    assert (lab.root / name).read_bytes() == before
    assert source(page, 0) == f'aws_key = "{key}"'
    assert page.evaluate("jupyterapp.shell.currentWidget.context.model.dirty")
    copies = list(lab.data.glob("mlsec/refused/kept-*.ipynb"))
    assert [key in copy.read_text() for copy in copies] == [True]
    # and saved once the secret is gone
    page.locator(".cm-lintRange").hover()
    page.locator(".cm-tooltip .cm-diagnosticAction").first.click()
    page.locator(".cm-lintRange").wait_for(state="detached")
    save(page)
    page.wait_for_function("!jupyterapp.shell.currentWidget.context.model.dirty")
    assert "os.environ" in lab.read(name)[0]
    assert not list(lab.data.glob("mlsec/refused/*"))


def redacted(page: Any, lab: Server, key: str) -> None:
    """The file is without the secret of an output; the page shows what it showed."""
    name = lab.write("shown.ipynb", code("show()", stream(f"using {key} now\n")))
    opened(page, name)
    page.evaluate("jupyterapp.shell.currentWidget.context.model.dirty = true")
    save(page)
    toast(page, "was saved without the secrets in its outputs")
    [cell] = json.loads((lab.root / name).read_text())["cells"]
    text = "".join(cell["outputs"][0]["text"])
    assert text.startswith("using [redacted: aws-access-key-id")
    assert text.endswith(" now\n")
    assert key not in json.dumps(cell)
    shown = page.evaluate(
        """JSON.stringify(jupyterapp.shell.currentWidget.content.widgets[0].model.sharedModel
            .getOutputs())"""
    )
    assert key in shown
