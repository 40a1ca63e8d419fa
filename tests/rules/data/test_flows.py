"""What the analysis knows of libraries: loads, checks and uses in the forms that people write."""

from __future__ import annotations

import json

import pytest

from jupyter_mlsec.core.config import Config
from jupyter_mlsec.core.engine import Scanner
from jupyter_mlsec.core.fixes import fix_bytes
from jupyter_mlsec.core.model import Confidence, Document, Finding, Severity, Text
from jupyter_mlsec.rules import data

RULE = "unvalidated-remote-load-to-train"
STRICT = "unvalidated-local-load-to-train"
URL = "https://example.org/a.csv"


def find(source: str, rule: str = RULE, checks: tuple[str, ...] = ()) -> tuple[Finding, ...]:
    """The findings of one rule in cells that are divided by lines of `---`."""
    config = Config(select=(rule,), profile="auditor", data_checks=checks)
    texts = tuple(
        Text("source", "python", cell, number)
        for number, cell in enumerate(source.split("\n---\n"))
    )
    return Scanner(data.RULES, config).scan(Document("a", "notebook", texts, len(texts)))


def severities(source: str, rule: str = RULE) -> list[str]:
    return [finding.severity.label for finding in find(source, rule)]


REMOTE = [
    # pandas, polars, pyarrow, dask, pyspark, duckdb
    (f"import pandas as pd\nd = pd.read_csv('{URL}')", "medium"),
    (f"from pandas import read_csv as rc\nd = rc('{URL}')", "medium"),
    (f"import pandas\nd = pandas.read_parquet(path='{URL}')", "medium"),
    ("d = pd.read_csv('http://example.org/a.csv')", "high"),
    ("d = pd.read_csv('ftp://example.org/a.csv')", "high"),
    (f"d = pd.read_pickle('{URL}')", "high"),
    (f"import polars as pl\nd = pl.scan_parquet('{URL}').collect()", "medium"),
    ("import pyarrow.parquet as pq\nd = pq.read_table('s3://acme/a.parquet')", "medium"),
    ("import dask.dataframe as dd\nd = dd.read_csv('gs://acme/*.csv')", "medium"),
    (f"d = spark.read.csv('{URL}')", "medium"),
    (f"d = spark.read.option('header', True).csv('{URL}')", "medium"),
    ("d = spark.read.format('csv').load('s3a://acme/a.csv')", "medium"),
    (f"import duckdb\nd = duckdb.sql(\"select * from '{URL}'\").df()", "medium"),  # noqa: S608
    # numpy, scipy
    (f"import numpy as np\nd = np.loadtxt('{URL}')", "medium"),
    (f"from urllib.request import urlopen\nimport numpy as np\nd = np.load(urlopen('{URL}'))",
     "medium"),
    (f"import numpy as np\nd = np.load(urlopen('{URL}'), allow_pickle=True)", "high"),
    (f"urlretrieve('{URL}', 'a.mat')\nimport scipy.io\nd = scipy.io.loadmat('a.mat')", "medium"),
    # datasets, huggingface_hub
    ("from datasets import load_dataset\nd = load_dataset('acme/a')", "medium"),
    ("import datasets\nd = datasets.load_dataset(path='acme/a', revision='main')", "medium"),
    ("d = load_dataset(name)", "medium"),
    (f"d = load_dataset('csv', data_files='{URL}')", "medium"),
    (f"d = load_dataset('csv', data_files={{'train': '{URL}'}})", "medium"),
    ("d = load_dataset('acme/a', split='train').map(f).shuffle()", "medium"),
    ("from huggingface_hub import hf_hub_download\n"
     "d = pd.read_csv(hf_hub_download('acme/a', 'a.csv', repo_type='dataset'))", "medium"),
    ("p = snapshot_download('acme/a', repo_type='dataset', local_dir='x')\n"
     "d = load_dataset('imagefolder', data_dir='x')", "medium"),
    ("d = pd.read_csv('hf://datasets/acme/a/a.csv')", "medium"),
    # torch, torchvision, tensorflow, keras, scikit-learn
    (f"urlretrieve('{URL}', 'a.pt')\nimport torch\nd = torch.load('a.pt')", "high"),
    (f"urlretrieve('{URL}', 'a.pt')\nimport torch\nd = torch.load('a.pt', weights_only=True)",
     "medium"),
    ("!wget -q https://example.org/a.zip && unzip -q a.zip -d images\n"
     "from torchvision import datasets\nd = datasets.ImageFolder('images/train')", "medium"),
    (f"d = pd.read_csv(tf.keras.utils.get_file('a.csv', '{URL}'))", "medium"),
    ("from tensorflow.keras.utils import get_file\n"
     f"get_file(fname='a.zip', origin='{URL}', extract=True, cache_dir='.')\n"
     "p = get_file('a.zip', origin=url)\nd = tf.data.TextLineDataset(p)", "medium"),
    ("d = tf.data.TFRecordDataset(['gs://acme/a.tfrecords'])\nfrom x import TextLineDataset\n"
     f"d = TextLineDataset('{URL}')", "medium"),
    ("from sklearn.datasets import fetch_openml\nd = fetch_openml('mnist_784')", "medium"),
    # requests, urllib
    (f"import requests\nd = requests.get('{URL}').json()", "medium"),
    (f"d = pd.read_csv(io.StringIO(requests.get('{URL}').text))", "medium"),
    (f"d = json.load(urllib.request.urlopen('{URL}'))", "medium"),
    (f"import pickle\nd = pickle.loads(requests.get('{URL}').content)", "high"),
    (f"with open('a.csv', 'wb') as f:\n    f.write(requests.get('{URL}').content)\n"
     "d = pd.read_csv('a.csv')", "medium"),
    (f"Path('a.csv').write_bytes(requests.get('{URL}').content)\nd = pd.read_csv('a.csv')",
     "medium"),
    # buckets
    ("s3 = boto3.client('s3')\no = s3.get_object(Bucket='acme', Key='a.csv')\n"
     "d = pd.read_csv(o['Body'])", "medium"),
    ("s3.download_file('acme', 'a.csv', 'a.csv')\nd = pd.read_csv('a.csv')", "medium"),
    ("fs = s3fs.S3FileSystem(anon=True)\nwith fs.open('acme/a.csv') as f:\n    d = pd.read_csv(f)",
     "medium"),
    ("fs = gcsfs.GCSFileSystem()\nd = pd.read_csv(fs.open('acme/a.csv'))", "medium"),
    # kaggle, gdown, shell lines
    ("kaggle.api.dataset_download_files('acme/a', path='x', unzip=True)\n"
     "d = pd.read_csv('x/a.csv')", "medium"),
    ("import kagglehub\nd = pd.read_csv(kagglehub.dataset_download('acme/a') + '/a.csv')",
     "medium"),
    ("import gdown\ngdown.download(id='1abc', output='a.csv')\nd = pd.read_csv('a.csv')", "medium"),
    ("!gdown 1abc -O a.csv\nd = pd.read_csv('a.csv')", "medium"),
    ("!kaggle datasets download acme/a -p x --unzip\nd = pd.read_csv('x/a.csv')", "medium"),
    ("!curl -sL https://example.org/a.csv -o b.csv\n---\nd = pd.read_csv('b.csv')", "medium"),
    ("!curl -sLO https://example.org/a.csv\n---\nd = pd.read_csv('./a.csv')", "medium"),
    ("!curl -s https://example.org/a.csv > b.csv\n---\nd = pd.read_csv('b.csv')", "medium"),
    ("%%bash\nwget https://example.org/a.tar.gz\ntar xzf a.tar.gz\n---\n"
     "d = pd.read_csv('a/train.csv')", "medium"),
    ("!gsutil cp gs://acme/a.csv b.csv\n---\nd = pd.read_csv('b.csv')", "medium"),
    ("!aws s3 cp s3://acme/a.csv . --no-sign-request\n---\nd = pd.read_csv('a.csv')", "medium"),
    ("os.system('wget https://example.org/a.csv')\nd = pd.read_csv('a.csv')", "medium"),
    ("import subprocess\nsubprocess.run(['wget', 'https://example.org/a.csv'])\n"
     "d = pd.read_csv('a.csv')", "medium"),
    # in functions, classes, try
    ("def get(url):\n    try:\n        return pd.read_csv(url)\n    except OSError:\n"
     f"        raise\nd = get('{URL}')", "medium"),
    ("class Data(LightningDataModule):\n    def setup(self, stage):\n"
     "        self.d = load_dataset('acme/a')\n    def train_dataloader(self):\n"
     "        return DataLoader(self.d)\nd = Data()", "medium"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "severity"), REMOTE)
