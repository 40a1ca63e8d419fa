"""Passwords as people invent them, keys without a format, and what stands in their stead."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from jupyter_mlsec.core.formats import sample

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

WORDS = (
    "amber anchor apollo arrow aurora autumn badger bamboo banjo barley beacon berlin bishop "
    "bronze cactus camel canyon castle cedar cherry cobalt comet copper coral cosmos cricket "
    "dakota delta diesel dragon eagle ember falcon fender forest galaxy garden ginger glacier "
    "granite harbor hazel helium hornet indigo island jaguar jasper jungle kayak kernel kitten "
    "lantern lemon lisbon lizard london madrid magnet mango maple marble meadow mercury monkey "
    "nebula nickel ocean olive orchid otter oxygen panda pepper phoenix pirate planet purple "
    "python quartz rabbit raven ribbon river rocket saturn shadow silver sparrow spring summer "
    "sunset sushi tango thunder tiger topaz tulip turtle velvet violet walnut winter wizard zebra"
).split()
NAMES = "alice anna bob carlos david elena felix hans ivan julia kim lucas maria nina omar".split()
_SYMBOLS = "!#$*&%^~"
_LEET = str.maketrans("aeiost", "431057")


class Named(NamedTuple):
    """A generic credential and the name it is bound to; the upper case is the variable of the
    environment. `style` says how it was made."""

    style: str
    value: str
    name: str


def _word_and_year(r: Random) -> str:
    return r.choice(WORDS).title() + str(r.randint(1960, 2026)) + r.choice("!#*$")


def _word_and_digits(r: Random) -> str:
    return r.choice(WORDS) + str(r.randint(10, 9999))


def _two_words(r: Random) -> str:
    return r.choice(WORDS).title() + r.choice(WORDS).title() + str(r.randint(1, 99))


def _name_at_year(r: Random) -> str:
    return r.choice(NAMES).title() + "@" + str(r.randint(1970, 2012))


def _leet(r: Random) -> str:
    return (r.choice(WORDS) + r.choice(WORDS)).title().translate(_LEET) + r.choice(_SYMBOLS)


def _passphrase(r: Random) -> str:
    return "-".join(r.sample(WORDS, 4))


def _underscored(r: Random) -> str:
    return r.choice(WORDS).title() + "_" + r.choice(WORDS) + "_" + str(r.randint(10, 999))


def _keyboard(r: Random) -> str:
    row = r.choice(["qwertyuiop", "asdfghjkl", "zxcvbnm", "yxcvbnm"])
    return row[: r.randint(4, 6)] + sample("{d:4}", r) + r.choice(_SYMBOLS)


def _company(r: Random) -> str:
    return r.choice(WORDS).title() + r.choice(["Labs", "Corp", "Data"]) + "#" + sample("{d:3}", r)


def _format(template: str) -> Callable[[Random], str]:
    return lambda r: sample(template, r)


_PASSWORDS: dict[str, Callable[[Random], str]] = {
    "word and year": _word_and_year,
    "word and digits": _word_and_digits,
    "two words": _two_words,
    "name at year": _name_at_year,
    "leet": _leet,
    "passphrase": _passphrase,
    "underscored": _underscored,
    "keyboard": _keyboard,
    "company": _company,
    "random 8": _format("{a:2}{A:1}{d:2}{pw:3}"),
    "random 12": _format("{pw:12}"),
    "random 16": _format("{an:16}"),
    "random 20": _format("{pw:20}"),
}
_KEYS: dict[str, Callable[[Random], str]] = {
    "hex 32": _format("{hex:32}"),
    "hex 40": _format("{hex:40}"),
    "hex 64": _format("{hex:64}"),
    "base62 24": _format("{an:24}"),
    "base62 32": _format("{an:32}"),
    "base62 40": _format("{an:40}"),
    "upper 20": _format("{AN:20}"),
    "urlsafe 43": _format("{w:43}"),
    "base64 32 bytes": lambda r: base64.b64encode(r.randbytes(32)).decode(),
    "base64 64 bytes": lambda r: base64.b64encode(r.randbytes(64)).decode(),
    "prefixed": lambda r: r.choice(["acme", "corp", "live", "prod"]) + "_" + sample("{an:28}", r),
    "dotted": _format("{an:8}.{an:32}"),
}
_PASSWORD_NAMES = (
    "password passwd pwd db_password db_pass mysql_password postgres_password admin_password "
    "smtp_password user_password passphrase redis_password mqtt_password snowflake_password "
    "PASSWORD DB_PASSWORD my_password email_password passwort senha contrasena mot_de_passe"
).split()
_KEY_NAMES = (
    "api_key apikey API_KEY my_api_key secret_key client_secret token auth_token access_token "
    "api_token secret SECRET_KEY bearer_token private_token signing_key encryption_key "
    "webhook_secret refresh_token app_secret service_key api_secret consumer_secret jwt_secret"
).split()


def passwords(random: Random, count: int) -> list[Named]:
    """Passwords in all styles in turn, under names in turn."""
    styles = list(_PASSWORDS.items())
    return [
        Named(style, make(random), random.choice(_PASSWORD_NAMES))
        for style, make in (styles[i % len(styles)] for i in range(count))
    ]


def keys(random: Random, count: int) -> list[Named]:
    """Keys in all styles in turn, under names in turn."""
    styles = list(_KEYS.items())
    return [
        Named(style, make(random), random.choice(_KEY_NAMES))
        for style, make in (styles[i % len(styles)] for i in range(count))
    ]


def url_password(random: Random) -> str:
    """A password as it stands in a URL: symbols percent-encoded, or none."""
    style = random.choice(list(_PASSWORDS))
    return quote(_PASSWORDS[style](random), safe="!*~-_.$&")


# `@w@` is the password; the rest is what vendors' documentation of connection strings shows.
CONNECTIONS = (
    "postgresql://analyst:@w@@db.internal.acme.io:5432/sales",
    "postgresql+psycopg2://ml_user:@w@@10.0.3.17/features",
    "postgres://app:@w@@ep-cool-darkness-123456.eu-central-1.aws.neon.tech/main?sslmode=require",
    "mysql+pymysql://root:@w@@127.0.0.1:3306/shop",
    "mysql://reader:@w@@mysql-prod/warehouse",
    "mongodb+srv://svc:@w@@cluster0.ab1cd.mongodb.net/test?retryWrites=true",
    "mongodb://admin:@w@@mongo1:27017,mongo2:27017/?replicaSet=rs0",
    "redis://:@w@@redis-cache:6379/0",
    "rediss://default:@w@@eu1-mole.upstash.io:6379",
    "amqp://worker:@w@@rabbit.acme.io:5672/vhost",
    "snowflake://etl:@w@@xy12345.eu-west-1/ANALYTICS/PUBLIC?warehouse=WH",
    "redshift+psycopg2://loader:@w@@rs.acme.io:5439/dev",
    "mssql+pyodbc://sa:@w@@sql01/erp?driver=ODBC+Driver+17+for+SQL+Server",
    "clickhouse://default:@w@@ch.acme.io:9000/logs",
    "neo4j://neo4j:@w@@graph.acme.io:7687",
    "ftp://uploads:@w@@ftp.acme.io/in",
    "https://crawler:@w@@artifacts.acme.io/simple/",
    "trino://hans:@w@@trino.acme.io:8443/hive",
    "Server=tcp:sql.acme.io,1433;Database=erp;User ID=svc;Password=@w@;Encrypt=True;",
    "DRIVER={ODBC Driver 17 for SQL Server};SERVER=sql01;DATABASE=erp;UID=svc;PWD=@w@",
    "host=db.acme.io dbname=sales user=analyst password=@w@",
)

PLACEHOLDERS = (
    "your-api-key", "YOUR_API_KEY", "YOUR_API_KEY_HERE", "<your-token>", "<YOUR_TOKEN_HERE>",
    "your_token_here", "your-password", "xxxxxxxx", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "********",
    "...", "changeme", "change-me", "CHANGE_ME", "insert-your-key-here", "INSERT_TOKEN_HERE",
    "replace_me", "REPLACE_WITH_YOUR_KEY", "enter your key", "TODO", "FIXME", "None", "null",
    "dummy", "dummy-key", "fake-key", "test-key", "example", "example-key", "my-secret-token",
    "sk-...", "sk-your-key-here", "sk-xxxxxxxxxxxxxxxxxxxxxxxx", "hf_...", "hf_xxxxxxxxxxxxxxxxx",
    "hf_your_token", "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "AIza...", "${API_KEY}", "$TOKEN",
    "{token}", "{{ api_key }}", "%(password)s", "[your key]", "(your key)", "tu-clave-aqui",
    "VOTRE_CLE_API", "dein-passwort", "sua_senha_aqui", "password", "secret", "token", "redacted",
    "REDACTED", "[REDACTED]", "<redacted>", "hidden", "EMPTY", "not-needed", "abc123", "foo",
    "string", "paste-your-token-here", "put_your_key_here", "not-a-real-key", "optional",
)  # fmt: skip
