"""Credentials put into the environment from code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.model import Hit, Severity
from jupyter_mlsec.core.rule import EVERYWHERE, Bad, Good, family
from jupyter_mlsec.rules.secrets.hints import HINTS
from jupyter_mlsec.rules.secrets.hits import ask_at_run_time, credentials, hit

if TYPE_CHECKING:
    from jupyter_mlsec.core.view import View

rule = family("secrets")


@rule(
    "secret-set-in-environ",
    "A credential is put into the environment from a literal",
    severity=Severity.HIGH,
    hints=HINTS,
    parts=EVERYWHERE,
    references=("CWE-798", "AML.T0055"),
    examples=(
        Bad(
            'import os\nos.environ["ACME_API_KEY"] = "{an:32}"',
            at="{an:32}",
            fixed="from getpass import getpass\nimport os\n"
            'os.environ["ACME_API_KEY"] = getpass("ACME_API_KEY: ")',
            secret=True,
        ),
        Bad("%env ACME_API_KEY={an:32}", at="{an:32}", secret=True),
        Bad("%set_env ACME_TOKEN {an:32}", at="{an:32}", secret=True),
        Bad('os.environ.update({"ACME_TOKEN": "{an:32}"})', at="{an:32}", secret=True),
        Bad(
            'os.environ.setdefault("DB_PASSWORD", "{a:5}{d:2}!{A:3}")',
            at="{a:5}{d:2}!{A:3}",
            secret=True,
        ),
        Good('os.environ["TOKENIZERS_PARALLELISM"] = "false"', because="a switch, no credential"),
        Good('os.environ["OPENAI_API_KEY"] = "YOUR_API_KEY"', because="a placeholder"),
        Good('os.environ["HF_TOKEN"] = userdata.get("HF_TOKEN")', because="from a secret store"),
        Good('os.environ["WANDB_API_KEY"] = getpass()', because="asked for at run time"),
        Good("%env OPENAI_API_KEY=$key", because="a variable"),
        Good("%env CUDA_VISIBLE_DEVICES=0", because="no credential"),
    ),
)
def secret_set_in_environ(view: View) -> Iterator[Hit]:
    """The environment is the right place to read a credential from, but the literal that fills
    it stays in the notebook, and every child process inherits it."""
    for binding, credential in credentials(view, ("environ",)):
        message = (
            f"{credential.what} for `{binding.name}` stands in the notebook: revoke it, and set "
            "the variable outside or ask for it with getpass"
        )
        yield hit(binding, credential, message, ask_at_run_time(view, binding))
