"""References: the name of a secret and of where it is kept, as users write it.

kv/ml/openai#api_key          a key of a secret in Vault, the default provider
kv/ml/openai#api_key@3        its third version
database/creds/ro             all keys of a secret
env://OPENAI_API_KEY          another provider
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from jupyter_mlsec.core.errors import MlsecError

VAULT = "vault"

# One example for each provider that comes with the package. A `#` in the example says that what
# the provider keeps at a path has several keys; without one it is one value.
EXAMPLES = {
    "vault": "kv/ml/openai#api_key",
    "env": "env://OPENAI_API_KEY",
    "dotenv": "dotenv://.env#OPENAI_API_KEY",
    "keyring": "keyring://openai/me",
    "aws-sm": "aws-sm://ml/openai#api_key",
    "aws-ssm": "aws-ssm://ml/openai",
    "databricks": "databricks://ml/openai",
    "colab": "colab://OPENAI_API_KEY",
    "kaggle": "kaggle://OPENAI_API_KEY",
    "k8s": "k8s://ml/openai#api_key",
}

_NAMES = frozenset({"env", "colab", "kaggle"})  # their path is the name of a variable
_PAIRS = frozenset({"keyring", "databricks", "k8s", VAULT})  # at least `first/second`
_FILES = frozenset({"dotenv"})  # their path is a file's

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,30})://")
_VERSION = re.compile(r"@(\d{1,9})\Z")
_FORBIDDEN = re.compile(r"[\s\"'`\\<>{}|^\x00-\x1f\x7f]")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_NAME = re.compile(r"[^\W\d]\w*\Z")


@dataclass(frozen=True)
class Reference:
    """Where a secret is kept: a provider, a path there, and the key of one of its values.

    `key` is None for all values at the path; `version` is None for the newest one. `text` is what
    the user wrote. A reference holds no value and may be shown and logged.
    """

    provider: str
    path: str
    key: str | None = None
    version: int | None = None
    text: str = field(default="", compare=False)

    @property
    def label(self) -> str:
        """The name that stands in the place of the value, without provider if that is Vault."""
        scheme = "" if self.provider == VAULT else f"{self.provider}://"
        return scheme + self.path + (f"#{self.key}" if self.key is not None else "")

    @property
    def is_mapping(self) -> bool:
        """Whether it stands for all values at a path that has several, not for one."""
        return self.key is None and "#" in EXAMPLES.get(self.provider, "#")

    def __str__(self) -> str:
        return self.text or self.label


def parse(text: str, default: str = VAULT) -> Reference:
    """The reference that `text` writes; `default` is the provider of one without `scheme://`.

    A version is `@3` at the end, or before the `#`. `%23`, `%40` and the like stand for characters
    that have a meaning here (RFC 3986). Raises MlsecError for what is no reference; the message
    never repeats it, as it may be a value that was written there by mistake.
    """
    text = text.strip()
    found = _SCHEME.match(text)
    provider = found[1].lower() if found else default
    rest = text[found.end() :] if found else text
    example = EXAMPLES.get(provider, f"{provider}://path#key")
    problem = _characters(rest) or _provider(provider)
    if problem:
        raise _refused(problem, example)
    path, hash_, key = rest.partition("#")
    path, before = _split_version(path)
    key, after = _split_version(key)
    problem = _versions(provider, before, after) or _shape(provider, path, key if hash_ else None)
    if problem:
        raise _refused(problem, example)
    return Reference(
        provider=provider,
        path=_unescaped(path),
        key=_unescaped(key) if hash_ else None,
        version=after if before is None else before,
        text=text,
    )


def is_reference(text: str) -> bool:
    """Whether `text` is the reference of a secret."""
    try:
        parse(text)
    except MlsecError:
        return False
    return True


def _split_version(text: str) -> tuple[str, int | None]:
    found = _VERSION.search(text)
    return (text[: found.start()], int(found[1])) if found else (text, None)


def _characters(text: str) -> str | None:
    if not text:
        return "it is empty"
    if text.count("#") > 1:
        return "there is more than one `#` (write %23 for one that belongs to a name)"
    if _FORBIDDEN.search(text):
        return "it has spaces, quotes or other characters that no reference has"
    return None


def _provider(name: str) -> str | None:
    if name in ("http", "https"):
        return "it is a web address"
    return None


def _versions(provider: str, before: int | None, after: int | None) -> str | None:
    if before is not None and after is not None:
        return "there are two versions"
    version = after if before is None else before
    if version is not None and provider in EXAMPLES and provider != VAULT:
        return f"{provider} keeps no numbered versions"
    return "versions count from 1" if version == 0 else None


def _shape(provider: str, path: str, key: str | None) -> str | None:
    segments = path.split("/")
    if not path:
        return "there is no path before the `#`" if key is not None else "there is no path"
    if key == "":
        return "there is no key after the `#` (leave the `#` out for all keys)"
    if provider in _FILES:
        return None if key else "there is no `#` with the name of a variable"
    if "" in segments or "." in segments or ".." in segments:
        return "the path begins or ends with `/`, or has an empty or relative part"
    if key is not None and "#" not in EXAMPLES.get(provider, "#"):
        return f"{provider} keeps one value at a path, so there is no `#`"
    if provider in _NAMES and not _NAME.match(path):
        return "it is not the name of a variable"
    if provider in _PAIRS and len(segments) < 2:
        return "the path has no `/`"
    return None


def _unescaped(text: str) -> str:
    raw = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    if raw == text:
        return text
    try:
        return raw.encode("latin-1").decode()
    except UnicodeError:
        return raw  # it had other characters beside the escapes, or is no UTF-8


def _refused(problem: str, example: str) -> MlsecError:
    return MlsecError(f"this is not a reference of a secret: {problem}", f"write it as {example}")
