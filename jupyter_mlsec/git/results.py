"""What the filter made of notebooks before: git asks again on each `status` after a touch.

One file for each notebook, below `.git/mlsec/results`, since a table of all would have to be read
for a single `git add`. An answer counts for the very same bytes (SHA-256, for which processors have
instructions: 36 MB take 20 ms), the same options and the same code. Nothing is kept of a notebook
that was refused, or of which something has to be said. Part of the filter's start path.
"""

import os

_HEAD = b"mlsec result 1"
_SUFFIX = ".result"


class Results:
    """`git_folder` is the working tree's own folder below .git; `settings` decide the result."""

    def __init__(self, git_folder: str, settings: str) -> None:
        self.folder = os.path.join(git_folder, "mlsec", "results")
        self._any = os.path.isdir(self.folder)
        self._key = _digest(settings.encode("utf-8", "surrogatepass"))[:16].encode()

    def get(self, path: str, data: bytes) -> "bytes | None":
        """What became of these bytes, `data` itself if nothing was removed; None if unknown."""
        if not self._any:
            return None
        try:
            found = _read(self._file(path))
        except (OSError, ValueError):
            return None
        head, _, result = found.partition(b"\n")
        known = self._named(data)
        if head == known + b"same":
            return data
        return result if head == known + _checked(result) else None

    def put(self, path: str, data: bytes, result: bytes) -> None:
        """Remember it. Written in place: what is torn has another checksum."""
        try:
            file = self._file(path)
            same = result is data
            what = b"same" if same else _checked(result)
            lines = b"%s%s\n%s" % (self._named(data), what, b"" if same else result)
            try:
                out = open(file, "wb", buffering=0)  # noqa: SIM115 - closed below
            except FileNotFoundError:
                os.makedirs(os.path.dirname(file), exist_ok=True)
                out = open(file, "wb", buffering=0)  # noqa: SIM115
            with out:
                out.write(lines)
            self._any = True
        except (OSError, ValueError):
            return  # no space, no right, no such name: it is worked out anew

    def _named(self, data: bytes) -> bytes:
        return b"%s %s %s " % (_HEAD, self._key, _digest(data).encode())

    def _file(self, path: str) -> str:
        if os.path.isabs(path) or (".." in path and ".." in path.split("/")):
            raise ValueError("a path out of the working tree")
        return f"{self.folder}/{path}{_SUFFIX}"


def _read(file: str) -> bytes:
    """The bytes of a file, in a third of the time that a file object takes."""
    descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        return os.read(descriptor, os.fstat(descriptor).st_size)
    finally:
        os.close(descriptor)


def code_stamp(*folders: str) -> str:
    """Size and time of change of each file of the package, or of some of its folders."""
    top = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    pending = [os.path.join(top, folder) for folder in folders or (".",)]
    found = []
    while pending:
        with os.scandir(pending.pop()) as listing:
            for entry in listing:
                if entry.name in ("__pycache__", "labextension"):
                    continue
                if entry.is_dir():
                    pending.append(entry.path)
                else:
                    facts = entry.stat()
                    found.append((entry.name, facts.st_size, facts.st_mtime_ns))
    return repr(sorted(found))


def _checked(result: bytes) -> bytes:
    """Length and checksum."""
    from zlib import crc32

    return b"%d %d" % (len(result), crc32(result))


def _digest(data: bytes) -> str:
    try:
        from _hashlib import openssl_sha256 as sha256  # hashlib itself takes 2 ms more
    except ImportError:
        from hashlib import sha256
    return sha256(data).hexdigest()
