"""Results of files that have not changed.

All results of one rule set and configuration are in one file, read at once when a run starts and
replaced at once when it ends. Measured side by side, 520 look-ups take 11 ms, 29 with a file for
each, and 51 with SQLite, whose locks moreover can hang on the network file systems where home
folders often are.
Two runs that end together may lose each other's news, which costs a scan and nothing else.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Any

from jupyter_mlsec.core.config import Config
from jupyter_mlsec.core.model import (
    Confidence,
    Finding,
    Place,
    PlacedEdit,
    PlacedFix,
    ScanResult,
    Severity,
)
from jupyter_mlsec.files.source import MEGABYTE, Source

_HEADER = b"jupyter-mlsec cache 1"
_SUFFIX = ".results"
_LIMIT = 16 * MEGABYTE  # of one file; a clean notebook takes 150 bytes, so 100,000 of them
_DAY = 24 * 60 * 60
_UNUSED = 30 * _DAY


class Cache:
    """Remembered results. Holds no secret values, since findings hold none.

    A cache that can't be read is empty, and one that can't be written is forgotten: neither is
    worth a word to the user. `limit` is the most bytes that are kept.
    """

    def __init__(self, folder: str, key: str, limit: int = _LIMIT) -> None:
        self._file = os.path.join(folder, key + _SUFFIX)
        self._limit = limit
        self._known = _read(self._file)
        self._used: dict[bytes, bytes] = {}
        self._news = False

    def __len__(self) -> int:
        return len(self._known)

    def get(self, digest: str) -> ScanResult | None:
        """The result of the file with this digest, or None."""
        key = digest.encode()
        line = self._known.get(key)
        if line is None:
            return None
        try:
            result = decode(line)
        except (AttributeError, KeyError, TypeError, ValueError):
            del self._known[key]
            return None
        self._used[key] = line
        return result

    def put(self, digest: str, result: ScanResult) -> None:
        """Remember a result. One with an error is not: the reason may be gone next time."""
        if result.error is None:
            key = digest.encode()
            self._known[key] = self._used[key] = encode(result)
            self._news = True

    def save(self) -> None:
        """Write what is new, keeping what was used last where not all fits."""
        folder = os.path.dirname(self._file)
        try:
            if self._news:
                os.makedirs(folder, mode=0o700, exist_ok=True)
                unused = {**_read(self._file), **self._known}
                _write(self._file, _newest({**unused, **self._used}, self._used, self._limit))
                self._news = False
            elif self._used and time.time() - os.stat(self._file).st_mtime > _DAY:
                os.utime(self._file)  # so that _prune sees that it is in use
            _prune(folder)
        except OSError:
            pass


def folder_of(environment: Mapping[str, str] | None = None) -> str:
    """Where results are kept: $MLSEC_CACHE_DIR, or the platform's folder for such things."""
    environment = os.environ if environment is None else environment
    if environment.get("MLSEC_CACHE_DIR"):
        return os.path.abspath(environment["MLSEC_CACHE_DIR"])
    home = os.path.expanduser("~")
    if environment.get("XDG_CACHE_HOME"):
        base = environment["XDG_CACHE_HOME"]
    elif sys.platform == "darwin":
        base = os.path.join(home, "Library", "Caches")
    elif sys.platform == "win32":
        base = environment.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
    else:
        base = os.path.join(home, ".cache")
    return os.path.join(base, "mlsec")


def key_of(config: Config) -> str:
    """What decides the result of a scan besides the file: settings, and the code of the rules."""
    from hashlib import sha256

    parts: list[object] = [config.decides, sys.version_info[:2], sys.platform, code_stamp()]
    if config.detect_secrets_plugins:
        from importlib.metadata import PackageNotFoundError, version

        with suppress(PackageNotFoundError):  # making the scanner will complain
            parts.append(version("detect-secrets"))
    if config.advisories:
        from jupyter_mlsec.files.advisories import stamp

        parts.append(stamp(config.advisories))
    return sha256(repr(parts).encode()).hexdigest()[:32]


