"""What is known to be wrong with released packages: advisories in the format of OSV.

The format, and how a version is told to be affected, is OSV's (https://ossf.github.io/osv-schema/,
"affected[] fields" and "Evaluation"); versions are compared as `packaging` does (PEP 440).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from packaging.version import Version

# events at one version count in this order
_KINDS = ("fixed", "introduced", "last_affected")
_LEVELS = ("low", "moderate", "high", "critical")


class Advisory(NamedTuple):
    """One advisory as far as it is about one package.

    `ranges` are lists of events, each a kind ("introduced", "fixed", "last_affected") and a
    version; `versions` are affected one by one. `level` is GitHub's "low", "moderate", "high" or
    "critical", "" where the advisory names none. `aliases` are its names elsewhere (CVE-…).
    """

    id: str
    aliases: tuple[str, ...] = ()
    ranges: tuple[tuple[tuple[str, str], ...], ...] = ()
    versions: tuple[str, ...] = ()
    level: str = ""

    @property
    def malicious(self) -> bool:
        """Whether the package itself is an attack (ids of OpenSSF's malicious-packages)."""
        return self.id.startswith("MAL-")

    @property
    def names(self) -> frozenset[str]:
        """All names of what it is about: two advisories about one hole share one."""
        return frozenset((self.id, *self.aliases))

    def affects(self, version: str) -> bool:
        """Whether a version is affected; what is no version of PEP 440 only if it is listed."""
        if version in self.versions:
            return True
        wanted = _version(version)
        if wanted is None:
            return False
        if any(_version(listed) == wanted for listed in self.versions):
            return True
        return any(
            start <= wanted and (end is None or wanted < end or (closed and wanted == end))
            for start, end, closed in self._intervals()
        )

    def covers(self, lower: str | None, upper: str, *, closed: bool) -> bool:
        """Whether every version from `lower` (None: any) to `upper` is affected; `closed` says
        that `upper` itself belongs to them."""
        low, high = _version(lower or "0"), _version(upper)
        if low is None or high is None:
            return False
        for start, end, included in self._intervals():
            inside = end is None or high < end or (high == end and (included or not closed))
            if start <= low and inside:
                return True
        return False

    @property
    def fixed_in(self) -> tuple[str, ...]:
        """The versions that are said to mend it."""
        return tuple(v for events in self.ranges for kind, v in events if kind == "fixed")

    def _intervals(self) -> Iterator[tuple[Version, Version | None, bool]]:
        """First affected version, the end, and whether the end is affected too."""
        for events in self.ranges:
            known = [(v, _KINDS.index(kind)) for kind, at in events if (v := _version(at))]
            start: Version | None = None
            for version, number in sorted(known):
                kind = _KINDS[number]
                if kind == "introduced":
                    start = version if start is None else start
                elif start is not None:
                    yield start, version, kind == "last_affected"
                    start = None
            if start is not None:
                yield start, None, False


def read(entry: Any) -> Iterator[tuple[str, Advisory]]:
    """The packages of the Python package index that an OSV record is about, canonical name and
    advisory. Nothing for one that was withdrawn, or that is no OSV record."""
    if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
        return
    if entry.get("withdrawn"):
        return
    aliases = tuple(a for a in _listed(entry, "aliases") if isinstance(a, str))
    for affected in _listed(entry, "affected"):
        package = affected.get("package") if isinstance(affected, dict) else None
        if not isinstance(package, dict) or package.get("ecosystem") != "PyPI":
            continue
        name = package.get("name")
        if not isinstance(name, str):
            continue
        ranges = tuple(
            events for found in _listed(affected, "ranges") if (events := _events(found))
        )
        versions = tuple(v for v in _listed(affected, "versions") if isinstance(v, str))
        canonical = re.sub(r"[-_.]+", "-", name).lower()  # PEP 503
        yield canonical, Advisory(entry["id"], aliases, ranges, versions, _level(entry, affected))


def modified(entry: Any) -> str:
    """The day of an OSV record's last change, YYYY-MM-DD; "" where it names none."""
    changed = entry.get("modified") if isinstance(entry, dict) else None
    known = isinstance(changed, str) and re.match(r"\d{4}-\d\d-\d\d", changed)
    return known[0] if known else ""


def distinct(advisories: Iterable[Advisory]) -> list[Advisory]:
    """One of those about the same hole, the one that says how bad it is."""
    kept: list[Advisory] = []
    for advisory in sorted(advisories, key=lambda a: (not a.level, a.id)):
        if not any(advisory.names & other.names for other in kept):
            kept.append(advisory)
    return kept


def first_sound(advisories: Iterable[Advisory], after: str) -> str | None:
    """The smallest version after `after` that mends something and that nothing affects."""
    known = tuple(advisories)
    start = _version(after)
    fixes = {v: text for a in known for text in a.fixed_in if (v := _version(text)) is not None}
    for version, text in sorted(fixes.items()):
        if start is not None and version > start and not any(a.affects(text) for a in known):
            return text
    return None


def _version(text: str) -> Version | None:
    from packaging.version import InvalidVersion, Version

    try:
        return Version(text)
    except InvalidVersion:
        return None


def _listed(entry: Mapping[str, Any], key: str) -> list[Any]:
    value = entry.get(key)
    return value if isinstance(value, list) else []


def _events(found: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(found, dict) or found.get("type") not in ("ECOSYSTEM", "SEMVER"):
        return ()
    return tuple(
        (kind, event[kind])
        for event in _listed(found, "events")
        if isinstance(event, dict)
        for kind in _KINDS
        if isinstance(event.get(kind), str)
    )


def _level(*described: Mapping[str, Any]) -> str:
    for entry in described:
        specific = entry.get("database_specific")
        level = specific.get("severity") if isinstance(specific, dict) else None
        if isinstance(level, str) and level.lower() in _LEVELS:
            return level.lower()
    return ""
