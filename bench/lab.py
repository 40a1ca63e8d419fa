"""JupyterLab with and without the extension, in the system's Chromium: what a user feels.

Needs the development environment, not that of the others: `.venv/bin/python -m bench lab`.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from bench.measure import ROOT, table
from jupyter_mlsec.core.formats import sample
from tests.e2e.conftest import ARGUMENTS, address, browser_path
from tests.e2e.jupyter import Server, code, prose

SIZES = {300: 250, 1000: 400}  # cells: milliseconds that 95 % of the answers may take
KEYS = 40
OPENED = 5  # times each

# From the key's event to the first frame with the mark; or, without one, to the next frame.
_TYPE = """async ([marked, cell]) => {
    const notebook = [...jupyterapp.shell.widgets('main')].find(w => w.context).content;
    const view = notebook.widgets[cell].editor.editor;
    view.focus();
    return await new Promise(resolve => {
        view.contentDOM.addEventListener('keydown', () => {
            const began = performance.now();
            const look = () => {
                const seen = view.contentDOM.querySelector('.cm-lintRange');
                const late = performance.now() - began > 10000;
                if (late || (marked ? seen : true)) {
                    resolve(performance.now() - began);
                } else {
                    requestAnimationFrame(look);
                }
            };
            requestAnimationFrame(() => marked ? look() : setTimeout(look));
        }, { once: true, capture: true });
        window.mlsecReady = true;
    });
}"""

_PREPARE = """async ([cell, text]) => {
    const notebook = [...jupyterapp.shell.widgets('main')].find(w => w.context).content;
    const shared = notebook.widgets[cell].model.sharedModel;
    await notebook.widgets[cell].ready;
    const view = notebook.widgets[cell].editor.editor;
    shared.setSource(text);
    while (view.contentDOM.querySelector('.cm-lintRange')) {
        await new Promise(requestAnimationFrame);
    }
    await new Promise(resolve => setTimeout(resolve, 400));
    view.dispatch({ selection: { anchor: view.state.doc.length } });
    notebook.activeCellIndex = cell;
    notebook.mode = 'edit';
    window.mlsecReady = false;
}"""

_OPEN = """async name => {
    const { commands, shell } = jupyterapp;
    for (const widget of [...shell.widgets('main')]) {
        if (widget.context) { widget.context.model.dirty = false; }
        widget.close();
    }
    await new Promise(resolve => setTimeout(resolve, 1500));
    const began = performance.now();
    const widget = await commands.execute('docmanager:open', { path: name });
    await widget.context.ready;
    await widget.revealed;
    while (!document.querySelector('.jp-Notebook .cm-line')) {
        await new Promise(requestAnimationFrame);
    }
    await new Promise(requestAnimationFrame);
    const took = performance.now() - began;
    jupyterapp.shell.activateById(widget.id);
    return took;
}"""


def main() -> str:
    """The tables, as Markdown."""
    rows, opening = [], {}
    for extension in (False, True):
        with _lab(extension) as (page, server):
            for cells, budget in SIZES.items():
                name = _notebook(server, cells)
                page.evaluate(_OPEN, name)
                times = _keys(page, marked=False)
                rows.append(
                    [f"next frame, {_label(extension)}, {cells} cells", *_figures(times), ""]
                )
                if extension:
                    times = _keys(page, marked=True)
                    limit = f"{budget} at 95 %"
                    rows.append([f"underlined, {cells} cells", *_figures(times), limit])
            name = _notebook(server, 1000)
            opening[extension] = [page.evaluate(_OPEN, name) for _ in range(OPENED)]
    without, with_it = (statistics.median(opening[extension]) for extension in (False, True))
    size = sum(p.stat().st_size for p in (ROOT / "jupyter_mlsec/labextension").rglob("*.js"))
    return (
        f"## JupyterLab, from a keystroke to what is seen, delay of 150 ms included\n\n"
        f"{table(['keystroke', 'median ms', '95 % ms', 'budget'], rows)}\n\n"
        f"A notebook of 1,000 cells opens in {without:.0f} ms without the extension and in "
        f"{with_it:.0f} ms with it ({with_it / without:.2f}; budget 1.10), median of {OPENED}. "
        f"The bundle has {size / 1000:.0f} kB (budget 150).\n"
    )


def _label(extension: bool) -> str:
    return "with the extension" if extension else "without"


def _figures(times: list[float]) -> list[str]:
    return [f"{statistics.median(times):.0f}", f"{statistics.quantiles(times, n=20)[-1]:.0f}"]


def _keys(page: Any, *, marked: bool) -> list[float]:
    """Milliseconds from the key that ends a secret, or from any key, in cells at the top."""
    key = sample("AKIA{B32:16}", Random(1))
    times = []
    for n in range(KEYS):
        cell = n % 3
        page.evaluate(_PREPARE, [cell, f'aws_key = "{key[:-1]}' if marked else "x = "])
        page.evaluate(
            f"([marked, cell]) => {{ window.mlsecTime = ({_TYPE})([marked, cell]); }}",
            [marked, cell],
        )
        page.wait_for_function("window.mlsecReady")
        page.keyboard.press(key[-1] if marked else "1")
        times.append(page.evaluate("window.mlsecTime"))
    return times


def _notebook(server: Server, cells: int) -> str:
    """A notebook of short cells of code and prose."""
    made = [code("x = 1", cell_id="c0"), code("y = 2", cell_id="c1"), code("z", cell_id="c2")]
    for n in range(3, cells):
        text = f"frame{n} = read('data{n}.csv')\nframe{n}.groupby('a').sum()\nprint({n})"
        made.append(prose(f"## Part {n}") if n % 5 == 0 else code(text, cell_id=f"c{n}"))
    return server.write(f"n{cells}.ipynb", *made)


@contextmanager
def _lab(extension: bool) -> Iterator[tuple[Any, Server]]:
    """A page with JupyterLab, the extension switched off or on."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory(prefix="mlsec-bench-") as folder:
        config = Path(folder) / "config" / "labconfig"
        config.mkdir(parents=True)
        disabled = {} if extension else {"jupyter-mlsec": True}
        config.joinpath("page_config.json").write_text(json.dumps({"disabledExtensions": disabled}))
        server = Server(Path(folder) / "lab", config=config.parent)
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=browser_path(), args=ARGUMENTS)
                page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
                page.set_default_timeout(60_000)
                page.goto(address(server))
                page.wait_for_function("window.jupyterapp?.commands.hasCommand('docmanager:open')")
                page.evaluate("jupyterapp.restored.then(() => null)")
                yield page, server
        finally:
            server.stop()
