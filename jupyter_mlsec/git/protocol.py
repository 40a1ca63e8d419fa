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
        return b"".join(pieces)

    def send(self, *pieces: "bytes | memoryview") -> None:
        rest = memoryview(b"".join(pieces))
        while rest:
            rest = rest[os.write(self._target, rest) :]

    def _packet(self, *, may_end: bool = False) -> "bytes | None":
        """The next packet's content, empty for a flush packet; None where `may_end` at the end."""
        if not self._fill(4, may_end):
            return None
        at = self._at
        try:
            size = int(self._buffer[at : at + 4], 16)
        except ValueError:
            raise Broken("not a packet") from None
        if size == 0:
            self._at = at + 4
            return b""
        if size < 5:
            raise Broken("not a packet")
        self._fill(size)
        at = self._at
        self._at = at + size
        return self._buffer[at + 4 : at + size]

    def _fill(self, size: int, may_end: bool = False) -> bool:
        """Have at least `size` bytes in the buffer; False where `may_end` and there are none."""
        have = len(self._buffer) - self._at
        if have >= size:
            return True
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
