"""What shell commands do with files: `wget`, `curl`, `gsutil`, `aws s3 cp` and the like fetch
them, `unzip` and `tar` unpack them, `sha256sum -c` compares their digests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jupyter_mlsec.core.flow.knowledge import Fetched
from jupyter_mlsec.core.patterns import lazy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_mlsec.core.shellwords import Command, Word

PROGRAMS = (
    *("wget", "curl", "gsutil", "aws", "gcloud", "azcopy", "s5cmd", "gdown", "kaggle"),
    *("unzip", "tar", "gunzip", "bunzip2", "7z", "sum"),
)
_URL = lazy(r"(?:https?|ftp|s3|gs|hf)://", re.IGNORECASE)
_SUMS = frozenset("sha256sum sha512sum sha1sum md5sum shasum b2sum".split())


def fetched(command: Command) -> list[Fetched]:
    """What a command does with files that data may be read from later."""
    argv = command.argv
    words = [word.text for word in argv]
    program = words[0].rpartition("/")[2] if words else ""
    if program in ("wget", "curl"):
        return [Fetched("fetch", path, url.text) for url, path in downloads(command)]
    if program in ("gsutil", "aws", "gcloud", "azcopy", "s5cmd"):
        return list(_copied(words))
    if program == "gdown":
        return list(_drive(words))
    if program == "kaggle" and "download" in words:
        named = next((w for w in words[words.index("download") + 1 :] if not w.startswith("-")), "")
        folder = _option(words, "-p", "--path") or "."
        return [Fetched("fetch", folder, f"https://www.kaggle.com/{named}")]
    if program in ("unzip", "tar", "gunzip", "7z", "bunzip2"):
        return list(_unpacked(program, words))
    if program in _SUMS:
        return [Fetched("check", "")] if any(w in ("-c", "--check") for w in words) else []
    return []


def downloads(command: Command) -> Iterator[tuple[Word, str]]:
    """The URLs that a curl or wget command saves, with the paths of the files."""
    argv = command.argv
    curl = argv[0].text.rpartition("/")[2] == "curl"
    words = [word.text for word in argv[1:]]
    name = next((word.text for word in command.writes), "")
    name = _option(words, *(("-o", "--output") if curl else ("-O", "--output-document"))) or name
    folder = _option(words, *(("--output-dir",) if curl else ("-P", "--directory-prefix")))
    keeps_name = not curl or any(
        re.fullmatch(r"-[A-Za-z]*O[A-Za-z]*|--remote-name", w) for w in words
    )
    for word in argv[1:]:
        if not _URL.match(word.text):
            continue
        last = re.split(r"[?#]", word.text)[0].rstrip("/").rpartition("/")[2]
        path = name or (last if keeps_name else "")
        if path not in ("", "-", "/dev/null"):
            yield word, f"{folder}/{path}" if folder and not name else path


def _option(words: list[str], *names: str) -> str:
    for number, word in enumerate(words):
        for name in names:
            if word == name and number + 1 < len(words):
                return words[number + 1]
            if name.startswith("--") and word.startswith(f"{name}="):
                return word.partition("=")[2]
            bundled = re.fullmatch(rf"-[A-Za-z]+{name[1:]}", word) if len(name) == 2 else None
            if bundled and number + 1 < len(words):
                return words[number + 1]
    return ""


def _copied(words: list[str]) -> Iterator[Fetched]:
    plain = [w for w in words[1:] if not w.startswith("-")]
    if not any(verb in plain for verb in ("cp", "sync", "rsync", "copy")) or len(plain) < 3:
        return
    source, target = plain[-2:]
    if _URL.match(source) and not _URL.match(target):
        name = source.rstrip("/").rpartition("/")[2]
        yield Fetched("fetch", f"{target}/{name}" if target in (".", "./") else target, source)


def _drive(words: list[str]) -> Iterator[Fetched]:
    plain = [w for w in words[1:] if not w.startswith("-")]
    target = _option(words[1:], "-O", "--output")
    source = next((w for w in plain if w != target), "")
    if source or "--id" in words:
        url = source if "://" in source else f"https://drive.google.com/{source}"
        yield Fetched("fetch", target or ".", url)


def _unpacked(program: str, words: list[str]) -> Iterator[Fetched]:
    target = _option(words[1:], *(("-d",) if program == "unzip" else ("-C", "--directory")))
    for word in words[1:]:
        # what is written as {name} or $name is a variable that holds a path
        if re.search(r"\.(?:zip|tar|tgz|tbz2|txz|gz|bz2|xz|7z)$|^\{\w+\}$|^\$\w+$", word):
            if program in ("gunzip", "bunzip2"):
                yield Fetched("unpack", word, to=re.sub(r"\.\w+$", "", word))
            else:
                yield Fetched("unpack", word, to=target)
            return
