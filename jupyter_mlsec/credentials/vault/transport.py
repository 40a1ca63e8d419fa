"""hvac's adapter, with redirects kept to the host, retries, and answers that say what failed.

Imports hvac: import this inside the function that uses it.
"""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

import requests
from hvac.adapters import JSONAdapter
from requests.utils import get_environ_proxies

from jupyter_mlsec.credentials.vault.failures import Refused, Unreachable
from jupyter_mlsec.credentials.vault.settings import Settings

_WAIT = 0.1  # seconds before the first retry; three times as long before each one after it
_LONGEST = 3.0  # seconds, whatever Retry-After says
_REDIRECTS = 3
# 412: a standby node that lags behind; 429: a quota. A read may be repeated after any failure of
# the server, a write only where it can't have happened.
_AGAIN = frozenset((412, 429, 502, 503, 504))
_READS = frozenset(("get", "list", "head"))


class Transport(JSONAdapter):  # type: ignore[misc]  # hvac has no types
    """One kept connection. Raises Refused and Unreachable instead of hvac's exceptions."""

    def __init__(self, settings: Settings, session: requests.Session | None = None) -> None:
        """`session` is one that another login of the same settings uses."""
        session = session or requests.Session()
        # or REQUESTS_CA_BUNDLE would replace `verify`, and ~/.netrc would add a login
        session.trust_env = False
        session.verify = settings.verify
        session.cert = settings.certificate
        session.proxies = get_environ_proxies(settings.address, no_proxy=None)
        super().__init__(
            base_uri=settings.address,
            verify=settings.verify,
            cert=settings.certificate,
            proxies=session.proxies,
            timeout=settings.timeout,
            allow_redirects=False,
            session=session,
            namespace=settings.namespace,
        )
        self.retries = settings.retries

    def __repr__(self) -> str:
        return f"Transport({self.base_uri})"

    def request(self, method: str, url: str, **options: Any) -> Any:
        """The answer's JSON, or {} where it has none."""
        for attempt in range(self.retries + 1):
            last = attempt == self.retries
            try:
                response = self._follow(method, url, dict(options))
            except requests.RequestException as error:
                again = method in _READS and _was_cut(error)
                if last or not again:
                    raise Unreachable(_why(error)) from None
                wait = _WAIT * 3**attempt
            except OSError:  # requests' own word for files that are not there
                raise Unreachable("files") from None
            else:
                if response.ok:
                    return _json(response) or {}
                refused = Refused(response.status_code, method, url, _json(response))
                if last or not _worth_again(method, refused):
                    raise refused
                asked = _asked_wait(response)
                wait = _WAIT * 3**attempt if asked is None else asked
            time.sleep(min(wait, _LONGEST))
        raise AssertionError("the last attempt returns or raises")

    def _follow(self, method: str, url: str, options: dict[str, Any]) -> requests.Response:
        """The answer after redirects, none of which may lead to another host."""
        options.pop("raise_exception", None)
        for _ in range(_REDIRECTS):
            # around JSONAdapter.request, which hides the status of an answer
            answer = super(JSONAdapter, self).request(
                method, url, raise_exception=False, **dict(options)
            )
            response: requests.Response = answer
            if not response.is_redirect:
                return response
            here, there = urlsplit(response.url), urlsplit(response.headers["Location"])
            if there.netloc and (here.scheme, here.netloc) != (there.scheme, there.netloc):
                raise Unreachable("redirect", f"{there.scheme}://{there.netloc}")
            url = there.path
        raise Unreachable("redirects")


def _json(response: requests.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _worth_again(method: str, refused: Refused) -> bool:
    if refused.says("sealed"):
        return False  # it takes a person to mend that
    if method in _READS and refused.status >= 500 and refused.status != 501:
        return True
    return refused.status in _AGAIN


def _asked_wait(response: requests.Response) -> float | None:
    asked = response.headers.get("Retry-After", "")
    return float(asked) if asked.isdecimal() else None


def _was_cut(error: requests.RequestException) -> bool:
    """Whether a kept connection may have been closed by the other side in the meantime."""
    certain = (requests.exceptions.SSLError, requests.exceptions.Timeout)
    return isinstance(error, requests.ConnectionError) and not isinstance(error, certain)


def _why(error: requests.RequestException) -> str:
    """The kind of failure; the message itself may quote headers."""
    if isinstance(error, requests.exceptions.SSLError):
        text = str(error)
        for mark in ("self-signed", "self signed", "unable to get local issuer", "expired"):
            if mark in text:
                return f"tls {mark.replace(' signed', '-signed')}"
        name = "doesn't match" in text or "mismatch" in text or "not valid for" in text
        return "tls name" if name else "tls"
    if isinstance(error, requests.exceptions.Timeout):
        return "timeout"
    if isinstance(error, requests.exceptions.ProxyError):
        return "proxy"
    text = str(error)
    if "Name or service not known" in text or "resolve" in text:
        return "name"
    return "refused" if "refused" in text else "connection"
