"""The outputs that notebooks had when they were staged, so that a checkout can bring them back.

In mode `all` git never sees outputs, and whatever writes a notebook anew (pull, merge, rebase,
checkout) would leave it without. They are kept below `.git/mlsec/outputs`, one file for each
notebook, by a digest of the cell's source; never those in which something sensitive was found.
Part of the filter's start path.
"""

import os

from jupyter_mlsec.core.errors import MlsecError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_HEAD = b"mlsec outputs 1"
_SUFFIX = ".outputs"
NOTEBOOK_LIMIT = 64 << 20  # bytes kept of one notebook, and of larger ones nothing
LIMIT = 512 << 20  # bytes kept in all: the oldest notebooks go first
_LEFT = 600  # seconds after which nobody writes a file any more
_CANDIDATES = 50  # notebooks that are gone among which a renamed one is looked for
_PATIENCE = 10.0  # seconds to wait for another process that is still saving


class Outputs:
    """What is kept in one working tree. `folder` is that tree's own folder below .git."""

    def __init__(self, git_folder: str) -> None:
        self.folder = os.path.join(git_folder, "mlsec", "outputs")
        self._waited = False
        self._gone: list[str] | None = None
        self._any = os.path.isdir(self.folder)

    def has(self, path: str) -> bool:
        """Whether anything is kept of a notebook."""
        try:
            return self._any and os.path.exists(self._file(path))
        except ValueError:
            return False

    def knows(self, path: str, data: bytes) -> bool:
        """Whether the outputs of exactly these bytes have been kept, as far as they may be."""
        if not self._any:
            return False
        try:
            with open(self._file(path), "rb", buffering=0) as file:
                return file.read(64).partition(b"\n")[0] == _head(data)
        except (OSError, ValueError):
            return False

    def save(self, path: str, data: bytes, approved: bytes) -> None:
        """Keep the outputs of a notebook that are the same in `approved`.

        That is the same notebook with everything redacted that must not be kept. Outputs of cells
        that the notebook does not have now, such as on another branch, stay while there is room;
        those of cells that have none any more go, for somebody has cleared them. Raises OSError.
        """
        from jupyter_mlsec.core.strip import cell_digests, cell_outputs

        file = self._file(path)
        cells = cell_outputs(data)
        if approved is not data:
            safe = {(digest, outputs) for digest, outputs, _ in cell_outputs(approved)}
            cells = [cell for cell in cells if cell[:2] in safe]
        known = _read(file)
        now = cell_digests(data) if known else set()
        cells += [cell for cell in known if cell[0] not in now]
        pieces, size = [_head(data), b"\n"], 0
        for cell in cells:
            size += sum(map(len, cell))
            if size > NOTEBOOK_LIMIT:
                break
            pieces += (b"%d %d %d\n" % tuple(map(len, cell)), *cell)
        os.makedirs(os.path.dirname(file), exist_ok=True)
        part = f"{file}.{os.getpid()}"
        try:
            with open(part, "wb") as out:
                out.write(b"".join(pieces))
            os.replace(part, file)
        except OSError:
            os.unlink(part)  # what is cut off takes the little space that is left
            raise

    def restore(self, path: str, data: bytes, strip: "Callable[[bytes], bytes]") -> bytes:
        """The notebook with the outputs that are kept for its cells; `data` itself without any.

        `strip` is what the filter will do with it next: only if that gives `data` again are the
        outputs put back, for otherwise git would call the notebook modified.
        """
        from jupyter_mlsec.core.strip import with_outputs

        if not self._waited:
            self._waited = True
            self.wait()
        try:
            cells = _read(self._file(path)) if self.has(path) else self._renamed(data)
            found = {digest: (outputs, count) for digest, outputs, count in cells}
            restored = with_outputs(data, found.get) if found else data
        except (ValueError, MlsecError):
            return data
        if restored is data:
            return data
        return restored if strip(restored) == data else data

    def _renamed(self, data: bytes) -> "list[tuple[bytes, bytes, bytes]]":
        """What is kept of a notebook that had another name, if it is in the working tree no more,
        and most of its cells, and enough of these, are here: one `df.head()` is no notebook.
        Raises Unparsable."""
        from jupyter_mlsec.core.strip import cell_digests

        if self._gone is None:
            kept = sorted(self.files(), key=lambda file: file[1], reverse=True)
            skip = len(self.folder) + 1
            gone = [name for name, _, _ in kept if not os.path.exists(name[skip : -len(_SUFFIX)])]
            self._gone = gone[:_CANDIDATES]
        here = cell_digests(data) if self._gone else set()
        best: list[tuple[bytes, bytes, bytes]] = []
        most = 0
        for cells in map(_read, self._gone):
            same = sum(cell[0] in here for cell in cells)
            enough = 2 * same >= len(cells) and (same > 2 or 2 * same >= len(here))
            if enough and same > most:
                best, most = cells, same
        return best

    def wait(self) -> None:
        """Wait until nobody saves any more, or for ten seconds."""
        try:
            lock = os.open(self._lock(), os.O_RDWR)
        except OSError:
            return
        try:
            from time import monotonic, sleep

            end = monotonic() + _PATIENCE
            while not _flock(lock, exclusive=True) and monotonic() < end:
                sleep(0.01)
        finally:
            os.close(lock)

    def prune(self) -> None:
        """Remove the oldest until all together are within the limit, and what savers that were
        killed have left."""
        from time import time

        for folder, _, names in os.walk(self.folder):
            for name in names:
                file = os.path.join(folder, name)
                if not name.endswith(_SUFFIX) and os.stat(file).st_mtime < time() - _LEFT:
                    os.unlink(file)
        files = sorted(self.files(), key=lambda file: file[1], reverse=True)
        total = 0
        for name, _, size in files:
            total += size
            if total > LIMIT:
                os.unlink(name)

    def files(self) -> "Iterator[tuple[str, float, int]]":
        """Name, time of change and size in bytes of all that is kept."""
        for folder, _, names in os.walk(self.folder):
            for name in names:
                if name.endswith(_SUFFIX):
                    file = os.path.join(folder, name)
                    facts = os.stat(file)
                    yield file, facts.st_mtime, facts.st_size

    def saving(self) -> int:
        """Tell who wants to restore that saving goes on; until the descriptor is closed."""
        os.makedirs(self.folder, exist_ok=True)
        lock = os.open(self._lock(), os.O_CREAT | os.O_RDWR, 0o600)
        _flock(lock, exclusive=False)
        return lock

    def _lock(self) -> str:
        return os.path.join(os.path.dirname(self.folder), "lock")

    def _file(self, path: str) -> str:
        """Where a notebook's outputs are kept. Raises ValueError for a path out of the tree."""
        if os.path.isabs(path) or ".." in path.replace("\\", "/").split("/"):
            raise ValueError("a path out of the working tree")
        return os.path.join(self.folder, path + _SUFFIX)


