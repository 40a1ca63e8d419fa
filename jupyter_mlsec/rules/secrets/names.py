"""What a name says about its value: a password, a key, a token, a secret, or nothing of it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal
from unicodedata import normalize

from jupyter_mlsec.core.patterns import lazy

Sort = Literal["password", "key", "token", "secret"]

_WORD = lazy(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_PASSWORDS = frozenset(
    """pwd passphrase passwords passwort kennwort senha contrasena pswd passwrd
    passcode userpass parola haslo heslo sifre losenord wachtwoord adgangskode""".split()
)
_SHORT = frozenset(("pw", "psw", "mdp"))
# In scripts where a word is not cut off by blanks.
_FOREIGN = ("密码", "密碼", "口令", "パスワード", "пароль", "비밀번호")
# `pass` is also a word of signal processing and of loops.
_PASS_OF = frozenset(
    """db database user smtp mysql pg postgres root admin ftp sftp ssh redis mongo mongodb email
    mail login sudo auth rabbitmq basic proxy my es elastic neo4j sql server http imap ldap mq
    jenkins snowflake oracle rpc wifi mot de web app site vpn portal service svc account git github
    gitlab docker registry airflow superset grafana keystore truststore cert ssl tls hive""".split()
)
_SECRETS = frozenset("secret secrets credential credentials clientsecret secretkey".split())
_TOKENS = frozenset("token authorization bearer jwt pat authtoken accesstoken apitoken".split())
_KEYS = frozenset("key apikey appid accesskey authkey privatekey keyvalue".split())
# What a key opens, or whose it is. Others (`sort_key`, `cache_key`) name entries.
_KEY_OF = frozenset(
    """access account admin algolia amplitude anthropic api app application auth aws azure bing
    client cohere comet consumer datadog deepgram deepl deepseek elevenlabs encryption fal fernet
    fireworks gcp gemini github google gpt groq hf hmac huggingface ibm jina jwt kaggle langchain
    langfuse langsmith license llm lambda master mapbox minio mistral neptune newsapi ngc nvidia
    openai openrouter openweather perplexity pinecone private qdrant replicate roboflow root s3
    secret segment sendgrid serpapi serper service shared signing stability storage stripe
    subscription tavily together tmdb voyage wandb weather weaviate webhook write x xai zilliz
    hopsworks""".split()
)
_NOUNS = _PASSWORDS | _SECRETS | _TOKENS | _KEYS | {"password", "passwd", "pass"}
# Words around `token` in tokenizers, parsers and pagination.
_VOCABULARY = frozenset(
    """additional add audio begin bos cache class cls continuation csrf current cursor decoder
    delimiter dummy end eos extra first forced image input label last left mask max min new
    newline next next num oov open output pad padding page pagination patch placeholder
    prefix prev previous prompt question right same sentinel sep separator space special
    split start stop sub suffix sync target task text think tool trigger unk unknown video
    vocab word xsrf lang language""".split()
)
# A name that ends so is about a credential and doesn't hold one.
_ABOUT = frozenset(
    """algorithm alias arg args attribute attempts bytes cache callback class cls col column
    columns config confirm confirmation count description dict dir directory encoder encoding
    endpoint enabled env environ error exists expiration expires expiry extractor field fields
    file filename flag fmt folder format func function getter handler hash hashed header help
    hint id identifier ids idx index input instruction is kind label len length level limit link
    list loader location manager map mask max message method min mode model msg name names needed
    num option page param parameter path paths pattern placeholder policy prefix probability
    prompt provider ref reference regex required reset result rule schema scope scopes score
    selector separator service set size source spec state status store strength suffix
    template text title type types uri url usage valid var variable vault version warning""".split()
)
_NOT = frozenset(
    """public pub tokenizer tokenize tokenizers tokenization tokenized hash sha sha1 sha256 md5
    digest checksum etag commit revision keyboard keyword keypoint keypoints fingerprint column
    primary foreign partition sort idempotency dedup common weak leaked breached worst top candidate
    wrong invalid incorrect guess guessed""".split()
)
# What may follow the noun: `password2`, `API_KEY_PROD`, `token_value`.
_AFTER = frozenset(
    """value default str string raw plain plaintext prod production dev development staging
    stage test local old new main live current real here base64 b64 encoded""".split()
)


@lru_cache(maxsize=4096)
def words(name: str) -> tuple[str, ...]:
    """A name's words in lower case: `HF_apiKey2` gives `hf api key 2`."""
    name = name.replace("\\", "")
    if not name.isascii():
        name = (
            normalize("NFD", name.replace("ł", "l")).encode("ascii", "ignore").decode()
        )  # without accents
    return tuple(word.lower() for word in _WORD.findall(name))


@lru_cache(maxsize=4096)
def sort(name: str) -> Sort | None:
    """What the name says its value is; None where it names no credential."""
    if not name.isascii() and name.lower().endswith(_FOREIGN):
        return "password"
    parts = list(words(_own(name))) if "::" not in name else []
    while len(parts) > 1 and (parts[-1].isdigit() or parts[-1] in _AFTER):
        parts.pop()
    if not parts or parts[-1] in _ABOUT or not _NOT.isdisjoint(parts):
        return None
    last, before = parts[-1], frozenset(parts[:-1])
    if any(part in _PASSWORDS or part.endswith(("password", "passwd")) for part in parts):
        return "password"
    if last in _SHORT and len(before) < 2:
        return "password"
    if last in ("pass", "passe"):
        return "password" if not before or before & _PASS_OF else None
    if last in _KEYS:
        if last != "key" or before & (_KEY_OF | _SECRETS | _TOKENS):
            return "key"
        return None
    if last in _TOKENS or (last == "auth" and not before):
        return None if before & _VOCABULARY else "token"
    if not _SECRETS.isdisjoint(parts):
        return "secret"
    return None


def _own(name: str) -> str:
    """What says what the name is: its last part (`config.password`), and of a property as
    `fs.s3a.secret.key` the last two. Azure's names of accounts don't count."""
    name = re.sub(r"\.\w+\.(?:dfs|blob)\.core\.windows\.net$", "", name)
    head, _, last = name.rpartition(".")
    return f"{head.rpartition('.')[2]}_{last}" if last in ("key", "pass") else last


def ends_in_noun(name: str) -> bool:
    """Whether a name ends in what it is, so that many of it can be a list of credentials:
    `api_key`, `db_password`, not `password_hasher`."""
    last = words(name)[-1:]
    return sort(name) is not None and not _NOUNS.isdisjoint(last)


def is_bare_key(name: str) -> bool:
    """Whether the name is `key` and nothing else: a credential only beside a login."""
    return words(name) == ("key",)


def variable(name: str) -> str:
    """The environment variable for a name: `dbPassword` gives `DB_PASSWORD`."""
    return "_".join(words(name)).upper() or "SECRET"
