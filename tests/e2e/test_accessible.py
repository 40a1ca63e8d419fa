"""Without a mouse, and with a screen reader: axe-core on what is ours, in three themes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import opened
from tests.e2e.jupyter import Server, code, stream

AXE = Path(__file__).parent.parent.parent / "node_modules" / "axe-core" / "axe.min.js"
OURS = [
    "#jp-mlsec-panel",
    ".jp-mlsec-status",
    ".jp-mlsec-badge",
    ".cm-tooltip",
    ".jp-mlsec-sidebyside",
]
THEMES = ["JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"]


@pytest.mark.parametrize("theme", THEMES)
def test_no_serious_finding_of_axe(page: Any, lab: Server, key: str, theme: str) -> None:
    cells = [code(f'aws_key = "{key}"'), code("!pip install a1b2", stream(f"{key}\n"))]
    opened(page, lab.write("axe.ipynb", *cells))
    page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', { theme })", theme)
    page.wait_for_function(
        "theme => document.body.dataset.jpThemeName === theme && !document.body.matches('.x')",
        arg=theme,
    )
    page.evaluate("jupyterapp.commands.execute('mlsec:open-panel')")
    page.locator(".jp-mlsec-badge").wait_for()
    page.locator(".jp-Notebook .cm-lintRange").first.hover()
    page.locator(".cm-tooltip .jp-mlsec-hover").wait_for()
    if not page.evaluate("'axe' in window"):
        page.add_script_tag(path=AXE)
    found = page.evaluate(
        """async selectors => {
            const include = selectors.filter(s => document.querySelector(s));
            const { violations } = await axe.run({ include });
            return [include, violations
                .filter(v => ['serious', 'critical'].includes(v.impact))
                .map(v => `${v.id}: ${v.nodes.map(n => n.target + ' ' + n.failureSummary)}`)];
        }""",
        OURS,
    )
    assert set(OURS) - {".jp-mlsec-sidebyside"} <= set(found[0])
    assert found[1] == []


def test_the_panel_by_keyboard_alone(page: Any, lab: Server, key: str) -> None:
    from playwright.sync_api import expect

    opened(page, lab.write("keyboard.ipynb", code("x = 1"), code(f'aws_key = "{key}"')))
    page.evaluate("jupyterapp.commands.execute('mlsec:open-panel')")
    page.get_by_role("tab", name="This document").focus()
    names = []
    for _ in range(20):
        page.keyboard.press("Tab")
        name = page.evaluate(
            "document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText"
        )
        names.append(name)
        if name.startswith("Preview"):
            break
    assert [n for n in names if n.startswith("Fix: ")], names
    page.keyboard.press("Enter")
    expect(page.locator(".jp-Dialog")).to_be_visible()
    page.keyboard.press("Enter")  # the dialog's own focus is on Apply
    expect(page.locator(".jp-Notebook .cm-lintRange")).to_have_count(0)


def test_findings_of_a_cell_as_a_list(page: Any, lab: Server, key: str) -> None:
    opened(page, lab.write("list.ipynb", code(f'aws_key = "{key}"')))
    page.locator(".jp-Notebook .cm-lintRange").wait_for()
    page.locator(".jp-Notebook .cm-content").click()
    page.keyboard.press("Control+Shift+m")
    listed = page.locator(".cm-panel-lint [role=listbox]")
    listed.wait_for()
    assert "AWS access key ID" in listed.inner_text()
