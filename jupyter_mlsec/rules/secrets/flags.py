"""Credentials as options and arguments of commands: `--token x`, `curl -u me:x`, `mysql -px`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.rules.secrets.binding import Binding
from jupyter_mlsec.rules.secrets.line import Line, is_shell

if TYPE_CHECKING:
    from jupyter_mlsec.core.view import View

_VALUE = r"(?P<quote>[\"']?)(?P<value>[^\s\"'=-][^\s\"']{3,})(?P=quote)"


def _command(pattern: str) -> re.Pattern[str]:
    return lazy(pattern.replace("VALUE", _VALUE), re.IGNORECASE)


# What may stand between a command and its option is bounded as in the hints: without, a long line
# of nothing but commands would take time with its square.
# Each with the name that its value has (where the pattern has a group `name`, that is it) and with
# words of which one is in every line that matches: most lines need no pattern.
_COMMANDS: tuple[tuple[re.Pattern[str], str, tuple[str, ...]], ...] = (
    (
        _command(
            r"(?<![\w-])--?(?P<name>[a-z][\w-]*(?:token|password|passwd|secret|key|pass|pw|pwd)|token"
            r"|password|passwd|secret|pass|pw|pwd|mdp|senha)(?:=|[ \t]+)VALUE"
        ),
        "",
        ("-",),
    ),
    (_command(r"\bsshpass[ \t]+-p[ \t]?VALUE"), "password", ("sshpass",)),
    (
        _command(
            r"\b(?:curl|wget|http|https|xh)\b[^\n]{0,300}?[ \t]"
            r"(?:-u|--user|-a|--auth|--proxy-user)[ =]?[\"']?[^\s:\"'/]+:(?P<value>[^\s\"']{3,})"
        ),
        "password",
        ("curl", "wget", "http", "xh"),
    ),
    (
        _command(r"^[ \t]*(?:-u|--user)[ =][\"']?[^\s:\"'/]+:(?P<value>[^\s\"']{3,})"),
        "password",
        ("-u",),
    ),
    (
        _command(r"\b(?:mysql\w*|mariadb\w*|7z[ar]?)\b[^\n|]{0,300}?[ \t]-pVALUE"),
        "password",
        ("mysql", "mariadb", "7z"),
    ),
    (_command(r"\blogin\b[^\n|]{0,300}?[ \t]-p[ \t]?VALUE"), "password", ("login",)),
    (
        _command(r"\b(?:mongo\w*|mongodump|mongoimport)\b[^\n|]{0,300}?[ \t]-p[ \t]VALUE"),
        "password",
        ("mongo",),
    ),
    (_command(r"\bredis-cli\b[^\n|]{0,300}?[ \t]-a[ \t]VALUE"), "password", ("redis-cli",)),
    (
        _command(r"\b(?:sqlcmd|bcp|unzip|zip)\b[^\n|]{0,300}?[ \t]-P[ \t]?VALUE"),
        "password",
        ("sqlcmd", "bcp", "zip"),
    ),
    (
        _command(
            r"\becho[ \t]+(?:-n[ \t]+)?VALUE[ \t]*\|[^\n]{0,100}"
            r"(?:password-stdin|\blogin\b|with-token|sudo[ \t]+-S)"
        ),
        "password",
        ("echo",),
    ),
    (
        _command(
            r"\bopenssl\b[^\n|]{0,300}?[ \t]-pass(?:in|out)?[ \t]+pass:"
            r"(?P<value>[^\s\"']+)"
        ),
        "password",
        ("openssl",),
    ),
    (
        _command(
            r"\bmc[ \t]+(?:alias[ \t]+set|config[ \t]+host[ \t]+add)(?:[ \t]+\S+){3}[ \t]+VALUE"
        ),
        "password",
        ("mc",),
    ),
    (_command(r"\bwandb[ \t]+login[ \t]+(?:--?\w+[ \t]+)*VALUE"), "wandb_api_key", ("wandb",)),
    (
        _command(r"\bkaggle[ \t]+config[ \t]+set[ \t]+-n[ \t]+key[ \t]+-v[ \t]+VALUE"),
        "kaggle_key",
        ("kaggle",),
    ),
    (
        _command(
            r"\b(?:configure|config|modify|remote)[ \t][^\n|]{0,300}?"
            r"(?P<name>[\w.-]*(?:key|token|secret|password))[ \t]+VALUE"
        ),
        "",
        ("config", "modify", "remote"),
    ),
)


# Where it's sure to be a command, a word that names what follows: `ngrok authtoken x`.
_WORD = lazy(
    r"[ \t](?P<name>[\w.-]*(?:token|password|passwd|secret|(?:api|access)[_-]?key))[ \t]+" + _VALUE,
    re.IGNORECASE,
)


def bindings(view: View, line: Line) -> Iterator[tuple[int, Binding]]:
    """What the commands in a line are handed, with the offset where the command begins."""
    prose = not is_shell(view, line)
    lowered = line.text.lower()
    for pattern, fixed, words in _COMMANDS if prose else (*_COMMANDS, (_WORD, "", (" ", "\t"))):
        if not any(word in lowered for word in words):
            continue
        for match in pattern.finditer(line.text):
            name = fixed or match["name"].replace("-", "_")
            span = line.span(*match.span("value"))
            context = line.text[max(0, match.start() - 60) : match.start("value")]
            unsure = prose or pattern is _WORD
            yield (
                line.places[match.start()],
                Binding(name, match["value"], span, "shell", context, None, unsure),
            )
