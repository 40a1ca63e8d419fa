"""What one kind of credential is: a row of data."""

# no `from __future__ import annotations`: it makes named tuples twice as slow to define
from collections.abc import Callable
from typing import NamedTuple

from jupyter_mlsec.core.model import Severity


class Kind(NamedTuple):
    """A kind of credential.

    `id`: kebab-case, ends in what it is (`openai-api-key`). `format`: one format or several in
    the notation of `core.formats`; the value is the match, and it stands between characters that
    can't belong to it. `context`: lower-case words (`cohere`, `co_api`) of which one must be in
    the name, the callee or the 60 characters before the value; needed for formats without a
    prefix of their own (a bare `{hex:32}`), which never match without it. `check`: an offline
    checksum, true for a value that can be real. `rarity`: whether the body must look random
    (formats with a long distinctive prefix do without). `revoke`: what to do when it has leaked,
    in one sentence, with the vendor's page. `source`: where the vendor publishes the format.
    `detect_secrets`: the type name that detect-secrets gives it in a baseline.
    """

    id: str
    vendor: str
    format: tuple[str, ...]
    revoke: str
    source: str
    context: tuple[str, ...] = ()
    check: Callable[[str], bool] | None = None
    rarity: bool = True
    severity: Severity = Severity.CRITICAL
    detect_secrets: str | None = None
