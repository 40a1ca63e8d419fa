"""The plugins of detect-secrets as one more rule, for who asks for it.

With `detect-secrets-plugins = true` a scan runs `(*ALL, plugin_rule())`: last in precedence, so
that a credential which these rules know keeps its own name. The plugins see only decoded lines
that name a credential, because they cost about 0.1 ms a line (the library's whole engine: 0.65 to
1 ms); no verification, so no network. Left out: the two entropy plugins (in notebooks nearly all
they find is ids, hashes and pictures; docs/decisions/002-detect-secrets.md) and public IP
addresses, which are no credentials.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.model import Confidence, Hit, Severity, Span
from jupyter_mlsec.core.rule import Hint, Rule, family
from jupyter_mlsec.core.view import View

if TYPE_CHECKING:
    from detect_secrets.plugins.base import BasePlugin

ID = "detect-secrets-plugin"

_LEFT_OUT = frozenset({"Base64HighEntropyString", "HexHighEntropyString", "IPPublicDetector"})

# what the plugins' own patterns begin with or need nearby
_WORDS = (
    *("key", "pass", "pwd", "secret", "token", "contrase", "cloudant", "softlayer", "://"),
    *("akia", "asia", "abia", "acca", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "glpat", "sk-"),
    *("sk_live", "rk_live", "xox", "hooks.slack", "sg.", "pypi-", "npm_", "sq0csp", "eyj", ":aa"),
    *("-us", "akc"),
)
_TAG = "detect-secrets"
_HINT = Hint(_TAG, "|".join(w.replace(".", r"\.") for w in _WORDS), _WORDS, ignore_case=True)

Finder = Callable[[str], Iterator[tuple[str, str]]]


def plugin_rule() -> Rule:
    """The rule of this name. Raises MlsecError where the library is not installed."""
    find = _finder()

    @family("secrets")(
        ID,
        "A plugin of detect-secrets reports a credential",
        severity=Severity.HIGH,
        confidence=Confidence.MEDIUM,
        hints=[_HINT],
        references=("CWE-798", "https://github.com/Yelp/detect-secrets"),
    )
    def detect_secrets_plugin(view: View) -> Iterator[Hit]:
        """A team that has relied on detect-secrets keeps what its plugins find.

        They are run on decoded cells and without a network; each finding names its plugin's type.
        """
        for line in view.marked(_TAG):
            source = view.source[line.start : line.end]
            for value, name in find(source):
                start = line.start + source.index(value)
                span = Span(start, start + len(value))
                yield Hit(span, f"detect-secrets reports: {name}", secret=value)

    return detect_secrets_plugin


def _finder() -> Finder:
    """A function from a line to the values in it, each with its plugin's type."""
    try:
        from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
        from detect_secrets.filters import heuristic
        from detect_secrets.plugins.base import RegexBasedDetector
    except ImportError:
        raise MlsecError(
            "detect-secrets-plugins is set, but detect-secrets is not installed",
            "pip install 'jupyter-mlsec[detect-secrets]', or unset it",
        ) from None

    classes: Iterable[type[BasePlugin]] = get_mapping_from_secret_type_to_class().values()
    plugins = [c() for c in classes if c.__name__ not in _LEFT_OUT]
    # a format says more than a keyword, and the first to name a value keeps it
    plugins.sort(key=lambda plugin: not isinstance(plugin, RegexBasedDetector))

    def is_noise(value: str, line: str, plugin: BasePlugin) -> bool:
        return (
            heuristic.is_sequential_string(value)
            or heuristic.is_potential_uuid(value)
            or heuristic.is_likely_id_string(value, line, plugin)
            or heuristic.is_templated_secret(value)
            or heuristic.is_prefixed_with_dollar_sign(value)
            or heuristic.is_not_alphanumeric_string(value)
            # meant for keywords: with a format, `Client("<token>")` is no mere reference
            or (
                not isinstance(plugin, RegexBasedDetector) and heuristic.is_indirect_reference(line)
            )
        )

    def find(line: str) -> Iterator[tuple[str, str]]:
        for plugin in plugins:
            for value in plugin.analyze_string(line):
                # some plugins put a value together from several places: those have no place
                if value and value in line and not is_noise(value, line, plugin):
                    yield value, plugin.secret_type

    return find
