"""What outputs tell of people and of the machine: in one pass with all other rules."""

from __future__ import annotations

from jupyter_mlsec.core.rule import Rule
from jupyter_mlsec.rules.outputs.active import active_content_output
from jupyter_mlsec.rules.outputs.machine import (
    absolute_path_or_username,
    account_or_resource_id,
    internal_host_or_ip,
)
from jupyter_mlsec.rules.outputs.personal import pii_in_output

__all__ = ["RULES"]

RULES: tuple[Rule, ...] = (
    pii_in_output,
    active_content_output,
    account_or_resource_id,
    absolute_path_or_username,
    internal_host_or_ip,
)
