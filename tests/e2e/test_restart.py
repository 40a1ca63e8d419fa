"""The server goes away and comes back, in a page of its own: JupyterLab puts a notice over it."""

from __future__ import annotations

from typing import Any

from tests.e2e.conftest import opened
from tests.e2e.jupyter import Server, code

MARK = ".cm-lintRange"


def test_a_restarted_server_is_asked_again(page: Any, lab: Server, key: str) -> None:
    from playwright.sync_api import expect

    opened(page, lab.write("restart.ipynb", code(f'aws_key = "{key}"'), code("x = 1")))
    expect(page.locator(MARK)).to_have_count(1)
    lab.stop()
    try:  # edited through the model: JupyterLab's own notice stands in front of the editors
        page.evaluate(
            """key => jupyterapp.shell.currentWidget.content.widgets[1].model.sharedModel
                .setSource(`other = "${key}"`)""",
            key,
        )
    finally:
        lab.start()
    expect(page.locator(f".jp-Cell:nth-child(2) {MARK}")).to_have_count(1, timeout=60_000)
