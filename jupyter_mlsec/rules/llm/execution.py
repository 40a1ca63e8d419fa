"""Answers of a model that are run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.calling import calls
from jupyter_mlsec.core.mentions import speaks_of
from jupyter_mlsec.core.model import Confidence, Hit, Severity, Span
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import Bad, Good, Hint
from jupyter_mlsec.rules.llm.family import rule

if TYPE_CHECKING:
    import ast

    from jupyter_mlsec.core.view import Context, View

_PYTHON = (
    *("exec", "eval", "builtins.exec", "builtins.eval", "compile", "pandas.eval"),
    *(".run_cell", ".runcode", ".ex", ".eval"),
)
_MODELS = (
    *("openai", "anthropic", "langchain", "llama", "ollama", "litellm", "CausalLM", "Seq2SeqLM"),
    *("InferenceClient", "genai", "generativeai", "GenerativeModel", "cohere", "mistral"),
    *("replicate", "groq", "completions", "generate_content", "vllm", "LLM", "ChatOpenAI"),
)
_REPL = (".run", ".invoke")
_SQL = (".execute", ".executescript", ".exec_driver_sql", ".sql", "pandas.read_sql",
        "pandas.read_sql_query", ".read_sql", ".read_sql_query")  # fmt: skip
_DATABASE = lazy(
    r"(?:.*\.)?(?:cur\w*|con\w*|engine|db|database|session|connect\(\)|cursor\(\)|spark|duckdb"
    r"|pandas|pd|begin\(\))\.\w+"
)


@rule(
    "llm-output-executed",
    "What a model answers is run",
    severity=Severity.CRITICAL,
    confidence=Confidence.MEDIUM,
    hints=(
        Hint(
            "run-text",
            r"(?:^|[^.\w])(?:exec|eval|compile)[ \t]*\([^)\n]|(?:^|[^.\w])(?:exec|eval)[ \t]*\($"
            r"|\.(?:execute\w*|sql|read_sql\w*|run_cell|runcode)[ \t]*\(|(?:pd|pandas)\.eval\("
            r"|\b(?:system|popen|getoutput)[ \t]*\(|subprocess|REPL"
            r"|(?:^|[= \t])!!?(?:[{$]|[^=\n{$][^\n{$]*[{$])"
            r"|(?:map|apply|partial)\([ \t]*(?:exec|eval)\b",
            (
                *("exec", "eval", "compile", ".sql", "read_sql", "run_cell", "runcode", "system("),
                *("popen", "getoutput", "subprocess", "repl", "!"),
            ),
        ),
    ),
    languages=("python",),
    references=("CWE-94", "CWE-95", "LLM05", "AML.T0050"),
    examples=(
        Bad(
            "from openai import OpenAI\nclient = OpenAI()\n"
            "reply = client.chat.completions.create(model=m, messages=q)\n"
            "exec(reply.choices[0].message.content)",
            at="exec(reply.choices[0].message.content)",
        ),
        Bad(
            "from langchain_openai import ChatOpenAI\nllm = ChatOpenAI()\n"
            "code = (prompt | llm).invoke(q).content\nresult = eval(code)",
            at="eval(code)",
        ),
        Bad(
            "import ollama, os\nos.system(ollama.generate(model=m, prompt=q)['response'])",
            at="os.system(ollama.generate(model=m, prompt=q)['response'])",
        ),
        Bad(
            "def ask(q):\n    r = client.chat.completions.create(model=m, messages=q)\n"
            "    return r.choices[0].message.content\nsql = ask('count users')\ncur.execute(sql)",
            at="cur.execute(sql)",
        ),
        Bad(
            "import anthropic\nclient = anthropic.Anthropic()\n"
            "cmd = client.messages.create(model=m, messages=q).content[0].text\n!{cmd}",
            at="{cmd}",
        ),
        Good("exec(open('helpers.py').read())", because="a file, no answer of a model"),
        Good("model = AutoModelForCausalLM.from_pretrained(n)\nmodel.eval()", because="a mode"),
        Good(
            "import ast\nfrom openai import OpenAI\nclient = OpenAI()\n"
            "data = ast.literal_eval(client.chat.completions.create(m).choices[0].text)",
            because="literals alone",
        ),
        Good(
            "import subprocess\nfrom openai import OpenAI\nclient = OpenAI()\n"
            "subprocess.run(['ls', '-l'], capture_output=True)",
            because="a fixed command",
        ),
        Good(
            "from openai import OpenAI\nclient = OpenAI()\n"
            "print(client.chat.completions.create(m).choices[0])",
            because="it is shown",
        ),
        Good("cur.execute('select 1')", because="a fixed query"),
    ),
)
def llm_output_executed(view: View) -> Iterator[Hit]:
    """Whoever writes a part of what the model reads (a web page, a mail, a row of data) writes
    what it answers, and so what runs here. Take answers as data: parse them by a schema, choose
    from a list of functions; run code in a sandbox without network, files and credentials.

    Followed through the names and the functions of the notebook, from the calls of the clients of
    OpenAI, Anthropic, Google, Hugging Face, LangChain, Ollama and others.
    """
    if not view.context.once(_has_model):
        return
    from jupyter_mlsec.core.flow.origins import Origins
    from jupyter_mlsec.core.flow.sources import from_model

    origins = Origins(view.context, from_model)
    message = "what a model answers runs here: whoever can write to its input can run commands"
    for node, span in sorted(_runs(view), key=lambda pair: pair[1]):
        if origins.has(node, view.code):
            yield Hit(span, message)


def _has_model(context: Context) -> bool:
    """Whether the document speaks of language models at all."""
    return speaks_of(context, _MODELS)


def _runs(view: View) -> Iterator[tuple[ast.expr, Span]]:
    """What is run as Python, SQL or a command, and where."""
    from jupyter_mlsec.core.shellvalues import filled

    for call in calls(view, *_PYTHON):
        if call.args:
            yield call.args[0], call.span
    for call in calls(view, *_SQL):
        if call.args and _DATABASE.fullmatch(call.name):
            yield call.args[0], call.span
    for call in calls(view, *_REPL):
        if call.args and "REPL" in call.name:
            yield call.args[0], call.span
    for call in calls(view, "subprocess.run", "subprocess.Popen", "subprocess.check_output"):
        if call.args:
            yield call.args[0], call.span
    seen = set()
    for node, span in filled(view):
        if span not in seen:
            seen.add(span)
            yield node, span
