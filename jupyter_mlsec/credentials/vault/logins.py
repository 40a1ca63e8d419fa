"""Logging in: the methods, the variables that each needs, and which one is meant.

Every variable may begin with `BAO_` too. `VAULT_AUTH_METHOD` chooses a method, `VAULT_AUTH_MOUNT`
says where it is mounted if not at its own name, `VAULT_AUTH_ROLE` names the role.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.vault.settings import variable

# Where Kubernetes puts a pod's token (kubernetes.io, "Configure Service Accounts for Pods").
SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount/token"

# The variables that log in by themselves, which a kernel with a broker does not need.
CREDENTIALS = tuple(
    f"{vendor}_{name}"
    for vendor in ("VAULT", "BAO")
    for name in (
        *("TOKEN", "SECRET_ID", "SECRET_ID_FILE", "WRAPPED_SECRET_ID", "WRAPPED_TOKEN"),
        *("PASSWORD", "JWT", "JWT_FILE", "TOKEN_FILE"),
    )
)

Ask = Callable[[str], str]  # a prompt that does not show what is typed
Tell = Callable[[str], None]
Auth = Any  # the `auth` part of the server's answer: client_token, lease_duration, renewable


@dataclass
class Context:
    """What a login may use. `ask` is None where nobody can be asked, in CI above all."""

    environment: Mapping[str, str] = field(repr=False)
    home: str
    ask: Ask | None = None
    tell: Tell = field(default=lambda line: None)
    # a wrapped secret-id can be unwrapped once only, and is needed for each login anew
    unwrapped: dict[str, str] = field(default_factory=dict, repr=False)

    def variable(self, name: str) -> str | None:
        return variable(self.environment, name)

    def need(self, name: str, method: str) -> str:
        """The variable's value; MlsecError where it is not set."""
        value = self.variable(name)
        if value is None:
            raise MlsecError(f"the login by {method} lacks VAULT_{name}", "set it")
        return value

    def mount(self, method: str) -> str:
        return (self.variable("AUTH_MOUNT") or method).strip("/")

    def read(self, file: str) -> str:
        try:
            with open(os.path.expanduser(file), encoding="utf-8") as opened:
                return opened.read(1_000_000).strip()
        except (OSError, UnicodeError):
            raise MlsecError(
                f"{file} can't be read", "it should hold what to log in with"
            ) from None


def wrapped(api: Any, context: Context) -> Auth:
    """A token that came wrapped, such as an orchestrator hands it out. It can be used once."""
    wrapping = context.need("WRAPPED_TOKEN", "wrapped token")
    return unwrap(api, wrapping)["auth"]


def unwrap(api: Any, wrapping: str) -> Any:
    """What a wrapping token holds. hvac needs it as its own token for that (hvac#457)."""
    before, api.token = api.token, wrapping
    try:
        return api.sys.unwrap()
    finally:
        api.token = before


def approle(api: Any, context: Context) -> Auth:
    role = context.need("ROLE_ID", "AppRole")
    secret, mount = _secret_id(api, context), context.mount("approle")
    return api.auth.approle.login(role, secret, mount_point=mount)["auth"]


def _secret_id(api: Any, context: Context) -> str | None:
    """The secret-id, None for a role that needs none."""
    file = context.variable("SECRET_ID_FILE")
    wrapping = context.variable("WRAPPED_SECRET_ID")
    if context.variable("SECRET_ID") or file:
        return context.variable("SECRET_ID") or context.read(str(file))
    if wrapping is None:
        return None
    if wrapping not in context.unwrapped:
        context.unwrapped[wrapping] = unwrap(api, wrapping)["data"]["secret_id"]
    return context.unwrapped[wrapping]


def _jwt(context: Context) -> str:
    file = context.variable("JWT_FILE")
    return context.variable("JWT") or (context.read(file) if file else context.need("JWT", "JWT"))


def jwt(api: Any, context: Context) -> Auth:
    """A signed statement of who this is, such as CI systems give to a job."""
    role = context.variable("AUTH_ROLE")
    return api.auth.jwt.jwt_login(role, _jwt(context), path=context.mount("jwt"))["auth"]


