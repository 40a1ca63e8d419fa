"""Numbers by which states know people, as far as they have a checksum.

Formats and checksums are python-stdnum's. Where the format is a bare run of digits, as most are,
a word that names the number must stand before it; a US social security number has no checksum.
"""

from __future__ import annotations

import re

from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import Hint
from jupyter_mlsec.rules.outputs.detector import DIGITS, NAMED, Detector, checked

HINTS = (
    Hint(
        DIGITS,
        r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}|[0-9]{1,2}\.[0-9]{3}\.[0-9]{3}-[0-9kK]"
        r"|[1-9][0-9]{5}(?:19|20)[0-9]{9}[0-9X]",
        tuple("0123456789"),
        leading=True,
    ),
)


def _bounded(pattern: str) -> re.Pattern[str]:
    return lazy(rf"(?<![\w.+-])(?<!\d,)({pattern})(?![\w-]|[.,]\d)")


def _id(kind: str, pattern: str, module: str, *context: str) -> Detector:
    tag = NAMED if context else DIGITS
    return Detector(kind, tag, _bounded(pattern), checked(module), context)


def _is_cpr(value: str) -> bool:
    """By its date, and by its checksum where it is written without a dash. Numbers given since
    2007 have none, but ten digits alone may be a time in seconds, which often begins like a date.
    """
    from stdnum.dk import cpr

    return bool(cpr.is_valid(value)) and ("-" in value or cpr.checksum(value) == 0)


DETECTORS = (
    # written as nothing else is, or with a name
    _id("brazil-cpf", r"\d{3}\.\d{3}\.\d{3}-\d\d", "br.cpf"),
    _id("chile-rut", r"\d{1,2}\.\d{3}\.\d{3}-[\dkK]", "cl.rut"),
    _id(
        "italy-codice-fiscale",
        r"[A-Z]{6}\d\d[A-Z]\d\d[A-Z]\d{3}[A-Z]",
        "it.codicefiscale",
        "codice fiscale",
        "codice_fiscale",
        "codicefiscale",
    ),
    _id("mexico-curp", r"[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z\d]\d", "mx.curp", "curp"),
    _id("china-id", r"[1-9]\d{5}(?:19|20)\d{9}[\dX]", "cn.ric"),
    _id("us-ssn", r"\d{3}-\d\d-\d{4}", "us.ssn", "ssn", "ssns", "social security"),
    _id("finland-hetu", r"\d{6}[-+A]\d{3}[\dA-Y]", "fi.hetu", "hetu", "henkilötunnus"),
    _id("sweden-personnummer", r"(?:\d\d)?\d{6}[-+]?\d{4}", "se.personnummer", "personnummer"),
    _id("spain-dni", r"\d{8}[A-Z]", "es.dni", "dni", "nif"),
    _id("spain-nie", r"[XYZ]\d{7}[A-Z]", "es.nie", "nie number", "numero nie"),
    _id("uk-nhs-number", r"\d{3}[ -]?\d{3}[ -]?\d{4}", "gb.nhs", "nhs", "nhsnumber"),
    _id("france-nir", r"[12]\d{12}(?: ?\d\d)?", "fr.nir", "nir", "insee", "sécurité sociale"),
    _id("germany-tax-id", r"\d{11}", "de.idnr", "steuer-id", "idnr", "steueridentifikationsnummer"),
    _id("netherlands-bsn", r"\d{9}", "nl.bsn", "bsn", "burgerservicenummer"),
    _id("poland-pesel", r"\d{11}", "pl.pesel", "pesel"),
    Detector("denmark-cpr", NAMED, _bounded(r"\d{6}-?\d{4}"), _is_cpr, ("cpr",)),
    _id("norway-fodselsnummer", r"\d{6} ?\d{5}", "no.fodselsnummer", "fødselsnummer"),
    _id("brazil-cpf", r"\d{11}", "br.cpf", "cpf"),
    _id("india-aadhaar", r"\d{4} ?\d{4} ?\d{4}", "in_.aadhaar", "aadhaar", "aadhar"),
    _id("canada-sin", r"\d{3}[ -]?\d{3}[ -]?\d{3}", "ca.sin", "sin_number", "social insurance"),
    _id("australia-tfn", r"\d{3} ?\d{3} ?\d{3}", "au.tfn", "tfn", "tax file number"),
    _id("turkey-tckn", r"\d{11}", "tr.tckimlik", "tckn", "kimlik"),
    _id("south-korea-rrn", r"\d{6}-\d{7}", "kr.rrn", "rrn", "resident registration"),
)
