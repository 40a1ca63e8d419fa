"""Rules about versions, and the fixes that pin."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from jupyter_mlsec.core.fixes import spliced
from jupyter_mlsec.core.model import Hit, Severity

Check = Callable[..., list[Hit]]
VERSIONS = {"torch": "2.4.1+cu121", "transformers": "4.43.1", "numpy": "2.1.0"}


@pytest.mark.parametrize(
    ("rule", "language", "source", "fixed"),
    [
        ("unpinned-install", "python", "%pip install torch", "%pip install torch==2.4.1"),
        (
            "unpinned-install",
            "python",
            "!pip install -q 'transformers[torch]' > x",
            "!pip install -q 'transformers[torch]==4.43.1' > x",
        ),
        (
            "unpinned-install",
            "python",
            "!pip install \"numpy; python_version<'3.9'\"",
            "!pip install \"numpy==2.1.0; python_version<'3.9'\"",
        ),
        ("unpinned-install", "python", "!pip install numpy>=1.2", "!pip install numpy==2.1.0"),
        (
            "unpinned-install",
            "python",
            'import subprocess\nsubprocess.run(["pip", "install", "numpy"])',
            'import subprocess\nsubprocess.run(["pip", "install", "numpy==2.1.0"])',
        ),
        ("unpinned-install", "dockerfile", "RUN pip install numpy", "RUN pip install numpy==2.1.0"),
        (
            "open-ended-install",
            "python",
            '%pip install "numpy>=1.26"',
            '%pip install "numpy==2.1.0"',
        ),
        ("requirements-file-unpinned", "requirements", "numpy\n", "numpy==2.1.0\n"),
        (
            "requirements-file-unpinned",
            "toml",
            '[project]\ndependencies = ["numpy"]\n',
            '[project]\ndependencies = ["numpy==2.1.0"]\n',
        ),
    ],
)
def test_fix(check: Check, rule: str, language: str, source: str, fixed: str) -> None:
    (hit,) = check(rule, source, language=language, versions=VERSIONS)
    assert hit.fix is not None
    assert not hit.fix.safe
    assert "requirements.txt" in hit.fix.title
    after = spliced(source, hit.fix.edits)
    assert after == fixed
    assert check(rule, fixed, language=language, versions=VERSIONS) == []


@pytest.mark.parametrize(
    "cells",
    [
        ("%pip install einops",),  # not among the versions
        ('P = "numpy"', "%pip install {P}"),
        ("import os\nos.system('pip install numpy\\n')",),
        ("!conda install conda-forge::numpy",),
    ],
)
def test_no_fix(check: Check, cells: tuple[str, ...]) -> None:
    (hit,) = check("unpinned-install", *cells, versions=VERSIONS)
    assert hit.fix is None


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        (("!pip install -U pip wheel",), []),
        (("!pip install -U pip torch",), ["pip", "torch"]),
        (("%%writefile requirements.txt\ntorch==2.4\n", "%pip install torch numpy"), ["numpy"]),
        (("!pip install --no-index --find-links wheels torch",), []),
        (("!uv pip install --exclude-newer 2024-06-01 torch",), []),
        (('FLAGS = "-q --user"', "!pip install {FLAGS} torch"), ["torch"]),
        (("!pip install {a} torch=={b}",), []),
        (("%%bash\nfor p in a b; do pip install $p; done",), []),
        (("%%writefile Dockerfile\nFROM x\nRUN pip install torch",), ["torch"]),
        (("%%capture\n!pip install torch",), ["torch"]),
        (("!$sys.executable -m pip install torch",), ["torch"]),
        (("!pipenv install torch",), ["torch"]),
    ],
)
def test_unpinned(check: Check, cells: tuple[str, ...], names: list[str]) -> None:
    assert [hit.subject for hit in check("unpinned-install", *cells)] == names


def test_unquoted_bound_is_told(check: Check) -> None:
    (hit,) = check("unpinned-install", "!pip install numpy>=1.2")
    assert "redirection" in hit.message
    listed = 'import subprocess\nsubprocess.run(["pip", "install", "numpy>=1.2"])'
    assert check("unpinned-install", listed) == []
    assert len(check("open-ended-install", listed)) == 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('numpy = "*"', 'numpy = "2.1.0"'),
        (
            'numpy = {version = "*", optional = true}',
            'numpy = {version = "2.1.0", optional = true}',
        ),
    ],
)
def test_poetry_is_pinned_in_its_own_notation(check: Check, before: str, after: str) -> None:
    source = f"[tool.poetry.dependencies]\n{before}\n"
    (hit,) = check(
        "requirements-file-unpinned", source, language="toml", versions={"numpy": "2.1.0"}
    )
    assert hit.fix
    assert spliced(source, hit.fix.edits) == source.replace(before, after)


def test_pyproject_is_low(check: Check) -> None:
    source = '[project]\ndependencies = ["numpy", "torch>=2"]\n'
    (hit,) = check("requirements-file-unpinned", source, language="toml")
    assert hit.severity == Severity.LOW
    assert check("open-ended-install", source, language="toml") == []


@pytest.mark.parametrize(
    ("source", "fixed"),
    [
        ("!pip install x", "%pip install x"),
        ("    !pip3 install 'x>=1' # why", "    %pip install 'x>=1' # why"),
        ("!python -m pip install x", "%pip install x"),
        ("!pip install x \\\n  y", "%pip install x \\\n  y"),
        ("!pip install x | tail -1", None),
        ("!pip install x > log", None),
        ("!pip install {x} y", None),
        ("!cd a && pip install x", None),
        ("!sudo pip install x", None),
        ("out = !pip install x", None),
        ("!!pip install x", None),
    ],
)
def test_bang_pip(check: Check, source: str, fixed: str | None) -> None:
    (hit,) = check("bang-pip-wrong-environment", source)
    after = spliced(source, hit.fix.edits) if hit.fix else None
    assert after == fixed
    assert hit.fix is None or hit.fix.safe


@pytest.mark.parametrize(
    ("source", "fixed"),
    [
        ("!pip install -U x", "!pip install x"),
        ("!pip install x --upgrade -q", "!pip install x -q"),
        ("!pip install -qU x", "!pip install -q x"),
        ("!pip install x -U", "!pip install x"),
        ("!uv pip install --prerelease=allow x", None),
        ("!uv pip install --prerelease=disallow x", "no finding"),
    ],
)
def test_upgrade(check: Check, source: str, fixed: str | None) -> None:
    hits = check("upgrade-flag-defeats-pin", source)
    fixes = [spliced(source, hit.fix.edits) if hit.fix else None for hit in hits]
    assert fixes == ([] if fixed == "no finding" else [fixed])
