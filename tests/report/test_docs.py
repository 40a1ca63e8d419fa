"""A rule's page and `mlsec explain`: from the rule's own facts."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from jupyter_mlsec.core.formats import CLASSES
from jupyter_mlsec.core.rule import Rule
from jupyter_mlsec.report.docs import (
    explain,
    kinds_page,
    placeholders,
    rule_page,
    rules_index,
)
from jupyter_mlsec.report.references import address, title
from jupyter_mlsec.rules.secrets.kind import Kind

Rules = Mapping[str, Rule]


def test_a_rule_s_page(rules: Rules) -> None:
    assert (
        rule_page(rules["unpinned-install"])
        == """\
# unpinned-install

**A package is installed without an exact version.**

What is installed changes from day to day.

Whoever takes over the project's name
decides what runs here.

Severity **medium**, confidence **high**, family **installs**.

## Reported

```python
%pip install a
```

`mlsec fix` makes it

```python
%pip install a==1.0
```

## Not reported

The version is exact:

```python
%pip install a==1.0
```

## When it is meant

End the line with `# mlsec: ignore[unpinned-install]` and the reason, or give the cell the tag \
`mlsec-ignore-unpinned-install`. To turn the rule off everywhere, list it under `ignore` in \
`[tool.mlsec]`.

## References

- [CWE-1357](https://cwe.mitre.org/data/definitions/1357.html)
- [OWASP ML06:2023](https://owasp.org/www-project-machine-learning-security-top-10/)
- [MITRE ATLAS AML.T0010.001](https://atlas.mitre.org/techniques/AML.T0010.001)
"""
    )


def test_a_secret_s_example_shows_no_format(rules: Rules) -> None:
    page = rule_page(rules["provider-token"])
    assert 'key = "sk-<48 letters and digits>"' in page
    assert "only when selected" in page
    assert "````python\n```\nx\n```\n````" in page  # a fence longer than the one inside


def test_explain_for_the_terminal(rules: Rules) -> None:
    text = explain(rules["unpinned-install"])
    assert text.startswith("unpinned-install: A package is installed without an exact version\n")
    assert "\nReported:\n    %pip install a\n  fixed:\n    %pip install a==1.0\n" in text
    assert "\nNot reported (the version is exact):\n" in text
    assert "    # mlsec: ignore[unpinned-install] the reason" in text
    assert "    a book\n" in explain(rules["provider-token"])
    assert text.endswith("/rules/unpinned-install.html\n")
    assert "\x1b[" not in text
    assert "\x1b[1munpinned-install\x1b[0m" in explain(rules["unpinned-install"], color=True)


def test_the_index_lists_every_rule(rules: Rules) -> None:
    index = rules_index(rules.values())
    assert (
        "| [unpinned-install](unpinned-install.md) | A package is installed without an exact "
        "version | medium | high | yes | yes |" in index
    )
    assert "| critical | medium | when selected |  |" in index


def test_the_page_of_kinds() -> None:
    kind = Kind(
        id="cohere-api-key",
        vendor="Cohere",
        format=("{an:40}", "co_{w:20-40}"),
        revoke="Delete it in the dashboard (https://example.org).",
        source="https://example.org/docs",
        context=("cohere",),
        check=lambda value: True,
    )
    assert (
        kinds_page([kind]).split("## Cohere\n\n")[1]
        == """\
### cohere-api-key

- Format: `<40 letters and digits>` or `co_<20 to 40 letters, digits, hyphens and underscores>`, \
near `cohere`
- Its checksum is verified.
- If it leaked: Delete it in the dashboard (https://example.org).
- Published at: https://example.org/docs
"""
    )


@pytest.mark.parametrize(
    ("template", "shown"),
    [
        ("ghp_{an:36}", "ghp_<36 letters and digits>"),
        ("{w:20-40}", "<20 to 40 letters, digits, hyphens and underscores>"),
        ("{b64=:30+}", "<30 or more base64 characters>"),
        ("{b64:42}{pad1:1}=", "<42 base64 characters><1 character>="),
        ("{name}", "{name}"),
        ("{zz:3}", "{zz:3}"),
        ('f"{value:8}"', 'f"{value:8}"'),
    ],
)
def test_placeholders(template: str, shown: str) -> None:
    assert placeholders(template) == shown


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_class_has_words(name: str) -> None:
    assert placeholders(f"{{{name}:7}}").startswith("<7 ")
    assert CLASSES[name] not in placeholders(f"{{{name}:7}}")


@pytest.mark.parametrize(
    ("reference", "link", "words"),
    [
        ("CWE-798", "https://cwe.mitre.org/data/definitions/798.html", "CWE-798"),
        ("AML.T0055", "https://atlas.mitre.org/techniques/AML.T0055", "MITRE ATLAS AML.T0055"),
        (
            "ATLAS AML.T0010.001",
            "https://atlas.mitre.org/techniques/AML.T0010.001",
            "ATLAS AML.T0010.001",
        ),
        (
            "ML06",
            "https://owasp.org/www-project-machine-learning-security-top-10/",
            "OWASP ML06:2023",
        ),
        ("LLM02", "https://genai.owasp.org/llm-top-10/", "OWASP LLM02:2025"),
        ("https://example.org/x", "https://example.org/x", "https://example.org/x"),
        ("a book", None, "a book"),
        ("CWE-", None, "CWE-"),
    ],
)
def test_references(reference: str, link: str | None, words: str) -> None:
    assert address(reference) == link
    assert title(reference) == words
