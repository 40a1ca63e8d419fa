"""Sphinx: the documentation as a site (`make docs`). The pages are plain Markdown, which is read on
a code host as well, so nothing of Sphinx's own stands in them but in index.rst."""

from __future__ import annotations

from ipython_pygments_lexers import IPython3Lexer
from sphinx.highlighting import lexers

lexers["python"] = IPython3Lexer()  # code is a notebook's: `!pip`, `%pip`

project = "jupyter-mlsec"
author = "the jupyter-mlsec developers"
copyright = f"2026, {author}"
extensions = ["myst_parser", "sphinx_copybutton"]
exclude_patterns = ["README.md", "_site"]  # index.rst includes the first
myst_heading_anchors = 3
myst_links_external_new_tab = False
html_theme = "furo"
html_title = "jupyter-mlsec"
html_copy_source = False
html_show_sourcelink = False
