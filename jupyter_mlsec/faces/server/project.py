"""What the project on disk says about a document: its configuration, baseline, options of strip.

Everything is confined to the folder that the server shows, links included. Documents of a contents
manager that serves no local files have no project.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from time import monotonic

from jupyter_mlsec.core import baseline as baselines
from jupyter_mlsec.core.config import Config
from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.model import Finding
from jupyter_mlsec.core.strip.result import Stripped
from jupyter_mlsec.faces.server.work import Where
from jupyter_mlsec.files import configuration as configurations
from jupyter_mlsec.files.ignore import silenced as silenced_names
from jupyter_mlsec.files.scanner import RuleNames
from jupyter_mlsec.files.source import Source, kind_of, read
from jupyter_mlsec.files.stripping import options_for, stripper
from jupyter_mlsec.files.writing import replace
from jupyter_mlsec.wire import Settings

_FRESH = 2.0  # seconds for which a configuration is believed to be unchanged
_NAMES = RuleNames()


def inside(path: str, root: str) -> bool:
    """Whether a path, its links followed, is the folder `root` or in it."""
    top = os.path.realpath(root)
    return os.path.commonpath((top, os.path.realpath(path))) == top


def configuration(where: Where) -> Config:
    """The settings for a document: the project's, the user's over them, the administrator's last.

    Raises MlsecError for what is wrong in any of them.
    """
    folder = os.path.dirname(where.path) if where.root else ""
    config = _configuration(folder, int(monotonic() / _FRESH))
    config = config.merge(_mapping(where.settings, "select"), _NAMES)
    return config.merge(_mapping(where.locked, "extend-select"), _NAMES)


@lru_cache(maxsize=64)
def _configuration(folder: str, when: int) -> Config:
    """`when` makes the cache forget."""
    if not folder:
        return Config()
    while not os.path.isdir(folder):  # a document that is not saved yet
        folder = os.path.dirname(folder)
    return configurations.load(_NAMES, start=folder)


def _mapping(settings: Settings, select: str) -> Mapping[str, object]:
    return {
        select: settings.select,
        "ignore": settings.ignore,
        "profile": settings.profile,
        "min-severity": settings.min_severity,
    }


def silenced(config: Config, where: Where) -> tuple[str, ...]:
    """The names that `per-path-ignore` switches off in the document."""
    if not config.per_path_ignore or not where.root:
        return ()
    source = Source(where.path, where.path, kind_of(where.path) or "text")
    return silenced_names(config, source, where.root)


def baselined(config: Config, found: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings, those in the project's baseline marked."""
    if not config.baseline or not found or not os.path.exists(config.baseline):
        return tuple(found)
    return _baseline(config.baseline, os.stat(config.baseline).st_mtime_ns).apply(found)


@lru_cache(maxsize=8)
def _baseline(path: str, changed: int) -> baselines.Baseline:
    base = os.path.dirname(path).replace(os.sep, "/")
    try:
        return baselines.load(read(path), base)
    except MlsecError as error:
        raise MlsecError(f"{os.path.basename(path)}: {error.message}", error.hint) from None


def add_to_baseline(where: Where, chosen: Collection[Finding]) -> tuple[str, int]:
    """Put findings into the project's baseline; its path below the root, and how many are new.

    Raises MlsecError where no baseline is configured, or one outside of the root.
    """
    config = configuration(where)
    if not config.baseline:
        raise MlsecError(
            "no baseline is configured", 'write baseline = ".mlsec-baseline.json" in mlsec.toml'
        )
    if not inside(config.baseline, where.root):
        raise MlsecError("the baseline is not in the folder that this server shows")
    folder = os.path.dirname(config.baseline).replace(os.sep, "/")
    if not os.path.exists(config.baseline):
        _write_new(config.baseline, baselines.dump((), folder))
    old = _baseline(config.baseline, os.stat(config.baseline).st_mtime_ns)
    new = [f for f in chosen if not old.matches(f)]
    replace(config.baseline, baselines.update(old, new, scanned=(), types=_types()))
    return os.path.relpath(config.baseline, where.root).replace(os.sep, "/"), len(new)


def _write_new(path: str, data: bytes) -> None:
    try:
        with open(path, "xb") as file:
            file.write(data)
    except OSError as error:
        raise MlsecError(f"the baseline can't be written: {error.strerror}") from None


def _types() -> dict[str, str | None]:
    from jupyter_mlsec.rules.secrets import KINDS

    return {kind.id: kind.detect_secrets for kind in KINDS}


def strip(where: Where, data: bytes) -> Stripped:
    """The notebook as git would see it by the project's options."""
    config = configuration(where)
    return stripper(options_for(where.path, config), config)(data, where.path)


def redacted(where: Where, data: bytes) -> bytes:
    """The notebook without what is sensitive in its outputs and metadata."""
    config = configuration(where)
    options = options_for(where.path, config, {"mode": "sensitive"})
    return stripper(options, config)(data, where.path).data
