"""Credentials in the columns of printed tables: data frames in outputs, as text and as HTML."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from jupyter_mlsec.core.model import Span
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.rules.secrets import names
from jupyter_mlsec.rules.secrets.binding import Binding
from jupyter_mlsec.rules.secrets.hints import TABLE_TAGS

if TYPE_CHECKING:
    from jupyter_mlsec.core.view import View

_FIELD = lazy(r"[^\s|│┆](?:[^\t|│┆\n]*?[^\s|│┆])?(?=[ ]{2}|[ ]*(?:[\t|│┆\n]|\Z))")
_RULE = lazy(r"[\s|│┆├┤┼╪═╞╡─+:=-]*")
_COMMAS = lazy(r'"[^"\n]*"|(?:(?<=,)|(?<![^\n]))[^,\n"]*')
_SEMICOLONS = lazy(r'"[^"\n]*"|(?:(?<=;)|(?<![^\n]))[^;\n"]*')
_ROWS = 12  # a table shows its kind of values in its first rows
_ROW = lazy(r"<tr[\s>].*?</tr>", re.DOTALL | re.IGNORECASE)
_CELL = lazy(r"<t[hd](?:\s[^>]*)?>\s*(.*?)\s*</t[hd]>", re.DOTALL | re.IGNORECASE)


def bindings(view: View) -> Iterator[Binding]:
    """One binding for each column of credentials, at its first value that looks like one."""
    from html import unescape

    from jupyter_mlsec.rules.secrets.judge import judge

    is_data = view.source.startswith("%%") or view.text.language not in ("python", "r", "julia")
    if view.text.part == "source" and not is_data:
        return
    text_tag, html_tag, csv_tag = TABLE_TAGS
    columns: list[tuple[str, list[Span]]] = []
    for line in view.marked(text_tag):
        columns += _text_columns(view.source, line)
    columns += _html_columns(view.source, view.marked(html_tag))
    for line in view.marked(csv_tag):
        columns += _csv_columns(view.source, line)
    for name, cells in columns:
        for span in cells:
            value = view.source[span.start : span.end]
            if "&" in value and not any(map(str.isalnum, unescape(value))):
                continue  # `-&gt;` is an arrow
            binding = Binding(name, value, span, "table", prose=True)
            if judge(binding):
                yield binding
                break


def column(source: str, value: Span) -> list[Span]:
    """All cells of the column of credentials in which a value stands; none if it is in no table.

    `bindings` names a column by its first values. Who takes them out needs all.
    """
    last = value.end
    if "<t" in source:
        table = Span(max(source.rfind("<table", 0, last), 0), last)
        found = list(_html_columns(source, [table], len(source)))
    else:
        found = []
        end = source.rfind("\n", 0, value.start)
        while end > 0 and not found:
            header = Span(source.rfind("\n", 0, end) + 1, end)
            columns = (
                *_text_columns(source, header, len(source)),
                *_csv_columns(source, header, len(source)),
            )
            found = [c for c in columns if value in c[1]]
            end = header.start - 1
    return next((cells for _, cells in found if value in cells), [])


def _text_columns(source: str, header: Span, most: int = _ROWS) -> Iterator[tuple[str, list[Span]]]:
    """The columns with a credential's name, and the values below it, by where they end: frames
    are printed flush right or between bars."""
    titles = [Span(*m.span()) for m in _FIELD.finditer(source, header.start, header.end)]
    rows: list[list[Span]] = []
    position = header.end + 1
    while position < len(source) and len(rows) < most:
        end = source.find("\n", position)
        end = len(source) if end < 0 else end
        if not source[position:end].strip():
            break
        if not _RULE.fullmatch(source, position, end):
            rows.append([Span(*m.span()) for m in _FIELD.finditer(source, position, end)])
        position = end + 1
    for number, title in enumerate(titles):
        name = source[title.start : title.end]
        if names.sort(name) is None:
            continue
        from_right = len(titles) - number
        cells = [row[-from_right] for row in rows if len(row) >= max(from_right, 2)]
        yield name, cells


def _csv_columns(source: str, header: Span, most: int = _ROWS) -> Iterator[tuple[str, list[Span]]]:
    """The columns of lines with commas or semicolons; rows of another length end the table."""
    title = source[header.start : header.end]
    field = _SEMICOLONS if title.count(";") > title.count(",") else _COMMAS
    titles = [m[0].strip(' "') for m in field.finditer(title)]
    rows: list[list[Span]] = []
    position = header.end + 1
    while position < len(source) and len(rows) < most:
        end = source.find("\n", position)
        end = len(source) if end < 0 else end
        row = [Span(*m.span()) for m in field.finditer(source, position, end)]
        if len(row) != len(titles) or len(row) < 2:
            break
        rows.append(row)
        position = end + 1
    for number, name in enumerate(titles):
        if names.sort(name):
            yield name, [_unquoted(source, row[number]) for row in rows]


def _unquoted(source: str, span: Span) -> Span:
    text = source[span.start : span.end]
    start = span.start + len(text) - len(text.lstrip(' "'))
    return Span(start, max(start, span.start + len(text.rstrip(' "'))))


def _html_columns(
    source: str, marked: Sequence[Span], most: int = _ROWS
) -> Iterator[tuple[str, list[Span]]]:
    """The same for HTML tables with such a title on one of the marked lines; where the title
    stands before its row, the cell beside it."""
    start = end = 0
    rows: list[list[Span]] = []
    for line in marked:
        if line.end > end:  # another table than the last line's
            start = max(source.find("<table", end, line.end), end)
            end = source.find("</table", line.end)
            end = end if end > 0 else len(source)
            found = _ROW.finditer(source, start, end)
            rows = [
                cells
                for row in found
                if (cells := [Span(*cell.span(1)) for cell in _CELL.finditer(source, *row.span())])
            ]
        # a row may begin on an earlier line than its title
        first = max(bisect_left(rows, line.start, key=lambda row: row[-1].start), 0)
        for at in range(first, len(rows)):
            if rows[at][0].start >= line.end:
                break
            yield from _html_row(source, line, rows[at : at + 1 + most])


def _html_row(source: str, line: Span, rows: list[list[Span]]) -> Iterator[tuple[str, list[Span]]]:
    row, *below = rows
    for number, title in enumerate(row):
        name = source[title.start : title.end]
        if not line.start <= title.start < line.end or names.sort(name) is None:
            continue
        if _is_title(source, title):
            yield name, [other[number] for other in below if len(other) > number]
        else:
            yield name, row[number + 1 : number + 2]


def _is_title(source: str, cell: Span) -> bool:
    """Whether a cell is in a table's head, and not the label of its row."""
    return "<td" not in source[source.rfind("<tr", 0, cell.start) : source.find("</tr", cell.end)]
