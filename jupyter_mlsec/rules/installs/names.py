"""Rules about package names: those that are not what the author means."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from jupyter_mlsec.core.model import Confidence, Fix, Hit, Severity
from jupyter_mlsec.core.rule import Bad, Good
from jupyter_mlsec.rules.installs.command_line import Target
from jupyter_mlsec.rules.installs.family import EVERYWHERE, INSTALL, installs, replacement, rule

if TYPE_CHECKING:
    from jupyter_mlsec.core.view import View

# What is imported under a name that is not the project's, canonical name to project.
PROJECT_OF_IMPORT = {
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "community": "python-louvain",
    "crypto": "pycryptodome",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "faiss": "faiss-cpu",
    "fitz": "PyMuPDF",
    "git": "GitPython",
    "gi": "PyGObject",
    "image": "Pillow",
    "jose": "python-jose",
    "jwt": "PyJWT",
    "ldap": "python-ldap",
    "magic": "python-magic",
    "mysqldb": "mysqlclient",
    "opencv": "opencv-python",
    "openssl": "pyOpenSSL",
    "pil": "Pillow",
    "pkg-resources": "setuptools",
    "pptx": "python-pptx",
    "pytorch": "torch",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "slugify": "python-slugify",
    "telegram": "python-telegram-bot",
    "umap": "umap-learn",
    "usb": "pyusb",
    "wx": "wxPython",
    "yaml": "PyYAML",
    "zmq": "pyzmq",
}


def _packages(view: View) -> Iterator[Target]:
    """Packages from the Python package index; conda's channels have names of their own."""
    for found in installs(view):
        for target in found.targets:
            if found.tool != "conda" and target.requirement.kind == "package":
                yield target


def _renamed(view: View, target: Target, project: str) -> Fix | None:
    """The fix that puts a project's name in the place of a requirement's, extras and version kept;
    None where the name stands elsewhere, as before Poetry's `name = "*"`."""
    written = target.requirement.written
    if not target.raw.startswith(written):
        return None
    _, bracket, extras = written.partition("[")
    text = f"{project}{bracket}{extras}{target.raw[len(written) :]}"
    return replacement(view, target, text, f"install {project}", safe=False)


@rule(
    "import-name-not-package-name",
    "A package is installed by the name it is imported by, which is another project",
    severity=Severity.MEDIUM,
    hints=INSTALL,
    languages=EVERYWHERE,
    references=("CWE-1357", "AML.T0011.001"),
    examples=(
        Bad("%pip install sklearn", at="sklearn", fixed="%pip install scikit-learn"),
        Bad("!pip install numpy==2.1.0 cv2", at="cv2", fixed=None),
        Bad("PIL\n", at="PIL", fixed="Pillow\n", language="requirements"),
        Good("%pip install scikit-learn", because="this is the project's name"),
        Good("!conda install opencv pytorch", because="conda has packages of these names"),
        Bad("!uv pip install yaml==6.0", at="yaml==6.0", fixed="!uv pip install PyYAML==6.0"),
        Good("import sklearn", because="it is imported, not installed"),
        Good("%pip install types-PyYAML==6.0", because="a project of that name"),
    ),
)
def import_name_not_package_name(view: View) -> Iterator[Hit]:
    """`import sklearn` comes from the project scikit-learn. The project that is called `sklearn`
    is another one, whoever it belongs to: such names are often empty, and have been taken to ship
    malware to people who guess.
    """
    for target in _packages(view):
        project = PROJECT_OF_IMPORT.get(target.requirement.name)
        if project:
            fix = _renamed(view, target, project)
            name = target.requirement.written
            message = f"{name} is an import name; the project is called {project}"
            yield Hit(target.span, message, fix, subject=project)


# How well known a name must be to be mistaken for, by its length: short names are near to many
# others by chance. Of the names outside the 15,000, 0.2 % are reported with these figures.
_MOST_KNOWN = ((5, 500), (7, 1000), (60, 5000))
_LETTERS = "abcdefghijklmnopqrstuvwxyz-"


@lru_cache(maxsize=1)
def popular() -> dict[str, int]:
    """The 15,000 most downloaded projects of the Python package index (November 2026), canonical
    name to rank. 5 ms to read."""
    path = os.path.join(os.path.dirname(__file__), "popular.txt")  # pathlib costs its import
    with open(path, encoding="ascii") as file:
        return {name: rank for rank, name in enumerate(file.read().split(), 1)}


def _edits(name: str) -> Iterator[str]:
    """The names one edit away: a letter left out, put in, changed, or two swapped.

    Digits are left alone (`cu11` and `cu12` are two things), and so is the first letter but for
    leaving it out, which people rarely get wrong.
    """
    for position in range(len(name) + 1):
        head, tail = name[:position], name[position:]
        if tail and not tail[0].isdigit() and position:
            yield head + tail[1:]
        if len(tail) > 1 and not (tail[0] + tail[1]).isdigit():
            yield head + tail[1] + tail[0] + tail[2:]
        for letter in _LETTERS:
            yield head + letter + tail
            if position and tail and not tail[0].isdigit():
                yield head + letter + tail[1:]


@lru_cache(maxsize=1024)
def mistaken_for(name: str) -> str | None:
    """The well-known project that a canonical name is one edit away from, or None."""
    ranks = popular()
    if len(name) < 4 or name in ranks or name in PROJECT_OF_IMPORT:
        return None
    near = {edit for edit in _edits(name) if edit in ranks}
    known = [
        n for n in near if ranks[n] <= next(r for length, r in _MOST_KNOWN if len(n) <= length)
    ]
    return min((n for n in known if len(n) > 4), key=ranks.__getitem__, default=None)


@rule(
    "typosquat-or-unknown-name",
    "A package name is one letter away from a well-known one",
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    hints=INSTALL,
    languages=EVERYWHERE,
    references=("CWE-1357", "AML.T0011.001"),
    examples=(
        Bad("%pip install tokenziers==0.20", at="tokenziers==0.20"),
        Bad("!pip install -q reqeusts==2.32", at="reqeusts==2.32"),
        Bad("matplotlb==3.9\n", at="matplotlb==3.9", language="requirements"),
        Good("%pip install tokenizers==0.20", because="this is the well-known name"),
        Good("%pip install scikit_learn==1.5", because="- and _ are the same to the index"),
        Good("%pip install ouroboros-atlas==1.0", because="rare, but near to nothing well known"),
        Bad("!python -m pip install panads==2.2", at="panads==2.2"),
        Good("%pip install ./reqeusts", because="a folder of this machine"),
    ),
)
def typosquat_or_unknown_name(view: View) -> Iterator[Hit]:
    """Names that differ from a popular one by a slip of the keyboard are registered to catch that
    slip, and what is installed runs as you.

    Reported is a name outside the 15,000 most downloaded projects that is one edit away from one
    of the best known: the first 5,000, of shorter names the first 1,000 or 500.
    """
    for target in _packages(view):
        name = target.requirement.label
        known = mistaken_for(target.requirement.name)
        if known:
            message = f"{name} is no well-known package, and one letter away from {known}; "
            message += "check the name"
            yield Hit(target.span, message, _renamed(view, target, known), subject=name)
