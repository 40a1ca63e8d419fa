"""What is asked of a package: its name and how far its version is fixed.

Requirements are read with the `packaging` library. Its import takes as long as scanning 5 MB, so
what is plainest is told by patterns: a bare name, as four of five in notebooks are, and a name
with release numbers; a test holds them against the library.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple

from jupyter_mlsec.core.patterns import lazy

Pin = Literal["none", "open", "bounded", "exact"]
"""No version at all; only a lower bound; an upper bound too; one exact version."""

Kind = Literal["package", "vcs", "url", "local"]

_BARE = lazy(r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(\[[\w ,.-]*\])?")
_RELEASE = r"\d+(?:\.\d+){0,5}"
_CLAUSE = (
    rf"(?:[<>]=?{_RELEASE}|~=\d+(?:\.\d+){{1,5}}"
    rf"|[=!]={_RELEASE}(?:\.\*|\+[a-z0-9]+(?:\.[a-z0-9]+)?)?)"
)
_RELEASES = lazy(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?P<extra>\[[A-Za-z0-9]+\])?"
    rf"(?P<clauses>{_CLAUSE}(?:,{_CLAUSE})*)",
    re.ASCII,
)
_SPLIT_CLAUSE = lazy("([=<>!~]+)([^,]+)")
_NAMED_SOURCE = lazy(r"\s*([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*@\s*(\S+)")
_CONDA = lazy(r"(?:[\w./:-]+::)?([A-Za-z0-9_][\w.-]*)\s*(?:\[version=)?['\"]?(.*?)['\"]?\]?")
_VCS = lazy(r"(?:git|hg|svn|bzr)\+")
_LOCAL = lazy(r"[./~\\]|[A-Za-z]:\\|file:|.*\.(?:whl|tar\.gz|zip)(?:\[[^\]]*\])?$|[^@=<>]*/")
_LOOSE_BOUND = lazy(r"([<>~]=?\s*[\d.]+)\.\*")  # >=1.24.*, which old pips took


class Requirement(NamedTuple):
    """A package, a repository, a URL or a local path that is to be installed.

    `name` is canonical, "" where it is not known; `written` is the name as it stands with its
    extras; `url` is set for `vcs` and `url`.
    """

    kind: Kind
    name: str
    written: str
    pin: Pin = "none"
    url: str = ""

    @property
    def label(self) -> str:
        """The name as it stands, for messages: a token pasted in the place of a package is masked
        there only in its own spelling."""
        return self.written.partition("[")[0] or self.name


def canonical(name: str) -> str:
    """The name as the Python package index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


@lru_cache(maxsize=4096)
def parse(text: str) -> Requirement | None:
    """A requirement of pip's, or None for what is none (a broken one, a stray word)."""
    text = text.strip()
    bare = _BARE.fullmatch(text)
    if bare and not _LOCAL.match(text):
        return Requirement("package", canonical(bare[1]), text)
    named = _NAMED_SOURCE.match(text)
    name, source = (named[1], named[2]) if named else ("", text)
    if _VCS.match(source):
        name = name or _egg(source)
        return Requirement("vcs", canonical(name), name, url=source)
    if re.match(r"(?:https?|ftp|s3|gs)://", source):
        return Requirement("url", canonical(name or _egg(source)), name, url=source)
    if _LOCAL.match(source):
        return Requirement("local", "", text)
    return _versioned(text)


def _egg(url: str) -> str:
    found = re.search(r"[#&]egg=([\w.-]+)", url)
    return found[1] if found else ""


def _versioned(text: str) -> Requirement | None:
    plain = _RELEASES.fullmatch(text)
    if plain:
        written = plain["name"] + (plain["extra"] or "")
        pin = _pin(_SPLIT_CLAUSE.findall(plain["clauses"]))
        return Requirement("package", canonical(plain["name"]), written, pin)
    from packaging.requirements import InvalidRequirement
    from packaging.requirements import Requirement as Parsed

    try:
        parsed = Parsed(_LOOSE_BOUND.sub(r"\1", text))
    except InvalidRequirement:
        return None
    extras = f"[{','.join(sorted(parsed.extras))}]" if parsed.extras else ""
    clauses = [(clause.operator, clause.version) for clause in parsed.specifier]
    return Requirement("package", canonical(parsed.name), parsed.name + extras, _pin(clauses))


def _pin(clauses: list[tuple[str, str]]) -> Pin:
    operators = {operator for operator, _ in clauses}
    if any(o == "===" or (o == "==" and not v.endswith(".*")) for o, v in clauses):
        return "exact"
    if operators & {"<", "<=", "~=", "=="}:
        return "bounded"
    return "open" if operators & {">", ">="} else "none"


@lru_cache(maxsize=1024)
def parse_conda(text: str) -> Requirement | None:
    """A requirement of conda's: `numpy`, `numpy=1.26`, `conda-forge::numpy>=1.2,<2`.

    `numpy=1.26` means any 1.26.x to conda and counts as bounded.
    """
    if re.match(r"https?://", text):
        return Requirement("url", "", "", url=text)
    if _LOCAL.match(text.rpartition("::")[2]) or text.endswith((".conda", ".tar.bz2")):
        return Requirement("local", "", text)
    match = _CONDA.fullmatch(text.strip())
    if match is None:
        return None
    return Requirement("package", canonical(match[1]), match[1], _conda_pin(match[2].strip()))


def _conda_pin(version: str) -> Pin:
    first = version.lstrip("= ")
    if not first or first == "*":
        return "none"
    if version.startswith((">", "!")):
        return "bounded" if "<" in version else "open"
    if version.startswith("<") or "*" in version or "|" in version or "," in version:
        return "bounded"
    exact = version.startswith("==") or version.count("=") > 1 or not version.startswith("=")
    return "exact" if exact else "bounded"
