"""Endpoints: what a notebook, or what it writes, offers to others over the network."""

from __future__ import annotations

from jupyter_mlsec.core.rule import Rule
from jupyter_mlsec.rules.endpoints import access, cloud, servers, sharing

RULES: tuple[Rule, ...] = (
    servers.flask_debug,
    sharing.gradio_share,
    sharing.ngrok_or_tunnel,
    cloud.over_broad_iam,
    servers.bind_all_interfaces,
    servers.dev_server_in_production,
    access.cors_wildcard,
    cloud.public_endpoint_network,
    access.endpoint_without_auth,
)
