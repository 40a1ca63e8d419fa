"""What IPython keeps on disk by itself: history of inputs and outputs, %logstart, %store."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from jupyter_mlsec.core.errors import MlsecError

if TYPE_CHECKING:
    from jupyter_mlsec.credentials.redactor import Redactor


def protect(shell: Any, redactor: Redactor) -> None:
    """Mask secrets in what this shell writes down of its cells, by itself or on request."""
    _inputs(shell.history_manager, redactor)
    _outputs(shell.history_manager, redactor)
    _export(shell, redactor)
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
        kept = manager.output_hist_reprs
        if line_num in kept:
            kept[line_num] = redactor.redact(kept[line_num])
        return plain(line_num)

    manager.store_output = store_output


def _export(shell: Any, redactor: Redactor) -> None:
    """%notebook writes all outputs of the session to a file (IPython 9)."""
    magics = shell.magics_manager.magics["line"]
    plain = magics.get("notebook")
    if plain is None:
        return

    @wraps(plain)
    def notebook(line: str) -> Any:
        manager = shell.history_manager
        for outputs in getattr(manager, "outputs", {}).values():
            for output in outputs:
                output.bundle = redactor.redact_json(output.bundle)
        exceptions = getattr(manager, "exceptions", {})
        exceptions.update({number: redactor.redact_json(e) for number, e in exceptions.items()})
        return plain(line)

    magics["notebook"] = notebook


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
