"""Payment cards and bank accounts."""

from __future__ import annotations

from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import Hint
from jupyter_mlsec.rules.outputs.detector import DIGITS, NAMED, Detector, checked

# Countries with IBANs (registry of SWIFT, release 98).
_COUNTRIES = (
    "AD AE AL AT AZ BA BE BG BH BR BY CH CR CY CZ DE DK DO EE EG ES FI FO FR GB GE GI GL GR GT HR "
    "HU IE IL IS IT JO KW KZ LB LI LT LU LV MC MD ME MK MT MU NL NO PK PL PS PT QA RO RS SA SC SE "
    "SI SK SM TN TR UA XK"
).split()
HINTS = (
    Hint(
        DIGITS,
        r"[2-6][0-9]{3}[ -][0-9]{4}[ -][0-9]{4}[ -][0-9]{4}|3[47][0-9]{2}[ -][0-9]{6}[ -][0-9]{5}",
        tuple("23456"),
        leading=True,
    ),
    Hint(
        "outputs.iban",
        rf"(?:{'|'.join(_COUNTRIES)})[0-9]{{2}}[ ]?[A-Z0-9]{{4}}[ ]?[A-Z0-9]{{4}}[ ]?[A-Z0-9]{{3}}",
        tuple(country.lower() for country in _COUNTRIES),
        leading=True,
    ),
)
# What the processors publish for tests, and what everybody's documentation shows.
_KNOWN = frozenset(
    "4111111111111111 4242424242424242 4000000000000002 4012888888881881 5555555555554444 "
    "5105105105105100 378282246310005 371449635398431 6011111111111117 6011000990139424".split()
)
_WORDS = tuple(
    "card cards creditcard cardnumber visa mastercard amex ccnum cc_num cc_number".split()
)


def _digits(value: str) -> str:
    return value.replace(" ", "").replace("-", "")


def _is_card(value: str) -> bool:
    """By Luhn's checksum, the issuer's range and length (ISO/IEC 7812)."""
    from stdnum import luhn

    digits = _digits(value)
    first, second = int(digits[:4]), int(digits[:2])
    issued = (
        digits[0] == "4"
        or 51 <= second <= 55
        or 2221 <= first <= 2720
        or second in (34, 37, 65)
        or first == 6011
        or 3528 <= first <= 3589
    )
    return issued and len(set(digits)) > 3 and digits not in _KNOWN and bool(luhn.is_valid(digits))


DETECTORS = (
    Detector(
        "payment-card",
        DIGITS,
        # one separator throughout; four groups are how cards are written, and little else but the
        # rows of a matrix: [[4539 1488 0343 6467]
        lazy(
            r"(?<![\w.[-])(?<!\d )"
            r"([2-6]\d{3}([ -])\d{4}\2\d{4}\2\d{4}|3[47]\d\d([ -])\d{6}\3\d{5})"
            r"(?![\w\]-]|[ .]\d)"
        ),
        _is_card,
    ),
    Detector(
        "payment-card",
        NAMED,
        lazy(r"(?<![\w.+-])(?<!\d,)([2-6]\d{15}|3[47]\d{13})(?![\w-]|\.\d)"),
        _is_card,
        _WORDS,
    ),
    Detector(
        "iban",
        "outputs.iban",
        lazy(
            r"(?<![\w-])([A-Z]{2}\d\d(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?|"
            r"[A-Z]{2}\d\d[A-Z0-9]{11,30})(?![\w-])"
        ),
        checked("iban"),
    ),
)