def test_loads_from_outside(source: str, severity: str) -> None:
    assert severities(f"{source}\n---\nmodel.fit(d)") == [severity]


NOT_OUTSIDE = [
    "d = pd.read_csv('a.csv')",
    "d = pd.read_csv(path)",
    "d = pd.read_csv('http://localhost:8000/a.csv')",
    f"d = load_dataset('acme/a', revision='{'0a1b2c3d' * 5}')",
    "d = load_dataset('acme/a', revision=COMMIT)",
    "d = load_dataset('acme/a', **options)",
    "d = load_dataset('csv', data_files='a.csv')",
    "d = load_dataset('./a')",
    f"d = pd.read_csv('https://raw.githubusercontent.com/acme/a/{'0a1b2c3d' * 5}/a.csv')",
    f"d = pd.read_csv(tf.keras.utils.get_file('a.csv', '{URL}', file_hash=HASH))",
    f"d = pd.read_csv(pooch.retrieve('{URL}', known_hash=HASH))",
    "d = load_dataset('acme/a', features=Features({'x': Value('int64')}))",
    "from sklearn.datasets import load_iris\nd = load_iris()",
    "d = tf.keras.datasets.mnist.load_data()",
    "d = torchvision.datasets.CIFAR10('.', download=True)",
    "import tensorflow_datasets as tfds\nd = tfds.load('mnist')",
    "d = pd.read_sql('select 1', engine)",
    "d = client.query('select 1').to_dataframe()",
    "d = pd.read_parquet(f's3://{bucket}/a.parquet')",
    "d = mlflow.artifacts.download_artifacts('runs:/1/a')",
    f"print('{URL}')\nd = []",
    f"requests.post('{URL}', json=d)",
    "d = config.get('url')",
    f"# d = pd.read_csv('{URL}')",
    "hf_hub_download('acme/model', 'm.bin')\nd = 1",
]


