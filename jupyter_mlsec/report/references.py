"""Rules name what they rest on by short ids (`CWE-798`, `ML06`, `AML.T0055`); these are the links.

CWE: https://cwe.mitre.org. ML0n: OWASP Machine Learning Security Top 10 (2023). LLM0n: OWASP Top
10 for LLM Applications (2025). AML.T…: MITRE ATLAS, https://atlas.mitre.org.
"""

from __future__ import annotations

import re

_OWASP_ML = "https://owasp.org/www-project-machine-learning-security-top-10/"
_OWASP_LLM = "https://genai.owasp.org/llm-top-10/"


def cwe(reference: str) -> str | None:
    """The number in `CWE-798`, or None for other references."""
    match = re.fullmatch(r"CWE-(\d+)", reference)
    return match[1] if match else None


def address(reference: str) -> str | None:
    """Where a reference can be read, or None where that is not known."""
    number = cwe(reference)
    if number:
        return f"https://cwe.mitre.org/data/definitions/{number}.html"
    technique = re.search(r"AML\.T\d{4}(?:\.\d{3})?", reference)
    if technique:
        return f"https://atlas.mitre.org/techniques/{technique[0]}"
    if re.fullmatch(r"(?:OWASP )?ML\d\d(?::2023)?", reference):
        return _OWASP_ML
    if re.fullmatch(r"(?:OWASP )?LLM\d\d(?::2025)?", reference):
        return _OWASP_LLM
    return reference if reference.startswith("https://") else None


def title(reference: str) -> str:
    """The reference as people read it, with the list it is from."""
    if re.fullmatch(r"ML\d\d", reference):
        return f"OWASP {reference}:2023"
    if re.fullmatch(r"LLM\d\d", reference):
        return f"OWASP {reference}:2025"
    return f"MITRE ATLAS {reference}" if reference.startswith("AML.") else reference
