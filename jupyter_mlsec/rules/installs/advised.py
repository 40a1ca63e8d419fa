"""Rules that go by advisories (`core.advisories`), which the user has downloaded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from jupyter_mlsec.core.advisories import Advisory, distinct, first_sound
from jupyter_mlsec.core.model import Fix, Hit, Severity
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import Bad, Good
from jupyter_mlsec.rules.installs.command_line import Target
from jupyter_mlsec.rules.installs.family import EVERYWHERE, INSTALL, installs, replacement, rule

if TYPE_CHECKING:
    from jupyter_mlsec.core.view import View

_SHOWN = 3  # advisories that a message names

# What the examples go by: PYSEC-2023-227 and PYSEC-2022-42980 as the Python Packaging Advisory
# Database has them (CC BY 4.0), and an invented one about a package that does not exist.
EXAMPLES: dict[str, tuple[Advisory, ...]] = {
    "pillow": (
        Advisory(
            "PYSEC-2023-227",
            ("CVE-2023-44271",),
            ((("introduced", "0"), ("fixed", "10.0.0")),),
        ),
        Advisory(
            "PYSEC-2022-42980",
            ("CVE-2022-45199",),
            ((("introduced", "9.2.0"), ("fixed", "9.3.0")),),
        ),
    ),
    "requestz-secure": (Advisory("MAL-0000-1", (), ((("introduced", "0"),),)),),
}


class _Wanted(NamedTuple):
    """The versions that a requirement takes: one, or all from `lower` (None: any) to `upper`,
    which belongs to them if `closed`."""

    exact: str | None = None
    lower: str | None = None
    upper: str | None = None
    closed: bool = False

    def affected(self, advisory: Advisory) -> bool:
        if self.exact is not None:
            return advisory.affects(self.exact)
        return self.upper is not None and advisory.covers(
            self.lower, self.upper, closed=self.closed
        )


@rule(
    "known-vulnerable-pin",
    "A package is pinned to a version with a known hole",
    severity=Severity.HIGH,
    hints=INSTALL,
    languages=EVERYWHERE,
    references=("CWE-1395", "ML06", "AML.T0010.001"),
    needs="advisories",
    examples=(
        Bad("%pip install pillow==9.1.0", at="pillow==9.1.0", fixed="%pip install pillow==10.0.0"),
        Bad('!pip install -q "Pillow<9"', at='"Pillow<9"'),
        Bad(
            "pillow==9.4.0 ; python_version > '3.8'\n",
            at="pillow==9.4.0 ; python_version > '3.8'",
            fixed="pillow==10.0.0 ; python_version > '3.8'\n",
            language="requirements",
        ),
        Bad(
            "dependencies:\n  - pillow=9.2.0=py311h1\n",
            at="pillow=9.2.0=py311h1",
            language="conda",
        ),
        Good("%pip install pillow==10.0.0", because="the hole is mended there"),
        Good('%pip install "pillow>=9.1"', because="newer versions are taken, and are sound"),
        Good("%pip install pillow", because="the newest version is taken"),
        Good("%pip install numpy==1.21.0", because="no advisory is about it"),
    ),
)
def known_vulnerable_pin(view: View) -> Iterator[Hit]:
    """A pin keeps what is known to be broken: the hole is published, and so, often, is how to use
    it. Notebooks read pictures, archives and models from elsewhere, which is what such holes are
    about.

    Goes by advisories that you download (the setting `advisories`), and does not run without
    them, so that a clean report never means that nobody looked. A range is reported where every
    version that it takes is affected. Two advisories about one hole count once.

    The fix pins to the first later version that no advisory is about; unsafe, because it may be
    another major version.
    """
    for target, wanted in _targets(view):
        about = view.context.advisories(target.requirement.name)
        found = distinct(a for a in about if not a.malicious and wanted.affected(a))
        if not found:
            continue
        name = target.requirement.label
        sound = first_sound(about, wanted.exact) if wanted.exact else None
        message = f"{name} {_which(wanted)} has {_holes(found)}"
        if sound:
            message += f"; {sound} is the first version without"
        severity = None
        if all(advisory.level in ("low", "moderate") for advisory in found):
            severity = Severity.MEDIUM
        fix = _raised(view, target, sound) if sound else None
        yield Hit(target.span, message, fix, subject=name, severity=severity)


@rule(
    "known-malicious-package",
    "A package that is known to be an attack is installed",
    severity=Severity.CRITICAL,
    hints=INSTALL,
    languages=EVERYWHERE,
    references=("CWE-506", "ML06", "AML.T0010.001"),
    needs="advisories",
    examples=(
        Bad("!pip install requestz-secure", at="requestz-secure"),
        Bad("%pip install requestz_secure==1.0", at="requestz_secure==1.0"),
        Bad("numpy==2.1.0\nrequestz-secure\n", at="requestz-secure", language="requirements"),
        Bad('[project]\ndependencies = ["requestz-secure>=1"]\n', at="requestz-secure>=1",
            language="toml"),
        Good("!pip install pillow==9.1.0", because="it has a hole, but is no attack"),
        Good("!pip install requests", because="no advisory is about it"),
        Good("!pip uninstall -y requestz-secure", because="it is taken off"),
        Good("# !pip install requestz-secure", because="a comment runs nothing"),
    ),
)  # fmt: skip
def known_malicious_package(view: View) -> Iterator[Hit]:
    """Packages that steal what they find run when they are installed, before anything is imported.
    Indexes take them down, mirrors and caches keep them, and the name can come back.

    Goes by OpenSSF's list of malicious packages, which OSV's archive holds (ids `MAL-…`). If the
    cell has run, what that machine could reach (keys, tokens, cookies) has to be changed.
    """
    for target, wanted in _targets(view, every=True):
        for advisory in view.context.advisories(target.requirement.name):
            if advisory.malicious and (not _limited(advisory) or wanted.affected(advisory)):
                message = f"{target.requirement.label} is a known attack ({advisory.id}): don't "
                message += "install it; where it was, change the credentials of that machine"
                yield Hit(target.span, message, subject=target.requirement.label)
                break


def _limited(advisory: Advisory) -> bool:
    """Whether only some releases of a package are the attack: one that was taken over."""
    events = [event for found in advisory.ranges for event in found]
    return bool(advisory.versions or events) and ("introduced", "0") not in events


def _targets(view: View, *, every: bool = False) -> Iterator[tuple[Target, _Wanted]]:
    """Packages with the versions that are taken; `every`: also those that no version bounds."""
    for found in installs(view):
        for target in found.targets:
            if target.requirement.kind == "package":
                wanted = _wanted(target, conda=found.tool == "conda")
                if every or wanted.exact or wanted.upper:
                    yield target, wanted


_NAME = lazy(r"\s*[\w.-]+\s*(?:\[[^\]]*\])?\s*")
_PINNED = lazy(r"([\w.-]+(?:\[[^\]]*\])?)\s*==\s*[^\s;,]+(\s*;.*)?", re.DOTALL)
_CONDA_EXACT = lazy(r"=?=\s*(\d[\w.!+]*)(?:=[\w.*]*)?$")


def _wanted(target: Target, *, conda: bool) -> _Wanted:
    written = target.raw.partition(";")[0]
    if conda:
        written = written.rpartition("::")[2]
    name = _NAME.match(written)
    clauses = written[name.end() :] if name else ""
    if conda and (exact := _CONDA_EXACT.match(clauses.strip(" '\""))):
        # `numpy=1.26` takes any 1.26.x; with a build or `==` it is that one version
        whole = "==" in clauses or clauses.count("=") > 1
        return _Wanted(exact=exact[1]) if whole else _specified(f"=={exact[1]}.*")
    return _specified(clauses.strip("() "))


def _specified(clauses: str) -> _Wanted:
    """What version specifiers take (PEP 440); nothing is known of what is none."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import Version

    try:
        parsed = [(clause.operator, clause.version) for clause in SpecifierSet(clauses)]
    except InvalidSpecifier:
        return _Wanted()
    for operator, version in parsed:
        if operator == "===" or (operator == "==" and not version.endswith(".*")):
            return _Wanted(exact=version.partition("+")[0])
    lower: list[str] = []
    upper: list[tuple[Version, bool, str]] = []
    for operator, version in parsed:
        if operator in ("~=", "=="):
            release = version.removesuffix(".*")
            lower.append(release)
            parts = Version(release).release[: -1 if operator == "~=" else None]
            end = ".".join(map(str, (*parts[:-1], parts[-1] + 1)))
            upper.append((Version(end), False, end))
        elif operator in (">", ">="):
            lower.append(version)
        elif operator in ("<", "<="):
            upper.append((Version(version), operator == "<=", version))
    if not upper:
        return _Wanted()
    _, closed, last = min(upper)
    return _Wanted(None, max(lower, key=Version, default=None), last, closed)


def _which(wanted: _Wanted) -> str:
    if wanted.exact:
        return wanted.exact
    return f"up to {wanted.upper}" if wanted.closed else f"below {wanted.upper}"


def _holes(found: list[Advisory]) -> str:
    """`a known hole (CVE-…)`, or how many with the first few."""
    names = [next((n for n in a.aliases if n.startswith("CVE-")), a.id) for a in found]
    if len(names) == 1:
        return f"a known hole ({names[0]})"
    more = ", …" if len(names) > _SHOWN else ""
    return f"{len(names)} known holes ({', '.join(names[:_SHOWN])}{more})"


def _raised(view: View, target: Target, version: str) -> Fix | None:
    """The fix that pins to another version, where nothing but that version stands there."""
    plain = re.fullmatch(
        r"([\w.-]+(?:\[[^\]]*\])?)\s*==\s*[^\s;,]+(\s*;.*)?", target.raw, re.DOTALL
    )
    if plain is None or target.hashed:
        return None
    text = f"{plain[1]}=={version}{plain[2] or ''}"
    title = f"raise to {version}, the first version without a known hole"
    return replacement(view, target, text, title, safe=False)
