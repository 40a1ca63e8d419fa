"""What `make lab` starts: JupyterLab on the examples, with a Vault, and nothing left behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlsec.credentials import embedded
from tests.e2e.conftest import ROOT, source
from tests.e2e.jupyter import TOKEN
from tests.e2e.vaulted import run, wait_for

MARK = ".cm-lintRange"
OPTIONS = ("--no-browser", "--allow-root", "--ServerApp.port_retries=0")


class Demo:
    """`mlsec demo --lab` in a home of its own."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.base = f"http://127.0.0.1:{port}"
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.log = folder / "log"
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "IPYTHON"))}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "jupyter_mlsec", "demo", "--lab", *OPTIONS),
                    *(f"--port={port}", f"--IdentityProvider.token={TOKEN}"),
                    "--expose-app-in-browser",
                ],
                env={**kept, "HOME": str(folder), "TMPDIR": str(self.temporary)},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait()

    def _wait(self) -> None:
        for _ in range(400):
            try:
                urllib.request.urlopen(f"{self.base}/api?token={TOKEN}", timeout=2)  # noqa: S310
            except OSError:
                assert self.process.poll() is None, self.log.read_text()[-2000:]
                time.sleep(0.1)
            else:
                return
        raise AssertionError(self.log.read_text()[-2000:])

    def vault(self) -> embedded.Embedded | None:
        made = next(self.temporary.glob("mlsec-demo-*"))
        return embedded.find({"MLSEC_VAULT_DIR": str(made / "vault")})


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    started = Demo(tmp_path_factory.mktemp("demo"))
    yield started
    if started.process.poll() is None:
        os.killpg(started.process.pid, signal.SIGTERM)
        started.process.wait(30)


def test_the_makefile_starts_it() -> None:
    recipe = re.search(r"^lab:.*\n\t(.*)\n", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe
    assert recipe[1] == "@$(BIN)/mlsec demo --lab $(ARGS)"


def test_the_first_notebook_does_what_it_says(browser: Any, demo: Demo) -> None:
    from playwright.sync_api import expect

    page = browser.new_context(viewport={"width": 1280, "height": 1000}).new_page()
    page.set_default_timeout(20_000)
    page.goto(f"{demo.base}/lab/tree/start-here.ipynb?token={TOKEN}&reset")
    page.locator(MARK).first.wait_for()
    page.locator(".cm-lintRange", has_text="hf_").first.hover()
    page.locator(".cm-tooltip .cm-diagnosticAction", has_text="Move to Vault").click()
    page.locator(".jp-Dialog").get_by_role("button", name="Move", exact=True).click()
    page.locator(".jp-Dialog", has_text="rotate it").wait_for()
    page.locator(".jp-Dialog").get_by_role("button", name="Close").click()
    page.wait_for_function(
        """jupyterapp.shell.currentWidget.content.widgets[2].model.sharedModel
            .getSource().includes('secret(')"""
    )
    run(page, 2)
    wait_for(page, 2, "the token has 37 characters")
    run(page, 4)
    question = page.locator(".jp-mlsec-question")
    question.wait_for()
    page.wait_for_timeout(600)  # in which a dialog takes no keys
    question.get_by_role("button", name="Allow Until the Kernel Ends").click()
    wait_for(page, 4, "the key is [SECRET:kv/demo/openai#api_key] with 48 characters")
    page.locator(".cm-lintRange", has_text="torch.load").hover()
    page.locator(".cm-tooltip .cm-diagnosticAction", has_text="nothing but weights").click()
    expect(page.locator(MARK)).to_have_count(0)
    assert "weights_only=True" in source(page, 6)
    page.context.close()


def test_nothing_is_left_of_it(demo: Demo) -> None:
    running = demo.vault()
    assert running is not None
    demo.process.send_signal(signal.SIGTERM)
    assert demo.process.wait(30) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(running.pid, 0)
    assert list(demo.temporary.glob("mlsec-*")) == []
