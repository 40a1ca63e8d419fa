"""A real `jupyter lab` (or notebook) with a home of its own, and notebooks in it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

TOKEN = "token-of-the-tests"  # noqa: S105 - of a server on the loopback
# Nothing that is not ours asks for attention, and no news are fetched.
OVERRIDES = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": False,
    },
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
}


class Server:
    """One Jupyter server on a free port of the loopback, stopped by its own process id."""

    def __init__(
        self,
        folder: Path,
        command: Sequence[str] = ("lab",),
        config: Path | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.root = folder / "root"
        self.root.mkdir(parents=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.base = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._command = command
        self.data = folder / "data"
        self._variables = variables or {}
        self._config = config or folder / "config"
        settings = folder / "settings"
        settings.mkdir()
        (settings / "overrides.json").write_text(json.dumps(OVERRIDES))
        self.start()

    def start(self) -> None:
        """Start, and return once it answers. Raises RuntimeError with its log where it does not."""
        home = self._folder
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "IPYTHON"))},
            "HOME": str(home / "home"),
            "JUPYTER_CONFIG_DIR": str(self._config),
            "JUPYTER_DATA_DIR": str(self.data),
            "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(home / "user-settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
            "IPYTHONDIR": str(home / "ipython"),
            **self._variables,
        }
        (home / "home").mkdir(exist_ok=True)
        self.log = home / "server.log"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "jupyter", *self._command, "--no-browser"),
                    *(f"--port={self.port}", "--ServerApp.port_retries=0", "--allow-root"),
                    *(f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={self.root}"),
                    *("--expose-app-in-browser", f"--LabApp.app_settings_dir={home}/settings"),
                ],
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        for _ in range(300):
            if self._process.poll() is not None:
                break
            try:
                urllib.request.urlopen(f"{self.base}/api?token={TOKEN}", timeout=2)  # noqa: S310
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise RuntimeError(f"the server did not start:\n{self.log.read_text()[-2000:]}")

    def stop(self) -> None:
        """End it and what it started."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait(10)

    def write(self, name: str, *cells: dict[str, Any], **metadata: Any) -> str:
        """Write a notebook into the server's root; its name."""
        python = {"name": "python3", "display_name": "Python 3", "language": "python"}
        content = {
            "cells": list(cells),
            "metadata": {"kernelspec": python, **metadata},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        (self.root / name).write_text(json.dumps(content))
        return name

    def read(self, name: str) -> list[str]:
        """The sources of a saved notebook."""
        cells = json.loads((self.root / name).read_text())["cells"]
        return ["".join(cell["source"]) for cell in cells]


def code(source: str, *outputs: dict[str, Any], cell_id: str = "") -> dict[str, Any]:
    """A code cell; its id is made from its text where none is given."""
    return {
        "cell_type": "code",
        "id": cell_id or f"c{abs(hash(source)) % 10**10}",
        "metadata": {},
        "execution_count": None,
        "outputs": list(outputs),
        "source": source,
    }


def prose(source: str, kind: str = "markdown") -> dict[str, Any]:
    """A markdown or raw cell."""
    return {
        "cell_type": kind,
        "id": f"m{abs(hash(source)) % 10**10}",
        "metadata": {},
        "source": source,
    }


def stream(text: str) -> dict[str, Any]:
    """What a cell printed."""
    return {"output_type": "stream", "name": "stdout", "text": text}
