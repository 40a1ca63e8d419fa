"""A scanner made ready from what is on disk: the rules, the settings, the pattern database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from jupyter_mlsec.core.config import Config
from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.model import ScanResult

if TYPE_CHECKING:
    from jupyter_mlsec.core.engine import Scanner
    from jupyter_mlsec.core.rule import Rule
    from jupyter_mlsec.files.advisories import Advisories

LINTERS = ("bandit", "ruff")


class RuleNames(Collection[str]):
    """What a setting may name: rules, families, and rules with one kind of credential.

    The rules are imported only when a name is looked up: a run that finds everything in the
    cache needs none of them.
    """

    @cached_property
    def _names(self) -> frozenset[str]:
        from jupyter_mlsec.rules import BY_ID, FAMILIES, detect_secrets
        from jupyter_mlsec.rules.secrets import KINDS

        kinds = {f"provider-token:{kind.id}" for kind in KINDS}
        return frozenset({*BY_ID, detect_secrets.ID, *FAMILIES, *kinds})

    def __contains__(self, name: object) -> bool:
        # the rules of linters run by `--with` have many names: bandit:B602, ruff:S307
        return name in self._names or str(name).partition(":")[0] in LINTERS

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._names))

    def __len__(self) -> int:
        return len(self._names)


def rules_for(config: Config) -> Sequence[Rule]:
    """All rules, and with `detect-secrets-plugins` that library's.

    Raises MlsecError if it is set and the library is not installed.
    """
    from jupyter_mlsec.rules import ALL

    if not config.detect_secrets_plugins:
        return ALL
    from jupyter_mlsec.rules.detect_secrets import plugin_rule

    return (*ALL, plugin_rule())


def make_scanner(config: Config, cache_folder: str | None) -> Scanner:
    """A scanner with all rules; `cache_folder` keeps the pattern database and the index of the
    advisories, None keeps none. Raises MlsecError as `rules_for` and `known_advisories` do.
    """
    from jupyter_mlsec.core.engine import Scanner, running
    from jupyter_mlsec.files.database import prefilter_for

    def rules() -> Sequence[Rule]:
        return rules_for(config)

    if config.detect_secrets_plugins:
        rules()  # complains here where the library is missing, not on the first file
    known = known_advisories(config, cache_folder)
    prefilter = prefilter_for(lambda: running(rules(), config), cache_folder, config.decides)
    return Scanner(rules, config, prefilter, known.of if known else None)


def known_advisories(config: Config, cache_folder: str | None) -> Advisories | None:
    """The advisories that the settings name, None where they name none.

    Raises MlsecError where they can't be read, and where a rule is selected that needs them.
    """
    if config.advisories:
        from jupyter_mlsec.files.advisories import Advisories

        return Advisories(config.advisories, cache_folder).open()
    if selected := config.select + config.extend_select:
        from jupyter_mlsec.rules import BY_ID

        for rule in selected:
            if rule in BY_ID and BY_ID[rule].needs == "advisories":
                raise MlsecError(
                    f"{rule} needs a file with advisories, and none is set",
                    "set `advisories`: docs/advisories.md says from where to have them",
                )
    return None


def scan_function(
    config: Config, cache_folder: str | None
) -> Callable[[bytes, str, str], ScanResult]:
    """What scans one file: (data, path, kind) to result. Each worker process makes its own."""
    return make_scanner(config, cache_folder).scan_bytes
