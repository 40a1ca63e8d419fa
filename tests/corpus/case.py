"""What a labelled sample is, and when it counts as found."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jupyter_mlsec.core.model import Finding, Place

Group = Literal["format", "generic", "benign"]


class Case(NamedTuple):
    """A file with one planted secret, or with none (`group` is `benign`).

    `place` names the kind of place, `area` the group of places it is counted under. `data` is
    the file's content. `secret` is the planted value, `cell` the index of its cell (None in a
    file that is no notebook, and in the notebook's own metadata), `part` the part it stands in,
    `lines` the lines (from 1) of that text that hold it, empty where it doesn't stand there as
    such (folded, encoded, coloured): then any line of that text will do.
    """

    name: str
    place: str
    area: str
    group: Group
    path: str
    data: bytes
    secret: str | None = None
    part: str = "source"
    cell: int | None = None
    lines: tuple[int, ...] = ()


def is_found(case: Case, findings: Iterable[Finding]) -> bool:
    """Whether a finding about a credential covers the planted value.

    It does if it is about that very value (by its sha1), or if it stands in the same text on a
    line of the value. Findings that hold no value (a `print` of a variable, say) never count.
    """
    if case.secret is None:
        return False
    wanted = hashlib.sha1(case.secret.encode(), usedforsecurity=False).hexdigest()
    for finding in findings:
        if finding.family != "secrets" or finding.baseline_hash is None:
            continue
        if finding.baseline_hash == wanted:
            return True
        if any(_covers(case, place) for place in (finding.place, *finding.related)):
            return True
    return False


def _covers(case: Case, place: Place) -> bool:
    return (
        place.part == case.part
        and place.cell == case.cell
        and (not case.lines or any(place.line <= line <= place.end_line for line in case.lines))
    )
