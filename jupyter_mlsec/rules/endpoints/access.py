"""Who may call an endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.calling import calls, flag, given, keyword, replacement, string
from jupyter_mlsec.core.model import Confidence, Hit, Severity
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import Bad, Good, Hint
from jupyter_mlsec.rules.endpoints.family import IN_COMMANDS, rule

if TYPE_CHECKING:
    import ast

    from jupyter_mlsec.core.view import Context, View

_OWN_PAGE = '["http://localhost:3000"]'


@rule(
    "cors-wildcard",
    "Pages of every site may call the endpoint",
    severity=Severity.MEDIUM,
    hints=(
        Hint(
            "cors",
            r"allow_origins?\b|\bCORS\b|cross_origin\(|Allow-Origin|allow_origin_regex",
            ("allow_origin", "cors", "cross_origin", "allow-origin"),
        ),
    ),
    languages=("python",),
    references=("CWE-942", "AML.T0049"),
    examples=(
        Bad(
            'app.add_middleware(CORSMiddleware, allow_origins=["*"])',
            at='allow_origins=["*"]',
            fixed='app.add_middleware(CORSMiddleware, allow_origins=["http://localhost:3000"])',
        ),
        Bad("from flask_cors import CORS\nCORS(app)", at="CORS(app)"),
        Bad('import flask_cors as fc\nfc.CORS(app, origins="*")', at='fc.CORS(app, origins="*")'),
        Bad(
            'r.headers["Access-Control-Allow-Origin"] = "*"',
            at='r.headers["Access-Control-Allow-Origin"] = "*"',
        ),
        Bad(
            'ORIGINS = ["*"]\napp.add_middleware(CORSMiddleware, allow_origins=ORIGINS)',
            at="allow_origins=ORIGINS",
            fixed='ORIGINS = ["*"]\n'
            'app.add_middleware(CORSMiddleware, allow_origins=["http://localhost:3000"])',
        ),
        Bad('h = {"Access-Control-Allow-Origin": "*"}', at='"Access-Control-Allow-Origin": "*"'),
        Good(
            'app.add_middleware(CORSMiddleware, allow_origins=["https://a.example.org"])',
            because="one site",
        ),
        Good(
            'from flask_cors import CORS\nCORS(app, origins=["https://a.example.org"])',
            because="one site",
        ),
        Good("app.add_middleware(CORSMiddleware, allow_origins=origins)", because="not known here"),
        Good("def CORS(app):\n    ...\nCORS(app)", because="an own function"),
        Good('print("allow_origins=[*]")', because="a string"),
        Good('app.add_middleware(CORSMiddleware, allow_methods=["*"])', because="no origins"),
    ),
)
def cors_wildcard(view: View) -> Iterator[Hit]:
    """Any page that a user has open calls the endpoint from the user's browser: from within the
    network, and with what the browser is logged in with. Name the sites that may."""
    message = "pages of every site may call this; name the origins that may"
    for _, value, span in given(view, "allow_origins"):
        if _is_star(view, value):
            title = "allow one origin"
            yield Hit(span, message, replacement(view, value, _OWN_PAGE, title))
    for call in calls(view, "flask_cors.CORS", "flask_cors.cross_origin"):
        origins = keyword(view, call, "origins")
        limited = keyword(view, call, "resources") if origins is None else origins
        if limited is None or _is_star(view, limited):
            yield Hit(call.span, message)
    yield from _headers(view, message)


def _headers(view: View, message: str) -> Iterator[Hit]:
    import ast

    for _, value, span in given(view, "Access-Control-Allow-Origin"):
        if string(view, value) == "*":
            yield Hit(span, message)
    for node in view.code.nodes:
        match node:
            case ast.Assign(
                targets=[ast.Subscript(slice=ast.Constant(value="Access-Control-Allow-Origin"))],
                value=ast.Constant(value="*"),
            ):
                yield Hit(view.code.span(node), message)
            case ast.Call(
                args=[ast.Constant(value="Access-Control-Allow-Origin"), ast.Constant(value="*")]
            ):
                yield Hit(view.code.span(node), message)


def _is_star(view: View, node: ast.expr) -> bool:
    import ast

    match node:
        case ast.List(elts=[only]) | ast.Tuple(elts=[only]) | ast.Set(elts=[only]):
            return string(view, only) == "*"
        case ast.Dict(values=values):
            return any(_is_star(view, value) for value in values)
        case ast.Name(id=name) if view.context.constants.get(f"{name}[0]") is not None:
            constants = view.context.constants
            return constants.get(f"{name}[0]") == "*" and constants.get(f"{name}[1]") is None
    return string(view, node) == "*"


_ROUTES = frozenset("post get put route api_route websocket".split())
_MODEL_PATH = lazy(
    r"(?i)/?(?:.*/)?(?:predict\w*|infer\w*|invocations|generate\w*|completions?|chat|embed\w*"
    r"|classif\w*|score|ask|query|model\w*)(?:[/?{<].*)?"
)
_AUTH = lazy(
    r"(?i)auth|login|token|jwt|api_?key|require|permission|current_user|verify|secur|depends"
)
_GUARD = lazy(
    r"HTTPBearer|HTTPBasic|APIKeyHeader|APIKeyQuery|OAuth2|login_required|LoginManager|JWTManager"
    r"|AuthenticationMiddleware|FastAPI\([^\n]*dependencies|before_request|APIRouter\([^\n]*dependencies"
)


@rule(
    "endpoint-without-auth",
    "A model is served to whoever asks",
    severity=Severity.MEDIUM,
    confidence=Confidence.LOW,
    hints=(
        Hint(
            "open-endpoint",
            r"@[ \t]*[\w.]+\.(?:post|get|put|route|api_route|websocket)\(",
            ("post(", "get(", "put(", "route(", "websocket("),
        ),
        Hint("open-endpoint", r"\.launch\(|allow-unauthenticated", ("launch(", "unauthenticated")),
    ),
    languages=IN_COMMANDS,
    references=("CWE-306", "AML.T0040"),
    examples=(
        Bad(
            '@app.post("/predict")\ndef predict(x: list):\n    return model(x)',
            at='@app.post("/predict")'[1:],
        ),
        Bad(
            '@app.route("/api/generate", methods=["POST"])\ndef g():\n    return run()',
            at='app.route("/api/generate", methods=["POST"])',
        ),
        Bad(
            "!gcloud run deploy svc --image x --allow-unauthenticated", at="--allow-unauthenticated"
        ),
        Bad("demo.launch(share=True)", at="demo.launch(share=True)"),
        Bad(
            '@router.get("/v1/embeddings")\nasync def e():\n    ...',
            at='router.get("/v1/embeddings")',
        ),
        Good(
            '@app.post("/predict")\ndef predict(x, user=Depends(verify_token)):\n    ...',
            because="a dependency asks",
        ),
        Good(
            '@app.post("/predict")\n@login_required\ndef predict():\n    ...',
            because="a decorator asks",
        ),
        Good('@app.get("/health")\ndef health():\n    ...', because="no model behind it"),
        Good("demo.launch(share=True, auth=check)", because="gradio asks"),
        Good("demo.launch()", because="on this machine alone"),
        Good(
            '@app.post("/predict", dependencies=[Depends(check)])\ndef predict():\n    ...',
            because="a dependency asks",
        ),
    ),
)
def endpoint_without_auth(view: View) -> Iterator[Hit]:
    """Who can reach the endpoint uses the model at the owner's cost, copies it answer by answer,
    or probes it for inputs that it gets wrong. Ask for a token, and limit the rate.

    Of low confidence: a gateway in front may ask.
    """
    import ast

    message = "this endpoint asks nobody who they are; require a token, and limit the rate"
    if view.text.language == "python":
        for node in view.code.nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                route = next((d for d in node.decorator_list if _is_route(view, d)), None)
                asks = _AUTH.search(ast.unparse(node)) or view.context.once(_has_guard)
                if route is not None and not asks:
                    yield Hit(view.code.span(route), message)
        for call in calls(view, ".launch"):
            public = flag(view, keyword(view, call, "share")) or (
                string(view, keyword(view, call, "server_name")) == "0.0.0.0"
            )
            if public and keyword(view, call, "auth") is None:
                yield Hit(call.span, message)
    for command in view.commands:
        for word in command.argv:
            if word.text == "--allow-unauthenticated":
                yield Hit(word.span, message)


def _is_route(view: View, node: ast.expr) -> bool:
    import ast

    match node:
        case ast.Call(func=ast.Attribute(attr=method), args=[path, *_]) if method in _ROUTES:
            text = string(view, path)
            return text is not None and _MODEL_PATH.fullmatch(text) is not None
    return False


def _has_guard(context: Context) -> bool:
    return any(_GUARD.search(text.text) for text in context.sources)
