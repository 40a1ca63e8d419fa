"""A small forward data-flow analysis over the cells of a notebook: which data reaches which use,
and what was checked on the way.

`analysis.flows` runs it; `facts` are what it knows, `statements` and `expressions` how they
change, `texts` which strings names hold, `knowledge` what it has to be told. What it means is told
in docs/decisions/014-data-flow.md.
"""
