"""What IPython keeps on disk by itself: history of inputs and outputs, %logstart, %store."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from jupyter_mlsec.core.errors import MlsecError

if TYPE_CHECKING:
    from jupyter_mlsec.credentials.redactor import Redactor


def protect(shell: Any, redactor: Redactor) -> None:
    """Mask secrets in what this shell writes down of its cells."""
    _inputs(shell.history_manager, redactor)
    _outputs(shell.history_manager, redactor)
    _log(shell.logger, redactor)
    _store(shell.db, redactor)


def _inputs(manager: Any, redactor: Redactor) -> None:
    plain = manager.store_inputs

    @wraps(plain)
    def store_inputs(line_num: int, source: str, source_raw: str | None = None) -> Any:
        raw = redactor.redact(source if source_raw is None else source_raw)
        return plain(line_num, redactor.redact(source), raw)

    manager.store_inputs = store_inputs


def _outputs(manager: Any, redactor: Redactor) -> None:
    plain = manager.store_output

    @wraps(plain)
    def store_output(line_num: int) -> Any:
        for kept in (manager.output_hist_reprs, getattr(manager, "exceptions", {})):
            if line_num in kept:
                kept[line_num] = redactor.redact_json(kept[line_num])
        for output in getattr(manager, "outputs", {}).get(line_num, ()):  # for %notebook
            output.bundle = redactor.redact_json(output.bundle)
        return plain(line_num)

    manager.store_output = store_output


def _log(logger: Any, redactor: Redactor) -> None:
    plain = logger.log_write

    @wraps(plain)
    def log_write(data: str, kind: str = "input") -> Any:
        return plain(redactor.redact(data) if isinstance(data, str) else data, kind)

    logger.log_write = log_write


def _store(database: Any, redactor: Redactor) -> None:
    """Refuse to pickle secrets for good: `%store key`."""
    plain = type(database)

    class RefusingStore(plain):  # type: ignore[misc,valid-type]
        def __setitem__(self, key: str, value: Any) -> None:
            import pickle

            label = redactor.find(pickle.dumps(value))
            if label:
                raise MlsecError(
                    f"%store would write the secret {label} to disk",
                    "store its reference, and fetch it in each session",
                )
            super().__setitem__(key, value)

    database.__class__ = RefusingStore
