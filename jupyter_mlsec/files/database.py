"""The prefilter's pattern database on disk: compiled once (0.5 s), loaded ever after (1 ms)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from hashlib import blake2b

from jupyter_mlsec.core.engine import unique_hints
from jupyter_mlsec.core.prefilter import Prefilter, hyperscan_matcher, re_matcher
from jupyter_mlsec.core.rule import Hint, Rule


def prefilter_for(rules: Sequence[Rule], folder: str | None) -> Prefilter:
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


def _hyperscan(hints: Sequence[Hint], folder: str | None) -> Prefilter:
    from hyperscan import HyperscanError, __version__  # type: ignore[attr-defined]

    # the hints are part of the name; the processor is checked by Hyperscan itself on loading
    digest = blake2b(f"{__version__} {list(hints)!r}".encode(), digest_size=12).hexdigest()
    path = os.path.join(folder, f"patterns-{digest}.hs") if folder else None
    if path and os.path.exists(path):
        try:
            with open(path, "rb") as file:
                return Prefilter(hints, hyperscan_matcher(hints, file.read())[0])
        except (HyperscanError, OSError):
            pass  # of another processor, or damaged: compile it anew
    matcher, database = hyperscan_matcher(hints)
    if path:
        _save(path, database)
    return Prefilter(hints, matcher)


def _save(path: str, database: bytes) -> None:
    """Write atomically; a cache that can't be written is no reason to stop."""
    part = f"{path}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(part, "wb") as file:
            file.write(database)
        os.replace(part, path)
    except OSError:
        if os.path.exists(part):
            os.unlink(part)
