"""`mlsec scan --with bandit,ruff` and `nbqa mlsec`: real linters, through real nbqa."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_mlsec.core.config import Config
from jupyter_mlsec.core.engine import Scanner
from jupyter_mlsec.files.linters import TOOLS, check_installed, lint
from jupyter_mlsec.files.scanner import LINTERS
from jupyter_mlsec.files.source import Source
from jupyter_mlsec.rules import ALL
from tests.faces.command import Folder, cell, notebook, token

TEXT = {"cell_type": "markdown", "metadata": {}, "source": ["# a title\n"]}
EVAL = 'import os\n\nx = eval(os.environ["X"])\n'


def placed(outcome_report: dict[str, object]) -> list[tuple[str, str, int, int, int, str | None]]:
    found = outcome_report["findings"]
    assert isinstance(found, list)
    return [
        (f["rule"], f["path"], f["cell"], f["line"], f["column"], f["suppressed"]) for f in found
    ]


def test_findings_are_merged(folder: Folder) -> None:
    silenced = EVAL.replace("\n", "\n# mlsec: ignore[bandit] trusted\n", 1).replace("\n\n", "\n")
    tagged = cell(EVAL, metadata={"tags": ["mlsec-ignore"]})
    folder.write("it's a.ipynb", notebook(TEXT, cell(""), "%%time\n" + EVAL, silenced, tagged))
    folder.write("b.py", EVAL)
    found = placed(folder.scan("--with", "bandit,ruff", "--select", "secrets").report)
    path = "it's a.ipynb"
    assert sorted((*f[:5], f[5] or "") for f in found if f[0][-3:] == "307") == [
        ("bandit:B307", path, 2, 4, 5, ""),
        ("bandit:B307", path, 3, 3, 5, "comment"),
        ("bandit:B307", path, 4, 3, 5, "tag"),
        ("ruff:S307", path, 2, 4, 5, ""),
        ("ruff:S307", path, 3, 3, 5, ""),
        ("ruff:S307", path, 4, 3, 5, "tag"),
    ]
    assert "b.py" not in [f[1] for f in found]


def test_what_is_staged_is_linted_and_reported_as_sarif(folder: Folder) -> None:
    folder.git("init", "-q")
    folder.write("mlsec.toml", '[per-path-ignore]\n"b.ipynb" = ["bandit"]\n')
    for name in ("a.ipynb", "b.ipynb"):
        folder.write(name, notebook(EVAL))
    folder.git("add", "-A")
    folder.write("a.ipynb", notebook("x = 1\n"))
    outcome = folder.mlsec("scan", "--staged", "--with", "bandit", "--format", "sarif")
    assert outcome.code == 1
    results = json.loads(outcome.out)["runs"][0]["results"]
    found = [(r["ruleId"], "suppressions" in r) for r in results]
    assert found == [("bandit:B307", False), ("bandit:B307", True)]


def test_values_of_passwords_are_not_shown(tmp_path: Path) -> None:
    value, key = "correct horse 7 battery", token()
    source = f'password = "{value}"\nprint(eval(password), "{key}")\n'
    file = tmp_path / "a.ipynb"
    file.write_text(notebook(source))
    scanner = Scanner(ALL, Config(profile="auditor"))
    found = lint(["bandit", "ruff"], [Source("a.ipynb", str(file), "notebook")], scanner)
    assert {"bandit:B105", "bandit:B307", "ruff:S105", "ruff:S307"} <= {f.rule for f in found}
    assert next(f for f in found if f.rule == "bandit:B307").excerpt.startswith("print(eval(")
    assert not [n for n, f in enumerate(found) if value in repr(f) or key in repr(f)]


@pytest.mark.parametrize(
    ("names", "said"),
    [("flake8", "knows no linter called 'flake8'; it knows bandit and ruff"), ("", "")],
)
def test_what_is_no_linter(folder: Folder, names: str, said: str) -> None:
    folder.write("a.ipynb", notebook("x = 1\n"))
    outcome = folder.mlsec("scan", "--with", names)
    assert (outcome.code == 2) == bool(said)
    assert said in outcome.err


def test_the_names_are_known_to_the_settings() -> None:
    assert set(LINTERS) == set(TOOLS)


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib import util

    from jupyter_mlsec.core.errors import MlsecError

    monkeypatch.setattr(util, "find_spec", lambda name: None if name == "bandit" else name)
    with pytest.raises(MlsecError) as caught:
        check_installed(TOOLS)
    assert caught.value.full == "--with needs bandit; run: pip install bandit"


def test_nbqa_runs_mlsec(folder: Folder) -> None:
    made = token(3)
    folder.write("it's a.ipynb", notebook(TEXT, "%%time\nimport os\n", f'key = "{made}"\n'))
    folder.write("b.ipynb", notebook("x = 1\n"))
    done = subprocess.run(
        [sys.executable, "-m", "nbqa", "mlsec", "it's a.ipynb", "b.ipynb", "--no-cache"],
        cwd=folder.path,
        env=folder.environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    (line,) = done.stdout.splitlines()
    assert line.startswith("it's a.ipynb:cell_2:1:8: provider-token ")
    assert made not in done.stdout
