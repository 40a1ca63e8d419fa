"""Settings of Jupyter's server that let others in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.model import Edit, Fix, Hit, Severity, Span
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import Bad, Good, Hint
from jupyter_mlsec.core.shell import instructions, written_file
from jupyter_mlsec.rules.environment.family import IN_COMMANDS, program, rule

if TYPE_CHECKING:
    from jupyter_mlsec.core.view import View

_NOTHING = lazy(r"(?:u?''|u?\"\"|None)")
_TRUE = lazy(r"True|true|1")
_FALSE = lazy(r"False|false|0")
_STAR = lazy(r"u?[\"']?\*[\"']?|u?[\"']?\.\*[\"']?")
_ALL = lazy(r"u?[\"']?(?:0\.0\.0\.0|\*|::)?[\"']")
# Setting to the values that let others in, and what they then may.
_SETTINGS = {
    "token": (_NOTHING, "without a token everybody who reaches the server runs code on it"),
    "password_required": (_FALSE, "without a password everybody who reaches it runs code on it"),
    "ip": (_ALL, "the server listens on all interfaces; put TLS and a gateway in front"),
    "allow_origin": (_STAR, "pages of every site may talk to the server"),
    "allow_origin_pat": (_STAR, "pages of every site may talk to the server"),
    "allow_root": (_TRUE, "code in notebooks runs as root"),
    "disable_check_xsrf": (_TRUE, "pages of every site may act in the user's name"),
    "allow_unauthenticated_access": (_TRUE, "handlers without a check let everybody in"),
    "allow_remote_access": (_TRUE, "the check against DNS rebinding is off"),
}
_APPS = (
    "ServerApp|NotebookApp|IdentityProvider|PasswordIdentityProvider|LabApp|JupyterApp|ExtensionApp"
)
_IN_PYTHON = lazy(
    rf"^[ \t]*c\.(?P<app>{_APPS})\.(?P<name>\w+)[ \t]*=[ \t]*(?P<value>[^\n#]*?)[ "
    rf"\t]*(?:#[^\n]*)?$",
    re.MULTILINE,
)
_APP_IN_JSON = lazy(rf"[\"'](?P<app>{_APPS})[\"']\s*:\s*\{{(?P<body>[^{{}}]*)\}}")
_IN_JSON = lazy(r"[\"'](?P<name>\w+)[\"']\s*:\s*(?P<value>\"[^\"\n]*\"|'[^'\n]*'|\w+)")
_OPTION = lazy(rf"--(?:(?:{_APPS})\.)?(?P<name>[\w-]+)(?:=(?P<value>.*))?", re.DOTALL)
_WORD = lazy(r"--[^\s\"',\]]+")
_PROGRAMS = frozenset("jupyter jupyter-lab jupyter-notebook jupyter-server jupyter-labhub".split())


@rule(
    "jupyter-server-misconfig",
    "Jupyter's server lets others in",
    severity=Severity.HIGH,
    hints=(
        Hint(
            "jupyter-config",
            rf"(?:{_APPS})[\"']?[ \t]*[.:]",
            (
                "serverapp",
                "notebookapp",
                "identityprovider",
                "labapp",
                "jupyterapp",
                "extensionapp",
            ),
        ),
        Hint(
            "jupyter-config", r"jupyter[\w \t\"',-]*(?:lab|notebook|server)[^\n]*--", ("jupyter",)
        ),
        Hint(
            "jupyter-config",
            r"^[ \t]*--(?:ip|allow-root|ServerApp|NotebookApp|IdentityProvider)",
            ("--ip", "--allow-root", "--serverapp", "--notebookapp", "--identityprovider"),
        ),
    ),
    languages=(*IN_COMMANDS, "json"),
    references=("CWE-306", "CWE-1188", "AML.T0049"),
    examples=(
        Bad("c.ServerApp.token = ''", at="c.ServerApp.token = ''", fixed=""),
        Bad(
            "c.NotebookApp.allow_origin = '*'  # for the dashboard",
            at="c.NotebookApp.allow_origin = '*'",
            fixed="  # for the dashboard",
        ),
        Bad("!jupyter lab --no-browser --ip=0.0.0.0", at="--ip=0.0.0.0"),
        Bad(
            "%%writefile jupyter_server_config.py\nc = get_config()\n"
            "c.ServerApp.disable_check_xsrf = True",
            at="c.ServerApp.disable_check_xsrf = True",
            fixed="%%writefile jupyter_server_config.py\nc = get_config()\n",
        ),
        Bad(
            '{"ServerApp": {"port": 8888, "allow_root": true}}',
            at='"allow_root": true',
            language="json",
        ),
        Bad(
            'import subprocess\nsubprocess.Popen(["jupyter", "notebook", "--NotebookApp.token="])',
            at="--NotebookApp.token=",
        ),
        Bad(
            'FROM scratch\nCMD ["jupyter", "lab", "--ip=0.0.0.0", "--ServerApp.token="]\n',
            at="--ServerApp.token=",
            language="dockerfile",
        ),
        Good("c.ServerApp.token = secret('jupyter#token')", because="a token is asked for"),
        Good("c.ServerApp.ip = '127.0.0.1'", because="this machine alone"),
        Good("c.ServerApp.ip = 'localhost'", because="this machine alone"),
        Good("# c.ServerApp.token = ''", because="a comment, as in the file that Jupyter makes"),
        Good("!jupyter nbconvert --to html a.ipynb", because="no server"),
        Good('{"ServerApp": {"allow_root": false}}', because="it is off", language="json"),
        Good("c.Spawner.ip = '0.0.0.0'", because="another server's"),
    ),
)
def jupyter_server_misconfig(view: View) -> Iterator[Hit]:
    """Who gets past the log-in of a Jupyter server has a shell. An empty token, an address of all
    interfaces, origins of all sites or no check of XSRF takes one of the walls down; often a second
    one was the only reason why it seemed safe. Leave the defaults, and put JupyterHub or a proxy
    that asks who comes in front.

    Looked at are configuration files in Python and JSON, cells that write them, and command lines.
    """
    for match in _IN_PYTHON.finditer(view.source):
        hit = _hit(match["name"], match["value"], _whole(view, match))
        if hit:
            edit = Edit(hit.span, "", view.text.cell)
            yield hit._replace(fix=Fix((edit,), False, "leave the default"))
    for app in _APP_IN_JSON.finditer(view.source):
        for match in _IN_JSON.finditer(view.source, *app.span("body")):
            hit = _hit(match["name"], match["value"], Span(*match.span()))
            if hit:
                yield hit
    yield from _in_image(view)
    for command in view.commands:
        if program(command) in _PROGRAMS:
            for word in command.argv[1:]:
                option = _OPTION.fullmatch(word.text)
                if option:
                    value = repr(option["value"]) if option["value"] is not None else "True"
                    hit = _hit(option["name"].replace("-", "_"), value, word.span)
                    if hit:
                        yield hit


def _in_image(view: View) -> Iterator[Hit]:
    """What the command of a Dockerfile sets; an address and root are a container's own matter."""
    text = written_file(view.text) or view.text
    if text.language != "dockerfile":
        return
    for name, span, _ in instructions(text.text):
        if name in ("CMD", "ENTRYPOINT") and "jupyter" in text.text[span.start : span.end]:
            for word in _WORD.finditer(text.text, *span):
                option = _OPTION.fullmatch(word[0])
                if option and option["name"] not in ("ip", "allow-root"):
                    hit = _hit(option["name"], repr(option["value"] or ""), Span(*word.span()))
                    if hit:
                        yield hit


def _whole(view: View, match: re.Match[str]) -> Span:
    start = match.start("app") - 2
    return Span(start, match.end("value"))


def _hit(name: str, value: str, span: Span) -> Hit | None:
    known = _SETTINGS.get(name)
    plain = value[1:-1] if re.fullmatch(r"'(?:True|true|False|false|1|0)'", value) else value
    if known is None or known[0].fullmatch(plain) is None:
        return None
    return Hit(span, f"{known[1]}; leave the default")
