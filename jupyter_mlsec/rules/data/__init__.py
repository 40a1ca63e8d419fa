"""Data: what is loaded, whether anything checks it, and what it is then used for."""

from __future__ import annotations

from jupyter_mlsec.core.rule import Rule
from jupyter_mlsec.rules.data import evaluated, exposure, fetched, sinks, unvalidated

RULES: tuple[Rule, ...] = (
    *unvalidated.RULES,
    *fetched.RULES,
    *sinks.RULES,
    *evaluated.RULES,
    *exposure.RULES,
)
