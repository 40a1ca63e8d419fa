"""Transfer, expression by expression: which sources a value is made of, and what calls do to it."""

from __future__ import annotations

import ast

from jupyter_mlsec.core.flow.bindings import parts
from jupyter_mlsec.core.flow.facts import (
    EYEBALLED,
    INTEGRITY,
    NOTHING,
    SCHEMA,
    Source,
    Step,
    Value,
    union,
)
from jupyter_mlsec.core.flow.holdings import Holdings
from jupyter_mlsec.core.flow.knowledge import Load, Role
from jupyter_mlsec.core.python import Call

_GROWS = frozenset("append extend insert add update setdefault put appendleft concat".split())
_MAPS = frozenset("map apply applymap filter pipe transform assign starmap".split())
_PATHS = frozenset(("join", "joinpath", "Path"))


class Expressions(Holdings):
    """What expressions of a document are made of, in the state that statements have led to."""

    # --- values

    def value(self, node: ast.expr | None) -> Value:
        """The sources that an expression is made of; its calls take effect on the state."""
        match node:  # the most frequent kinds first
            case ast.Name():
                return self.state.names.get(node.id, NOTHING)
            case ast.Constant():
                files = self.state.files and isinstance(node.value, str)
                return self.file(node) if files else NOTHING
            case ast.Call():
                return self.call(node)
            case ast.Attribute() | ast.Starred() | ast.Await():
                return self.value(node.value)
            case ast.Subscript():
                self.value(node.slice)
                return self.value(node.value)
            case None:
                return NOTHING
            case ast.NamedExpr():
                value = self.value(node.value)
                self.bind(node.target, value)
                return value
            case ast.Lambda():
                return self.value(node.body)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                return self.comprehension(node)
        value = union(*map(self.value, parts(node)))
        if isinstance(node, ast.Compare):
            return NOTHING  # true or false is no data
        if self.state.files and isinstance(node, ast.BinOp | ast.JoinedStr):
            value = union(value, self.file(node))
        return value

    def comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
    ) -> Value:
        outer = dict(self.state.names)
        for generator in node.generators:
            self.bind(generator.target, self.value(generator.iter))
            for condition in generator.ifs:
                self.value(condition)
        if isinstance(node, ast.DictComp):
            value = union(self.value(node.key), self.value(node.value))
        else:
            value = self.value(node.elt)
        self.state.names = outer
        return value

    def read(self, node: ast.AST) -> Value:
        """The sources of all names and files in an expression, whatever it makes of them."""
        found = [NOTHING]
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name):
                found.append(self.state.names.get(inner.id, NOTHING))
            elif isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                found.append(self.file(inner))
        return union(*found)

    # --- calls

    def call(self, node: ast.Call) -> Value:
        """What a call returns is made of what it is given and called on, unless it is known to
        load, to clean or to be a function of the notebook."""
        name = self.code.name(node.func, self.imports)
        last = name.rpartition(".")[2]
        on = self.value(node.func.value) if isinstance(node.func, ast.Attribute) else NOTHING
        given = [self.argument(argument, on, last) for argument in node.args]
        named = {k.arg or "**": self.argument(k.value, on, last) for k in node.keywords}
        every = union(on, *given, *named.values())
        inside = self.inside(node, name, given, named) if every or name in self.loaders else None
        if inside is not None:
            return inside
        if len(given) + len(named) > 1:
            self.launched(node)
        role = self.knowledge.role(name)
        known = self.state.names.get(name, NOTHING)
        if role.load is not None:
            return self.load(Call(node, name, self.code.span(node)), role.load, every)
        if not every:
            return self.file(node) if last in _PATHS else known
        call = Call(node, name, self.code.span(node))
        self.effects(call, last, role, every)
        if role.clean:
            return NOTHING
        return self.used(call, last, every) if last.endswith("Trainer") else union(every, known)

    def argument(self, node: ast.expr, on: Value, method: str) -> Value:
        """The value of an argument; a lambda that is mapped over something gets its items."""
        if isinstance(node, ast.Lambda) and on:
            outer = dict(self.state.names)
            for parameter in node.args.args:
                self.state.names[parameter.arg] = on
            value = self.value(node.body)
            self.state.names = outer
            return value
        if isinstance(node, ast.Name) and on and method in _MAPS:
            self.mapped(node.id, on)
        value = self.value(node)
        match node:
            case ast.Name(id=name) if not value and name not in self.imports:
                return self.file(node)
        return value

    def inside(
        self, node: ast.Call, name: str, given: list[Value], named: dict[str, Value]
    ) -> Value | None:
        """What a function of the notebook returns; None for any other. Statements know how."""
        raise NotImplementedError

    def launched(self, node: ast.Call) -> None:
        """Look into a function of the notebook that is handed over to be run."""
        raise NotImplementedError

    def mapped(self, function: str, items: Value) -> None:
        """Look into a function of the notebook that is called for each item."""
        raise NotImplementedError

    def load(self, call: Call, load: Load, given: Value) -> Value:
        """What a call of a loading function returns, and what it leaves on disk."""
        if _opens_to_write(call):
            return NOTHING
        what = load.what.of(call)
        if load.builders and self.texts.written(what).text in load.builders:
            what = load.files.of(call)
        known = what is not None and not load.fetches
        carried = self.value(what) if known else NOTHING
        if not carried and load.what.position is None:
            carried = given
        step = Step(self.text, call.span)
        format = load.format_of(call)
        if carried:
            value: Value = {
                source._replace(
                    step=step if source.file and load.saves is None else source.step,
                    format=max(format, source.format),
                    file=source.file and load.saves is not None,
                ): () if source.file else way
                for source, way in carried.items()
            }
        else:
            written = self.texts.written(what)
            judged = self.knowledge.judge(call, load, written, what)
            if judged is None:
                return NOTHING
            source = Source(step, judged.name, judged.origin, format, load.saves is not None)
            self.state.checks[judged.name] = judged.checks
            value = {source: ()}
        if any(call.keyword(keyword) is not None for keyword in load.hashes):
            self.checked(value, INTEGRITY)
        if any(call.keyword(keyword) is not None for keyword in load.schemas):
            self.checked(value, SCHEMA)
        if load.saves is not None:
            self.store(load.saves.of(call), value)
        return value

    def effects(self, call: Call, last: str, role: Role, every: Value) -> None:
        """What a call does to what it is given: check, use, grow, write, unpack, show."""
        function = call.node.func
        checks = self.knowledge.checks(call.name)
        if role.schema and self.is_given(call, role.schema):
            checks |= SCHEMA
        if checks:
            self.checked(every, checks)
        if role.use is not None:
            self.use(call, role.use, self.used(call, last, every))
        if role.saves is not None:
            self.store(role.saves.of(call), every)
        if role.unpacks is not None:
            self.unpack(role.unpacks.of(call), every)
        if isinstance(function, ast.Attribute):
            if last in _GROWS:
                self.add(function.value, every)
            elif last in ("write", "write_bytes", "write_text"):
                self.write(function.value, every)
        elif last in ("print", "display"):
            self.checked(every, EYEBALLED)

    def is_given(self, call: Call, name: str) -> bool:
        """Whether a call has a keyword, a variable or a constructor of this name (in any case)."""
        positional = [self.code.name(node, self.imports).removesuffix("()") for node in call.args]
        last = [each.rpartition(".")[2].lower() for each in positional]
        return call.keyword(name) is not None or name in last

    def used(self, call: Call, last: str, every: Value) -> Value:
        """What a use takes: of a trainer's constructor only the arguments that are data."""
        if not last.endswith("Trainer"):
            return every
        data = [
            k.value for k in call.node.keywords if k.arg and "data" in k.arg and "coll" not in k.arg
        ]
        return union(*map(self.value, [*data, *call.args[2:]]))


def _opens_to_write(call: Call) -> bool:
    """Whether a call is `open(path, "w")` or the like."""
    mode = call.args[1] if len(call.args) > 1 else call.keyword("mode")
    written = isinstance(mode, ast.Constant) and str(mode.value)[:1] in ("w", "a", "x")
    return written and call.name.rpartition(".")[2] == "open"
