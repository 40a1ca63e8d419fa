"""A stripper made ready: the options of a path, and for mode `sensitive` the rules.

Mode `all` imports no rules: git starts it for every commit.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from jupyter_mlsec.core.config import Config
    from jupyter_mlsec.core.engine import Scanner
    from jupyter_mlsec.core.findings import Placed
    from jupyter_mlsec.core.model import Document, Span, Text
    from jupyter_mlsec.core.rule import Rule
    from jupyter_mlsec.core.strip import Options, Stripped
    from jupyter_mlsec.core.strip.sensitive import Find, Found

COLAB_USER = "colab-user"

# Which rule finds what `also` names.
_OPTIONAL = {
    "user-path": "absolute-path-or-username",
    "host-name": "internal-host-or-ip",
    "account-id": "account-or-resource-id",
}


def options_for(path: str, config: Config, given: Mapping[str, Any] | None = None) -> Options:
    """The options of a path: the configuration's, what it says of the path, then `given`, by
    their names in the configuration. Raises MlsecError for what is wrong in `given`."""
    import os

    from jupyter_mlsec.core.strip import Options
    from jupyter_mlsec.core.strip.options import PER_PATH

    settings = dict(config.strip)
    by_path = settings.pop(PER_PATH, ())
    if by_path:
        from jupyter_mlsec.files.ignore import matches

        full = os.path.abspath(path)
        for glob, said in by_path:
            if matches(glob, full, config.root or os.getcwd()):
                settings.update(said)
    return Options.from_mapping({**settings, **(given or {})})


def stripper(
    options: Options, config: Config | None = None, known: Mapping[str, str] | None = None
) -> Callable[[bytes, str], Stripped]:
    """What strips one notebook: (data, path) to `Stripped`.

    `known` are values that are sensitive wherever they stand, each with its kind: what a kernel
    has fetched from a secret store.
    """
    from jupyter_mlsec.core.strip import strip
    from jupyter_mlsec.core.strip.options import SENSITIVE_TAG

    find: Find | None = None
    tag = SENSITIVE_TAG.encode()

    def run(data: bytes, path: str) -> Stripped:
        nonlocal find
        if find is None and (options.mode != "all" or options.block or tag in data):
            find = finder(options, config, known)
        done = strip(data, options, find)
        if options.block and options.mode == "all" and find is not None:
            from jupyter_mlsec.core.strip.sensitive import source_secrets

            done.source = source_secrets(done.data, find)
        return done

    return run


def finder(
    options: Options, config: Config | None = None, known: Mapping[str, str] | None = None
) -> Find:
    """What finds everything sensitive in a notebook's texts."""
    scanner = _scanner(options, config)
    allowed = frozenset(options.allow)
    values = known or {}

    def find(document: Document) -> list[Found]:
        from jupyter_mlsec.core.strip.sensitive import Found

        found = [
            f
            for placed in scanner.hits(_as_outputs(document))
            for f in _found(document, placed)
            if f.kind not in allowed
        ]
        if COLAB_USER not in allowed:
            found += _colab_users(document)
        for value, kind in values.items():
            found += [
                Found(number, "fetched-secret", kind, value, f"[redacted: {kind}]")
                for number, text in enumerate(document.texts)
                if value in text.text
            ]
        return found

    return find


def _as_outputs(document: Document) -> Document:
    """The document with attachments and metadata as outputs, so that rules look for personal data
    there too; but for what people write there, which has no MIME type."""
    texts = tuple(
        text._replace(part="output")
        if text.part in ("attachment", "metadata") and text.mime
        else text
        for text in document.texts
    )
    return document._replace(texts=texts)


def _scanner(options: Options, config: Config | None) -> Scanner:
    from jupyter_mlsec.core.config import Config
    from jupyter_mlsec.core.engine import Scanner, running
    from jupyter_mlsec.files.cache import folder_of
    from jupyter_mlsec.files.database import prefilter_for

    def rules() -> Sequence[Rule]:
        from jupyter_mlsec.rules import ALL

        return ALL

    wanted = ("secrets", "pii-in-output", *(_OPTIONAL[name] for name in options.also))
    folder = folder_of() if config is None or config.cache else None
    chosen = Config(select=wanted)
    prefilter = prefilter_for(lambda: running(rules(), chosen), folder, chosen.decides)
    return Scanner(rules, chosen, prefilter)


def _found(document: Document, placed: Placed) -> Iterator[Found]:
    """A hit as what is to be replaced: its value, or its table's whole column."""
    from jupyter_mlsec.core.strip.gathered import SPLIT
    from jupyter_mlsec.core.strip.sensitive import Found

    rule, number, hit = placed
    text = document.texts[number]
    if text.mime == SPLIT and rule.id != "provider-token":
        return  # put together by us: only what begins like nothing else is sure to be meant
    kind = hit.kind or rule.id
    for span in _spans(text, rule.id, hit.span):
        value = text.text[span.start : span.end]
        marker = f"[redacted: {kind}]"
        if "[redacted:" in value or not value.strip():
            continue  # it is a marker already
        if kind == "user-path":
            # the folder stays, the user's name goes
            slash = max(value.rfind("/"), value.rfind("\\")) + 1
            marker = value[:slash] + marker
        yield Found(number, rule.id, kind, value, marker)


def _colab_users(document: Document) -> Iterator[Found]:
    """Who ran a cell in Colab, which saves the name and number with the cell."""
    from jupyter_mlsec.core.strip.sensitive import Found

    for number, text in enumerate(document.texts):
        if text.part == "metadata" and '"userId": "' in text.text:
            for line in text.text.splitlines():
                key, _, value = line.partition(": ")
                name = value[1:-1]
                if key in ('"displayName"', '"userId"') and not name.startswith("[redacted:"):
                    marker = f"[redacted: {COLAB_USER}]"
                    yield Found(number, COLAB_USER, COLAB_USER, name, marker)


def _spans(text: Text, rule: str, span: Span) -> list[Span]:
    if rule != "assigned-credential-literal" or text.part == "source":
        return [span]
    from jupyter_mlsec.rules.secrets.tables import column

    return [span, *(cell for cell in column(text.text, span) if cell != span)]
