"""What the rules about data share: the decorator, the hints, and what the analysis is told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jupyter_mlsec.core.model import Severity
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import Hint, family

if TYPE_CHECKING:
    import ast

    from jupyter_mlsec.core.flow.analysis import Found
    from jupyter_mlsec.core.flow.knowledge import Knowledge, Load
    from jupyter_mlsec.core.flow.texts import Texts
    from jupyter_mlsec.core.model import Fix
    from jupyter_mlsec.core.python import Call
    from jupyter_mlsec.core.view import Context, View

rule = family("data")

PICTURE = lazy(r"\.(?:jpe?g|png|gif|webp|bmp)$", re.IGNORECASE)

# By their last names; `get`, `load` and the like only behind the module that makes them a load.
_REMOTE = (
    *("load_dataset", "read_csv", "read_table", "read_fwf", "read_excel", "read_json"),
    *("read_parquet", "read_feather", "read_orc", "read_html", "read_xml", "read_stata"),
    *("read_avro", "read_ndjson", "read_ipc", "read_delta", "read_pickle", "read_hdf"),
    *("scan_csv", "scan_parquet", "scan_ndjson", "scan_ipc", "scan_delta"),
    *("fetch_openml", "hf_hub_download", "snapshot_download", "load_image", "loadtxt"),
    *("genfromtxt", "urlopen", "urlretrieve", "get_file", "download_url_to_file"),
    *("download_url", "download_and_extract_archive", "dataset_download_files"),
    *("dataset_download_file", "competition_download_files", "competition_download_file"),
    *("dataset_download", "competition_download", "get_object", "download_file"),
    *("download_fileobj", "loadarff", "make_csv_dataset", "imread", "TextLineDataset"),
)
_LOCAL = (
    *("load_from_disk", "ImageFolder", "DatasetFolder", "image_dataset_from_directory"),
    *("text_dataset_from_directory", "audio_dataset_from_directory", "flow_from_directory"),
    *("read_sql", "read_sql_query", "read_sql_table", "read_database", "read_gbq", "loadmat"),
    *("to_dataframe", "fetchall", "fetchmany", "read_sas", "read_spss", "fromfile"),
    *("download_to_filename", "download_as_bytes", "download_as_text", "download_artifacts"),
    *("open", "TFRecordDataset"),
)


def _called(tag: str, names: tuple[str, ...]) -> Hint:
    pattern = rf"\b(?:{'|'.join(names)})[ \t]*\("
    return Hint(tag, pattern, tuple(name.lower() for name in names))


REMOTE_TAG, LOCAL_TAG = "remote-load", "local-load"
REMOTE_LOAD = (
    _called(REMOTE_TAG, _REMOTE),
    Hint(REMOTE_TAG, r"(?:requests|httpx|session|Session\(\))\.get[ \t]*\(", (".get",)),
    Hint(REMOTE_TAG, r"\bread\.[ \t(\w)\"'.,=]{1,120}\(", ("read.",)),
    Hint(
        REMOTE_TAG,
        r"(?:duckdb\.(?:sql|query|execute)|(?:pooch|wget|gdown|opendatasets)\.\w+)[ \t]*\(",
        ("duckdb.", "pooch.", "wget.", "gdown.", "opendatasets."),
    ),
    Hint(REMOTE_TAG, r"(?:fs|s3|gcs|FileSystem\([^\n]{0,80}\))\.open[ \t]*\(", (".open",)),
    Hint(
        REMOTE_TAG,
        r"\b(?:wget|curl|gsutil|gdown|kaggle|azcopy|s5cmd)[\"',]?[ \t]"
        r"|\b(?:aws|gcloud)[ \t][^\n]{0,60}cp",
        ("wget", "curl", "gsutil", "gdown", "kaggle", "azcopy", "s5cmd", "aws", "gcloud"),
    ),
    Hint(REMOTE_TAG, rf"import[^\n]{{0,200}}\b(?:{'|'.join(_REMOTE)})[ \t]+as\b", (" as",)),
)
LOCAL_LOAD = (
    _called(LOCAL_TAG, _LOCAL),
    Hint(
        LOCAL_TAG,
        r"\b(?:torch|np|numpy|pickle|joblib|dill|cloudpickle|librosa|torchaudio)\.loads?[ \t]*\(",
        (".load",),
    ),
    Hint(LOCAL_TAG, r"import[^\n]{0,80}\bloads?[ \t]+as\b", ("load",)),
)

# What data must meet for a finding of medium severity or more; the analysis looks closer. With the
# names of `rules.data.uses`, which is imported only where there is a load.
_STRONG = (
    *("fit", "partial_fit", "fit_transform", "fit_predict", "fit_generator", "fit_resample"),
    *("finetune", "fine_tune", "fit_one_cycle", "backward", "gradient", "apply_gradients"),
    *("adapt", "push_to_hub", "upload_file", "upload_folder", "upload_fileobj"),
    *("upload_large_folder", "put_object", "upload_from_filename", "upload_from_string"),
    *("upload_from_file", "upload_data", "upload_blob", "upload", "log_artifact"),
    *("log_artifacts", "log_model", "register_model", "to_gbq", "load_table_from_dataframe"),
    *("create_model_version", "execute", "executemany", "executescript", "system"),
)
STRONG_TAG, HTTP_TAG = "strong-use", "plain-http"
PLAIN_HTTP = Hint(HTTP_TAG, r"http://", ("http://",))
STRONG_USE = (
    PLAIN_HTTP,
    _called(STRONG_TAG, _STRONG),
    # not from_pretrained
    Hint(STRONG_TAG, r"(?:^|[^a-z])train\w{0,40}[ \t]*\(|Trainer[ \t]*\(", ("train",)),
    Hint(STRONG_TAG, r"(?:^|[^.\w])(?:exec|eval)[ \t]*\(", ("exec", "eval")),
    Hint(STRONG_TAG, r"ftp://", ("ftp://",)),
    Hint(
        STRONG_TAG,
        r"[pP]ickle|joblib|dill|torch\.load|\bload[ \t]+as\b",
        ("pickle", "joblib", "dill", "torch.load", "load"),
    ),
)

_CLASS = re.compile(r"^[ \t]*class[ \t]+(\w+)\(([^)\n]*)\)", re.MULTILINE)


def remote_flows(context: Context) -> tuple[Found, ...]:
    """The flows of what comes from outside (see `core.flow`)."""
    from jupyter_mlsec.core.flow.analysis import flows

    return flows(context, _knowledge(context, local=False), (REMOTE_TAG,))


def all_flows(context: Context) -> tuple[Found, ...]:
    """The flows of what comes from outside and of what is local."""
    from jupyter_mlsec.core.flow.analysis import flows

    return flows(context, _knowledge(context, local=True), (REMOTE_TAG, LOCAL_TAG))


def _knowledge(context: Context, *, local: bool) -> Knowledge:
    from jupyter_mlsec.core.flow.facts import Format, Origin, Source
    from jupyter_mlsec.core.flow.knowledge import Judged, Knowledge
    from jupyter_mlsec.core.flow.texts import Written
    from jupyter_mlsec.rules.data import loads, uses
    from jupyter_mlsec.rules.data.fetches import PROGRAMS, fetched

    def judge(call: Call, load: Load, written: Written, what: ast.expr | None) -> Judged | None:
        judged = loads.judge(call, load, written, what)
        return judged if judged is None or local or judged.origin > Origin.STORE else None

    def done(source: Source) -> bool:
        # looked at, it is low at most, unless it comes by plain http or can run code
        harmless = source.origin < Origin.HTTP and source.format is not Format.OBJECTS
        return harmless and not local and context.least > Severity.LOW

    return Knowledge(
        role=uses.role,
        own=lambda: context.once(_own_checks),
        judge=judge,
        judge_url=loads.judge_url,
        done=done,
        fetched=fetched,
        programs=PROGRAMS,
    )


def _own_checks(context: Context) -> frozenset[str]:
    """What the user says checks data, and the classes of the document that check what they are
    given: pydantic's, pandera's."""
    from jupyter_mlsec.rules.data.uses import SCHEMA_BASES

    return context.data_checks.union(
        found[1]
        for text in context.sources
        if "class " in text.text and ("Model" in text.text or "Schema" in text.text)
        for found in _CLASS.finditer(text.text)
        if SCHEMA_BASES.search(found[2])
    )


def with_argument(view: View, call: Call, argument: str, title: str) -> Fix:
    """The fix that gives a call one keyword argument more."""
    from jupyter_mlsec.core.model import Edit, Fix, Span

    arguments = [*call.args, *(keyword.value for keyword in call.node.keywords)]
    at = max((view.code.span(node).end for node in arguments), default=call.span.end - 1)
    text = f", {argument}" if arguments else argument
    return Fix((Edit(Span(at, at), text, view.text.cell),), False, title)


def texts_at(view: View, node: ast.AST) -> Texts:
    """The strings of the document as they are where a node stands."""
    texts = view.context.once(_texts)
    texts.move(view.text, getattr(node, "lineno", 1))
    return texts


def _texts(context: Context) -> Texts:
    from jupyter_mlsec.core.flow.texts import Texts

    return Texts(context, context.sources)


def loads(view: View) -> tuple[tuple[Call, Load], ...]:
    """The calls of this text that load data."""
    return view.once(_loads)


def _loads(view: View) -> tuple[tuple[Call, Load], ...]:
    from jupyter_mlsec.core.flow.knowledge import find
    from jupyter_mlsec.rules.data.loads import LOADS

    found = []
    for call in view.calls():
        load = find(LOADS, call.name)
        if load is not None:
            found.append((call, load))
    return tuple(found)


def last_name(node: ast.expr) -> str:
    """The last part of a dotted name, "" for what has no name."""
    return str(getattr(node, "attr", getattr(node, "id", "")))