@pytest.mark.parametrize("source", NOT_OUTSIDE)
def test_what_is_not_from_outside_or_is_pinned(source: str) -> None:
    assert severities(f"{source}\n---\nmodel.fit(d)") == []


CHECKS = [
    "import pandera as pa\nschema = pa.DataFrameSchema({})\nschema.validate(d)",
    "schema = pa.DataFrameSchema({})\nd = schema(d)",
    "class Rows(pa.DataFrameModel):\n    x: int\nd = Rows.validate(d)",
    "class Row(pydantic.BaseModel):\n    x: int\nrows = [Row(**r) for r in d]",
    "class Row(BaseModel):\n    x: int\nfor r in d:\n    Row.model_validate(r)",
    "TypeAdapter(list[Row]).validate_python(d)",
    "import jsonschema\njsonschema.validate(d, schema)",
    "from jsonschema import validate\nvalidate(instance=d, schema=s)",
    "result = context.run(d)\nassert result.success",
    "result = d.expect_column_to_exist('x')\nif not result.success:\n    raise ValueError",
    "import tensorflow_data_validation as tfdv\n"
    "tfdv.validate_statistics(tfdv.generate_statistics_from_dataframe(d), schema)",
    "import pointblank as pb\npb.Validate(d).col_vals_gt('x', 0).interrogate().assert_passing()",
    "import dataframely as dy\nclass Rows(dy.Schema):\n    x = dy.Int64()\nRows.validate(d)",
    "issues = Datalab(d, label_name='y').find_issues()\nassert not len(issues)",
    "result = data_integrity().run(Dataset(d))\nassert result.passed()",
    "results = why.log(d)\nassert constraints(results).validate()",
    "d = d.cast(Features({'x': Value('int64')}))",
    "d = d.cast(features)",
    "d = d.map(f, features=features)",
    "np.testing.assert_array_equal(d.columns, COLUMNS)",
    "from sklearn.utils import check_array\ncheck_array(d)",
    "from acme import validate_houses\nvalidate_houses(d)",
    "from acme import own_check\nown_check(d)",
    "acme.quality.look_at(d)",
    "assert not d.isnull().any().any()",
    "assert hashlib.sha256(d.to_csv().encode()).hexdigest() == HASH",
    "if d.duplicated().any():\n    raise ValueError('rows twice')",
]


@pytest.mark.parametrize("check", CHECKS)
def test_checks(check: str) -> None:
    source = f"d = pd.read_csv('{URL}')\n---\n{check}\n---\nmodel.fit(d)"
    assert find(source, checks=("own_check", "acme.quality.look_at")) == ()


