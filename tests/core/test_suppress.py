"""What silences a finding, and, as important, what does not."""

from __future__ import annotations

import pytest

from jupyter_mlsec.core.model import Part, Span, Text
from jupyter_mlsec.core.suppress import suppression

RULE, FAMILY, KIND = "provider-token", "secrets", "openai-api-key"


def silenced(
    source: str,
    *,
    at: str = "HIT",
    part: Part = "source",
    tags: tuple[str, ...] = (),
    rule: str = RULE,
    family: str = FAMILY,
    kind: str | None = KIND,
) -> tuple[str, str | None] | None:
    start = source.index(at)
    text = Text(part, "python", source, 0, tags=tags)
    return suppression(text, Span(start, start + len(at)), rule, family, kind)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("HIT  # mlsec: ignore[provider-token] a fake", "a fake"),
        ("HIT # mlsec:ignore[provider-token]", None),
        ("HIT  # mlsec: ignore[secrets] known", "known"),
        ("HIT  # mlsec: ignore[provider-token:openai-api-key] revoked", "revoked"),
        ("HIT  # mlsec: ignore[unpinned-install, provider-token] both", "both"),
        ("HIT  # mlsec: ignore[unpinned-install provider-token] both", "both"),
        ("HIT  # mlsec: ignore everything here is made up", "everything here is made up"),
        ("HIT  # mlsec: ignore", None),
        ("HIT  # noqa: E501 # mlsec: ignore[provider-token] why", "why"),
        ("HIT  # mlsec: ignore[provider-token] see #42  # noqa", "see #42"),
        ("HIT  # mlsec: ignore[provider-token]: why", "why"),
        ("HIT  // mlsec: ignore[provider-token] js", "js"),
        ("HIT  -- mlsec: ignore[provider-token] sql", "sql"),
        ("HIT  /* mlsec: ignore[provider-token] css */", "css"),
        ("HIT  % mlsec: ignore[provider-token] tex", "tex"),
        ("HIT <!-- mlsec: ignore[provider-token] in markdown --> more", "in markdown"),
        ("HIT <!-- mlsec: ignore[provider-token] -->", None),
        ("# mlsec: ignore[provider-token] above\nHIT", "above"),
        ("x = 1\n    # mlsec: ignore[provider-token] above\n    HIT\n", "above"),
        ("<!-- mlsec: ignore[secrets] above -->\nHIT", "above"),
        ("# mlsec: ignore[secrets] first\n# mlsec: ignore[installs] second\nHIT", "first"),
        ("a\nHIT  # mlsec: ignore[provider-token] last line", "last line"),
        ("HIT  # mlsec: ignore[installs] no # mlsec: ignore[secrets] yes", "yes"),
    ],
)
def test_comments_that_silence(source: str, reason: str | None) -> None:
    assert silenced(source) == ("comment", reason)


@pytest.mark.parametrize(
    "source",
    [
        "HIT",
        "HIT  # mlsec: ignore[]",
        "HIT  # mlsec: ignore[unpinned-install] another rule",
        "HIT  # mlsec: ignore[provider] a part of the name",
        "HIT  # mlsec: ignore[provider-token:github-token] another kind",
        "HIT  # mlsec: ignored",
        "HIT  # mlsec: ignore-this",
        "HIT  # mlsec ignore[provider-token]",
        "HIT  mlsec: ignore[provider-token]",
        "HIT\n# mlsec: ignore[provider-token] below",
        "x = 1  # mlsec: ignore[provider-token] of the line above\nHIT",
        "# mlsec: ignore[provider-token]\n\nHIT",
        "# mlsec: ignore[provider-token]\nx = 1\nHIT",
        "HIT  # noqa",
        "HIT  # nosec",
    ],
)
def test_comments_that_do_not(source: str) -> None:
    assert silenced(source) is None


def test_any_line_of_the_finding() -> None:
    source = "%pip install a \\\n  b \\\n  c  # mlsec: ignore[provider-token] image\nnext"
    assert silenced(source, at="%pip install a \\\n  b \\\n  c") == ("comment", "image")
    assert silenced(source, at="b") is None
    assert silenced(source, at="next") is None


def test_a_span_that_ends_with_its_line_end_stays_on_its_line() -> None:
    source = "HIT\nnext  # mlsec: ignore"
    assert silenced(source, at="HIT\n") is None


def test_an_empty_span_at_the_end() -> None:
    text = Text("file", "text", "a\nb # mlsec: ignore[x] r")
    assert suppression(text, Span(25, 25), "x", "y") == ("comment", "r")


@pytest.mark.parametrize("part", ["output", "metadata", "attachment"])
def test_comments_count_only_where_people_write(part: Part) -> None:
    assert silenced("HIT  # mlsec: ignore", part=part) is None
    assert silenced("HIT  # pragma: allowlist secret", part=part) is None


@pytest.mark.parametrize("part", ["source", "output", "metadata", "attachment"])
@pytest.mark.parametrize(
    ("tag", "silences"),
    [
        ("mlsec-ignore", True),
        ("mlsec-ignore-provider-token", True),
        ("mlsec-ignore-secrets", True),
        ("mlsec-ignore-provider-token:openai-api-key", True),
        ("mlsec-ignore-unpinned-install", False),
        ("mlsec-ignore-provider-token:github-token", False),
        ("mlsec-ignored", False),
        ("hide-output", False),
    ],
)
def test_tags_silence_a_cell_with_its_outputs(part: Part, tag: str, silences: bool) -> None:
    assert silenced("HIT", part=part, tags=("a", tag)) == (("tag", None) if silences else None)


@pytest.mark.parametrize(
    "source",
    [
        "HIT  # pragma: allowlist secret",
        "HIT  # pragma: whitelist secret",
        "HIT  #pragma: allowlist-secret  (a test value)",
        "HIT  // pragma: allowlist secret",
        "HIT  -- pragma: allowlist secret",
        "HIT  ; pragma: allowlist secret",
        "HIT  ' pragma: allowlist secret",
        "HIT  /* pragma: allowlist secret */",
        "HIT  <!-- pragma: allowlist secret -->",
        "# pragma: allowlist nextline secret\nHIT",
        "  // pragma: allowlist nextline secret\nHIT",
        "<!-- pragma: allowlist nextline secret -->\nHIT",
    ],
)
def test_allowlist_comments_of_detect_secrets(source: str) -> None:
    assert silenced(source) == ("comment", "detect-secrets allowlist")
    assert silenced(source, rule="unpinned-install", family="installs", kind=None) is None


@pytest.mark.parametrize(
    "source",
    [
        "HIT  # pragma: no cover",
        "HIT  # pragma: allowlist nextline secret",
        "x = 1  # pragma: allowlist nextline secret\nHIT",
        "# pragma: allowlist secret\nHIT",
        "# pragma: allowlist nextline secret\n\nHIT",
        "HIT\n# pragma: allowlist secret",
    ],
)
def test_allowlist_comments_elsewhere(source: str) -> None:
    assert silenced(source) is None
