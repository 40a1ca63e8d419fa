"""Personal data in what a notebook shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.model import Confidence, Hit, Severity
from jupyter_mlsec.core.rule import Bad, Good, family
from jupyter_mlsec.core.spans import Taken
from jupyter_mlsec.rules.outputs import contact, identity, payment
from jupyter_mlsec.rules.outputs.detector import named_hint

if TYPE_CHECKING:
    from jupyter_mlsec.core.view import View

rule = family("outputs")

_DETECTORS = (*payment.DETECTORS, *identity.DETECTORS, *contact.DETECTORS)


@rule(
    "pii-in-output",
    "An output shows personal data",
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    hints=(*contact.HINTS, *payment.HINTS, *identity.HINTS, named_hint(_DETECTORS)),
    parts=("output",),
    references=("CWE-359", "ML03"),
    examples=(
        Bad(
            "   name          email\n0  Ann  ann.smith@contoso.de",
            at="ann.smith@contoso.de",
            language="text",
        ),
        Bad("call +49 30 22732152", at="+49 30 22732152", language="text"),
        Bad("IBAN: GB33BUKB20201555555555", at="GB33BUKB20201555555555", language="text"),
        Bad("paid with 4539 1488 0343 6467", at="4539 1488 0343 6467", language="text"),
        Bad("     ssn\n0  536-90-4399", at="536-90-4399", language="text"),
        Bad("cliente 390.533.447-05", at="390.533.447-05", language="text"),
        Good("maintained by info@contoso.de", because="an office, not a person", language="text"),
        Good("ann@example.com", because="a domain that is reserved", language="text"),
        Good("4539 1488 0343 6468", because="the checksum is wrong", language="text"),
        Good("id 4539148803436467", because="a number, and no word of a card", language="text"),
        Good("536-90-4399", because="no word says what it is", language="text"),
        Good("+1 234 567 and +49 3", because="no numbers that can be called", language="text"),
    ),
    aggregate="{count} values of personal data in outputs ({subjects}): clear these outputs, or "
    "strip them with `mlsec strip`",
)
def pii_in_output(view: View) -> Iterator[Hit]:
    """A notebook that is shared takes along the rows that were looked at last. Who reads them may
    have no right to, and what is in git's history is there for good."""
    taken = Taken()
    for detector in _DETECTORS:
        for span in detector.find(view.source, view.marked(detector.tag)):
            if taken.overlapping(span) is None:
                taken.add(span, 0)
                yield Hit(
                    span,
                    f"personal data in an output: {detector.kind}",
                    kind=detector.kind,
                    subject=detector.kind,
                    secret=view.source[span.start : span.end],
                )
