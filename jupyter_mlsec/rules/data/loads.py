"""What loads data, and from where.

Names and arguments are those of the libraries' own documentation (2025 and 2026 releases). Not
listed, since they compare digests that they bring themselves: the data sets of keras, torchvision
and tensorflow_datasets, and scikit-learn's `fetch_*` but for `fetch_openml`; and what is part of a
package (`load_iris`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jupyter_mlsec.core.flow.facts import INTEGRITY, Format, Origin
from jupyter_mlsec.core.flow.knowledge import Argument, Judged, Load
from jupyter_mlsec.core.flow.texts import Written
from jupyter_mlsec.core.patterns import lazy

if TYPE_CHECKING:
    import ast

    from jupyter_mlsec.core.python import Call

# The builders of the library datasets that read files: what they read is in data_files.
_BUILDERS = frozenset(
    "csv json text parquet arrow pandas xml webdataset imagefolder audiofolder videofolder sql "
    "generator".split()
)
_NOT_GIVEN = Argument(None)
_FIRST = Argument(
    0, ("filepath_or_buffer", "path_or_buf", "path", "source", "io", "url", "urlpath")
)


def _each(names: str, load: Load) -> dict[str, Load]:
    return dict.fromkeys(names.split(), load)


_HASHES = ("file_hash", "md5_hash", "known_hash", "hash_prefix", "expected_hash", "hash", "md5")
_SAVED = Argument(1, ("filename", "out", "output", "fname", "dst", "root", "path", "local_dir"))

LOADS: dict[str, Load] = {
    # tables: pandas, polars, dask, pyarrow, duckdb, cudf name them alike
    **_each(
        "read_csv read_table read_fwf read_excel read_json read_parquet read_feather read_orc "
        "read_html read_xml read_sas read_spss read_stata read_hdf read_avro read_ndjson read_ipc "
        "read_delta scan_csv scan_parquet scan_ndjson scan_ipc scan_delta read.csv read.json "
        "read.parquet read.orc read.text read.load read.format().load read.option().csv "
        "read.options().csv read.format().option().load read.format().options().load "
        "make_csv_dataset data.experimental.CsvDataset loadarff io.loadmat",
        Load(Format.TABLE, _FIRST),
    ),
    **_each("duckdb.sql duckdb.query duckdb.execute", Load(Format.TABLE, Argument(0, ("query",)))),
    **_each(
        "read_sql read_sql_query read_sql_table read_database read_database_uri read_gbq "
        "query().to_dataframe query().result().to_dataframe query_job.to_dataframe "
        "list_rows().to_dataframe read.table read.jdbc",
        Load(Format.TABLE, _NOT_GIVEN),
    ),
    **_each("fetchall fetchone fetchmany", Load(Format.TABLE, _NOT_GIVEN)),
    "fetch_openml": Load(Format.TABLE, Argument(0, ("name", "data_id"))),
    # Hugging Face
    "load_dataset": Load(
        Format.DATASET, Argument(0, ("path",)), schemas=("features",), builders=_BUILDERS
    ),
    **_each(
        "load_from_disk Dataset.from_csv Dataset.from_json Dataset.from_parquet Dataset.from_text",
        Load(Format.DATASET, Argument(0), schemas=("features",)),
    ),
    "hf_hub_download": Load(Format.TEXT, Argument(0, ("repo_id",)), saves=_NOT_GIVEN),
    "snapshot_download": Load(
        Format.TEXT, Argument(0, ("repo_id",)), saves=Argument(None, ("local_dir",))
    ),
    # arrays, pictures, sound
    **_each(
        "numpy.loadtxt numpy.genfromtxt numpy.fromfile numpy.memmap wavfile.read cv2.imread "
        "io.imread imageio.imread Image.open load_image librosa.load torchaudio.load "
        "soundfile.read sf.read datasets.ImageFolder datasets.DatasetFolder TFRecordDataset "
        "TextLineDataset image_dataset_from_directory text_dataset_from_directory "
        "audio_dataset_from_directory flow_from_directory",
        Load(Format.ARRAYS, _FIRST),
    ),
    "numpy.load": Load(Format.ARRAYS, Argument(0, ("file",)), opens="allow_pickle"),
    # object graphs
    **_each(
        "read_pickle pickle.load pickle.loads joblib.load dill.load dill.loads cloudpickle.load "
        "cloudpickle.loads",
        Load(Format.OBJECTS, Argument(0)),
    ),
    "torch.load": Load(Format.OBJECTS, Argument(0, ("f",)), closes="weights_only"),
    # bytes and texts from the network
    **_each(
        "requests.get httpx.get session.get requests.Session().get urllib.request.urlopen urlopen",
        Load(Format.TEXT, Argument(0, ("url",)), fetches=True),
    ),
    **_each("open fsspec.open smart_open.open", Load(Format.TEXT, Argument(0, ("file", "uri")))),
    **_each(
        "S3FileSystem().open GCSFileSystem().open s3.open gcs.open fs.open get_object",
        Load(Format.TEXT, Argument(0, ("Bucket",))),
    ),
    # downloads
    **_each(
        "urlretrieve wget.download gdown.download gdown.cached_download opendatasets.download",
        Load(Format.TEXT, Argument(0, ("url", "id")), saves=_SAVED, hashes=_HASHES),
    ),
    "get_file": Load(Format.TEXT, Argument(1, ("origin",)), saves=_NOT_GIVEN, hashes=_HASHES),
    "pooch.retrieve": Load(Format.TEXT, Argument(0, ("url",)), saves=_NOT_GIVEN, hashes=_HASHES),
    **_each(
        "download_url_to_file utils.download_url download_and_extract_archive",
        Load(Format.TEXT, Argument(0, ("url",)), saves=_SAVED, hashes=_HASHES),
    ),
    **_each(
        "dataset_download_files dataset_download_file competition_download_files "
        "competition_download_file kagglehub.dataset_download kagglehub.competition_download",
        Load(Format.TEXT, Argument(0), saves=Argument(None, ("path",))),
    ),
    **_each(
        "download_file download_fileobj",
        Load(Format.TEXT, Argument(0, ("Bucket",)), saves=Argument(2, ("Filename",))),
    ),
    "download_to_filename": Load(Format.TEXT, _NOT_GIVEN, saves=Argument(0, ("filename",))),
    **_each("download_as_bytes download_as_text download_as_string", Load(Format.TEXT, _NOT_GIVEN)),
    **_each(
        "artifacts.download_artifacts client.download_artifacts use_artifact().download",
        Load(Format.TEXT, _NOT_GIVEN, saves=Argument(None, ("dst_path",))),
    ),
}

# What they load comes over the network even where the address is not known here.
_NETWORK = frozenset(
    "get urlopen urlretrieve get_file retrieve download cached_download download_url "
    "download_url_to_file download_and_extract_archive".split()
)
_STORES = frozenset(
    "read_sql read_sql_query read_sql_table read_database read_database_uri read_gbq to_dataframe "
    "table jdbc fetchall fetchone fetchmany download_to_filename download_as_bytes "
    "download_as_text download_as_string download_artifacts".split()
)
_BUCKETS = frozenset(("get_object", "download_file", "download_fileobj"))
_FILE_SYSTEM = lazy(r"(?:^|\.)(?:fs|s3|gcs|\w*FileSystem\(\))\.open$")
_SITES = {
    "fetch_openml": "OpenML",
    "dataset_download_files": "Kaggle",
    "dataset_download_file": "Kaggle",
    "competition_download_files": "Kaggle",
    "competition_download_file": "Kaggle",
    "dataset_download": "Kaggle",
    "competition_download": "Kaggle",
}
_URL = lazy(r"([a-z][a-z0-9+]*)://([^/\s\"'{]*)([^\s\"']*)", re.IGNORECASE)
_LOOPBACK = lazy(r"(?:[^@/]*@)?(?:localhost|127\.|0\.0\.0\.0|\[?::1)", re.IGNORECASE)
_BUCKET_SCHEMES = frozenset("s3 s3a s3n gs gcs abfs abfss az adl wasb wasbs oss".split())
# No data; what runs it is other rules'.
_CODE = lazy(r"\.(?:py|sh|ipynb)(?:[?#]|$)")
COMMIT = lazy(r"(?<![0-9a-f])[0-9a-f]{40}(?![0-9a-f])")


def judge_url(text: str) -> Judged | None:
    """What is behind a URL (or the beginning of one); None for what is none."""
    match = _URL.search(text)
    if match is None:
        return None
    scheme, host, path = match[1].lower(), match[2], match[3]
    if _CODE.search(path):
        return None
    shown = f"{scheme}://{host.rpartition('@')[2]}{path.split('?')[0]}"
    if scheme in _BUCKET_SCHEMES:
        return Judged(shown, Origin.REMOTE if host else Origin.STORE)
    if scheme == "hf":
        return Judged(shown, Origin.HUB, _pinned(path))
    if scheme in ("http", "ftp"):
        origin = Origin.LOCAL if _LOOPBACK.match(host) else Origin.HTTP
        return Judged(shown, origin, _pinned(path))
    if scheme in ("https", "ftps", "sftp"):
        return Judged(shown, Origin.REMOTE, _pinned(path))
    return Judged(shown, Origin.STORE if "sql" in scheme else Origin.LOCAL)


def _pinned(path: str) -> int:
    """A commit in the path names one content, as in raw.githubusercontent.com/o/r/COMMIT/f."""
    return INTEGRITY if COMMIT.search(path) else 0


def judge(call: Call, load: Load, written: Written, what: ast.expr | None) -> Judged | None:
    """What a load brings. `written` is what is known of its argument `what`."""
    last = call.name.rpartition(".")[2]
    if last == "load_dataset":
        return _dataset(call, written, what)
    if last in ("hf_hub_download", "snapshot_download"):
        return _repository(call, written, what)
    if last == "open" and not written.text and what is None:
        return None
    found = judge_url(written.text)
    if found is None and _CODE.search(written.text):
        return None
    if found is not None:
        return found if found.origin is not Origin.LOCAL else found._replace(name=written.text)
    name = written.text if written.text.strip() else _shown(what)
    if last in _SITES:
        return Judged(f"{_SITES[last]} {name}", Origin.REMOTE)
    if last in _STORES:
        return Judged(
            "the database" if "sql" in last or "data" in last else "the store", Origin.STORE
        )
    if last in _BUCKETS or (last == "open" and _FILE_SYSTEM.search(call.name)):
        return Judged(f"the bucket {name}", Origin.REMOTE if written.text else Origin.STORE)
    if last in _NETWORK:
        if last == "get" and (written.whole or call.name.startswith("session")):
            return None  # a `get` of its own, not of a URL
        return Judged(name or "the download", Origin.REMOTE)
    return Judged(name, Origin.LOCAL) if name else None


def _shown(what: ast.expr | None) -> str:
    """An argument by its code."""
    import ast

    return ast.unparse(what) if what is not None else ""


def _revision(call: Call) -> int:
    """Whether a call names a commit, or may do so in a way that is not known here."""
    revision = call.keyword("revision")
    if revision is None:
        return INTEGRITY if call.may_have("revision") else 0
    text = getattr(revision, "value", None)
    return INTEGRITY if not isinstance(text, str) or COMMIT.fullmatch(text) else 0


def _dataset(call: Call, written: Written, what: ast.expr | None) -> Judged | None:
    name = written.text or _shown(what)
    found = judge_url(name)
    if found is not None:
        return found
    builder = getattr(call.args[0] if call.args else call.keyword("path"), "value", None)
    if (
        builder in _BUILDERS
        or name.startswith((".", "/", "~"))
        or re.search(r"\.(?:csv|json|jsonl|txt|parquet)$", name)
    ):
        return Judged(name, Origin.LOCAL)
    return Judged(name, Origin.HUB, _revision(call))


def _repository(call: Call, written: Written, what: ast.expr | None) -> Judged | None:
    kind = call.keyword("repo_type")
    if getattr(kind, "value", None) != "dataset":
        return None  # models are the family models'
    return Judged(written.text or _shown(what), Origin.HUB, _revision(call))
