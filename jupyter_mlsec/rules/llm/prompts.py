"""What a model is told in the role of the system."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.calling import calls, keyword
from jupyter_mlsec.core.model import Confidence, Hit, Severity
from jupyter_mlsec.core.rule import Bad, Good, Hint
from jupyter_mlsec.rules.llm.family import rule

if TYPE_CHECKING:
    import ast

    from jupyter_mlsec.core.view import View

_ROLES = ("system", "developer")
_KEYWORDS = ("system", "system_instruction", "instructions", "system_prompt", "system_message")
_MESSAGES = (".SystemMessage", ".SystemMessagePromptTemplate", ".from_template")


@rule(
    "untrusted-text-in-prompt",
    "Text of others becomes part of a model's instructions",
    severity=Severity.MEDIUM,
    confidence=Confidence.LOW,
    hints=(
        Hint(
            "system-prompt",
            r"[\"'](?:system|developer)[\"']|\bsystem(?:_\w+)?[ \t]*=|instructions[ \t]*="
            r"|SystemMessage",
            ('"system"', "'system'", "developer", "system", "instructions"),
        ),
    ),
    languages=("python",),
    references=("CWE-1427", "LLM01", "AML.T0051"),
    examples=(
        Bad(
            "import requests\npage = requests.get(url).text\n"
            'm = [{"role": "system", "content": f"You answer from {page}"}]',
            at='f"You answer from {page}"',
        ),
        Bad(
            'name = input("name? ")\nSystemMessage(content="You are the assistant of " + name)',
            at='"You are the assistant of " + name',
        ),
        Bad(
            "docs = WebBaseLoader(url).load()\n"
            'client.messages.create(model=m, system="Use: %s" % docs[0].page_content, messages=q)',
            at='"Use: %s" % docs[0].page_content',
        ),
        Bad(
            "import pandas as pd\ndf = pd.read_csv(p)\nfor row in df.text:\n"
            '    ask([("system", f"Sort this: {row}")])',
            at='f"Sort this: {row}"',
        ),
        Good(
            "import requests\npage = requests.get(url).text\n"
            'm = [{"role": "system", "content": "You answer."}, {"role": "user", "content": page}]',
            because="it stands in a message of its own",
        ),
        Good(
            'm = [{"role": "system", "content": f"Today is {date}"}]', because="nobody else's text"
        ),
        Good('m = [{"role": "system", "content": "You answer."}]', because="fixed"),
        Good("n = len(input())\nSystemMessage(content=f'{n} letters')", because="a number"),
    ),
)
def untrusted_text_in_prompt(view: View) -> Iterator[Hit]:
    """A model can't tell the author's instructions from others' text in the same message, and does
    what either says. Put others' text into a user message of its own, say that it is data, and
    let nothing that matters depend on the answer.

    Of low confidence: what the text may lead to is not looked at.
    """
    from jupyter_mlsec.core.flow.origins import Origins
    from jupyter_mlsec.core.flow.sources import untrusted_text

    origins = Origins(view.context, untrusted_text)
    message = "others' text stands among the instructions; give it a user message of its own"
    for node in _instructions(view):
        if origins.has(node, view.code):
            yield Hit(view.code.span(node), message)


def _instructions(view: View) -> Iterator[ast.expr]:
    """What is said in the role of the system."""
    import ast

    for node in view.code.nodes:
        match node:
            case ast.Dict(keys=keys, values=values):
                known = {
                    key.value: value
                    for key, value in zip(keys, values, strict=True)
                    if isinstance(key, ast.Constant)
                }
                role = known.get("role")
                if isinstance(role, ast.Constant) and role.value in _ROLES and "content" in known:
                    yield known["content"]
            case ast.Tuple(elts=[ast.Constant(value=str(role)), content]) if role in _ROLES:
                yield content
            case ast.keyword(arg=name, value=value) if name in _KEYWORDS:
                yield value
            case ast.keyword(arg=None, value=ast.Dict(keys=keys, values=values)):
                for key, value in zip(keys, values, strict=True):
                    if isinstance(key, ast.Constant) and key.value in _KEYWORDS:
                        yield value
    for call in calls(view, *_MESSAGES):
        if "SystemMessage" in call.name:
            said = call.args[0] if call.args else keyword(view, call, "content")
            if said is not None:
                yield said
