"""git's long-running filter protocol, byte by byte."""

from __future__ import annotations

import os
import threading

import pytest

from jupyter_mlsec.git.protocol import Broken, Refused, serve

GREETING = b"0016git-filter-client\n000eversion=2\n0000"
OFFER = b"0015capability=clean\n0016capability=smudge\n0015capability=delay\n0000"
ANSWER = b"0016git-filter-server\n000eversion=2\n0000" + OFFER.replace(
    b"0015capability=delay\n", b""
)


def line(text: str) -> bytes:
    return f"{len(text.encode()) + 5:04x}{text}\n".encode()


def content(data: bytes, size: int = 65516) -> bytes:
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    return b"".join(b"%04x%s" % (len(piece) + 4, piece) for piece in pieces) + b"0000"


def request(data: bytes, path: str = "a.ipynb", verb: str = "clean", **facts: str) -> bytes:
    lines = [f"command={verb}", f"pathname={path}", *(f"{k}={v}" for k, v in facts.items())]
    return b"".join(map(line, lines)) + b"0000" + content(data)


def success(data: bytes) -> bytes:
    return line("status=success") + b"0000" + content(data) + b"0000"


ERROR = line("status=error") + b"0000"


def served(said: bytes, piece: int = 1 << 16) -> bytes:
    """What is answered to bytes that come in pieces of a size: no read gives more."""
    readv = getattr(os, "readv", None)  # not on Windows, where pieces come as they come
    source, feed = os.pipe()
    drain, target = os.pipe()
    answered: list[bytes] = []

    def write() -> None:
        for at in range(0, len(said), piece):
            os.write(feed, said[at : at + piece])
        os.close(feed)

    def read() -> None:
        while part := os.read(drain, 1 << 16):
            answered.append(part)

    threads = [threading.Thread(target=write), threading.Thread(target=read)]
    for thread in threads:
        thread.start()
    try:
        with pytest.MonkeyPatch.context() as patch:
            if readv:
                patch.setattr(os, "readv", lambda source, views: readv(source, [views[0][:piece]]))
            serve(("clean", "smudge"), upper, source, target)
    finally:
        os.close(target)
        os.close(source)
        for thread in threads:
            thread.join()
        os.close(drain)
    return b"".join(answered)


def upper(verb: str, path: str, data: bytes) -> bytes:
    if b"refuse" in data:
        raise Refused
    return os.fsencode(path) + b"|" + data.upper() if verb == "clean" else data


@pytest.mark.parametrize("piece", [1, 3, 1 << 16], ids=["bytes", "threes", "all"])
@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (b"", b""),
        (request(b"abc"), success(b"a.ipynb|ABC")),
        (request(b""), success(b"a.ipynb|")),
        (request(b"abc", verb="smudge", ref="refs/heads/main", blob="0" * 40), success(b"abc")),
        (request(b"", verb="smudge"), success(b"")),
        (request(b"a", path="ü =\\ b"), success("ü =\\ b|A".encode())),
        (request(b"refuse"), ERROR),
        (request(b"refuse") + request(b"abc"), ERROR + success(b"a.ipynb|ABC")),
        (request(b"0000"), success(b"a.ipynb|0000")),
    ],
    ids=["nothing", "clean", "empty", "smudge", "smudge empty", "path", "refused", "two", "flush"],
)
def test_answers(said: bytes, answer: bytes, piece: int) -> None:
    assert served(GREETING + OFFER + said, piece) == ANSWER + answer


SIZES = [65515, 65516, 65517, 2 * 65516, 16 * 65516, 16 * 65516 + 1, 17 * 65516, 5_000_000]


@pytest.mark.parametrize("piece", [1 << 16, 65519, 999])
@pytest.mark.parametrize("size", SIZES)
def test_large_contents(size: int, piece: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    data = data[:size]
    said = GREETING + OFFER + request(data, verb="smudge") + request(b"x", verb="smudge")
    assert served(said, piece) == ANSWER + success(data) + success(b"x")


def test_only_what_git_offers_is_announced() -> None:
    answer = served(GREETING + b"0015capability=clean\n0000")
    assert answer.endswith(b"0000" + b"0015capability=clean\n0000")


@pytest.mark.parametrize(
    "said",
    [
        b"GET / HTTP/1.1\r\n",
        b"000eversion=2\n0000",
        b"0016git-filter-client\n000eversion=1\n0000",
        GREETING[:-6],
        GREETING + OFFER + request(b"abc")[:-5],
        GREETING + OFFER + line("command=clean"),
        GREETING + OFFER + b"0003",
        GREETING + OFFER + b"zzzz",
        GREETING + OFFER + b"-001",
        GREETING + OFFER + request(bytes(2_000_000))[:-5],
        GREETING + OFFER + request(bytes(2_000_000))[:-400_000],
    ],
)
def test_another_language(said: bytes) -> None:
    with pytest.raises(Broken):
        served(said)
