"""Servers: debuggers, addresses, and servers that are meant for development."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.calling import calls, flag, keyword, replacement, set_keyword, string
from jupyter_mlsec.core.model import Confidence, Edit, Fix, Hit, Severity, Span
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import Bad, Good, Hint
from jupyter_mlsec.core.shell import instructions, written_file
from jupyter_mlsec.core.variables import variables
from jupyter_mlsec.rules.endpoints.family import IN_COMMANDS, program, rule

if TYPE_CHECKING:
    import ast

    from jupyter_mlsec.core.python import Call
    from jupyter_mlsec.core.view import Context, View

_WEB = ("flask", "dash", "jupyter_dash", "quart", "bottle", "werkzeug")
_APPS = frozenset("app application server api flask_app webapp".split())
_APPLICATIONS = lazy(
    r"\b(?:flask|Flask|[dD]ash|quart|bottle|werkzeug)\b|\b(?:app|application|server|api|webapp)\.run"
)
_OTHER_RUNS = ("asyncio.", "anyio.", "trio.", "subprocess.", "uvicorn.", "hypercorn.")
_DEBUG_ON = frozenset(("1", "true", "on", "yes", "development"))


def _has_application(context: Context) -> bool:
    """Whether the document speaks of web applications at all, before anything is parsed."""
    return any(_APPLICATIONS.search(text.text) for text in context.sources)


def _is_web(view: View, call: Call) -> bool:
    """Whether a call of `.run` starts a server of Flask or its kin."""
    if call.name.startswith(_OTHER_RUNS):
        return False
    root = call.name.partition(".")[0].removesuffix("()")
    known = any(full.partition(".")[0] in _WEB for full in view.context.imports.values())
    return known or root in _APPS or root in _WEB


@rule(
    "flask-debug",
    "A web application runs with its debugger",
    severity=Severity.HIGH,
    hints=(
        Hint("flask-debug", r"\b(?:debug|use_debugger)[\"']?[ \t]*[=:]", ("debug",)),
        Hint("flask-debug", r"FLASK_DEBUG|FLASK_ENV|flask[ \t][^\n]*--debug", ("flask",)),
    ),
    languages=IN_COMMANDS,
    references=("CWE-489", "CWE-94", "AML.T0049"),
    examples=(
        Bad(
            "from flask import Flask\napp = Flask(__name__)\napp.run(debug=True)",
            at="app.run(debug=True)",
            fixed="from flask import Flask\napp = Flask(__name__)\napp.run(debug=False)",
        ),
        Bad(
            "import threading\nthreading.Thread(target=app.run, kwargs={'debug': True}).start()",
            at="threading.Thread(target=app.run, kwargs={'debug': True})",
            fixed="import threading\n"
            "threading.Thread(target=app.run, kwargs={'debug': False}).start()",
        ),
        Bad("!flask --app serve run --debug", at="--debug"),
        Bad('import os\nos.environ["FLASK_DEBUG"] = "1"', at='os.environ["FLASK_DEBUG"] = "1"'),
        Bad(
            "import flask\nDEBUG = True\nserver = flask.Flask('x')\n"
            "server.run(port=80, debug=DEBUG)",
            at="server.run(port=80, debug=DEBUG)",
            fixed="import flask\nDEBUG = True\nserver = flask.Flask('x')\n"
            "server.run(port=80, debug=False)",
        ),
        Good("from flask import Flask\napp.run(debug=False)", because="it is off"),
        Good("import flask\napp.run(debug=settings.debug)", because="it is not known here"),
        Good("import asyncio\nasyncio.run(main(), debug=True)", because="no web application"),
        Good("import gradio as gr\ndemo.launch(debug=True)", because="that waits for errors"),
        Good("# app.run(debug=True)", because="a comment"),
        Good("%env FLASK_DEBUG=0", because="it is off"),
    ),
)
def flask_debug(view: View) -> Iterator[Hit]:
    """Werkzeug's debugger (Flask, Dash, Quart) is a Python console in the error page: whoever can
    provoke an error and guess or read the PIN runs commands on the machine of the notebook."""
    python = view.text.language == "python" and "run" in view.source
    if python and view.context.once(_has_application):
        for call in calls(view, ".run", ".run_server", ".run_simple"):
            name = "use_debugger" if call.name.endswith("run_simple") else "debug"
            if _is_web(view, call) and flag(view, keyword(view, call, name)):
                fix = set_keyword(view, call, name, "False", "run without the debugger")
                yield Hit(call.span, "debug=True gives whoever can reach it a Python console", fix)
    for name, value, span in variables(view):
        if name in ("FLASK_DEBUG", "FLASK_ENV") and value.lower() in _DEBUG_ON:
            yield Hit(span, f"{name}={value} gives whoever can reach it a Python console")
    for command in view.commands:
        if program(command) in ("flask", "python -m flask"):
            for word in command.argv:
                if word.text == "--debug":
                    yield Hit(word.span, "--debug gives whoever can reach it a Python console")


_EVERYWHERE = lazy(r"(?:0\.0\.0\.0|::|\[::\])(?::\d+)?|tcp://0\.0\.0\.0(?::[\d*]+)?")
_SERVING = tuple(
    f".{name}"
    for name in """run serve bind listen launch start_server create_server HTTPServer WSGIServer
    ThreadingHTTPServer TCPServer ThreadingTCPServer UDPServer make_server run_app run_simple
    run_server Server SimpleXMLRPCServer add_insecure_port add_secure_port start_http_server
    Config LocalCluster server_bind test_server show""".split()
)
_EMPTY_IS_ALL = (
    ".HTTPServer",
    ".TCPServer",
    ".ThreadingHTTPServer",
    ".ThreadingTCPServer",
    ".bind",
)
_SERVERS = frozenset(
    """uvicorn gunicorn hypercorn flask streamlit gradio mlflow tensorboard vllm ollama ray bentoml
    rasa text-generation-launcher llama-server panel voila bokeh fastapi litserve tritonserver
    torchserve waitress-serve daphne django-admin http-server chainlit marimo label-studio
    optuna-dashboard aim""".split()
)
_FIRST_PORT = "the address 0.0.0.0 lets every machine that can reach this one in"


@rule(
    "bind-all-interfaces",
    "A server listens on all interfaces",
    severity=Severity.MEDIUM,
    hints=(
        Hint(
            "bind-all",
            r"0\.0\.0\.0|\[::\]|--bind_all|http\.server",
            ("0.0.0.0", "[::]", "bind_all", "http.server"),
        ),
        Hint("bind-all", r"\b(?:host|server_name)=[A-Za-z_]", ("host=", "server_name=")),
        Hint("bind-all", r"(?:Server|bind)\(\(?[ \t]*\([\"']{2}", ("server(", "bind(")),
    ),
    languages=("python", "shell"),
    references=("CWE-605", "CWE-1327", "AML.T0049"),
    examples=(
        Bad(
            'import uvicorn\nuvicorn.run(app, host="0.0.0.0", port=80)',
            at='"0.0.0.0"',
            fixed='import uvicorn\nuvicorn.run(app, host="127.0.0.1", port=80)',
        ),
        Bad(
            'demo.launch(server_name="0.0.0.0")',
            at='"0.0.0.0"',
            fixed='demo.launch(server_name="127.0.0.1")',
        ),
        Bad(
            "from http.server import HTTPServer\nHTTPServer(('', 8000), Handler).serve_forever()",
            at="''",
            fixed="from http.server import HTTPServer\n"
            'HTTPServer(("127.0.0.1", 8000), Handler).serve_forever()',
        ),
        Bad(
            "!uvicorn main:app --host 0.0.0.0 --port 80",
            at="0.0.0.0",
            fixed="!uvicorn main:app --host 127.0.0.1 --port 80",
        ),
        Bad(
            "%%bash\nmlflow server --host=0.0.0.0",
            at="--host=0.0.0.0",
            fixed="%%bash\nmlflow server --host=127.0.0.1",
        ),
        Bad(
            'HOST = "0.0.0.0"\napp.run(host=HOST)',
            at="HOST",
            fixed='HOST = "0.0.0.0"\napp.run(host="127.0.0.1")',
        ),
        Bad(
            'import subprocess\nsubprocess.Popen(["streamlit", "run", "a.py", '
            '"--server.address", "0.0.0.0"])',
            at="0.0.0.0",
            fixed='import subprocess\nsubprocess.Popen(["streamlit", "run", "a.py", '
            '"--server.address", "127.0.0.1"])',
        ),
        Good('import uvicorn\nuvicorn.run(app, host="127.0.0.1")', because="this machine alone"),
        Good('conn = psycopg2.connect(host="0.0.0.0")', because="a client"),
        Good("!docker run -p 0.0.0.0:80:80 image", because="the container's port is asked for"),
        Good('print("listening on 0.0.0.0")', because="a string"),
        Good(
            'CMD ["uvicorn", "main:app", "--host", "0.0.0.0"]',
            because="a container has to",
            language="dockerfile",
        ),
        Good('BLOCKED = ["0.0.0.0", "127.0.0.1"]', because="nothing listens"),
    ),
)
def bind_all_interfaces(view: View) -> Iterator[Hit]:
    """On 0.0.0.0 everybody in the same network can talk to the server, which is seldom meant for
    more than the notebook. On 127.0.0.1 it is reached from this machine alone; others come in
    through Jupyter's proxy, or a gateway that asks who they are."""
    if view.text.language == "python":
        for call in calls(view, *_SERVING):
            for node in _addresses(call):
                text = string(view, node)
                empty = text == "" and f".{call.name.rpartition('.')[2]}" in _EMPTY_IS_ALL
                if text is not None and (empty or _EVERYWHERE.fullmatch(text)):
                    local = f'"127.0.0.1{text[text.rfind(":") :] if text.count(":") == 1 else ""}"'
                    fix = replacement(view, node, local, "listen on this machine alone")
                    yield Hit(view.code.span(node), _FIRST_PORT, fix)
    for command in view.commands:
        if command.origin == "dockerfile" or not _is_server(program(command)):
            continue
        yield from _in_command(view, command.argv)
    for name, value, span in variables(view):
        if name in ("OLLAMA_HOST", "GRADIO_SERVER_NAME", "HOST") and _EVERYWHERE.fullmatch(value):
            yield Hit(span, _FIRST_PORT)