def git_folder(top: str = ".") -> "str | None":
    """The .git folder of the working tree, as git has it; None where there is none.

    A linked working tree and a submodule have a file there, which names the folder
    (gitrepository-layout(5)). git is not asked: that would take 3 ms.
    """
    given = os.environ.get("GIT_DIR")
    path = given or os.path.join(top, ".git")
    if os.path.isdir(path):
        return path
    try:
        with open(path, "rb") as file:
            line = file.read(4096)
    except OSError:
        return None
    if not line.startswith(b"gitdir: "):
        return None
    return os.path.join(top, os.fsdecode(line[8:].rstrip(b"\r\n")))


def _head(data: bytes) -> bytes:
    """The first line of what is kept: by length and checksum the bytes that it came from."""
    from zlib import crc32

    return b"%s %d %d" % (_HEAD, len(data), crc32(data))


def _read(file: str) -> "list[tuple[bytes, bytes, bytes]]":
    """Digest, outputs and count of the cells in a file; none if it is missing or damaged."""
    try:
        with open(file, "rb") as opened:
            data = opened.read()
    except OSError:
        return []
    cells: list[tuple[bytes, bytes, bytes]] = []
    at = data.find(b"\n") + 1
    if not data.startswith(_HEAD + b" "):
        return []
    while at < len(data):
        end = data.find(b"\n", at)
        try:
            a, b, c = map(int, data[at:end].split())
        except ValueError:
            return cells
        start, at = end + 1, end + 1 + a + b + c
        if at > len(data):
            return cells
        cells.append((data[start : start + a], data[start + a : at - c], data[at - c : at]))
    return cells


def _flock(lock: int, *, exclusive: bool) -> bool:
    """Lock a file, shared or exclusively; whether it could be had at once."""
    try:
        import fcntl
    except ImportError:  # Windows, where saving is over before git ends
        return True
    try:
        fcntl.flock(lock, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
