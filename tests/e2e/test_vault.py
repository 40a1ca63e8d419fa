"""A credential moved from a cell to Vault: from the hover, the panel, a selection and a save."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from jupyter_mlsec.core.formats import sample
from tests.e2e.conftest import opened, source
from tests.e2e.jupyter import Server, code
from tests.e2e.vaulted import Vaulted, run, wait_for

MARK = ".cm-lintRange"
DIALOG = ".jp-Dialog"


@pytest.fixture(scope="module")
def lab(vault_lab: Vaulted) -> Server:
    return vault_lab


def token(seed: int) -> str:
    return sample("hf_{aA:34}", Random(seed))


def printing(text: str) -> dict[str, Any]:
    output = {"output_type": "stream", "name": "stdout", "text": [f"using {text}\n"]}
    return {**code("print('using', hub)"), "outputs": [output], "execution_count": 2}


def moved(page: Any, folder: str = "kv/notebooks") -> None:
    """Answer the dialog that asks where to."""
    dialog = page.locator(DIALOG)
    dialog.wait_for()
    dialog.locator("input[type=text]").fill(folder)
    dialog.get_by_role("button", name="Move", exact=True).click()


def told(page: Any, title: str = "Moved to Vault") -> str:
    """What the dialog says in the end, once it is closed."""
    dialog = page.locator(DIALOG, has_text=title)
    dialog.wait_for()
    text: str = dialog.inner_text()
    dialog.get_by_role("button", name="Close").click()
    dialog.wait_for(state="detached")
    return text


def kept_nowhere(server: Vaulted, value: str) -> None:
    """The value is in no file of the notebook's folder, and in no log of the server."""
    for file in server.root.rglob("*"):
        assert not file.is_file() or value not in file.read_text("utf-8", "replace"), file.name
    assert value not in server.log.read_text("utf-8", "replace")
    assert value not in (server.home / ".local/state/mlsec/secrets.jsonl").read_text()


def test_from_the_hover(page: Any, vault_lab: Vaulted) -> None:
    from playwright.sync_api import expect

    value = token(1)
    before = f'hub = "{value}"\nprint(len(hub))'
    name = vault_lab.write("hover.ipynb", code(before), printing(value))
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    opened(page, name)
    page.locator(MARK).first.hover()
    page.locator(".cm-tooltip .cm-diagnosticAction", has_text="Move to Vault").click()
    moved(page)
    reference = "kv/notebooks/hover/hugging-face-user-access-token#value"
    page.locator(f"{DIALOG} a[href='https://huggingface.co/settings/tokens']").wait_for()
    said = told(page)
    assert reference in said
    assert "rotate it" in said
    assert value not in said
    expect(page.locator(MARK)).to_have_count(0)
    assert source(page, 0) == (
        f'from jupyter_mlsec import secret\nhub = secret("{reference}")\nprint(len(hub))'
    )
    assert vault_lab.kept(reference) == value
    outputs = page.evaluate(
        "jupyterapp.shell.currentWidget.content.widgets[1].model.sharedModel.getOutputs()"
    )
    assert outputs == []  # it showed the value
    run(page, 0)
    wait_for(page, 0, str(len(value)))  # the kernel gets it, without a question
    page.evaluate("jupyterapp.shell.currentWidget.context.save()")
    page.wait_for_function("!jupyterapp.shell.currentWidget.context.model.dirty")
    kept_nowhere(vault_lab, value)
    assert not any(value in url for url in requests)
    page.evaluate(
        "jupyterapp.shell.currentWidget.content.widgets[0].model.sharedModel.undo()"
    )  # one step, and the finding is back
    assert source(page, 0) == before
    expect(page.locator(MARK)).not_to_have_count(0)


def test_what_is_selected(page: Any, vault_lab: Vaulted) -> None:
    from playwright.sync_api import expect

    value = "orange " + token(2)[5:12]
    opened(page, vault_lab.write("chosen.ipynb", code(f'word = "é😀"; phrase = "{value}"')))
    editor = page.locator(".jp-Notebook .cm-content")
    editor.click()
    page.keyboard.press("End")
    for _ in range(len(value) + 2):
        page.keyboard.press("Shift+ArrowLeft")
    page.evaluate("void jupyterapp.commands.execute('mlsec:move-to-vault')")
    moved(page, "kv/mine")
    told(page)
    page.wait_for_function(
        """jupyterapp.shell.currentWidget.content.widgets[0].model.sharedModel
            .getSource().includes('secret(')"""
    )
    assert 'phrase = secret("kv/mine/chosen/selection#value")' in source(page, 0)
    assert vault_lab.kept("kv/mine/chosen/selection#value") == value
    expect(page.locator(DIALOG)).to_have_count(0)


def test_offered_when_a_notebook_is_saved(page: Any, vault_lab: Vaulted) -> None:
    from playwright.sync_api import expect

    value = token(3)
    opened(page, vault_lab.write("saved.ipynb", code("x = 1"), code(f'hub = "{value}"')))
    page.evaluate("jupyterapp.shell.currentWidget.context.save()")
    toast = page.locator(".Toastify__toast", has_text="is saved with a secret in it")
    toast.get_by_role("button", name="Move to Vault").click()
    moved(page)
    told(page)
    expect(page.locator(MARK)).to_have_count(0)
    assert "secret(" in source(page, 1)


def test_what_cannot_be_replaced_stays(page: Any, vault_lab: Vaulted) -> None:
    value = token(4)
    opened(page, vault_lab.write("stays.ipynb", code(f"%%html\n<b>{value}</b>")))
    page.evaluate("void jupyterapp.commands.execute('mlsec:open-panel')")
    row = page.locator("#jp-mlsec-panel .jp-mlsec-row").first
    row.get_by_role("button", name="Move to Vault").click()
    moved(page)
    said = told(page, "Nothing was moved")
    assert "changed by hand" in said
    assert value not in said
    assert value in source(page, 0)


def test_what_is_wrong_is_said_in_one_line(page: Any, vault_lab: Vaulted) -> None:
    value = token(5)
    opened(page, vault_lab.write("none.ipynb", code(f'hub = "{value}"')))
    page.locator(MARK).first.hover()
    page.locator(".cm-tooltip .cm-diagnosticAction", has_text="Move to Vault").click()
    moved(page, "nowhere/mine")
    toast = page.locator(".Toastify__toast--error")
    toast.first.wait_for()
    assert "no mount nowhere/" in toast.first.inner_text()
    assert source(page, 0) == f'hub = "{value}"'
