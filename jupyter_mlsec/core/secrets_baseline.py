"""The baseline format of detect-secrets 1.x (https://github.com/Yelp/detect-secrets).

    {"version": "1.5.0", "plugins_used": [...], "filters_used": [...], "results":
      {"a.py": [{"type": "Secret Keyword", "filename": "a.py", "hashed_secret": "<SHA-1, hex>",
                 "is_verified": false, "line_number": 3}]}}

Files in it may carry labels (`is_secret`) from `detect-secrets audit`; they are left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.model import Finding, Place

# the release whose format this is; its loader leaves baselines of its own version as they are
VERSION = "1.5.0"

# its type names for findings that are no single kind of credential
_TYPES = {"credential-in-url": "Basic Auth Credentials", "private-key-block": "Private Key"}
_OTHER_TYPE = "Secret Keyword"

# What `detect-secrets scan` of that release writes by default, with options. A baseline that named
# no plugins would make its pre-commit hook look for nothing.
_Options = Mapping[str, Mapping[str, object]]
_PLUGINS: _Options = {
    "ArtifactoryDetector": {},
    "AWSKeyDetector": {},
    "AzureStorageKeyDetector": {},
    "Base64HighEntropyString": {"limit": 4.5},
    "BasicAuthDetector": {},
    "CloudantDetector": {},
    "DiscordBotTokenDetector": {},
    "GitHubTokenDetector": {},
    "GitLabTokenDetector": {},
    "HexHighEntropyString": {"limit": 3.0},
    "IbmCloudIamDetector": {},
    "IbmCosHmacDetector": {},
    "IPPublicDetector": {},
    "JwtTokenDetector": {},
    "KeywordDetector": {"keyword_exclude": ""},
    "MailchimpDetector": {},
    "NpmDetector": {},
    "OpenAIDetector": {},
    "PrivateKeyDetector": {},
    "PypiTokenDetector": {},
    "SendGridDetector": {},
    "SlackDetector": {},
    "SoftlayerDetector": {},
    "SquareOAuthDetector": {},
    "StripeDetector": {},
    "TelegramBotTokenDetector": {},
    "TwilioKeyDetector": {},
}
_FILTERS: _Options = {
    "allowlist.is_line_allowlisted": {},
    "common.is_ignored_due_to_verification_policies": {"min_level": 2},
    "heuristic.is_indirect_reference": {},
    "heuristic.is_likely_id_string": {},
    "heuristic.is_lock_file": {},
    "heuristic.is_not_alphanumeric_string": {},
    "heuristic.is_potential_uuid": {},
    "heuristic.is_prefixed_with_dollar_sign": {},
    "heuristic.is_sequential_string": {},
    "heuristic.is_swagger_file": {},
    "heuristic.is_templated_secret": {},
}

Locate = Callable[[Place], "int | None"]


def check(document: Mapping[str, Any]) -> None:
    """Raise MlsecError unless the document is such a baseline."""
    version = document.get("version")
    if not isinstance(version, str) or not version.startswith("1."):
        raise MlsecError(
            "only baselines of detect-secrets 1.x can be read",
            "upgrade it with `detect-secrets scan --baseline FILE`",
        )
    results = document.get("results")
    for path, secrets in results.items() if isinstance(results, dict) else [("results", None)]:
        if not isinstance(secrets, list) or not all(
            isinstance(s, dict) and isinstance(s.get("hashed_secret"), str) for s in secrets
        ):
            raise MlsecError(
                f"malformed detect-secrets baseline at {path!r}",
                "write it anew with `detect-secrets scan`",
            )


def empty() -> dict[str, Any]:
    """A baseline without results, with the release's default plugins and filters."""
    return {
        "version": VERSION,
        "plugins_used": [{"name": name, **options} for name, options in _PLUGINS.items()],
        "filters_used": [
            {"path": f"detect_secrets.filters.{name}", **options}
            for name, options in _FILTERS.items()
        ],
        "results": {},
    }


def add(
    document: Mapping[str, Any],
    secrets: Iterable[tuple[str, Finding]],
    types: Mapping[str, str | None],
    locate: Locate | None = None,
) -> dict[str, Any]:
    """The baseline with the credentials among `secrets` (path, finding) that it lacks.

    What it has stays: labels, and what the library's plugins find and we do not. `types` gives
    detect-secrets' type name by kind of credential. `locate` tells the line of a notebook's place
    in the JSON file; without it these entries have no line number, which only
    `detect-secrets audit` needs.
    """
    results: dict[str, list[dict[str, Any]]] = {p: [*s] for p, s in document["results"].items()}
    known = {(path, secret["hashed_secret"]) for path in results for secret in results[path]}
    for path, finding in secrets:
        digest = finding.baseline_hash
        if digest is not None and (path, digest) not in known:
            known.add((path, digest))
            results.setdefault(path, []).append(_secret(path, finding, digest, types, locate))
    for listed in results.values():
        listed.sort(key=lambda s: (s.get("line_number", 0), s["hashed_secret"], s.get("type", "")))
    return {**document, "results": dict(sorted(results.items()))}


def _secret(
    path: str,
    finding: Finding,
    digest: str,
    types: Mapping[str, str | None],
    locate: Locate | None,
) -> dict[str, Any]:
    secret: dict[str, Any] = {
        "type": types.get(finding.kind or "") or _TYPES.get(finding.rule, _OTHER_TYPE),
        "filename": path,
        "hashed_secret": digest,
        "is_verified": False,
    }
    place = finding.place
    line = place.line if place.part == "file" else locate(place) if locate else None
    return {**secret, "line_number": line} if line else secret
