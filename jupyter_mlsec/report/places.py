"""How places are said to people: cells and outputs count from 1, as a reader counts them."""

from __future__ import annotations

from collections.abc import Iterable

from jupyter_mlsec.core.model import Finding, Place


def region(place: Place) -> str:
    """Which text of the file: `cell 4`, `cell 4, output 1`, `notebook metadata`, or nothing."""
    if place.part == "file":
        return ""
    if place.cell is None:
        return f"notebook {place.part}"
    return f"cell {place.cell + 1}{_detail(place, ', ')}"


def _detail(place: Place, before: str, after: str = "") -> str:
    if place.part == "source":
        return ""
    number = f" {place.output + 1}" if place.output is not None else ""
    return f"{before}{place.part}{number}{after}"


def where(place: Place) -> str:
    """Region and line: `cell 4, line 2`, or `line 2` in a file that is no notebook."""
    text = region(place)
    return f"{text}, line {place.line}" if text else f"line {place.line}"


def further(finding: Finding) -> str:
    """The further places with what they are: `also in: cell 8`, or of a flow `goes to: cell 8`."""
    places = related(finding)
    return places and f"{'goes to' if finding.flow else 'also in'}: {places}"


def related(finding: Finding, most: int = 8) -> str:
    """The further places in one phrase: `line 7; cells 8, 12 (output 1)`; empty without any."""
    here = finding.place
    lines: dict[str, None] = {}
    cells: dict[str, None] = {}
    others: dict[str, None] = {}
    for place in finding.related:
        if place.path != here.path:
            others[f"{place.path}, {where(place)}"] = None
        elif _text(place) == _text(here):
            if place.line != here.line:
                lines[str(place.line)] = None
        elif place.cell is None:
            others[region(place)] = None
        else:
            cells[f"{place.cell + 1}{_detail(place, ' (', ')')}"] = None
    phrases = [_counted("line", lines, most), _counted("cell", cells, most)]
    phrases += [_listed(others, most)]
    return "; ".join(phrase for phrase in phrases if phrase)


def _text(place: Place) -> tuple[object, ...]:
    return place.part, place.cell, place.output


def _counted(word: str, items: dict[str, None], most: int) -> str:
    if not items:
        return ""
    return f"{word}{'s' if len(items) > 1 else ''} {_listed(items, most)}"


def _listed(items: Iterable[str], most: int) -> str:
    names = list(items)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
