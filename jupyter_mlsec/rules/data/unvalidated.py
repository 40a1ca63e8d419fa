"""Data that is used without a check: the findings of the data-flow analysis."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.model import Confidence, Edit, Fix, Hit, Severity, Span
from jupyter_mlsec.core.rule import IN_CODE, Bad, Good
from jupyter_mlsec.rules.data.family import (
    HTTP_TAG,
    LOCAL_LOAD,
    LOCAL_TAG,
    PICTURE,
    REMOTE_LOAD,
    REMOTE_TAG,
    STRONG_TAG,
    STRONG_USE,
    all_flows,
    remote_flows,
    rule,
)

if TYPE_CHECKING:
    from jupyter_mlsec.core.flow.analysis import Found
    from jupyter_mlsec.core.flow.facts import Flow, Source
    from jupyter_mlsec.core.model import Text
    from jupyter_mlsec.core.view import Context, View


@rule(
    "unvalidated-remote-load-to-train",
    "Data from outside is used without a check",
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    hints=(*REMOTE_LOAD, *STRONG_USE),
    languages=("python",),
    references=("CWE-20", "CWE-345", "ML02", "AML.T0020"),
    examples=(
        Bad(
            'from datasets import load_dataset\nds = load_dataset("acme/reviews")\n'
            "trainer = Trainer(model, train_dataset=ds)\ntrainer.train()",
            at='load_dataset("acme/reviews")',
            fixed='from datasets import load_dataset\nds = load_dataset("acme/reviews")\n'
            'assert ds.column_names == ["fill in"], f"unexpected columns: {ds.column_names}"\n'
            "trainer = Trainer(model, train_dataset=ds)\ntrainer.train()",
        ),
        Bad(
            "import pandas as pd\n"
            'df = pd.read_csv("https://example.org/houses.csv")\n'
            'model.fit(df[["rooms"]], df.price)',
            at='pd.read_csv("https://example.org/houses.csv")',
            fixed="import pandas as pd\n"
            'df = pd.read_csv("https://example.org/houses.csv")\n'
            'assert list(df.columns) == ["fill in"], f"unexpected columns: {list(df.columns)}"\n'
            'model.fit(df[["rooms"]], df.price)',
        ),
        Bad(
            "import pandas as pd\n!wget -q https://example.org/houses.csv\n"
            'df = pd.read_csv("houses.csv")\nX, y = df.drop(columns="price"), df.price\n'
            "model.fit(X, y)",
            at='pd.read_csv("houses.csv")',
        ),
        Bad(
            "import pandas as pd\n\ndef load():\n"
            '    return pd.read_parquet("s3://acme-public/houses.parquet")\n\nmodel.fit(load())',
            at='pd.read_parquet("s3://acme-public/houses.parquet")',
        ),
        Bad(
            "import requests\n"
            'rows = requests.get("https://example.org/rows").json()\nexec(rows["code"])',
            at='requests.get("https://example.org/rows")',
        ),
        Good(
            'from datasets import load_dataset\nds = load_dataset("acme/reviews", '
            f'revision="{"0a1b2c3d" * 5}")\nTrainer(model, train_dataset=ds).train()',
            because="a commit can't be moved",
        ),
        Good(
            'import pandas as pd\ndf = pd.read_csv("https://example.org/houses.csv")\n'
            "assert df.price.between(0, 1e7).all()\nmodel.fit(df)",
            because="the assert stops the notebook where the data is not what it should be",
        ),
        Good(
            'import pandas as pd\ndf = pd.read_csv("https://example.org/houses.csv")\n'
            'if set(df) != {"rooms", "price"}:\n    raise ValueError("other columns")\n'
            "model.fit(df)",
            because="it raises",
        ),
        Good(
            "import tensorflow as tf\n"
            'path = tf.keras.utils.get_file("h.csv", "https://example.org/h.csv", '
            f'file_hash="{"0a1b2c3d" * 8}")\nmodel.fit(pd.read_csv(path))',
            because="the download compares a digest",
        ),
        Good(
            'import pandas as pd\ndf = pd.read_csv("https://example.org/houses.csv")\ndf.plot()',
            because="nothing is trained or uploaded",
        ),
        Good(
            'import pandas as pd\ndf = pd.read_csv("https://example.org/houses.csv")\n'
            'df = pd.DataFrame({"rooms": [1]})\nmodel.fit(df)',
            because="the name holds other data by then",
        ),
        Good('df = pd.read_csv("houses.csv")\nmodel.fit(df)', because="the file is at hand"),
        Good(
            'import requests\nr = requests.get("https://example.org/train.py")\n'
            'with open("train.py", "w") as f:\n    f.write(r.text)\nestimator.fit()',
            because="a script, no data",
        ),
    ),
)
def unvalidated_remote_load_to_train(view: View) -> Iterator[Hit]:
    """Whoever can change the data behind the address changes the model: a poisoned training set
    leaves no trace in the code. Pin what is loaded (a dataset's commit, a file's digest), or
    check it before it is used, so that the notebook stops where it is not what it should be.

    A check is an assert or an `if` that raises and reads the data, a call of pandera, pydantic,
    jsonschema, tfdv, Great Expectations with its result tested, a comparison of digests, or a
    function of your own that the setting `data-checks` names. To look at the data (`head`,
    `describe`) is no check, but lowers the severity one step. dropna, fillna and astype are
    repairs.

    High: plain http, or a format that can run code when it is loaded. Medium: https, a bucket or a
    hub that reaches training, an upload, SQL or exec. Low and info: what is only predicted on.
    Where cells ran in another order than they stand in, what holds in one order only has low
    confidence.
    """
    if _first(view, (REMOTE_TAG,)) and _worth_it(view.context):
        for found in view.context.once(remote_flows):
            severity = _severity(found.flow)
            if severity is not None and severity >= view.context.least:
                yield _hit(view.context, found, severity)


@rule(
    "unvalidated-local-load-to-train",
    "A local file or a database is used without a check",
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    hints=(*REMOTE_LOAD, *LOCAL_LOAD),
    languages=("python",),
    references=("CWE-20", "ML02"),
    default=False,
    examples=(
        Bad(
            'df = pd.read_csv("houses.csv")\nmodel.fit(df)',
            at='pd.read_csv("houses.csv")',
            fixed='df = pd.read_csv("houses.csv")\n'
            'assert list(df.columns) == ["fill in"], f"unexpected columns: {list(df.columns)}"\n'
            "model.fit(df)",
        ),
        Bad(
            'import numpy as np\nX = np.load("x.npy")\nmodel.fit(X, y)',
            at='np.load("x.npy")',
        ),
        Bad(
            'df = pd.read_sql("select * from houses", engine)\nmodel.fit(df)',
            at='pd.read_sql("select * from houses", engine)',
        ),
        Bad(
            "from datasets import load_from_disk\nds = load_from_disk(folder)\n"
            "Trainer(model, train_dataset=ds)",
            at="load_from_disk(folder)",
        ),
        Good(
            'df = pd.read_csv("houses.csv")\nschema.validate(df)\nmodel.fit(df)',
            because="a schema is checked",
        ),
        Good('df = pd.read_csv("houses.csv")\ndf.to_csv("b.csv")', because="nothing is trained"),
        Good(
            'df = pd.read_csv("houses.csv")\nassert len(df.columns) == 3\nmodel.fit(df)',
            because="an assert reads it",
        ),
        Good(
            "from sklearn.datasets import load_iris\nmodel.fit(*load_iris(return_X_y=True))",
            because="the data is part of the package",
        ),
    ),
)
def unvalidated_local_load_to_train(view: View) -> Iterator[Hit]:
    """A file that somebody else wrote, or that an earlier step left behind, decides what a model
    learns. A schema check after loading (pandera, pydantic, an assert) stops the notebook where
    columns, types, ranges or labels are not what they should be.

    Off by default; select it for pipelines.
    """
    if _first(view, (REMOTE_TAG, LOCAL_TAG)):
        for found in view.context.once(all_flows):
            if _is_local(found.flow) and found.flow.kind.strong:
                yield _hit(view.context, found, Severity.MEDIUM)


def _first(view: View, tags: tuple[str, ...]) -> bool:
    """Whether this is the first text with a load: one look at a document is enough."""
    return view.context.once(_first_marked, tags) is view.text


def _first_marked(context: Context, tags: tuple[str, ...]) -> Text | None:
    return next(_marked(context, *tags), None)


def _marked(context: Context, *tags: str) -> Iterator[Text]:
    """The Python texts in which one of the hints matched, in reading order."""
    for number, marks in context.marks.items():
        text = context.document.texts[number]
        code = text.language == "python" and text.part in IN_CODE
        if code and any(tag in marks for tag in tags):
            yield text


def _worth_it(context: Context) -> bool:
    """Whether there can be anything to show: data that is only predicted on is low at most,
    unless it comes by plain http or can run code."""
    if context.least < Severity.MEDIUM:
        return True
    return any(True for _ in _marked(context, STRONG_TAG, HTTP_TAG))


def _is_local(flow: Flow) -> bool:
    from jupyter_mlsec.core.flow.facts import INTEGRITY, SCHEMA, Origin

    checked = flow.checks & (SCHEMA | INTEGRITY)
    return flow.source.origin in (Origin.LOCAL, Origin.STORE) and not checked


def _severity(flow: Flow) -> Severity | None:
    """How bad an unchecked use of outside data is; None for what is checked or not outside."""
    from jupyter_mlsec.core.flow.facts import EYEBALLED, INTEGRITY, SCHEMA, Format, Origin

    source = flow.source
    if source.origin < Origin.HUB or flow.checks & (SCHEMA | INTEGRITY):
        return None
    if source.format is Format.OBJECTS:
        level = Severity.HIGH
    elif source.origin is Origin.HTTP:
        shown = Severity.LOW if PICTURE.search(source.name) else Severity.MEDIUM
        level = Severity.HIGH if flow.kind.strong else shown
    elif source.origin is Origin.REMOTE:
        level = Severity.MEDIUM if flow.kind.strong else Severity.LOW
    else:
        level = Severity.MEDIUM if flow.kind.strong else Severity.INFO
    return Severity(max(level - 1, 0)) if flow.checks & EYEBALLED else level


def _hit(context: Context, found: Found, severity: Severity) -> Hit:
    from jupyter_mlsec.core.flow.facts import EYEBALLED, Kind, Origin

    flow = found.flow
    text, span = flow.way[0]
    uses = {
        Kind.TRAINING: "training",
        Kind.UPLOAD: "an upload",
        Kind.EXECUTION: "SQL or code that runs",
        Kind.PREDICTION: "a prediction",
    }
    looked = "only looked at" if flow.checks & EYEBALLED else "without a check"
    advice = "check it after loading (an assert, a schema)"
    if flow.source.origin is Origin.HUB:
        advice = "pass revision= and the full commit, or " + advice
    elif flow.source.origin in (Origin.REMOTE, Origin.HTTP):
        advice = "compare its digest, or " + advice
    name = flow.source.name if len(flow.source.name) <= 80 else flow.source.name[:77] + "…"
    message = f"{name} reaches {uses[flow.kind]} {looked}; {advice}"
    return Hit(
        span,
        message,
        _stub(context, flow.source),
        severity=severity,
        confidence=None if found.sure else Confidence.LOW,
        path=tuple((step.text, step.span) for step in flow.way[1:]),
        text=text,
    )


def _stub(context: Context, source: Source) -> Fix | None:
    """A check of the columns behind the load, which fails until somebody fills it in. None where
    the load is not the whole of what a name is bound to, or what it gives has no columns."""
    from jupyter_mlsec.core.flow.facts import Format

    text = context.document.texts[source.step.text]
    bound = _binding(context, source)
    if bound is None or source.format not in (Format.TABLE, Format.DATASET):
        return None
    name, end, column = bound
    rest = text.text[end : (text.text + "\n").index("\n", end)]
    if rest.strip() and not rest.lstrip().startswith("#"):
        return None
    columns = f"list({name}.columns)" if source.format is Format.TABLE else f"{name}.column_names"
    check = f'assert {columns} == ["fill in"], f"unexpected columns: {{{columns}}}"'
    at = end + len(rest)
    edit = Edit(Span(at, at), f"\n{' ' * column}{check}", text.cell)
    return Fix((edit,), False, f"check the columns of {name}, to be filled in")


def _binding(context: Context, source: Source) -> tuple[str, int, int] | None:
    """The name that a load is bound to, where that statement ends, and its indentation."""
    import ast

    code = context.code(context.document.texts[source.step.text])
    for node in code.nodes:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value = node.targets[0], node.value
            whole = isinstance(value, ast.Call) and code.span(value) == source.step.span
            if whole and isinstance(target, ast.Name):
                return target.id, code.span(node).end, node.col_offset
    return None


RULES = (unvalidated_remote_load_to_train, unvalidated_local_load_to_train)
