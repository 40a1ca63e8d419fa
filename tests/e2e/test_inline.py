"""Findings where the user types: squiggles, hovers, quick fixes, in a real JupyterLab."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.conftest import opened, source
from tests.e2e.jupyter import Server, code, prose

MARK = ".cm-lintRange"


def texts(page: Any, cell: int | None = None) -> list[str]:
    """What is underlined, in one cell or anywhere; a mark over lines in one piece each."""
    scope = page if cell is None else page.locator(".jp-Notebook .jp-Cell").nth(cell)
    return [text for text in scope.locator(MARK).all_inner_texts() if text]


def test_a_secret_is_underlined_as_it_is_typed(page: Any, lab: Server, key: str) -> None:
    from playwright.sync_api import expect

    opened(page, lab.write("typed.ipynb", code("x = 1"), code("y = 2")))
    expect(page.locator(MARK)).to_have_count(0)
    editor = page.locator(".jp-Notebook .cm-content").nth(1)
    editor.click()
    page.keyboard.press("Control+End")
    page.keyboard.type(f'\naws_key = "{key}"')
    expect(page.locator(f".jp-Cell:nth-child(2) {MARK}")).to_have_count(1)
    assert key in texts(page, 1)[0]
    expect(page.locator(".cm-gutter-lint .cm-lint-marker-error")).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(page.locator(MARK)).to_have_count(0)


def test_hover_says_what_why_and_where_to_read_on(page: Any, lab: Server, key: str) -> None:
    opened(page, lab.write("hover.ipynb", code(f'aws_key = "{key}"')))
    page.locator(MARK).hover()
    hover = page.locator(".cm-tooltip .jp-mlsec-hover")
    hover.wait_for()
    assert "AWS access key ID" in hover.inner_text()
    assert len(hover.locator(".jp-mlsec-hover-reason").inner_text()) > 20
    assert hover.locator("a").get_attribute("href").endswith("provider-token.html")
    assert "high" in hover.inner_text()


def test_a_fix_is_one_step_to_undo(page: Any, lab: Server, key: str) -> None:
    from playwright.sync_api import expect

    before = f'aws_key = "{key}"'
    opened(page, lab.write("fix.ipynb", code(before)))
    page.locator(MARK).hover()
    page.locator(".cm-tooltip .cm-diagnosticAction").first.click()
    expect(page.locator(MARK)).to_have_count(0)
    assert source(page, 0) == 'import os\naws_key = os.environ["AWS_KEY"]'
    page.locator(".jp-Notebook .cm-content").click()
    page.keyboard.press("Control+z")
    expect(page.locator(MARK)).to_have_count(1)
    assert source(page, 0) == before


def test_ignore_here_with_a_reason(page: Any, lab: Server, key: str) -> None:
    from playwright.sync_api import expect

    opened(page, lab.write("ignore.ipynb", code(f'aws_key = "{key}"')))
    page.locator(MARK).hover()
    page.get_by_role("button", name="Ignore here").click()
    page.locator(".jp-Dialog input").fill("a made-up key")
    page.locator(".jp-Dialog .jp-mod-accept").click()
    expect(page.locator(MARK)).to_have_count(0)
    assert source(page, 0).endswith("# mlsec: ignore[provider-token] a made-up key")


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_cells_without_code(page: Any, lab: Server, key: str, kind: str) -> None:
    name = lab.write(f"{kind}.ipynb", prose(f"The key is {key}.", kind))
    opened(page, name)
    if kind == "markdown":
        page.locator(".jp-MarkdownCell .jp-RenderedMarkdown").dblclick()
    page.locator(f".jp-Cell {MARK}").wait_for()
    assert texts(page) == [key]


@pytest.mark.parametrize(
    ("name", "text", "marked"),
    [
        ("settings.py", 'aws_key = "KEY"\n', "KEY"),
        (
            "requirements.txt",
            "--index-url http://example.org/simple\n",
            "http://example.org/simple",
        ),
    ],
)
def test_files(page: Any, lab: Server, key: str, name: str, text: str, marked: str) -> None:
    (lab.root / name).write_text(text.replace("KEY", key))
    opened(page, name)
    page.locator(f".jp-FileEditor {MARK}").first.wait_for()
    assert marked.replace("KEY", key) in "".join(texts(page))


def test_console(page: Any, lab: Server, key: str) -> None:
    page.evaluate(
        """async () => {
            const { commands } = jupyterapp;
            await commands.execute('console:create', { kernelPreference: { name: 'python3' } });
        }"""
    )
    prompt = page.locator(".jp-CodeConsole-promptCell .cm-content")
    prompt.wait_for()
    prompt.click()
    page.keyboard.type(f'aws_key = "{key}"')
    page.locator(f".jp-CodeConsole-promptCell {MARK}").wait_for()
