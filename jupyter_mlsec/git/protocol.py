"""git's long-running filter process: one process cleans and smudges all files of a git command.

The protocol is version 2 of "Long Running Filter Process" in gitattributes(5): packets with their
length in front (gitprotocol-common(5)). git sends one file, reads the whole answer, and sends the
next. Nothing else may be written to standard output.

Part of the filter's start path: nothing is imported here but `os`.
"""

import os

TYPE_CHECKING = False  # importing typing, or __future__, costs more than this whole module
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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
    """Packets from one descriptor, and to another."""

    def __init__(self, source: int, target: int) -> None:
        self._source = source
        self._target = target
        self._buffer = b""
        self._at = 0

    def lines(self, *, may_end: bool = False) -> "list[str] | None":
        """The lines of text up to a flush packet; None where `may_end` and the other side left."""
        found: list[str] = []
        while True:
            packet = self._packet(may_end=may_end and not found)
            if packet is None:
                return None
            if not packet:
                return found
            found.append(os.fsdecode(packet.removesuffix(b"\n")))

    def content(self) -> bytes:
        """The bytes up to a flush packet."""
        pieces = []
        while packet := self._packet():
            pieces.append(packet)
            if len(pieces) == _MANY:
                return self._large(pieces)
        return b"".join(pieces)

    def _large(self, pieces: "list[bytes]") -> bytes:
        """The rest of a large content, with each byte copied once less, in a wider pipe."""
        _widen(self._source)
        found = bytearray().join(pieces)
        pieces.clear()
        buffer = bytearray(_READ)
        view = memoryview(buffer)
        end = len(self._buffer) - self._at
        view[:end] = self._buffer[self._at :]
        at = 0
        while True:
            while end - at < 4:  # a length in two reads
                view[: end - at] = view[at:end]
                at, end = 0, end - at
                end += self._read_into(view[end:])
            size = _size(view[at : at + 4].tobytes())
            at += 4
            if size == 0:
                self._buffer, self._at = view[at:end].tobytes(), 0
                return bytes(found)
            left = size - 4
            while left > end - at:
                found += view[at:end]
                left -= end - at
                at, end = 0, self._read_into(view)
            found += view[at : at + left]
            at += left

    def _read_into(self, view: memoryview) -> int:
        if hasattr(os, "readv"):
            size = os.readv(self._source, [view])
        else:  # Windows
            data = os.read(self._source, len(view))
            size = len(data)
            view[:size] = data
        if not size:
            raise Broken("git left in the middle of a file")
        return size

    def send(self, *pieces: "bytes | memoryview") -> None:
        rest = memoryview(b"".join(pieces))
        while rest:
            rest = rest[os.write(self._target, rest) :]

    def _packet(self, *, may_end: bool = False) -> "bytes | None":
        """The next packet's content, empty for a flush packet; None where `may_end` at the end."""
        at = self._at
        if len(self._buffer) < at + 4:
            if not self._fill(4, may_end):
                return None
            at = self._at
        size = _size(self._buffer[at : at + 4])
        if size == 0:
            self._at = at + 4
            return b""
        if len(self._buffer) < at + size:
            self._fill(size)
            at = self._at
        self._at = at + size
        return self._buffer[at + 4 : at + size]

    def _fill(self, size: int, may_end: bool = False) -> bool:
        """Have at least `size` bytes in the buffer; False where `may_end` and there are none."""
        have = len(self._buffer) - self._at
        pieces = [self._buffer[self._at :]]
        while have < size:
            piece = os.read(self._source, _READ)
            if not piece:
                if may_end and not have:
                    return False
                raise Broken("git left in the middle of a file")
            pieces.append(piece)
            have += len(piece)
        self._buffer, self._at = b"".join(pieces), 0
        return True


def _size(head: bytes) -> int:
    """The length of a packet, its own four bytes included, or 0. Raises Broken."""
    try:
        size = int(head, 16)
    except ValueError:
        size = -1
    if size < 0 or 0 < size < 5:
        raise Broken("not a packet")
    return size


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
