"""Connections: who is at the other end, and how long to wait."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.calling import (
    calls,
    flag,
    given,
    keyword,
    may_have,
    replacement,
    set_keyword,
    string,
)
from jupyter_mlsec.core.model import Edit, Fix, Hit, Severity, Span
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import Bad, Good, Hint
from jupyter_mlsec.core.variables import variables
from jupyter_mlsec.rules.environment.family import IN_COMMANDS, program, rule

if TYPE_CHECKING:
    from jupyter_mlsec.core.python import Call
    from jupyter_mlsec.core.shellwords import Command, Word
    from jupyter_mlsec.core.view import View

_LOCAL = lazy(r"(?:https?://)?(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?:[:/]|$)")
VERBS = "get post put delete patch head options request".split()
# Calls in which `verify=` means the server's certificate.
_VERIFYING = frozenset(
    (
        *VERBS,
        "Session",
        "Client",
        "AsyncClient",
        "client",
        "resource",
        "stream",
        "send",
        "fetch",
        "download",
        "connect",
        "login",
    )
)
_FLAGS = {
    "verify_ssl": False, "ssl_verify": False, "verify_certs": False, "check_hostname": False,
    "verify_tls": False, "tls_verify": False, "validate_certs": False,
    "tlsAllowInvalidCertificates": True,
    "disable_ssl_certificate_validation": True, "ssl_assert_hostname": False,
}  # fmt: skip
_UNVERIFIED = ("ssl._create_unverified_context", "ssl._create_stdlib_context")
_VARIABLES = {
    "PYTHONHTTPSVERIFY": ("0",), "CURL_CA_BUNDLE": ("",), "REQUESTS_CA_BUNDLE": ("",),
    "GIT_SSL_NO_VERIFY": ("1", "true"), "NODE_TLS_REJECT_UNAUTHORIZED": ("0",),
    "VAULT_SKIP_VERIFY": ("1", "true"), "SSL_CERT_FILE": ("/dev/null",),
    "HF_HUB_DISABLE_SSL_VERIFICATION": ("1", "true"),
}  # fmt: skip
_MESSAGE = "the server's certificate is not checked: whoever is on the way reads and changes all"


@rule(
    "tls-verify-disabled",
    "A server's certificate is not checked",
    severity=Severity.HIGH,
    hints=(
        Hint(
            "tls-off",
            r"\bverify(?:_\w+)?[\"']?[ \t]*[=:]|ssl_verify|validate_certs|check_hostname"
            r"|unverified|CERT_NONE|\bssl[ \t]*=[ \t]*False|AllowInvalidCert|disable_ssl"
            r"|assert_hostname",
            (
                "verify",
                "validate_certs",
                "check_hostname",
                "unverified",
                "cert_none",
                "ssl",
                "allowinvalidcert",
                "assert_hostname",
            ),
        ),
        Hint("tls-off", "|".join(_VARIABLES), tuple(name.lower() for name in _VARIABLES)),
        Hint("tls-off", r"curl[ \t\"',](?:[^\n]*[ \t\"'])?-\w*k", ("curl",)),
        Hint("tls-off", r"^[ \t]*-k[ \t]", ("-k",)),
        Hint(
            "tls-off",
            r"sslVerify|strict-ssl|ssl_verify|no-verify-ssl|check-certificate|--insecure",
            (
                "sslverify",
                "strict-ssl",
                "ssl_verify",
                "no-verify-ssl",
                "check-certificate",
                "insecure",
            ),
        ),
    ),
    languages=IN_COMMANDS,
    references=("CWE-295",),
    examples=(
        Bad(
            "import requests\nr = requests.get(u, verify=False)",
            at="verify=False",
            fixed="import requests\nr = requests.get(u, verify=True)",
        ),
        Bad("session.verify = False", at="session.verify = False", fixed="session.verify = True"),
        Bad(
            "import ssl\nssl._create_default_https_context = ssl._create_unverified_context",
            at="ssl._create_default_https_context = ssl._create_unverified_context",
        ),
        Bad("!curl -sk https://example.org/a", at="-sk", fixed="!curl -s https://example.org/a"),
        Bad(
            "!wget --no-check-certificate https://example.org/a",
            at="--no-check-certificate",
            fixed="!wget https://example.org/a",
        ),
        Bad(
            "%%bash\ngit config --global http.sslVerify false",
            at="git config --global http.sslVerify false",
        ),
        Bad('import os\nos.environ["CURL_CA_BUNDLE"] = ""', at='os.environ["CURL_CA_BUNDLE"] = ""'),
        Bad("ctx.verify_mode = ssl.CERT_NONE", at="ctx.verify_mode = ssl.CERT_NONE"),
        Bad(
            "import httpx\noptions = {'verify': False}\nc = httpx.Client(**options)",
            at="'verify': False",
        ),
        Bad(
            "ctx.check_hostname = False\nctx.verify_mode = ssl.CERT_NONE",
            at="ctx.verify_mode = ssl.CERT_NONE",
        ),
        Good('requests.get(u, verify="/etc/ssl/ca.pem")', because="an own authority"),
        Good("requests.get(u, verify=True)", because="it is on"),
        Good('requests.get("https://localhost:8443/x", verify=False)', because="this machine"),
        Good("jwt.decode(token, verify=False)", because="no connection"),
        Good("assert_frame_equal(a, b, verify=False)", because="no connection"),
        Good("!curl -o k.txt https://example.org/a", because="another option"),
        Good("# requests.get(u, verify=False)", because="a comment"),
        Good("!curl -k https://localhost:8443/x", because="this machine"),
    ),
)
def tls_verify_disabled(view: View) -> Iterator[Hit]:
    """Encryption without a check of who is at the other end keeps nobody out: in a café, a hotel or
    a network with a proxy the answer is whatever the one in the middle makes of it, and credentials
    that are sent along are his. Give the own authority's certificate instead (`verify="ca.pem"`,
    `curl --cacert`). Silent about addresses on this machine.
    """
    if view.text.language == "python":
        yield from _arguments(view)
        yield from _assignments(view)
    for name, value, span in variables(view):
        if value.lower() in _VARIABLES.get(name, ()):
            yield Hit(span, f"with {name} set so, certificates are not checked")
    for command in view.commands:
        yield from _options(view, command)


def _arguments(view: View) -> Iterator[Hit]:
    import ast

    title = "check the certificate"
    for call, value, span in given(view, "verify"):
        named = call is None or call.name.rpartition(".")[2] in _VERIFYING
        off = named and flag(view, value) is False and string(view, value) is None
        if off and (call is None or not _is_local(view, call)):
            fix = replacement(view, value, "True", title) if call else None
            yield Hit(span, _MESSAGE, fix)
    for name, off in _FLAGS.items():
        if name in view.source:
            for call, value, span in given(view, name):
                if flag(view, value) is off and not (call and _is_local(view, call)):
                    yield Hit(span, _MESSAGE, replacement(view, value, str(not off), title))
    for call, value, span in given(view, "ssl"):
        if call and flag(view, value) is False and call.name.rpartition(".")[2] in (
            *VERBS, "TCPConnector", "ws_connect"
        ):  # fmt: skip
            yield Hit(span, _MESSAGE, replacement(view, value, "True", title))
    for _, value, span in given(view, "cert_reqs"):
        if "CERT_NONE" in ast.unparse(value):
            yield Hit(span, _MESSAGE)
    for call in calls(view, *_UNVERIFIED):
        yield Hit(call.span, _MESSAGE)


def _assignments(view: View) -> Iterator[Hit]:
    """`session.verify = False`, `context.verify_mode = ssl.CERT_NONE` and the like."""
    import ast

    for node in view.code.nodes:
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Attribute):
            continue
        attribute, value = node.targets[0].attr, node.value
        name = view.code.name(value, view.context.imports)
        if attribute in ("verify", "check_hostname", "verify_ssl"):
            # whoever takes any certificate has to switch off the check of its name before
            named = attribute == "check_hostname" and "CERT_NONE" in view.source
            if flag(view, value) is False and not named:
                fix = replacement(view, value, "True", "check the certificate")
                yield Hit(view.code.span(node), _MESSAGE, fix)
        elif name in _UNVERIFIED or (attribute == "verify_mode" and name.endswith("CERT_NONE")):
            yield Hit(view.code.span(node), _MESSAGE)


def _is_local(view: View, call: Call) -> bool:
    """Whether a call goes to this machine."""
    texts = [string(view, node) for node in (*call.args, *(k.value for k in call.node.keywords))]
    return any(text and _LOCAL.match(text) for text in texts)


def _options(view: View, command: Command) -> Iterator[Hit]:
    """The options of a command that turn the check off."""
    name, words = program(command), command.argv[1:]
    texts = [word.text for word in words]
    if any(_LOCAL.match(text) for text in texts):
        return
    if name in ("curl", "wget"):
        for word in words:
            if _turns_off(name, word):
                yield Hit(word.span, _MESSAGE, _without(view, word))
    elif name in ("git", "npm", "conda", "mamba", "yarn"):
        line = " ".join(texts)
        if re.search(r"(?:sslVerify|strict-ssl|ssl_verify)[ =](?:false|0|no)\b", line, re.I):
            yield Hit(command.span, _MESSAGE)
    elif name in ("aws", "az", "kubectl", "vault", "gsutil"):
        for word in words:
            if word.text in ("--no-verify-ssl", "--insecure-skip-tls-verify", "-tls-skip-verify"):
                yield Hit(word.span, _MESSAGE, _without(view, word))


_CURL_WITH_VALUE = frozenset("odHuXAebcCFKmrtTUwxyzE")  # short options whose rest is their value


def _turns_off(name: str, word: Word) -> bool:
    if name == "wget":
        return word.text == "--no-check-certificate"
    if word.text in ("--insecure", "--proxy-insecure"):
        return True
    if not re.fullmatch(r"-[A-Za-z#]+", word.text):
        return False
    before = word.text[1:].partition("k")[0]
    return "k" in word.text and not _CURL_WITH_VALUE.intersection(before)


def _without(view: View, word: Word) -> Fix | None:
    """The fix that takes an option out, or its letter out of several."""
    written = view.source[word.span.start : word.span.end]
    if written != word.text:
        return None
    rest = written.replace("k", "", 1) if re.fullmatch(r"-[A-Za-z]{2,}", written) else ""
    end = word.span.end
    if not rest and view.source[end : end + 1] == " ":
        end += 1
    edit = Edit(Span(word.span.start, end), rest, view.text.cell)
    return Fix((edit,), False, "check the certificate")


@rule(
    "no-timeout",
    "A request may wait for ever",
    severity=Severity.INFO,
    hints=(
        Hint(
            "request",
            rf"\b(?:requests|{'|'.join(VERBS)})\b[.(,]",
            ("requests", *(f"{v}(" for v in VERBS)),
        ),
    ),
    languages=("python",),
    references=("CWE-400",),
    aggregate="{count} kinds of requests without a timeout: {subjects}",
    examples=(
        Bad(
            "import requests\nr = requests.get(u)",
            at="requests.get(u)",
            fixed="import requests\nr = requests.get(u, timeout=30)",
        ),
        Bad(
            "import requests as rq\nr = rq.post(\n    u,\n    json=d,\n)",
            at="rq.post(\n    u,\n    json=d,\n)",
            fixed="import requests as rq\nr = rq.post(\n    u,\n    json=d, timeout=30,\n)",
        ),
        Bad(
            "from requests import get\nget(u, timeout=None)",
            at="get(u, timeout=None)",
            fixed="from requests import get\nget(u, timeout=30)",
        ),
        Bad(
            'import requests\nrequests.request("GET", u)',
            at='requests.request("GET", u)',
            fixed='import requests\nrequests.request("GET", u, timeout=30)',
        ),
        Good("import requests\nrequests.get(u, timeout=5)", because="it has one"),
        Good("import requests\nrequests.get(u, **options)", because="it may be in options"),
        Good("import httpx\nhttpx.get(u)", because="httpx waits five seconds by default"),
        Good("d = {}\nd.get(u)", because="another get"),
        Good("# requests.get(u)", because="a comment"),
    ),
)
def no_timeout(view: View) -> Iterator[Hit]:
    """requests has no timeout of its own: a server that accepts and does not answer holds the
    kernel for as long as it likes."""
    import ast

    for call in calls(view, *(f"requests.{verb}" for verb in VERBS)):
        value = keyword(view, call, "timeout")
        never = isinstance(value, ast.Constant) and value.value is None
        if never or not may_have(view, call, "timeout"):
            fix = set_keyword(view, call, "timeout", "30", "wait no longer than 30 seconds")
            message = f"{call.name} without timeout= may wait for ever"
            yield Hit(call.span, message, fix, subject=call.name)
