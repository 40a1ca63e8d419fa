"""Whether the filter is set up, and works: what `mlsec git status` and `doctor` tell."""

from __future__ import annotations

import os
from typing import NamedTuple

from jupyter_mlsec.git import command, driver, hook, install
from jupyter_mlsec.git.install import SCOPES, Scope
from jupyter_mlsec.git.outputs import Outputs

_OLDEST = (2, 11)  # the first git with filter processes
_GREETING = b"0016git-filter-client\n000eversion=2\n0000"
_OFFER = b"0015capability=clean\n0016capability=smudge\n0000"


class Health(NamedTuple):
    """How things stand in one repository.

    `scope` is where the filter is set up (the nearest, None for nowhere), `settings` what it was
    told. `covered` and `uncovered` are the notebooks that git tracks, by whether they pass through
    it. `problems` are lines for the user; `repairable` says that setting it up again ends them.
    """

    scope: Scope | None
    settings: dict[str, str]
    covered: list[str]
    uncovered: list[str]
    hook: bool
    kept: int
    problems: list[str]
    repairable: bool


def examine(cwd: str) -> Health:
    """Look, and change nothing. Raises MlsecError if there is no repository."""
    top = command.top(cwd)
    found = {scope: install.configured(cwd, scope) for scope in SCOPES}
    scope = next((s for s in SCOPES if found[s]), None)
    notebooks = _tracked(top)
    attributes = install.attributes_of(top, notebooks)
    covered = [n for n in notebooks if attributes[n].get("filter") in driver.DRIVERS]
    uncovered = [n for n in notebooks if n not in set(covered)]
    entries = found[scope] if scope else {}
    process = entries.get(f"filter.{driver.NAME}.process", "")
    broken = _broken(top, scope, entries) if scope else []
    guarded = hook.present(cwd)
    problems = [*_surroundings(top), *broken]
    general = install.attributes_of(top, [install.ANY])[install.ANY]
    if scope is None:
        problems.append("the filter is not set up: mlsec git install")
    elif general.get("filter") not in driver.DRIVERS:
        problems.append("no attributes file sends *.ipynb through the filter")
        broken.append("attributes")
    elif general.get("diff") == driver.NAME and install.nbdime(top):
        problems.append("nbdime is set up too, but does not get to show differences")
        broken.append("nbdime")
    if scope == "local" and not guarded and not hook.shared(cwd):
        problems.append("a hook is gone: pre-commit or prepare-commit-msg")
        broken.append("hook")
    unsaid = [name for name in uncovered if "filter" not in attributes[name]]
    if unsaid:
        problems.append(
            f"no attributes file sends {len(unsaid)} tracked notebooks through it, such as "
            f"{unsaid[0]!r}"
        )
    return Health(
        scope,
        driver.settings_of(process) if process else {},
        covered,
        uncovered,
        guarded,
        kept(top),
        problems,
        bool(broken),
    )


def repair(cwd: str, health: Health) -> list[str]:
    """Set the filter up again where it was, with what it was told; notes for the user."""
    assert health.scope is not None  # noqa: S101 - repairable only then
    return list(install.install(cwd, health.settings, scope=health.scope).notes)


def kept(top: str) -> int:
    """Bytes of outputs that are kept in all working trees of a repository."""
    return sum(size for store in stores(top) for _, _, size in store.files())


def purge(top: str) -> int:
    """Forget outputs and results in all working trees; bytes of outputs that were kept."""
    from shutil import rmtree

    size = kept(top)
    for store in stores(top):
        for name in ("outputs", "results"):
            rmtree(os.path.join(os.path.dirname(store.folder), name), ignore_errors=True)
    return size


def stores(top: str) -> list[Outputs]:
    """Where outputs are kept: in each working tree's own folder."""
    common = os.path.join(top, command.line(top, "rev-parse", "--git-common-dir"))
    linked = os.path.join(common, "worktrees")
    names = sorted(os.listdir(linked)) if os.path.isdir(linked) else []
    return [Outputs(folder) for folder in (common, *(os.path.join(linked, n) for n in names))]


def _tracked(top: str) -> list[str]:
    listed = command.output(top, "ls-files", "-z", "--", ":(icase)*.ipynb")
    return sorted({os.fsdecode(name) for name in listed.split(b"\0") if name})


def _broken(top: str, scope: Scope, entries: dict[str, str]) -> list[str]:
    """What is wrong with the set-up itself."""
    file = install.script_path(top, scope)
    script = driver.read(file)
    if script is None:
        return [f"{file} is missing"]
    problems = []
    if not script.exists:
        problems.append(f"the Python environment of the filter is gone: {script.python}")
    process = entries.get(f"filter.{driver.NAME}.process", "")
    settings = driver.settings_of(process) if process else {}
    wanted = driver.entries(None if scope == "local" else file, settings)
    wrong = sorted(key for key, value in wanted.items() if entries.get(key) != value)
    if wrong:
        problems.append(f"git's configuration is not as it was set up: {', '.join(wrong)}")
    elif script.exists and not _answers(top, process):
        problems.append(f"the filter does not start: {script.python}")
    return problems


def _answers(top: str, process: str) -> bool:
    """Whether the filter greets git, started as git starts it."""
    from subprocess import TimeoutExpired, run

    try:
        done = run(  # noqa: S602 - what git runs, from its own configuration
            process, shell=True, cwd=top, input=_GREETING + _OFFER, capture_output=True, timeout=30
        )
    except (OSError, TimeoutExpired):
        return False
    return b"capability=smudge" in done.stdout


def _surroundings(top: str) -> list[str]:
    version = command.line(top, "version").split()[2]
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers < _OLDEST:
        return [f"git {version} is older than 2.11, the first with filter processes: update it"]
    return []
