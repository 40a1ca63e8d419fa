"""Who may ask: all routes, without a token, across sites, and not authorized."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from jupyter_server.auth.authorizer import Authorizer
from jupyter_server.base.handlers import APIHandler
from tornado.websocket import WebSocketHandler

from jupyter_mlsec.faces.server.app import MlsecApp
from jupyter_mlsec.faces.server.handlers import Handler
from tests.server.live import Live

pytest_plugins = ["pytest_jupyter.jupyter_server"]

VERBS = ("get", "post", "put", "patch", "delete", "head", "options")


def routes() -> Iterator[tuple[str, str]]:
    """Route and verb of all that the extension answers."""
    for route, handler in MlsecApp.routes.items():
        if issubclass(handler, WebSocketHandler):
            yield route, "GET"
            continue
        for verb in VERBS:
            if getattr(handler, verb) is not getattr(APIHandler, verb):
                yield route, verb.upper()


ROUTES = sorted(routes())
WRITING = [(route, verb) for route, verb in ROUTES if verb not in ("GET", "HEAD", "OPTIONS")]


def test_the_routes_are_those_that_the_server_has(jp_serverapp: Any) -> None:
    patterns = [
        rule.matcher.regex.pattern
        for router in jp_serverapp.web_app.default_router.rules
        for rule in router.target.rules
        if hasattr(rule.matcher, "regex")
    ]
    served = {m[1] for pattern in patterns if (m := re.search(r"/mlsec/api/(.*?)\$?$", pattern))}
    assert served == {route for route, _ in ROUTES} >= {"health", "scan", "scan/paths", "fix"}
    kinds = (Handler, WebSocketHandler)
    assert all(issubclass(handler, kinds) for handler in MlsecApp.routes.values())


@pytest.mark.parametrize(("route", "verb"), ROUTES)
@pytest.mark.parametrize("headers", [{}, {"Authorization": "token wrong"}])
def test_nothing_without_a_token(
    server: Live, route: str, verb: str, headers: dict[str, str]
) -> None:
    body = {} if verb == "POST" else None
    assert server.request(verb, f"/mlsec/api/{route}", body, headers).status in (401, 403)


@pytest.mark.parametrize(("route", "verb"), WRITING)
@pytest.mark.parametrize("wrong", ["", "made-up"])
def test_nothing_across_sites(server: Live, route: str, verb: str, wrong: str) -> None:
    home = server.request("GET", f"/?token={server.token}", None, {})
    cookies = [str(c).split(";")[0] for c in home.headers.get_all("Set-Cookie") or ()]
    (xsrf,) = [c.partition("=")[2] for c in cookies if c.startswith("_xsrf=")]
    headers = {"Cookie": "; ".join(cookies)}
    path = f"/mlsec/api/{route}"
    assert server.request(verb, path, {}, {**headers, "X-XSRFToken": wrong}).status == 403
    # the very same request with the page's own token is let through to the handler
    allowed = server.request(verb, path, {}, {**headers, "X-XSRFToken": xsrf})
    assert allowed.status not in (401, 403)


class Judge(Authorizer):
    """Lets nobody do what is denied: (action, resource) pairs."""

    denied: frozenset[tuple[str, str]] = frozenset()

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        return (action, resource) not in self.denied


Fetch = Callable[..., Awaitable[Any]]


@pytest.fixture
def ask(jp_serverapp: Any, jp_fetch: Fetch) -> Callable[..., Awaitable[int]]:
    """The status of a request where some actions on some resources are denied."""

    async def status(route: str, verb: str, denied: set[tuple[str, str]], body: str = "{}") -> int:
        judge = Judge(config=jp_serverapp.config)
        judge.denied = frozenset(denied)
        jp_serverapp.web_app.settings["authorizer"] = judge
        response = await jp_fetch(
            *("mlsec", "api", *route.split("/")),
            method=verb,
            body=body if verb == "POST" else None,
            raise_error=False,
        )
        return int(response.code)

    return status


async def test_nothing_where_the_authorizer_denies(ask: Callable[..., Awaitable[int]]) -> None:
    everything = {("read", "mlsec"), ("write", "mlsec"), ("execute", "mlsec")}
    assert {await ask(route, verb, everything) for route, verb in ROUTES} == {403}


async def test_reading_and_writing_are_told_apart(ask: Callable[..., Awaitable[int]]) -> None:
    writing = {(route, "POST") for route in ("baseline", "grants", "move", "secrets")}
    writing |= {("grants/live", "GET")}  # a window that may not answer is nobody to be asked
    refused = {
        action: {one for one in ROUTES if await ask(*one, {(action, "mlsec")}) == 403}
        for action in ("read", "write")
    }
    assert refused == {"write": writing, "read": set(ROUTES) - writing}


@pytest.mark.parametrize(
    ("route", "body", "action"),
    [
        ("strip/preview", '{"path": "a.ipynb"}', "read"),
        ("scan/paths", "{}", "read"),
        ("baseline", '{"path": "a.ipynb", "cells": []}', "write"),
    ],
)
async def test_files_are_for_those_who_may_read_them(
    ask: Callable[..., Awaitable[int]], route: str, body: str, action: str
) -> None:
    assert await ask(route, "POST", {(action, "contents")}, body) == 403
