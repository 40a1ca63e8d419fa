"""What the rules about language models share."""

from __future__ import annotations

from jupyter_mlsec.core.rule import family

rule = family("llm")
