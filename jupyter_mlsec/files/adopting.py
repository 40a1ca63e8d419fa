"""Files that `mlsec init` makes or adds to, and takes back: nothing but its own text is touched."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import NamedTuple

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.files.source import read
from jupyter_mlsec.files.writing import replace

PRE_COMMIT = ".pre-commit-config.yaml"
BASELINE = ".mlsec-baseline.json"

# What a hook is called for; `mlsec scan` looks at the other files when a folder is named.
_HOOK_FILES = (
    r"'(?i)\.(ipynb|py|md|sh|env|dockerfile)$|(^|/)(requirements[^/]*\.txt|pyproject\.toml"
    r"|(environment|conda)[^/]*\.ya?ml|dockerfile[^/]*)$'"
)
_HOOK = f"""\
- repo: local # the mlsec that is installed beside; docs: jupyter-mlsec, "In pre-commit"
  hooks:
  - id: mlsec-scan
    name: mlsec scan
    entry: mlsec scan
    language: system
    require_serial: true
    types: [file]
    files: {_HOOK_FILES}
"""
_REPOS = re.compile(r"^repos:[ \t]*(?:#[^\n]*)?$", re.MULTILINE)
_KEY = re.compile(r"^[A-Za-z_][\w-]*:", re.MULTILINE)
_ITEM = re.compile(r"^([ \t]*)-[ \t]", re.MULTILINE)


class Added(NamedTuple):
    """Text in a file: `text` is all of it where the file is new, else what stands at `at` (in
    characters) of what was there. `why` is for the user."""

    path: str
    text: str
    new: bool
    why: str
    at: int = 0


def settings(top: str, table: Sequence[str]) -> Added | None:
    """These lines of settings where they belong: at the end of pyproject.toml where there is one,
    else in a new mlsec.toml. None where the repository has settings already, or for none."""
    project = os.path.join(top, "pyproject.toml")
    if not table:
        return None
    if not os.path.isfile(project):
        text = "# jupyter-mlsec; `mlsec scan` finds this file\n" + "\n".join(table) + "\n"
        return Added("mlsec.toml", text, True, "settings")
    before = _text(project)
    gap = "" if before.endswith("\n\n") or not before else "\n" if before.endswith("\n") else "\n\n"
    lines = [re.sub(r"^\[", "[tool.mlsec.", line) for line in table]
    text = f"{gap}[tool.mlsec]\n" + "\n".join(lines) + "\n"
    return Added("pyproject.toml", text, False, "settings", len(before))


def hook(top: str) -> Added | None:
    """The hook for the pre-commit framework, as the last of its repositories. None where one is
    there. Raises MlsecError where the list of repositories can't be told."""
    file = os.path.join(top, PRE_COMMIT)
    why = "a hook that scans what is committed; `pre-commit install` switches hooks on"
    if not os.path.lexists(file):
        return Added(PRE_COMMIT, "repos:\n" + _HOOK, True, why)
    before = _text(file)
    if re.search(r"^\s*-?\s*(?:id: mlsec-|entry: mlsec\b)", before, re.MULTILINE):
        return None
    start = _REPOS.search(before)
    if start is None:
        raise MlsecError(
            f"{PRE_COMMIT} has no list `repos:` on a line of its own",
            "add the hook by hand, and say --no-pre-commit",
        )
    following = _KEY.search(before, start.end())
    end = following.start() if following else len(before)
    item = _ITEM.search(before, start.end(), end)
    indent = item[1] if item else ""
    block = "".join(f"{indent}{line}\n" for line in _HOOK.splitlines())
    end = len(before[:end].rstrip()) + 1
    gap = "\n" if end > len(before) else ""
    return Added(PRE_COMMIT, gap + block, False, why, min(end, len(before)))


def write(top: str, added: Added) -> None:
    """Put the text into its file. Raises MlsecError where that can't be done, or is not right any
    more because the file has changed."""
    file = os.path.join(top, added.path)
    if not added.new:
        before = _text(file)
        replace(file, (before[: added.at] + added.text + before[added.at :]).encode("utf-8"))
        return
    try:
        with open(file, "x", encoding="utf-8", newline="") as made:
            made.write(added.text)
    except OSError as error:
        raise MlsecError(f"{added.path} can't be written: {error.strerror}") from None


def take_back(top: str, added: Added) -> bool:
    """Take the text out again, and a file that was new away; False where somebody has changed it
    since, and it stays."""
    file = os.path.join(top, added.path)
    if not os.path.isfile(file):
        return True
    now = _text(file)
    if now.count(added.text) != 1:
        return False
    left = now.replace(added.text, "")
    if added.new and not left:
        os.unlink(file)
    elif added.new:
        return False
    else:
        replace(file, left.encode("utf-8"))
    return True


def _text(file: str) -> str:
    try:
        return read(file).decode("utf-8")
    except UnicodeDecodeError:
        raise MlsecError(f"{file} is not UTF-8") from None
