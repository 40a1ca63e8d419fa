"""All rules, family by family. Pure: they see texts and say what is wrong with them."""

from __future__ import annotations

from jupyter_mlsec.core.rule import Rule
from jupyter_mlsec.rules import (
    data,
    endpoints,
    environment,
    installs,
    llm,
    models,
    outputs,
    secrets,
)

FAMILIES: dict[str, tuple[Rule, ...]] = {
    "secrets": secrets.RULES,
    "installs": installs.RULES,
    "data": data.RULES,
    "models": models.RULES,
    "llm": llm.RULES,
    "endpoints": endpoints.RULES,
    "environment": environment.RULES,
    "outputs": outputs.RULES,
}

ALL: tuple[Rule, ...] = tuple(rule for rules in FAMILIES.values() for rule in rules)

BY_ID: dict[str, Rule] = {rule.id: rule for rule in ALL}
