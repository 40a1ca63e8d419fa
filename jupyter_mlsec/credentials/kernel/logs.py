"""Logging: files, sockets and streams get what formatters make, so those mask it."""

from __future__ import annotations

import logging
from functools import wraps
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_mlsec.credentials.redactor import Redactor


def protect(redactor: Redactor) -> None:
    """Mask secrets in what `logging.Formatter` and all that call it make."""
    plain = logging.Formatter.format

    @wraps(plain)
    def format(self: logging.Formatter, record: logging.LogRecord) -> str:
        return redactor.redact(plain(self, record))

    logging.Formatter.format = format  # type: ignore[method-assign]
