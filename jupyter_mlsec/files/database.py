"""The prefilter's pattern database on disk: compiled once (0.5 s), loaded ever after (1 ms)."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING

from jupyter_mlsec.core.prefilter import Prefilter, compiled, hyperscan_matcher
from jupyter_mlsec.files.cache import code_stamp
from jupyter_mlsec.files.writing import keep

if TYPE_CHECKING:
    from jupyter_mlsec.core.rule import Rule


def prefilter_for(
    rules: Callable[[], Sequence[Rule]], folder: str | None, selection: object = ""
) -> Prefilter:
    """The fastest prefilter that this machine has: Hyperscan where its wheel is installed.

    `rules` gives the rules that are to run; it is called only where it is not known yet which
    database is theirs. `folder` is where databases are kept; None keeps none. `selection` is what
    decides which rules those are; its `repr` names it. MLSEC_NO_HYPERSCAN=1 takes the standard
    library's matcher, which gives the same findings more slowly.
    """
    if not os.environ.get("MLSEC_NO_HYPERSCAN"):
        try:
            return _hyperscan(rules, folder, selection)
        except ImportError:
            pass
    from jupyter_mlsec.core.engine import prefilter_by_re

    return prefilter_by_re(rules())


def _hyperscan(
    rules: Callable[[], Sequence[Rule]], folder: str | None, selection: object
) -> Prefilter:
    from hyperscan import HyperscanError, __version__  # type: ignore[attr-defined]

    # the code makes the hints; the processor is checked by Hyperscan itself on loading
    known = f"{__version__} {code_stamp()}"
    pointer = os.path.join(folder, f"selection-{_digest(known, repr(selection))}") if folder else ""
    try:
        if pointer:
            return _load(_read(pointer).decode("utf-8"))
    except (HyperscanError, OSError, ValueError):
        pass  # not made yet, of another processor, or damaged
    from jupyter_mlsec.core.engine import unique_hints

    running = rules()
    tags = dict.fromkeys(tag for rule in running for tag in rule.tags)
    # many selections have the same rules: each finds its database by a file of its own
    path = os.path.join(folder, f"patterns-{_digest(known, ' '.join(tags))}.hs") if folder else ""
    try:
        prefilter = _load(path)
    except (HyperscanError, OSError, ValueError):
        hints = unique_hints(running)
        database = compiled(hints)
        names = [hint.tag for hint in hints]
        keep(path, " ".join(names).encode("ascii") + b"\n" + database)
        prefilter = Prefilter(names, hyperscan_matcher(database))
    keep(pointer, path.encode("utf-8"))
    return prefilter


def _digest(*parts: str) -> str:
    return blake2b("\0".join(parts).encode(), digest_size=12).hexdigest()


def _load(path: str) -> Prefilter:
    """What was saved for a set of rules: the hints' tags on the first line, then the database."""
    tags, _, database = _read(path).partition(b"\n")
    return Prefilter(tags.decode("ascii").split(" "), hyperscan_matcher(database))


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
