"""The analysis of a document: its cells in the order in which they stand, and in the order in
which they ran where that is another one."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from jupyter_mlsec.core.flow.definitions import Definitions
from jupyter_mlsec.core.flow.facts import (
    INTEGRITY,
    NOTHING,
    Flow,
    Format,
    Source,
    Step,
    union,
)
from jupyter_mlsec.core.flow.knowledge import Fetched, Knowledge
from jupyter_mlsec.core.flow.statements import Interpreter
from jupyter_mlsec.core.flow.texts import Texts
from jupyter_mlsec.core.model import Span, Text
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.shell import may_call

if TYPE_CHECKING:
    from jupyter_mlsec.core.view import Context

# What people import these as; snippets leave the imports out.
_USUAL = {
    "pd": "pandas", "np": "numpy", "tf": "tensorflow", "pl": "polars", "pa": "pandera",
    "dd": "dask.dataframe", "plt": "matplotlib.pyplot", "sns": "seaborn", "xgb": "xgboost",
    "lgb": "lightgbm", "tfds": "tensorflow_datasets", "ge": "great_expectations",
    "tfdv": "tensorflow_data_validation",
}  # fmt: skip
_WORD = lazy(r"\w+")
_SHOWN = lazy(r"[A-Za-z_]\w*(?:\.\w+|\[[\w\"': ,-]*\])*\s*\Z")
# Words of what reads or takes files: a text with one may do so with one that is known.
_READS = (
    "open(",
    "path.join(",
    "Path(",
    ".load",
    "_load",
    "Folder",
    "_directory",
    "TFRecord",
    "extract",
    "unpack",
)


class Found(NamedTuple):
    """A flow, and whether it is there in both orders of the cells."""

    flow: Flow
    sure: bool


def flows(context: Context, knowledge: Knowledge, tags: Collection[str]) -> tuple[Found, ...]:
    """The worst use of each source of a document, checked or not, in the order of their loads.

    `tags` are those of the hints that mark loads. Texts before the first mark are looked into
    only for functions and strings, and after it only where they mention what holds data.
    """
    marked = {
        number: [span for tag in tags for span in marks.get(tag, ())]
        for number, marks in context.marks.items()
    }
    marked = {number: spans for number, spans in marked.items() if spans}
    texts = [
        (number, text)
        for number, text in enumerate(context.document.texts)
        if text.language == "python" and text.part in ("source", "file")
    ]
    if not marked or not texts:
        return ()
    found = _run(context, knowledge, texts, marked)
    ran = _as_run(texts)
    if ran is None:
        return _sorted([Found(flow, True) for flow in found.values()])
    again = _run(context, knowledge, ran, marked)
    return _sorted(
        Found(found.get(name) or again[name], _alike(found.get(name), again.get(name)))
        for name in {**found, **again}
    )


def _alike(one: Flow | None, other: Flow | None) -> bool:
    """Whether the two orders say the same of a source."""
    return bool(
        one and other and one.kind.strong == other.kind.strong and one.checks == other.checks
    )


def _sorted(found: Iterable[Found]) -> tuple[Found, ...]:
    return tuple(sorted(found, key=lambda each: each.flow.way[0]))


def _as_run(texts: Sequence[tuple[int, Text]]) -> list[tuple[int, Text]] | None:
    """The texts in the order of their execution counts, where that differs from the order in
    which they stand; cells that never ran stay behind the one before them."""
    counts = [text.execution for _, text in texts if text.execution is not None]
    if counts == sorted(counts):
        return None
    keyed = []
    last = 0
    for place, (number, text) in enumerate(texts):
        last = text.execution if text.execution is not None else last
        keyed.append((last, place, number, text))
    return [(number, text) for _, _, number, text in sorted(keyed, key=lambda k: k[:2])]


def _run(
    context: Context,
    knowledge: Knowledge,
    texts: Sequence[tuple[int, Text]],
    marked: Mapping[int, Sequence[Span]],
) -> dict[str, Flow]:
    order = [text for _, text in texts]
    interpreter = Interpreter(
        knowledge,
        Texts(context, order),
        {**_USUAL, **context.imports},
        Definitions(context, texts),
    )
    aliases = _aliases(context.imports, knowledge)
    for number, text in texts:
        called = any(f"{alias}(" in text.text for alias in aliases)
        if number not in marked and not called and not _mentions(interpreter, text.text):
            continue
        if _SHOWN.match(text.text):
            _show(interpreter, text.text)
            continue
        try:
            _Cell(interpreter, context, number, text, marked.get(number, ()), aliases).run()
        except RecursionError:  # an expression too deep for Python itself: what it holds is unknown
            continue
    return interpreter.flows


def _show(interpreter: Interpreter, source: str) -> None:
    """A cell of one name with subscripts shows it: the half of the cells that mention data."""
    value = union(*(interpreter.state.names.get(word, NOTHING) for word in _WORD.findall(source)))
    interpreter.seen(value)


def _aliases(imports: Mapping[str, str], knowledge: Knowledge) -> tuple[str, ...]:
    """The names under which loads are imported, where those are not their own."""
    return tuple(
        alias
        for alias, full in imports.items()
        if alias != full.rpartition(".")[2] and knowledge.role(full).load is not None
    )


def _mentions(interpreter: Interpreter, source: str) -> bool:
    """Whether a text may touch what holds data now."""
    state = interpreter.state
    near = [name for name in state.names if name in source]
    if near and not set(_WORD.findall(source)).isdisjoint(near):
        return True
    if any(name in source for name in interpreter.loaders):
        return True
    if not state.files:
        return False
    if any(map(source.__contains__, _READS)):
        return True
    return any(path != "." and path.rpartition("/")[2] in source for path in state.files)


class _Cell:
    """One text: its statements, and the shell commands in between."""

    def __init__(
        self,
        interpreter: Interpreter,
        context: Context,
        number: int,
        text: Text,
        marks: Sequence[Span],
        aliases: Sequence[str],
    ) -> None:
        self.interpreter = interpreter
        self.number = number
        self.text = text
        self.marks = marks
        self.aliases = aliases
        self.code = context.code(text)
        self.context = context

    def run(self) -> None:
        interpreter = self.interpreter
        interpreter.open(self.text, self.number, self.code)
        actions = self.fetched()
        body = self.code.tree.body if self.code.tree else []
        touched = False  # whether the last statement mattered
        for statement in body:
            span = self.code.span(statement)
            while actions and actions[0][0].start < span.end:
                self.act(*actions.pop(0))
            touched = False
            interpreter.loading = self.loads(span)
            if (
                interpreter.loading
                or isinstance(statement, ast.Raise)
                or _mentions(interpreter, self.text.text[span.start : span.end])
            ):
                touched = True
                interpreter.block([statement])
        for action in actions:
            self.act(*action)
        if touched and self.text.part == "source":
            interpreter.displayed(body[-1])

    def loads(self, span: Span) -> bool:
        """Whether a statement has a load in it, under its own name or another."""
        if any(mark.start < span.end and span.start <= mark.end for mark in self.marks):
            return True
        return any(f"{alias}(" in self.text.text[span.start : span.end] for alias in self.aliases)

    def fetched(self) -> list[tuple[Span, Fetched]]:
        """What the shell commands of the text do with files, in order."""
        knowledge, files = self.interpreter.knowledge, self.interpreter.state.files
        if not self.marks and not files:
            return []
        source = self.text.text
        if not ("!" in source or "%" in source or self.context.renamed or may_call(source)):
            return []
        if not any(word in source for word in knowledge.programs):
            return []
        return [
            (command.span, action)
            for command in self.context.commands(self.text)
            for action in knowledge.fetched(command)
        ]

    def act(self, span: Span, action: Fetched) -> None:
        interpreter = self.interpreter
        state = interpreter.state
        if action.action == "fetch":
            judged = interpreter.knowledge.judge_url(action.url)
            if judged is not None:
                step = Step(self.number, span)
                source = Source(step, judged.name, judged.origin, Format.TEXT, file=True)
                state.checks[judged.name] = judged.checks
                interpreter.put(action.path, {source: ()})
        elif action.action == "unpack":
            value = state.names.get(action.path.strip("{}$")) or interpreter.at_path(action.path)
            if value:
                interpreter.put(
                    action.to or ".", union(value, state.files.get(action.to or ".", NOTHING))
                )
        elif action.action == "check":
            named = interpreter.at_path(action.path) if action.path else NOTHING
            interpreter.checked(named or union(*state.files.values()), INTEGRITY)
