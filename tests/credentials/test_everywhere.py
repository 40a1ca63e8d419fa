"""The Python interface where code runs: scripts, papermill, nbconvert, nbclient, plain IPython."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from jupyter_mlsec.core.formats import sample

NAME = "MLSEC_TEST_KEY"
VALUE = sample("sk-{an:40}", Random())


@pytest.fixture(name="environment")
def _environment(tmp_path: Path) -> dict[str, str]:
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "IPYTHON", "VAULT"))
    }
    kept.pop("PYTEST_CURRENT_TEST", None)
    return {
        **kept,
        NAME: VALUE,
        "HOME": str(tmp_path),
        "IPYTHONDIR": str(tmp_path / "ipython"),
        "JUPYTER_CONFIG_DIR": str(tmp_path / "jupyter"),
        "MLSEC_AUDIT_LOG": str(tmp_path / "audit.jsonl"),
        "PYTHONWARNINGS": "ignore",
    }


def run(environment: dict[str, str], folder: Path, *command: str, code: int = 0) -> str:
    """What a process printed. The command is no part of what a failing test shows."""
    done = subprocess.run(
        [sys.executable, *command],
        env=environment, cwd=folder, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == code, done.stderr.replace(VALUE, "[the value]")[-2000:]
    return done.stdout + done.stderr


SCRIPTS = [
    # code, what it prints
    (f"import os; print(secret('env://{NAME}') == os.environ['{NAME}'])", "True"),
    (f"print(repr(secret('env://{NAME}')))", f"[SECRET:env://{NAME}]"),
    (f"with secret('env://{NAME}') as s: print(len(s))", "43"),
    (f"print(secret('env://{NAME}', opaque=True).reveal() == secret('env://{NAME}'))", "True"),
    (f"import os\nwith secrets.env(K='env://{NAME}'): print(len(os.environ['K']))\n"
     "print('K' in os.environ)", "43\nFalse"),
    (f"import os\ntry:\n    with secrets.env(K='env://{NAME}'): 1 / 0\n"
     "except ZeroDivisionError: print('K' in os.environ)", "False"),
    (f"import logging; logging.error('x %s', str(secret('env://{NAME}')))",
     f"ERROR:root:x [SECRET:env://{NAME}]"),
    (f"import subprocess\ns = str(secret('env://{NAME}'))\ntry:\n    subprocess.run(['true', s])\n"
     "except PermissionError as e: print('refused', s not in str(e))", "refused True"),
    ("import os; os.environ['MLSEC_SECRETS'] = 'env'; os.environ['MLSEC_KV_A_B'] = 'c' * 9\n"
     "print(len(secret('kv/a#b')))", "9"),
    ("print(sorted(secrets.names('MLSEC_TEST', provider='env')))", f"['env://{NAME}']"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "shown"), SCRIPTS)
def test_scripts(environment: dict[str, str], tmp_path: Path, code: str, shown: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(f"from jupyter_mlsec import secret, secrets\n{code}\n")
    assert run(environment, tmp_path, "script.py").strip() == shown


def test_what_is_missing_is_said_in_one_line(environment: dict[str, str], tmp_path: Path) -> None:
    code = "from jupyter_mlsec import secret; secret('env://MLSEC_NOT_THERE')"
    last = run(environment, tmp_path, "-c", code, code=1).strip().splitlines()[-1]
    assert "MLSEC_NOT_THERE is not set" in last


MISSING = {
    # what is run in CI, the end of the process
    "script": ("secret('kv/a#b')", 3),
    "environment": ("with secrets.env(K='kv/a#b'): pass", 3),
    "several": ("for _ in range(2):\n    try: secret('kv/a#b')\n    except Exception: pass\n"
                "secret('kv/a#b')", 3),
    "caught": ("try: secret('kv/a#b')\nexcept Exception: print('mlsec: kv/a#b is missing; set "
               "MLSEC_KV_A_B for this job')", 0),
}  # fmt: skip


@pytest.mark.parametrize("case", MISSING)
def test_in_ci_a_script_without_its_secret_ends_with_a_code_of_its_own(
    environment: dict[str, str], tmp_path: Path, case: str
) -> None:
    code, end = MISSING[case]
    said = run(
        {**environment, "MLSEC_SECRETS": "env"}, tmp_path,
        "-c", f"from jupyter_mlsec import secret, secrets\n{code}", code=end,
    )  # fmt: skip
    assert said == "mlsec: kv/a#b is missing; set MLSEC_KV_A_B for this job\n"


def test_in_ci_other_errors_end_as_ever(environment: dict[str, str], tmp_path: Path) -> None:
    code = "try: secret('kv/a#b')\nexcept Exception: 1 / 0"
    said = run(
        {**environment, "MLSEC_SECRETS": "env"}, tmp_path,
        "-c", f"from jupyter_mlsec import secret\n{code}", code=1,
    )  # fmt: skip
    assert said.splitlines()[-1].startswith("ZeroDivisionError")


def notebook(folder: Path, *cells: str) -> Path:
    """A notebook with these cells, and one that leaks in seven ways if nothing stops it."""
    leaks = (
        "import os, sys, logging\nprint(s); print(s, file=sys.stderr); logging.warning(s)\n"
        "_ = os.system('echo $' + 'MLSEC_TEST_KEY')\nfrom IPython.display import HTML, display\n"
        "display(HTML(f'<b>{s}</b>'))\nprint(list(s))\ns + ''"
    )
    path = folder / "in.ipynb"
    document = {
        "cells": [
            {"cell_type": "code", "id": f"c{number}", "metadata": {}, "source": source,
             "outputs": [], "execution_count": None}
            for number, source in enumerate((*cells, leaks))
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        "nbformat": 4, "nbformat_minor": 5,
    }  # fmt: skip
    path.write_text(json.dumps(document))
    return path


FIRST = {
    "interface": f"from jupyter_mlsec import secret\ns = secret('env://{NAME}') + ''",
    "magic": f"%load_ext jupyter_mlsec\n%mlsec_secret k = env://{NAME}\ns = k + ''",
}
RUNNERS = {
    "papermill": ("-m", "papermill", "in.ipynb", "out.ipynb", "--no-progress-bar", "--log-output"),
    "nbconvert": ("-m", "nbconvert", "--to", "html", "--execute", "--output", "out", "in.ipynb"),
    "nbclient": (
        "-c", "import nbformat, nbclient; n = nbformat.read('in.ipynb', 4); "
        "nbclient.NotebookClient(n).execute(); nbformat.write(n, 'out.ipynb')",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("runner", "first"), list(zip(RUNNERS, ["magic", "interface", "magic"], strict=True))
)
def test_runners_of_notebooks(
    environment: dict[str, str], tmp_path: Path, runner: str, first: str
) -> None:
    notebook(tmp_path, FIRST[first])
    shown = run(environment, tmp_path, *RUNNERS[runner])
    written = next(tmp_path.glob("out.*")).read_text("utf-8")
    assert f"[SECRET:env://{NAME}]" in written
    for part in (VALUE, VALUE[:20], ", ".join(map(repr, VALUE[:12]))):
        assert (part in written, part in shown) == (False, False)


def test_plain_ipython(environment: dict[str, str], tmp_path: Path) -> None:
    code = f"%load_ext jupyter_mlsec\n%mlsec_secret k = env://{NAME}\nprint(len(k), [k])"
    shown = run(environment, tmp_path, "-m", "IPython", "--no-banner", "-c", code)
    assert f"43 [[SECRET:env://{NAME}]]" in shown
    assert VALUE not in shown


_SHELL = "from IPython.core.interactiveshell import InteractiveShell as S\ns = S.instance()\n"
LIGHT = {
    # what is run, what must not be imported by it
    "package": ("import jupyter_mlsec", ["jupyter_mlsec.credentials", "json", "typing"]),
    "credentials": ("import jupyter_mlsec.credentials", ["hvac", "json", "typing"]),
    "command line": (
        "from jupyter_mlsec.faces.cli import main; main(['rules'])",
        ["jupyter_mlsec.credentials", "ahocorasick_rs", "hvac", "IPython"],
    ),
    "load_ext": (
        _SHELL + "s.run_line_magic('load_ext', 'jupyter_mlsec')",
        ["hvac", "ahocorasick_rs", "jupyter_mlsec.credentials", "boto3", "keyring", "requests"],
    ),
    "magic with another provider": (
        _SHELL + "s.run_line_magic('load_ext', 'jupyter_mlsec')\n"
        f"s.run_line_magic('mlsec_secret', 'k = env://{NAME}')",
        ["hvac", "boto3", "keyring", "requests", "jupyter_mlsec.rules"],
    ),
}


@pytest.mark.parametrize("what", LIGHT)
def test_imports_are_few(environment: dict[str, str], tmp_path: Path, what: str) -> None:
    code, heavy = LIGHT[what]
    told = f"import sys\n{code}\nprint([m for m in {heavy!r} if m in sys.modules], file=sys.stderr)"
    assert run(environment, tmp_path, "-c", told).splitlines()[-1] == "[]"


def test_without_the_extra_one_line_says_so(environment: dict[str, str], tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['ahocorasick_rs'] = None\n"
        f"from jupyter_mlsec import secret; secret('env://{NAME}')"
    )
    last = run(environment, tmp_path, "-c", code, code=1).strip().splitlines()[-1]
    assert "ahocorasick-rs" in last
