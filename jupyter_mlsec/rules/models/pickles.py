"""Files and bytes that are unpickled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

from jupyter_mlsec.core.artifacts import fetched, written
from jupyter_mlsec.core.calling import argument, calls, string
from jupyter_mlsec.core.mentions import speaks_of
from jupyter_mlsec.core.model import Confidence, Hit, Severity
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import Bad, Good, Hint
from jupyter_mlsec.rules.models.family import rule

if TYPE_CHECKING:
    import ast

    from jupyter_mlsec.core.python import Call
    from jupyter_mlsec.core.view import Context, View

# Everything that unpickles, by full name; the argument is a path, a file or bytes.
LOADERS = (
    *(
        f"{module}.{name}"
        for module in ("pickle", "dill", "cloudpickle", "_pickle", "cPickle")
        for name in ("load", "loads", "Unpickler")
    ),
    *("joblib.load", "sklearn.externals.joblib.load", "pandas.read_pickle", "shelve.open"),
    *("dill.load_session", "dill.load_module", "jsonpickle.decode", "compress_pickle.load"),
    *("pickle5.load", "pickle5.loads", "pandas.io.pickle.read_pickle", "skops.io.load_unsafe"),
)
HINTS = (
    Hint(
        "unpickle",
        r"(?:pickle5?|dill|joblib|pkl|jl)\.(?:loads?|Unpickler|load_session|load_module)\b",
        ("pickle", "dill.", "joblib.", "pkl.", "jl."),
        ignore_case=True,
    ),
    Hint("unpickle", r"(?:^|[^.\w])(?:loads?[ \t]*[(,)]|Unpickler)", ("load", "unpickler")),
    Hint(
        "unpickle",
        r"read_pickle|shelve\.open|jsonpickle\.decode|load_unsafe",
        ("read_pickle", "shelve", "jsonpickle", "load_unsafe"),
    ),
)
_MODULES = ("pickle", "joblib", "dill", "shelve", "skops")
_URL = lazy(r"(?:https?|ftp|s3|gs|gcs|abfss?|hf)://")


class _Load(NamedTuple):
    call: Call
    origin: Literal["network", "unknown"]


def _loads(view: View) -> list[_Load]:
    """What a text unpickles, but for what the notebook has pickled itself."""
    if not view.context.once(_has_pickles):
        return []
    from jupyter_mlsec.core.flow.origins import Origins
    from jupyter_mlsec.core.flow.sources import from_network

    found = []
    for call in calls(view, *LOADERS):
        given = argument(view, call, "filepath_or_buffer", 0) or argument(view, call, "filename", 0)
        path = None if given is None else _path(view, given)
        if path is not None and (_URL.match(path) or fetched(view.context, path)):
            found.append(_Load(call, "network"))
        elif given is not None and _is_own(view, given):
            continue
        elif given is not None and Origins(view.context, from_network).has(given, view.code):
            found.append(_Load(call, "network"))
        elif given is None or not Origins(view.context, _pickled).has(given, view.code):
            found.append(_Load(call, "unknown"))
    return found


def _has_pickles(context: Context) -> bool:
    """Whether the document speaks of pickles at all, before anything is parsed."""
    return speaks_of(context, _MODULES)


def _pickled(name: str) -> bool:
    return name.endswith((".dumps", ".dump"))


def _is_own(view: View, node: ast.expr) -> bool:
    """Whether the notebook writes the file itself: by the same path, or the same variable."""
    import ast

    path, opened = _path(view, node), _opened(view, node)
    if path is not None:
        return written(view.context, path)
    name = ast.unparse(opened) if isinstance(opened, ast.Name | ast.Attribute) else ""
    return len(name) > 2 and written(view.context, name)


def _path(view: View, node: ast.expr) -> str | None:
    """The path that is loaded, through `open(…)` and `with open(…) as f`; None if not known."""
    return string(view, _opened(view, node))


def _opened(view: View, node: ast.expr) -> ast.expr:
    """The path in `open(path)`, or in the `with open(path) as f` of a name; else the node."""
    import ast

    match node:
        case ast.Call(func=ast.Name(id="open"), args=[path, *_]):
            return path
        case ast.Name(id=name):
            for other in view.code.nodes:
                match other:
                    case ast.withitem(
                        context_expr=ast.Call(args=[path, *_]), optional_vars=ast.Name(id=bound)
                    ) if bound == name:
                        return path
    return node


@rule(
    "pickle-from-network",
    "What comes over the network is unpickled",
    severity=Severity.CRITICAL,
    hints=HINTS,
    languages=("python",),
    references=("CWE-502", "CWE-494", "ML06", "AML.T0011.000"),
    examples=(
        Bad(
            "import pickle, requests\nm = pickle.loads(requests.get(url).content)",
            at="pickle.loads(requests.get(url).content)",
        ),
        Bad(
            "import joblib\nfrom huggingface_hub import hf_hub_download\n"
            'path = hf_hub_download("acme/clf", "model.pkl")\nm = joblib.load(path)',
            at="joblib.load(path)",
        ),
        Bad(
            'import pandas as pd\ndf = pd.read_pickle("https://example.org/frame.pkl")',
            at='pd.read_pickle("https://example.org/frame.pkl")',
        ),
        Bad(
            "!wget -q https://example.org/model.pkl\nimport pickle\n"
            'with open("model.pkl", "rb") as f:\n    m = pickle.load(f)',
            at="pickle.load(f)",
        ),
        Bad(
            "import pickle\n"
            'body = s3.get_object(Bucket="b", Key="k")["Body"].read()\nm = pickle.loads(body)',
            at="pickle.loads(body)",
        ),
        Good(
            "import json, requests\nm = json.loads(requests.get(url).content)",
            because="JSON holds data only",
        ),
        Good('import pickle\nm = pickle.load(open("m.pkl", "rb"))', because="pickle-family-load"),
        Good(
            "import pickle, requests\nr = requests.get(url).json()\nm = pickle.loads(cached)",
            because="what is fetched is not what is unpickled",
        ),
        Good('note = "pickle.loads(requests.get(u).content)"', because="a string"),
    ),
)
def pickle_from_network(view: View) -> Iterator[Hit]:
    """A pickle is a program, and unpickling runs it. Here whoever controls the server, the bucket
    or the repository writes it. Load weights from safetensors, data from Parquet or JSON; where
    it must be a pickle, compare a hash that was noted beforehand, and scan it first.

    Bytes and paths are followed through the names of the notebook, and files by their names to
    the command that downloads them.
    """
    for load in view.once(_loads):
        if load.origin == "network":
            message = f"{load.call.name} runs what comes over the network; take safetensors or JSON"
            yield Hit(load.call.span, message)


@rule(
    "pickle-family-load",
    "A pickle is loaded",
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    hints=HINTS,
    languages=("python",),
    references=("CWE-502", "ML06", "AML.T0011.000"),
    examples=(
        Bad(
            'import pickle\nwith open("model.pkl", "rb") as f:\n    m = pickle.load(f)',
            at="pickle.load(f)",
        ),
        Bad('import joblib as jl\nm = jl.load("clf.joblib")', at='jl.load("clf.joblib")'),
        Bad("from dill import load as ld\nm = ld(f)", at="ld(f)"),
        Bad('import pandas as pd\ndf = pd.read_pickle("a.pkl")', at='pd.read_pickle("a.pkl")'),
        Bad("import pickle\nall = list(map(pickle.load, files))", at="map(pickle.load, files)"),
        Good(
            'import joblib\njoblib.dump(m, "clf.joblib")\nm = joblib.load("clf.joblib")',
            because="the notebook has written it itself",
        ),
        Good("import pickle\ncopy = pickle.loads(pickle.dumps(m))", because="it is its own"),
        Good(
            "import pickle\nwith open(cache, 'wb') as f:\n    pickle.dump(x, f)\n"
            "with open(cache, 'rb') as f:\n    x = pickle.load(f)",
            because="the notebook has written it itself",
        ),
        Good("import json\nm = json.load(f)", because="JSON holds data only"),
        Good(
            "class pickle:\n    def load(f): ...\nm = pickle.load(f)",
            because="another thing of the same name",
        ),
        Good("# m = pickle.load(f)", because="a comment"),
        Good('import yaml\nyaml.safe_load(f)\ntorch.hub.load("a", "b")', because="other loads"),
    ),
)
def pickle_family_load(view: View) -> Iterator[Hit]:
    """A pickle is a program, and unpickling runs it (pickle, dill, cloudpickle, joblib,
    `read_pickle`, shelve): whoever could write the file, or a file of the same name, runs commands
    with the rights of the notebook. Load weights from safetensors and scikit-learn models by skops;
    scan what must be a pickle before it is loaded.

    Silent about files that the notebook writes itself.
    """
    for load in view.once(_loads):
        if load.origin == "unknown":
            message = f"{load.call.name} runs what the file says; take safetensors or skops"
            yield Hit(load.call.span, message)
