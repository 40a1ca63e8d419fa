"""The rarity score tells keys from names: tables of both, and shares over many random ones."""

from __future__ import annotations

import random
import sys

import pytest

from jupyter_mlsec.core.formats import sample
from jupyter_mlsec.core.rarity import RANDOM, is_random, score

KEYS = (
    "{hex:20} {hex:32} {hex:40} {HEX:32} {an:20} {an:32} {an:40} {lan:24} {AN:20} {b64:40} {w:32}"
    " {aA:34} {B32:16}"
).split()


@pytest.mark.parametrize("template", KEYS)
def test_random_keys_are_random(template: str) -> None:
    source = random.Random(template)
    made = [sample(template, source) for _ in range(500)]
    assert sum(map(is_random, made)) >= 495


@pytest.mark.parametrize(
    "text",
    [
        "bert-base-uncased", "meta-llama/Llama-2-7b-chat-hf", "text-embedding-ada-002",
        "sentence-transformers/all-MiniLM-L6-v2", "gpt-4o-mini-2024-07-18", "input_ids",
        "openai/clip-vit-base-patch32", "stabilityai/stable-diffusion-xl-base-1.0",
        "your-api-key-here", "OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "my_secret_password",
        "AutoModelForSequenceClassification", "getElementsByTagName", "from_pretrained",
        "/home/user/.ssh/id_rsa", "s3://bucket/data/train.parquet", "projects/123/secrets/x",
        "en-US-Wavenet-D", "correcthorsebatterystaple", "mot de passe", "contraseña", "пароль",
        "2024-07-18T10:11:12", "1234567890123456", "0000000000000000", "xxxxxxxxxxxxxxxxxxxx",
        "abababababababababab", "--------------------", "", "a", "TOKENIZERS_PARALLELISM",
        "image_classification_results_v2", "squad_v2", "conda-forge::pytorch", "float32",
    ],
)  # fmt: skip
def test_words_and_names_are_not(text: str) -> None:
    assert not is_random(text)


def test_names_of_the_standard_library_are_not() -> None:
    """Names of words, that is: of constants in capitals such as IPPROTO_RSVP some are taken for
    keys, which `rules.secrets.filters` makes good."""
    loaded = list(sys.modules.values())
    names = sorted({a for m in loaded for a in dir(m) if len(a) >= 12 and not a.isupper()})
    flagged = [name for name in names if is_random(name)]
    assert len(names) > 500
    assert len(flagged) <= 0.005 * len(names), flagged[:20]


def test_the_score_is_per_character() -> None:
    text = "validation_split_"
    assert score(text * 50) == pytest.approx(score(text * 2), abs=0.2)
    assert score(text * 50) < RANDOM
