"""Provider tokens that stand in no line as they are: split over literals, or encoded in base64.

These are looked for with the kinds of `provider-token`, and reported by that rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, TypeGuard

from jupyter_mlsec.core import formats
from jupyter_mlsec.core.model import Hit, Span
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rarity import is_random
from jupyter_mlsec.core.rule import Hint, Hints
from jupyter_mlsec.rules.secrets.filters import is_placeholder
from jupyter_mlsec.rules.secrets.kind import Kind
from jupyter_mlsec.rules.secrets.kinds import KINDS, is_prefixed, title
from jupyter_mlsec.rules.secrets.line import plain

if TYPE_CHECKING:
    import ast

    from jupyter_mlsec.core.model import Text
    from jupyter_mlsec.core.python import Code
    from jupyter_mlsec.core.view import Context, View

# The beginnings by which a split or encoded token is noticed: those that notebooks hold most.
PREFIXES = (
    "sk-ant-", "sk-proj-", "sk-svcacct-", "sk-or-", "sk-", "hf_", "ghp_", "gho_", "github_pat_",
    "glpat-", "AKIA", "ASIA", "AIza", "xoxb-", "xoxp-", "gsk_", "r8_", "pplx-", "nvapi-", "dapi",
    "pcsk_", "tvly-", "lsv2_", "npm_", "pypi-", "sk_live_", "rk_live_", "SG.", "dop_v1_", "hvs.",
    "xai-", "fw_", "dckr_pat_", "KGAT_", "dp.pt.", "ya29.", "glsa_", "shpat_", "fm2_", "eyJ",
    "api_org_", "https://hooks.slack.com/services/",
)  # fmt: skip
_ENCODED = lazy(r"(?<![\w+/=-])[A-Za-z0-9+/_-]{24,4096}={0,2}(?![\w+/=-])")


def _encoded_prefix(prefix: str) -> str:
    """The base64 characters that any text with this beginning has at its own."""
    from binascii import b2a_base64

    encoded = b2a_base64(prefix.encode(), newline=False).decode().rstrip("=")
    return encoded[: len(prefix) * 4 // 3]


def _alternatives(texts: Iterable[str]) -> str:
    return "|".join(sorted({re.escape(text) for text in texts}, key=lambda t: (-len(t), t)))


FOLDED, ENCODED, DECODED, ESCAPED = TAGS = (
    "secrets.folded", "secrets.encoded", "secrets.decoded", "secrets.escaped",
)  # fmt: skip


def _hints() -> tuple[Hint, ...]:
    escapable = (re.split("[-_]", p)[0] for p in PREFIXES if re.search("[-_]", p))
    encoded = [_encoded_prefix(prefix) for prefix in PREFIXES]
    return (
        Hint(
            FOLDED,
            # the first literal ends soon after the prefix, and another one or an operator follows
            rf"[\"'](?:{_alternatives(PREFIXES)})[\w./-]{{0,300}}[\"'][ \t]{{0,4}}"
            r"(?:[+,\"'%\\]|\.join|\.format|[)\]]|$|[rbf][\"']|#)",
            tuple(sorted({prefix.lower() for prefix in PREFIXES})),
        ),
        Hint(
            ENCODED,
            rf"(?:^|[\"'`=:, \t>(])(?:{_alternatives(encoded)})[A-Za-z0-9+/_-]{{20}}",
            tuple(sorted({prefix.lower() for prefix in encoded})),
            solid=True,
        ),
        Hint(
            DECODED,
            r"(?:b64decode|base64)[^\n]{0,60}[ \t\"'(][A-Za-z0-9+/_-]{24}"
            r"|[\"' \t][A-Za-z0-9+/_-]{24,200}={0,2}[\"']?[ \t]*\|[ \t]*(?:openssl[ \t]+)?base64",
            ("b64decode", "base64"),
        ),
        Hint(
            ESCAPED,
            rf"(?:{_alternatives(escapable)})(?:\\_|&#(?:45|95|x2[dD]|x5[fF]);)[\w&#;\\-]{{12}}",
            ("\\_", "&#"),
        ),
    )


HINTS = Hints(TAGS, _hints)


@cache
def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(formats.bounded(template))


def token_in(text: str) -> tuple[Kind, Span] | None:
    """The first kind of which a text holds a token, in the table's order, and where."""
    for kind in filter(is_prefixed, KINDS):
        for template in kind.format:
            if formats.anchor(template) in text and (span := _find(kind, template, text)):
                return kind, span
    return None


def _find(kind: Kind, template: str, text: str) -> Span | None:
    for match in _pattern(template).finditer(text):
        body = match[0].removeprefix(formats.literal_prefix(template))
        if (kind.check is None or kind.check(match[0])) and not is_placeholder(body):
            return Span(*match.span()) if not kind.rarity or is_random(body) else None
    return None


