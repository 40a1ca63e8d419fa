"""`labextension/src/wire.ts` out of `jupyter_mlsec/wire.py`: an interface for each type."""

from __future__ import annotations

import inspect
from typing import Any

import msgspec
from msgspec import inspect as types

from jupyter_mlsec.wire import TYPES

_HEAD = """\
// Generated from jupyter_mlsec/wire.py by `make gen`; don't edit by hand.
// Offsets and columns count UTF-16 units, as JavaScript's strings do.
"""
_PLAIN = {
    types.StrType: "string",
    types.IntType: "number",
    types.FloatType: "number",
    types.BoolType: "boolean",
    types.NoneType: "null",
    types.RawType: "unknown",
}


def render() -> str:
    """The text of the TypeScript file."""
    return "\n".join([_HEAD, *(_interface(cls) for cls in TYPES)])


def _interface(cls: type[Any]) -> str:
    own = _own_fields(cls)
    base = cls.__mro__[1]
    extends = f" extends I{base.__name__}" if base in TYPES else ""
    lines = [*_comment(cls), f"export interface I{cls.__name__}{extends} {{"]
    for field in types.type_info(cls).fields:  # type: ignore[attr-defined]
        if field.name in own:
            optional = "?" if not field.required else ""
            lines.append(f"  {field.encode_name}{optional}: {_type(field.type)};")
    return "\n".join([*lines, "}", ""])


def _own_fields(cls: type[Any]) -> set[str]:
    """The fields that the class does not inherit from another type."""
    base = cls.__mro__[1]
    inherited = {f.name for f in msgspec.structs.fields(base)} if base in TYPES else set()
    return {f.name for f in msgspec.structs.fields(cls)} - inherited


def _comment(cls: type[Any]) -> list[str]:
    text = inspect.cleandoc(cls.__doc__ or "") if "__doc__" in vars(cls) else ""
    lines = [f" * {line}".rstrip() for line in text.splitlines()]
    return ["/**", *lines, " */"] if lines else []


def _type(kind: Any) -> str:
    if type(kind) in _PLAIN:
        return _PLAIN[type(kind)]
    if isinstance(kind, types.LiteralType):
        return " | ".join(f"'{value}'" for value in kind.values)
    if isinstance(kind, types.StructType):
        return f"I{kind.cls.__name__}"
    if isinstance(kind, types.UnionType):
        return " | ".join(_type(member) for member in kind.types)
    if isinstance(kind, types.ListType):
        inner = _type(kind.item_type)
        return f"({inner})[]" if " " in inner else f"{inner}[]"
    raise TypeError(f"no TypeScript for {kind}")
