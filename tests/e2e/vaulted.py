"""A JupyterLab whose server has a Vault: the embedded one, which keeps all in memory."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials import embedded
from jupyter_mlsec.credentials.reference import parse
from jupyter_mlsec.credentials.vault.provider import VaultProvider
from tests.e2e.jupyter import Server


class Vaulted(Server):
    """A server with its Vault. `value` is what is kept at `kv/demo#key`."""

    def __init__(self, folder: Path) -> None:
        self.variables = {"MLSEC_VAULT_DIR": str(folder / "vault")}
        embedded.start(self.variables, ephemeral=True)
        self._provider = VaultProvider({**self.variables, "HOME": str(folder)})
        self.value = secrets.token_hex(20)
        for key in ("key", "other", "third"):
            self._provider.put(parse(f"kv/demo#{key}"), self.value)
        self.home = folder / "home"
        super().__init__(folder, variables=self.variables)

    def kept(self, reference: str) -> str | None:
        """What the Vault has; None where it has nothing."""
        ref = parse(reference)
        try:
            return str(self._provider.get(ref).data[ref.key or ""])
        except MlsecError:
            return None

    def close(self) -> None:
        self.stop()
        self._provider.close()
        embedded.stop(self.variables)


@contextmanager
def vaulted(folder: Path) -> Iterator[Vaulted]:
    server = Vaulted(folder)
    try:
        yield server
    finally:
        server.close()
        shutil.rmtree(folder, ignore_errors=True)


def run(page: Any, cell: int) -> None:
    """Run a cell of the open notebook, without waiting for it."""
    page.wait_for_function(
        "jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
    )
    page.evaluate(
        """n => {
            jupyterapp.shell.currentWidget.content.activeCellIndex = n;
            void jupyterapp.commands.execute('notebook:run-cell');
        }""",
        cell,
    )


def printed(page: Any, cell: int) -> str:
    """What a cell has printed so far, its errors too."""
    text: str = page.evaluate(
        """n => jupyterapp.shell.currentWidget.content.widgets[n].model.sharedModel.getOutputs()
            .map(o => o.text ? [o.text].flat().join('') : `${o.ename}: ${o.evalue}`).join('')""",
        cell,
    )
    return text


def wait_for(page: Any, cell: int, text: str) -> str:
    """Until a cell has printed a text; all that it has printed."""
    page.wait_for_function(
        """([n, text]) => JSON.stringify(jupyterapp.shell.currentWidget.content.widgets[n].model
            .sharedModel.getOutputs()).includes(text)""",
        arg=[cell, text],
    )
    return printed(page, cell)