def kubernetes(api: Any, context: Context) -> Auth:
    role = context.need("AUTH_ROLE", "Kubernetes")
    token = context.read(context.variable("K8S_TOKEN_FILE") or SERVICE_ACCOUNT)
    return api.auth.kubernetes.login(role, token, mount_point=context.mount("kubernetes"))["auth"]


def certificate(api: Any, context: Context) -> Auth:
    """The client certificate of the connection itself is the login."""
    body = {"name": role} if (role := context.variable("AUTH_ROLE")) else {}
    return api.adapter.login(f"/v1/auth/{context.mount('cert')}/login", json=body)["auth"]


def _name_and_password(context: Context, method: str) -> tuple[str, str]:
    name, password = context.variable("USERNAME"), context.variable("PASSWORD")
    if (name is None or password is None) and context.ask is None:
        raise MlsecError(
            f"the login by {method} lacks VAULT_USERNAME or VAULT_PASSWORD",
            "set both: nobody can be asked here",
        )
    if context.ask is not None:
        name = name or context.ask(f"User name for Vault ({method}): ")
        password = password or context.ask(f"Password of {name} for Vault ({method}): ")
    return str(name), str(password)


def userpass(api: Any, context: Context) -> Auth:
    name, password = _name_and_password(context, "userpass")
    return api.auth.userpass.login(name, password, mount_point=context.mount("userpass"))["auth"]


def ldap(api: Any, context: Context) -> Auth:
    name, password = _name_and_password(context, "ldap")
    return api.auth.ldap.login(name, password, mount_point=context.mount("ldap"))["auth"]


def oidc(api: Any, context: Context) -> Auth:
    from jupyter_mlsec.credentials.vault import oidc as flow

    return flow.login(api, context)


def aws(api: Any, context: Context) -> Auth:
    from jupyter_mlsec.credentials.vault import clouds

    return clouds.aws(api, context)


def gcp(api: Any, context: Context) -> Auth:
    from jupyter_mlsec.credentials.vault import clouds

    return clouds.gcp(api, context)


def azure(api: Any, context: Context) -> Auth:
    from jupyter_mlsec.credentials.vault import clouds

    return clouds.azure(api, context)


# In the order in which they are tried; a method is meant if the variables beside it are set, the
# cloud's and the browser's only if VAULT_AUTH_METHOD says so.
METHODS: dict[str, tuple[Callable[[Any, Context], Auth], Callable[[Context], bool]]] = {
    "wrapped": (wrapped, lambda c: bool(c.variable("WRAPPED_TOKEN"))),
    "approle": (approle, lambda c: bool(c.variable("ROLE_ID"))),
    "jwt": (jwt, lambda c: bool(c.variable("JWT") or c.variable("JWT_FILE"))),
    "kubernetes": (
        kubernetes,
        lambda c: bool(c.variable("AUTH_ROLE")) and os.path.exists(SERVICE_ACCOUNT),
    ),
    "cert": (certificate, lambda c: bool(c.variable("CLIENT_CERT") and c.variable("CLIENT_KEY"))),
    "aws": (aws, lambda c: False),
    "gcp": (gcp, lambda c: False),
    "azure": (azure, lambda c: False),
    "oidc": (oidc, lambda c: False),
    "ldap": (ldap, lambda c: False),
    "userpass": (userpass, lambda c: bool(c.variable("USERNAME"))),
}


def choose(context: Context, method: str | None = None) -> str | None:
    """The name of the method that is meant, None if nothing hints at any.

    Raises MlsecError for one that does not exist.
    """
    asked = method or context.variable("AUTH_METHOD")
    if asked is not None:
        if asked not in METHODS:
            raise MlsecError(
                f"no login to Vault is called {asked!r}", f"there are {', '.join(METHODS)}"
            )
        return asked
    return next((name for name, (_, meant) in METHODS.items() if meant(context)), None)