@cache
def code_stamp() -> str:
    """What changes when the code does, in an upgrade or under an editor: size and time of change
    of each of its files."""
    parts: list[tuple[str, int, int]] = []
    pending = [os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]
    while pending:
        with os.scandir(pending.pop()) as listing:
            for entry in sorted(listing, key=lambda entry: entry.name):
                if entry.name in ("__pycache__", "labextension"):
                    continue
                if entry.is_dir():
                    pending.append(entry.path)
                else:
                    facts = entry.stat()
                    parts.append((entry.name, facts.st_size, facts.st_mtime_ns))
    return repr(parts)


def digest_of(source: Source, data: bytes) -> str:
    """What names a file in the cache: its content, kind and path, which findings hold too.

    SHA-256, because processors have instructions for it: the 36 MB of 520 notebooks take 25 ms,
    and 70 by BLAKE2b.
    """
    from hashlib import sha256

    digest = sha256(f"{source.kind}\0{source.path}\0".encode("utf-8", "surrogatepass"))
    digest.update(data)
    return digest.hexdigest()


def encode(result: ScanResult) -> bytes:
    """A result in one line of JSON. Its named tuples become arrays: the names of their fields
    are part of the code, and the cache's key changes with it."""
    from json import dumps  # orjson would be faster, but its import costs more than it saves

    return dumps(result, separators=(",", ":")).encode("ascii")


def decode(line: bytes) -> ScanResult:
    """The result that `encode` wrote. Raises TypeError or ValueError if it is none."""
    from json import loads

    read = ScanResult(*loads(line))
    return read._replace(findings=tuple(_finding(*finding) for finding in read.findings))


def _finding(*fields: Any) -> Finding:
    read = Finding(*fields)
    fix = read.fix and PlacedFix(*read.fix)
    return read._replace(
        severity=Severity(read.severity),
        confidence=Confidence(read.confidence),
        place=Place(*read.place),
        related=tuple(Place(*place) for place in read.related),
        fix=fix and fix._replace(edits=tuple(PlacedEdit(*edit) for edit in fix.edits)),
    )


def _read(file: str) -> dict[bytes, bytes]:
    """Digest to encoded result; what is damaged is left out, at the latest when it is decoded."""
    try:
        with open(file, "rb") as stored:
            header, *lines = stored.read().split(b"\n")
    except (OSError, MemoryError):
        return {}
    if header != _HEADER:
        return {}
    return {line[:64]: line[65:] for line in lines if line[64:65] == b" "}


def _newest(
    known: dict[bytes, bytes], used: Mapping[bytes, bytes], limit: int
) -> dict[bytes, bytes]:
    """As many results as the limit allows, those used in this run last and kept first."""
    ordered = [key for key in known if key not in used] + list(used)
    size, first = 0, len(ordered)
    while first and size + len(known[ordered[first - 1]]) + 66 <= limit:
        first -= 1
        size += len(known[ordered[first]]) + 66
    return {key: known[key] for key in ordered[first:]}


def _write(file: str, known: dict[bytes, bytes]) -> None:
    """Replace a file as a whole: whoever reads it meets the old one or the new one."""
    temporary = f"{file}.{os.getpid()}-{time.time_ns()}.tmp"
    lines = [_HEADER, *(key + b" " + line for key, line in known.items()), b""]
    try:
        with open(temporary, "xb") as new:
            new.write(b"\n".join(lines))
        os.replace(temporary, file)
    except OSError:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise


def _prune(folder: str) -> None:
    """Remove what nobody used for a month; looks once a day."""
    now = time.time()
    marker = os.path.join(folder, "pruned")
    if os.path.exists(marker) and now - os.stat(marker).st_mtime < _DAY:
        return
    with open(marker, "wb"):
        os.utime(marker)
    with os.scandir(folder) as listing:
        for entry in listing:
            age = now - entry.stat().st_mtime
            left_behind = entry.name.endswith(".tmp") and age > _DAY
            # compiled patterns are made anew once a month: nothing tells which are still in use
            kept = entry.name.endswith(_SUFFIX) or entry.name.startswith(
                ("patterns-", "selection-", "advisories-")
            )
            if left_behind or (kept and age > _UNUSED):
                os.unlink(entry.path)
