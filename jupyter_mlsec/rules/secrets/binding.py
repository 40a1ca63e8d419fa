"""A name bound to a value: what the extractors find and the judge decides on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from jupyter_mlsec.core.model import Span

if TYPE_CHECKING:
    import ast

Form = Literal["assignment", "argument", "dict", "environ", "shell", "header", "config", "table"]


class Binding(NamedTuple):
    """A name with its value.

    `span` is the value without quotes, or the whole expression where it is put together from
    parts. `callee` is the dotted name of the function that gets it, or what stands before the
    name and tells whose it is. `node` is the value's expression where Python code holds it, and
    `prose` says that no code vouches for the text being a value.
    """

    name: str
    value: str
    span: Span
    form: Form
    callee: str = ""
    node: ast.expr | None = None
    prose: bool = False
