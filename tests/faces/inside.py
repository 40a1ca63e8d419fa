"""The command line inside of the test's own process: a tenth of the time of a new one."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping
from unittest import mock

import pytest

from jupyter_mlsec.faces.cli import main
from tests.faces.command import Folder, Outcome


class Inside:
    """Runs `mlsec` in a folder, with its environment and nothing of this machine's."""

    def __init__(self, folder: Folder, capture: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capture = capture

    def __call__(
        self, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None
    ) -> Outcome:
        before = os.getcwd()
        self._capture.readouterr()
        try:
            os.chdir(self.folder.path)
            with (
                mock.patch.dict(os.environ, self.folder.environment(env), clear=True),
                mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin))),
            ):
                try:
                    code = main(arguments)
                except SystemExit as end:  # argparse's
                    code = int(end.code or 0)
        finally:
            os.chdir(before)
        captured = self._capture.readouterr()
        outcome = Outcome(code, captured.out, captured.err)
        assert not outcome.shows("Traceback", "internal error")
        return outcome
