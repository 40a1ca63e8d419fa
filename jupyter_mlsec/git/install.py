"""Setting the filter up in git, and taking it out again.

Three things make it work: entries in git's configuration (`driver`), a line in an attributes file
(`attributes`), and in a repository a hook that refuses commits of unfinished merges (`hook`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal, NamedTuple

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.git import attributes, command, driver, hook

Scope = Literal["local", "global", "system"]
SCOPES: tuple[Scope, ...] = ("local", "global", "system")

# A notebook that no line names: what holds for it holds for notebooks in general.
ANY = "mlsec-any-notebook.ipynb"


class Installed(NamedTuple):
    """What was set up: the attributes file, and what the user should know."""

    attributes: str
    notes: tuple[str, ...]


def install(
    cwd: str,
    settings: Mapping[str, str],
    *,
    scope: Scope = "local",
    attributes_file: str | None = None,
    from_nbstripout: bool = False,
    shared_hooks: bool = False,
) -> Installed:
    """Have git run the filter on notebooks; again is harmless, and repairs.

    `settings` are options of `mlsec strip` (`mode`, …); what they don't say is asked of the
    configuration of the repository. `scope` says for whom; for a user or a machine, each repository
    gets its hooks when the filter is first used there. `shared_hooks` writes hooks also where
    core.hooksPath points. Raises MlsecError if there is no
    repository (scope local), something can't be written, or notebooks have another filter.
    """
    if scope == "local":
        command.top(cwd)  # says so if there is none
    file = attributes_file or attributes_path(cwd, scope)
    found = nbstripout(cwd, scope) if from_nbstripout else {}
    others = _others(cwd)
    if nbdime(cwd):
        others.setdefault("diff", "jupyternotebook")
    filtered = others.get("filter", "")
    if filtered and not (from_nbstripout and filtered == "nbstripout"):
        raise MlsecError(*_taken(filtered))
    if scope == "local" and attributes_file is None:
        _check_overridden(cwd)
    script = script_path(cwd, scope)
    driver.write(script)
    named = None if scope == "local" else script
    told = {**found, **settings, **({driver.HOOKS: script} if named else {})}
    for key, value in driver.entries(named, told).items():
        _configure(cwd, scope, key, value)
    line = driver.ATTRIBUTES
    notes = []
    if others.get("diff", "ipynb") != "ipynb":
        line = line.partition(" diff=")[0]
        notes.append(f"`git diff` goes on to show notebooks with {others['diff']}")
    attributes.add(file, line, instead_of_nbstripout=from_nbstripout)
    if from_nbstripout:
        _forget_nbstripout(cwd, scope)
    if scope == "local":
        notes += hook.install(cwd, anywhere=shared_hooks)
    elif shared_hooks:
        notes += hook.install(cwd, script=script, anywhere=True)
    if attributes_file and scope == "local" and not _is_read(cwd, attributes_file):
        notes.append(
            f"git does not read {file} for notebooks of this repository, so nothing is filtered "
            "yet: name .gitattributes, or set core.attributesFile"
        )
    return Installed(file, tuple(notes))


def uninstall(
    cwd: str,
    *,
    scope: Scope = "local",
    attributes_file: str | None = None,
    shared_hooks: bool = False,
) -> bool:
    """Take out what `install` set up in that scope; whether there was anything.

    What stands in other attributes files is left alone. Raises MlsecError.
    """
    file = attributes_file or attributes_path(cwd, scope)
    found = attributes.remove(file)
    for section in driver.sections():
        found |= _remove_section(cwd, scope, section)
    script = script_path(cwd, scope)
    if os.path.isfile(script):
        os.unlink(script)
        if not os.listdir(os.path.dirname(script)):
            os.rmdir(os.path.dirname(script))
    if scope == "local" or shared_hooks:
        found |= hook.remove(cwd, anywhere=shared_hooks)
    return found


def attributes_path(cwd: str, scope: Scope) -> str:
    """The attributes file of a scope that is no file of the repository. Raises MlsecError."""
    if scope == "local":
        return os.path.join(cwd, command.line(cwd, "rev-parse", "--git-path", "info/attributes"))
    found = command.run(cwd, "config", f"--{scope}", "--type=path", "core.attributesFile")
    if found.returncode == 0:
        return os.fsdecode(found.stdout.rstrip(b"\r\n"))
    if scope == "global":
        home = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
        return os.path.join(home, "git", "attributes")
    found = command.run(cwd, "var", "GIT_ATTR_SYSTEM")  # since git 2.41
    return os.fsdecode(found.stdout.rstrip(b"\r\n")) or "/etc/gitattributes"


def script_path(cwd: str, scope: Scope) -> str:
    """The script that git's configuration in that scope starts. Raises MlsecError."""
    if scope == "local":
        common = command.line(cwd, "rev-parse", "--git-common-dir")
        return os.path.join(cwd, common, "mlsec", "filter")
    if scope == "global":
        home = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
        return os.path.join(home, "mlsec", "git-filter")
    system = os.environ.get("GIT_CONFIG_SYSTEM", "/etc/gitconfig")
    return os.path.join(os.path.dirname(system), "mlsec", "git-filter")


def configured(cwd: str, scope: Scope | None = None) -> dict[str, str]:
    """git's configuration of our sections by key, of one scope or as it is in force."""
    where = [f"--{scope}"] if scope else []
    pattern = rf"^(filter\.{driver.NAME}(-[a-z]+)?|diff\.{driver.NAME})\."
    found = command.run(cwd, "config", *where, "-z", "--get-regexp", pattern)
    entries = os.fsdecode(found.stdout).split("\0") if found.returncode == 0 else []
    return dict(entry.partition("\n")[::2] for entry in entries if entry)


