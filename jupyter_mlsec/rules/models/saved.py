"""Models in formats that whoever loads them has to trust."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.calling import argument, calls, flag, keyword, set_keyword, string
from jupyter_mlsec.core.model import Hit, Severity
from jupyter_mlsec.core.rule import Bad, Good, Hint
from jupyter_mlsec.rules.models.family import rule

if TYPE_CHECKING:
    import ast

    from jupyter_mlsec.core.python import Call
    from jupyter_mlsec.core.view import View

_DUMPS = ("pickle.dump", "joblib.dump", "dill.dump", "cloudpickle.dump", "dill.dump_session")


@rule(
    "artifact-format-unsafe",
    "A model is saved in a format that runs code when it is loaded",
    severity=Severity.LOW,
    hints=(
        Hint("save-model", r"\bdump\b[ \t]*[(,]|\bsave\b[ \t]*[(,]", ("dump", "save")),
        Hint(
            "save-model",
            r"safe_serialization|to_pickle\(|\.h5[\"']",
            ("safe_serialization", "to_pickle", ".h5"),
        ),
    ),
    languages=("python",),
    references=("CWE-502", "AML.T0011.000"),
    aggregate="{count} ways of saving that run code when loaded: {subjects}",
    examples=(
        Bad('import joblib\njoblib.dump(clf, "clf.joblib")', at='joblib.dump(clf, "clf.joblib")'),
        Bad(
            'import pickle\nwith open("m.pkl", "wb") as f:\n    pickle.dump(model, f)',
            at="pickle.dump(model, f)",
        ),
        Bad('import torch\ntorch.save(model, "m.pt")', at='torch.save(model, "m.pt")'),
        Bad('model.save("m.h5")', at='model.save("m.h5")'),
        Bad(
            'model.save_pretrained("out", safe_serialization=False)',
            at='model.save_pretrained("out", safe_serialization=False)',
            fixed='model.save_pretrained("out", safe_serialization=True)',
        ),
        Good('import torch\ntorch.save(model.state_dict(), "m.pt")', because="weights alone"),
        Good(
            'import torch\ntorch.save({"model": m.state_dict(), "epoch": 1}, "m.pt")',
            because="weights and plain values",
        ),
        Good('model.save("m.keras")', because="the format with a safe mode"),
        Good("import json\njson.dump(config, f)", because="JSON holds data only"),
        Good('model.save_pretrained("out")', because="safetensors is the default"),
        Good('image.save("plot.png")', because="a picture"),
    ),
)
def artifact_format_unsafe(view: View) -> Iterator[Hit]:
    """Whoever loads a pickle, a whole PyTorch module or an .h5 file with Lambda layers runs what
    is in it, and so has to trust everybody on its way. Save weights as safetensors
    (`save_file(model.state_dict(), "m.safetensors")`), scikit-learn models by skops, Keras models
    as `.keras`.
    """
    for call in calls(view, *_DUMPS, ".to_pickle"):
        yield _hit(call, call.name)
    for call in calls(view, "torch.save"):
        if call.args and not _weights(view, call.args[0]):
            yield _hit(call, "torch.save of a whole object")
    for call in calls(view, ".save", ".save_model"):
        path = string(view, argument(view, call, "filepath", 0))
        if path and path.endswith((".h5", ".hdf5")):
            yield _hit(call, "an .h5 file")
    for call in calls(view, ".save_pretrained", ".push_to_hub"):
        if flag(view, keyword(view, call, "safe_serialization")) is False:
            fix = set_keyword(view, call, "safe_serialization", "True", "save as safetensors")
            yield _hit(call, "safe_serialization=False")._replace(fix=fix)


def _hit(call: Call, what: str) -> Hit:
    message = f"{what}: who loads this runs what is in it; save safetensors, skops or .keras"
    return Hit(call.span, message, subject=what)


def _weights(view: View, node: ast.expr) -> bool:
    """Whether an expression is a state dict, or plain containers of such."""
    import ast

    match node:
        case ast.Call(func=ast.Attribute(attr="state_dict" | "cpu" | "detach" | "tensor")):
            return True
        case ast.Dict() | ast.List() | ast.Tuple() | ast.DictComp() | ast.ListComp():
            return True
        case ast.Name(id=name):
            bound = view.context.constants.bound(name)
            return "state" in name or any(v is not None and _weights(view, v) for v in bound)
        case ast.Attribute(attr=name) | ast.Subscript(value=ast.Name(id=name)):
            return "state" in name or "weight" in name
    return False
