"""A notebook without anything to strip, as a type.

msgspec checks a file against it in one pass, in C (2 GB/s), each key as often as it stands. What
fits comes out as it is. What does not is cut where outputs and counts stand in a file that is
indented as usual, and is right if each piece that was cut is one JSON value and the rest fits.
"""

from __future__ import annotations

from jupyter_mlsec.core.strip.edits import Edits
from jupyter_mlsec.core.strip.metadata import is_dirty, strip_metadata
from jupyter_mlsec.core.strip.result import Removed, Stripped
from jupyter_mlsec.core.strip.walk import SPACE, Deep, Item, Malformed, Reader, pairs_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from jupyter_mlsec.core.strip.options import Plan

# Keys in which nothing can hide that a run left. Others are no worse; they take the longer way.
_CELL_METADATA = """
id colab referenced_widgets colab_type cellView hide_input pycharm base_uri height name
is_executing slideshow slide_type vscode languageId jupyter source_hidden outputs_hidden deletable
editable cell_id _cell_guid _uuid tags lines_to_next_cell
"""
_METADATA = """
accelerator colab gpuClass gpuType instance_type interpreter kernelspec kernel_info language_info
nav_menu orig_nbformat toc toc_position left right top toc_number_sections toc_threshold
toc-autonumbering vscode hide_input jupytext pycharm name display_name language argv env
file_extension mimetype nbconvert_exporter pygments_lexer version codemirror_mode provenance
collapsed_sections toc_visible machine_shape private_outputs base_numbering hash toc_cell
toc_section_display toc_window_display sideBar skip_h1_title title_cell title_sidebar
navigate_menu number_sections threshold colors height width stem_cell cell_metadata_filter
main_language notebook_metadata_filter text_representation extension format_name format_version
jupytext_version file_id timestamp include_colab_link background_execution authorship_tag
last_runtime build_target kind
"""


class Clean:
    """The types of clean notebooks for one set of options."""

    __slots__ = ("_check", "_members", "_plan", "_tags", "_value")

    def __init__(self, plan: Plan, tags: tuple[str, ...]) -> None:
        """`tags` are those of cells that keep their outputs.

        Raises ImportError where msgspec is missing.
        """
        import msgspec

        raw = msgspec.Raw
        decoder = msgspec.json.Decoder
        cell = msgspec.defstruct(
            "Cell",
            [
                ("cell_type", str, ""),
                ("id", str, ""),
                ("source", str | list[str], ""),
                ("metadata", _shallow(_CELL_METADATA, plan.cell_heads), {}),
                ("execution_count", None, None),
                ("outputs", _empty(list[raw]), []),  # type: ignore[valid-type]
                ("attachments", _empty(dict[str, raw]), {}),  # type: ignore[valid-type]
            ],
            forbid_unknown_fields=True,
            gc=False,
        )
        notebook = msgspec.defstruct(
            "Notebook",
            [
                ("cells", list[cell]),  # type: ignore[valid-type]
                ("metadata", _shallow(_METADATA, plan.notebook_heads), {}),
                ("nbformat", int, 4),
                ("nbformat_minor", int, 0),
            ],
            forbid_unknown_fields=True,
        )
        self._check: Callable[[Any], Any] = decoder(notebook).decode
        self._plan = plan
        self._tags = tags
        self._members: Callable[[Any], Any] = decoder(dict[str, raw]).decode  # type: ignore[valid-type]
        self._value: Callable[[Any], Any] = decoder(raw).decode

    def fits(self, data: bytes) -> bool:
        """Whether a file has nothing to strip; False is no proof that it has."""
        try:
            cells = self._check(data).cells
        except (ValueError, RecursionError):
            return False
        tagged = [cell.metadata["tags"] for cell in cells if "tags" in cell.metadata]
        if not tagged:
            return True
        # such a key may stand twice, of which the last one is seen here
        return data.count(b'"tags"') == len(tagged) and not any(
            type(tags) is list and tag in tags for tags in tagged for tag in self._tags
        )

    def cut(self, data: bytes) -> Stripped | None:
        """The file without outputs, counts and metadata; None if it is not spelled as expected.

        Why this is right: the rest fits, so its line ends stand outside of strings, and behind
        one of them `"outputs": ` is a key, whose value may as well be the one that was cut.
        """
        start = data.find(b'"cells": [') + 10
        first = data.find(b"{", start) + 1
        gap = gap_at(data, first) if start > 9 else b""
        if gap[:1] != b"\n":
            return None
        edits = Edits()
        dropped: list[tuple[int, str]] = []
        try:
            self._outputs(data, gap, edits)
            _counts(data, gap, edits)
            in_cells = list(edits)
            result = edits.apply(data)
            if not edits or not self.fits(result):
                self._metadata(data, gap, edits, dropped)
                self._notebook_metadata(data, edits, dropped)
                result = edits.apply(data)
                if not edits or not self.fits(result):
                    return None
        except (ValueError, Malformed, IndexError, RecursionError):
            return None
        opening = data[start:first] + gap
        return Stripped(result, lambda: _removed(data, opening, in_cells, dropped), [])

    def _outputs(self, data: bytes, gap: bytes, edits: Edits) -> None:
        """Cut the outputs, each one value. Raises ValueError."""
        opening, closing = gap + b'"outputs": [' + gap[:1], gap + b"]"
        view = memoryview(data)
        at = data.find(opening)
        while at >= 0:
            start = at + len(opening) - 2
            end = data.find(closing, start) + len(closing)
            self._value(view[start:end])
            edits.append((start, end, b"[]"))
            at = data.find(opening, end)

    def _metadata(
        self, data: bytes, gap: bytes, edits: Edits, dropped: list[tuple[int, str]]
    ) -> None:
        """Strip cells' metadata; what is dropped is noted with its place."""
        opening, closing = gap + b'"metadata": {' + gap[:1], gap + b"}"
        for first, last in _between(edits, len(data)):
            at = data.find(opening, first, last)
            while at >= 0:
                start = at + len(opening) - 2
                end = data.find(closing, start, last) + len(closing)
                raw = data[start:end]
                if is_dirty(pairs_of(raw), self._plan.cell_heads):
                    new = Edits()
                    names: list[str] = []
                    strip_metadata(
                        *(Reader(raw), 0, new),
                        dropped=self._plan.cell_metadata,
                        kept=self._plan.cell_metadata_kept,
                        note=names.append,
                    )
                    dropped += [(start, name) for name in names]
                    edits.append((start, end, new.apply(raw)))
                at = data.find(opening, end, last)

    def _notebook_metadata(self, data: bytes, edits: Edits, dropped: list[tuple[int, str]]) -> None:
        """Strip the notebook's metadata, which must follow the cells."""
        gap = gap_at(data, 1)
        at = data.find(gap + b'"metadata": {', max((end for _, end, _ in edits), default=0))
        if at < 0:
            return
        start = at + len(gap) + len(b'"metadata": ')
        end = data.find(gap + b"}", start) + len(gap) + 1
        members = known_members(data, start, self._members(memoryview(data)[start:end]), self._plan)
        if members is not None:
            strip_metadata(
                *(Reader(data, limit=0), start, edits),
                dropped=self._plan.notebook,
                kept=self._plan.notebook_kept,
                note=lambda what: dropped.append((len(data), what)),
                members=members,
            )


