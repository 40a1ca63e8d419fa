"""Notebooks in which outputs hide, as a table: each case with what must be gone and what stays.

The tests of `core.strip` take the bytes, those of the git filter take them through real git. In
mode `all` the marker GONE stands where an output is; in mode `sensitive` it is a made-up token, or
something else that is sensitive. KEPT stands where somebody wrote something.
"""

from __future__ import annotations

from tests.nasty.build import GONE, KEPT, MAIL, Case, code, dump, holds, notebook, stream
from tests.nasty.in_mode_all import ALL
from tests.nasty.in_mode_sensitive import SENSITIVE
from tests.nasty.in_pictures import PLACES
from tests.nasty.in_readings import READ
from tests.nasty.stays import STAY

__all__ = [
    "ALL",
    "CASES",
    "GONE",
    "KEPT",
    "MAIL",
    "PLACES",
    "READ",
    "SENSITIVE",
    "STAY",
    "Case",
    "code",
    "dump",
    "holds",
    "notebook",
    "stream",
]

CASES: list[Case] = [*ALL, *STAY, *SENSITIVE, *READ, *PLACES]