def nbdime(cwd: str) -> bool:
    """Whether nbdime is set up to show differences (`nbdime config-git --enable`)."""
    return command.run(cwd, "config", "diff.jupyternotebook.command").returncode == 0


def attributes_of(cwd: str, paths: list[str]) -> dict[str, dict[str, str]]:
    """The attributes `filter` and `diff` of each path, where they are said. Paths as git's.

    `-filter` in an attributes file gives "unset".
    """
    stdin = b"".join(os.fsencode(path) + b"\0" for path in paths)
    asked = ("check-attr", "-z", "--stdin", "filter", "diff")
    fields = os.fsdecode(command.output(cwd, *asked, stdin=stdin)).split("\0")
    found: dict[str, dict[str, str]] = {path: {} for path in paths}
    for path, name, value in zip(fields[::3], fields[1::3], fields[2::3], strict=False):
        if value not in ("unspecified", "set"):
            found[path][name] = value
    return found


def nbstripout(cwd: str, scope: Scope) -> dict[str, str]:
    """The options of an nbstripout that is set up, as ours; empty where none are set.

    They stand in its command (`nbstripout --keep-count`) and in `filter.nbstripout.extrakeys`
    and `.keepmetadatakeys` (its README). Raises MlsecError if it is not set up in that scope.
    """
    pattern = r"^filter\.nbstripout\."
    found = command.run(cwd, "config", f"--{scope}", "-z", "--get-regexp", pattern)
    entries = dict(e.partition("\n")[::2] for e in os.fsdecode(found.stdout).split("\0") if e)
    clean = entries.get("filter.nbstripout.clean")
    if clean is None:
        raise MlsecError(f"nbstripout is not set up here ({scope})", "leave --from-nbstripout away")
    return {"mode": "all", **_nbstripout_options(clean, entries)}


def _nbstripout_options(clean: str, entries: Mapping[str, str]) -> dict[str, str]:
    import shlex

    options: dict[str, list[str]] = {}
    current: list[str] | None = None
    for word in shlex.split(clean):
        if word.startswith("--"):
            name, _, value = word[2:].partition("=")
            current = options.setdefault(name, [value] if value else [])
        elif current is not None:
            current.append(word)
    known = {"textconv", "force", "unix-newlines", "dry-run", "verify", "mode"}
    found = {k: " ".join(v) or "true" for k, v in options.items() if k not in known}
    for key, name in (("extrakeys", "extra-keys"), ("keepmetadatakeys", "keep-metadata-keys")):
        configured = entries.get(f"filter.nbstripout.{key}")
        if configured:
            found[name] = " ".join([configured, *options.get(name, [])])
    # nbstripout numbers cells anew and leaves initialization cells alone unless told otherwise
    return {"keep-id": "false", "strip-init-cells": "false", **found}


def _forget_nbstripout(cwd: str, scope: Scope) -> None:
    for section in ("filter.nbstripout", "diff.ipynb"):
        _remove_section(cwd, scope, section)


def _others(cwd: str) -> dict[str, str]:
    """What filter and diff notebooks have now that are not ours; nothing outside a repository."""
    if command.run(cwd, "rev-parse", "--git-dir").returncode:
        return {}
    found = attributes_of(cwd, [ANY])[ANY]
    ours = ("unset", driver.NAME, *driver.DRIVERS)
    return {key: value for key, value in found.items() if value not in ours}


def _check_overridden(cwd: str) -> None:
    """Raises MlsecError for notebooks of another filter, which .git/info/attributes would take."""
    tracked = command.output(cwd, "ls-files", "-z", "--full-name", "--", ":(top,icase)*.ipynb")
    names = [os.fsdecode(name) for name in tracked.split(b"\0") if name]
    found = attributes_of(command.top(cwd), names)
    for name, said in found.items():
        other = said.get("filter", "unset")
        if other not in (*driver.DRIVERS, "unset", "nbstripout"):
            raise MlsecError(
                f"{name!r} goes through the filter {other!r}, which this would end",
                "give --attributes .gitattributes: lines for single paths go on to count there",
            )


def _is_read(cwd: str, file: str) -> bool:
    """Whether git goes by an attributes file, for notebooks beside it or in general."""
    top = command.top(cwd)
    beside = os.path.relpath(os.path.join(os.path.dirname(file), ANY), os.path.realpath(top))
    asked = [ANY] if beside.startswith("..") else [ANY, beside.replace(os.sep, "/")]
    found = attributes_of(top, asked)
    return any(said.get("filter") in driver.DRIVERS for said in found.values())


def _taken(name: str) -> tuple[str, str]:
    if name == "nbstripout":
        return "notebooks go through nbstripout here", "give --from-nbstripout to take over"
    if name == "lfs":
        return (
            "all notebooks are in git-lfs here, where no other filter sees them",
            "take *.ipynb out of git-lfs (`git lfs migrate export`), or name single paths in "
            ".gitattributes",
        )
    return (
        f"notebooks go through the filter {name!r} here",
        "take it out of the attributes file first: git runs one filter on a file",
    )


def _configure(cwd: str, scope: Scope, key: str, value: str) -> None:
    command.output(cwd, "config", f"--{scope}", "--replace-all", key, value)


def _remove_section(cwd: str, scope: Scope, section: str) -> bool:
    return command.run(cwd, "config", f"--{scope}", "--remove-section", section).returncode == 0
