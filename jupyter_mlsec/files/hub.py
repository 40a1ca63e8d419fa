"""Which commit of a repository on the Hugging Face hub this machine has in its cache."""

from __future__ import annotations

import os
import re


def cached_commit(kind: str, name: str) -> str | None:
    """The commit that the branch main had when this machine last asked, or None.

    `kind` is `datasets` or `models`, `name` as `owner/name`. The layout of the cache is that of
    huggingface_hub's documentation, "Understand caching": `refs/main` holds the commit.
    """
    path = os.path.join(_folder(), f"{kind}--{name.replace('/', '--')}", "refs", "main")
    try:
        with open(path, encoding="ascii") as file:
            commit = file.read(64).strip()
    except (OSError, ValueError):
        return None
    return commit if re.fullmatch(r"[0-9a-f]{40}", commit) else None


def _folder() -> str:
    given = os.environ.get("HF_HUB_CACHE")
    if given:
        return os.path.expanduser(given)
    caches = os.environ.get("XDG_CACHE_HOME", os.path.join("~", ".cache"))
    home = os.environ.get("HF_HOME", os.path.join(caches, "huggingface"))
    return os.path.join(os.path.expanduser(home), "hub")
