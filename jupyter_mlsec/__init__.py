"""A security scanner for Jupyter notebooks.

Importing this package imports nothing else: what starts fast must stay fast.
"""

__version__ = "0.1.0"


def _jupyter_server_extension_points() -> list[dict[str, object]]:
    """Where a Jupyter server finds its extension; called by servers only."""
    from importlib import import_module

    # by name: for the rest of the package nothing depends on a face
    app = import_module("jupyter_mlsec.faces.server.app")
    return [{"module": "jupyter_mlsec", "app": app.MlsecApp}]
