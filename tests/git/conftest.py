from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.git.repository import PATTERNS, Repository, copy


def pytest_configure(config: pytest.Config) -> None:
    assert config.cache is not None
    os.environ.setdefault(PATTERNS, str(config.cache.mkdir("mlsec-patterns")))


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Repository]:
    """A repository with the filter for each mode: setting it up takes twenty processes."""
    top = tmp_path_factory.mktemp("templates")
    return {mode: Repository.new(top, mode, mode=mode) for mode in ("all", "sensitive")}


@pytest.fixture
def repo(templates: dict[str, Repository], tmp_path: Path) -> Repository:
    """A repository without a commit, filtered in mode `all`."""
    return copy(templates["all"], tmp_path)


@pytest.fixture
def sensitive(templates: dict[str, Repository], tmp_path: Path) -> Repository:
    """A repository without a commit, filtered in mode `sensitive`."""
    return copy(templates["sensitive"], tmp_path)
