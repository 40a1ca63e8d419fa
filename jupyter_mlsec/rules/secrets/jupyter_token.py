"""Log-in tokens of Jupyter servers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.model import Hit, Severity, Span
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import EVERYWHERE, Bad, Good, Hint, family
from jupyter_mlsec.rules.secrets.filters import is_key, is_password

if TYPE_CHECKING:
    from jupyter_mlsec.core.view import View

rule = family("secrets")

HINTS = (
    Hint("secrets.jupyter-url", r"[?&]token=[0-9a-f]{32}", ("token=",)),
    Hint(
        "secrets.jupyter-setting",
        r"(?:NotebookApp|ServerApp|IdentityProvider|PasswordIdentityProvider|JupyterHub)"
        r"\.(?:token|password)[ \t]{0,4}=[ \t]{0,4}u?[\"']?[^\s\"']{6}",
        ("app.token", "app.password", "provider.token", "provider.password"),
        ignore_case=True,
    ),
)
_URL = lazy(r"[?&]token=(?P<value>[0-9a-f]{32,64})\b")
_SETTING = lazy(
    r"(?:App|Provider)\.(?:token|password)[ \t]*=[ \t]*u?[\"']?(?P<value>[^\s\"'<>]{6,})",
    re.IGNORECASE,
)


@rule(
    "jupyter-token-in-notebook",
    "The log-in token of a Jupyter server is saved in the notebook",
    severity=Severity.MEDIUM,
    hints=HINTS,
    parts=EVERYWHERE,
    references=("CWE-200", "AML.T0055"),
    examples=(
        Bad("# http://localhost:8888/lab?token={hex:48}", at="{hex:48}", secret=True),
        Bad("!jupyter lab --ServerApp.token={an:24}", at="{an:24}", secret=True),
        Bad('url = "https://hub.acme.dev/user/me/lab?token={hex:48}"', at="{hex:48}", secret=True),
        Bad('c.ServerApp.token = "{hex:48}"', at="{hex:48}", secret=True),
        Good("!jupyter lab --ServerApp.token=$TOKEN", because="a variable"),
        Good("# http://localhost:8888/lab?token=<token>", because="a placeholder"),
        Good("c.ServerApp.token = ''", because="no token (another rule's business)"),
        Good("c.ServerApp.password = 'sha1:{hex:12}:{hex:40}'", because="hashed", secret=True),
    ),
)
def jupyter_token_in_notebook(view: View) -> Iterator[Hit]:
    """With the token anybody who reaches the server runs code on it as its user. A server that
    is started again makes a new one, one that is left running does not."""
    for tag, pattern in (("secrets.jupyter-url", _URL), ("secrets.jupyter-setting", _SETTING)):
        for line in view.marked(tag):
            for match in pattern.finditer(view.source, line.start, line.end):
                value = match["value"]
                if is_key(value) or (pattern is _SETTING and is_password(value, strict=True)):
                    yield Hit(
                        Span(*match.span("value")),
                        "the log-in token of a Jupyter server: restart the server, and leave the "
                        "address out of the notebook",
                        kind="jupyter-token",
                        secret=value,
                    )
