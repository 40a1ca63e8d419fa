"""Private keys in PEM, OpenSSH, PGP and PuTTY's formats."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.model import Hit, Severity, Span
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import EVERYWHERE, Bad, Good, Hint, family

if TYPE_CHECKING:
    from jupyter_mlsec.core.view import View

rule = family("secrets")

_DASHES = "-----"  # so that no key block stands in this file
HINTS = (
    Hint(
        "secrets.private-key",
        rf"{_DASHES}BEGIN [A-Z0-9 ]{{0,30}}PRIVATE KEY|PuTTY-User-Key-File-[0-9]",
        ("private key", "putty-user-key-file"),
    ),
)
_BEGIN = lazy(
    rf"{_DASHES}BEGIN ([A-Z0-9 ]{{0,30}})PRIVATE KEY( BLOCK)?{_DASHES}|PuTTY-User-Key-File-\d"
)
_END = lazy(rf"{_DASHES}END [A-Z0-9 ]{{0,30}}PRIVATE KEY(?: BLOCK)?{_DASHES}|Private-MAC: \w+")
_RUN = lazy(r"[A-Za-z0-9+/]{20,}={0,2}")
_LONGEST = 16_000
_LEAST = 40  # the base64 of an Ed25519 key alone


@rule(
    "private-key-block",
    "A private key stands in the notebook",
    severity=Severity.CRITICAL,
    hints=HINTS,
    parts=EVERYWHERE,
    references=("CWE-321", "AML.T0055"),
    examples=(
        Bad(
            f'key = """{_DASHES}BEGIN PRIVATE KEY{_DASHES}\n{{b64:64}}\n{{b64:64}}\n'
            f'{_DASHES}END PRIVATE KEY{_DASHES}"""',
            at=f"{_DASHES}BEGIN PRIVATE KEY{_DASHES}\n{{b64:64}}\n{{b64:64}}\n"
            f"{_DASHES}END PRIVATE KEY{_DASHES}",
            secret=True,
        ),
        Bad(
            f"%%writefile id_rsa\n{_DASHES}BEGIN RSA PRIVATE KEY{_DASHES}\n{{b64:64}}\n{{b64:64}}\n"
            f"{_DASHES}END RSA PRIVATE KEY{_DASHES}\n",
            at=f"{_DASHES}BEGIN RSA PRIVATE KEY{_DASHES}\n{{b64:64}}\n{{b64:64}}\n"
            f"{_DASHES}END RSA PRIVATE KEY{_DASHES}",
            secret=True,
        ),
        Bad(
            f'account = {{{{"private_key": "{_DASHES}BEGIN PRIVATE KEY{_DASHES}\\n{{b64:64}}\\n'
            f'{{b64:64}}\\n{_DASHES}END PRIVATE KEY{_DASHES}\\n"}}}}',
            at=f"{_DASHES}BEGIN PRIVATE KEY{_DASHES}\\n{{b64:64}}\\n"
            f"{{b64:64}}\\n{_DASHES}END PRIVATE KEY{_DASHES}",
            secret=True,
        ),
        Bad(
            f"# {_DASHES}BEGIN OPENSSH PRIVATE KEY{_DASHES}\n# {{b64:64}}\n# {{b64:64}}\n"
            f"# {_DASHES}END OPENSSH PRIVATE KEY{_DASHES}",
            at=f"{_DASHES}BEGIN OPENSSH PRIVATE KEY{_DASHES}\n# {{b64:64}}\n# {{b64:64}}\n"
            f"# {_DASHES}END OPENSSH PRIVATE KEY{_DASHES}",
            secret=True,
        ),
        Good('key = open("/run/secrets/id_rsa").read()', because="it stands elsewhere"),
        Good(
            f'key = "{_DASHES}BEGIN PRIVATE KEY{_DASHES}\\n...\\n'
            f'{_DASHES}END PRIVATE KEY{_DASHES}"',
            because="nothing is in it",
        ),
        Good(
            f'is_key = text.startswith("{_DASHES}BEGIN RSA PRIVATE KEY{_DASHES}")', because="a test"
        ),
        Good(
            f"{_DASHES}BEGIN PUBLIC KEY{_DASHES}\n{{b64:64}}\n{_DASHES}END PUBLIC KEY{_DASHES}",
            because="public",
            language="text",
            secret=True,
        ),
    ),
)
def private_key_block(view: View) -> Iterator[Hit]:
    """A private key proves who its owner is, for years, and to every host that knows the public
    one. It must be replaced everywhere once it has been seen."""
    end = 0
    for line in view.marked("secrets.private-key"):
        for begin in _BEGIN.finditer(view.source, line.start, line.end):
            if begin.start() < end:
                continue
            span = _block(view.source, begin)
            if span:
                end = span.end
                yield Hit(
                    span,
                    "a private key: replace it wherever its public key is known, and load the new "
                    "one from a secret store",
                    kind="private-key",
                    secret=view.source[span.start : span.end],
                )


def _block(source: str, begin: re.Match[str]) -> Span | None:
    """The key from its first line to its last, or as far as its base64 goes; None for a block
    with nothing in it. Quotes, line ends and escapes between the lines don't matter."""
    stop = begin.end() + _LONGEST
    following = source.find(f"{_DASHES}BEGIN ", begin.end(), stop)
    if following >= 0:
        stop = following  # or a text of nothing but beginnings would be read again for each
    last = _END.search(source, begin.end(), stop)
    stop = last.start() if last else stop
    runs: list[re.Match[str]] = []
    position = begin.end()
    for run in _RUN.finditer(source, begin.end(), stop):
        if not last and run.start() - position > 40:
            break
        runs.append(run)
        position = run.end()
    body = "".join(run[0] for run in runs)
    if len(body) < _LEAST or len(set(body)) < 16:
        return None
    return Span(begin.start(), last.end() if last else position)
