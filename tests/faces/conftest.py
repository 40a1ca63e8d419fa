from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faces.command import Folder


@pytest.fixture(scope="session")
def patterns(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the compiled patterns are kept: each set of rules takes a second to compile."""
    return tmp_path_factory.mktemp("patterns")


@pytest.fixture
def folder(tmp_path: Path, patterns: Path) -> Iterator[Folder]:
    made = Folder(tmp_path)
    shutil.copytree(patterns, made.cache, ignore=shutil.ignore_patterns("*.results"))
    yield made
    for compiled in made.cache.glob("patterns-*.hs"):
        shutil.copy(compiled, patterns)
