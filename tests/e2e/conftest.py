"""A JupyterLab and a browser for the tests of the extension.

The browser is the system's Chromium. Where it, Playwright or the extension's bundle is missing
the tests are skipped with the reason; with MLSEC_E2E=required, as in CI, they fail.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from jupyter_mlsec.core.formats import sample
from tests.e2e.jupyter import TOKEN, Server
from tests.e2e.vaulted import Vaulted, vaulted

ROOT = Path(__file__).parent.parent.parent
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


def missing() -> str | None:
    """What these tests need and this machine does not have."""
    if browser_path() is None:
        return "no Chromium; on Debian: apt-get install chromium"
    if not (ROOT / "jupyter_mlsec" / "labextension" / "package.json").is_file():
        return "the JupyterLab extension is not built; `make dev` builds it where Node is"
    try:
        import playwright  # noqa: F401
    except ImportError:
        return "no Playwright; `make dev` installs it"
    return None


def browser_path() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="session", autouse=True)
def needs() -> None:
    reason = missing()
    if reason and os.environ.get("MLSEC_E2E") == "required":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)


@pytest.fixture(autouse=True)
def jp_asyncio_loop() -> None:
    """Instead of pytest-jupyter's, which other modules ask for and which is then everybody's:
    Playwright has a loop of its own."""


@pytest.fixture(autouse=True)
def jp_server_cleanup() -> None:
    """Instead of pytest-jupyter's."""


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("lab"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def vault_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vaulted]:
    """One whose server has a Vault."""
    with vaulted(tmp_path_factory.mktemp("vaulted")) as server:
        yield server


# for a module: Playwright's event loop must be gone when other modules run loops of their own
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def page(browser: Any, lab: Server) -> Iterator[Any]:
    """JupyterLab in a page, for all tests of a module; errors of ours fail the last of them."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(f"{error.message}\n{error.stack}"))
    page.set_default_timeout(20_000)
    page.goto(address(lab))
    page.wait_for_function("window.jupyterapp?.commands.hasCommand('docmanager:open')")
    page.evaluate("jupyterapp.restored.then(() => null)")
    yield page
    page.context.close()
    assert not [error for error in errors if "mlsec" in error], errors


@pytest.fixture
def key() -> str:
    """A made-up key of a published format."""
    return sample("AKIA{B32:16}", Random(1))


def address(server: Server, path: str = "", ui: str = "lab/tree") -> str:
    """Of a document, or of JupyterLab without one."""
    where = f"{ui}/{path}" if path else "lab"
    return f"{server.base}/{where}?token={TOKEN}&reset"


def opened(page: Any, name: str) -> Any:
    """The one open document's widget, the document opened and scanned once."""
    page.keyboard.press("Escape")
    page.evaluate(
        """async name => {
            const { commands, shell } = window.jupyterapp;
            for (const widget of [...shell.widgets('main')]) {
                if (widget.context) { widget.context.model.dirty = false; }
                widget.close();
            }
            const scanned = new Promise((done, fail) => {
                setTimeout(() => fail(new Error('not scanned in 20 s')), 20000);
                const observer = new PerformanceObserver(list => {
                    if (list.getEntries().some(e => e.name.includes('mlsec/api/scan'))) {
                        observer.disconnect();
                        done();
                    }
                });
                observer.observe({ entryTypes: ['resource'] });
            });
            const widget = await commands.execute('docmanager:open', { path: name });
            await widget.context.ready;
            await scanned;
        }""",
        name,
    )
    return page.locator("#jp-main-dock-panel .jp-Document:visible")


def source(page: Any, cell: int) -> str:
    text: str = page.evaluate(
        "n => jupyterapp.shell.currentWidget.content.widgets[n].model.sharedModel.getSource()", cell
    )
    return text
