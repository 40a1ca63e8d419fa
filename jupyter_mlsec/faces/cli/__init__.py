"""The command line. Each subcommand is a module with `run(arguments) -> exit code`.

Exit codes: 0 nothing at or above `--fail-on`, 1 findings, 2 something could not be scanned or the
call was wrong. Only the module of the subcommand that was called is imported.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence

from jupyter_mlsec import __version__

COMMANDS = {
    "init": "set a repository up: settings, a baseline, a hook, the git filter",
    "scan": "find secrets, unsafe installs, data and models in notebooks and the files beside",
    "fix": "mend what can be mended, in place",
    "strip": "take what is sensitive out of outputs, or all outputs",
    "git": "keep what is sensitive in notebooks out of commits: a filter for git",
    "vault": "a Vault of your own: start, status, stop",
    "secret": "secrets by reference: list, set, check, and run a command with them",
    "enable": "have %mlsec_secret in every kernel, without loading it",
    "disable": "undo that",
    "explain": "what a rule means, why it matters and how to mend what it finds",
    "rules": "list all rules and kinds of credentials",
    "demo": "scan example notebooks with made-up leaks, to see what the tool does",
}

INTERRUPTED = 130


def program(arguments: Sequence[str] | None = None) -> int:
    """What the commands `mlsec` and `jupyter-mlsec` run: `main`, and a quick end."""
    # A run makes many small values and hardly any cycles: collecting rarely saves a tenth.
    gc.set_threshold(1_000_000, 20, 100)
    code = main(arguments)
    gc.freeze()  # the interpreter ends without searching all objects for cycles: 8 ms
    return code


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and give its exit code. Never raises, never prints a traceback."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    _tolerant_streams()
    try:
        code = _dispatch(given)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print("mlsec: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # the reader (head, less) has left: nothing to say, and nowhere to say it
        sys.stdout = None
        return 0
    except Exception as error:
        return _complain(error)


def _dispatch(given: list[str]) -> int:
    command = given[0] if given else "--help"
    if command in ("-h", "--help", "help"):
        print(_help(), end="")
        return 0
    if command in ("-V", "--version"):
        print(f"mlsec {__version__}")
        return 0
    if command not in COMMANDS:
        from difflib import get_close_matches

        near = get_close_matches(command, COMMANDS, 1)
        hint = f"did you mean `mlsec {near[0]}`?" if near else "`mlsec --help` lists them"
        print(f"mlsec: no command is called {command!r}; {hint}", file=sys.stderr)
        return 2
    from importlib import import_module

    module = import_module(f"jupyter_mlsec.faces.cli.{command}")
    result = module.run(given[1:])
    return result if isinstance(result, int) else 2


def _help() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {what}" for name, what in COMMANDS.items()]
    return (
        f"mlsec {__version__}: a security scanner for Jupyter notebooks\n\n"
        "usage: mlsec COMMAND [OPTIONS]\n\n" + "\n".join(lines) + "\n\n"
        "`mlsec COMMAND --help` tells more. Start with: mlsec scan .\n"
    )


def _tolerant_streams() -> None:
    """Print what a terminal's encoding can't say as escapes, instead of failing on it, and
    nothing where there is nowhere to print (`>&-`)."""
    import os

    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115  # for the whole process
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="backslashreplace")


def _complain(error: Exception) -> int:
    """One line for what went wrong. Messages of foreign exceptions may quote what they were
    given, so only their type and place are shown."""
    from jupyter_mlsec.core.errors import MlsecError

    if isinstance(error, MlsecError):
        print(f"mlsec: {error.full}", file=sys.stderr)
        return 2
    import errno
    import os

    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
        print(f"mlsec: what was found can't be printed: {error.strerror}", file=sys.stderr)
        sys.stdout = None  # or the interpreter tries once more
        return 2

    if os.environ.get("MLSEC_DEBUG"):
        raise error
    frame = error.__traceback__
    while frame and frame.tb_next:
        frame = frame.tb_next
    where = f" at {frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame else ""
    print(
        f"mlsec: internal error ({type(error).__name__}{where}); this is a bug, please report it "
        "(MLSEC_DEBUG=1 shows more)",
        file=sys.stderr,
    )
    return 2
