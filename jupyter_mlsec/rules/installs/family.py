"""What the rules about installs share: the decorator, the hints, and what a text installs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jupyter_mlsec.core.model import Edit, Fix, Span
from jupyter_mlsec.core.rule import Hint, family
from jupyter_mlsec.core.shell import written_file
from jupyter_mlsec.rules.installs.command_line import Install, Target, install
from jupyter_mlsec.rules.installs.manifests import LANGUAGES, manifests

if TYPE_CHECKING:
    from jupyter_mlsec.core.view import View

rule = family("installs")

IN_COMMANDS = ("python", "shell", "dockerfile")
MANIFESTS = LANGUAGES
EVERYWHERE = (*IN_COMMANDS, *MANIFESTS)

INSTALL_COMMAND = (
    Hint(
        "install-command",
        r"(?:pip|conda|mamba|uv|easy_)[^\n]{0,80}install",
        literals=("install",),
    ),
    Hint(
        "install-command",
        r"(?:uv|poetry|pdm|pixi)[ \t][^\n]{0,40}add[ \t]",
        literals=("uv ", "poetry ", "pdm ", "pixi "),
    ),
    Hint(
        "install-command",
        r"(?:uv[ \t][^\n]{0,40}run[ \t]|uvx[ \t]|pixi[ \t][^\n]{0,40}install)",
        literals=("uv ", "uvx ", "uv\t", "uvx\t", "pixi"),
    ),
    Hint("install-command", r"(?:conda|mamba)[^\n]{0,40}create", literals=("conda", "mamba")),
)
WRITTEN_MANIFEST = Hint(
    "written-manifest",
    r"%%(?:write)?file[ \t][^\n]{0,200}(?:requirements|constraints|env|pyproject|conda)",
    literals=("%%writefile", "%%file"),
)
INSTALL = (*INSTALL_COMMAND, WRITTEN_MANIFEST)

# Tools for installing, not what a notebook computes with.
INSTALLERS = frozenset(("pip", "setuptools", "wheel"))


def installs(view: View) -> tuple[Install, ...]:
    """What a text installs: its commands, or the requirements of the file that it is."""
    return view.once(_installs)


def _installs(view: View) -> tuple[Install, ...]:
    listed = manifests(written_file(view.text) or view.text)
    if listed:
        return listed
    return tuple(found for command in view.commands if (found := install(command)))


def only_installers(found: Install) -> bool:
    """Whether a command brings nothing but pip, setuptools and wheel up to date."""
    return bool(found.targets) and all(t.requirement.name in INSTALLERS for t in found.targets)


def replacement(view: View, target: Target, text: str, title: str, *, safe: bool) -> Fix | None:
    """A fix that puts other text in the place of a requirement and keeps its quotes; None where
    the place holds more than the requirement (a variable, a string with escapes)."""
    written = view.source[target.span.start : target.span.end]
    for quote in ("", '"', "'"):
        if written == f"{quote}{target.raw}{quote}":
            edit = Edit(target.span, f"{quote}{text}{quote}", view.text.cell)
            return Fix((edit,), safe, title)
    return None


def pinned(view: View, target: Target) -> Fix | None:
    """The fix that pins a requirement to the version that the context knows."""
    requirement = target.requirement
    version = view.context.versions.get(requirement.name)
    if version and target.raw == "*":  # Poetry's `name = "*"`
        title = f"pin to {version}, the version in {view.context.versions_from}"
        return replacement(view, target, version, title, safe=False)
    if version is None or not re.match(r"[\w.-]+(?:\[[^\]]*\])?\s*(?:[;<>=!~@]|$)", target.raw):
        return None
    marker = re.search(r"\s*;.*", target.raw, re.DOTALL)
    public = version.partition("+")[0]  # 2.0.1+cu117 is on no public index, ==2.0.1 accepts it
    text = f"{requirement.written}=={public}{marker[0] if marker else ''}"
    title = f"pin to {public}, the version in {view.context.versions_from}"
    return replacement(view, target, text, title, safe=False)


def span_of(view: View, text: str, within: Span) -> Span:
    """Where `text` stands inside a place, or the whole place if it does not stand there as such."""
    start = view.source.find(text, within.start, within.end)
    return Span(start, start + len(text)) if start >= 0 else within
