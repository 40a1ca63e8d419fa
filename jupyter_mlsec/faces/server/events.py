"""Jupyter Events: what happened, for whoever listens. All users of a server may: no values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

_SCHEMA = "https://jupyter-mlsec.readthedocs.io/events/{}/v1"

Outcome = Literal["found", "redacted", "refused", "unchecked"]


class Events:
    """Emits this extension's events by a server's event logger."""

    def __init__(self, logger: Any) -> None:
        self._logger = logger
        for schema in sorted((Path(__file__).parent / "schemas").glob("*.yaml")):
            logger.register_event_schema(schema)

    def saved(
        self, path: str, action: Outcome, rules: Mapping[str, int], copy: bool | None = None
    ) -> None:
        """A notebook with credentials was saved, or was not."""
        kept = {} if copy is None else {"copy": copy}
        self._emit("save", {"path": path, "action": action, "rules": dict(rules), **kept})

    def fixed(self, path: str, rules: Mapping[str, int]) -> None:
        """The browser was given fixes, so many of each rule."""
        if rules:
            self._emit("fix", {"path": path, "rules": dict(rules)})

    def scanned(self, files: int, errors: int, rules: Mapping[str, int]) -> None:
        """Saved files were scanned."""
        self._emit("scan", {"files": files, "errors": errors, "rules": dict(rules)})

    def secret(self, line: Mapping[str, Any]) -> None:
        """A line of the audit log was written."""
        self._emit("secret", dict(line))

    def _emit(self, name: str, data: dict[str, Any]) -> None:
        self._logger.emit(schema_id=_SCHEMA.format(name), data=data)
