"""Mode `all` once more, by the standard library's `json` and without any regard for bytes.

Written from the documentation of the options, not from the engine: the fuzz run compares both.
"""

from __future__ import annotations

import json
from typing import Any

_DROPPED = (
    "metadata.signature metadata.widgets metadata.papermill cell.metadata.collapsed "
    "cell.metadata.ExecuteTime cell.metadata.execution cell.metadata.executionInfo "
    "cell.metadata.execution_millis cell.metadata.execution_start cell.metadata.heading_collapsed "
    "cell.metadata.hidden cell.metadata.outputId cell.metadata.papermill cell.metadata.scrolled"
).split()
_FIELDS = (
    "cell_type id source input code language level metadata outputs attachments collapsed "
    "execution_count prompt_number"
).split()


class Pairs(list[Any]):
    """An object: its members in order, each as often as it stands."""

    def all(self, key: str) -> list[Any]:
        return [value for name, value in self if name == key]


class Number(str):
    """A number as it is spelled."""

    __slots__ = ()


def loads(text: str) -> Any:
    return json.loads(
        text,
        strict=False,
        object_pairs_hook=Pairs,
        parse_int=Number,
        parse_float=Number,
        parse_constant=Number,
    )


def dumps(value: Any, indent: int | str | None, separators: tuple[str, str]) -> str:
    """The text of a value; as json.dumps writes it, but for keys that stand twice."""

    def write(value: Any, level: int) -> str:
        if isinstance(value, Number):
            return str(value)
        if not isinstance(value, list):
            return json.dumps(value, ensure_ascii=False)
        members = [
            f"{json.dumps(k, ensure_ascii=False)}{separators[1]}{write(v, level + 1)}"
            for k, v in (value if isinstance(value, Pairs) else ())
        ] or [write(v, level + 1) for v in value]
        opening, closing = "{}" if isinstance(value, Pairs) else "[]"
        if not members:
            return opening + closing
        if indent is None:
            return opening + separators[0].join(members) + closing
        step = indent if isinstance(indent, str) else " " * indent
        inner, outer = "\n" + step * (level + 1), "\n" + step * level
        return opening + inner + (separators[0] + inner).join(members) + outer + closing

    return write(value, 0)


