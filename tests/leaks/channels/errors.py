"""Tracebacks and what else fails aloud, and what IPython's magics show."""

from __future__ import annotations

from tests.leaks.channel import table

ERRORS = table(
    "errors",
    {
        "value": "raise ValueError(s)",
        "key": "{}[s]",
        "name of an error": "raise type(s, (Exception,), {})",
        "chain": "try:\n    raise ValueError(s)\nexcept ValueError as e:\n    raise TypeError from e",
        "context": "try:\n    raise ValueError(s)\nexcept ValueError:\n    1 / 0",
        "assert": "assert not s, s",
        "attribute": "getattr(1, s)",
        "import": "__import__(s)",
        "int": "int(s)",
        "file name": "open('/nowhere/' + s)",
        "address": "from urllib.request import urlopen; urlopen(f'http://127.0.0.1:{s}/')",
        "SyntaxError in eval": "eval(s + ' = = 1')",
        "SyntaxError in a cell": "x = '@@' = = 1",
        "indentation": "exec(f'if 1:\\n{s}')",
        "exit": "import sys; sys.exit(s)",
        "notes": (
            "e = ValueError('x')\nif hasattr(e, 'add_note'): e.add_note(s)\n"
            "else: e = ValueError(s)\nraise e"
        ),
        "nested": "def f(k):\n    g(k)\ndef g(k):\n    raise RuntimeError([k])\nf(s)",
        "usage error": "from IPython.core.error import UsageError; raise UsageError(s)",
        "subprocess": (
            "import subprocess; subprocess.run(['sh', '-c', 'cat >&2; exit 1'], input=s.encode(), "
            "check=True)"
        ),
        "group": (
            "import builtins\nG = getattr(builtins, 'ExceptionGroup', None)\n"
            "raise G('g', [ValueError(s)]) if G else ValueError(s)"
        ),
        "own traceback": (
            "class E(Exception):\n    def _render_traceback_(self): return [s]\nraise E"
        ),
        "error in repr": "class R:\n    def __repr__(self): raise ValueError(s)\nR()",
        "error in a magic": "%timeit -n1 -r1 int(s)",
        "error in a completer": "raise KeyError({'user': 'me', 'password': s})",
        "interrupt": "raise KeyboardInterrupt(s)",
    },
)

VERBOSE = table(
    "errors",
    {
        "verbose: locals": "def f(k):\n    raise ValueError('no value here')\nf(s)",
        "verbose: %tb": "%tb",
        "verbose: library": "import json\njson.loads(s)",
    },
    before="%xmode Verbose\ndef f(k):\n    1 / 0\nf(s)",
)
MINIMAL = table("errors", {"minimal": "raise ValueError(s)"}, before="%xmode Minimal")
PLAIN = table("errors", {"plain": "raise ValueError(s)"}, before="%xmode Plain")
DOCTEST = table("errors", {"after all": "raise ValueError(s)"}, before="%xmode Context")

MAGICS = table(
    "magics",
    {
        "%whos": "%whos",
        "%who_ls": "globals()['w' + s] = 1\n%who_ls",
        "%history": "pasted = '@@'\n%history -n",
        "%history -o": "%history -o -n",
        "%pinfo2": "%pinfo2 s",
        "%psource": "def f(): ...\nf.__doc__ = s\n%pdoc f",
        "%env": "import os; os.environ['K'] = s\n%env K",
        "%env, all": "%env",
        "%set_env": "%set_env K2=$s",
        "%%time": "%%time\nprint(s)",
        "%pycat": "f = open('cat.py', 'w'); f.write('# nothing'); f.close()\n%pycat cat.py\nprint(s)",
        "%sx": "import os; os.environ['K'] = s\nx = !echo $K\nprint(x)",
        "In": "pasted = '@@'; print(In[-1])",
        "_i": "print(_i)",
        "%load into the next cell": "f = open('l.py', 'w'); f.write('y = 1'); f.close()\n%load l.py\nprint(s)",
    },
)

CHANNELS = (*ERRORS, *VERBOSE, *MINIMAL, *PLAIN, *DOCTEST, *MAGICS)
