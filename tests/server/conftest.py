"""A Jupyter server with the extension, in this process; its workers are real ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from msgspec import json
from tornado.httpclient import HTTPClientError

from jupyter_mlsec.core.formats import sample

pytest_plugins = ("pytest_jupyter.jupyter_server",)

Post = Callable[..., Awaitable[tuple[int, Any]]]


@pytest.fixture(scope="session")
def pattern_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Patterns are compiled once for all tests."""
    return tmp_path_factory.mktemp("patterns")


@pytest.fixture
def extension_config() -> dict[str, Any]:
    """Settings of the extension, for a test to override."""
    return {}


@pytest.fixture
def jp_server_config(
    extension_config: dict[str, Any], pattern_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    monkeypatch.setenv("MLSEC_CACHE_DIR", str(pattern_cache))
    return {
        "ServerApp": {"jpserver_extensions": {"jupyter_mlsec": True}},
        "MlsecApp": {"workers": 1, **extension_config},
    }


@pytest.fixture
def post(jp_fetch: Callable[..., Awaitable[Any]]) -> Post:
    """Post a body to one of the extension's routes: status and answer."""

    async def send(route: str, body: Any = None, **kwargs: Any) -> tuple[int, Any]:
        method = "GET" if body is None else "POST"
        content = None if body is None else json.encode(body)
        try:
            response = await jp_fetch(
                "mlsec", "api", *route.split("/"), method=method, body=content, **kwargs
            )
        except HTTPClientError as error:
            assert error.response is not None
            return error.code, json.decode(error.response.body)
        return response.code, json.decode(response.body)

    return send


def token(seed: int = 0) -> str:
    """A made-up credential of a well-known form."""
    return sample("hf_{an:34}", Random(seed))
