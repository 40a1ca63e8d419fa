"""The leak suite on real kernels: without anything, with what others do, and with ours.

What others do is emulated, on the messages of the very same run: the value as it is in the outputs
of cells (Databricks' notebooks, Hex), the value as it is in every message (nteract, GitLab's job
logs), and GitHub Actions' runner, which adds what its encoders make of a value: Base64 at three
alignments, JSON, URL, XML and command-line escapes. All are given every message, which most of
them do not see.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from bench.measure import ROOT, table

if TYPE_CHECKING:
    from tests.leaks.kernel import Mask
    from tests.leaks.suite import Line

_OUTPUTS = frozenset({"stream", "execute_result", "display_data", "error"})


def main() -> str:
    """A table by group, as Markdown."""
    from tests.leaks.channels import CHANNELS
    from tests.leaks.suite import Suite

    leaking: dict[str, Counter[str]] = {}
    plain = Suite("none")
    masks = peers(plain.value)
    try:
        for channel, leaked, _, capture in plain.outcomes(CHANNELS):
            leaking.setdefault("without", Counter())[channel.group] += leaked
            for name, mask in masks.items():
                leaking.setdefault(name, Counter())[channel.group] += plain.leaks(capture, mask)
    finally:
        plain.end()
    with _older() as older:
        leaking["**server alone**"] = _ours("server")
        leaking["**kernel**"] = _ours("kernel")
        leaking["**kernel**, ipykernel 6"] = _ours("kernel", older)
        leaking["**both**"] = _ours("both")
    return _report(Counter(channel.group for channel in CHANNELS), leaking)


def _ours(line: Line, path: Path | None = None) -> Counter[str]:
    """By group, the channels that leak past our own lines of defence."""
    from tests.leaks.channels import CHANNELS
    from tests.leaks.suite import Suite

    suite = Suite(line, path)
    try:
        return Counter(o.channel.group for o in suite.outcomes(CHANNELS) if o.leaked)
    finally:
        suite.end()


@contextmanager
def _older() -> Iterator[Path]:
    """A folder with ipykernel 6, which goes before the one that is installed."""
    with tempfile.TemporaryDirectory(prefix="mlsec-bench-") as folder:
        lock = str(ROOT / "requirements" / "ipykernel6.txt")
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"),
                *("--require-hashes", "--target", folder, "-r", lock),
            ],
            check=True,
        )
        yield Path(folder)


def peers(value: str) -> dict[str, Mask]:
    """What others replace, as functions of a message's kind and one of its texts."""
    encoded = _github(value)

    def outputs(kind: str, text: str) -> str:
        return text.replace(value, "[REDACTED]") if kind in _OUTPUTS else text

    def everywhere(kind: str, text: str) -> str:
        return text.replace(value, "[REDACTED]")

    def encodings(kind: str, text: str) -> str:
        for form in encoded:
            text = text.replace(form, "***")
        return text

    return {
        "literal in outputs": outputs,
        "literal everywhere": everywhere,
        "GitHub's encoders": encodings,
    }


def _github(value: str) -> list[str]:
    """What GitHub's runner derives from a secret (actions/runner, ValueEncoders.cs)."""
    forms = [value, quote(value, safe=""), json.dumps(value)[1:-1], escape(value)]
    for shift in range(3):
        coded = b64encode(value[shift:].encode()).decode().rstrip("=")
        forms.append(coded[: len(coded) - 1])
    forms.append(value.replace('"', '\\"'))
    return sorted(set(forms), key=len, reverse=True)


def _report(total: Counter[str], leaking: dict[str, Counter[str]]) -> str:
    rows = [
        [group, f"{count}", *(f"{found[group]}" for found in leaking.values())]
        for group, count in total.items()
    ]
    rows.append(["all", *(f"{sum(c.values())}" for c in (total, *leaking.values()))])
    text = table(["group", "channels", *leaking], rows)
    return (
        "## Ways out of a kernel for a secret, and how many are open\n\n"
        f"{text}\n\nOn ipykernel {version('ipykernel')} where nothing else is said. What others do "
        "is emulated on the same messages, all of which they are given; they see no files and no "
        "terminals. The server alone: the kernel has loaded nothing of ours; what it writes to its "
        "own disk and what arguments it gives to other processes, no server sees. "
        "`docs/threat-model.md` lists every channel.\n"
    )


if __name__ == "__main__":
    print(main())
