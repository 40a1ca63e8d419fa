"""The prefilter's pattern database on disk: compiled once (0.5 s), loaded ever after (1 ms)."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING

from jupyter_mlsec.core.prefilter import Prefilter, compiled, hyperscan_matcher
from jupyter_mlsec.files.cache import code_stamp

if TYPE_CHECKING:
    from jupyter_mlsec.core.rule import Rule


def prefilter_for(
    rules: Callable[[], Sequence[Rule]], folder: str | None, variant: str = ""
) -> Prefilter:
    """The fastest prefilter that this machine has: Hyperscan where its wheel is installed.

    `rules` gives all rules, whatever is selected, so that one database serves every selection;
    it is called only where there is none yet. `folder` is where that is kept; None keeps none.
    `variant` names another set of rules than the usual one. MLSEC_NO_HYPERSCAN=1 takes the
    standard library's matcher, which gives the same findings more slowly.
    """
    if not os.environ.get("MLSEC_NO_HYPERSCAN"):
        try:
            return _hyperscan(rules, folder, variant)
        except ImportError:
            pass
    from jupyter_mlsec.core.engine import prefilter_by_re

    return prefilter_by_re(rules())


def _hyperscan(rules: Callable[[], Sequence[Rule]], folder: str | None, variant: str) -> Prefilter:
    from hyperscan import HyperscanError, __version__  # type: ignore[attr-defined]

    # the code makes the hints; the processor is checked by Hyperscan itself on loading
    decides = f"{__version__} {variant} {code_stamp()}"
    digest = blake2b(decides.encode(), digest_size=12).hexdigest()
    path = os.path.join(folder, f"patterns-{digest}.hs") if folder else None
    if path and os.path.exists(path):
        try:
            return _load(path)
        except (HyperscanError, OSError, ValueError):
            pass  # of another processor, or damaged: compile it anew
    from jupyter_mlsec.core.engine import unique_hints

    hints = unique_hints(rules())
    tags = [hint.tag for hint in hints]
    database = compiled(hints)
    if path:
        _save(path, " ".join(tags).encode() + b"\n" + database)
    return Prefilter(tags, hyperscan_matcher(database))


def _load(path: str) -> Prefilter:
    """What `_save` wrote: the hints' tags on the first line, then the database."""
    with open(path, "rb") as file:
        tags, _, database = file.read().partition(b"\n")
    return Prefilter(tags.decode("ascii").split(" "), hyperscan_matcher(database))


def _save(path: str, content: bytes) -> None:
    """Write atomically; a cache that can't be written is no reason to stop."""
    part = f"{path}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(part, "wb") as file:
            file.write(content)
        os.replace(part, path)
    except OSError:
        if os.path.exists(part):
            os.unlink(part)