NO_CHECKS = [
    ("d = d.dropna().fillna(0).astype(int).drop_duplicates()", "medium"),
    ("X_train, X_test = train_test_split(d)\nd = X_train", "medium"),
    ("d = d.cast('int64')", "medium"),
    ("d = d.map(f)", "medium"),
    ("d.head()", "low"),
    ("display(d)", "low"),
    ("d.hist()", "low"),
    ("d.info()\nx = 1", "low"),
    ("sns.pairplot(d)", "low"),
    ("d.isnull().sum()", "low"),
    ("Datalab(d, label_name='y').find_issues()\nx = 1", "low"),
    ("d.expect_column_values_to_not_be_null('x')\nx = 1", "low"),
    ("from acme import own_check\nx = own_check(e)", "medium"),
    ("assert sys.version_info >= (3, 10)", "medium"),
    ("scores = cross_validate(m, e)", "medium"),
]


@pytest.mark.parametrize(("middle", "severity"), NO_CHECKS)
def test_repairs_and_looks_are_no_checks(middle: str, severity: str) -> None:
    assert severities(f"d = pd.read_csv('{URL}')\n---\n{middle}\n---\nmodel.fit(d)") == [severity]


USES = [
    ("model.fit(d, y)", "medium"),
    ("scaler.fit_transform(d)", "medium"),
    ("model.fit(DataLoader(d))", "medium"),
    ("import xgboost as xgb\nxgb.train(params, xgb.DMatrix(d))", "medium"),
    ("Trainer(model=m, train_dataset=d)", "medium"),
    ("Seq2SeqTrainer(m, args, None, d)", "medium"),
    ("SFTTrainer(model=m, train_dataset=d['train'])", "medium"),
    ("for b in DataLoader(d):\n    loss = model(**b).loss\n    loss.backward()", "medium"),
    ("for b in d:\n    accelerator.backward(model(b).loss)", "medium"),
    (
        "with tf.GradientTape() as tape:\n    loss = f(m(d))\ntape.gradient(loss, m.variables)",
        "medium",
    ),
    ("estimator.fit({'train': TrainingInput(d)})", "medium"),
    ("tokenizer.train_from_iterator(r['text'] for r in d)", "medium"),
    ("d.push_to_hub('acme/b')", "medium"),
    ("api.upload_file(path_or_fileobj=d.to_csv(), repo_id=r)", "medium"),
    ("mlflow.log_artifact(d)", "medium"),
    ("s3.put_object(Body=d.to_csv(), Bucket=b, Key=k)", "medium"),
    ("cursor.execute(d['sql'])", "medium"),
    ("exec(d.code[0])", "medium"),
    ("y = model.predict(d)", "low"),
    ("y = pipe(d)", "low"),
    ("d.plot()", None),
    ("d.to_csv('b.csv')", None),
    ("n = len(d)\nmodel.fit(e, epochs=n)", None),
    ("Trainer(model=m, args=TrainingArguments(max_steps=d.size))", None),
    ("m = AutoModel.from_pretrained('x', num_labels=d.n)\nm.fit(e)", None),
]


@pytest.mark.parametrize(("use", "severity"), USES)
def test_uses(use: str, severity: str | None) -> None:
    found = severities(f"d = pd.read_csv('{URL}')\n---\n{use}")
    assert found == ([] if severity is None else [severity])


LOCAL = [
    "d = pd.read_csv('a.csv')",
    "d = pd.read_csv(path)",
    "import pandas as pd\nd = pd.read_sql_query('select 1', engine)",
    "from google.cloud import bigquery\nd = bigquery.Client().query('select 1').to_dataframe()",
    "d = np.load('a.npy')",
    "from torch import load as tl\nd = tl('a.pt')",
    "d = load_from_disk('a')",
    "with open('a.txt') as f:\n    d = f.read()",
    "d = pd.read_parquet(f's3://{bucket}/a.parquet')",
    "d = pd.read_csv(mlflow.artifacts.download_artifacts('runs:/1/a'))",
]


@pytest.mark.parametrize("source", LOCAL)
def test_local_loads_where_they_are_asked_for(source: str) -> None:
    assert severities(f"{source}\n---\nmodel.fit(d)", STRICT) == ["medium"]
    assert severities(f"{source}\n---\nschema.validate(d)\n---\nmodel.fit(d)", STRICT) == []
    assert severities(f"{source}\n---\nmodel.predict(d)", STRICT) == []


