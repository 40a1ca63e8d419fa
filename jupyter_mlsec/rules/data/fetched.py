"""Rules about how data gets here: revisions, transport, digests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.model import Edit, Fix, Hit, Severity, Span
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import Bad, Good
from jupyter_mlsec.rules.data.family import (
    HTTP_TAG,
    PICTURE,
    PLAIN_HTTP,
    REMOTE_LOAD,
    REMOTE_TAG,
    loads,
    rule,
    texts_at,
    with_argument,
)

if TYPE_CHECKING:
    import ast

    from jupyter_mlsec.core.flow.knowledge import Load
    from jupyter_mlsec.core.python import Call
    from jupyter_mlsec.core.shellwords import Command
    from jupyter_mlsec.core.view import Context, View

_COMMIT = "0a1b2c3d" * 5
_PLACEHOLDER = lazy(
    r"(?:your|my|path|to|the|some|user(?:name)?|org(?:anization)?|namespace|repo)[\w-]*/"
    r"|.*(?:your[_-]|<|\{|\[)",
    re.IGNORECASE,
)
_COMPARES = lazy(
    r"sha(?:256|384|512|1)sum|shasum|b2sum|md5sum|hashlib|gpgv?\b[^\n]*--verify|cosign verify"
)
_DOWNLOADS = frozenset(
    "urlretrieve get_file retrieve download cached_download download_url download_url_to_file "
    "download_and_extract_archive".split()
)


@rule(
    "dataset-revision-not-pinned",
    "A dataset is loaded from a hub without a commit",
    severity=Severity.LOW,
    hints=REMOTE_LOAD,
    languages=("python",),
    references=("CWE-494", "ML02", "ML06", "AML.T0010.002"),
    aggregate="{count} datasets are loaded without a commit: {subjects}. Pass revision= and the "
    "full commit",
    examples=(
        Bad(
            'from datasets import load_dataset\nds = load_dataset("squad")',
            at='"squad"',
        ),
        Bad(
            'from datasets import load_dataset as ld\nds = ld(path="acme/reviews", split="train")',
            at='"acme/reviews"',
        ),
        Bad(
            "from huggingface_hub import snapshot_download\n"
            'snapshot_download("acme/cats", repo_type="dataset")',
            at='"acme/cats"',
        ),
        Bad(
            'name = "acme/reviews"\nds = load_dataset(name, revision="main")',
            at="name",
        ),
        Good(
            f'load_dataset("squad", revision="{_COMMIT}")',
            because="a commit can't be moved",
        ),
        Good('load_dataset("csv", data_files="a.csv")', because="the files are at hand"),
        Good('load_dataset("./reviews")', because="a local folder"),
        Good("load_dataset(name, revision=commit)", because="the revision may be a commit"),
        Good('snapshot_download("acme/small")', because="a model, no dataset"),
        Good("load_dataset(name)", because="the name is not known here"),
    ),
)
def dataset_revision_not_pinned(view: View) -> Iterator[Hit]:
    """Without `revision=` the newest commit of the repository is loaded: rows, labels and, where
    a dataset brings its own code, that code may change between two runs, by the owner or by
    whoever takes over the account. `load_dataset(name).info` and the repository's page tell the
    commit.

    Looked at are names that are known in the notebook; placeholders are left alone.
    """
    from jupyter_mlsec.core.flow.facts import INTEGRITY, Origin
    from jupyter_mlsec.rules.data.loads import judge

    for call, load in loads(view):
        function = call.name.rpartition(".")[2]
        if function not in ("load_dataset", "hf_hub_download", "snapshot_download"):
            continue
        node = load.what.of(call)
        written = texts_at(view, call.node).written(node)
        if node is None or not written.whole or written.text in load.builders:
            continue
        judged = judge(call, load, written, None)
        if judged is None or judged.origin is not Origin.HUB or judged.checks & INTEGRITY:
            continue
        name = written.text
        if not re.fullmatch(r"[\w.-]+(?:/[\w.-]+)?", name) or _PLACEHOLDER.match(name):
            continue
        message = f"{name} is loaded at whatever commit is newest; pass revision= and the full "
        yield Hit(view.code.span(node), message + "commit", _pinned(view, call, name), subject=name)


def _pinned(view: View, call: Call, name: str) -> Fix | None:
    """The fix that names the commit that the context knows."""
    commit = view.context.commit_of("datasets", name)
    if commit is None:
        return None
    title = f"pin {name} to {commit[:8]}, the commit in this machine's cache"
    revision = call.keyword("revision")
    if revision is None:
        return with_argument(view, call, f'revision="{commit}"', title)
    edit = Edit(view.code.span(revision), f'"{commit}"', view.text.cell)
    return Fix((edit,), False, title)


@rule(
    "plain-http-data",
    "Data is fetched without encryption",
    severity=Severity.MEDIUM,
    hints=(*REMOTE_LOAD, PLAIN_HTTP),
    languages=("python", "shell"),
    references=("CWE-319", "ML02"),
    aggregate="data is fetched by plain http from {count} addresses: {subjects}. Use https",
    examples=(
        Bad(
            'import pandas as pd\ndf = pd.read_csv("http://example.org/a.csv")',
            at='"http://example.org/a.csv"',
            fixed='import pandas as pd\ndf = pd.read_csv("https://example.org/a.csv")',
        ),
        Bad(
            'import requests\nbase = "http://example.org"\nr = requests.get(f"{base}/rows")',
            at='f"{base}/rows"',
        ),
        Bad(
            "!wget -q http://example.org/a.csv",
            at="http://example.org/a.csv",
            fixed="!wget -q https://example.org/a.csv",
        ),
        Bad(
            'ds = load_dataset("csv", data_files={"train": "http://example.org/a.csv"})',
            at='{"train": "http://example.org/a.csv"}',
        ),
        Good('df = pd.read_csv("https://example.org/a.csv")', because="it is encrypted"),
        Good('requests.get("http://localhost:8000/rows")', because="it stays on this machine"),
        Good('print("see http://example.org/a.csv")', because="nothing is fetched"),
        Good("r = requests.get(url)", because="the address is not known here"),
        Good('ns = {"w": "http://www.w3.org/2000/svg"}', because="a name, not an address"),
        Good(
            'import pandas as pd\npd.read_csv(f"http://{host}:{port}/a.csv")',
            because="the host may be this machine",
        ),
    ),
)
def plain_http_data(view: View) -> Iterator[Hit]:
    """Anybody on the way can read and change what plain http carries, and nothing tells. Most
    servers answer by https too.

    A picture that is only shown to a model is reported as low.
    """
    from jupyter_mlsec.core.flow.facts import Origin
    from jupyter_mlsec.rules.data.loads import judge_url

    if not view.marked(REMOTE_TAG) or not view.context.once(_mentions_http):
        return
    for span, url in addresses(view):
        judged = judge_url(url)
        if judged is None or judged.origin is not Origin.HTTP or not url.startswith("http:"):
            continue
        severity = Severity.LOW if PICTURE.search(judged.name) else None
        host = judged.name.split("/")[2]
        if not host:
            continue  # a name that is not known, which may well be this machine's
        message = f"data is fetched from {host} by plain http; use https and compare a digest"
        yield Hit(span, message, _https(view, span), subject=host, severity=severity)


def _mentions_http(context: Context) -> bool:
    return any(text.output is None for text in context.marked(HTTP_TAG))


def addresses(view: View) -> Iterator[tuple[Span, str]]:
    """The places of what is loaded in a text, with the URL or the beginning of it."""
    if view.text.language == "python":
        for call, load in loads(view):
            node = _what(view, call, load)
            if node is not None:
                yield view.code.span(node), texts_at(view, call.node).written(node).text
    for command in view.commands:
        for word, _ in _saved(view, command):
            yield word


def _what(view: View, call: Call, load: Load) -> ast.expr | None:
    node = load.what.of(call)
    if load.builders and texts_at(view, call.node).written(node).text in load.builders:
        return load.files.of(call)
    return node


def _https(view: View, span: Span) -> Fix | None:
    source = view.source[span.start : span.end]
    at = source.find("http://")
    if at < 0 or source.count("http://") > 1 or source[:1] in ("{", "["):
        return None
    place = Span(span.start + at, span.start + at + len("http"))
    return Fix((Edit(place, "https", view.text.cell),), False, "use https")


@rule(
    "download-without-checksum",
    "A download is not compared with a digest",
    severity=Severity.LOW,
    hints=REMOTE_LOAD,
    languages=("python", "shell"),
    references=("CWE-353", "CWE-494", "ML02", "AML.T0010.002"),
    aggregate="{count} downloads are not compared with a digest: {subjects}",
    examples=(
        Bad(
            "import tensorflow as tf\n"
            'p = tf.keras.utils.get_file("a.zip", "https://example.org/a.zip")',
            at='"https://example.org/a.zip"',
        ),
        Bad(
            "from urllib.request import urlretrieve\n"
            'urlretrieve("https://example.org/a.csv", "a.csv")',
            at='"https://example.org/a.csv"',
        ),
        Bad("!wget https://example.org/a.csv", at="https://example.org/a.csv"),
        Bad("!curl -sLo a.csv https://example.org/x", at="https://example.org/x"),
        Good(
            f'tf.keras.utils.get_file("a.zip", "https://example.org/a.zip", file_hash="{_COMMIT}")',
            because="the download compares it",
        ),
        Good(
            "!wget https://example.org/a.csv\n!sha256sum -c a.sha256",
            because="a digest is compared",
        ),
        Good("!curl -s https://example.org/a.json", because="nothing is kept"),
        Good(
            f"!wget https://raw.githubusercontent.com/acme/d/{_COMMIT}/a.csv",
            because="a commit in the address names one content",
        ),
    ),
)
def download_without_checksum(view: View) -> Iterator[Hit]:
    """A file behind an address can be replaced, cut short or served differently tomorrow. With a
    digest (`file_hash=`, `known_hash=`, `sha256sum -c`) the notebook stops instead of computing
    with other data. Download once, take the digest of a file that you have looked at, write it
    down here; `mlsec fix --unsafe --pin-from environment` does it for what is on this machine.

    Silent where the notebook compares a digest of anything.
    """
    if view.context.once(_compares):
        return
    found: list[tuple[Span, str, str, Fix | None]] = []
    for call, load in loads(view) if view.text.language == "python" else ():
        node = load.what.of(call)
        last = call.name.rpartition(".")[2]
        if node is None or last not in _DOWNLOADS or any(map(call.may_have, load.hashes)):
            continue
        url = texts_at(view, call.node).written(node).text
        found.append((view.code.span(node), url, url, _compared(view, call)))
    for command in view.commands:
        found += [(span, url, path, None) for (span, url), path in _saved(view, command)]
    for span, url, named, fix in found:
        if not re.search(r"[0-9a-f]{40}", url):
            shown = _shown(named) or view.source[span.start : span.end]
            message = f"{shown} is downloaded without comparing a digest"
            yield Hit(span, message, fix, subject=shown)


# The keyword that takes a SHA-256, by the function that downloads, and how it is written there.
_TAKES_DIGEST = {
    "get_file": 'file_hash="{}"',
    "download_url_to_file": 'hash_prefix="{}"',
}


def _compared(view: View, call: Call) -> Fix | None:
    """The fix that lets a download compare the digest of the file that it brought last time."""
    from jupyter_mlsec.core.flow.knowledge import Argument

    function = call.name.rpartition(".")[2]
    if function not in _TAKES_DIGEST:
        return None
    names = Argument(0, ("fname",)) if function == "get_file" else Argument(1, ("dst",))
    named = names.of(call)
    path = view.code.constant(named, view.context.constants) if named is not None else None
    digest = view.context.digest_of(function, path) if path else None
    if path is None or digest is None:
        return None
    title = f"compare the digest of {_shown(path)}, as it is on this machine"
    return with_argument(view, call, _TAKES_DIGEST[function].format(digest), title)


def _saved(view: View, command: Command) -> Iterator[tuple[tuple[Span, str], str]]:
    """The URLs that a wget or curl command saves, with their places, and the files."""
    from jupyter_mlsec.rules.data.fetches import downloads

    program = command.argv[0].text.rpartition("/")[2] if command.argv else ""
    if program in ("wget", "curl"):
        for word, path in downloads(command):
            if not re.search(r"\.(?:sh|py|deb|rpm|whl|jar|gpg|key|run|exe)$", path):
                yield (word.span, word.text), path


def _shown(url: str) -> str:
    """The last part of an address, without its query."""
    return re.split(r"[?#]", url)[0].rstrip("/").rpartition("/")[2]


def _compares(context: Context) -> bool:
    """Whether the document compares a digest of anything."""
    return any(
        _COMPARES.search(text.text)
        for text in context.document.texts
        if text.part in ("source", "file")
    )


RULES = (dataset_revision_not_pinned, plain_http_data, download_without_checksum)