def _is_server(name: str) -> bool:
    return name.removeprefix("python -m ") in _SERVERS or name.startswith("python")


def _in_command(view: View, words: tuple[object, ...]) -> Iterator[Hit]:
    from jupyter_mlsec.core.shellwords import Word

    texts = [word.text for word in words if isinstance(word, Word)]
    for word in words:
        if not isinstance(word, Word):
            continue
        value = word.text.rpartition("=")[2]
        if _EVERYWHERE.fullmatch(value) or word.text == "--bind_all":
            start = view.source.find("0.0.0.0", *word.span)
            edit = Edit(Span(start, start + 7), "127.0.0.1", view.text.cell)
            fix = Fix((edit,), False, "listen on this machine alone") if start >= 0 else None
            yield Hit(word.span, _FIRST_PORT, fix)
    if texts[1:3] == ["-m", "http.server"] and not {"-b", "--bind"}.intersection(texts):
        span = Span(words[0].span.start, words[2].span.end)  # type: ignore[attr-defined]
        if not any("--bind=" in text for text in texts):
            yield Hit(span, "http.server listens on all interfaces; pass --bind 127.0.0.1")


def _addresses(call: Call) -> Iterator[ast.expr]:
    """What may be the address in a call that starts a server."""
    import ast

    for node in (*call.args[:3], *(k.value for k in call.node.keywords)):
        if isinstance(node, ast.Tuple) and len(node.elts) == 2:
            yield node.elts[0]
        elif isinstance(node, ast.Dict):
            yield from node.values
        else:
            yield node


