"""Models from a hub: at which commit, and with whose code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.calling import flag, given, keyword, replacement, set_keyword, string
from jupyter_mlsec.core.model import Fix, Hit, Severity
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import Bad, Good, Hint
from jupyter_mlsec.rules.models.family import rule

if TYPE_CHECKING:
    import ast

    from jupyter_mlsec.core.python import Call
    from jupyter_mlsec.core.view import View


_COMMIT = lazy(r"[0-9a-f]{40}")
_CALL = lazy(r"\bfrom_pretrained\(|\b(?:hf_hub_download|snapshot_download)\(|\bpipeline\(")
_FUNCTIONS = ("hf_hub_download", "snapshot_download", "pipeline")
_REPOSITORY = lazy(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
# Models from before the hub had organisations; any other name without one may be a local folder.
_EARLY = lazy(
    r"(?:bert|distilbert|roberta|distilroberta|xlm|albert|xlnet|t5|camembert|flaubert)-"
    r"(?:(?!finetuned|fine-tuned)[\w.-])+(?:finetuned-(?:mrpc|squad|sst-2-english|conll03-\w+))?"
    r"|gpt2(?:-(?:medium|large|xl))?|distilgpt2|openai-gpt|ctrl|transfo-xl-wt103"
)
_PLACEHOLDER = lazy(
    r"(?:your|my|path|to|the|some|local|models?|checkpoints?|outputs?|results?|data|saved?|tmp|dir"
    r"|username|user|org|organization|namespace)(?:[_-]?\w*)?/|.*(?:/path|your[_-]|_name$)",
    re.IGNORECASE,
)


@rule(
    "model-revision-not-pinned",
    "A model is loaded from a hub without a commit",
    severity=Severity.LOW,
    hints=(
        Hint(
            "hub-model",
            r"from_pretrained\(|hf_hub_download\(|snapshot_download\(|pipeline\(",
            literals=("from_pretrained(", "_download(", "pipeline("),
        ),
    ),
    languages=("python",),
    references=("CWE-494", "ML06", "AML.T0010.003"),
    aggregate="{count} models are loaded without a commit: {subjects}. Pass revision= and the "
    "full commit",
    examples=(
        Bad(
            'm = AutoModel.from_pretrained("acme/small")',
            at='"acme/small"',
        ),
        Bad('t = AutoTokenizer.from_pretrained("bert-base-uncased")', at='"bert-base-uncased"'),
        Bad('p = pipeline("ner", model="acme/ner")', at='"acme/ner"'),
        Bad(
            "from huggingface_hub import hf_hub_download\n"
            'hf_hub_download(repo_id="acme/small", filename="m.bin")',
            at='"acme/small"',
        ),
        Good(
            f'AutoModel.from_pretrained("acme/small", revision="{"0a1b2c3d" * 5}")',
            because="a commit can't be moved",
        ),
        Good('AutoModel.from_pretrained("./checkpoint")', because="a local folder"),
        Good("AutoModel.from_pretrained(name)", because="the name is not known here"),
        Good(
            'model.save_pretrained("acme/own")\nAutoModel.from_pretrained("acme/own")',
            because="the notebook saved it there itself",
        ),
    ),
)
def model_revision_not_pinned(view: View) -> Iterator[Hit]:
    """Without `revision=` the newest commit of the repository is loaded: weights, tokenizer and
    configuration may change between two runs, by the owner or by whoever takes over the account.
    `mlsec fix --unsafe --pin-from environment` puts the commit in that this machine has loaded.

    Looked at are names that are strings, or constants of the notebook. Folders, other variables,
    `**options` and datasets are left alone.
    """
    if not _CALL.search(view.source):
        return
    for call in view.code.calls():
        function = call.name.rpartition(".")[2]
        if function != "from_pretrained" and function not in _FUNCTIONS:
            continue
        node = _model(call, function)
        name = string(view, node)
        if node is None or name is None or not _on_hub(name, view) or _pinned(call, view):
            continue
        message = f"{name} is loaded at whatever commit is newest; pass revision= and the full "
        yield Hit(view.code.span(node), message + "commit", _pin(view, call, name), subject=name)


def _pin(view: View, call: Call, name: str) -> Fix | None:
    """The fix that names the commit that the context knows."""
    commit = view.context.commit_of("models", name)
    if commit is None:
        return None
    title = f"pin {name} to {commit[:8]}, the commit in this machine's cache"
    return set_keyword(view, call, "revision", f'"{commit}"', title)


def _model(call: Call, function: str) -> ast.expr | None:
    """The argument that names the model."""
    repo_type = call.keyword("repo_type")
    if repo_type is not None:
        return None
    if function == "from_pretrained":
        named = call.keyword("pretrained_model_name_or_path")
        return call.args[0] if call.args else named
    if function == "pipeline":
        return call.args[1] if len(call.args) > 1 else call.keyword("model")
    return call.args[0] if call.args else call.keyword("repo_id")


def _pinned(call: Call, view: View) -> bool:
    """Whether the call gives a commit, may give one, or keeps off the network."""
    revision = call.keyword("revision")
    if revision is not None:
        text = view.code.constant(revision)
        return text is None or bool(_COMMIT.fullmatch(text))
    return call.may_have("revision") or call.keyword("local_files_only") is not None


def _on_hub(name: str, view: View) -> bool:
    hub_like = _REPOSITORY.fullmatch(name) and not _PLACEHOLDER.match(name)
    if not hub_like and not _EARLY.fullmatch(name):
        return False
    own = re.compile(
        rf"(?:save_pretrained|save_model)\(\s*[\"']{re.escape(name)}[\"']"
        rf"|output_dir\s*=\s*[\"']{re.escape(name)}[\"']"
    )
    return not any(own.search(t.text) for t in view.context.document.texts if t.part == "source")


_REMOTE = "trust_remote_code"
_REMOTE_OPTION = lazy(r"--trust[-_]remote[-_]code(?:=(?:true|1))?", re.IGNORECASE)


@rule(
    "trust-remote-code",
    "Code of a model's or data set's repository is run",
    severity=Severity.CRITICAL,
    hints=(
        Hint(
            "trust-remote-code",
            r"trust[-_]remote[-_]code",
            ("trust_remote_code", "trust-remote-code"),
        ),
    ),
    languages=("python", "shell", "dockerfile"),
    references=("CWE-94", "ML06", "AML.T0010.003"),
    aggregate="{count} times the code of a repository is run: {subjects}",
    examples=(
        Bad(
            "m = AutoModel.from_pretrained(name, trust_remote_code=True)",
            at="trust_remote_code=True",
            fixed="m = AutoModel.from_pretrained(name, trust_remote_code=False)",
        ),
        Bad(
            'AutoModel.from_pretrained(name, **{"trust_remote_code": True})',
            at='"trust_remote_code": True',
            fixed='AutoModel.from_pretrained(name, **{"trust_remote_code": False})',
        ),
        Bad(
            "TRC = True\npipeline(model=name, trust_remote_code=TRC)",
            at="trust_remote_code=TRC",
            fixed="TRC = True\npipeline(model=name, trust_remote_code=False)",
        ),
        Bad("!vllm serve acme/chat --trust-remote-code", at="--trust-remote-code"),
        Bad(
            "load = partial(load_dataset, trust_remote_code=True)",
            at="trust_remote_code=True",
            fixed="load = partial(load_dataset, trust_remote_code=False)",
        ),
        Good("AutoModel.from_pretrained(name, trust_remote_code=False)", because="it is off"),
        Good(
            "AutoModel.from_pretrained(name, trust_remote_code=args.trust)",
            because="it is not known here",
        ),
        Good(
            f'AutoModel.from_pretrained(name, trust_remote_code=True, revision="{"0a1b2c3d" * 5}")',
            because="the code at a commit can be read, and stays",
        ),
        Good("# trust_remote_code=True", because="a comment"),
        Good("def load(name, trust_remote_code):\n    ...", because="an own function's parameter"),
        Good('print("pass trust_remote_code=True")', because="a string"),
    ),
)
def trust_remote_code(view: View) -> Iterator[Hit]:
    """With `trust_remote_code=True` the Python files of the repository run here, with the rights
    of the notebook: at whatever commit is newest, whoever has pushed it. Read the code, then name
    the commit that was read (`revision=`); most models need no code of their own any more.
    """
    for node, value, at in given(view, _REMOTE):
        pinned = keyword(view, node, "revision") if node else None
        text = string(view, pinned)
        if flag(view, value) is not True or (text and _COMMIT.fullmatch(text)):
            continue
        subject = _loaded(view, node)
        fix = replacement(view, value, "False", "do not run the repository's code")
        yield Hit(at, f"runs the code of {subject}, {_NEWEST}", fix, subject=subject)
    for command in view.commands:
        for word in command.argv:
            if _REMOTE_OPTION.fullmatch(word.text):
                program = command.argv[0].text.rpartition("/")[2]
                yield Hit(
                    word.span, f"{program} runs the repository's code, {_NEWEST}", subject=program
                )


_NEWEST = "at whatever commit is newest; read it and name the commit (revision=)"


def _loaded(view: View, call: Call | None) -> str:
    """What a call loads, in words."""
    named = string(view, call.args[0]) if call and call.args else None
    return named or "the repository"
