"""Small reports to render: the fewest values that show everything a format has to say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from jupyter_mlsec.core.model import (
    Confidence,
    Finding,
    Hit,
    Place,
    PlacedEdit,
    PlacedFix,
    Report,
    ScanError,
    Severity,
)
from jupyter_mlsec.core.rule import Bad, Good, Hint, Rule, family


def _place(**changes: Any) -> Place:
    base = Place("a.ipynb", "source", 2, 5, 2, 17, cell=3, cell_id="ab12")
    return base._replace(**changes)


def _finding(**changes: Any) -> Finding:
    base = Finding(
        rule="unpinned-install",
        family="installs",
        severity=Severity.MEDIUM,
        confidence=Confidence.HIGH,
        place=_place(),
        message="transformers is installed without a version",
        fingerprint="0123456789abcdef",
        docs="https://example.org/rules/unpinned-install.html",
        excerpt="pip install transformers",
        excerpt_column=12,
        excerpt_end=24,
    )
    return base._replace(**changes)


@pytest.fixture
def place() -> Callable[..., Place]:
    """A place in the source of the fourth cell of a.ipynb, with the given changes."""
    return _place


@pytest.fixture
def finding() -> Callable[..., Finding]:
    """A finding at `place`, with the given changes."""
    return _finding


@pytest.fixture
def report() -> Callable[..., Report]:
    """A report of ten files with the given findings and errors."""

    def make(*findings: Finding, errors: tuple[ScanError, ...] = (), **changes: Any) -> Report:
        return Report(findings, errors, files=10, cells=310, seconds=0.123)._replace(**changes)

    return make


@pytest.fixture
def full(report: Callable[..., Report]) -> Report:
    """Every kind of place, fix, suppression and error at once."""
    edit = PlacedEdit(2, 5, 2, 17, "transformers==4.43.1", cell=3)
    output = _place(part="output", output=0, line=1, column=1, end_line=1, end_column=9, cell=7)
    return report(
        _finding(
            fix=PlacedFix((edit,), safe=True, title="pin to 4.43.1"),
            related=(output, _place(cell=8)),
        ),
        _finding(
            rule="provider-token",
            family="secrets",
            severity=Severity.CRITICAL,
            kind="openai-api-key",
            message="an OpenAI API key stands in the code",
            place=_place(cell=0, line=1),
            baseline_hash="0" * 40,
        ),
        _finding(place=_place(cell=5), suppressed="comment", reason="the image pins it"),
        _finding(place=_place(cell=6), suppressed="baseline"),
        _finding(
            rule="a-rule-that-is-not-listed",
            severity=Severity.INFO,
            confidence=Confidence.LOW,
            place=_place(part="metadata", cell=None, cell_id=None),
            excerpt="",
        ),
        _finding(
            severity=Severity.LOW,
            place=_place(path="sub dir/ü%?#.txt", part="file", cell=None, cell_id=None),
            fix=PlacedFix(
                (PlacedEdit(2, 5, 2, 17, "x==1"),), safe=False, title="pin, whatever happens"
            ),
        ),
        errors=(
            ScanError("b.ipynb", "not valid JSON", 1659, 9),
            ScanError("c.ipynb", "unreadable"),
        ),
    )


@pytest.fixture
def rules() -> Mapping[str, Rule]:
    """Two rules, by id, with all that documentation can show."""
    hint = Hint("pip", "pip install", ("pip",))

    @family("installs")(
        "unpinned-install",
        "A package is installed without an exact version",
        severity=Severity.MEDIUM,
        hints=[hint],
        references=("CWE-1357", "ML06", "AML.T0010.001"),
        examples=(
            Bad("%pip install a", at="a", fixed="%pip install a==1.0"),
            Good("%pip install a==1.0", because="the version is exact"),
        ),
    )
    def unpinned_install(view: Any) -> Iterator[Hit]:
        """What is installed changes from day to day.

        Whoever takes over the project's name
        decides what runs here.
        """
        yield from ()

    @family("secrets")(
        "provider-token",
        "A provider's token stands in the notebook",
        severity=Severity.CRITICAL,
        confidence=Confidence.MEDIUM,
        hints=[hint],
        references=("CWE-798", "LLM02", "https://example.org/why", "a book"),
        examples=(Bad('key = "sk-{an:48}"', at="sk-", secret=True), Bad("```\nx\n```", at="x")),
        default=False,
    )
    def provider_token(view: Any) -> Iterator[Hit]:
        """Whoever reads it can use it."""
        yield from ()

    return {rule.id: rule for rule in (unpinned_install, provider_token)}
