"""Which values stand for no credential: placeholders, references, names, words."""

from __future__ import annotations

import re
from binascii import Error, a2b_base64

from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rarity import is_random
from jupyter_mlsec.rules.secrets.names import words

# Anywhere in the value.
_FILLER = lazy(
    r"""your|example|placeholder|change.?me|change.?this|dummy|redacted|replace|insert|fixme|to-?do
    |(?<![a-wyz\d])x{4,}|x{4,}(?![a-wyz\d])|x{6,}|\*{3,}|\.{3}|…|•
    |_{4,}|-{4,}|<[^>]*>?$|paste|enter[ _-]|[ _-]here\b|n/a|foo_?bar
    |put[ _-](?:your|the)|abc123|123abc|not[ _-]?(?:a[ _-])?real|fake|hidden|masked|censored
    |(.)\1{5}""",
    re.VERBOSE | re.IGNORECASE,
)
# Variables and templates that are filled in elsewhere.
_TEMPLATE = lazy(
    r"\$\{|\$\(|\{\{|\{%|^\{[^{}]*\}$|^%\(?\w+\)?s?$|%s|^\$\w+$|^%\w+%$|^<|^\[[\w .:|-]*\]$"
    r"|\{[A-Za-z_][\w.\[\]'\"]*(?:![rsa])?(?::[\w,.<>^%=+-]*)?\}|\{\}"
    r"|^\$[A-Z_]+$|@\w+@|^!\w+|\bos\.environ|getenv|getpass\b"
    r"|\(\?[:P=!<]|\[\^|\[[A-Za-z]-[A-Za-z]|\\[wdsbWDSB]"  # a regular expression
)
_REFERENCE = lazy(
    r"""[a-z][\w+.-]*://\S*           # an address: those with a password have their own rule
      | (?:~|\.{1,2})?[/\\][\w.~/\\ -]*  # a path
      | [A-Za-z]:\\.*
      | (?:[\w.-]+[/\\])+[\w.-]+\.[a-z]{2,5}
      | [\w-]+\.(?:json|pem|txt|env|ya?ml|toml|key|crt|cer|p12|pfx|py|ipynb|csv|ini|cfg|png|html?)
      | .*/aws4_request
      | (?:[a-z0-9-]+\.)+[a-z]{2,6}(?:[:/].*)?   # a host
      | arn:aws[\w:/-]*.*
      | projects/.+
      | (?:vault|op|secret|env|ssm|sm|keyring|kms|file|ref|data|sha\d+|md5|pbkdf2\w*|bcrypt
          |argon2\w*|scrypt|alg)[:$].*
      | \$(?:2[aby]|5|6|argon2\w*|pbkdf2[\w-]*)\$.*   # hashed
      | (?:[\w.-]+/[\w./-]+|[a-z_]+)\#[a-z_.-]+(?:@\d+)?   # a reference to a secret
      | [A-Za-z][\w.-]*(?:\[[\w,-]*\])?\ ?(?:[<>=!~]=|[<>])\ ?\d[\d.*,<>=!~\ ]*   # a requirement
      | [\w.+-]+@[\w-]+\.[\w.-]+      # an e-mail address
      | [A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+   # the name of a variable
      | (?:[A-Za-z]{1,16}[_.:/-])+[A-Za-z]{1,16}\d{0,2}
      | [A-Za-z_]\w*\(.*|.*\(\)         # a call
      | [\d.,:\s-]{1,11}              # a number, a date, a version
      | \d{4}-\d\d-\d\d.*
    """,
    re.VERBOSE,
)
_UUID = lazy(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_SEQUENCE = "abcdefghijklmnopqrstuvwxyz 01234567890123456789 qwertyuiopasdfghjklzxcvbnm"

# Words of which placeholders are made.
_PLACEHOLDER_WORDS = frozenset(
    """a access account active actual admin anonymous any api apikey app auth authorization aws
    azure bar basic baz bearer blah bool boolean callback char client cloud code column config
    confirm connection correct credential credentials current data database db default demo dev
    development disabled empty enabled enter false field file first foo get gpt guest hash here
    hf hint huge id incorrect input int integer invalid is it key keyboard keys label last left
    local localhost login lorem me minioadmin missing mock model mongo mongodb my mypass mypassword
    mysql name nan needed new no none not null number object ok old on openai optional oracle pass
    passphrase passwd password passwort path placeholder postgres postgresql prod production
    prompt pw pwd random read redis required right root s sa same sample secret secretkey secure
    server service session set show some something src staging start state str string strong
    super supersecret sys system table temp test tester testing testpass testpassword text the
    this tmp to todo token tokens true type undefined unknown unset user username users value
    values var variable visible weak welcome with write wrong xxx xyz you your zzz""".split()
)


def is_placeholder(value: str) -> bool:
    """Whether a value stands for one to be filled in, or says where one is to be found."""
    text = _decoded(value.strip())
    return bool(
        len(set(text)) < 4
        or _FILLER.search(text)
        or _TEMPLATE.search(text)
        or _is_sequence(text)
        or all(word in _PLACEHOLDER_WORDS or word.isdigit() for word in words(text))
    )


def _decoded(text: str) -> str:
    """What a value in base64 says, where that is text; else the value."""
    if len(text) % 4 == 0 and re.fullmatch(r"[A-Za-z0-9+/]{6,80}={0,2}", text):
        try:
            decoded = a2b_base64(text).decode("utf-8")
        except (Error, ValueError):
            return text
        return decoded if decoded.isprintable() else text
    return text


def _is_sequence(text: str) -> bool:
    """Whether the value is one run along the alphabet, the digits or the keyboard, or two."""
    lowered = re.sub(r"[^a-z0-9]", "", text.lower())
    runs = re.findall(r"[a-z]+|\d+", lowered)
    return bool(runs) and all(
        len(run) > 2 and (run in _SEQUENCE or run[::-1] in _SEQUENCE) for run in runs
    )


def is_reference(value: str) -> bool:
    """Whether a value is a path, an address, a name or a number: it says where, not what."""
    return bool(_REFERENCE.fullmatch(value)) and not _is_passphrase(value)


def _is_passphrase(value: str) -> bool:
    """Whether a value is four or more words that tell nothing: `amber-badger-cactus-delta`."""
    parts = words(value)
    return (
        len(parts) >= 4
        and bool(re.fullmatch(r"[a-z]{3,10}(?:([-_. ])[a-z]{3,10})(?:\1[a-z]{3,10})+", value))
        and _PLACEHOLDER_WORDS.isdisjoint(parts)
    )


def is_uuid(value: str) -> bool:
    return bool(_UUID.fullmatch(value))


def is_key(value: str, least: int = 16) -> bool:
    """Whether a value looks like a key that a machine has made."""
    return (
        least <= len(value) <= 1024
        and not re.search(r"[\s<>{}()|\\`\"']", value)
        and not is_uuid(value)
        and not is_placeholder(value)
        and not is_reference(value)
        and is_random(value)
    )


def is_password(value: str, *, strict: bool) -> bool:
    """Whether a value can be a password that somebody has chosen.

    `strict` asks for letters and something else besides: where no code says that the text is a
    value (prose, outputs, labels), a word is just a word.
    """
    if not 4 <= len(value) <= 128 or is_placeholder(value) or is_reference(value):
        return False
    if re.search(r"\s", value):
        return not strict and _is_mixed(value) and len(value.split()) < 3
    if len(value) < 6 or strict:
        return _is_mixed(value) or _is_passphrase(value) or is_key(value, 20)
    return not value.isdigit() or len(value) >= 6


def _is_mixed(value: str) -> bool:
    """Whether there are letters, and digits or signs that don't just end a sentence."""
    body = value.rstrip(".:,;?!")
    return bool(re.search(r"[^\W\d_]", body) and re.search(r"[\d!@#$%^&*+=?~]", body))


def is_chosen_secret(value: str) -> bool:
    """Whether a value can be a secret that somebody has typed: long, with letters and digits."""
    return (
        len(value) >= 10
        and not re.search(r"\s", value)
        and bool(re.search(r"[A-Za-z]", value) and re.search(r"\d", value))
        and bool(re.search(r"[!@#$%^&*+=?~]|\d{3}|[a-z]\d+[a-z]", value))
        and not is_uuid(value)
        and not is_placeholder(value)
        and not is_reference(value)
    )
