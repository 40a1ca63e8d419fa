"""What went wrong with Vault, said in one line with the next step.

The server's own words are for its operators: `permission denied`, `null`, or raw JSON. Facts and
wording of the server: FACTS of the project's design, measured with OpenBao 2.7 and hvac 2.4.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from jupyter_mlsec.core.errors import MlsecError

Rule = tuple[Callable[["Refused"], bool], str, str]


class Refused(Exception):
    """An answer of the server that is no success. `body` is its JSON, or None."""

    def __init__(self, status: int, method: str, path: str, body: Any) -> None:
        super().__init__(f"{status}")
        self.status = status
        self.method = method
        self.path = path.removeprefix("/v1/")
        self.body = body if isinstance(body, dict) else {}

    def says(self, words: str) -> bool:
        """Whether the server's errors have these words."""
        errors = self.body.get("errors") or ()
        return any(words in str(error) for error in errors)

    def __reduce__(self) -> NoReturn:
        raise TypeError("an answer may hold credentials and is not pickled")


class VaultError(MlsecError):
    """The line for a refusal, and the answer that it is about."""

    def __init__(self, message: str, hint: str, answer: Refused) -> None:
        super().__init__(message, hint)
        self.answer = answer


class Unreachable(Exception):
    """No answer: `why` is one of the keys below, `where` the host a redirect led to."""

    def __init__(self, why: str, where: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.where = where


def unreachable(error: Unreachable, address: str, timeout: float) -> MlsecError:
    """The line for a server that did not answer."""
    message, hint = _NO_ANSWER[error.why]
    return MlsecError(
        message.format(address=address, timeout=f"{timeout:g}", where=error.where), hint
    )


_CA = "name the file of the CA that signed it in VAULT_CACERT"
_NO_ANSWER = {
    "timeout": (
        "Vault at {address} did not answer within {timeout} s",
        "is the VPN on? VAULT_CLIENT_TIMEOUT=30s waits longer",
    ),
    "refused": (
        "nothing answers at {address}",
        "check VAULT_ADDR, and that the server runs (`mlsec vault status` for your own)",
    ),
    "name": ("the host of {address} is not known", "check VAULT_ADDR, and the network or VPN"),
    "connection": ("the connection to Vault at {address} broke", "check VAULT_ADDR and try again"),
    "proxy": ("the proxy did not connect to {address}", "set NO_PROXY for it, or HTTPS_PROXY"),
    "tls": ("no TLS with Vault at {address}", "does it speak https there? check VAULT_ADDR"),
    "tls self-signed": ("the certificate of Vault at {address} is signed by no known CA", _CA),
    "tls unable to get local issuer": (
        "the certificate of Vault at {address} is signed by no known CA",
        _CA,
    ),
    "tls expired": (
        "the certificate of Vault at {address} has expired",
        "its operator must renew it (is this machine's clock right?)",
    ),
    "tls name": (
        "the certificate of Vault at {address} is for another name",
        "write the name that it has in VAULT_ADDR",
    ),
    "files": (
        "the certificate of the CA, or the one to log in with, for {address} is not there any more",
        "start your own Vault again with `mlsec vault start`; else check VAULT_CACERT and "
        "VAULT_CLIENT_CERT",
    ),
    "redirect": (
        "Vault at {address} sends on to {where}, where no token is sent",
        "if that host is yours, set VAULT_ADDR to it",
    ),
    "redirects": ("Vault at {address} sends in circles", "its operator must mend that"),
}

# the first that fits is said; 403 and 404 need more than the answer and are told by the client
_RULES: tuple[Rule, ...] = (
    (
        lambda r: r.status == 503 and r.says("sealed"),
        "Vault at {address} is sealed",
        "an operator must unseal it (`vault operator unseal`)",
    ),
    (
        lambda r: r.status == 501 or r.says("not initialized"),
        "Vault at {address} is not initialised",
        "an operator must do that (`vault operator init`)",
    ),
    (
        lambda r: r.says("wrapping token is not valid") or r.says("wrapping token not found"),
        "the wrapped token was used before, or has expired",
        "if you did not use it, somebody else did: treat what it held as stolen and rotate it",
    ),
    (
        lambda r: r.says("check-and-set parameter did not match"),
        "{path} was changed by someone else in the meantime",
        "read it again, then write",
    ),
    (
        lambda r: r.says("check-and-set parameter required"),
        "{path} takes only writes that name the version they replace",
        "give the version",
    ),
    (
        lambda r: r.status == 413 or r.says("too large") or r.says("exceeds"),
        "what was to be written to {path} is too large (1 MB at most)",
        "split it, or keep the file elsewhere and only its key here",
    ),
    (
        lambda r: r.says("complexity"),
        "too many items at once for {path} (about 490 at most)",
        "split them",
    ),
    (
        lambda r: r.status == 429,
        "Vault at {address} takes no more requests just now (its rate limit)",
        "wait a little, or ask its operator for a higher quota",
    ),
    (
        lambda r: r.status == 404 and r.says("no handler for route"),
        "nothing is mounted in Vault for {path}",
        "`mlsec secret ls` lists the mounts",
    ),
    (
        lambda r: r.status == 405 or r.says("unsupported operation"),
        "{path} can't do that in Vault ({method})",
        "check the path",
    ),
    (
        lambda r: r.status == 400 and "login" in r.path,
        "Vault refused the login at {login}",
        "check role, user name, password or token",
    ),
    (
        lambda r: r.status == 503,
        "Vault at {address} is not ready (503)",
        "try again in a moment; its operator sees more",
    ),
    (
        lambda r: r.status >= 500,
        "Vault at {address} failed ({status}) for {path}",
        "its operator finds more in its log",
    ),
)


def refused(error: Refused, address: str) -> VaultError:
    """The line for an answer that is no success."""
    facts = {
        "address": address,
        "path": error.path,
        "method": error.method,
        "status": error.status,
        "login": error.path.split("/login")[0],
    }
    for fits, message, hint in _RULES:
        if fits(error):
            return VaultError(message.format(**facts), hint, error)
    return VaultError(
        "Vault at {address} refused {method} {path} ({status})".format(**facts),
        "check the path; its operator finds more in the audit log",
        error,
    )


def expired(error: Refused, source: str) -> VaultError:
    """The line for a token that the server does not know, or no longer."""
    return VaultError(
        f"Vault does not know the login any more (token from {source})",
        "it has expired or was revoked: log in again (`vault login`)",
        error,
    )


def denied(error: Refused, capability: str, known: dict[str, Any], source: str) -> VaultError:
    """The line for a live token without the permission, with what to ask for.

    `known` is what the server knows of the token (`auth/token/lookup-self`).
    """
    policies = ", ".join(known.get("policies") or ())
    seconds = int(known.get("ttl") or 0)
    time = f", {_duration(seconds)} left" if seconds else ""
    return VaultError(
        f"Vault does not let this login {capability} {error.path}",
        f'ask its operator for: path "{error.path}" {{ capabilities = ["{capability}"] }} '
        f"(token from {source} with the policies {policies or 'none'}{time})",
        error,
    )


def _duration(seconds: int) -> str:
    for size, unit in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
