"""Language models: what they are told, and what is done with what they say."""

from __future__ import annotations

from jupyter_mlsec.core.rule import Rule
from jupyter_mlsec.rules.llm import agents, execution, hidden, prompts

RULES: tuple[Rule, ...] = (
    execution.llm_output_executed,
    agents.agent_dangerous_tool,
    agents.allow_dangerous_deserialization,
    hidden.hidden_instructions_in_notebook,
    prompts.untrusted_text_in_prompt,
)
