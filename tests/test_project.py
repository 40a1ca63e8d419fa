"""The repository itself: what it must not contain, and what an installation gives."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from random import Random

import pytest
import yaml
from packaging.requirements import Requirement

import jupyter_mlsec
from jupyter_mlsec.core import formats
from jupyter_mlsec.files.source import kind_of
from jupyter_mlsec.rules.secrets import KINDS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
LOCKS = ("run.txt", "dev.txt", "bench.txt")
# written in parts, so that this file passes its own test
REGISTRY_HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pypi", "python", "org"),
        ("files", "pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("deb", "debian", "org"),
    )
)
# formats without context: those that give a credential away by themselves
FORMATS = {template: kind.id for kind in KINDS if not kind.context for template in kind.format}


def printed(*command: str | Path) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


@cache
def texts() -> dict[str, str]:
    """Every file that is, or is about to be, in git."""
    listed = printed("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    return {
        name: (ROOT / name).read_text(encoding="utf-8", errors="replace")
        for name in listed.split("\0")
        if (ROOT / name).is_file()
    }


def places(pattern: str, literal: str) -> list[str]:
    """Where a pattern matches in files with the literal, without what it matched.

    A match with a run of eight equal characters is a placeholder.
    """
    return [
        f"{name}:{text.count(chr(10), 0, match.start()) + 1}"
        for name, text in texts().items()
        if literal in text
        for match in re.finditer(pattern, text)
        if not re.search(r"(.)\1{7}", match[0])
    ]


def locked(name: str) -> dict[str, list[str]]:
    """A lock's entries: the requirement, and the lines of its hashes."""
    lines = (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines()
    entries: dict[str, list[str]] = {}
    for line in lines:
        if line and not line.startswith((" ", "#")):
            hashes = entries.setdefault(line.removesuffix("\\").strip(), [])
        elif line.startswith("    --hash="):
            hashes.append(line.strip())
    return entries


def test_the_repository_is_looked_at() -> None:
    assert {"pyproject.toml", "Makefile", "jupyter_mlsec/__init__.py"} <= texts().keys()


@pytest.mark.parametrize("host", REGISTRY_HOSTS)
def test_no_file_names_a_package_registry(host: str) -> None:
    # a vendor's documentation may stand below the same domain
    assert places(rf"(?<!docs\.)(?<!blog\.){re.escape(host)}(?![\w-])", host) == []


def test_no_file_holds_a_token() -> None:
    found = [
        f"{place}: {kind}"
        for template, kind in FORMATS.items()
        for place in places(formats.bounded(template), formats.anchor(template))
    ]
    assert not found, "\n".join(found)


def test_every_token_would_be_seen() -> None:
    random = Random(0)
    texts = {t: formats.lead(t) + formats.sample(t, random) for t in FORMATS}
    unseen = [
        template
        for template, text in texts.items()
        if formats.anchor(template) not in text or not re.search(formats.bounded(template), text)
    ]
    assert len(texts) > 100
    assert unseen == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_requirement_has_one_version_and_hashes(name: str) -> None:
    entries = locked(name)
    assert len(entries) > 5
    for line, hashes in entries.items():
        assert [s.operator for s in Requirement(line).specifier] == ["=="]
        assert hashes, f"{line} has no hash"
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}( \\)?", h) for h in hashes)


@pytest.mark.parametrize("name", LOCKS[1:])
def test_the_locks_agree(name: str) -> None:
    run = {Requirement(line).name: Requirement(line).specifier for line in locked("run.txt")}
    for requirement in map(Requirement, locked(name)):
        assert requirement.specifier == run.get(requirement.name, requirement.specifier)


def test_the_run_time_lock_holds_every_dependency() -> None:
    project = tomllib.loads(texts()["pyproject.toml"])["project"]
    names = {Requirement(line).name for line in locked("run.txt")}
    assert {Requirement(d).name for d in project["dependencies"]} <= names


@pytest.mark.parametrize("command", ["mlsec", "jupyter-mlsec"])
def test_commands(command: str) -> None:
    (entry,) = entry_points(group="console_scripts", name=command)
    assert entry.value == "jupyter_mlsec.faces.cli:program"
    assert jupyter_mlsec.__version__ in printed(
        Path(sys.executable).with_name(command), "--version"
    )


def test_the_package_runs_as_a_module() -> None:
    assert jupyter_mlsec.__version__ in printed(sys.executable, "-m", "jupyter_mlsec", "--version")


def test_importing_the_package_imports_nothing_else() -> None:
    code = (
        "import sys; before = set(sys.modules); import jupyter_mlsec;"
        "print(*sorted(set(sys.modules) - before))"
    )
    assert printed(sys.executable, "-c", code).split() == ["jupyter_mlsec"]


def test_one_version() -> None:
    assert json.loads(texts()["package.json"])["version"] == jupyter_mlsec.__version__


@pytest.mark.parametrize(
    "path",
    [
        *("a.ipynb", "b/c.py", "README.md", "run.sh", "pyproject.toml", "b/pyproject.toml"),
        *("requirements.txt", "b/dev-requirements-gpu.txt", "requirements/dev.txt", "x.txt"),
        *("constraints.txt", "my-constraints.txt", "environment.yml", "b/environment-gpu.yaml"),
        *("Dockerfile", "gpu.Dockerfile", "Dockerfile.gpu", "Dockerfiles", "Dockerfile/a"),
        *(".env", ".env.local", "dev.env", "env", "a.env.bak", "other.toml", "a.ipynb.bak"),
        *(".github/workflows/ci.yml", ".github/ci.yml", "workflows/ci.yml", "setup.cfg"),
        *("jupyter_server_config.json", "etc/jupyter_notebook_config.json", "config.json"),
    ],
)
def test_the_hooks_are_given_what_a_scan_looks_at(path: str) -> None:
    kind = kind_of(path)
    for hook in yaml.safe_load(texts()[".pre-commit-hooks.yaml"]):
        wanted = (
            kind is not None if hook["id"] in ("mlsec-scan", "mlsec-fix") else kind == "notebook"
        )
        assert bool(re.search(hook["files"], path)) == wanted
