"""Names bound to values, wherever a notebook binds them: the one extractor that rules share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_mlsec.rules.secrets import lines, tables
from jupyter_mlsec.rules.secrets.binding import Binding
from jupyter_mlsec.rules.secrets.hints import BY_NAME, TABLE_TAGS, TAGS

if TYPE_CHECKING:
    from jupyter_mlsec.core.model import Span
    from jupyter_mlsec.core.view import View


def bindings(view: View) -> tuple[Binding, ...]:
    """The bindings of names that can mean a credential, on and around the marked lines, in order.

    What the syntax tree says goes before what the same characters look like.
    """
    return view.once(_bindings)


def _bindings(view: View) -> tuple[Binding, ...]:
    tags = [tag for tag in TAGS if view.marked(tag)]
    marked = tuple(sorted({span for tag in tags for span in view.marked(tag)}))
    known: list[Binding] = []
    if view.text.language == "python" and view.text.part in ("source", "file"):
        if BY_NAME.issuperset(view.marks) and not _names_a_credential(view, marked):
            return ()  # `eos_token = "</s>"`: nothing that is worth a syntax tree
        from jupyter_mlsec.rules.secrets import tree  # with `ast`, which few scans need

        known += tree.bindings(view, marked)
    found = [*lines.bindings(view, marked)]
    if any(view.marked(tag) for tag in TABLE_TAGS):
        found += tables.bindings(view)
    others = [b for b in found if not any(_hides(other, b) for other in known)]
    return tuple(sorted([*known, *others], key=lambda binding: binding.span))


def _names_a_credential(view: View, marked: tuple[Span, ...]) -> bool:
    return any(lines.names_a_credential(view.source[start:end]) for start, end in marked)


def _hides(known: Binding, found: Binding) -> bool:
    """Whether two values overlap, and what was found is no part of one longer literal."""
    import ast

    (start, end), (first, last) = found.span, known.span
    inside = isinstance(known.node, ast.Constant) and first < start and end <= last
    return start < last and first < end and not inside
