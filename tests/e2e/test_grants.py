"""A notebook asks for a secret, and JupyterLab asks its user."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.conftest import address, opened
from tests.e2e.jupyter import Server, code
from tests.e2e.vaulted import Vaulted, run, wait_for

DIALOG = ".jp-Dialog.jp-mlsec-question"
PANEL = "#jp-mlsec-panel"
# Somebody goes on typing while the dialog comes up.
TYPE_ON = """(dialog) => {
  const observer = new MutationObserver(() => {
    if (document.querySelector(dialog)) {
      observer.disconnect();
      const enter = { key: 'Enter', keyCode: 13, bubbles: true, cancelable: true };
      setTimeout(() => {
        document.activeElement.dispatchEvent(new KeyboardEvent('keydown', enter));
        window.typedOn = true;
      }, 50);
    }
  });
  observer.observe(document.body, { childList: true, subtree: true });
}"""


@pytest.fixture(scope="module")
def lab(vault_lab: Vaulted) -> Server:
    return vault_lab


def fetching(*keys: str) -> dict[str, Any]:
    lines = [f'print(len(secret("kv/demo#{key}")), "{key}")' for key in keys]
    return code("\n".join(["from jupyter_mlsec import secret", *lines]))


def lines(server: Vaulted) -> list[tuple[str, str, str]]:
    """Event, notebook and reference of the audit log."""
    text = (server.home / ".local/state/mlsec/secrets.jsonl").read_text()
    assert server.value not in text
    entries = [json.loads(line) for line in text.splitlines()]
    return [(one["event"], one["notebook"], one["reference"]) for one in entries]


def settled(page: Any) -> None:
    """Past the moment in which a dialog takes no keys."""
    page.wait_for_timeout(600)


def test_asked_until_the_kernel_ends(page: Any, vault_lab: Vaulted) -> None:
    from playwright.sync_api import expect

    opened(page, vault_lab.write("ask.ipynb", fetching("key"), fetching("other", "third")))
    page.evaluate(TYPE_ON, DIALOG)
    run(page, 0)
    dialog = page.locator(DIALOG)
    dialog.wait_for()
    assert dialog.locator("dd").all_inner_texts() == ["ask.ipynb", "kv/demo#key"]
    assert "kv/demo#key" in page.get_by_role("alertdialog").get_attribute("aria-label")
    waits = "waiting for you to answer in JupyterLab whether ask.ipynb may have kv/demo#key"
    assert wait_for(page, 0, waits).count("waiting") == 1
    settled(page)
    assert page.evaluate("window.typedOn")  # for a cell: too early to be an answer
    expect(dialog).to_be_visible()
    assert page.evaluate("document.activeElement.innerText") == "Refuse"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Allow Until the Kernel Ends"
    page.keyboard.press("Enter")
    wait_for(page, 0, "40 key")
    expect(dialog).to_have_count(0)
    run(page, 0)
    wait_for(page, 0, "40 key")
    # two at once are two questions, one after the other; Escape refuses
    run(page, 1)
    expect(dialog.locator("dd").nth(1)).to_have_text("kv/demo#other")
    settled(page)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert "ask.ipynb may not have kv/demo#other" in wait_for(page, 1, "may not have")
    assert ("refusal", "ask.ipynb", "kv/demo#other") in lines(vault_lab)
    page.evaluate("jupyterapp.shell.currentWidget.sessionContext.restartKernel().then(() => null)")
    run(page, 0)
    dialog.wait_for()  # a restarted kernel asks again
    page.evaluate("jupyterapp.shell.currentWidget.sessionContext.session.kernel.interrupt()")
    expect(dialog).to_have_count(0, timeout=10_000)  # and waits no more: nothing is asked
    assert "Interrupt" in wait_for(page, 0, "Interrupt")


def test_always_outlives_the_kernel_and_the_server(page: Any, vault_lab: Vaulted) -> None:
    from playwright.sync_api import expect

    name = vault_lab.write("always.ipynb", fetching("key"))
    opened(page, name)
    run(page, 0)
    dialog = page.locator(DIALOG)
    dialog.wait_for()
    settled(page)
    dialog.get_by_role("button", name="Allow Always").click()
    wait_for(page, 0, "40 key")
    page.evaluate("jupyterapp.commands.execute('mlsec:open-grants')")
    panel = page.locator(PANEL)
    row = panel.get_by_role("region", name="Answered").locator("li", has_text="always.ipynb")
    assert "always allowed" in row.inner_text()
    vault_lab.stop()
    vault_lab.start()
    page.goto(address(vault_lab))
    page.wait_for_function("window.jupyterapp?.commands.hasCommand('docmanager:open')")
    page.evaluate("jupyterapp.restored.then(() => null)")
    opened(page, name)
    page.evaluate("jupyterapp.shell.currentWidget.content.widgets[0].model.clearExecution()")
    run(page, 0)
    wait_for(page, 0, "40 key")  # remembered
    expect(dialog).to_have_count(0)
    page.evaluate("jupyterapp.commands.execute('mlsec:open-grants')")
    row.get_by_role("button", name="Revoke").click()
    expect(row).to_have_count(0)
    run(page, 0)
    dialog.wait_for()
    settled(page)
    page.keyboard.press("Escape")
    assert "may not have" in wait_for(page, 0, "may not have")
    # the refusal is taken back in the list, and the cell asks again
    assert "refused until its kernel ends" in row.inner_text()
    row.get_by_role("button", name="Forget").click()
    expect(row).to_have_count(0)
    run(page, 0)
    dialog.wait_for()
    settled(page)
    dialog.get_by_role("button", name="Refuse").click()
    heard = [one for one in lines(vault_lab) if one[1] == name]
    kinds = [event for event, *_ in heard]
    # a refusal is the user's, and then the fetch's
    assert kinds[:7] == ["grant", "fetch", "fetch", "revoke", "refusal", "refusal", "revoke"]


def test_two_windows_and_one_answer(page: Any, browser: Any, vault_lab: Vaulted) -> None:
    from playwright.sync_api import expect

    other = browser.new_context().new_page()
    other.goto(address(vault_lab))
    other.wait_for_function("window.jupyterapp?.commands.hasCommand('docmanager:open')")
    opened(page, vault_lab.write("two.ipynb", fetching("key", "other")))
    run(page, 0)
    for window in (page, other):
        window.locator(DIALOG, has_text="kv/demo#key").wait_for()
    settled(page)
    other.locator(DIALOG).get_by_role("button", name="Allow Until the Kernel Ends").click()
    for window in (page, other):
        window.locator(DIALOG, has_text="kv/demo#other").wait_for()
    settled(page)
    page.locator(DIALOG).get_by_role("button", name="Allow Until the Kernel Ends").click()
    expect(other.locator(DIALOG)).to_have_count(0)
    wait_for(page, 0, "40 other")
    other.context.close()
