"""What calls bind to names: keywords, settings, options with defaults, users with passwords."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.rules.secrets import names
from jupyter_mlsec.rules.secrets.binding import Form

if TYPE_CHECKING:
    from jupyter_mlsec.core.python import Code

Found = tuple[str, ast.expr, Form, str]  # name, value, form, callee

ENVIRONMENT = ("os.environ", "environ", "os.environb")
# Methods of which two arguments next to each other are a name and its value.
_SETTERS = frozenset(
    """DEFINE_string add_header conf config get getenv getOption header option put putenv set
    set_config set_key set_option fill type set_secret set_parameter setattr setdefault setenv
    setProperty text write_secret setItem environ set_env setString""".split()
)
_LOGINS = frozenset(
    """login Client ClientV2 AsyncClient OpenAI AsyncOpenAI Anthropic AsyncAnthropic Groq AsyncGroq
    Mistral MistralClient Together Pinecone Replicate InferenceClient HfApi configure init connect
    set_api_key authenticate auth Api API TavilyClient Exa FirecrawlApp ElevenLabs Roboflow
    AuthApiKey ApiKeyAuth Auth set_token set_access_token save_token TokenAuth Bing Fred""".split()
)
# Functions that take a user and a password, in this order.
_WITH_USER = frozenset(
    """login authenticate auth HTTPBasicAuth HTTPDigestAuth HTTPProxyAuth BasicAuth DigestAuth
    basic_auth BasicAuthentication ClientAuthenticator PlainCredentials SimpleCredentials
    PasswordAuthenticator username_pw_set PlainTextAuthProvider UserPassword""".split()
)
# Names of such pairs: `auth=("user", "x")`.
_PAIRS = frozenset("auth basic_auth http_auth proxy_auth credentials creds login".split())
# Functions that take a credential at a place of their own: its number and its name.
_POSITIONS = {
    "AzureKeyCredential": (0, "azure_key"),
    "ClientSecretCredential": (2, "client_secret"),
    "ForeignExchange": (0, "alphavantage_api_key"),
    "FTP": (2, "password"),
    "FTP_TLS": (2, "password"),
    "Fernet": (0, "fernet_key"),
    "FundamentalData": (0, "alphavantage_api_key"),
    "Minio": (2, "secret_key"),
    "OAuth1": (1, "client_secret"),
    "OAuthHandler": (1, "consumer_secret"),
    "OAuth1UserHandler": (1, "consumer_secret"),
    "TechIndicators": (0, "alphavantage_api_key"),
    "TelegramClient": (2, "telegram_api_key"),
    "TimeSeries": (0, "alphavantage_api_key"),
    "URLSafeSerializer": (0, "secret_key"),
    "URLSafeTimedSerializer": (0, "secret_key"),
    "hmac.new": (0, "hmac_key"),
    "jwt.decode": (1, "jwt_secret"),
    "jwt.encode": (1, "jwt_secret"),
    "MySQLdb.connect": (2, "password"),
    "cx_Oracle.connect": (1, "password"),
    "oracledb.connect": (1, "password"),
    "pymssql.connect": (2, "password"),
    "pymysql.connect": (2, "password"),
    "set_password": (2, "password"),
    "setpassword": (0, "password"),
}
# Keywords that are credentials of some functions, and no word for one elsewhere.
_KEYWORDS = {"subscription": ("SpeechConfig", "subscription_key")}
# Keywords that hold what an option, a field or a widget has at first, and those that name it.
DEFAULTS = ("default", "value", "default_value", "initial", "fallback")
_LABELS = ("name", "label", "description", "placeholder", "envvar", "dest")
_LABEL_WORDS = 6  # a longer one is a sentence


def called(code: Code, call: ast.Call) -> Iterator[Found]:
    """The names that a call binds, with their values."""
    callee = code.name(call.func)
    owner, _, method = callee.rpartition(".")
    for keyword in call.keywords:
        if keyword.arg:
            form: Form = "environ" if owner in ENVIRONMENT else "argument"
            form = "dict" if callee == "dict" else form
            function, name = _KEYWORDS.get(keyword.arg, ("", keyword.arg))
            yield name if function in method else keyword.arg, keyword.value, form, callee
            yield from paired(keyword.arg, keyword.value, callee)
    yield from _declared(call, callee)
    at, name = _POSITIONS.get(callee) or _POSITIONS.get(method, (0, ""))
    if name and len(call.args) > at:
        yield name, call.args[at], "argument", callee
    elif method in _SETTERS:
        environment = owner in ENVIRONMENT or method in ("putenv", "setenv", "set_env", "getenv")
        for label, value in zip(call.args, call.args[1:]):  # noqa: B905  # neighbours
            if isinstance(label, ast.Constant) and isinstance(label.value, str):
                yield label.value, value, "environ" if environment else "argument", callee
    elif method == "update" and owner in ENVIRONMENT:
        for argument in call.args:
            if isinstance(argument, ast.Dict):
                for key, value in entries(argument):
                    yield key, value, "environ", ""
    elif method in _WITH_USER and len(call.args) == 2:
        yield "password", call.args[1], "argument", callee
    elif call.args and (method in _LOGINS or method.endswith(("Client", "Api", "API"))):
        yield "key", call.args[0], "argument", callee
    elif len(call.args) == 1 and method.startswith(("set_", "with_")):
        yield method, call.args[0], "argument", callee
    elif method == "send_keys" and call.args and _is_password_field(code, call.func):
        yield "password", call.args[0], "argument", callee
    elif callee == "zip" and len(call.args) == 2:
        yield from _zipped(*call.args)


def _is_password_field(code: Code, method: ast.expr) -> bool:
    """Whether what a method is called on is found by, or called after, a password."""
    start, end = code.span(method)
    return bool(re.search(r"passw|passphrase|passcode|pwd", code.source[start:end], re.IGNORECASE))


def entries(node: ast.Dict) -> Iterator[tuple[str, ast.expr]]:
    """The entries of a dictionary whose keys are strings."""
    for key, value in zip(node.keys, node.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield key.value, value


def paired(name: str, value: ast.expr, callee: str = "") -> Iterator[Found]:
    """User and password, in this order: `auth=("me", "x")`, `auth=[("me", "x"), ("you", "y")]`."""
    if name.lower() not in _PAIRS:
        return
    match value:
        case (
            ast.Tuple(elts=[ast.Constant() | ast.Name(), ast.expr() as password])
            | ast.List(elts=[ast.Constant() | ast.Name(), ast.Constant() as password])
        ):
            yield "password", password, "argument", callee
        case ast.List(elts=pairs):
            for pair in pairs:
                yield from paired(name, pair, callee) if isinstance(pair, ast.Tuple) else ()


def _declared(call: ast.Call, callee: str) -> Iterator[Found]:
    """An option or a field with what it has at first: `option("--password", default="x")`."""
    labels = [arg for arg in call.args if isinstance(arg, ast.Constant)]
    labels += [
        keyword.value
        for keyword in call.keywords
        if keyword.arg in _LABELS and isinstance(keyword.value, ast.Constant)
    ]
    texts = [label.value.strip(" :.*?") for label in labels if isinstance(label.value, str)]
    named = [t for t in texts if len(t.split()) <= _LABEL_WORDS and names.sort(t)]
    if not named:
        return
    for keyword in call.keywords:
        if keyword.arg in DEFAULTS:
            yield named[0].lstrip("-"), keyword.value, "argument", callee
    if callee.rpartition(".")[2] == "Option" and named[0].startswith("--"):
        yield named[0].lstrip("-"), call.args[0], "argument", callee


def _zipped(first: ast.expr, second: ast.expr) -> Iterator[Found]:
    match first, second:
        case (
            (ast.List(elts=labels) | ast.Tuple(elts=labels)),
            (ast.List(elts=values) | ast.Tuple(elts=values)),
        ):
            for label, value in zip(labels, values):  # noqa: B905  # as `zip` does
                if isinstance(label, ast.Constant) and isinstance(label.value, str):
                    yield label.value, value, "dict", ""
