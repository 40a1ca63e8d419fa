"""The rule about data that is run as code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.model import Confidence, Edit, Fix, Hit, Severity, Span
from jupyter_mlsec.core.rule import Bad, Good, Hint
from jupyter_mlsec.rules.data.family import last_name, rule

if TYPE_CHECKING:
    import ast

    from jupyter_mlsec.core.view import View

_MAPPERS = frozenset("apply map applymap transform agg".split())
_LOADED = frozenset("read readline readlines iloc loc values text content json loads get".split())


@rule(
    "eval-on-data",
    "Data is run as code",
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    hints=(Hint("evaluates", r"\beval\b", ("eval",)),),
    languages=("python",),
    references=("CWE-95",),
    examples=(
        Bad(
            "df.tags = df.tags.apply(eval)",
            at="eval",
            fixed="import ast\ndf.tags = df.tags.apply(ast.literal_eval)",
        ),
        Bad(
            "import ast\nlists = list(map(eval, lines))",
            at="eval",
            fixed="import ast\nlists = list(map(ast.literal_eval, lines))",
        ),
        Bad(
            'df = pd.read_csv("a.csv", converters={"tags": eval})',
            at="eval",
            fixed='import ast\ndf = pd.read_csv("a.csv", converters={"tags": ast.literal_eval})',
        ),
        Bad(
            'tags = [eval(row["tags"]) for row in rows]',
            at="eval",
            fixed='import ast\ntags = [ast.literal_eval(row["tags"]) for row in rows]',
        ),
        Bad("for line in open(path):\n    x = eval(line)", at="eval"),
        Good("df.tags.apply(ast.literal_eval)", because="it reads literals only"),
        Good("model.eval()", because="a method of its own"),
        Good('n = eval(os.environ["N"])', because="the environment is the user's own"),
        Good('df.eval("a + b")', because="a constant expression of pandas"),
        Good('x = eval("1 + 1")', because="a constant"),
        Good("def eval(x):\n    return x\ny = xs.map(eval)", because="the notebook's own function"),
    ),
)
def eval_on_data(view: View) -> Iterator[Hit]:
    """A cell of a table or a line of a file that is run as code can do all that the notebook can.
    `ast.literal_eval` reads lists, dicts, numbers and strings and nothing else; json.loads reads
    what JSON wrote.
    """
    import ast

    if _defines_eval(view):
        return
    lines = _lines_of_files(view)
    for node in view.code.nodes:
        if not isinstance(node, ast.Call):
            continue
        for name in _passed(node):
            yield _evaluated(view, name)
        match node:
            case ast.Call(func=ast.Name(id="eval") as name, args=[first, *_]):
                if _is_loaded(first, lines):
                    yield _evaluated(view, name)


def _defines_eval(view: View) -> bool:
    return "def eval(" in view.source or "eval" in view.context.imports


def _passed(node: ast.Call) -> Iterator[ast.Name]:
    """The name eval where a call gets it as the function to apply to each item."""
    import ast

    last = last_name(node.func)
    given = node.args[:1] if last in _MAPPERS else []
    for keyword in node.keywords:
        if keyword.arg == "converters" and isinstance(keyword.value, ast.Dict):
            given += keyword.value.values
        elif keyword.arg == "func" and last in _MAPPERS:
            given.append(keyword.value)
    yield from (arg for arg in given if isinstance(arg, ast.Name) and arg.id == "eval")


def _lines_of_files(view: View) -> frozenset[str]:
    """The names that loops bind to lines of files or rows of tables."""
    import ast

    names = set()
    for node in view.code.nodes:
        if isinstance(node, ast.For | ast.comprehension) and isinstance(node.target, ast.Name):
            items = node.iter
            called = last_name(items.func) if isinstance(items, ast.Call) else ""
            if called in ("open", "readlines", "itertuples", "iterrows", "splitlines"):
                names.add(node.target.id)
    return frozenset(names)


def _is_loaded(node: ast.expr, lines: frozenset[str]) -> bool:
    """Whether an expression takes something out of loaded data."""
    import ast

    for inner in ast.walk(node):
        match inner:
            case ast.Subscript(value=table, slice=ast.Constant(value=str())):
                if last_name(table) not in ("environ", ""):  # a call such as globals() has no name
                    return True
            case ast.Attribute(attr=attribute) if attribute in _LOADED:
                return True
            case ast.Name(id=name) if name in lines:
                return True
    return False


def _evaluated(view: View, name: ast.Name) -> Hit:
    span = view.code.span(name)
    edits = [Edit(span, "ast.literal_eval", view.text.cell)]
    if view.context.imports.get("ast") != "ast":
        start = 0
        if view.source.startswith("%%"):
            start = view.source.find("\n") + 1
        edits.append(Edit(Span(start, start), "import ast\n", view.text.cell))
    fix = Fix(tuple(sorted(edits, key=lambda e: e.span)), False, "use ast.literal_eval")
    return Hit(span, "data is run as code; use ast.literal_eval, which reads literals only", fix)


RULES = (eval_on_data,)
