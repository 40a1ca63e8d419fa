"""Credentials bound to a name: by an assignment, as an argument, in configuration, in a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.model import Confidence, Hit, Severity
from jupyter_mlsec.core.rule import EVERYWHERE, Bad, Good, family
from jupyter_mlsec.rules.secrets.hints import HINTS, TABLE_HINTS
from jupyter_mlsec.rules.secrets.hits import credentials, hit, read_at_run_time

if TYPE_CHECKING:
    from jupyter_mlsec.core.view import View

rule = family("secrets")


@rule(
    "credential-in-call-argument",
    "A password, key or token is written out as an argument",
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    hints=HINTS,
    references=("CWE-798", "AML.T0055"),
    examples=(
        Bad(
            'import os\nconn = connect(host="db", password="{a:5}{d:2}!{A:3}")',
            at="{a:5}{d:2}!{A:3}",
            fixed='import os\nconn = connect(host="db", password=os.environ["PASSWORD"])',
            secret=True,
        ),
        Bad(
            'from acme import Client\nclient = Client(api_key="{an:32}")',
            at="{an:32}",
            fixed="import os\nfrom acme import Client\n"
            'client = Client(api_key=os.environ["ACME_API_KEY"])',
            secret=True,
        ),
        Bad(
            'requests.get(url, auth=("me", "{a:4}{d:3}{A:3}!"))', at="{a:4}{d:3}{A:3}!", secret=True
        ),
        Bad(
            'db = psycopg2.connect("db1", "svc", password="{a:4}-{A:3}{d:4}")',
            at="{a:4}-{A:3}{d:4}",
            fixed='import os\ndb = psycopg2.connect("db1", "svc", password=os.environ["PASSWORD"])',
            secret=True,
        ),
        Good('connect(password=os.environ["DB_PASSWORD"])', because="it is read at run time"),
        Good('connect(password=getpass("Password: "))', because="it is asked for at run time"),
        Good('connect(password="<your password>")', because="a placeholder"),
        Good('Client(api_key="YOUR_API_KEY")', because="a placeholder"),
        Good('tokenizer.add_special_tokens(pad_token="[PAD]")', because="a word of a vocabulary"),
        Good('sorted(rows, key="created_at")', because="the key of a table"),
        Good('AutoModel.from_pretrained("org/name", token="hf_token")', because="a name"),
        Good('pd.merge(a, b, key="image_id_2024")', because="the key of a table"),
    ),
)
def credential_in_call_argument(view: View) -> Iterator[Hit]:
    """Whoever gets the notebook, its history or its outputs gets the credential. It can't be
    changed without an edit, and it shows in tracebacks."""
    for binding, credential in credentials(view, ("argument",)):
        where = f"`{binding.name}` of `{binding.callee}`" if binding.callee else f"`{binding.name}`"
        message = f"{credential.what} is written out as {where}: revoke it, and read it at run time"
        yield hit(binding, credential, message, read_at_run_time(view, binding))


@rule(
    "assigned-credential-literal",
    "A password, key or token is bound to a name",
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    hints=HINTS + TABLE_HINTS,
    parts=EVERYWHERE,
    references=("CWE-798", "CWE-259", "AML.T0055"),
    examples=(
        Bad(
            'DB_PASSWORD = "{a:6}{d:2}!{A:2}"',
            at="{a:6}{d:2}!{A:2}",
            fixed='import os\nDB_PASSWORD = os.environ["DB_PASSWORD"]',
            secret=True,
        ),
        Bad(
            "%%time\nfrom __future__ import annotations\n"
            'api_key = (\n    "{an:20}"\n    "{an:20}"\n)',
            at='"{an:20}"\n    "{an:20}"',
            fixed="%%time\nfrom __future__ import annotations\nimport os\n"
            'api_key = (\n    os.environ["API_KEY"]\n)',
            secret=True,
        ),
        Bad(
            'config = dict(db=dict(password="{a:4}{d:2}{A:4}!"))',
            at="{a:4}{d:2}{A:4}!",
            secret=True,
        ),
        Bad('# old: password = "{a:4}{d:2}{A:4}!"', at="{a:4}{d:2}{A:4}!", secret=True),
        Bad('if password == "{a:4}{d:2}{A:4}!": pass', at="{a:4}{d:2}{A:4}!", secret=True),
        Bad("DB_PASSWORD={a:4}{d:2}{A:4}!", at="{a:4}{d:2}{A:4}!", language="dotenv", secret=True),
        Bad("secret_key: {an:40}", at="{an:40}", language="yaml", secret=True),
        Good('password = "password"', because="a placeholder"),
        Good('password = "changeme"', because="a placeholder"),
        Good('api_key = "sk-..."', because="a placeholder"),
        Good('api_key = "xxxxxxxxxxxxxxxxxxxx1x"', because="a placeholder"),
        Good('token = os.getenv("HF_TOKEN")', because="it is read at run time"),
        Good('password = f"{user}_{suffix}"', because="it is put together at run time"),
        Good('secret_name = "prod/db/password1"', because="the name of a secret"),
        Good('token_type = "bearer-2"', because="it is about a token"),
        Good('eos_token = "<|endoftext|>"', because="a word of a vocabulary"),
        Good('token = "##ing"', because="a word of a vocabulary"),
        Good('primary_key = "customer_id_2024"', because="the key of a table"),
        Good('api_key_path = "/run/secrets/key1"', because="a path"),
        Good('api_key = "projects/12/secrets/key/versions/1"', because="a reference to a secret"),
        Good('commit_token = "{hex:8}"', because="too short for a key", secret=True),
        Good('key = "{hex:40}"', because="a name and nothing that says whose key", secret=True),
        Good("password: mot de passe", because="a translation", language="markdown"),
        Good("Password: required", because="a word about it", language="markdown"),
        Good("public_key: {b64:44}", because="public", language="yaml", secret=True),
        Good(
            'api_key: "{hex:8}-{hex:4}-4{hex:3}-a{hex:3}-{hex:12}"',
            because="a UUID identifies more often than it opens",
            language="yaml",
            secret=True,
        ),
    ),
)
def assigned_credential_literal(view: View) -> Iterator[Hit]:
    """A credential in a notebook goes wherever the notebook goes: into git, to reviewers, into
    the training data of code models. Deleting it later does not take it out of the history."""
    for binding, credential in credentials(
        view, ("assignment", "dict", "header", "config", "table")
    ):
        if binding.form == "table":
            message = (
                f"the column `{binding.name}` shows {credential.what}: drop it, clear the output"
            )
        else:
            message = (
                f"{credential.what} is bound to `{binding.name}`: revoke it, and read it at run "
                "time"
            )
        yield hit(binding, credential, message, read_at_run_time(view, binding))
