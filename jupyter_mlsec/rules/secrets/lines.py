"""Names bound to values in text that is no code: configuration, shell, outputs, prose, comments.

Only marked lines are looked at. A line is read as it looks without markup (`plain`).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.model import Span
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.rules.secrets import flags, names
from jupyter_mlsec.rules.secrets.binding import Binding, Form
from jupyter_mlsec.rules.secrets.hints import FLAG_TAGS
from jupyter_mlsec.rules.secrets.line import Line, is_shell, readings

if TYPE_CHECKING:
    from jupyter_mlsec.core.view import View

_CONFIGURATION = ("dotenv", "toml", "json", "conda", "dockerfile", "yaml", "shell", "actions")
_KEYWORD = lazy(
    r"pass|pwd|pswd|kennwort|senha|contrase|key|token|secret|credential|auth|bearer|jwt|\bpat\b|appid"
    r"|(?:\b|_)(?:pw|psw|mdp)\b|wachtwoord|has[lł]o|heslo|[sş]ifre|l[oö]senord"
    r"|adgangskode|parola|密码|密碼|口令|パスワード|пароль|비밀번호",
    re.IGNORECASE,
)
_NAME_END = lazy(r"(?:[\w.-]|\\_)*")
_NAME_START = lazy(
    r"(?:\b(?:api|access|secret|auth|account|private|client|bearer|service|signing|encryption|webhook"
    r"|license|subscription|app|admin|master|consumer|shared|storage)[ ])?(?:[\w.-]|\\_){0,60}\Z",
    re.IGNORECASE,
)
_REST = lazy(
    r"""
    (?P<close> \\?["'`\]*)]{0,4} )
    (?P<operator>
        [ \t]*
        (?: (?: :[ \t]*(?:Optional\[)?(?:Secret)?(?:str|bytes|string)\b[\w\]| ]{0,12} )? = [=>]?
          | := | <<?- | <<< | : | \uff1a | , ) [ \t]*
        (?: \\?["']?value\\?["']?[ \t]*[:=,][ \t]* )?
      | [ \t]+is[ \t]+(?:set[ \t]+to[ \t]+)?
      | [ \t]{2,} | [ \t]*[|│┆\t][ \t]* | [ ]&[ ]
    )
    (?:[*_]{1,3}[ \t]*)?
    (?: [rbuf]{0,2} (?:\([ \t]*)? \\?(?P<quote>["'`])
        (?P<quoted> (?:(?!\\?(?P=quote))[^\n]){0,4096} ) \\?(?P=quote)
      | (?P<bare> (?:(?:bearer|basic|token|apikey)[ \t]+)? [^\s"'`<>]{1,4096} )
    )
    """,
    re.VERBOSE | re.IGNORECASE,
)
# A call, or an item of something: no value that stands for itself.
_CODE = lazy(r"[A-Za-z_][\w.]*(?:\([\w.=, ]*(?:[\"')]|$)|\[(?:[\"']|\w+\]))")
_NAME_LINE = lazy(
    r"(?:name|key|description|placeholder)\\?[\"']?[ \t]*[:=][ \t]*\\?[\"']?"
    r"(?P<name>[\w .-]+?):?\\?[\"']?,?[ \t]*\Z",
    re.IGNORECASE,
)
_VALUE_LINE = lazy(
    r"\n[ \t-]*\\?[\"']?(?:value|default)\\?[\"']?[ \t]*[:=][ \t]*"
    r"(?P<quote>\\?[\"']?)(?P<value>[^\n\"'\\]+)(?P=quote),?[ \t]*(?:\n|\Z)"
)
_ATTRIBUTE = lazy(
    r"\b(?:name|id|for)=[\"'](?P<name>[\w.-]+)[\"'][^<>\n]{0,80}?[ \t]value=(?P<quote>[\"'])"
    r"(?P<value>[^\"'\n]+)(?P=quote)"
)
_BEARER = lazy(r"\b(?P<name>bearer|basic)[ \t]+(?P<value>[\w+/=.~-]{16,})", re.IGNORECASE)
_SQL = lazy(
    r"\b(?:identified[ \t]+(?:with[ \t]+\w+[ \t]+)?by|password|secret)[ \t]+"
    r"(?P<quote>[\"'])(?P<value>[^\"'\n]{4,80})(?P=quote)",
    re.IGNORECASE,
)
_SET = lazy(
    r"(?:^|[ \t!])(?:%env|%set_env|ENV|setx|setenv)[ \t]+(?P<name>[A-Za-z_]\w*)[ \t]+"
    r"(?P<quote>[\"']?)(?P<value>[^\s\"'=][^\s\"']*)(?P=quote)"
)
_ENVIRON = lazy(r"(?:%env|%set_env|\bENV|\bsetx|\bsetenv)[ \t]+$")
_SHELL = lazy(
    r"(?:\bexport|(?:^|[ \t])(?:-e|--env|--build-arg|--set|-D))[ \t=]*[\"']?$|^[ \t]*[!$][^=]*$"
)
_ELEMENT = lazy(r"<(?P<name>[\w.:-]{2,60})>(?P<value>[^<>\s]{4,200})</(?P=name)>")
_PROPERTY = lazy(
    r"<name>(?P<name>[\w.:-]{2,80})</name>[ \t]*<value>(?P<value>[^<>\s]{4,200})</value>"
)
_NETRC = lazy(r"(?:\blogin[ \t]+\S+[ \t]+|^[ \t]*)password[ \t]+(?P<value>\S+)[ \t]*(?:$|[\"'|>])")
# https://www.postgresql.org/docs/current/libpq-pgpass.html
_PGPASS = lazy(
    r"(?:^|[ \t\"'])[\w.*-]+:(?:\d{2,5}|\*):[\w*-]+:[\w*.-]+"
    r":(?P<value>[^\s:\"']+)[\"']?[ \t]*(?:$|[|>])"
)
_USER_AND = lazy(
    r"\b(?:logins?|credentials|creds|account|user(?:name)?[ \t]?/[ \t]?pass\w*)"
    r"[\"'`*]*[ \t]*[:=][ \t*`]*[\w.@+-]+[ \t`*]*/[ \t`*]*(?P<value>[^\s/`]+)",
    re.IGNORECASE,
)
_LOGIN = lazy(r"username|login|client\(|kaggle", re.IGNORECASE)


# Each with words of which one is in every line that matches: most lines need no pattern.
_SPECIAL: tuple[tuple[re.Pattern[str], Form, tuple[str, ...]], ...] = (
    (_BEARER, "header", ("bearer", "basic")),
    (_SQL, "config", ("identified", "password", "secret")),
    (_SET, "environ", ("env", "setx")),
    (_ATTRIBUTE, "config", ("value=",)),
    (_ELEMENT, "config", ("</",)),
    (_PROPERTY, "config", ("<name>",)),
    (_NETRC, "config", ("password",)),
    (_PGPASS, "config", (":",)),
    (_USER_AND, "config", ("login", "credentials", "creds", "account", "user")),
)


def bindings(view: View, marked: tuple[Span, ...]) -> Iterator[Binding]:
    """What the marked lines bind, where they are no code that the syntax tree tells better."""
    text = view.text
    is_code = text.language == "python" and text.part in ("source", "file")
    by_flag = any(view.marked(tag) for tag in FLAG_TAGS)
    for span in marked:
        found = [*_paired(view, span)]
        for line in readings(text, span):
            found += (*_named(view, line), *_special(line))
            if by_flag:
                found += flags.bindings(view, line)
        for start, binding in found:
            if not is_code or _in_one(view.code.outside, start, binding.span.start):
                yield binding


def _in_one(spans: tuple[Span, ...], first: int, second: int) -> bool:
    """Whether two offsets stand in the same span."""
    at = bisect_right(spans, (first, 1 << 60)) - 1
    return at >= 0 and first < spans[at].end and second <= spans[at].end


def _named(view: View, line: Line) -> Iterator[tuple[int, Binding]]:
    """`name = value` and its kin, with the offset of the name."""
    for start, end in _names(line.text):
        name = line.text[start:end]
        if names.sort(name) is None and not names.is_bare_key(name):
            continue
        rest = _REST.match(line.text, end)
        if rest and (binding := _binding(view, line, Span(start, end), rest)):
            yield line.places[start], binding


def _names(line: str) -> Iterator[Span]:
    """The names in a line that have a word in them that credentials are called by."""
    end = 0
    for keyword in _KEYWORD.finditer(line):
        if keyword.start() < end:
            continue
        end_before, end = end, _matched(_NAME_END, line, keyword.end()).end()
        head = _NAME_START.search(line, max(end_before, keyword.start() - 60), keyword.start())
        yield Span(head.start() if head else keyword.start(), end)


def names_a_credential(line: str) -> bool:
    """Whether a name in a line of code, or the singular of one, can mean a credential."""
    found = [line[start:end] for start, end in _names(line)]
    found += [name[:-1] for name in found if name.endswith(("s", "S"))]
    return any(names.sort(name) or names.is_bare_key(name) for name in found)


def _matched(pattern: re.Pattern[str], text: str, position: int) -> re.Match[str]:
    match = pattern.match(text, position)
    assert match is not None  # noqa: S101  # a pattern that also matches nothing
    return match


def _binding(view: View, line: Line, name: Span, rest: re.Match[str]) -> Binding | None:
    before = line.text[max(0, name.start - 80) : name.start]
    operator = rest["operator"].strip()
    group = "quoted" if rest["quoted"] is not None else "bare"
    if before.endswith("::") or "arn:" in before[-60:]:
        return None
    if not operator and view.text.part != "output":
        return None
    if operator == "," and (group == "bare" or not rest["close"]):
        return None
    start, end = rest.span(group)
    if group == "bare":
        if line.text.endswith(("...", "…", "***"), start, end):
            return None  # cut off, masked, or a placeholder
        if _CODE.match(line.text, start) and view.text.language not in _CONFIGURATION:
            return None
        if operator == ":" and re.search("[\"']", rest["close"]):
            end = start + len(re.split(r"[,}\])]", line.text[start:end], maxsplit=1)[0])
        end = start + len(_bare(line.text[start:end], before))
        if re.match(r"[A-Za-z_][\w.-]*=[^=]", line.text[start:end]):
            return None  # `auth: user=me`
    word = line.text[name.start : name.end]
    if names.is_bare_key(word) and not _LOGIN.search(before):
        return None
    if end <= start:
        return None
    vouched = view.text.language in _CONFIGURATION or (group == "quoted" and "=" in operator)
    prose = not vouched and view.text.language != "python"
    if view.text.part in ("output", "metadata", "attachment") and "=" not in operator:
        prose = True
    value = line.text[start:end]
    return Binding(
        word, value, line.span(start, end), _form(view, line, before), before, None, prose
    )


def _bare(value: str, before: str) -> str:
    """An unquoted value without what follows it in its line."""
    if before.endswith(("?", "&")):
        value = re.split(r"[&#]", value, maxsplit=1)[0]
    value = re.split(r"[;\\|]|&&", value, maxsplit=1)[0]
    return re.sub(r"[,.:)\]}*]+\Z", "", value)


def _form(view: View, line: Line, before: str) -> Form:
    if _ENVIRON.search(before) or re.search(r"\benviron\W*$", before):
        return "environ"
    return "shell" if is_shell(view, line) or _SHELL.search(before) else "config"


def _paired(view: View, span: Span) -> Iterator[tuple[int, Binding]]:
    """A name on one line with its value on the next, as in lists of variables."""
    name = _NAME_LINE.search(view.source, span.start, span.end)
    value = _VALUE_LINE.match(view.source, span.end)
    if name and value:
        found = Span(*value.span("value"))
        binding = Binding(name["name"], value["value"], found, "config", prose=True)
        yield name.start(), binding


def _special(line: Line) -> Iterator[tuple[int, Binding]]:
    """Bindings without an operator: headers, SQL, `%env NAME value`."""
    lowered = line.text.lower()
    for pattern, form, words in _SPECIAL:
        if not any(word in lowered for word in words):
            continue
        for match in pattern.finditer(line.text):
            name = match.groupdict().get("name") or "password"
            value = match["value"]
            if form == "header":
                value, start = match[0], match.start()
            else:
                start = match.start("value")
            span = line.span(start, match.end("value"))
            yield line.places[match.start()], Binding(name, value, span, form)
