"""The redactor: what it costs, and what it masks that is no secret."""

from __future__ import annotations

import re
import sysconfig
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from time import process_time

from bench.corpus import folder, notebooks
from bench.measure import table
from jupyter_mlsec.core.formats import sample
from jupyter_mlsec.credentials.kernel.session import Line
from jupyter_mlsec.credentials.redactor import Redactor
from jupyter_mlsec.credentials.variants import variants

KINDS = {
    "OpenAI project key": "sk-proj-{w:74}",
    "GitHub token": "ghp_{an:36}",
    "AWS access key": "AKIA{B32:16}",
    "AWS secret key": "{b64:40}",
    "Hugging Face token": "hf_{aA:34}",
    "hexadecimal key": "{hex:40}",
    "UUID": "{uuid}",
    "password of 12": "{an:12}",
    "password of 16 with signs": "{pw:16}",
    "Slack token": "xoxb-{d:12}-{d:12}-{an:24}",
}
_EACH = 10  # secrets of each kind
_PUBLIC = 100_000_000  # bytes of public files
_SUFFIXES = {".py", ".pyi", ".md", ".rst", ".txt", ".json", ".js", ".css", ".html", ".toml", ".so"}
_LINE = "Epoch 12/100, loss 0.4521, accuracy 0.9120, elapsed 12.3 s, learning rate 0.0001\n"


def main() -> str:
    """Two tables, as Markdown."""
    return f"## Masking secrets in what a kernel prints\n\n{_costs()}\n\n{_false_masks()}\n"


def _costs() -> str:
    header = [
        "secrets", "build ms", "80-byte print µs", "1 MB text MB/s", "100 KB picture ms",
        "`re` with the same spellings, ours = 1",
    ]  # fmt: skip
    return table(header, [_cost(count) for count in (1, 20, 100)])


def _cost(count: int) -> list[str]:
    random = Random(count)
    values = [sample("{an:40}", random) for _ in range(count)]
    redactor = Redactor(enumerate_labels(values))
    line_of = Line(redactor)
    message = {
        "msg_type": "stream", "header": {}, "parent_header": {}, "metadata": {},
        "content": {"name": "stdout", "text": _LINE},
    }  # fmt: skip

    def printed() -> None:
        for _ in range(1000):
            line_of.send(_sent, None, message, None, [], False)

    picture = b64encode(Random(1).randbytes(75_000)).decode()
    text = (_LINE * 13_000)[: 1 << 20]
    peer = _alternation(values)
    build = _least(lambda: Redactor(enumerate_labels(values)).index())
    line = _least(printed) / 1000
    ours = _least(lambda: redactor.redact(text))
    return [
        f"{count}",
        f"{build * 1e3:.0f}",
        f"{line * 1e6:.1f}",
        f"{len(text) / ours / 1e6:.0f}",
        f"{_least(lambda: redactor.redact(picture)) * 1e3:.1f}",
        f"{_least(lambda: peer.search(text), times=1) / ours:,.0f}",
    ]


def _sent(*message: object) -> None:
    """In the place of the socket: what is measured is what stands before it."""


def enumerate_labels(values: list[str]) -> list[tuple[str, str]]:
    """Values with a label for each."""
    return [(f"kv/bench#{number}", value) for number, value in enumerate(values)]


def _alternation(values: list[str]) -> re.Pattern[str]:
    """What a masker does that knows the same whole spellings, and no pieces."""
    spelled = {v.text.decode("utf-8", "replace") for value in values for v in variants(value)}
    return re.compile("|".join(map(re.escape, sorted(spelled, key=len, reverse=True))))


def _least(call: Callable[[], object], times: int = 5) -> float:
    """CPU seconds of one call."""
    costs = []
    for _ in range(times):
        start = process_time()
        call()
        costs.append(process_time() - start)
    return min(costs)


def _false_masks() -> str:
    random = Random(2026)
    redactors = {
        kind: Redactor(enumerate_labels([sample(template, random) for _ in range(_EACH)]))
        for kind, template in KINDS.items()
    }
    found = dict.fromkeys(KINDS, 0)
    size = 0
    for raw in _public():
        size += len(raw)
        for kind, redactor in redactors.items():
            index = redactor.index()
            found[kind] += len(index.spans(raw)) if index else 0
    rows = [[kind, f"{_EACH}", f"{count}"] for kind, count in found.items()]
    header = ["kind of random secret", "secrets", f"masks in {size / 1e6:.0f} MB of public files"]
    return table(header, rows)


def _public() -> Iterator[bytes]:
    """Public notebooks, and what is installed here: code, documentation, data, libraries."""
    left = _PUBLIC
    installed = Path(sysconfig.get_path("purelib"))
    others = sorted(p for p in installed.rglob("*") if p.suffix in _SUFFIXES and p.is_file())
    for path in (*notebooks(folder()), *others):
        raw = path.read_bytes()
        yield raw
        left -= len(raw)
        if left <= 0:
            return


if __name__ == "__main__":
    print(main())
