"""Calls with what is known of their arguments, and the edits that change one.

Understood besides plain calls: `functools.partial(f, …)`, `Thread(target=f, kwargs={…})` and
`map(f, …)` count as calls of `f`; keywords may stand in `**{"…": …}` or in a dict that has a name
anywhere in the document; flags may be constants with a name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.mentions import Mentions
from jupyter_mlsec.core.model import Edit, Fix, Span
from jupyter_mlsec.core.python import Call

if TYPE_CHECKING:
    import ast

    from jupyter_mlsec.core.view import Context, View

_PARTIALS = frozenset(("functools.partial", "partial"))
_THREADS = frozenset(
    ("threading.Thread", "Thread", "multiprocessing.Process", "Process", "threading.Timer")
)
_APPLIED = frozenset(("map", "apply", "submit", "run_in_executor", "imap", "starmap", "to_thread"))


def calls(view: View, *names: str) -> Iterator[Call]:
    """The calls of these functions in a text, in its order.

    A name is a full one (`torch.load`), seen through the imports of the whole document, or that
    of any method or function (`.launch`). A function of the same name that the document defines
    itself is another one, and so is what it makes of the module's name (`torch = Mock()`).
    """
    index = view.once(_index)
    found = {
        id(call.node): call
        for name in names
        for call in index.get(name.rpartition(".")[2], ())
        if name[0] == "." or (call.name == name and not _is_own(view.context, call))
    }
    yield from sorted(found.values(), key=lambda call: call.span)


def _index(view: View) -> dict[str, list[Call]]:
    """The calls of a text by the last part of their name."""
    index: dict[str, list[Call]] = {}
    imports = view.context.imports
    for call in view.code.calls(imports=imports):
        for found in (call, _passed_on(view, call)):
            if found is not None:
                index.setdefault(found.name.rpartition(".")[2], []).append(found)
    return index


def _passed_on(view: View, call: Call) -> Call | None:
    """The call that happens later or elsewhere because a function is handed over."""
    import ast

    last = call.name.rpartition(".")[2]
    keywords = {k.arg: k.value for k in call.node.keywords}
    if call.name in _PARTIALS and call.args:
        function, args = call.args[0], call.args[1:]
        # what is not written out may still be given
        later = ast.keyword(arg=None, value=ast.Name(id="_", ctx=ast.Load()))
        given = [*call.node.keywords, later]
    elif call.name in _THREADS and "target" in keywords:
        function = keywords["target"]
        listed = keywords.get("args")
        args = listed.elts if isinstance(listed, ast.Tuple | ast.List) else []
        given = [ast.keyword(arg=None, value=keywords["kwargs"])] if "kwargs" in keywords else []
    elif last in _APPLIED and call.args:
        passed = [a for a in call.args[:2] if isinstance(a, ast.Name | ast.Attribute)]
        function = passed[0] if passed else call.args[0]
        args, given = [ast.Starred(value=call.args[-1], ctx=ast.Load())], []
    else:
        return None
    name = view.code.name(function, view.context.imports)
    node = ast.copy_location(ast.Call(func=function, args=args, keywords=given), call.node)
    return Call(node, name, call.span) if name else None


def _is_own(context: Context, call: Call) -> bool:
    """Whether the name that is called is none of an import but one that the document binds."""
    import ast

    root: ast.expr = call.node.func
    while isinstance(root, ast.Attribute | ast.Subscript | ast.Call):
        root = root.func if isinstance(root, ast.Call) else root.value
    return (
        isinstance(root, ast.Name)
        and root.id not in context.imports
        and context.once(_binds, root.id)
    )


def _binds(context: Context, name: str) -> bool:
    texts = context.once(Mentions).binding(name)
    return any(bound == name for text in texts for bound, _ in context.code(text).bindings)


def given(view: View, name: str) -> Iterator[tuple[Call | None, ast.expr, Span]]:
    """Each value that a keyword of this name gets in a text, with its call and place; so too the
    entries of dict displays, which have no call: what they are for is not followed."""
    import ast

    code = view.code
    every = {id(call.node): call for call in code.calls(imports=view.context.imports)}
    for node in code.nodes:
        if isinstance(node, ast.Call):
            for item in node.keywords:
                if item.arg == name:
                    yield every[id(node)], item.value, code.span(item)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == name:
                    yield None, value, Span(code.span(key).start, code.span(value).end)


def keyword(view: View, call: Call, name: str) -> ast.expr | None:
    """The value of a keyword argument, `**{…}` looked into, or None."""
    for item in call.node.keywords:
        if item.arg == name:
            return item.value
        value = _entry(view, item.value, name) if item.arg is None else None
        if value is not None:
            return value
    return None


def may_have(view: View, call: Call, name: str) -> bool:
    """Whether a keyword is given, or may be in a `**` that is not known."""
    if keyword(view, call, name) is not None:
        return True
    return any(k.arg is None and _dict(view, k.value) is None for k in call.node.keywords)


def argument(view: View, call: Call, name: str, position: int) -> ast.expr | None:
    """The value of an argument, by keyword or by place from 0; None where it is not given."""
    import ast

    args = call.node.args
    if position < len(args) and not any(isinstance(a, ast.Starred) for a in args[: position + 1]):
        return args[position]
    return keyword(view, call, name)


def _entry(view: View, node: ast.expr, name: str) -> ast.expr | None:
    known = _dict(view, node)
    return None if known is None else known.get(name)


def _dict(view: View, node: ast.expr) -> dict[str, ast.expr] | None:
    """The entries of a dict display or a `dict(…)`, perhaps by its name; None if not known."""
    import ast

    match node:
        case ast.Dict(keys=keys, values=values):
            entries: dict[str, ast.expr] = {}
            for key, value in zip(keys, values, strict=True):
                if not isinstance(key, ast.Constant):
                    return None
                entries[str(key.value)] = value
            return entries
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
            named = {k.arg: k.value for k in keywords if k.arg is not None}
            return named if len(named) == len(keywords) else None
        case ast.Name(id=name):
            bound = view.context.constants.bound(name)
            if len(bound) == 1 and isinstance(bound[0], ast.Dict | ast.Call):
                return _dict(view, bound[0])
    return None


def flag(view: View, node: ast.expr | None) -> bool | None:
    """The truth value that an expression is sure to have, or None."""
    return None if node is None else view.context.constants.flag(node)


def string(view: View, node: ast.expr | None) -> str | None:
    """The string that an expression is sure to be, or None."""
    return None if node is None else view.code.constant(node, view.context.constants)


def set_keyword(
    view: View, call: Call, name: str, value: str, title: str, *, safe: bool = False
) -> Fix | None:
    """The fix that gives a keyword another value, or adds it; None where it is not known how."""
    import ast

    for item in call.node.keywords:
        if item.arg == name:
            return replacement(view, item.value, value, title, safe=safe)
        if item.arg is None and isinstance(item.value, ast.Dict):
            entry = _entry(view, item.value, name)
            if entry is not None:
                return replacement(view, entry, value, title, safe=safe)
        elif item.arg is None and _entry(view, item.value, name) is not None:
            return None
    return _added(view, call, f"{name}={value}", title, safe=safe)


def replacement(view: View, node: ast.expr, text: str, title: str, *, safe: bool = False) -> Fix:
    """The fix that puts other code in the place of an expression."""
    return Fix((Edit(view.code.span(node), text, view.text.cell),), safe, title)


def _added(view: View, call: Call, text: str, title: str, *, safe: bool) -> Fix | None:
    if view.source[call.span.end - 1] != ")":
        return None
    node = call.node
    ends = [view.code.span(arg).end for arg in node.args]
    ends += [view.code.span(k.value).end for k in node.keywords]
    place = call.span.end - 1
    if ends:
        last = max(ends)
        simple = view.source[last:place].strip() in ("", ",")
        place = last if simple else place
        text = f", {text}"
    return Fix((Edit(Span(place, place), text, view.text.cell),), safe, title)
