"""What the filter made of notebooks before: git asks again on each `status` after a touch.

One file for each notebook, below `.git/mlsec/results`, since a table of all would have to be read
for a single `git add`. An answer counts for the very same bytes (SHA-256, for which processors have
instructions: 36 MB take 20 ms), the same options and the same code. Nothing is kept of a notebook
that was refused, or of which something has to be said. Part of the filter's start path.
"""

import os

_HEAD = b"mlsec result 2"
_HEAD_SIZE = 160  # bytes of the first line, which says what the result is of
_SUFFIX = ".result"


class Results:
    """`git_folder` is the working tree's own folder below .git; `settings` decide the result."""

    def __init__(self, git_folder: str, settings: str) -> None:
        self.folder = os.path.join(git_folder, "mlsec", "results")
        self._any = os.path.isdir(self.folder)
        self._key = _digest(settings.encode("utf-8", "surrogatepass"))[:16]

    def get(self, path: str, data: bytes) -> "bytes | None":
        """What became of these bytes, `data` itself if nothing was removed; None if unknown."""
        if not self._any:
            return None
        try:
            descriptor = os.open(self._file(path), os.O_RDONLY | getattr(os, "O_BINARY", 0))
        except (OSError, ValueError):
            return None
        try:
            head = os.read(descriptor, _HEAD_SIZE)
            # the digest takes as long as all the rest
            if not head.startswith(self._for(data)):
                return None
            digest, *rest = head[len(self._for(data)) :].split()
            if digest != _digest(data):
                return None
            if rest == [b"same"]:
                return data
            result = os.read(descriptor, int(rest[0]) + 1)
            return result if rest == _checked(result) else None
        except (OSError, ValueError, IndexError, OverflowError, MemoryError):
            return None
        finally:
            os.close(descriptor)

    def put(self, path: str, data: bytes, result: bytes) -> None:
        """Remember it. Written in place: what is torn has another checksum."""
        try:
            file = self._file(path)
            same = result is data
            what = [b"same"] if same else _checked(result)
            head = self._for(data) + b" ".join([_digest(data), *what])
            lines = b"%-*s\n%s" % (_HEAD_SIZE - 1, head, b"" if same else result)
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

    def _for(self, data: bytes) -> bytes:
        return b"%s %s %d " % (_HEAD, self._key, len(data))

    def _file(self, path: str) -> str:
        if os.path.isabs(path) or (".." in path and ".." in path.replace("\\", "/").split("/")):
            raise ValueError("a path out of the working tree")
        return f"{self.folder}/{path}{_SUFFIX}"


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


def _checked(result: bytes) -> "list[bytes]":
    """Length and checksum."""
    from zlib import crc32

    return [b"%d" % len(result), b"%d" % crc32(result)]


def _digest(data: bytes) -> bytes:
    try:
        from _hashlib import openssl_sha256 as sha256  # hashlib itself takes 2 ms more
    except ImportError:
        from hashlib import sha256
    return sha256(data).hexdigest().encode()
