"""Credentials on command lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.model import Confidence, Hit, Severity
from jupyter_mlsec.core.rule import EVERYWHERE, Bad, Good, family
from jupyter_mlsec.rules.secrets.hints import HINTS
from jupyter_mlsec.rules.secrets.hits import credentials, hit

if TYPE_CHECKING:
    from jupyter_mlsec.core.view import View

rule = family("secrets")


@rule(
    "secret-in-shell-command",
    "A credential is written out on a command line",
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    hints=HINTS,
    parts=EVERYWHERE,
    references=("CWE-214", "CWE-798", "AML.T0055"),
    examples=(
        Bad("!curl -u me:{a:5}{d:3}! https://api.acme.dev", at="{a:5}{d:3}!", secret=True),
        Bad("!export ACME_TOKEN={an:32}", at="{an:32}", secret=True),
        Bad("!acme login --token {an:32}", at="{an:32}", secret=True),
        Bad("!PGPASSWORD={a:5}{d:3}! psql -h db", at="{a:5}{d:3}!", secret=True),
        Bad("!mysql -u root -p{a:5}{d:3} shop", at="{a:5}{d:3}", secret=True),
        Bad("!docker login -u me -p {a:5}{d:3}{A:3}", at="{a:5}{d:3}{A:3}", secret=True),
        Bad("!sshpass -p {a:5}{d:3}{A:3} ssh host", at="{a:5}{d:3}{A:3}", secret=True),
        Bad("%%bash\nexport DB_PASSWORD='{a:5}{d:3}{A:3}'", at="{a:5}{d:3}{A:3}", secret=True),
        Good("!curl -u $USER:$PASSWORD https://api.acme.dev", because="variables"),
        Good("!acme login --token {token}", because="a Python variable"),
        Good("!docker login -u me --password-stdin", because="read from standard input"),
        Good("!docker run -p 8888:8888 image1", because="a port"),
        Good("!docker run -u 1000:1000 image1", because="user and group"),
        Good("!mkdir -p data/raw2", because="a path"),
        Good("!huggingface-cli login --token $HF_TOKEN", because="a variable"),
        Good("!export API_KEY=<your-api-key>", because="a placeholder"),
    ),
)
def secret_in_shell_command(view: View) -> Iterator[Hit]:
    """Besides the notebook, a command line shows in the list of processes, in the shell's and in
    IPython's history, and in audit logs."""
    for binding, credential in credentials(view, ("shell",)):
        message = (
            f"{credential.what} is written out on a command line (`{binding.name}`): revoke it, "
            "and pass it by a variable that is set elsewhere or by standard input"
        )
        yield hit(binding, credential, message)
