"""A security scanner for Jupyter notebooks.

Importing this package imports nothing else: what starts fast must stay fast. `secret` and
`secrets` are the Python interface to credentials at run time (`credentials.api`), imported when
they are asked for.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False  # what `typing` has, without importing it
if TYPE_CHECKING:
    from jupyter_mlsec.credentials import api as secrets  # noqa: F401
    from jupyter_mlsec.credentials.api import secret as secret


def __getattr__(name: str) -> object:
    if name in ("secret", "secrets"):
        from jupyter_mlsec.credentials import api

        return api.secret if name == "secret" else api
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _jupyter_server_extension_points() -> list[dict[str, object]]:
    """Where a Jupyter server finds its extension; called by servers only."""
    from jupyter_mlsec.faces.server.app import MlsecApp

    return [{"module": "jupyter_mlsec", "app": MlsecApp}]


def load_ipython_extension(shell: object) -> None:
    """What `%load_ext jupyter_mlsec` calls: the magics."""
    from jupyter_mlsec.faces.magics import load

    load(shell)


def unload_ipython_extension(shell: object) -> None:
    """What `%unload_ext jupyter_mlsec` calls: the magics go, the protection of outputs stays."""
    from jupyter_mlsec.faces.magics import unload

    unload(shell)
