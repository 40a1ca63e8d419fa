"""What agents may do, and stores that are unpickled for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.artifacts import written
from jupyter_mlsec.core.calling import argument, calls, flag, given, keyword, string
from jupyter_mlsec.core.model import Hit, Severity
from jupyter_mlsec.core.rule import Bad, Good, Hint
from jupyter_mlsec.rules.llm.family import rule

if TYPE_CHECKING:
    import ast

    from jupyter_mlsec.core.view import View

# Tools that run whatever the model says: by the last part of their name.
_TOOLS = {
    **dict.fromkeys(
        ("PythonREPLTool", "PythonAstREPLTool", "PythonREPL", "PythonInterpreter",
         "create_python_agent"),
        "Python",
    ),
    **dict.fromkeys(("ShellTool", "BashProcess", "TerminalTool", "BashTool", "ShellCommandTool"),
                    "shell commands"),
    **dict.fromkeys(("LocalCommandLineCodeExecutor", "PandasQueryEngine",
                     "CodeInterpreterToolSpec"), "code"),
}  # fmt: skip
_SQL_TOOLS = ("create_sql_agent", "SQLDatabaseToolkit", "QuerySQLDataBaseTool",
              "QuerySQLDatabaseTool", "SQLDatabaseChain", "NLSQLTableQueryEngine")  # fmt: skip
_OPTIONS = (
    "allow_dangerous_code",
    "allow_dangerous_requests",
    "unsafe_mode",
    "allow_dangerous_tools",
    "allow_code_execution",
    "auto_run",
)
_NAMED_TOOLS = frozenset(("python_repl", "terminal", "shell", "bash", "python"))
_POWERFUL = frozenset("* os sys subprocess shutil posix socket builtins pathlib importlib".split())


@rule(
    "agent-dangerous-tool",
    "An agent may run code or commands here",
    severity=Severity.HIGH,
    hints=(
        Hint(
            "agent-tool",
            "|".join(
                rf"\b{name}\b"
                for name in (
                    *_TOOLS,
                    *_SQL_TOOLS,
                    *_OPTIONS,
                    "CodeAgent",
                    "LocalPythonExecutor",
                    "load_tools",
                    "use_docker",
                    "code_execution_config",
                )
            ),
            tuple(
                sorted(
                    {
                        name.lower()
                        for name in (
                            *_TOOLS,
                            *_SQL_TOOLS,
                            *_OPTIONS,
                            "CodeAgent",
                            "LocalPythonExecutor",
                            "load_tools",
                            "use_docker",
                            "code_execution_config",
                        )
                    }
                )
            ),
        ),
    ),
    languages=("python",),
    references=("CWE-250", "LLM06", "AML.T0053"),
    aggregate="agents may run code or commands here in {count} ways: {subjects}",
    examples=(
        Bad(
            "from langchain_experimental.tools import PythonREPLTool\ntools = [PythonREPLTool()]",
            at="PythonREPLTool()",
        ),
        Bad(
            "agent = create_pandas_dataframe_agent(llm, df, allow_dangerous_code=True)",
            at="allow_dangerous_code=True",
        ),
        Bad(
            "from smolagents import CodeAgent as CA\n"
            "agent = CA(tools=[], model=m, additional_authorized_imports=['os'])",
            at="CA(tools=[], model=m, additional_authorized_imports=['os'])",
        ),
        Bad('tools = load_tools(["terminal", "wikipedia"], llm=llm)', at='"terminal"'),
        Bad(
            "user = UserProxyAgent(n, code_execution_config={'use_docker': False})",
            at="'use_docker': False",
        ),
        Bad(
            "from smolagents import CodeAgent\nCodeAgent(tools=[], model=m)",
            at="CodeAgent(tools=[], model=m)",
        ),
        Good(
            "from smolagents import CodeAgent\n"
            'agent = CodeAgent(tools=[], model=m, executor_type="e2b")',
            because="the code runs in a sandbox elsewhere",
        ),
        Good(
            "from smolagents import ToolCallingAgent\nToolCallingAgent(tools=[], model=m)",
            because="it calls functions, and writes no code",
        ),
        Good("from langchain_experimental.tools import PythonREPLTool", because="an import alone"),
        Good(
            "agent = create_pandas_dataframe_agent(llm, df, allow_dangerous_code=False)",
            because="it is off",
        ),
        Good(
            'user = UserProxyAgent(n, code_execution_config={"use_docker": True})',
            because="the code runs in a container",
        ),
        Good("class ShellTool(Tool):\n    pass\nShellTool()", because="an own tool"),
    ),
)
def agent_dangerous_tool(view: View) -> Iterator[Hit]:
    """The model decides what runs, and whoever writes a part of what it reads decides with it.
    Give an agent functions that do one thing each; let code run in a container or a remote sandbox
    (`executor_type="docker"`, `use_docker=True`) without credentials.

    Tools for SQL and a CodeAgent that runs here with few imports are reported as medium.
    """
    for call in calls(view, *(f".{name}" for name in _TOOLS)):
        name = call.name.rpartition(".")[2]
        if (name[0].isupper() or call.args) and not _is_class_here(view, name):
            yield _hit(view, call.node, name, f"the model runs {_TOOLS[name]} here")
    for call in calls(view, *(f".{name}" for name in _SQL_TOOLS)):
        name = call.name.rpartition(".")[2]
        hit = _hit(view, call.node, name, "the model writes the SQL; let it read a copy only")
        yield hit._replace(severity=Severity.MEDIUM)
    for option in _OPTIONS:
        if option in view.source:
            for _, value, span in given(view, option):
                if flag(view, value):
                    message = f"{option}=True lets the model run what it likes here"
                    yield Hit(span, message, subject=option)
    yield from _code_agents(view)
    yield from _others(view)


def _hit(view: View, node: ast.expr, name: str, message: str) -> Hit:
    return Hit(view.code.span(node), f"{name}: {message}; use a sandbox", subject=name)


def _is_class_here(view: View, name: str) -> bool:
    return any(f"class {name}" in text.text for text in view.context.sources)


def _code_agents(view: View) -> Iterator[Hit]:
    import ast

    for call in calls(view, ".LocalPythonExecutor"):
        hit = _hit(view, call.node, "LocalPythonExecutor", "the model runs Python in this process")
        yield hit._replace(severity=Severity.MEDIUM)
    for call in calls(view, ".CodeAgent"):
        executor = keyword(view, call, "executor_type")
        if keyword(view, call, "executor") is not None or (
            executor is not None and string(view, executor) != "local"
        ):
            continue
        imports = keyword(view, call, "additional_authorized_imports")
        listed = imports.elts if isinstance(imports, ast.List | ast.Tuple) else []
        names = {(string(view, node) or "").partition(".")[0] for node in listed}
        if names & _POWERFUL:
            message = "CodeAgent: the model runs Python here, with imports that reach everything"
            yield Hit(call.span, f"{message}; use a sandbox", subject="CodeAgent")
        else:
            hit = _hit(view, call.node, "CodeAgent", "the model runs Python in this process")
            yield hit._replace(severity=Severity.MEDIUM)


def _others(view: View) -> Iterator[Hit]:
    import ast

    for call in calls(view, ".load_tools"):
        listed = argument(view, call, "tool_names", 0)
        for node in listed.elts if isinstance(listed, ast.List) else []:
            if string(view, node) in _NAMED_TOOLS:
                yield _hit(view, node, f"load_tools({string(view, node)})", "the model runs it")
    for _, value, span in given(view, "use_docker"):
        if flag(view, value) is False:
            message = "use_docker=False: the code of the agent runs on this machine; use a sandbox"
            yield Hit(span, message, subject="use_docker=False")


_DESERIALIZATION = "allow_dangerous_deserialization"


@rule(
    "allow-dangerous-deserialization",
    "A vector store is unpickled",
    severity=Severity.HIGH,
    hints=(Hint("unpickled-store", _DESERIALIZATION, (_DESERIALIZATION,)),),
    languages=("python",),
    references=("CWE-502", "LLM08", "AML.T0011.000"),
    examples=(
        Bad(
            'db = FAISS.load_local("index", emb, allow_dangerous_deserialization=True)',
            at="allow_dangerous_deserialization=True",
        ),
        Bad(
            "YES = True\ndb = FAISS.load_local(p, emb, allow_dangerous_deserialization=YES)",
            at="allow_dangerous_deserialization=YES",
        ),
        Bad(
            'options = {"allow_dangerous_deserialization": True}\n'
            "FAISS.load_local(p, e, **options)",
            at='"allow_dangerous_deserialization": True',
        ),
        Bad(
            "load = functools.partial(\n    FAISS.load_local,\n"
            "    allow_dangerous_deserialization=True,\n)",
            at="allow_dangerous_deserialization=True",
        ),
        Good(
            "db = FAISS.load_local(p, e, allow_dangerous_deserialization=False)",
            because="it is off",
        ),
        Good(
            'db.save_local("own")\n'
            'db = FAISS.load_local("own", e, allow_dangerous_deserialization=True)',
            because="the notebook has written it itself",
        ),
        Good(
            "FAISS.load_local(p, e, allow_dangerous_deserialization=a.trust)",
            because="it is not known here",
        ),
        Good("# allow_dangerous_deserialization=True", because="a comment"),
        Good('print("set allow_dangerous_deserialization=True")', because="a string"),
    ),
)
def allow_dangerous_deserialization(view: View) -> Iterator[Hit]:
    """The store's index holds a pickle, and unpickling runs what the file says to run. Build the
    index anew from the documents, or keep it where nobody else can write, with a hash that is
    compared."""
    for call, value, span in given(view, _DESERIALIZATION):
        path = string(view, call.args[0]) if call and call.args else None
        own = path is not None and written(view.context, path)
        if flag(view, value) and not own:
            yield Hit(span, "the store is a pickle, which runs what it says; build it anew")
