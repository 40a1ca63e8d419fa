"""Logging in with the browser: the code flow of OpenID Connect, through Vault."""

from __future__ import annotations

import secrets
from http.server import BaseHTTPRequestHandler, HTTPServer
from time import monotonic
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.vault.logins import Auth, Context

# The address that `vault login -method=oidc` uses too, so that roles allow it already.
PORT = 8250
_WAIT = 120.0  # seconds that a person has for the login
_DONE = b"<!doctype html><title>Logged in</title><p>Logged in. You can close this page."


def login(api: Any, context: Context) -> Auth:
    """Send the browser to the login page and wait for it to come back.

    Raises MlsecError if it doesn't within two minutes, or the page says no.
    """
    mount = context.mount("oidc")
    nonce = secrets.token_urlsafe(24)  # binds what comes back to who asked
    with _listening(context) as server:
        redirect = f"http://localhost:{server.server_port}/oidc/callback"
        body = {
            "role": context.variable("AUTH_ROLE") or "",
            "redirect_uri": redirect,
            "client_nonce": nonce,
        }
        address = api.adapter.post(f"/v1/auth/{mount}/oidc/auth_url", json=body)["data"]["auth_url"]
        if not address:
            raise MlsecError(
                f"Vault does not let this role log in with {redirect}",
                "its operator must add that to the role's allowed_redirect_uris",
            )
        _open(address, context)
        found = _await(server, parse_qs(urlsplit(address).query).get("state", [""])[0])
    answer = api.adapter.get(
        f"/v1/auth/{mount}/oidc/callback", params={**found, "client_nonce": nonce}
    )
    return answer["auth"]


def _open(address: str, context: Context) -> None:
    import webbrowser

    context.tell(f"Log in to Vault in your browser: {address}")
    if not context.environment.get("MLSEC_NO_BROWSER"):
        webbrowser.open(address)


class _Handler(BaseHTTPRequestHandler):
    """Takes the one request that the login page sends the browser to."""

    found: ClassVar[dict[str, str]] = {}

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        known = asked.path == "/oidc/callback"
        self.send_response(200 if known else 404)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        if known:
            self.wfile.write(_DONE)
            given = parse_qs(asked.query)
            names = ("code", "state", "error")
            self.found.update({name: given[name][0] for name in names if name in given})

    def log_message(self, *_: object) -> None:
        """Say nothing: the code stands in the request's line."""


class _Server(HTTPServer):
    timeout = 1.0

    def handle_error(self, *_: object) -> None:
        """Say nothing."""


def _listening(context: Context) -> _Server:
    handler = type("Handler", (_Handler,), {"found": {}})
    port = context.variable("OIDC_PORT") or str(PORT)
    try:
        return _Server(("127.0.0.1", int(port)), handler)
    except (OSError, ValueError):
        raise MlsecError(
            f"the login by browser needs the port {port}, which is not free",
            "end the other login, or set VAULT_OIDC_PORT to one that the role allows",
        ) from None


def _await(server: _Server, state: str) -> dict[str, str]:
    """What the login page gave the browser for us: `code` and `state`."""
    found: dict[str, str] = server.RequestHandlerClass.found  # type: ignore[attr-defined]
    until = monotonic() + _WAIT
    while not found:
        if monotonic() > until:
            raise MlsecError("nobody logged in within two minutes", "try again")
        server.handle_request()
    if "code" not in found:
        raise MlsecError("the login page refused the login", "see what it said in the browser")
    if state and not secrets.compare_digest(found.get("state", ""), state):
        raise MlsecError("the answer belongs to another login", "try again in one window only")
    return {"code": found["code"], "state": found["state"]}
