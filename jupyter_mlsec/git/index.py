"""What git's index holds, and what changed since a commit.

git is asked by as few processes as will do, whatever the number of files, and by its machine
formats: raw, NUL-separated, objects by their hash, so that no file name needs quoting.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import IO

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.git import command

_DIFF = (
    *("diff", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff", "--no-relative"),
    *("--ignore-submodules=all", "--diff-filter=ACMT"),
)
_REGULAR = ("100644", "100755")  # no links, no submodules


def staged(
    cwd: str, wanted: Callable[[str], bool] = lambda path: True
) -> Iterator[tuple[str, bytes | None]]:
    """Path and content of each file that a commit would add or change, as the index holds it;
    None for the content of a file whose merge is not resolved.

    The whole repository is looked at, from whatever folder in it. Paths are absolute; `wanted`
    sees them first, and only what it accepts is read. Raises MlsecError if there is no git, no
    repository, or git fails.
    """
    top = command.top(cwd)
    diff = command.output(top, *_DIFF, "--diff-filter=ACMTU", "--cached")
    changed = [(path, blob) for path, blob in _changed(diff, top) if wanted(path)]
    yield from ((path, None) for path, blob in changed if not blob)
    merged = [(path, blob) for path, blob in changed if blob.strip("0")]
    if merged:
        yield from _contents(top, merged)


def changed_since(ref: str, cwd: str) -> list[str]:
    """Absolute paths of the files that differ from where HEAD and `ref` parted, and exist.

    Changes that are not committed count, and so do new files that git does not ignore. Raises
    MlsecError if there is no git, no repository, no such commit, or no common ancestor.
    """
    top = command.top(cwd)
    base = _merge_base(_commit(ref, top), ref, top)
    changed = {path for path, _ in _changed(command.output(top, *_DIFF, base, "--"), top)}
    new = command.output(top, "ls-files", "-z", "--others", "--exclude-standard")
    changed.update(_path(top, name) for name in new.split(b"\0") if name)
    return sorted(path for path in changed if os.path.isfile(path) and not os.path.islink(path))


def _changed(raw: bytes, top: str) -> Iterator[tuple[str, str]]:
    """Path and new blob of the regular files in a raw diff; no blob ("") where a merge is open.

    A record is `:100644 100644 <old blob> <new blob> M NUL path NUL`.
    """
    fields = raw.split(b"\0")
    for facts, name in zip(fields[::2], fields[1::2], strict=False):
        _, mode, _, blob, status = facts.decode().split(" ")
        if mode in _REGULAR or status == "U":
            yield _path(top, name), "" if status == "U" else blob


def _contents(top: str, changed: list[tuple[str, str]]) -> Iterator[tuple[str, bytes]]:
    """The contents of blobs, from one `git cat-file --batch`."""
    from subprocess import DEVNULL, PIPE, Popen

    with Popen(  # noqa: S603 - no shell, and no argument from outside
        [*command.GIT, "cat-file", "--batch"], cwd=top, stdin=PIPE, stdout=PIPE, stderr=DEVNULL
    ) as process:
        assert process.stdin is not None  # noqa: S101 - for the type checker
        assert process.stdout is not None  # noqa: S101
        try:
            for path, blob in changed:
                process.stdin.write(blob.encode() + b"\n")
                process.stdin.flush()
                yield path, _blob(process.stdout, path)
        except BrokenPipeError:
            raise MlsecError("git cat-file ended early", "run `git fsck`") from None
        finally:
            process.kill()  # nothing to lose: it only reads


def _blob(answer: IO[bytes], path: str) -> bytes:
    """One answer of `git cat-file --batch`: `<blob> blob <size>`, the content, a line end."""
    header = answer.readline().split()
    if len(header) != 3 or not header[2].isdigit():
        raise MlsecError(f"git has lost the staged content of {path!r}", "run `git fsck`")
    size = int(header[2])
    data = answer.read(size + 1)
    if len(data) != size + 1:
        raise MlsecError("git cat-file ended early", "run `git fsck`")
    return data[:-1]


def _commit(ref: str, top: str) -> str:
    # git reads a leading hyphen as an option, and a circumflex as "everything but"
    if ref and ref[0] not in "-^" and "\0" not in ref:
        found = command.run(top, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
        if found.returncode == 0:
            return found.stdout.decode().strip()
    raise MlsecError(
        f"git knows no commit called {ref!r}",
        "fetch it first; in continuous integration, check out with the full history",
    )


def _merge_base(commit: str, ref: str, top: str) -> str:
    if command.run(top, "rev-parse", "--verify", "--quiet", "HEAD").returncode:
        raise MlsecError("there is no commit on this branch yet", "scan the folder instead")
    found = command.run(top, "merge-base", commit, "HEAD")
    if found.returncode:
        raise MlsecError(
            f"HEAD and {ref!r} have no common ancestor",
            "in a shallow clone, fetch the full history",
        )
    return found.stdout.decode().strip()


def _path(top: str, name: bytes) -> str:
    return os.path.join(top, os.path.normpath(os.fsdecode(name)))
