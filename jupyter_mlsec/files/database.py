"""The prefilter's pattern database on disk: compiled once (0.5 s), loaded ever after (1 ms)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

from jupyter_mlsec.core.engine import unique_hints
from jupyter_mlsec.core.prefilter import Prefilter, hyperscan_matcher, re_matcher
from jupyter_mlsec.core.rule import Hint, Rule


def prefilter_for(rules: Sequence[Rule], folder: Path | None) -> Prefilter:
    """The fastest prefilter that this machine has: Hyperscan where its wheel is installed.

    `folder` is where the compiled database is kept; None keeps none. MLSEC_NO_HYPERSCAN=1 takes
    the standard library's matcher, which gives the same findings more slowly.
    """
    hints = unique_hints(rules)
    if os.environ.get("MLSEC_NO_HYPERSCAN"):
        return Prefilter(hints, re_matcher(hints))
    try:
        return _hyperscan(hints, folder)
    except ImportError:
        return Prefilter(hints, re_matcher(hints))


def _hyperscan(hints: Sequence[Hint], folder: Path | None) -> Prefilter:
    from hyperscan import HyperscanError, __version__  # type: ignore[attr-defined]

    # the hints are part of the name; the processor is checked by Hyperscan itself on loading
    digest = blake2b(f"{__version__} {list(hints)!r}".encode(), digest_size=12).hexdigest()
    path = folder / f"patterns-{digest}.hs" if folder else None
    if path and path.exists():
        try:
            return Prefilter(hints, hyperscan_matcher(hints, path.read_bytes())[0])
        except (HyperscanError, OSError):
            pass  # of another processor, or damaged: compile it anew
    matcher, database = hyperscan_matcher(hints)
    if path:
        _save(path, database)
    return Prefilter(hints, matcher)


def _save(path: Path, database: bytes) -> None:
    """Write atomically; a cache that can't be written is no reason to stop."""
    part = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(database)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