def _removed(
    data: bytes,
    opening: bytes,
    edits: list[tuple[int, int, bytes]],
    dropped: list[tuple[int, str]],
) -> list[Removed]:
    """What was cut, with the numbers of the cells, each of which begins with `opening`: no other
    object outside of outputs stands on a line of its own."""
    words = {b"null": ("count", "the execution count"), b"[]": ("output", "the outputs")}
    told = [(at, end, *words[new]) for at, end, new in edits]
    told += [(at, at, "metadata", what) for at, what in dropped]
    removed: list[Removed] = []
    cell, last = -1, 0
    for at, end, part, what in sorted(told):
        cell += data.count(opening, last, at)
        last = end
        removed.append(Removed(cell if at < len(data) else None, part, what))
    return removed


def _between(edits: Edits, size: int) -> Iterator[tuple[int, int]]:
    """The stretches outside of the outputs that are cut."""
    cut = sorted(edit for edit in edits if edit[2] == b"[]")
    bounds = [0, *(bound for start, end, _ in cut for bound in (start, end)), size]
    return zip(bounds[::2], bounds[1::2], strict=True)


def _counts(data: bytes, gap: bytes, edits: Edits) -> None:
    """Cut the execution counts between the outputs."""
    needle = gap + b'"execution_count": '
    size = len(needle)
    for first, last in _between(edits, len(data)):
        at = data.find(needle, first, last)
        while at >= 0:
            at += size
            if data[at] != 0x6E:
                end = at
                while data[end : end + 1].isdigit():
                    end += 1
                if end > at and (data[at] != 0x30 or end == at + 1):
                    edits.append((at, end, b"null"))
            at = data.find(needle, at, last)


def known_members(data: bytes, at: int, raws: Mapping[str, Any], plan: Plan) -> list[Item] | None:
    """The members of the notebook's metadata, whose raw values are known, if they are spelled as
    expected. The values of those that are to be dropped are not read."""
    gap = gap_at(data, at + 1)
    end = at + 1
    items: list[Item] = []
    for key, raw in raws.items():
        lead = gap + b'"' + key.encode() + b'": '
        if items:
            lead = b"," + lead
        value = bytes(raw)
        if not data.startswith(lead + value, end):
            return None
        start = end + len(gap) + (1 if items else 0)
        begin = end + len(lead)
        end = begin + len(value)
        held = Deep if key in plan.notebook_heads else pairs_of(value)
        items.append(Item(key, start, begin, held, end))
    return items if data.startswith(gap_at(data, end) + b"}", end) else None


def gap_at(data: bytes, at: int) -> bytes:
    """The white space that begins here, of the length that files have."""
    some = data[at : at + 99]
    return some[: len(some) - len(some.lstrip(SPACE))]


def _empty(kind: Any) -> Any:
    from typing import Annotated

    import msgspec

    return Annotated[kind, msgspec.Meta(max_length=0)] | None


def _shallow(words: str, dropped: frozenset[str]) -> Any:
    """Metadata of these keys only, three levels deep at most."""
    from typing import Literal

    keys = Literal[tuple(word for word in words.split() if word not in dropped)]  # type: ignore[valid-type]
    held: Any = None | bool | int | float | str
    for _ in range(3):
        held = None | bool | int | float | str | list[held] | dict[keys, held]  # type: ignore[valid-type]
    return dict[keys, held]  # type: ignore[valid-type]
