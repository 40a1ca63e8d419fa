"""The operating system's own store of passwords, as far as it is a safe one."""

from __future__ import annotations

from typing import Any

from jupyter_mlsec.core.errors import MlsecError

# keyring's own scale: backends below 1 keep what they get in plain text, or not at all
_LEAST = 1


def safe() -> Any | None:
    """The backend to use, None where there is none or only ones that keep plain text.

    The backend that the user has configured is taken if it is safe; if it is not, no other is
    taken instead.
    """
    try:
        import keyring
        from keyring.backend import get_all_keyring
        from keyring.backends.chainer import ChainerBackend
    except ImportError:
        return None
    try:
        chosen: Any = keyring.get_keyring()
    except Exception:  # the one that is configured can't work here, in words of its own
        return None
    if not isinstance(chosen, ChainerBackend):
        return chosen if _is_safe(chosen) else None
    found = [
        one for one in get_all_keyring() if not isinstance(one, ChainerBackend) and _is_safe(one)
    ]
    return max(found, key=lambda one: float(one.priority), default=None)


def needed() -> Any:
    """The same, or MlsecError."""
    found = safe()
    if found is not None:
        return found
    from importlib.util import find_spec

    if find_spec("keyring") is None:
        raise MlsecError(
            "the keyring needs the package keyring, which is not installed",
            "pip install 'jupyter-mlsec[secrets]'",
        )
    raise MlsecError(
        "this machine has no keyring that encrypts what it keeps",
        "unlock the desktop's keyring, or use another provider; plain-text backends are refused",
    )


def _is_safe(backend: Any) -> bool:
    try:
        priority = float(backend.priority)
    except Exception:  # how backends say that they can't work here
        return False
    return priority >= _LEAST and not type(backend).__module__.startswith("keyrings.alt.file")
