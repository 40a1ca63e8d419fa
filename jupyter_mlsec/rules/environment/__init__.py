"""Environment: transport, shell, servers and code that is not what it looks like."""

from __future__ import annotations

from jupyter_mlsec.core.rule import Rule
from jupyter_mlsec.rules.environment import code, commands, jupyter, metadata, transport

RULES: tuple[Rule, ...] = (
    transport.tls_verify_disabled,
    jupyter.jupyter_server_misconfig,
    metadata.cloud_metadata_access,
    code.obfuscated_code,
    commands.shell_injection,
    commands.destructive_shell,
    code.weak_hash,
    transport.no_timeout,
)
