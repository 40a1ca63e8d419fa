"""Transfer, statement by statement, and the joins of ways that meet."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING

from jupyter_mlsec.core.flow.definitions import Definition, Definitions, Function
from jupyter_mlsec.core.flow.expressions import Expressions
from jupyter_mlsec.core.flow.facts import (
    EYEBALLED,
    INTEGRITY,
    NOTHING,
    SCHEMA,
    Value,
    intersection,
    union,
)
from jupyter_mlsec.core.flow.holdings import works_with_digests
from jupyter_mlsec.core.flow.knowledge import Knowledge
from jupyter_mlsec.core.flow.texts import Texts, Written

if TYPE_CHECKING:
    from jupyter_mlsec.core.model import Text
    from jupyter_mlsec.core.python import Code

_DEEPEST = 3  # functions in functions
_MOST = 20_000  # statements of a document, those of functions counted at each call
_EXITS = frozenset(("sys.exit", "exit", "quit", "os._exit"))


class Interpreter(Expressions):
    """Runs statements over facts instead of values. `definitions` finds the functions that the
    document defines."""

    def __init__(
        self,
        knowledge: Knowledge,
        texts: Texts,
        imports: Mapping[str, str],
        definitions: Definitions,
    ) -> None:
        super().__init__(knowledge, texts, imports)
        self.definitions = definitions
        self.here: Text = texts.order[0]
        self.steps = self.depth = 0
        self.results: Value = NOTHING
        self.exits: list[dict[str, int]] = []
        self.loading = False  # whether the statement at the outermost level has a load in it

    def open(self, text: Text, number: int, code: Code) -> None:
        """Go on in another text."""
        self.here, self.text, self.code = text, number, code
        self.digests = works_with_digests(text.text)
        self.state.ended = False

    # --- blocks and joins

    def block(self, statements: Iterable[ast.stmt]) -> None:
        for statement in statements:
            if self.state.ended or self.steps > _MOST:
                return
            self.steps += 1
            self.texts.move(self.here, statement.lineno)
            self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Expr(value=value):
                self.shown(value)
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self.assign(target, value)
            case ast.AnnAssign(target=target, value=value) if value is not None:
                self.assign(target, value)
            case ast.AugAssign(target=target, value=value):
                self.add(target, self.value(value))
            case ast.If():
                self.branch(node)
            case ast.For() | ast.AsyncFor():
                self.loop(node, node.target, self.value(node.iter))
            case ast.While(test=test):
                self.value(test)
                self.loop(node, None, NOTHING)
            case ast.With() | ast.AsyncWith():
                self.within(node)
            case ast.Try():
                self.attempt(node)
            case ast.Assert(test=test):
                self.value(test)
                self.demanded(test)
            case ast.Raise():
                self.state.ended = True
            case ast.Return(value=value):
                self.returned(self.value(value))
            case ast.Continue() | ast.Break():
                self.state.ended = True
            case ast.Delete(targets=targets):
                for target in targets:
                    self.bind(target, NOTHING)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self.defined(node)
            case ast.ClassDef():
                self.class_defined(node)
            case ast.Match(subject=subject, cases=cases):
                self.value(subject)
                self.ways([case.body for case in cases])
            case _ if hasattr(ast, "TryStar") and isinstance(node, ast.TryStar):
                self.attempt(node)

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        match target, value:
            case ast.Tuple(elts=targets), ast.Tuple(elts=parts) if len(targets) == len(parts):
                values = [self.value(part) for part in parts]
                for inner, part in zip(targets, values, strict=True):
                    self.bind(inner, part)
                return
        self.bind(target, self.value(value))
        if isinstance(target, ast.Name):
            if target.id in self.state.names and self.is_digest(value):
                self.state.digests.add(target.id)
            self.opened(target.id, value)

    def opened(self, name: str, value: ast.expr) -> None:
        """`f = open(path, "wb")`: what is written to f goes to the path."""
        match value:
            case ast.Call(func=ast.Name(id="open"), args=[path, ast.Constant(value=str(mode))]):
                text, whole = self.texts.written(path)
                if mode[:1] in ("w", "a", "x") and whole:
                    self.state.handles[name] = text

    def ways(self, blocks: Sequence[Sequence[ast.stmt]]) -> None:
        """One of several blocks runs, or none."""
        before = self.state.copy()
        for body in blocks:
            other, self.state = self.state, before.copy()
            self.block(body)
            self.state.join(other)

    def branch(self, node: ast.If) -> None:
        """`if`: both ways meet again, but for a way that ends. What the test reads is checked
        where the other way raises."""
        self.value(node.test)
        other = self.state.copy()
        self.block(node.body)
        raised = _raises(node.body)
        self.state, other = other, self.state
        self.block(node.orelse)
        raised_else = _raises(node.orelse)
        if raised != raised_else:
            survivor = self.state if raised else other
            current, self.state = self.state, survivor
            self.demanded(node.test)
            self.state = current
        self.state.join(other)

    def loop(
        self, node: ast.For | ast.AsyncFor | ast.While, target: ast.expr | None, items: Value
    ) -> None:
        """A loop's body runs once here. Checks in it count: they see every item there is."""
        before = self.state.copy()
        if target is not None:
            self.bind(target, items)
        self.block(node.body)
        self.state.ended = False
        checks = self.state.checks
        self.state.join(before)
        self.state.checks = {**before.checks, **checks}
        self.block(node.orelse)

    def within(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            value = self.value(item.context_expr)
            if item.optional_vars is not None:
                self.bind(item.optional_vars, value)
                if isinstance(item.optional_vars, ast.Name):
                    self.opened(item.optional_vars.id, item.context_expr)
        self.block(node.body)

    def attempt(self, node: ast.Try) -> None:
        """`try`: a handler may run after any part of the body, so what the body checked does not
        hold in it."""
        before = self.state.copy()
        self.block(node.body)
        after = self.state.copy()
        self.block(node.orelse)
        thrown = after
        thrown.ended = False
        thrown.join(before)
        for handler in node.handlers:
            other, self.state = self.state, thrown.copy()
            self.block(handler.body)
            self.state.join(other)
        ended, self.state.ended = self.state.ended, False
        self.block(node.finalbody)
        self.state.ended = self.state.ended or ended

    # --- checks

    def demanded(self, test: ast.expr) -> None:
        """What a test reads has been checked, on the way that goes on. `n <= len(data)` guards n,
        not the data."""
        match test:
            case ast.Compare(left=ast.Name(), ops=[ast.LtE() | ast.Lt()], comparators=[bound]):
                guard = isinstance(bound, ast.Call) and self.code.name(bound.func) == "len"
                if guard and not self.read(test.left):
                    return
        self.checked(self.read(test), INTEGRITY if self.is_digest(test) else SCHEMA)

    def shown(self, node: ast.expr) -> None:
        """An expression that stands by itself: what shows data lets somebody look at it."""
        if isinstance(node, ast.Yield | ast.YieldFrom):
            self.returned(self.value(node.value), ends=False)
            return
        value = self.value(node)
        if isinstance(node, ast.Call):
            name = self.code.name(node.func, self.imports)
            if name in _EXITS:
                self.state.ended = True
            if value and (self.knowledge.role(name).shows or _plots(name)):
                self.checked(value, EYEBALLED)

    def displayed(self, node: ast.stmt) -> None:
        """The last expression of a cell is shown; what saves data returns nothing of it."""
        if not isinstance(node, ast.Expr):
            return
        if isinstance(node.value, ast.Call):
            name = self.code.name(node.value.func, self.imports)
            if self.knowledge.role(name).saves is not None:
                return
        self.seen(self.read(node.value))

    def seen(self, value: Value) -> None:
        """Somebody looks at the data, on every way: this is called at the outermost level only."""
        self.checked(value, EYEBALLED)
        for source in list(value):
            if self.knowledge.done(source):
                self.state.forget(source.name)

    # --- functions

    def returned(self, value: Value, *, ends: bool = True) -> None:
        self.results = union(self.results, value)
        if ends:
            self.exits.append(self.state.checks.copy())
            self.state.ended = True

    def defined(self, node: Function) -> None:
        """A definition binds its name. A function that loads is looked into once even if nothing
        calls it by its name (a launcher may)."""
        self.bind(ast.Name(node.name, ast.Store(), lineno=node.lineno), NOTHING)
        if self.depth == 0:  # it loads, or mentions what holds data: nothing else is looked into
            self.loaders[node.name] = self.loading
            if self.loading:
                self.run(Definition(node, (self.here, self.text, self.code)), {}, {})

    def class_defined(self, node: ast.ClassDef) -> None:
        """A class whose methods load data makes objects that hold it: one after the other its
        methods run, and what they leave in `self` or return is what the class stands for."""
        if not self.loading or self.depth:
            return
        own: Value = NOTHING
        for method in node.body:
            if isinstance(method, Function):
                place = self.here, self.text, self.code
                own = union(own, self.run(Definition(method, place), {"self": own}, {}))
        if own:
            self.state.names[node.name] = own

    def inside(
        self, node: ast.Call, name: str, given: list[Value], named: dict[str, Value]
    ) -> Value | None:
        found = self.definitions.get(name) if isinstance(node.func, ast.Name) else None
        if found is None or self.depth >= _DEEPEST:
            return None
        arguments = found.node.args
        parameters = [p.arg for p in (*arguments.posonlyargs, *arguments.args)]
        texts: dict[str, Written] = {}
        if self.loaders.get(name) or self.state.files:  # otherwise no string in it matters
            texts = {p: self.texts.written(a) for p, a in zip(parameters, node.args, strict=False)}
            texts |= {k.arg: self.texts.written(k.value) for k in node.keywords if k.arg}
        return self.run(found, dict(zip(parameters, given, strict=False)) | named, texts)

    def launched(self, node: ast.Call) -> None:
        """`launch(train, (model, data))`, `Thread(target=train, args=(data,))`: what is handed over
        together with its arguments runs with them."""
        handed = [*node.args, *(keyword.value for keyword in node.keywords)]
        known = self.definitions.names
        functions = [n.id for n in handed if isinstance(n, ast.Name) and n.id in known]
        if len(handed) < 2 or not functions or self.depth >= _DEEPEST:
            return
        tuples = [self.tuple_of(n) for n in handed]
        for arguments in [t for t in tuples if t is not None and any(map(self.value, t.elts))]:
            for found in filter(None, map(self.definitions.get, functions)):
                parameters = [p.arg for p in found.node.args.args]
                values = map(self.value, arguments.elts)
                self.run(found, dict(zip(parameters, values, strict=False)), {})

    def tuple_of(self, node: ast.expr) -> ast.Tuple | None:
        """The tuple that an expression is, or that a name is bound to before this point."""
        if isinstance(node, ast.Name) and node.id in self.state.names:
            node = self.texts.bound(node.id) or node
        return node if isinstance(node, ast.Tuple) else None

    def mapped(self, function: str, items: Value) -> None:
        found = self.definitions.get(function)
        if found is not None and self.depth < _DEEPEST:
            arguments = found.node.args
            first = [p.arg for p in (*arguments.posonlyargs, *arguments.args)][:1]
            self.run(found, dict.fromkeys(first, items), {})

    def run(
        self, found: Definition, values: Mapping[str, Value], texts: Mapping[str, Written]
    ) -> Value:
        """The body of a function with these arguments: what it returns. Checks and uses in it
        count, names in it are its own."""
        outer = self.here, self.text, self.code, self.results, self.exits, self.digests
        names, given, line = self.state.names, self.texts.given, self.texts.line
        own = {**self.unknown(found.node.args), **texts}
        self.texts.given = own
        self.state.names = {name: value for name, value in names.items() if name not in own}
        self.state.names.update((name, value) for name, value in values.items() if value)
        self.here, self.text, self.code = found.place
        self.digests = works_with_digests(self.here.text)
        self.results, self.exits = NOTHING, []
        self.depth += 1
        try:
            self.block(found.node.body)
            result = union(self.results, self.state.names.get("self", NOTHING))
            self.leave()
            for decorator in found.node.decorator_list:
                self.decorated(decorator, union(result, *values.values()))
        finally:  # an expression too deep for Python leaves all functions at once
            self.depth -= 1
            self.state.names, self.texts.given = names, given
            self.here, self.text, self.code, self.results, self.exits, self.digests = outer
            self.texts.move(self.here, line)
        return result

    def unknown(self, arguments: ast.arguments) -> dict[str, Written]:
        """The parameters as strings before anything is passed: their defaults, or unknown."""
        plain = [*arguments.posonlyargs, *arguments.args]
        first = len(plain) - len(arguments.defaults)
        pairs = zip(plain[first:], arguments.defaults, strict=True)
        known = {p.arg: self.texts.written(d) for p, d in pairs}
        for parameter, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            known[parameter.arg] = self.texts.written(default)
        return {p.arg: Written("", False) for p in plain} | known

    def leave(self) -> None:
        """Where the ways out of a function meet: only what holds on all of them holds."""
        exits = self.exits if self.state.ended else [*self.exits, self.state.checks]
        if exits:
            self.state.checks = reduce(intersection, exits)
            self.state.ended = False

    def decorated(self, decorator: ast.expr, value: Value) -> None:
        """`@check_types`, `@check_input(schema)`: what goes through the function is checked."""
        name = self.code.name(decorator, self.imports).removesuffix("()")
        checks = self.knowledge.role(name).checks
        if checks:
            self.checked(value, checks)


def _raises(body: Sequence[ast.stmt]) -> bool:
    """Whether a block ends by an error or by the end of the program."""
    if not body:
        return False
    match body[-1]:
        case ast.Raise():
            return True
        case ast.Assert(test=ast.Constant(value=constant)):
            return not constant
        case ast.Expr(value=ast.Call(func=ast.Name(id=name))):
            return name in _EXITS
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=module), attr=name))):
            return f"{module}.{name}" in _EXITS
    return False


def _plots(name: str) -> bool:
    return name.startswith(("matplotlib.", "seaborn.", "plotly.", "plt.", "sns."))
