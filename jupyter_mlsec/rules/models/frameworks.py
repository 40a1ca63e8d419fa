"""The loads of frameworks that run code unless they are told not to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.artifacts import written
from jupyter_mlsec.core.calling import argument, calls, flag, keyword, may_have, set_keyword, string
from jupyter_mlsec.core.model import Hit, Severity
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import Bad, Good, Hint
from jupyter_mlsec.rules.models.family import rule

if TYPE_CHECKING:
    from jupyter_mlsec.core.view import Context, View

_TORCH = ("torch.load", "torch.hub.load_state_dict_from_url", "torch.serialization.load")
_TORCH_LOADS = lazy(
    r"torch\.(?:serialization\.)?load\b|from[ \t]+torch[\w.]*[ \t]+import[ \t]*(?:\(|[^\n]*\bload)"
    r"|import[ \t][^\n]*torch[ \t]+as[ \t]|load_state_dict_from_url"
)
_NUMPY = ("numpy.load", "numpy.lib.npyio.load")


@rule(
    "torch-load-without-weights-only",
    "torch.load may run code from the file",
    severity=Severity.HIGH,
    hints=(
        Hint(
            "torch-load",
            r"torch\.(?:serialization\.)?load\b|weights_only|load_state_dict_from_url",
            ("torch.", "weights_only", "load_state_dict_from_url"),
        ),
        Hint("torch-load", r"(?:^|[^.\w])load[ \t]*[(,)]", ("load",)),
    ),
    languages=("python",),
    references=("CWE-502", "ML06", "AML.T0011.000"),
    examples=(
        Bad(
            'import torch\nm = torch.load("m.pt")',
            at='torch.load("m.pt")',
            fixed='import torch\nm = torch.load("m.pt", weights_only=True)',
        ),
        Bad(
            "from torch import load as tl\nm = tl(p, weights_only=False)",
            at="tl(p, weights_only=False)",
            fixed="from torch import load as tl\nm = tl(p, weights_only=True)",
        ),
        Bad(
            'import torch\nm = torch.load(\n    p,\n    map_location="cpu",\n)',
            at='torch.load(\n    p,\n    map_location="cpu",\n)',
            fixed="import torch\nm = torch.load(\n    p,\n"
            '    map_location="cpu", weights_only=True,\n)',
        ),
        Bad(
            "import functools, torch\nld = functools.partial(torch.load, weights_only=False)",
            at="functools.partial(torch.load, weights_only=False)",
            fixed="import functools, torch\nld = functools.partial(torch.load, weights_only=True)",
        ),
        Bad(
            'import torch\nm = torch.load(p, **{"weights_only": False})',
            at='torch.load(p, **{"weights_only": False})',
            fixed='import torch\nm = torch.load(p, **{"weights_only": True})',
        ),
        Good("import torch\nm = torch.load(p, weights_only=True)", because="weights only"),
        Good("import torch\nm = torch.load(p, **options)", because="it may be in options"),
        Good("import torch\nld = functools.partial(torch.load)", because="it may be given later"),
        Good("def load(p):\n    ...\nm = load(p)", because="an own function of the same name"),
        Good(
            'import torch\ntorch.save(m, "own.pt")\nm = torch.load("own.pt")',
            because="the notebook has written it itself",
        ),
        Good("import json\nm = json.load(p)", because="another load"),
        Good('print("use torch.load(p)")', because="a string"),
    ),
)
def torch_load_without_weights_only(view: View) -> Iterator[Hit]:
    """A checkpoint is a pickle, and unpickling runs what the file says to run. `weights_only=True`
    refuses everything but tensors and plain containers; safetensors holds nothing else.

    From PyTorch 2.6 on `weights_only=True` is the default, so that a call without it is reported
    as medium, and `weights_only=False` as high.
    """
    if not view.context.once(_loads_torch):
        return
    for call in calls(view, *_TORCH):
        given = keyword(view, call, "weights_only")
        path = string(view, call.args[0]) if call.args else None
        if flag(view, given) or (given is None and may_have(view, call, "weights_only")):
            continue
        if given is not None and flag(view, given) is None:
            continue
        if path is not None and written(view.context, path):
            continue
        fix = set_keyword(view, call, "weights_only", "True", "load nothing but weights")
        if given is not None:
            yield Hit(call.span, "weights_only=False runs what the file says to run", fix)
        else:
            message = "before PyTorch 2.6 this runs what the file says; pass weights_only=True"
            yield Hit(call.span, message, fix, severity=Severity.MEDIUM)


def _loads_torch(context: Context) -> bool:
    """Whether the document may call torch.load, by whatever name, before anything is parsed."""
    return any(
        ("torch" in text.text or "load_state_dict_from_url" in text.text)
        and _TORCH_LOADS.search(text.text)
        for text in context.sources
    )


@rule(
    "numpy-allow-pickle",
    "numpy.load may unpickle objects",
    severity=Severity.HIGH,
    hints=(
        Hint("allow-pickle", r"allow_pickle", ("allow_pickle",)),
        Hint("allow-pickle", r"\bload\([^\n]*,[ \t]*True", ("load(",)),
    ),
    languages=("python",),
    references=("CWE-502", "AML.T0011.000"),
    examples=(
        Bad(
            'import numpy as np\nx = np.load("x.npy", allow_pickle=True)',
            at='np.load("x.npy", allow_pickle=True)',
            fixed='import numpy as np\nx = np.load("x.npy", allow_pickle=False)',
        ),
        Bad(
            "import numpy\nx = numpy.load(p, None, True)",
            at="numpy.load(p, None, True)",
        ),
        Bad(
            "from numpy import load as npl\nPICKLE = True\nx = npl(p, allow_pickle=PICKLE)",
            at="npl(p, allow_pickle=PICKLE)",
            fixed="from numpy import load as npl\nPICKLE = True\nx = npl(p, allow_pickle=False)",
        ),
        Bad(
            'import numpy as np\nwith np.load(p, allow_pickle=True) as z:\n    x = z["a"]',
            at="np.load(p, allow_pickle=True)",
            fixed='import numpy as np\nwith np.load(p, allow_pickle=False) as z:\n    x = z["a"]',
        ),
        Good("import numpy as np\nx = np.load(p)", because="off is the default"),
        Good("import numpy as np\nx = np.load(p, allow_pickle=False)", because="it is off"),
        Good("import numpy as np\nnp.save(p, x, allow_pickle=True)", because="that saves"),
        Good(
            'import numpy as np\nnp.save("x.npy", x)\nx = np.load("x.npy", allow_pickle=True)',
            because="the notebook has written it itself",
        ),
        Good("load(p, allow_pickle=True)", because="nothing says that it is numpy's"),
    ),
)
def numpy_allow_pickle(view: View) -> Iterator[Hit]:
    """An array of objects is a pickle, and unpickling runs what the file says to run. Save arrays
    of numbers or strings, and load them without `allow_pickle`."""
    for call in calls(view, *_NUMPY):
        path = string(view, call.args[0]) if call.args else None
        if not flag(view, argument(view, call, "allow_pickle", 2)):
            continue
        if path is not None and written(view.context, path):
            continue
        named = keyword(view, call, "allow_pickle") is not None
        title = "load arrays without objects"
        fix = set_keyword(view, call, "allow_pickle", "False", title) if named else None
        yield Hit(call.span, "allow_pickle=True runs what the file says to run", fix)


@rule(
    "keras-unsafe-load",
    "A Keras model is loaded with the code in it",
    severity=Severity.HIGH,
    hints=(
        Hint(
            "keras-load",
            r"load_model\b|safe_mode|unsafe_deserialization|allow_unsafe",
            ("load_model", "safe_mode", "unsafe"),
        ),
    ),
    languages=("python",),
    references=("CWE-502", "AML.T0011.000"),
    examples=(
        Bad(
            "from keras.models import load_model\nm = load_model(p, safe_mode=False)",
            at="load_model(p, safe_mode=False)",
            fixed="from keras.models import load_model\nm = load_model(p, safe_mode=True)",
        ),
        Bad(
            "import keras\nkeras.config.enable_unsafe_deserialization()",
            at="keras.config.enable_unsafe_deserialization()",
        ),
        Bad(
            'import tensorflow as tf\nm = tf.keras.models.load_model("theirs.h5")',
            at='tf.keras.models.load_model("theirs.h5")',
        ),
        Bad(
            "from tensorflow import keras as k\n"
            'm = k.saving.load_model(filepath=p, **{"safe_mode": False})',
            at='k.saving.load_model(filepath=p, **{"safe_mode": False})',
            fixed="from tensorflow import keras as k\n"
            'm = k.saving.load_model(filepath=p, **{"safe_mode": True})',
        ),
        Good('import keras\nm = keras.models.load_model("m.keras")', because="safe mode is on"),
        Good("import keras\nm = keras.models.load_model(p, safe_mode=True)", because="it is on"),
        Good(
            'import keras\nm.save("own.h5")\nm = keras.models.load_model("own.h5")',
            because="the notebook has written it itself",
        ),
        Good("import mlflow\nm = mlflow.pyfunc.load_model(uri)", because="another load_model"),
        Good("def load_model(p, safe_mode=False):\n    ...", because="an own function"),
    ),
)
def keras_unsafe_load(view: View) -> Iterator[Hit]:
    """A Lambda layer is Python byte code that stands in the model's file. Keras runs it where safe
    mode is off, and always in its old format (.h5), which is reported as medium. Load `.keras`
    files in safe mode, or only the weights (`load_weights`) into a model that is built here.
    """
    for call in calls(view, ".load_model", ".enable_unsafe_deserialization"):
        if "keras" not in call.name:
            continue
        if call.name.endswith("deserialization"):
            yield Hit(call.span, "from here on Keras runs the code in model files")
            continue
        path = string(view, argument(view, call, "filepath", 0))
        if flag(view, keyword(view, call, "safe_mode")) is False:
            fix = set_keyword(view, call, "safe_mode", "True", "load in safe mode")
            yield Hit(call.span, "without safe mode the code in the model's file runs", fix)
        elif path and path.endswith((".h5", ".hdf5")) and not written(view.context, path):
            message = "an .h5 file may hold code (Lambda layers) that runs when it is loaded"
            yield Hit(call.span, message, severity=Severity.MEDIUM)
