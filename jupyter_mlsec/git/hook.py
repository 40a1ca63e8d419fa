"""The hooks of a repository: the gate behind the filter.

The filter lets notebooks with conflict markers pass, their outputs removed, so that git works in
the middle of a merge; such a notebook must not be committed, nor one that was staged around the
filter. `pre-commit` looks at each commit but those of `git rebase --continue`, which git makes
without it; there `prepare-commit-msg` does (docs/decisions/021-git-filter.md).
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.git import command, driver

_MARK = "# Written by `mlsec git install`."
_BEFORE = ".before-mlsec"
_SCRIPT = """\
#!/bin/sh
{mark} It looks at staged notebooks only.
if test -x "$0{before}"; then "$0{before}" "$@" || exit $?; fi
{when}git diff --cached --quiet --no-ext-diff --diff-filter=ACMRT -- '*.ipynb' && exit 0
{find}test -f "$f" || exit 0
exec sh "$f" check
"""
# What comes first: when there is nothing to look at.
_WHEN: Mapping[str, str] = {
    "pre-commit": "",
    "prepare-commit-msg": 'test -f "$(git rev-parse --git-path REBASE_HEAD)" || exit 0\n',
}
_BY_HAND = "call `mlsec git check` in it, which refuses notebooks with conflict markers"
_LOOKED = "mlsec/hooks"  # below .git: that a repository of a user-wide set-up has been looked at


def install(cwd: str, *, script: str | None = None, anywhere: bool = False) -> list[str]:
    """Write the hooks, before any that are there already; notes for the user. Raises MlsecError.

    `script` is the filter's, None for the repository's own. `anywhere`: also where core.hooksPath
    points, and so perhaps for other repositories; in those without a filter they do nothing.
    """
    if shared(cwd) and not anywhere:
        return [
            f"core.hooksPath is set, so {path(cwd)} is not this repository's alone: {_BY_HAND}, or "
            "give --shared-hooks"
        ]
    find = driver.FIND_LOCAL if script is None else f"f={driver.quoted(script)}; "
    return [note for name in _WHEN for note in _install(path(cwd, name), _WHEN[name], find)]


def install_once(git_folder: str, script: str) -> list[str]:
    """The hooks of a repository whose filter is set up for a user or a machine, when it is first
    used there; notes for the user. Looked at once: who takes them out has them out."""
    looked = os.path.join(git_folder, _LOOKED)
    if os.path.exists(looked):
        return []
    try:
        os.makedirs(os.path.dirname(looked), exist_ok=True)
        with open(looked, "x", encoding="utf-8"):
            pass
        had = present(".")
        notes = install(".", script=script)
    except (OSError, MlsecError):
        return []  # no right to write there: the filter works without
    return notes or ([] if had else [f"{path('.')} now refuses notebooks with conflict markers"])


def _install(file: str, when: str, find: str) -> list[str]:
    if _legacy(file):
        return []  # the pre-commit framework came later, and calls ours
    if os.path.lexists(file) and not _ours(file):
        if os.path.lexists(file + _BEFORE):
            return [f"{file} is not ours: {_BY_HAND}"]
        os.replace(file, file + _BEFORE)
    script = _SCRIPT.format(mark=_MARK, before=_BEFORE, when=when, find=find)
    try:
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with open(file, "w", encoding="utf-8", newline="\n") as opened:
            opened.write(script)
        os.chmod(file, 0o755)  # noqa: S103 - git runs only what may be executed
    except OSError as error:
        raise MlsecError(f"{file} can't be written: {error.strerror}") from None
    return []


def remove(cwd: str, *, anywhere: bool = False) -> bool:
    """Take the hooks away, and put what was there before in their places; whether any was.

    `anywhere`: also where core.hooksPath points.
    """
    found = False
    if shared(cwd) and not anywhere:
        return found
    for file in (path(cwd, name) for name in _WHEN):
        if _ours(file):
            found = True
            os.unlink(file)
            if os.path.lexists(file + _BEFORE):
                os.replace(file + _BEFORE, file)
    return found


def present(cwd: str) -> bool:
    """Whether commits are looked at, by the hooks or by the pre-commit framework's calling them."""
    return all(_ours(file) or _legacy(file) for file in (path(cwd, name) for name in _WHEN))


def path(cwd: str, name: str = "pre-commit") -> str:
    """Where git looks for a hook of the repository."""
    return os.path.join(cwd, command.line(cwd, "rev-parse", "--git-path", f"hooks/{name}"))


def shared(cwd: str) -> bool:
    """Whether hooks lie elsewhere than in the repository's own folder."""
    return command.run(cwd, "config", "core.hooksPath").returncode == 0


def _legacy(file: str) -> bool:
    return not _ours(file) and _ours(f"{file}.legacy")


def _ours(file: str) -> bool:
    try:
        with open(file, encoding="utf-8", errors="replace") as opened:
            return _MARK in opened.read(4096)
    except OSError:
        return False
