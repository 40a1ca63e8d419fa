"""The cloud's metadata service, which gives out credentials."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.calling import calls, string
from jupyter_mlsec.core.model import Hit, Severity
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import Bad, Good, Hint
from jupyter_mlsec.rules.environment.family import IN_COMMANDS, rule
from jupyter_mlsec.rules.environment.transport import VERBS

if TYPE_CHECKING:
    import ast

    from jupyter_mlsec.core.view import View

_METADATA = lazy(
    r"(?:https?://)?(?:169\.254\.169\.254|169\.254\.170\.2|metadata\.google\.internal|100\.100\.100\.200"
    r"|\[fd00:ec2::254\])(?:[:/].*|$)",
    re.DOTALL,
)
_FETCHERS = (
    *(f".{verb}" for verb in VERBS),
    ".urlopen",
    ".Request",
    ".urlretrieve",
    ".HTTPConnection",
    ".AsyncClient",
    ".Client",
    ".stream",
    ".fetch",
    ".open_connection",
    ".create_connection",
    ".read_json",
    ".read_csv",
)


@rule(
    "cloud-metadata-access",
    "The cloud's metadata service is read",
    severity=Severity.HIGH,
    hints=(
        Hint(
            "metadata-host",
            r"169\.254\.1(?:69\.254|70\.2)|metadata\.google\.internal"
            r"|100\.100\.100\.200|fd00:ec2::254",
            ("169.254.1", "metadata.google.internal", "100.100.100.200", "fd00:ec2"),
        ),
        Hint(
            "metadata-fetch",
            r"(?:requests|httpx|urlopen|urllib)[^\n]*\(",
            ("requests", "httpx", "urlopen", "urllib"),
        ),
    ),
    languages=IN_COMMANDS,
    references=("CWE-918", "AML.T0055"),
    examples=(
        Bad(
            'requests.get("http://169.254.169.254/latest/meta-data/iam/security-credentials/")',
            at='requests.get("http://169.254.169.254/latest/meta-data/iam/security-credentials/")',
        ),
        Bad(
            "!curl -s http://169.254.169.254/latest/user-data",
            at="curl -s http://169.254.169.254/latest/user-data",
        ),
        Bad(
            'BASE = "http://metadata.google.internal"\n'
            'requests.get(f"{BASE}/computeMetadata/v1/", headers=h)',
            at='requests.get(f"{BASE}/computeMetadata/v1/", headers=h)',
        ),
        Bad(
            'from urllib.request import urlopen as uo\nuo("http://169.254.170.2/v2/credentials")',
            at='uo("http://169.254.170.2/v2/credentials")',
        ),
        Bad(
            'import subprocess\nsubprocess.run(["curl", "http://169.254.169.254/"])',
            at='curl", "http://169.254.169.254/',
        ),
        Good('BLOCKED = ["169.254.169.254"]', because="nothing is read"),
        Good('if host == "169.254.169.254":\n    raise ValueError(host)', because="it is refused"),
        Good('"""Never read 169.254.169.254."""', because="a docstring"),
        Good('requests.get("http://169.254.1.1/")', because="another address"),
        Good("# !curl http://169.254.169.254/", because="a comment"),
    ),
)
def cloud_metadata_access(view: View) -> Iterator[Hit]:
    """At this address every process on a machine in the cloud reads the credentials of the
    machine's role; they then stand in an output or a variable. The SDKs take them by themselves.
    Code that somebody else wrote and that reads it is most likely an attack."""
    message = "the credentials of this machine's role are read here; let the SDK take them itself"
    if next(view.context.marked("metadata-host"), None) is None:
        return
    if view.text.language == "python":
        for call in calls(view, *_FETCHERS):
            addresses = (*call.args, *(k.value for k in call.node.keywords))
            if any(_METADATA.match(_text(view, node)) for node in addresses):
                yield Hit(call.span, message)
    for command in view.commands if view.marked("metadata-host") else ():
        if any(_METADATA.match(word.text) for word in command.argv[1:]):
            yield Hit(command.span, message)


def _text(view: View, node: ast.expr) -> str:
    """The string that an expression is, or how one begins that is not wholly known."""
    import ast

    match node:
        case ast.JoinedStr(values=[first, *_]) if string(view, node) is None:
            inner = first.value if isinstance(first, ast.FormattedValue) else first
            return string(view, inner) or ""
        case ast.BinOp(left=left, op=ast.Add()) if string(view, node) is None:
            return _text(view, left)
    return string(view, node) or ""