def is_forged(value: str) -> bool:
    """Whether a value has a vendor's format with a wrong checksum: an example, or mistyped."""
    return any(
        value.startswith(formats.literal_prefix(template) or value + " ")
        and _pattern(template).fullmatch(value)
        and not kind.check(value)
        for kind in KINDS
        if kind.check
        for template in kind.format
    )


def folded(view: View) -> Iterator[Hit]:
    """Tokens put together from literals and names, in one cell or over several."""
    lines = view.marked(FOLDED)
    if not lines or view.text.language != "python" or view.text.part not in ("source", "file"):
        return
    here = [(view.code.span(node), value) for node, value in sums(view, lines)]
    whole = [(span, value) for span, value in here if value not in view.source[slice(*span)]]
    for span, value in (*whole, *_finished_elsewhere(view, here)):
        if token := token_in(value):
            kind = token[0]
            yield Hit(
                span,
                f"{title(kind)} in the source, put together from parts: revoke it",
                kind=kind.id,
                severity=kind.severity,
                secret=value,
            )


def _finished_elsewhere(view: View, here: Iterable[tuple[Span, str]]) -> Iterator[tuple[Span, str]]:
    """The beginnings of tokens that are bound to a name here and put together in other cells, each
    with what they make there: `head = "hf_…"`, and then `login(head + "…")`."""
    import ast

    code = view.code
    spans = {span for span, value in here if value.startswith(PREFIXES)}
    for node in code.nodes if spans else ():
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=part) if code.span(part) in spans:
                for text, value in view.context.once(_finishing, name):
                    if text is not view.text:
                        yield code.span(part), value


def _finishing(context: Context, name: str) -> list[tuple[Text, str]]:
    """The strings that are put together with the help of a name, and the sources where."""
    mention = re.compile(rf"\b{name}\b")
    return [
        (text, value)
        for text in context.sources
        if mention.search(text.text)
        for names, value in context.once(_put_together, text)
        if name in names
    ]


def _put_together(context: Context, text: Text) -> list[tuple[set[str], str]]:
    """The strings that a source puts together with the help of names, and these names."""
    code = context.code(text)
    return [
        (names, value)
        for whole, names in _wholes(code)
        if names and (value := code.constant(whole, context.constants))
    ]


def _wholes(code: Code) -> Iterator[tuple[ast.expr, set[str]]]:
    """The outermost expressions that put strings together, with the names that they use."""
    import ast

    inner: set[ast.AST] = set()
    for node in code.nodes:
        if node not in inner and _puts_together(node):
            parts = [*ast.walk(node)]
            inner.update(parts)
            yield node, {part.id for part in parts if isinstance(part, ast.Name)}


def sums(view: View, lines: tuple[Span, ...]) -> Iterator[tuple[ast.expr, str]]:
    """The expressions that make a constant string from parts, and that stand on these lines or
    use names: outermost ones only, with the string."""
    code = view.code
    wanted = [code.line(line.start) for line in lines]
    for node, names in _wholes(code):
        near = any(node.lineno <= line <= (node.end_lineno or 0) for line in wanted)
        if near or names:
            value = code.constant(node, view.context.constants)
            if value:
                yield node, value


def _puts_together(node: ast.AST) -> TypeGuard[ast.expr]:
    import ast

    match node:
        case ast.BinOp(op=ast.Add() | ast.Mod()) | ast.JoinedStr() | ast.Constant(value=str()):
            return True
        case ast.Call(func=ast.Attribute(attr="join" | "format" | "replace")):
            return True
    return False


def escaped(view: View) -> Iterator[Hit]:
    """Tokens with characters that HTML or LaTeX writes otherwise."""
    for place in view.marked(ESCAPED):
        line = plain(view.text, place)
        if token := token_in(line.text):
            kind, span = token
            yield Hit(
                line.span(*span),
                f"{title(kind)}, written with escapes: revoke it",
                kind=kind.id,
                severity=kind.severity,
                secret=line.text[span.start : span.end],
            )


def encoded(view: View) -> Iterator[Hit]:
    """Tokens in base64, which hides them from people and from nobody else."""
    from binascii import Error, a2b_base64

    seen: set[Span] = set()
    for tag in (ENCODED, DECODED):
        for line in view.marked(tag):
            for match in _ENCODED.finditer(view.source, line.start, line.end):
                span = Span(*match.span())
                if span in seen:
                    continue
                seen.add(span)
                text = match[0].rstrip("=").replace("-", "+").replace("_", "/")
                try:
                    value = a2b_base64(text + "=" * (-len(text) % 4)).decode("ascii")
                except (Error, ValueError):
                    continue
                if token := token_in(value):
                    kind = token[0]
                    yield Hit(
                        span,
                        f"{title(kind)} in base64: revoke it",
                        kind=kind.id,
                        severity=kind.severity,
                        secret=match[0],
                    )
