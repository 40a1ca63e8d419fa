"""Passwords in addresses: `scheme://user:password@host`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.model import Hit, Severity, Span
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import EVERYWHERE, Bad, Good, Hint, family
from jupyter_mlsec.rules.secrets.filters import is_key, is_password, is_placeholder, is_reference
from jupyter_mlsec.rules.secrets.wrapped import is_forged, sums

if TYPE_CHECKING:
    from jupyter_mlsec.core.view import View

rule = family("secrets")

HINTS = (
    Hint(
        "secrets.userinfo",
        r"[A-Za-z0-9]://[^\s/@:\"'<>]{0,80}:[^\s/@\"'<>]{3,256}@[\w\[{]",
        ("://",),
    ),
    Hint(
        "secrets.usertoken",
        r"https?://[A-Za-z0-9_-]{20,256}(?::(?:x-oauth-basic)?)?@[\w\[]",
        ("://",),
    ),
)
_SPLIT = Hint(
    "secrets.userinfo-split",
    r"://[^\s/@:\"'<>]{0,80}:[^\s/@\"'<>]{1,256}(?:@[^\"'\s/]{0,80})?[\"'][ \t]{0,4}"
    r"(?:$|[+%\\]|[rbuf]?[\"'])",
    ("://",),
)
_URL = lazy(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{1,40})://(?P<user>[^\s/@:\"'<>`]{0,80})"
    r":(?P<password>[^\s/@\"'<>`]{3,256})@(?P<host>\[[\da-fA-F:.]+\]|[\w.{}$-]+)"
)
_TOKEN = lazy(
    r"(?P<scheme>https?)://(?P<user>)(?P<password>[\w-]{20,256})(?::(?:x-oauth-basic)?)?@(?P<host>[\w.-]+)"
)
_CONNECTIONS = ("sql", "postgres", "mongo", "redis", "amqp", "jdbc", "oracle", "snowflake", "bolt",
                "neo4j", "maria", "cockroach", "clickhouse", "kafka", "ldap", "trino", "presto",
                "redshift", "cassandra", "elastic", "mssql")  # fmt: skip
# The keys in Sentry's addresses only let in error reports: https://docs.sentry.io/concepts/key-terms/dsn-explainer/
_PUBLIC_HOSTS = ("ingest.sentry.io", "sentry.io")


@rule(
    "credential-in-url",
    "An address holds a user's password",
    severity=Severity.HIGH,
    hints=(*HINTS, _SPLIT),
    parts=EVERYWHERE,
    references=("CWE-798", "CWE-522", "AML.T0055"),
    examples=(
        Bad('DSN = "postgresql://me:{a:5}{d:3}{A:2}@db/x"', at="{a:5}{d:3}{A:2}", secret=True),
        Bad("!git clone https://me:{an:24}@git.acme.dev/x", at="{an:24}", secret=True),
        Bad("%sql mysql+pymysql://me:{a:5}{d:3}{A:2}@db/x", at="{a:5}{d:3}{A:2}", secret=True),
        Bad(
            'os.environ["HTTPS_PROXY"] = "http://me:{a:5}{d:3}{A:2}@proxy.acme.dev:3128"',
            at="{a:5}{d:3}{A:2}",
            secret=True,
        ),
        Good('DSN = "postgresql://user:password@localhost/x"', because="a placeholder"),
        Good('DSN = f"postgresql://{user}:{password}@db/x"', because="filled in at run time"),
        Good("!git clone https://$USER:$TOKEN@git.acme.dev/x", because="variables"),
        Good('url = "http://127.0.0.1:8888/@x"', because="a port"),
        Good('url = "https://example.org/a:b@c"', because="a path"),
    ),
)
def credential_in_url(view: View) -> Iterator[Hit]:
    """Addresses are logged, printed in errors and kept in histories, and the password with them."""
    for tag, pattern in (("secrets.userinfo", _URL), ("secrets.usertoken", _TOKEN)):
        for line in view.marked(tag):
            for match in pattern.finditer(view.source, line.start, line.end):
                if _is_credential(match):
                    kind = _kind(match["scheme"].lower())
                    yield Hit(
                        Span(*match.span("password")),
                        f"the address of `{match['host']}` holds a credential: revoke it, and put "
                        "the address together at run time",
                        kind=kind,
                        secret=match["password"],
                    )
    if view.marked(_SPLIT.tag) and view.text.language == "python":
        yield from _put_together(view)


def _put_together(view: View) -> Iterator[Hit]:
    """Addresses that are split over literals."""
    for node, value in sums(view, view.marked(_SPLIT.tag)):
        match = _URL.search(value)
        span = view.code.span(node)
        if match and _is_credential(match) and match[0] not in view.source[span.start : span.end]:
            yield Hit(
                span,
                f"the address of `{match['host']}` holds a credential: revoke it, and put the "
                "address together at run time",
                kind=_kind(match["scheme"].lower()),
                secret=match["password"],
            )


def _kind(scheme: str) -> str:
    return "connection-string" if any(w in scheme for w in _CONNECTIONS) else "basic-auth"


def _is_credential(match: re.Match[str]) -> bool:
    password, host = match["password"], match["host"]
    if host.endswith(_PUBLIC_HOSTS) or host.startswith("example."):
        return False
    if host.startswith("{") and not is_password(password, strict=True):
        return False  # a template, in which a word as password is one more thing to fill in
    if "%" in password:
        from urllib.parse import unquote

        password = unquote(password)
    if (
        is_placeholder(password)
        or is_forged(password)
        or is_reference(password)
        or password.startswith(("$", "{", "%", "<", "["))
    ):
        return False
    if password == match["user"] or (password.isdigit() and len(password) < 6):
        return False
    return bool(match["user"] or match["scheme"].startswith("redis")) or is_key(password, 20)
