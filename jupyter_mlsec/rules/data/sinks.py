"""Rules about what data must not be turned into: SQL, objects, files anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.model import Confidence, Edit, Fix, Hit, Severity, Span
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import Bad, Good, Hint
from jupyter_mlsec.rules.data.family import last_name, rule, texts_at, with_argument

if TYPE_CHECKING:
    import ast

    from jupyter_mlsec.core.flow.texts import Texts
    from jupyter_mlsec.core.python import Call
    from jupyter_mlsec.core.view import Context, View

_SQL = lazy(
    r"\s*(?:--[^\n]*\n\s*)*\(*\s*(?:select\b[\s\S]*\bfrom|insert\s+into|update\b[\s\S]*\bset|"
    r"delete\s+from|with\b[\s\S]*\bselect|create\s|drop\s|alter\s|merge\s+into|replace\s+into|"
    r"truncate\s|grant\s|call\s|exec(?:ute)?\s)",
    re.IGNORECASE,
)
_RUNS_SQL = frozenset(
    "read_sql read_sql_query read_gbq execute executemany executescript read_database "
    "read_database_uri query_and_wait".split()
)
_QUOTES = frozenset(
    "int float len bool quote quote_ident quote_identifier identifier Identifier Literal "
    "escape".split()
)


@rule(
    "sql-built-from-string",
    "SQL is put together from strings",
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    hints=(
        Hint(
            "runs-sql",
            r"\b(?:read_sql(?:_query)?|read_gbq|execute(?:many|script)?|read_database(?:_uri)?|"
            r"query_and_wait|query|sql)[ \t]*\(",
            ("read_sql", "read_gbq", "execute", "read_database", "query", "sql"),
        ),
    ),
    languages=("python",),
    references=("CWE-89",),
    examples=(
        Bad(
            "df = pd.read_sql(f\"select * from houses where city = '{city}'\", engine)",
            at="f\"select * from houses where city = '{city}'\"",
        ),
        Bad(
            'cursor.execute("delete from runs where id = %s" % run)',
            at='"delete from runs where id = %s" % run',
        ),
        Bad(
            'q = "select * from " + table\ncursor.execute(q)',
            at="q",
        ),
        Bad(
            'client.query("select x from t where y = {}".format(y)).to_dataframe()',
            at='"select x from t where y = {}".format(y)',
        ),
        Bad(
            'session.execute(text(f"update t set x = {x}"))',
            at='f"update t set x = {x}"',
        ),
        Good(
            'pd.read_sql("select * from houses where city = %(city)s", engine, '
            'params={"city": city})',
            because="the driver puts the value in",
        ),
        Good(
            'T = "houses"\ncursor.execute(f"select * from {T}")',
            because="the name is a constant of the notebook",
        ),
        Good(
            'cursor.execute(f"select * from t limit {int(n)}")',
            because="a number can't end the statement",
        ),
        Good('df.query(f"price > {limit}")', because="no SQL: pandas evaluates it"),
        Good('cursor.execute("select * from " "houses")', because="a constant"),
        Good('run.execute(f"step {n}")', because="no SQL"),
    ),
)
def sql_built_from_string(view: View) -> Iterator[Hit]:
    """Whatever ends up in the string can end the statement and begin another one: a value from a
    file, a form or a model's answer reads, changes or drops tables. Pass values as parameters
    (`params=`, `execute(sql, values)`, `QueryJobConfig(query_parameters=…)`); take names of
    tables from a fixed list.

    Numbers by `int()` or `len()` and constants of the notebook are left alone.
    """
    import ast

    for call in view.calls():
        if not _runs_sql(call.name):
            continue
        node = call.args[0] if call.args else (call.keyword("sql") or call.keyword("query"))
        while isinstance(node, ast.Call) and node.args and last_name(node.func) == "text":
            node = node.args[0]
        if node is not None and _built(view, call, node):
            message = "SQL is put together from strings; pass the values as parameters"
            yield Hit(view.code.span(node), message)


def _runs_sql(name: str) -> bool:
    first, _, last = name.rpartition(".")
    if last in _RUNS_SQL:
        return True
    if last == "query":
        return any(word in first.lower() for word in ("client", "bq", "bigquery", "duckdb", "conn"))
    return last == "sql" and any(word in first.lower() for word in ("spark", "duckdb", "con"))


def _built(view: View, call: Call, node: ast.expr) -> bool:
    """Whether an expression is SQL with parts that are not known here."""
    import ast

    texts = texts_at(view, call.node)
    if isinstance(node, ast.Name):
        bound = [value for name, value in view.code.bindings if name == node.id]
        values = [v for v in bound if v is not None and v.lineno <= call.node.lineno]
        if not values:
            return False
        node = values[-1]
    if texts.written(node).whole:
        return False
    match node:
        case ast.JoinedStr(values=parts):
            pass
        case ast.BinOp(op=ast.Add()) | ast.BinOp(left=ast.Constant(), op=ast.Mod()):
            parts = _operands(node)
        case ast.Call(func=ast.Attribute(value=ast.Constant() as template, attr="format")):
            parts = [template, *node.args, *(k.value for k in node.keywords)]
        case _:
            return False
    literal = " ".join(str(p.value) if isinstance(p, ast.Constant) else "?" for p in parts)
    return bool(_SQL.match(literal)) and any(not _harmless(part, texts) for part in parts)


def _operands(node: ast.expr) -> list[ast.expr]:
    """The parts of a sum or of a template with its values, from left to right."""
    import ast

    parts: list[ast.expr] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        right = node.right
        parts += reversed(right.elts) if isinstance(right, ast.Tuple) else [right]
        node = node.left
    return [node, *reversed(parts)]


def _harmless(part: ast.expr, texts: Texts) -> bool:
    """Whether a part of a string is known, or a number, or quoted."""
    import ast

    value = part.value if isinstance(part, ast.FormattedValue) else part
    if isinstance(part, ast.Constant) or texts.written(value).whole:
        return True
    if isinstance(value, ast.Constant):
        return True
    if isinstance(part, ast.FormattedValue) and part.format_spec is not None:
        spec = getattr(part.format_spec, "values", ())
        text = "".join(str(getattr(piece, "value", "")) for piece in spec)
        return text[-1:] in "bcdeEfFgGnoxX%" and text != ""
    return isinstance(value, ast.Call) and last_name(value.func) in _QUOTES


@rule(
    "archive-extract-unsafe",
    "An archive may write anywhere when it is unpacked",
    severity=Severity.MEDIUM,
    hints=(
        Hint(
            "unpacks",
            r"\.extract(?:all)?[ \t]*\(|unpack_archive[ \t]*\(",
            (".extract", "unpack_archive"),
        ),
    ),
    languages=("python",),
    references=("CWE-22",),
    examples=(
        Bad(
            'import tarfile\ntarfile.open(path).extractall("data")',
            at='tarfile.open(path).extractall("data")',
            fixed='import tarfile\ntarfile.open(path).extractall("data", filter="data")',
        ),
        Bad(
            "import tarfile\nwith tarfile.open(path) as t:\n    t.extractall()",
            at="t.extractall()",
            fixed='import tarfile\nwith tarfile.open(path) as t:\n    t.extractall(filter="data")',
        ),
        Bad(
            'from tarfile import TarFile\nt = TarFile("a.tar")\nfor m in t:\n    t.extract(m)',
            at="t.extract(m)",
        ),
        Bad(
            'import shutil\nshutil.unpack_archive("a.tar.gz", "data")',
            at='shutil.unpack_archive("a.tar.gz", "data")',
        ),
        Good(
            'tarfile.open(path).extractall("data", filter="data")',
            because="the filter refuses what leaves the folder",
        ),
        Good(
            'zipfile.ZipFile(path).extractall("data")',
            because="zipfile removes .. and absolute paths itself",
        ),
        Good('df.c.str.extractall(r"(\\d+)")', because="pandas: no archive"),
        Good(
            "tarfile.open(path).extractall(members=safe(members))",
            because="the members were chosen",
        ),
        Good('shutil.unpack_archive("a.zip", "data")', because="a zip archive"),
    ),
)
def archive_extract_unsafe(view: View) -> Iterator[Hit]:
    """A tar archive can hold names such as `../../.bashrc`, absolute paths, links and devices:
    unpacking one from outside overwrites files of whoever runs the notebook. `filter="data"`
    refuses them (PEP 706; in all Python versions that get security fixes, and the default from
    3.14 on).
    """
    names = view.context.once(_archives)
    for call in view.calls():
        first, _, last = call.name.rpartition(".")
        if last == "unpack_archive":
            written = texts_at(view, call.node).written(call.args[0] if call.args else None)
            unsafe = re.search(r"\.(?:tar(?:\.\w+)?|tgz|tbz2?|txz)$", written.text) is not None
        else:
            tar = first in names or first in ("tarfile.open()", "tarfile.TarFile()", "TarFile()")
            unsafe = tar and last in ("extract", "extractall")
        if unsafe and not call.may_have("filter") and not call.may_have("members"):
            fix = with_argument(view, call, 'filter="data"', 'pass filter="data"')
            message = 'a name in the archive may lead out of the folder; pass filter="data"'
            yield Hit(call.span, message, fix)


def _archives(context: Context) -> frozenset[str]:
    """The names that the document binds to open tar archives."""
    import ast

    names = set()
    for text in context.sources:
        if "tarfile" not in text.text:
            continue
        code = context.code(text)
        for node in code.nodes:
            match node:
                case ast.withitem(
                    context_expr=ast.Call() as value, optional_vars=ast.Name(id=name)
                ):
                    pass
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as value):
                    pass
                case _:
                    continue
            if code.name(value.func, context.imports) in (
                "tarfile.open",
                "tarfile.TarFile",
                "tarfile.TarFile.open",
            ):
                names.add(name)
    return frozenset(names)


_UNSAFE_YAML = frozenset(("unsafe_load", "unsafe_load_all"))
_UNSAFE_LOADERS = frozenset(("Loader", "UnsafeLoader", "CLoader", "CUnsafeLoader"))


@rule(
    "yaml-unsafe-load",
    "YAML is loaded in a way that can run code",
    severity=Severity.HIGH,
    hints=(
        Hint(
            "yaml-load",
            r"\b(?:load|load_all|unsafe_load|unsafe_load_all)[ \t]*\(|typ[ \t]*=[ \t]*[\"']unsafe",
            ("load", "unsafe"),
        ),
    ),
    languages=("python",),
    references=("CWE-502",),
    examples=(
        Bad(
            "import yaml\nconfig = yaml.load(f)",
            at="yaml.load(f)",
            fixed="import yaml\nconfig = yaml.safe_load(f)",
        ),
        Bad(
            "import yaml\nconfig = yaml.load(f, Loader=yaml.UnsafeLoader)",
            at="yaml.load(f, Loader=yaml.UnsafeLoader)",
            fixed="import yaml\nconfig = yaml.safe_load(f)",
        ),
        Bad(
            'import yaml as y\nconfig = y.unsafe_load(open("a.yml"))',
            at='y.unsafe_load(open("a.yml"))',
            fixed='import yaml as y\nconfig = y.safe_load(open("a.yml"))',
        ),
        Bad("from yaml import load, Loader\nload(text, Loader)", at="load(text, Loader)"),
        Bad(
            'from ruamel.yaml import YAML\ny = YAML(typ="unsafe")',
            at='YAML(typ="unsafe")',
        ),
        Good("import yaml\nyaml.safe_load(f)", because="it makes plain values only"),
        Good("import yaml\nyaml.load(f, Loader=yaml.SafeLoader)", because="a safe loader"),
        Good("import yaml\nyaml.load(f, Loader=loader)", because="the loader is not known here"),
        Good("import json\njson.load(f)", because="no YAML"),
        Good('from ruamel.yaml import YAML\ny = YAML(typ="safe")', because="safe"),
    ),
)
def yaml_unsafe_load(view: View) -> Iterator[Hit]:
    """A YAML file can name any Python object to build: `!!python/object/apply:os.system` runs a
    command when the file is loaded. `yaml.safe_load` makes plain values only.
    """
    import ast

    if not view.context.once(_mentions_yaml):
        return
    for call in view.calls():
        if call.name.endswith("yaml.YAML"):
            kind = call.keyword("typ") or (call.args[0] if call.args else None)
            if kind is not None and view.code.constant(kind) == "unsafe":
                yield Hit(call.span, 'builds any object that the file names; use typ="safe"')
            continue
        module, _, function = call.name.rpartition(".")
        if module != "yaml" or function not in ("load", "load_all", *_UNSAFE_YAML):
            continue
        loader = call.keyword("Loader") or (call.args[1] if len(call.args) > 1 else None)
        if function not in _UNSAFE_YAML:
            unknown = loader is None and call.may_have("Loader")
            if unknown or (loader is not None and last_name(loader) not in _UNSAFE_LOADERS):
                continue
        fix = None
        if isinstance(call.node.func, ast.Attribute) and call.args:
            prefix = view.code.span(call.node.func.value)
            first = view.code.span(call.args[0])
            safe = "safe_load_all" if function.endswith("_all") else "safe_load"
            text = f"{_cut(view, prefix)}.{safe}({_cut(view, first)})"
            fix = Fix((Edit(call.span, text, view.text.cell),), False, f"use {safe}")
        yield Hit(call.span, "builds any object that the file names; use yaml.safe_load", fix)


def _mentions_yaml(context: Context) -> bool:
    return any("yaml" in text.text for text in context.sources)


def _cut(view: View, span: Span) -> str:
    return view.source[span.start : span.end]


RULES = (sql_built_from_string, archive_extract_unsafe, yaml_unsafe_load)
