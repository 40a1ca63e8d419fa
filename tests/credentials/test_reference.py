"""References are read as they are written, or refused without repeating what was written."""

from __future__ import annotations

from random import Random

import pytest

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.formats import sample
from jupyter_mlsec.credentials.reference import EXAMPLES, is_reference, parse

READ = [
    # text, provider, path, key, version, label
    ("kv/ml/openai#api_key", "vault", "kv/ml/openai", "api_key", None, "kv/ml/openai#api_key"),
    ("kv/ml/openai#api_key@3", "vault", "kv/ml/openai", "api_key", 3, "kv/ml/openai#api_key"),
    ("kv/ml/openai@3#api_key", "vault", "kv/ml/openai", "api_key", 3, "kv/ml/openai#api_key"),
    ("vault://kv/openai#api_key", "vault", "kv/openai", "api_key", None, "kv/openai#api_key"),
    ("database/creds/ro", "vault", "database/creds/ro", None, None, "database/creds/ro"),
    ("kv/ml/openai@12", "vault", "kv/ml/openai", None, 12, "kv/ml/openai"),
    ("kv/me@home/x#a@b", "vault", "kv/me@home/x", "a@b", None, "kv/me@home/x#a@b"),
    ("kv/a%20b/c%23d#e%40f", "vault", "kv/a b/c#d", "e@f", None, "kv/a b/c#d#e@f"),
    ("kv/caf%C3%A9#k", "vault", "kv/café", "k", None, "kv/café#k"),
    ("  env://HOME  ", "env", "HOME", None, None, "env://HOME"),
    ("ENV://HOME", "env", "HOME", None, None, "env://HOME"),
    ("dotenv://.env#NAME", "dotenv", ".env", "NAME", None, "dotenv://.env#NAME"),
    ("dotenv:///srv/../x.env#N", "dotenv", "/srv/../x.env", "N", None, "dotenv:///srv/../x.env#N"),
    ("keyring://a/b", "keyring", "a/b", None, None, "keyring://a/b"),
    ("aws-sm://ml/x#key", "aws-sm", "ml/x", "key", None, "aws-sm://ml/x#key"),
    ("aws-ssm://ml/x", "aws-ssm", "ml/x", None, None, "aws-ssm://ml/x"),
    ("databricks://scope/key", "databricks", "scope/key", None, None, "databricks://scope/key"),
    ("k8s://ns/secret#key", "k8s", "ns/secret", "key", None, "k8s://ns/secret#key"),
    ("mycompany://a#b", "mycompany", "a", "b", None, "mycompany://a#b"),
]


@pytest.mark.parametrize(("text", "provider", "path", "key", "version", "label"), READ)
def test_read(
    text: str, provider: str, path: str, key: str | None, version: int | None, label: str
) -> None:
    ref = parse(text)
    assert (ref.provider, ref.path, ref.key, ref.version) == (provider, path, key, version)
    assert ref.label == label
    assert str(ref) == text.strip()


REFUSED = [
    ("", "empty"),
    ("openai#api_key", "no `/`"),
    ("plainword", "no `/`"),
    ("/kv/ml#x", "begins"),
    ("kv/ml/#x", "ends"),
    ("kv//ml#x", "empty or relative"),
    ("kv/../sys/raw#x", "relative"),
    ("kv/ml#", "no key"),
    ("#key", "no path"),
    ("kv/ml#a#b", "more than one"),
    ("kv/ml #x", "spaces"),
    ("kv/ml#'x'", "quotes"),
    ("kv/ml@1#x@2", "two versions"),
    ("kv/ml#x@0", "from 1"),
    ("env://A#B", "no `#`"),
    ("env://A@3", "no numbered versions"),
    ("aws-sm://a#k@3", "no numbered versions"),
    ("env://not-a-name", "name of a variable"),
    ("dotenv://.env", "no `#`"),
    ("https://host/x#y", "web address"),
]


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_refused_with_reason_and_example(text: str, reason: str) -> None:
    with pytest.raises(MlsecError) as caught:
        parse(text)
    assert reason in caught.value.message
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("write it as ")
    assert not is_reference(text)


@pytest.mark.parametrize("template", ["sk-{an:40}", "ghp_{an:36}", "hf_{aA:34}", "{b64:40}="])
def test_value_in_the_place_of_a_reference_is_not_repeated(template: str) -> None:
    value = sample(template, Random(4))
    with pytest.raises(MlsecError) as caught:
        parse(f"{value} {value}")
    assert value not in caught.value.full
    assert value[:12] not in caught.value.full


@pytest.mark.parametrize(("provider", "example"), EXAMPLES.items())
def test_examples_are_references(provider: str, example: str) -> None:
    ref = parse(example)
    assert ref.provider == provider
    assert not ref.is_mapping
    assert parse(ref.label) == ref


def test_default_provider() -> None:
    assert parse("HOME", default="env").provider == "env"
    assert parse("kv/a", default="vault").is_mapping
