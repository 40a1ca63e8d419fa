"""The panel, commands, badges on outputs, notices and settings, in a real JupyterLab."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.e2e.conftest import opened, source
from tests.e2e.jupyter import Server, code, prose, stream

PANEL = "#jp-mlsec-panel"
MARK = ".cm-lintRange"


def command(page: Any, name: str, **arguments: Any) -> Any:
    return page.evaluate(
        "([name, args]) => jupyterapp.commands.execute(name, args)", [f"mlsec:{name}", arguments]
    )


def test_panel_lists_jumps_previews_and_fixes(page: Any, lab: Server, key: str) -> None:
    from playwright.sync_api import expect

    cells = [code(f"x{i} = {i}") for i in range(80)]
    opened(page, lab.write("panel.ipynb", *cells, code(f'aws_key = "{key}"'), prose("# End")))
    command(page, "open-panel")
    panel = page.locator(PANEL)
    expect(panel.get_by_role("status")).to_have_text("1 finding", timeout=20_000)
    expect(panel.get_by_role("heading", name="Cell 81")).to_be_visible()
    began = time.monotonic()
    panel.locator(".jp-mlsec-jump", has_text="AWS access key ID").click()
    page.wait_for_function(
        """() => {
            const box = document.querySelector('.jp-Notebook .cm-lintRange')
                ?.getBoundingClientRect();
            return box && box.top > 0 && box.bottom < innerHeight
                && jupyterapp.shell.currentWidget.content.activeCellIndex === 80;
        }"""
    )
    assert time.monotonic() - began < 3  # a second, on a machine that does nothing else
    panel.get_by_role("button", name="Preview").click()
    dialog = page.locator(".jp-Dialog")
    assert "+ import os" in dialog.locator(".jp-mlsec-preview").inner_text()
    dialog.get_by_role("button", name="Apply").click()
    expect(panel.get_by_role("status")).to_have_text("Nothing found in panel.ipynb.")
    assert source(page, 80).startswith("import os\n")


def test_filter_group_and_fix_all_of_a_rule(page: Any, lab: Server, key: str) -> None:
    from playwright.sync_api import expect

    cells = [code(f'aws_key = "{key}"'), code("!pip install requests\nx = 1")]
    opened(page, lab.write("group.ipynb", *cells))
    command(page, "open-panel")
    panel = page.locator(PANEL)
    panel.get_by_label("Group by").select_option("severity")
    assert panel.locator("h3").all_inner_texts() == ["high 1", "medium 1"]
    panel.get_by_label("Filter findings").fill("unpinned")
    assert panel.locator("h3").all_inner_texts() == ["medium 1"]
    panel.get_by_label("Filter findings").fill("")
    panel.get_by_label("Group by").select_option("rule")
    group = panel.get_by_role("region", name="provider-token")
    group.get_by_role("button", name="Fix all of this rule").click()
    expect(panel.get_by_role("status")).to_have_text("1 finding", timeout=20_000)
    assert source(page, 0).startswith("import os")
    panel.get_by_label("Group by").select_option("cell")


def test_all_files_are_scanned_on_demand(page: Any, lab: Server, key: str) -> None:
    from playwright.sync_api import expect

    (lab.root / "many").mkdir()
    lab.write("many/leak.ipynb", code("y = 1"), code(f'aws_key = "{key}"'))
    opened(page, lab.write("clean.ipynb", code("x = 1")))
    assert command(page, "scan-workspace", paths=["many"]) == 1
    panel = page.locator(PANEL)
    expect(panel.get_by_role("status")).to_have_text("1 file, 1 finding")
    panel.locator(".jp-mlsec-jump", has_text="AWS access key ID").click()
    page.wait_for_function("jupyterapp.shell.currentWidget?.context?.path === 'many/leak.ipynb'")
    page.locator(f".jp-Notebook:visible {MARK}").wait_for()


def test_a_secret_that_a_cell_prints_gets_a_badge_and_is_redacted(
    page: Any, lab: Server, key: str
) -> None:
    from playwright.sync_api import expect

    half = len(key) // 2
    cell = code(f"print('{key[:half]}' + '{key[half:]}')\nprint('kept')")
    opened(page, lab.write("run.ipynb", cell, code("1", stream("nothing here\n"))))
    page.wait_for_function(
        "jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'"
    )
    page.evaluate("jupyterapp.commands.execute('notebook:run-cell')")
    badge = page.locator(".jp-mlsec-badge")
    badge.wait_for()
    expect(badge).to_have_count(1)
    badge.click()
    expect(badge).to_have_count(0)
    output = page.locator(".jp-OutputArea-output:visible").first.inner_text()
    assert "[redacted: aws-access-key-id]" in output
    assert output.count("kept") == 1
    assert key not in output


def test_saving_with_a_secret_says_so_once(page: Any, lab: Server, key: str) -> None:
    from playwright.sync_api import expect

    opened(page, lab.write("save.ipynb", code(f'aws_key = "{key}"')))
    toast = page.locator(".Toastify__toast", has_text="save.ipynb is saved with a secret")
    for _ in range(2):
        page.evaluate("jupyterapp.commands.execute('docmanager:save')")
        page.locator(MARK).wait_for()
    expect(toast).to_have_count(1)
    # what becomes of it: test_vault
    toast.get_by_role("button", name="Move to Vault").click()
    page.locator(".jp-Dialog").get_by_role("button", name="Cancel").click()
    expect(page.locator(MARK)).to_have_count(1)
    assert key in source(page, 0)


def test_settings_take_effect_at_once(page: Any, lab: Server, key: str) -> None:
    from playwright.sync_api import expect

    opened(page, lab.write("settings.ipynb", code(f'aws_key = "{key}"'), code("!pip install a1b2")))
    expect(page.locator(MARK)).to_have_count(2)
    page.evaluate("jupyterapp.commands.execute('settingeditor:open', { query: 'security' })")
    editor = page.locator(".jp-SettingsPanel, .jp-SettingsForm").first
    editor.wait_for()
    warn = page.get_by_label("Warn in editors")
    for wanted, count in ((False, 0), (True, 2)):
        warn.set_checked(wanted)
        marks = "document.querySelectorAll('.jp-Notebook .cm-lintRange').length"
        page.wait_for_function(f"{marks} === {count}")


def test_next_finding_by_keyboard(page: Any, lab: Server, key: str) -> None:
    cells = [code("x = 1"), code(f'aws_key = "{key}"'), code("y = 2"), code("!pip install a1b2")]
    opened(page, lab.write("keys.ipynb", *cells))
    page.locator(f".jp-Cell:nth-child(2) {MARK}").wait_for()
    active = "jupyterapp.shell.currentWidget.content.activeCellIndex"
    seen = []
    page.locator(".jp-Notebook .cm-content").first.click()
    for keys in ("Alt+F8", "Alt+F8", "Alt+Shift+F8"):
        before = page.evaluate(active)
        page.keyboard.press(keys)
        page.wait_for_function(f"{active} !== {before}")
        seen.append(page.evaluate(active))
    assert seen == [1, 3, 1]
    page.keyboard.press("Control+Alt+.")
    page.wait_for_function(
        "jupyterapp.shell.currentWidget.content.widgets[1].model.sharedModel.getSource()"
        ".startsWith('import os')"
    )


def test_what_git_will_see(page: Any, lab: Server, key: str) -> None:
    name = lab.write("git.ipynb", code("print(k)", stream(f"{key}\n")))
    opened(page, name)
    command(page, "what-git-will-see")
    view = page.locator(".jp-mlsec-sidebyside")
    view.wait_for()
    assert key in view.get_by_role("textbox", name="As saved").inner_text()
    after = view.get_by_role("textbox", name="As Git sees it").inner_text()
    assert "[redacted: aws-access-key-id]" in after
    assert key not in after


@pytest.mark.parametrize("mode", ["full", "contentVisibility", "defer"])
def test_two_views_of_one_notebook(page: Any, lab: Server, key: str, mode: str) -> None:
    from playwright.sync_api import expect

    opened(page, lab.write(f"twice-{mode}.ipynb", code("x = 1")))
    page.evaluate(
        """async mode => {
            const { shell, commands } = jupyterapp;
            const first = shell.currentWidget;
            await commands.execute('docmanager:clone');
            for (const panel of [...shell.widgets('main')].filter(w => w.context)) {
                panel.content.notebookConfig = {
                    ...panel.content.notebookConfig, windowingMode: mode };
            }
            first.content.widgets[0].model.sharedModel.setSource('y = 2');
        }""",
        mode,
    )
    page.evaluate(
        """key => {
            const panels = [...jupyterapp.shell.widgets('main')].filter(w => w.context);
            panels[0].content.widgets[0].model.sharedModel.setSource(`aws_key = "${key}"`);
        }""",
        key,
    )
    expect(page.locator(f".jp-Notebook {MARK}")).to_have_count(2)
