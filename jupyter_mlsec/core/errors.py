"""The one exception that reaches a user."""

# no `from __future__ import annotations`: git's filter starts with this module, in milliseconds


class MlsecError(Exception):
    """Something the user can mend.

    `message` says what is wrong, in one line and without any secret value; `hint` says what to
    do about it; `line` and `column` (from 1, in code points) say where, when that is known.
    """

    def __init__(
        self,
        message: str,
        hint: str | None = None,
        *,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.line = line
        self.column = column

    @property
    def full(self) -> str:
        """What is wrong and what to do about it, in one line."""
        return f"{self.message}; {self.hint}" if self.hint else self.message
