"""What checks data, what uses it, and what else a call may do with it.

What counts as a check is a decision: docs/decisions/014-data-flow.md.
"""

from __future__ import annotations

from functools import lru_cache

from jupyter_mlsec.core.flow.facts import EYEBALLED, SCHEMA, Kind
from jupyter_mlsec.core.flow.knowledge import Argument, Role, find
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.rules.data.loads import LOADS


def _each(names: str, what: int) -> dict[str, int]:
    return dict.fromkeys(names.split(), what)


# Frameworks whose calls raise by themselves, and tfdv, whose anomalies are what it is called for.
# The others' reports count only where something tests them: an assert, or an if that raises.
CHECKS: dict[str, int] = {
    **_each(
        "validate jsonschema.validate validate_python validate_json model_validate parse_obj "
        "parse_raw model_validate_json validate_statistics validate_examples_in_csv "
        "validate_examples_in_tfrecord check_types check_input check_output check_io "
        "assert_passing assert_below_threshold assert_frame_equal assert_series_equal "
        "assert_array_equal assert_allclose check_array check_X_y iter_errors raise_if_failed "
        "cast_with_schema",
        SCHEMA,
    ),
    **_each(
        "find_issues find_label_issues full_suite().run data_integrity().run suite.run why.log "
        "interrogate run_checkpoint checkpoint.run generate_constraints_report",
        EYEBALLED,
    ),
}
_CHECKING = lazy(r"(?:validate|verify|assert)(?:_\w+)?")
_SCHEMA = lazy(r"(?:\w+_)?[Ss]chema|\w+Schema|SCHEMA")
SCHEMA_BASES = lazy(r"BaseModel|DataFrameModel|SchemaModel|dy\.Schema|dataframely\.Schema|Schema")

_TRAINING = (
    "fit partial_fit fit_transform fit_predict fit_generator fit_resample train finetune fine_tune "
    "fit_one_cycle train_on_batch train_new_from_iterator train_from_iterator train_model "
    "backward tape.gradient apply_gradients adapt train_epoch"
)
_UPLOADS = (
    "push_to_hub upload_file upload_folder upload_fileobj upload_large_folder put_object "
    "upload_from_filename upload_from_string upload_from_file upload_data upload_blob "
    "S3Uploader.upload log_artifact log_artifacts log_model register_model to_gbq "
    "load_table_from_dataframe create_model_version"
)
_EXECUTIONS = "exec eval execute executemany executescript os.system"
_PREDICTIONS = "predict predict_proba predict_on_batch predict_log_proba generate decision_function"

USES: dict[str, Kind] = {
    **dict.fromkeys(_TRAINING.split(), Kind.TRAINING),
    **dict.fromkeys(_UPLOADS.split(), Kind.UPLOAD),
    **dict.fromkeys(_EXECUTIONS.split(), Kind.EXECUTION),
    **dict.fromkeys(_PREDICTIONS.split(), Kind.PREDICTION),
}
_TRAINER = lazy(r"\w*Trainer")
_STEP = lazy(r"(?:\w+_)?(?:train|training)_(?:step|epoch|loop|model|one_epoch|batch|fn)")
_MODEL = lazy(
    r"(?:\w+_)?(?:model|net|network|pipe|pipeline|classifier|generator|detector|segmenter|"
    r"recogni[sz]er|transcriber|summarizer|translator|captioner|embedder|predictor)",
)

_CLEAN = frozenset(
    "len print type isinstance range id hash from_pretrained from_config hasattr issubclass "
    "get_scheduler makedirs mkdir exists is_file is_dir display remove unlink".split()
)
_SETTINGS = lazy(r"\w*(?:Arguments|Config|Configuration|Optimizer|Tokenizer|AdamW)")
_SHOWS = frozenset("print display info plot hist show boxplot pprint printSchema imshow".split())

SAVES: dict[str, Argument] = {
    **dict.fromkeys(
        "to_csv to_parquet to_json to_pickle to_feather to_excel write_csv write_parquet "
        "save_to_disk".split(),
        Argument(0, ("path_or_buf", "path", "dataset_path", "dataset_dict_path", "excel_writer")),
    ),
    "numpy.save": Argument(0),
    "numpy.savez": Argument(0),
    "joblib.dump": Argument(1),
    "shutil.copyfileobj": Argument(1),
    "shutil.copy": Argument(1),
    "shutil.move": Argument(1),
    "os.rename": Argument(1),
}
UNPACKS: dict[str, Argument] = {
    "extractall": Argument(0, ("path",)),
    "extract": Argument(1, ("path",)),
    "unpack_archive": Argument(1, ("extract_dir",)),
}


@lru_cache(maxsize=4096)
def role(name: str) -> Role:
    """What a function does, by its full name."""
    last = name.rpartition(".")[2]
    checks, use = find(CHECKS, name), find(USES, name)
    if checks is None:
        checking = _CHECKING.fullmatch(last) or _SCHEMA.fullmatch(last)
        checks = EYEBALLED if last.startswith("expect_") else SCHEMA if checking else 0
    if use is None and (_TRAINER.fullmatch(last) or _STEP.fullmatch(last)):
        use = Kind.TRAINING
    if use is None and _MODEL.fullmatch(last):
        use = Kind.PREDICTION
    return Role(
        load=find(LOADS, name),
        checks=checks,
        use=use,
        saves=find(SAVES, name),
        unpacks=find(UNPACKS, name),
        shows=last in _SHOWS,
        schema="features" if last in ("cast", "map") else "",
        clean=last in _CLEAN or _SETTINGS.fullmatch(last) is not None,
    )
