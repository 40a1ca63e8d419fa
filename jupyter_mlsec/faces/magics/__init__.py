"""The magic `%mlsec_secret`, which `%load_ext jupyter_mlsec` brings.

Only what parses the line is imported on loading: providers, the redactor and the protection of
the outputs come with the first secret.
"""

from __future__ import annotations

from typing import Any

NAME = "mlsec_secret"


def load(shell: Any) -> None:
    """Add the magic and its completion to an IPython shell. Again is harmless."""
    from jupyter_mlsec.faces.magics.completion import complete
    from jupyter_mlsec.faces.magics.secret import mlsec_secret, run_with_secrets

    shell.register_magic_function(mlsec_secret, "line_cell", NAME)
    if run_with_secrets not in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.append(run_with_secrets)
    for key in (f"%{NAME}", f"%%{NAME}"):
        shell.set_hook("complete_command", complete, str_key=key)


def unload(shell: Any) -> None:
    """Take the magic away again. Outputs stay protected: secrets may still be around."""
    from jupyter_mlsec.faces.magics.secret import run_with_secrets

    if run_with_secrets in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.remove(run_with_secrets)
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop(NAME, None)
