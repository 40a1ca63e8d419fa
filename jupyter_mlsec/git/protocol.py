"""git's long-running filter process: one process cleans and smudges all files of a git command.

The protocol is version 2 of "Long Running Filter Process" in gitattributes(5): packets with their
length in front (gitprotocol-common(5)). git sends one file, reads the whole answer, and sends the
next. Nothing else may be written to standard output.

Part of the filter's start path: nothing is imported here but `os` and `io`, which are there.
"""

import os
from io import BytesIO

TYPE_CHECKING = False  # importing typing, or __future__, costs more than this whole module
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Answer = Callable[[str, str, bytes], bytes]

_LARGEST = 65516  # bytes of content in a packet
_FULL = b"fff0"  # the length of such a packet, its own four bytes included
_FLUSH = b"0000"
_READ = 1 << 20
_MANY = 16  # packets after which a content is a large one


class Refused(Exception):
    """This file can't be filtered. Who raises it has said why on standard error."""


class Broken(Exception):
    """The other side does not speak the protocol, or has gone in the middle of a file."""


def serve(verbs: "Sequence[str]", answer: "Answer", source: int = 0, target: int = 1) -> None:
    """Answer git until it closes the pipe.

    `verbs` are announced (`clean`, `smudge`). `answer` turns the content of a file into another:
    it is given the verb, git's path of the file and its bytes, and may raise Refused. `source` and
    `target` are the descriptors to read and write. Raises Broken, or OSError where a pipe fails.
    """
    pipe = _Pipe(source, target)
    _greet(pipe, verbs)
    while (facts := pipe.lines(may_end=True)) is not None:
        said = dict(line.partition("=")[::2] for line in facts)
        data = pipe.content()
        try:
            result = answer(said.get("command", ""), said.get("pathname", ""), data)
        except Refused:
            pipe.send(_lines("status=error"))
            continue
        # the second list is for a status that changed while the content was sent: it never does
        pipe.send(_lines("status=success"), *_packets(result), _FLUSH, _FLUSH)
        del data, result


def _greet(pipe: "_Pipe", verbs: "Sequence[str]") -> None:
    greeting = pipe.lines()
    if not greeting or greeting[0] != "git-filter-client" or "version=2" not in greeting:
        raise Broken("this is no git that speaks version 2 of the filter protocol")
    pipe.send(_lines("git-filter-server", "version=2"))
    offered = pipe.lines() or []
    announced = [f"capability={verb}" for verb in verbs]
    pipe.send(_lines(*(line for line in announced if line in offered)))


class _Pipe:
    """Packets from one descriptor, and to another.

    All is read into one buffer, which stays: memory that comes and goes with each file would cost
    as much as the reading.
    """

    def __init__(self, source: int, target: int) -> None:
        self._source = source
        self._target = target
        self._buffer = memoryview(bytearray(_READ))
        self._at = 0  # what has been read and not been taken, from here
        self._end = 0  # to here

    def lines(self, *, may_end: bool = False) -> "list[str] | None":
        """The lines of text up to a flush packet; None where `may_end` and the other side left."""
        found: list[str] = []
        while (size := self._head(may_end=may_end and not found)) is not None:
            if not size:
                return found
            packet = b"".join(map(bytes, self._pieces(size)))  # copied one by one
            found.append(os.fsdecode(packet.removesuffix(b"\n")))
        return None

    def content(self) -> bytes:
        """The bytes up to a flush packet."""
        gathered = BytesIO()  # which gives away its bytes without a copy
        count = 0
        while size := self._head():
            for piece in self._pieces(size):
                gathered.write(piece)
            count += 1
            if count == _MANY:
                _widen(self._source)
        return gathered.getvalue()

    def send(self, *pieces: "bytes | memoryview") -> None:
        rest = memoryview(b"".join(pieces))
        while rest:
            rest = rest[os.write(self._target, rest) :]

    def _head(self, *, may_end: bool = False) -> "int | None":
        """The size of the next packet's content, 0 for a flush packet; None where `may_end` at
        the end. Raises Broken."""
        while self._end - self._at < 4:
            left = self._end - self._at
            self._buffer[:left] = bytes(self._buffer[self._at : self._end])
            self._at, self._end = 0, left
            if not self._fill(may_end=may_end and not left):
                return None
        head = bytes(self._buffer[self._at : self._at + 4])
        self._at += 4
        return _size(head)

    def _pieces(self, size: int) -> "Iterator[memoryview]":
        """The next bytes. Each piece is good until the next one is asked for."""
        while size:
            if self._at == self._end:
                self._at = self._end = 0
                self._fill()
            end = min(self._at + size, self._end)
            piece = self._buffer[self._at : end]
            self._at = end
            size -= len(piece)
            yield piece

    def _fill(self, *, may_end: bool = False) -> bool:
        """Read what is there; False where `may_end` and the other side has left. Raises Broken."""
        view = self._buffer[self._end :]
        if hasattr(os, "readv"):
            size = os.readv(self._source, [view])
        else:  # Windows
            data = os.read(self._source, len(view))
            size = len(data)
            view[:size] = data
        self._end += size
        if not size and not may_end:
            raise Broken("git left in the middle of a file")
        return size > 0


def _size(head: bytes) -> int:
    """The size of a packet's content, 0 for a flush packet. Raises Broken."""
    try:
        size = int(head, 16)
    except ValueError:
        size = -1
    if size < 0 or 0 < size < 5:
        raise Broken("not a packet")
    return size - 4 if size else 0


def _widen(descriptor: int) -> None:
    """Have a pipe hold a megabyte, where that can be had: fewer switches between processes."""
    try:
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _READ)  # type: ignore[attr-defined,unused-ignore]
    except (ImportError, AttributeError, OSError):
        pass  # not Linux, or a limit of the system's


def _lines(*lines: str) -> bytes:
    texts = [f"{line}\n".encode() for line in lines]
    return b"".join(b"%04x%s" % (len(text) + 4, text) for text in texts) + _FLUSH


def _packets(data: bytes) -> "list[bytes | memoryview]":
    """The content as packets, without the flush packet that ends it."""
    view = memoryview(data)
    whole, rest = divmod(len(data), _LARGEST)
    pieces: list[bytes | memoryview] = []
    for start in range(0, whole * _LARGEST, _LARGEST):
        pieces += (_FULL, view[start : start + _LARGEST])
    if rest:
        pieces += (b"%04x" % (rest + 4), view[-rest:])
    return pieces
