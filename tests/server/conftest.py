"""One real Jupyter server for most tests; for others one in this process: their modules ask for
the plugin of pytest-jupyter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.server.live import Live, live

Api = Callable[..., tuple[int, Any]]

_folders = count()


@pytest.fixture(scope="session")
def pattern_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Patterns are compiled once for all tests."""
    return tmp_path_factory.mktemp("patterns")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, pattern_cache: Path) -> Iterator[Live]:
    """A server with the default policy and small limits of size."""
    options = ("workers=1", "time_limit=30", "max_body=1", "max_size=1")
    given = [f"--MlsecApp.{option}" for option in options]
    with live(tmp_path_factory.mktemp("server"), *given, cache=pattern_cache) as running:
        yield running


@pytest.fixture
def root(server: Live) -> Path:
    """A folder of a test's own in that server's root."""
    folder = server.root / f"t{next(_folders)}"
    folder.mkdir()
    return folder


@pytest.fixture
def api(server: Live, root: Path) -> Api:
    """Ask one of the extension's routes about documents in that folder: status and answer."""

    def ask(route: str, body: Any = None) -> tuple[int, Any]:
        if isinstance(body, dict) and "path" in body:
            body = {**body, "path": f"{root.name}/{body['path']}"}
        return server.api(route, body)

    return ask


@pytest.fixture
def extension_config() -> dict[str, Any]:
    """Settings of the extension in this process, for a test to override."""
    return {}


@pytest.fixture
def jp_server_config(
    extension_config: dict[str, Any], pattern_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    monkeypatch.setenv("MLSEC_CACHE_DIR", str(pattern_cache))
    return {
        "ServerApp": {"jpserver_extensions": {"jupyter_mlsec": True}},
        "MlsecSecrets": {"default": "allow"},
        "MlsecApp": {"workers": 1, "time_limit": 30.0, "save_time_limit": 30.0, **extension_config},
    }
