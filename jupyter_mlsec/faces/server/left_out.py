"""What a scan of a folder leaves out, as `mlsec scan` does: what git and `exclude` name."""

from __future__ import annotations

import os
from typing import NamedTuple

from jupyter_mlsec.core.config import Config
from jupyter_mlsec.files.ignore import (
    Ignores,
    excluded,
    ignored,
    read_ignores,
    repository_ignores,
)


class LeftOut(NamedTuple):
    """The patterns that hold in a local folder; without any, nothing is left out."""

    exclude: Ignores = ()
    git: Ignores = ()

    @classmethod
    def of(cls, folder: str, config: Config) -> LeftOut:
        """For a folder that a scan was asked for, by its absolute path."""
        return cls(excluded(config, folder), repository_ignores(folder))

    def within(self, folder: str) -> LeftOut:
        """With the .gitignore file of a folder, if it has one."""
        return self._replace(
            git=self.git + read_ignores(os.path.join(folder, ".gitignore"), folder)
        )

    def __call__(self, path: str, folder: bool) -> bool:
        return ignored(path, self.exclude, folder) or ignored(path, self.git, folder)
