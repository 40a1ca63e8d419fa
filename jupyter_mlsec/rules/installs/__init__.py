"""Installs: what a notebook, a script, a Dockerfile or a requirements file brings in."""

from __future__ import annotations

from jupyter_mlsec.core.rule import Rule
from jupyter_mlsec.rules.installs import (
    advised,
    environment,
    fetched,
    images,
    names,
    pins,
    sources,
)

RULES: tuple[Rule, ...] = (
    advised.known_malicious_package,
    advised.known_vulnerable_pin,
    names.typosquat_or_unknown_name,
    names.import_name_not_package_name,
    sources.vcs_install_mutable_ref,
    sources.url_or_wheel_install_unhashed,
    sources.plain_http_index_or_url,
    sources.extra_index_dependency_confusion,
    fetched.curl_pipe_shell,
    fetched.shell_fetched_code_executed,
    fetched.remote_module_execution,
    fetched.git_clone_unpinned,
    pins.unpinned_install,
    pins.requirements_file_unpinned,
    images.dockerfile_unpinned_base,
    images.mutable_action_reference,
    pins.open_ended_install,
    pins.upgrade_flag_defeats_pin,
    environment.bang_pip_wrong_environment,
    pins.unhashed_install,
)
