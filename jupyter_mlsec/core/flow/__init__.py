"""Where values come from: two analyses over the cells of a document that share what they read.

`analysis.flows` is a small forward data-flow analysis: which data reaches which use, and what was
checked on the way. `facts` are what it knows, `statements`, `expressions` and `holdings` how they
change, `texts` which strings names hold, `knowledge` what it has to be told. What it means is told
in docs/decisions/014-data-flow.md.

`origins` answers a smaller question, without order and ways: whether a value is made of what calls
of some kind (`sources`) give. docs/decisions/015-names-and-origins.md says why there are two.
"""
