"""The table of credential kinds: what a row promises, and that what it describes is found."""

from __future__ import annotations

import re
from random import Random

import pytest

from jupyter_mlsec.core import formats
from jupyter_mlsec.core.model import Document, Hit, Severity, Span, Text
from jupyter_mlsec.core.view import Context, View
from jupyter_mlsec.rules.secrets import samples
from jupyter_mlsec.rules.secrets.kind import Kind
from jupyter_mlsec.rules.secrets.kinds import KINDS, is_prefixed, kinds_for, slug, title
from jupyter_mlsec.rules.secrets.provider_token import HINTS, provider_token

ROWS = [(kind, template) for kind in KINDS for template in kind.format]
PREFIXED = [(kind, template) for kind, template in ROWS if is_prefixed(kind)]
BOUND = [kind for kind in KINDS if not is_prefixed(kind)]
PATTERNS = [(hint.tag, re.compile(hint.pattern.encode())) for hint in HINTS.make()]
BY_ID = {kind.id: kind for kind in KINDS}
# detect-secrets 1.5.0, `secret_type` of its plugins
DETECT_SECRETS = {
    "AWS Access Key",
    "Artifactory Credentials",
    "Azure Storage Account access key",
    "Discord Bot Token",
    "GitHub Token",
    "GitLab Token",
    "IBM COS HMAC Credentials",
    "IBM Cloud IAM Key",
    "JSON Web Token",
    "Mailchimp Access Key",
    "NPM tokens",
    "OpenAI Token",
    "PyPI Token",
    "SendGrid API Key",
    "Slack Token",
    "Square OAuth Secret",
    "Stripe Access Key",
    "Telegram Bot Token",
    "Twilio API Key",
}


def is_fixed(kind: Kind, template: str) -> bool:
    """Whether the format has one length, and no other of the kind begins the same."""
    pieces = formats.parse(template)
    alike = [t for t in kind.format if formats.parse(t)[0] == pieces[0]]
    return alike == [template] and all(p.least == p.most for p in pieces if p.least is not None)


FIXED = [row for row in PREFIXED if is_fixed(*row)]

by_id = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.id)
by_format = pytest.mark.parametrize(
    ("kind", "template"), PREFIXED, ids=lambda x: getattr(x, "id", x)
)


def check(source: str, part: str = "source") -> list[Hit]:
    """What the rule finds in a text, with the marks that the prefilter would leave."""
    text = Text(part, "python", source, 0)  # type: ignore[arg-type]
    lines = [Span(*match.span()) for match in re.finditer("[^\n]+", source)]
    marks: dict[str, tuple[Span, ...]] = {}
    for tag, pattern in PATTERNS:
        marked = [s for s in lines if pattern.search(source[s.start : s.end].encode())]
        if marked:
            marks[tag] = tuple(sorted({*marks.get(tag, ()), *marked}))
    view = View(text, Context(Document("", "notebook", (text,), 1)), marks)
    return list(provider_token.check(view))


def kinds_in(source: str) -> list[str | None]:
    return [hit.kind for hit in check(source)]


def test_there_are_enough() -> None:
    assert len(KINDS) >= 220
    assert len(PREFIXED) >= 220


def test_ids_are_unique() -> None:
    assert len(BY_ID) == len(KINDS)


@by_id
def test_row(kind: Kind) -> None:
    assert re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)+", kind.id)
    assert kind.id.startswith(slug(kind.vendor))
    assert title(kind).startswith(kind.vendor)
    assert kind.source.startswith("https://")
    assert re.fullmatch(r"[A-Z][^\n]* \(?https://[^\s]+\.", kind.revoke)
    assert kind.severity > Severity.INFO
    assert kind.detect_secrets is None or kind.detect_secrets in DETECT_SECRETS
    assert all(word == word.lower() and len(word.strip("_")) > 2 for word in kind.context)


@pytest.mark.parametrize(("kind", "template"), ROWS, ids=lambda x: getattr(x, "id", x))
def test_a_sample_has_the_format(kind: Kind, template: str) -> None:
    value = samples.sample(kind, Random(template), template)
    assert any(re.fullmatch(formats.exact(t), value) for t in kind.format)


@by_format
def test_a_sample_is_found(kind: Kind, template: str) -> None:
    random = Random(template)
    for _ in range(3):
        value = samples.sample(kind, random, template)
        hits = check(f"x = '{formats.lead(template)}{value}'  # note")
        assert [hit.kind for hit in hits] == [kind.id]
        assert (hits[0].secret == value) is True


@pytest.mark.parametrize(("kind", "template"), FIXED, ids=lambda x: getattr(x, "id", x))
def test_a_fixed_format_needs_every_character(kind: Kind, template: str) -> None:
    value = samples.sample(kind, Random(template), template)
    shorter, longer = value[:-1], value + "Z9"
    assert kind.id not in kinds_in(f"x = '{formats.lead(template)}{shorter}'")
    assert kind.id not in kinds_in(f"x = '{formats.lead(template)}{longer}'")


@by_format
def test_a_hint_has_a_literal(kind: Kind, template: str) -> None:
    literal = formats.anchor(template)
    assert len(literal) >= 2
    assert re.escape(literal) in formats.hint(template)


def test_all_hints_compile_together() -> None:
    hyperscan = pytest.importorskip("hyperscan")
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    patterns = [hint.pattern.encode() for hint in HINTS.make()]
    database.compile(expressions=patterns, ids=list(range(len(patterns))), flags=0)
    found: set[int] = set()
    blob = "\n".join(samples.in_text(k, Random(1), t) for k, t in PREFIXED).encode()
    database.scan(blob, match_event_handler=lambda number, *rest: found.add(number))
    assert found == set(range(len(patterns)))