@pytest.mark.parametrize(
    ("url", "severity"),
    [
        ("http://example.org/a.csv", "medium"),
        ("http://example.org/a.jpg", "low"),
        ("https://example.org/a.csv", "low"),
    ],
)
def test_what_is_only_predicted_on(url: str, severity: str) -> None:
    assert severities(f"d = requests.get('{url}').content\nmodel.predict(d)") == [severity]


def test_local_loads_are_not_asked_for_by_default() -> None:
    source = "d = pd.read_csv('a.csv')\nmodel.fit(d)"
    document = Document("a", "notebook", (Text("source", "python", source, 0),), 1)
    assert Scanner(data.RULES, Config(profile="auditor")).scan(document) == ()


def test_the_path_from_load_to_use() -> None:
    source = f"d = pd.read_csv('{URL}')\n---\nx = d.x\n---\nprint(1)\n---\nmodel.fit(x)"
    (found,) = find(source)
    assert found.flow
    assert (found.place.cell, found.place.line, found.place.column) == (0, 1, 5)
    assert [(p.cell, p.column, p.end_column) for p in found.related] == [(1, 1, 2), (3, 1, 13)]
    assert found.message == (
        f"{URL} reaches training without a check; "
        "compare its digest, or check it after loading (an assert, a schema)"
    )


def test_prose_about_loads_is_no_load_and_hides_none() -> None:
    texts = (
        Text("source", "markdown", "`load_dataset(name)` loads, `trainer.train()` trains", 0),
        Text("source", "python", "d = load_dataset('acme/a')", 1),
        Text("output", "text", "load_dataset(", 1, None, 0),
        Text("source", "python", "model.fit(d)", 2),
    )
    (found,) = Scanner(data.RULES, Config()).scan(Document("a", "notebook", texts, 3))
    assert (found.place.cell, [place.cell for place in found.related]) == (1, [2])


def test_credentials_in_a_url_are_not_told() -> None:
    (found,) = find("d = pd.read_csv('https://ann:pw@example.org/a.csv?token=x')\nmodel.fit(d)")
    assert found.message.startswith("https://example.org/a.csv reaches")


def test_what_is_fetched_by_an_address_made_of_data_is_new_data() -> None:
    source = (
        f"d = pd.read_csv('{URL}')\nd\n---\n"
        "x = requests.get(d.link[0]).content\nmodel.fit(x)\n---\nmodel.fit(d)"
    )
    first, second = find(source)
    assert [(f.place.cell, f.severity.label) for f in (first, second)] == [
        (0, "low"),
        (1, "medium"),
    ]


def test_what_holds_in_one_order_only_is_less_sure() -> None:
    texts = (
        Text("source", "python", f"d = pd.read_csv('{URL}')", 0, execution=2),
        Text("source", "python", "model.fit(d)", 1, execution=1),
    )
    config = Config(select=(RULE,), profile="auditor")
    (found,) = Scanner(data.RULES, config).scan(Document("a", "notebook", texts, 2))
    assert (found.confidence, found.severity) == (Confidence.LOW, Severity.MEDIUM)


def test_the_stub_is_a_check_that_fails_until_it_is_filled_in() -> None:
    cells = [
        f"def get():\n    d = pd.read_csv('{URL}')  # houses\n    return d",
        "model.fit(get())",
    ]
    notebook = {"cells": [{"cell_type": "code", "source": cell} for cell in cells]}
    scanner = Scanner(data.RULES, Config(select=(RULE,)))
    fixed = fix_bytes(scanner, json.dumps(notebook).encode(), "a.ipynb", unsafe=True)
    assert [a.title for a in fixed.applied] == ["check the columns of d, to be filled in"]
    source = "".join(json.loads(fixed.data)["cells"][0]["source"]).splitlines()
    assert source[1:3] == [
        f"    d = pd.read_csv('{URL}')  # houses",
        '    assert list(d.columns) == ["fill in"], f"unexpected columns: {list(d.columns)}"',
    ]

    class Table:
        columns = ("rooms", "price")

    with pytest.raises(AssertionError, match="rooms"):
        exec(source[2].strip(), {"d": Table()})  # noqa: S102


@pytest.mark.parametrize(
    "load",
    [
        f"model.fit(pd.read_csv('{URL}'))",
        f"d = pd.read_csv('{URL}'); x = 1\nmodel.fit(d)",
        f"a, d = 1, pd.read_csv('{URL}')\nmodel.fit(d)",
        f"d = requests.get('{URL}').content\nmodel.fit(d)",
    ],
)
def test_no_stub_where_it_has_no_place(load: str) -> None:
    (found,) = find(load)
    assert found.fix is None
