"""The notice at a save, also where the secret was typed the moment before."""

from __future__ import annotations

from typing import Any

from tests.e2e.conftest import opened
from tests.e2e.jupyter import Server, code

SET_AND_SAVE = """async text => {
    const { content, context } = jupyterapp.shell.currentWidget;
    content.widgets[0].model.sharedModel.setSource(text);
    await context.save();
}"""


def test_a_secret_typed_just_before_the_save_is_told(page: Any, lab: Server, key: str) -> None:
    opened(page, lab.write("typed-and-saved.ipynb", code("x = 1")))
    notices = page.locator(".Toastify__toast").filter(has_text="saved with a secret")
    page.evaluate(SET_AND_SAVE, "y = 2")
    assert notices.count() == 0
    page.evaluate(SET_AND_SAVE, f'aws_key = "{key}"')
    notices.first.wait_for()
    assert key not in notices.first.inner_text()
    page.evaluate(SET_AND_SAVE, f'aws_key = "{key}"  # again')
    page.wait_for_timeout(500)
    assert notices.count() == 1  # once for each secret
