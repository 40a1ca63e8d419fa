"""Digests of files that a notebook has downloaded, where this machine still has them."""

from __future__ import annotations

import hashlib
import os


def digest_of(folder: str, function: str, name: str) -> str | None:
    """The SHA-256 of a download, or None where it is not there.

    `folder` is the notebook's, from which paths are taken; `get_file` of Keras keeps what it
    downloads in `~/.keras/datasets` (its documentation, `cache_dir` and `cache_subdir`).
    """
    if function == "get_file" and not os.path.isabs(name):
        home = os.environ.get("KERAS_HOME", os.path.join("~", ".keras"))
        folder = os.path.join(os.path.expanduser(home), "datasets")
    try:
        with open(os.path.join(folder, name), "rb") as file:
            digest = hashlib.sha256()
            while block := file.read(1 << 20):
                digest.update(block)
    except (OSError, ValueError):
        return None
    return digest.hexdigest()
