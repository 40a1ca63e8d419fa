"""Addresses that are signed: whoever has one is let in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.model import Hit, Severity, Span
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import EVERYWHERE, Bad, Good, Hint, family

if TYPE_CHECKING:
    from jupyter_mlsec.core.view import View

rule = family("secrets")

# AWS Signature Version 4 (64 hex digits) and 2, Google Cloud Storage, CloudFront, Azure's shared
# access signatures (base64 of 32 bytes, percent-encoded).
_SIGNATURES = (
    r"(?:X-(?:Amz|Goog)-Signature=[0-9a-fA-F]{64}"
    r"|[?&;](?:Signature|sig)=[A-Za-z0-9%+/_~-]{26})"
)
HINTS = (Hint("secrets.signed", _SIGNATURES, ("signature=", "sig="), ignore_case=True),)
_URL = lazy(r"(?:[A-Za-z][\w+.-]*://[^\s\"'<>`?]*)?\?[^\s\"'<>`]*|\bs[vpr]=[^\s\"'<>`;]*")
_WITH = (
    ("x-amz-signature=", ("x-amz-credential=",), "aws-presigned-url"),
    ("x-goog-signature=", ("x-goog-credential=",), "gcs-presigned-url"),
    ("sig=", ("sv=", "se="), "azure-sas-url"),
    ("signature=", ("key-pair-id=",), "cloudfront-presigned-url"),
    ("signature=", ("awsaccesskeyid=", "expires="), "aws-presigned-url"),
    ("signature=", ("googleaccessid=",), "gcs-presigned-url"),
)


@rule(
    "presigned-or-sas-url",
    "A signed address is saved in the notebook",
    severity=Severity.HIGH,
    hints=HINTS,
    parts=EVERYWHERE,
    references=("CWE-598", "AML.T0055"),
    examples=(
        Bad(
            'u = "https://b.s3.amazonaws.com/k?X-Amz-Credential=c&X-Amz-Signature={hex:64}"',
            at="https://b.s3.amazonaws.com/k?X-Amz-Credential=c&X-Amz-Signature={hex:64}",
            secret=True,
        ),
        Bad(
            'u = "https://a.blob.core.windows.net/c?sv=2022-11-02&se=2030-01-01&sig={an:43}%3D"',
            at="https://a.blob.core.windows.net/c?sv=2022-11-02&se=2030-01-01&sig={an:43}%3D",
            secret=True,
        ),
        Bad(
            "!wget 'https://storage.googleapis.com/b/k?X-Goog-Algorithm=GOOG4-RSA-SHA256"
            "&X-Goog-Credential=c&X-Goog-Signature={hex:64}'",
            at="https://storage.googleapis.com/b/k?X-Goog-Algorithm=GOOG4-RSA-SHA256"
            "&X-Goog-Credential=c&X-Goog-Signature={hex:64}",
            secret=True,
        ),
        Bad(
            "# data: https://b.s3.eu-west-1.amazonaws.com/k.csv?X-Amz-Credential=c"
            "&X-Amz-Expires=604800&X-Amz-Signature={hex:64}",
            at="https://b.s3.eu-west-1.amazonaws.com/k.csv?X-Amz-Credential=c"
            "&X-Amz-Expires=604800&X-Amz-Signature={hex:64}",
            secret=True,
        ),
        Good('u = "https://example.org/a?sig=ok&sv=1"', because="too short for a signature"),
        Good(
            'u = s3.generate_presigned_url("get_object", Params=where)', because="made at run time"
        ),
        Good(
            'u = "https://b.s3.amazonaws.com/k?versionId={an:32}"',
            because="not signed",
            secret=True,
        ),
        Good('u = f"https://a.blob.core.windows.net/c?{sas}"', because="signed at run time"),
    ),
)
def presigned_or_sas_url(view: View) -> Iterator[Hit]:
    """The signature stands in for a log-in: until it expires, the address works for everybody,
    and a shared access signature often lives for years."""
    for line in view.marked("secrets.signed"):
        for match in _URL.finditer(view.source, line.start, line.end):
            query = match[0].replace("&amp;", "&").lower()
            kind = next((k for s, w, k in _WITH if s in query and all(x in query for x in w)), None)
            if kind and re.search(r"sig(?:nature)?=[a-z0-9%+/_~-]{26}", query):
                value = match[0].rstrip("\\.,;)]}")
                yield Hit(
                    Span(match.start(), match.start() + len(value)),
                    "a signed address lets in whoever reads it: revoke it or let it expire, and "
                    "sign a new one when the cell runs",
                    kind=kind,
                    secret=value,
                )
