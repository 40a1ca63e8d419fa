"""Credentials in notebooks: one rule per kind of evidence, in order of precedence.

Where two rules find the same characters, the one listed first reports them. `KINDS` are the
credentials that `provider-token` knows, selected as `provider-token:openai-api-key`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.model import Hit
from jupyter_mlsec.core.rule import Rule
from jupyter_mlsec.rules.secrets import provider_token as whole
from jupyter_mlsec.rules.secrets import wrapped
from jupyter_mlsec.rules.secrets.assigned import (
    assigned_credential_literal,
    credential_in_call_argument,
)
from jupyter_mlsec.rules.secrets.environ import secret_set_in_environ
from jupyter_mlsec.rules.secrets.jupyter_token import jupyter_token_in_notebook
from jupyter_mlsec.rules.secrets.kinds import KINDS
from jupyter_mlsec.rules.secrets.presigned import presigned_or_sas_url
from jupyter_mlsec.rules.secrets.printed import secret_printed
from jupyter_mlsec.rules.secrets.private_key import private_key_block
from jupyter_mlsec.rules.secrets.shell import secret_in_shell_command
from jupyter_mlsec.rules.secrets.url import credential_in_url

if TYPE_CHECKING:
    from jupyter_mlsec.core.view import View

__all__ = ["KINDS", "RULES"]


def _provider_token(view: View) -> Iterator[Hit]:
    """Tokens as they are, then those that are split, encoded or escaped."""
    yield from whole.provider_token.check(view)
    yield from wrapped.folded(view)
    yield from wrapped.encoded(view)
    yield from wrapped.escaped(view)


# A signed address holds a key's id, which alone says less: so it comes first.
RULES: tuple[Rule, ...] = (
    presigned_or_sas_url,
    whole.provider_token._replace(
        check=_provider_token,
        tags=whole.HINTS.tags + wrapped.HINTS.tags,
        make_hints=lambda: whole.HINTS.make() + wrapped.HINTS.make(),
    ),
    private_key_block,
    credential_in_url,
    jupyter_token_in_notebook,
    secret_set_in_environ,
    secret_in_shell_command,
    credential_in_call_argument,
    assigned_credential_literal,
    secret_printed,
)