@pytest.mark.parametrize("kind", BOUND, ids=lambda kind: kind.id)
def test_a_value_is_known_by_its_context(kind: Kind) -> None:
    for word in kind.context:
        for template in kind.format:
            value = samples.sample(kind, Random(word), template)
            name = word.strip("_").replace("+", " ")
            known = [kinds_for(spelled, value) for spelled in (name, f"set_{name} =".upper())]
            assert [k.id if k else None for k in known] == [kind.id, kind.id]


@pytest.mark.parametrize(
    ("id", "context", "is_known"),
    [
        ("cohere-api-key", "cohere.Client api_key", True),
        ("cohere-api-key", "COHERE_API_KEY", True),
        ("cohere-api-key", "coherent", True),
        ("cohere-api-key", "", False),
        ("cohere-api-key", "some_api_key", False),
        ("exa-api-key", "exa_api_key", True),
        ("exa-api-key", "Exa( api_key", True),
        ("exa-api-key", "example_key", False),
        ("spotify-client-secret", "SpotifyClientCredentials client_secret", True),
        ("spotify-client-secret", "SpotifyClientCredentials client_id", False),
        ("aws-secret-access-key", "awsSecretAccessKey", True),
        ("aws-secret-access-key", "aws-secret", True),
        ("aws-secret-access-key", "checksum", False),
    ],
)
def test_context(id: str, context: str, is_known: bool) -> None:
    value = samples.sample(BY_ID[id], Random(id))
    found = kinds_for(context, value)
    assert (found is not None and found.id == id) == is_known


@pytest.mark.parametrize(
    ("id", "before", "expected"),
    [
        ("deepseek-api-key", "DEEPSEEK_API_KEY=", "deepseek-api-key"),
        ("deepseek-api-key", "key=", "openai-compatible-api-key"),
        ("paystack-secret-key", "paystack.secret = ", "paystack-secret-key"),
        ("paystack-secret-key", "secret = ", "stripe-secret-key"),
        ("snowflake-programmatic-access-token", "SNOWFLAKE_TOKEN=", None),
        ("openai-api-key", "mlflow_tracking_token=", "openai-api-key"),
    ],
)
def test_who_is_meant_where_formats_agree(id: str, before: str, expected: str | None) -> None:
    value = samples.sample(BY_ID[id], Random(id))
    assert kinds_in(f"{before}{value}") == [expected or id]


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("TOKEN", 1),
        ("a = 'TOKEN' and b = 'TOKEN'", 2),
        ("https://TOKEN@github.com/x", 1),
        ("https://TOKEN:x-oauth-basic@github.com/x", 1),
        ("git clone https://me:TOKEN@github.com/x", 1),
        ('"authorization": "token TOKEN",', 1),
        (r"'token: TOKEN\n'", 1),
        ("<td>TOKEN</td>", 1),
        ("ab+/" * 10 + "/TOKEN", 1),
        ("data:image/png;base64," + "ab+/" * 80 + "/TOKEN", 0),
        ("TOKEN+" + "ab+/" * 80, 0),
        ("xTOKEN", 0),
        ("TOKENx", 0),
        ("TOKEN_x", 0),
    ],
)
def test_places(line: str, count: int) -> None:
    value = samples.sample(BY_ID["github-personal-access-token"], Random(7))
    assert len(check(line.replace("TOKEN", value))) == count


@pytest.mark.parametrize(
    "template",
    [
        "hf_{x:34}",
        "gsk_{x:52}",
        "hf_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA{A:1}",
        "AKIA" + "IOSFODNN7" + "EXAMPLE",
        "sk_live_" + "1234567890" * 3,
        "github_pat_{x:22}_{x:59}",
        "pcsk_your_own_key_goes_here_{x:40}",
        "ghp_{an:36}",
    ],
)
def test_what_is_left_alone(template: str) -> None:
    assert check(f"key = '{formats.sample(template, Random(0))}'") == []


def test_the_longest_of_overlapping_tokens_is_reported() -> None:
    kind = BY_ID["github-app-installation-token"]
    value = samples.sample(kind, Random(1), kind.format[1])
    assert kinds_in(f"token = '{value}'") == [kind.id]


def test_a_hit_tells_the_place_and_not_the_value() -> None:
    value = samples.sample(BY_ID["openai-api-key"], Random(1))
    source = f"import openai\nkey = '{value}'\n"
    (hit,) = check(source)
    assert (source[hit.span.start : hit.span.end] == value) is True
    assert hit.message == "OpenAI API key in the source: revoke it"
    assert (value in repr(hit)) is False
    assert hit.severity is None


@pytest.mark.parametrize(
    ("part", "words"),
    [("output", "a saved output"), ("metadata", "the metadata"), ("attachment", "an attachment")],
)
def test_parts(part: str, words: str) -> None:
    value = samples.sample(BY_ID["stripe-test-key"], Random(1))
    (hit,) = check(f"key: {value}", part)
    assert hit.message == f"Stripe test key in {words}: revoke it"
    assert hit.severity is Severity.MEDIUM


def test_a_line_of_a_megabyte_is_searched_once() -> None:
    from time import process_time

    value = samples.sample(BY_ID["openai-api-key"], Random(1))
    line = "sk-proj-" * 125_000 + f" {value} " + "T3BlbkFJ" * 1000
    started = process_time()
    assert kinds_in(line) == ["openai-api-key"]
    assert process_time() - started < 20
