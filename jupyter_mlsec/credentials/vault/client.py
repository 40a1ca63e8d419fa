"""The client: one connection and one login, made when first needed, and made anew."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any, NoReturn
from urllib.parse import quote

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.provider import Lease
from jupyter_mlsec.credentials.vault import failures, logins, tokens
from jupyter_mlsec.credentials.vault.failures import Refused, Unreachable, VaultError
from jupyter_mlsec.credentials.vault.leases import Keeper
from jupyter_mlsec.credentials.vault.settings import Settings
from jupyter_mlsec.credentials.vault.tokens import Token

_COUNT = count(1)
_CHILD = "10m"  # how long a child's token lives without renewal
_CAPABILITY = {"get": "read", "list": "list", "delete": "delete"}


class Client:
    """hvac's client of one server, logged in. All methods may be called from any thread.

    What they raise may hold tokens in its frames: whoever hands it on does so through
    `edge.guarded`.
    """

    def __init__(
        self,
        settings: Settings,
        context: logins.Context,
        *,
        token: str | None = None,
        method: str | None = None,
        parent: Client | None = None,
    ) -> None:
        self.settings = settings
        self.leases: Keeper = parent.leases if parent else Keeper()
        self._parent = parent
        self._own = f"the login {next(_COUNT)}"  # under which its lease is kept
        self._kept: set[str] = set()
        self._context = context
        self._method = method
        self._argument = Token(token, "the argument") if token else None
        self._token: Token | None = None
        self._logged_in = False  # by a method, so that the token is this client's own
        self._api: Any = None
        self._process = 0
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        return f"Client({self.settings.address})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client holds a token and is not pickled")

    @property
    def token(self) -> str | None:
        """The token in use, for the redactor; None before the first login."""
        return self._token.value if self._token else None

    # requests

    def get(self, path: str, **parameters: Any) -> Any:
        return self.call(lambda api: api.adapter.get(_url(path), params=parameters))

    def list(self, path: str) -> list[str]:
        """The names below a path, folders with `/` at the end; none if there is no such path."""
        try:
            answer = self.call(lambda api: api.adapter.list(_url(path)))
        except VaultError as error:
            if error.answer.status == 404:
                return []
            raise
        return list((answer.get("data") or {}).get("keys") or ())

    def post(self, path: str, body: Any = None, wrap_ttl: str | None = None) -> Any:
        return self.call(lambda api: api.adapter.post(_url(path), json=body, wrap_ttl=wrap_ttl))

    def call(self, action: Callable[[Any], Any]) -> Any:
        """What `action` gives when called with hvac's client; VaultError for what is refused."""
        try:
            return self._tried(action)
        except Refused as error:
            raise self._explained(error) from None

    def _tried(self, action: Callable[[Any], Any]) -> Any:
        """The same, but Refused for an answer that is no success; logs in anew once if needed."""
        try:
            api = self._logged()
            try:
                return action(api)
            except Refused as error:
                if error.status != 403 or not self._again():
                    raise
            return action(self._logged())
        except Unreachable as error:
            settings = self.settings
            raise failures.unreachable(error, settings.address, settings.timeout) from None

    # the login

    def _logged(self) -> Any:
        with self._lock:
            api = self._connected()
            if self._token is None:
                self._log_in(api)
            return api

    def _connected(self) -> Any:
        """hvac's client. A forked process needs its own connection, but the login may stay."""
        if self._api is None or self._process != os.getpid():
            self._api = _hvac(self.settings, self._shared_session())
            self._process = os.getpid()
            if self._token:
                self._api.token = self._token.value
        return self._api

    def _log_in(self, api: Any) -> None:
        api.token = None
        context = self._context
        found = self._argument
        if found is None and self._method is None and not context.variable("AUTH_METHOD"):
            found = tokens.given(context.environment, context.home)
        method = None
        auth = None
        if found is None:
            method = logins.choose(context, self._method)
            if method is None and not context.variable("AGENT_ADDR"):
                raise MlsecError(
                    "no login to Vault is set up",
                    "run `vault login`, set VAULT_TOKEN, or see docs/secrets.md for other ways",
                )
        if method is not None:
            try:
                auth = logins.METHODS[method][0](api, context)
            except Refused as error:
                raise failures.refused(error, self.settings.address) from None
            found = Token(auth["client_token"], f"the login by {method}")
        # an agent adds its own token to requests that have none
        self._token = found or Token("", "the agent")
        self._logged_in = auth is not None
        api.token = self._token.value or None
        if auth and auth.get("renewable"):
            self.leases.keep(self._own, auth["lease_duration"], self._renew_login)

    def _renew_login(self) -> int:
        answer = self._logged().adapter.post("/v1/auth/token/renew-self", json={})
        return int(answer["auth"]["lease_duration"])

    def status(self) -> dict[str, Any]:
        """Who is logged in where, without the token."""
        known = self.call(lambda api: api.adapter.get("/v1/auth/token/lookup-self"))["data"]
        return {
            "address": self.settings.address,
            "namespace": self.settings.namespace,
            "source": self._token.source if self._token else "",
            "policies": list(known.get("policies") or ()),
            "seconds": int(known.get("ttl") or 0),
            "leases": sorted(self._kept),
        }

    def log_in(self) -> str:
        """Log in anew, and say where the login came from."""
        with self._lock:
            self._token = None
            self._tried(lambda api: None)
            assert self._token is not None  # noqa: S101  # just made
            return str(self._token.source)

    def _again(self) -> bool:
        """Whether a 403 means that the token is dead, and there is a way to another one."""
        with self._lock:
            if self._token is None or self.lookup() is not None:
                return False
            dead, self._token = self._token, None
            self.leases.forget(self._own)
            try:
                self._log_in(self._connected())
            except MlsecError:
                self._token = dead
                return False
            return self._token != dead

    def lookup(self) -> dict[str, Any] | None:
        """What the server knows of the token; None if it knows none such (any more)."""
        try:
            answer = self._connected().adapter.get("/v1/auth/token/lookup-self")
        except Refused:
            return None
        data: dict[str, Any] = answer["data"]
        return data

    # leases

    def keep(self, lease: Lease) -> None:
        """Renew a lease as long as this client is open."""
        self._kept.add(lease.id)
        if lease.renewable:
            self.leases.keep(lease.id, lease.seconds, lambda: self._renew(lease.id))

    def _renew(self, lease: str) -> int:
        answer = self._tried(
            lambda api: api.adapter.put("/v1/sys/leases/renew", json={"lease_id": lease})
        )
        return int(answer["lease_duration"])

    def revoke(self, lease: str) -> None:
        """End a lease now: what was fetched with it stops working."""
        self.leases.forget(lease)
        self._kept.discard(lease)
        self.call(lambda api: api.adapter.put("/v1/sys/leases/revoke", json={"lease_id": lease}))

    def close(self) -> None:
        """End what was fetched: the leases, and the login if this client made it."""
        kept, self._kept = self._kept, set()
        for name in (*kept, self._own):
            self.leases.forget(name)
        if self._parent is None:
            self.leases.close()
        with self._lock:
            if self._api is None or self._process != os.getpid():
                return  # not this process's to end
            self._end(kept)
            if self._parent is None:
                self._api.adapter.close()
            self._api = self._token = None

    def _end(self, kept: Iterable[str]) -> None:
        """As far as it can be done: a policy may forbid it, and time ends them then."""
        adapter = self._api.adapter
        try:
            if self._logged_in:
                adapter.post("/v1/auth/token/revoke-self")  # its leases end with it
                return
            for lease in kept:
                adapter.put("/v1/sys/leases/revoke", json={"lease_id": lease})
        except (Refused, Unreachable):
            return

    # children

    def child(self, about: str) -> Client | None:
        """A client with a token of its own, which ends with this one's, and with it all that it
        leased; None if the policies let no such token be made. `about` is its display name.

        It uses this one's connection. Close it before this one.
        """
        body = {"ttl": _CHILD, "renewable": True, "display_name": about}
        try:
            auth = self.post("auth/token/create", body)["auth"]
        except VaultError as error:
            if error.answer.status == 403:
                return None
            raise
        made = Client(self.settings, self._context, parent=self)
        made._take(Token(auth["client_token"], "a child token"), auth)
        return made

    def _take(self, token: Token, auth: Any) -> None:
        """Use a token that was made for this client alone."""
        self._argument = self._token = token
        self._logged_in = True
        self.leases.keep(self._own, auth["lease_duration"], self._renew_login)

    def _shared_session(self) -> Any:
        return self._parent._connected().adapter.session if self._parent else None

    # what went wrong

    def _explained(self, error: Refused) -> VaultError:
        if error.status != 403:
            return failures.refused(error, self.settings.address)
        known = self.lookup()
        source = self._token.source if self._token else "nowhere"
        if known is None:
            return failures.expired(error, source)
        return failures.denied(error, _CAPABILITY.get(error.method, "update"), known, source)


def _url(path: str) -> str:
    return "/v1/" + quote(path.strip("/"), safe="/")


def _hvac(settings: Settings, session: Any) -> Any:
    import hvac

    from jupyter_mlsec.credentials.vault.transport import Transport

    transport = Transport(settings, session)
    api = hvac.Client(token="", adapter=lambda **_: transport)  # None: it would look for one
    transport.token = None
    return api
