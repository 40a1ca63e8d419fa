"""What makes a notebook's server reachable from the internet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.calling import argument, calls, flag, keyword, set_keyword
from jupyter_mlsec.core.model import Hit, Severity
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import Bad, Good, Hint
from jupyter_mlsec.core.variables import variables
from jupyter_mlsec.rules.endpoints.family import IN_COMMANDS, program, rule

if TYPE_CHECKING:
    from jupyter_mlsec.core.shellwords import Command
    from jupyter_mlsec.core.view import View


@rule(
    "gradio-share",
    "An application is shared at a public address",
    severity=Severity.HIGH,
    hints=(
        Hint("gradio-share", r"\bshare[\"']?[ \t]*[=:]|GRADIO_SHARE", ("share",)),
        Hint("gradio-share", r"\blaunch\([^\n]*\*\*", ("launch(",)),
    ),
    languages=("python", "shell"),
    references=("CWE-200", "CWE-306", "AML.T0040", "AML.T0049"),
    examples=(
        Bad(
            "demo.launch(share=True)",
            at="demo.launch(share=True)",
            fixed="demo.launch(share=False)",
        ),
        Bad(
            'gr.Interface(f, "text", "text").launch(\n    share=True,\n)',
            at='gr.Interface(f, "text", "text").launch(\n    share=True,\n)',
            fixed='gr.Interface(f, "text", "text").launch(\n    share=False,\n)',
        ),
        Bad(
            'options = {"share": True}\ndemo.queue().launch(**options)',
            at="demo.queue().launch(**options)",
        ),
        Bad("%env GRADIO_SHARE=True", at="%env GRADIO_SHARE=True"),
        Bad(
            'demo.launch(share=True, auth=("ann", password))',
            at='demo.launch(share=True, auth=("ann", password))',
            fixed='demo.launch(share=False, auth=("ann", password))',
        ),
        Good("demo.launch()", because="off is the default"),
        Good("demo.launch(share=False)", because="it is off"),
        Good("demo.launch(share=args.share)", because="it is not known here"),
        Good("plot(share=True)", because="another share"),
        Good("# demo.launch(share=True)", because="a comment"),
        Good('print("or use launch(share=True)")', because="a string"),
    ),
)
def gradio_share(view: View) -> Iterator[Hit]:
    """`share=True` opens a tunnel: for days everybody with the address, which is guessed and
    collected, uses the model and whatever functions the application has on this machine. Set
    `auth=` and share in the own network, or deploy it.

    With `auth=` it is reported as medium.
    """
    if view.text.language == "python":
        for call in calls(view, ".launch"):
            if flag(view, argument(view, call, "share", 2)):
                fix = set_keyword(view, call, "share", "False", "do not share it publicly")
                named = keyword(view, call, "share") is not None
                guarded = keyword(view, call, "auth") is not None
                message = (
                    "share=True puts this application on a public address; deploy it with auth="
                )
                severity = Severity.MEDIUM if guarded else None
                yield Hit(call.span, message, fix if named else None, severity=severity)
    for name, value, span in variables(view):
        if name == "GRADIO_SHARE" and value.lower() in ("1", "true"):
            yield Hit(span, "GRADIO_SHARE puts applications on public addresses")


_TUNNELS = (
    *("pyngrok.ngrok.connect", "ngrok.connect", "ngrok.forward", "ngrok.werkzeug_develop"),
    *("flask_ngrok.run_with_ngrok", "run_with_ngrok", "flask_cloudflared.run_with_cloudflared"),
    *("run_with_cloudflared", "pycloudflared.try_cloudflare", "try_cloudflare", "pyngrok.connect"),
    *("localtunnel.connect", "colabcode.ColabCode", "ColabCode", "gradio.networking.setup_tunnel"),
)
_SSH_HOSTS = lazy(
    r"(?:\w[\w-]*@)?(?:ssh\.)?(?:localhost\.run|serveo\.net|\w*\.?pinggy\.io|tunnel\.us)"
)


@rule(
    "ngrok-or-tunnel",
    "A tunnel makes this machine reachable from the internet",
    severity=Severity.HIGH,
    hints=(
        Hint(
            "tunnel",
            r"ngrok|localtunnel|cloudflare|localhost\.run|serveo|pinggy|ColabCode|\bbore\b"
            r"|\blt[ \t\"',]+-|funnel",
            (
                "ngrok",
                "localtunnel",
                "cloudflare",
                "localhost.run",
                "serveo",
                "pinggy",
                "colabcode",
                "bore",
                "lt ",
                'lt"',
                "lt'",
                "funnel",
            ),
        ),
        Hint("tunnel", r"\bconnect[ \t]*\(", ("connect",)),
    ),
    languages=IN_COMMANDS,
    references=("CWE-284", "AML.T0049"),
    examples=(
        Bad("from pyngrok import ngrok\nurl = ngrok.connect(8000)", at="ngrok.connect(8000)"),
        Bad("!ngrok http 8501 &", at="ngrok http 8501"),
        Bad("%%bash\nnpx localtunnel --port 8501", at="npx localtunnel --port 8501"),
        Bad(
            "from flask_ngrok import run_with_ngrok\nrun_with_ngrok(app)",
            at="run_with_ngrok(app)",
        ),
        Bad(
            'import subprocess\nsubprocess.Popen(["cloudflared", "tunnel", "--url", "http://localhost:80"])',
            at='cloudflared", "tunnel", "--url", "http://localhost:80',
        ),
        Bad(
            "!ssh -R 80:localhost:8000 nokey@localhost.run",
            at="ssh -R 80:localhost:8000 nokey@localhost.run",
        ),
        Good("!pip install pyngrok==7.1.2", because="no tunnel yet"),
        Good("from pyngrok import ngrok\nngrok.kill()", because="that closes it"),
        Good("!ssh -L 8000:localhost:8000 me@host", because="that brings theirs here"),
        Good("import sqlite3\nconn = sqlite3.connect('a.db')", because="another connect"),
        Good("# !ngrok http 8501", because="a comment"),
        Good('url = "https://abc.ngrok.io"', because="an address"),
    ),
)
def ngrok_or_tunnel(view: View) -> Iterator[Hit]:
    """A tunnel goes past the firewall and whatever asks who comes in: everybody with the address
    reaches the server behind it, with the rights of the notebook. Use the proxy or the ingress
    that the organisation runs."""
    message = "this tunnel lets the internet in past every gateway; use an ingress that asks who"
    if view.text.language == "python":
        for call in calls(view, *_TUNNELS):
            yield Hit(call.span, message)
    for command in view.commands:
        if _opens_tunnel(command):
            yield Hit(command.span, message)


def _opens_tunnel(command: Command) -> bool:
    name = program(command)
    words = [word.text for word in command.argv[1:]]
    if name in ("npx", "npm", "exec"):
        name, words = next(
            ((w, words[i + 1 :]) for i, w in enumerate(words) if w[0] != "-"), ("", [])
        )
    match name:
        case "ngrok":
            return bool({"http", "tcp", "tls", "start"}.intersection(words[:2]))
        case "lt" | "localtunnel":
            return any(re.match(r"-p|--port", word) for word in words)
        case "cloudflared":
            return "tunnel" in words[:2]
        case "tailscale":
            return "funnel" in words[:2]
        case "bore":
            return "local" in words[:1]
        case "ssh" | "autossh":
            return any(re.match(r"-\w*R", w) for w in words) and any(map(_SSH_HOSTS.match, words))
    return False
