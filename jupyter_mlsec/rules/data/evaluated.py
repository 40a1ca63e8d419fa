"""The rule about data that is run as code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.model import Confidence, Edit, Fix, Hit, Severity, Span
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import Bad, Good, Hint
from jupyter_mlsec.rules.data.family import last_name, rule

if TYPE_CHECKING:
    import ast

    from jupyter_mlsec.core.view import View

_MAPPERS = frozenset("apply map applymap transform agg".split())
_LOADED = frozenset("read readline readlines iloc loc values text content json loads get".split())
# Of exec: a file that is read to be run is a script, and an answer of a server another rule's.
_ROWS = frozenset("iloc loc values json loads".split())
_RUNS = ("eval", "exec")
_FRAME = lazy(
    r"(?:pandas|pd|polars|pl)\.(?:read_\w+|DataFrame)|(?:.*\.)?(?:read_csv|to_pandas|to_dataframe)"
)


@rule(
    "eval-on-data",
    "Data is run as code",
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    hints=(
        Hint("evaluates", r"(?:^|[^.\w])(?:eval|exec)\b", ("eval", "exec")),
        # not model.eval(), nor a constant
        Hint("evaluates", r"\.(?:eval|query)[ \t]*\((?:[^)\"']|$)", (".eval", ".query")),
    ),
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
        Bad('for _, row in df.iterrows():\n    exec(row["code"])', at="exec"),
        Bad("rules.code.apply(exec)", at="exec"),
        Bad(
            'import pandas as pd\ndf = pd.read_csv("a.csv")\nrules = pd.read_csv("rules.csv")\n'
            'for _, rule in rules.iterrows():\n    print(df.query(rule["filter"]))',
            at="query",
        ),
        Bad(
            "import pandas as pd\ndf = pd.DataFrame(rows)\n"
            'df["total"] = df.eval(formulas["total"])',
            at="eval",
        ),
        Good("df.tags.apply(ast.literal_eval)", because="it reads literals only"),
        Good("model.eval()", because="a method of its own"),
        Good('n = eval(os.environ["N"])', because="the environment is the user's own"),
        Good('df.eval("a + b")', because="a constant expression of pandas"),
        Good('df.query(f"price > {limit}")', because="the limit is none of the data"),
        Good('client.query(row["sql"])', because="no table: a rule about SQL looks at it"),
        Good('exec(open("helpers.py").read())', because="a script, which can be read"),
        Good('x = eval("1 + 1")', because="a constant"),
        Good("def eval(x):\n    return x\ny = xs.map(eval)", because="the notebook's own function"),
    ),
)
def eval_on_data(view: View) -> Iterator[Hit]:
    """A cell of a table or a line of a file that is run as code can do all that the notebook can.
    `ast.literal_eval` reads lists, dicts, numbers and strings and nothing else; json.loads reads
    what JSON wrote. An expression for `df.eval` or `df.query` reaches everything too (`@`, names
    with `__`): take it from a fixed list.
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
            case ast.Call(func=ast.Name(id=function) as name, args=[first, *_]):
                if function in _RUNS and _is_loaded(first, lines, function):
                    yield _evaluated(view, name)
            case ast.Call(func=ast.Attribute(value=table, attr="eval" | "query" as method)):
                given = node.args[:1] or [k.value for k in node.keywords if k.arg == "expr"]
                if any(_is_loaded(n, lines, method) for n in given) and _is_frame(view, table):
                    end = view.code.span(node.func).end
                    message = f"{method} runs data as code; take the expression from a fixed list"
                    yield Hit(Span(end - len(method), end), message)


def _is_frame(view: View, node: ast.expr) -> bool:
    """Whether an expression is a table, or the module that evaluates expressions about tables."""
    from jupyter_mlsec.core.flow.origins import Origins

    if view.code.name(node, view.context.imports) == "pandas":
        return True
    return Origins(view.context, lambda name: _FRAME.fullmatch(name) is not None).has(
        node, view.code
    )


def _defines_eval(view: View) -> bool:
    return any(f"def {name}(" in view.source or name in view.context.imports for name in _RUNS)


def _passed(node: ast.Call) -> Iterator[ast.Name]:
    """The name eval or exec where a call gets it as the function to apply to each item."""
    import ast

    last = last_name(node.func)
    given = node.args[:1] if last in _MAPPERS else []
    for keyword in node.keywords:
        if keyword.arg == "converters" and isinstance(keyword.value, ast.Dict):
            given += keyword.value.values
        elif keyword.arg == "func" and last in _MAPPERS:
            given.append(keyword.value)
    yield from (arg for arg in given if isinstance(arg, ast.Name) and arg.id in _RUNS)


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


def _is_loaded(node: ast.expr, lines: frozenset[str], function: str) -> bool:
    """Whether an expression takes something out of loaded data."""
    import ast

    loaded = _ROWS if function == "exec" else _LOADED
    for inner in ast.walk(node):
        match inner:
            case ast.Subscript(value=table, slice=ast.Constant(value=str())):
                if last_name(table) not in ("environ", ""):  # a call such as globals() has no name
                    return True
            case ast.Attribute(attr=attribute) if attribute in loaded:
                return True
            case ast.Name(id=name) if name in lines:
                return True
    return False


def _evaluated(view: View, name: ast.Name) -> Hit:
    span = view.code.span(name)
    if name.id == "exec":
        return Hit(span, "data is run as code; read it as data, or call a function by its name")
    edits = [Edit(span, "ast.literal_eval", view.text.cell)]
    if view.context.imports.get("ast") != "ast":
        start = 0
        if view.source.startswith("%%"):
            start = view.source.find("\n") + 1
        edits.append(Edit(Span(start, start), "import ast\n", view.text.cell))
    fix = Fix(tuple(sorted(edits, key=lambda e: e.span)), False, "use ast.literal_eval")
    return Hit(span, "data is run as code; use ast.literal_eval, which reads literals only", fix)


RULES = (eval_on_data,)
