"""Phantom changes: files that git calls modified although what it would stage is the same.

After a save that changed nothing but outputs, git sees another size and says "modified"; it
does not look at what the filter would make of it (nbstripout#65). Here its entry in the index is
written anew with the same object and without size and times, and git compares the contents itself.
So nothing can be staged by this, whatever happens to the file meanwhile.
"""

from __future__ import annotations

import os

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.git import command
from jupyter_mlsec.git.driver import NAME
from jupyter_mlsec.git.install import attributes_of


def refresh(cwd: str, paths: list[str] | None = None) -> list[str]:
    """Have git see that notebooks are not modified; the paths, from the top, of those mended.

    `paths` are files, relative to `cwd`; None means all notebooks of the repository. Files that
    differ in anything the filter lets through, or in their mode, are left alone. Raises MlsecError
    if there is no repository or no such file, or another git holds its index.
    """
    top = command.top(cwd)
    for path in paths or ():
        if not os.path.lexists(os.path.join(cwd, path)):
            raise MlsecError(f"{path}: there is no such file")
    wanted = [os.path.relpath(os.path.join(cwd, path), top) for path in paths or ()]
    entries = _modified(top, wanted)
    filtered = attributes_of(top, list(entries))
    names = [n for n in entries if filtered[n].get("filter", "").split("-")[0] == NAME]
    same = [
        name
        for name, blob in zip(names, _filtered_blobs(top, names), strict=True)
        if blob == entries[name][1]
    ]
    if same:
        lines = [f"{entries[name][0]} {entries[name][1]} 0\t".encode() for name in same]
        records = [line + os.fsencode(name) for line, name in zip(lines, same, strict=True)]
        command.output(top, "update-index", "-z", "--index-info", stdin=b"\0".join(records))
        # its exit code tells of files that are modified, which is no failure here
        command.run(top, "update-index", "-q", "--refresh")
    return same


def _modified(top: str, wanted: list[str]) -> dict[str, tuple[str, str]]:
    """Mode and blob in the index, of regular files that differ in content at most."""
    paths = ["--", *(f":(top,literal){path}" for path in wanted)] if wanted else []
    asked = ("diff-files", "--raw", "-z", "--no-abbrev", "--diff-filter=M", "--ignore-submodules")
    fields = command.output(top, *asked, *paths).split(b"\0")
    found = {}
    for facts, name in zip(fields[::2], fields[1::2], strict=False):
        before, now, blob, _, _ = facts.decode().split(" ")
        if before[1:] == now and now.startswith("100"):
            found[os.fsdecode(name)] = (now, blob)
    return found


def _filtered_blobs(top: str, names: list[str]) -> list[str]:
    """The object names of files as git would stage them; "" where the filter refuses."""
    if not names:
        return []
    plain = [name for name in names if "\n" not in name]
    stdin = "\n".join(plain).encode("utf-8", "surrogateescape") + b"\n"
    done = command.run(top, "hash-object", "--stdin-paths", stdin=stdin)
    blobs = done.stdout.decode().split()
    if done.returncode or len(blobs) != len(names):
        # one by one, for one that can't be filtered ends the whole run
        return [_blob(top, name) for name in names]
    return blobs


def _blob(top: str, name: str) -> str:
    done = command.run(top, "hash-object", "--", name)
    return done.stdout.decode().strip()