class Oracle:
    """The options, and what becomes of a notebook."""

    def __init__(self, **options: Any) -> None:
        get = options.get
        self.options = options
        kept = get("keep_metadata_keys", ())
        self.dropped = [k for k in (*_DROPPED, *get("extra_keys", ())) if k not in kept]
        self.kept = list(kept)
        self.filters = get("max_size") or get("keep_output_type") or get("drop_output_type")

    def notebook(self, value: Any) -> Any:
        if not isinstance(value, Pairs):
            return _nested(value)
        self.whole = value
        self.number = 0
        return Pairs((key, self._field(key, held)) for key, held in value)

    def _field(self, key: str, held: Any) -> Any:
        plain_list = isinstance(held, list) and not isinstance(held, Pairs)
        if key == "cells" and plain_list:
            return self._cells(held)
        if key == "worksheets" and plain_list:
            return [
                Pairs(
                    (k, self._cells(v) if k == "cells" and type(v) is list else _nested(v))
                    for k, v in sheet
                )
                if isinstance(sheet, Pairs)
                else sheet
                for sheet in held
            ]
        if key == "metadata":
            return _metadata(
                held, _below("metadata.", self.dropped), _below("metadata.", self.kept)
            )
        if "output" in key.lower() or "result" in key.lower():
            return _emptied(held)
        return _nested(held)

    def _cells(self, cells: list[Any]) -> list[Any]:
        kept = []
        for cell in cells:
            if not isinstance(cell, Pairs):
                kept.append(_nested(cell))
            elif not self._is_dropped(cell):
                kept.append(self._cell(cell))
            self.number += 1
        return kept

    def _is_dropped(self, cell: Pairs) -> bool:
        if self.options.get("drop_empty_cells"):
            lines = [v for k in ("source", "input", "code") for v in cell.all(k)]
            texts = [t for v in lines for t in (v if type(v) is list else [v])]
            if not any(isinstance(t, str) and t.strip() for t in texts):
                return True
        return any(tag in self.options.get("drop_tagged_cells", ()) for tag in _tags(cell))

    def _cell(self, cell: Pairs) -> Pairs:
        made = Pairs()
        dropped, kept = _below("cell.", self.dropped), _below("cell.", self.kept)
        for key, held in cell:
            value = held
            empty = held is None or held == []
            if key in dropped and key not in ("source", "input", "code"):
                continue
            if key in ("execution_count", "prompt_number"):
                value = held if self.options.get("keep_count") else None
            elif key == "outputs" and not empty:
                value = self._outputs(cell, held)
            elif key == "metadata":
                value = _metadata(held, _below("metadata.", dropped), _below("metadata.", kept))
            elif key == "attachments" and isinstance(held, Pairs):
                value = held if self.options.get("keep_attachments") else _attachments(cell, held)
            elif key == "id" and not self.options.get("keep_id", True):
                value = str(self.number)
            elif key not in _FIELDS and key not in kept and not empty:
                if self._is_known_format() or "output" in key.lower() or "result" in key.lower():
                    continue
                value = _nested(held)
            made.append((key, value))
        return made

    def _is_known_format(self) -> bool:
        said = self.whole.all("nbformat")[-1:] or ["4"]
        is_number = isinstance(said[0], str) and said[0].isdecimal() and len(said[0]) < 9
        return not is_number or int(said[0]) <= 4

    def _outputs(self, cell: Pairs, outputs: Any) -> Any:
        keeps = self._keeps(cell)
        if isinstance(outputs, Pairs) or not isinstance(outputs, list):
            return outputs if keeps else []
        if not keeps and not self.filters:
            return []
        return [self._uncounted(o) for o in outputs if self._keeps_output(o, keeps)]

    def _uncounted(self, output: Any) -> Any:
        if not isinstance(output, Pairs) or self.options.get("keep_count"):
            return output
        counts = ("execution_count", "prompt_number")
        return Pairs((k, None if k in counts else v) for k, v in output)

    def _keeps_output(self, output: Any, keeps: bool) -> bool:
        kind = name = ""
        for key, value in output if isinstance(output, Pairs) else ():
            if isinstance(value, str):
                kind = value if key == "output_type" else kind
                name = value if key in ("name", "stream") else name

        def among(types: Any) -> bool:
            return any(t in (kind, f"{kind}:{name}") for t in types)

        get = self.options.get
        kept = keeps and not get("keep_output_type")
        kept = kept or bool(get("max_size") and _size(output) <= get("max_size"))
        kept = kept or among(get("keep_output_type", ()))
        return kept and not among(get("drop_output_type", ()))

    def _keeps(self, cell: Pairs) -> bool:
        metadata = [m for m in cell.all("metadata") if isinstance(m, Pairs)]
        said = [_truth(v) for m in metadata for v in m.all("keep_output")]
        init = [_truth(v) for m in metadata for v in m.all("init_cell")]
        if any(t in self.options.get("keep_output_tags", ("keep_output",)) for t in _tags(cell)):
            said.append(True)
        if self.options.get("strip_init_cells", True):
            init = [False for _ in init]
        if said or any(init):
            return all(said) and all(init)
        if init and not self.options.get("strip_init_cells", True):
            return False
        if self.options.get("keep_output"):
            return True
        top = (self.whole.all("metadata") or [None])[-1]
        return isinstance(top, Pairs) and any(_truth(v) for v in top.all("keep_output")[-1:])


def _truth(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().lower() not in ("", "0", "0.0", "false", "no", "off", "null", "none")
    return bool(value)


def _tags(cell: Pairs) -> list[str]:
    metadata = [m for m in cell.all("metadata") if isinstance(m, Pairs)]
    tags = [t for m in metadata for t in m.all("tags") if type(t) is list]
    return [tag for found in tags for tag in found if isinstance(tag, str)]


def _size(value: Any) -> int:
    if isinstance(value, Pairs):
        return sum(_size(v) for k, v in value if k not in ("execution_count", "prompt_number"))
    if isinstance(value, list):
        return sum(map(_size, value))
    return len(value) if isinstance(value, str) else len(str(value))


def _attachments(cell: Pairs, attachments: Pairs) -> Pairs:
    if "code" in cell.all("cell_type"):
        return Pairs()
    parts = [v for k, v in cell if k in ("source", "input")]
    text = "".join(t for p in parts for t in (p if type(p) is list else [p]) if isinstance(t, str))
    return Pairs((k, v) for k, v in attachments if k and f"attachment:{k}" in text)


def _below(start: str, keys: list[str]) -> list[str]:
    return [key.removeprefix(start) for key in keys if key.startswith(start)]


def _metadata(value: Any, dropped: list[str], kept: list[str]) -> Any:
    if not isinstance(value, Pairs):
        return _nested(value)
    made = Pairs()
    for key, held in value:
        new = held
        if key not in kept:
            if key in dropped:
                continue
            inner = _below(f"{key}.", dropped)
            if inner and isinstance(held, Pairs):
                new = _metadata(held, inner, _below(f"{key}.", kept))
            else:
                new = _emptied(held) if key == "outputs" else _nested(held)
        made.append((key, new))
    return made


def _nested(value: Any) -> Any:
    if isinstance(value, Pairs):
        return Pairs((k, _emptied(v) if k == "outputs" else _nested(v)) for k, v in value)
    return [_nested(v) for v in value] if isinstance(value, list) else value


def _emptied(value: Any) -> Any:
    if isinstance(value, (Pairs, list)):
        return type(value)()
    return "" if isinstance(value, str) and not isinstance(value, Number) else value