_DEV = lazy(
    r"\bflask\b[^\n]*\brun\b|\bmanage\.py\b[^\n]*\brunserver\b|\bhttp\.server\b|--reload\b"
    r"|\bfastapi[\"', ]+dev\b"
)


@rule(
    "dev-server-in-production",
    "A server for development serves others",
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    hints=(
        Hint(
            "dev-server",
            r"\brun\(|\brunserver|http\.server|--reload|reload=|flask|fastapi",
            ("run(", "runserver", "http.server", "reload", "flask", "fastapi"),
        ),
    ),
    languages=IN_COMMANDS,
    references=("CWE-489", "AML.T0049"),
    examples=(
        Bad(
            'FROM scratch\nCMD ["flask", "run", "--host=0.0.0.0"]\n',
            at='["flask", "run", "--host=0.0.0.0"]',
            language="dockerfile",
        ),
        Bad(
            "FROM scratch\nENTRYPOINT python -m http.server 80\n",
            at="python -m http.server 80",
            language="dockerfile",
        ),
        Bad(
            "%%writefile serve.py\nfrom flask import Flask\napp = Flask(__name__)\n"
            'app.run(host="0.0.0.0", port=8080)',
            at='app.run(host="0.0.0.0", port=8080)',
        ),
        Bad("uvicorn main:app --reload\n", at="uvicorn main:app --reload", language="shell"),
        Bad(
            '%%writefile app.py\nimport uvicorn\nuvicorn.run("app:app", reload=True)',
            at='uvicorn.run("app:app", reload=True)',
        ),
        Good(
            'FROM scratch\nCMD ["gunicorn", "-w", "4", "app:app"]\n',
            because="a server for production",
            language="dockerfile",
        ),
        Good("from flask import Flask\napp = Flask(__name__)\napp.run()", because="in a notebook"),
        Good(
            '%%writefile app.py\nfrom flask import Flask\nif __name__ == "__main__":\n'
            "    app.run()",
            because="for the author's own machine",
        ),
        Good(
            "gunicorn -k uvicorn.workers.UvicornWorker main:app\n",
            because="no reload",
            language="shell",
        ),
        Good("%%writefile job.py\nimport subprocess\nsubprocess.run(['ls'])", because="no server"),
    ),
)
def dev_server_in_production(view: View) -> Iterator[Hit]:
    """The servers of Flask and Django's runserver, http.server and `--reload` are made for one
    author on one machine: no limits, one request at a time, files watched and code reloaded. Let
    gunicorn, uvicorn without reload or waitress serve others.

    Looked at are Dockerfiles, shell scripts and Python files, those that cells write included, not
    what runs in the notebook itself.
    """
    text = written_file(view.text) or view.text
    message = "a server for development; let gunicorn, waitress or uvicorn without reload serve"
    if text.language == "dockerfile":
        for name, span, _ in instructions(text.text):
            command = text.text[span.start : span.end].rstrip()
            if name in ("CMD", "ENTRYPOINT") and _DEV.search(command.replace('"', " ")):
                yield Hit(Span(span.start, span.start + len(command)), message)
    elif text.language == "shell" and text.part == "file":
        for found in view.commands:
            if _DEV.search(view.source, *found.span):
                yield Hit(found.span, message)
    elif view.text.language == "python" and _is_script(view):
        guarded = _guarded(view)
        for call in calls(view, ".run"):
            reloads = call.name == "uvicorn.run" and flag(view, keyword(view, call, "reload"))
            serves = _is_flask(view, call) and (
                not any(span.start <= call.span.start < span.end for span in guarded)
                or string(view, keyword(view, call, "host")) == "0.0.0.0"
            )
            if reloads or serves:
                yield Hit(call.span, message)


_WRITES_SCRIPT = lazy(r"\s*(?:#[^\n]*\n\s*)*%%(?:writefile|file)[ \t][^\n]*\.py[\"']?[ \t]*\n")


def _is_script(view: View) -> bool:
    return view.text.part == "file" or _WRITES_SCRIPT.match(view.source) is not None


def _is_flask(view: View, call: Call) -> bool:
    imported = {full.partition(".")[0] for full in view.code.imports.values()}
    return bool(imported & {"flask", "bottle", "dash", "quart"}) and _is_web(view, call)


def _guarded(view: View) -> list[Span]:
    """What runs only where the file is run by itself."""
    import ast

    return [
        view.code.span(node)
        for node in view.code.nodes
        if isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)
    ]
