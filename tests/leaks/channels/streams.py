"""What is printed, by Python and below it, whole and in pieces."""

from __future__ import annotations

from tests.leaks.channel import Channel, table

PRINTED = table(
    "printed",
    {
        "print": "print(s)",
        "print of the bound value": "print(key)",
        "stderr": "import sys; print(s, file=sys.stderr)",
        "sys.stdout.write": "import sys; _ = sys.stdout.write(s)",
        "writelines": "import sys; sys.stdout.writelines([s[:20], s[20:]])",
        "logging": "import logging; logging.warning('key %s', s)",
        "logging of an exception": (
            "import logging\ntry:\n    raise ValueError(s)\n"
            "except ValueError:\n    logging.exception('failed')"
        ),
        "warning": "import warnings; warnings.simplefilter('always'); warnings.warn(s)",
        "pprint": "from pprint import pprint; pprint({'key': [s]})",
        "traceback.print_exc": (
            "import traceback\ntry:\n    raise ValueError(s)\nexcept ValueError:\n"
            "    traceback.print_exc()"
        ),
        "f-string among text": "print(f'Bearer {s}, expires')",
        "sys.displayhook": "import sys; sys.displayhook(s)",
        "os.environ": "import os; os.environ['K'] = s; print(os.environ); del os.environ['K']",
        "vars of a function": "def f(k):\n    print(locals())\nf(s)",
        "help text": "def f():\n    ...\nf.__doc__ = s\nhelp(f)",
        "progress bar": "print(f'\\r 10% {s}', end=''); print(f'\\r 20% {s}', end='')",
        "repr of a dataclass": (
            "from dataclasses import dataclass\n@dataclass\nclass C:\n    key: str\nprint(C(s))"
        ),
        "dis": "import dis; dis.dis(compile(f'x = {s!r}', 'c', 'exec'))",
        "ast.dump": "import ast; print(ast.dump(ast.parse(repr(s))))",
        "%%capture": "get_ipython().run_cell_magic('capture', 'out', 'print(s)'); out.show()",
        "redirect": (
            "import io, contextlib\nb = io.StringIO()\nwith contextlib.redirect_stdout(b):\n"
            "    print(s)\nprint(b.getvalue())"
        ),
        "a table of rich": "from rich.console import Console; Console(width=60).print([s])",
    },
)

SPLIT = table(
    "split",
    {
        "a character a line": "for c in s: print(c)",
        "a character a flush": "for c in s: print(c, end='', flush=True)",
        "a character a write": "import sys\nfor c in s: _ = sys.stdout.write(c)",
        "slow characters": (
            "import time\nfor c in s[:24]:\n    print(c, end='', flush=True); time.sleep(.03)"
        ),
        "two flushes": (
            "import time; print(s[:9], end='', flush=True); time.sleep(.3); print(s[9:])"
        ),
        "two flushes, cut late": "print(s[:30], end='', flush=True); print(s[30:])",
        "three in lines": "print(s[:12]); print(s[12:24]); print(s[24:])",
        "list of characters": "print(list(s))",
        "spaced": "print(' '.join(s))",
        "in a column": "print('\\n'.join(f'| {c} |' for c in s))",
        "halves in stdout and stderr": (
            "import sys; print(s[:18], flush=True); print(s[18:], file=sys.stderr, flush=True)"
        ),
        "last 20 characters": "print(s[-20:])",
        "all but the first": "print(s[1:])",
        "wrapped": "import textwrap; print(textwrap.fill(s, 9))",
        "coloured characters": "print(''.join(f'\\x1b[3{i % 8}m{c}' for i, c in enumerate(s)))",
        "backspaces": "print(''.join(c + '_\\b' for c in s))",
        "zero width": "print('\\u200b'.join(s))",
        "a display in between": (
            "from IPython.display import display\nprint(s[:12], end=''); display(1); print(s[12:])"
        ),
        "steps": "print(s[:15], s[15:30], s[30:], sep=' - ')",
        "dotted": "print('.'.join(s))",
    },
)

OPEN_SPLIT = (
    Channel(
        "a character a display",
        "split",
        "from IPython.display import display\nfor c in s: display(c)",
        open="each display is a message of its own, and one character is no secret",
    ),
    Channel(
        "every other character to stderr",
        "split",
        "import sys\nfor i, c in enumerate(s):\n"
        "    print(c, file=sys.stderr if i % 2 else sys.stdout, flush=True)",
        open="either stream has half of the characters, and not in a row",
    ),
)

DESCRIPTORS = table(
    "descriptors",
    {
        "os.write 1": "import os; _ = os.write(1, (s + '\\n').encode())",
        "os.write 2": "import os; _ = os.write(2, (s + '\\n').encode())",
        "os.write in pieces": "import os\nfor c in s: _ = os.write(1, c.encode())",
        "sys.__stdout__": "import sys; print(s, file=sys.__stdout__, flush=True)",
        "sys.__stderr__": "import sys; print(s, file=sys.__stderr__, flush=True)",
        "fileno of stdout": "import os, sys; _ = os.write(sys.stdout.fileno(), s.encode())",
        "fileno of stderr, halves": (
            "import os, sys; n = sys.stderr.fileno(); os.write(n, s[:15].encode())\n"
            "_ = os.write(n, s[15:].encode())"
        ),
        "C's printf": "import ctypes; c = ctypes.CDLL(None); c.puts(s.encode()); c.fflush(None)",
        "child with an inherited descriptor": (
            "import subprocess, sys; subprocess.run([sys.executable, '-c', "
            "'print(input())'], input=s.encode())"
        ),
        "child writes to our fileno": (
            "import subprocess, sys; subprocess.run(['cat'], input=s.encode(), stdout=sys.stdout)"
        ),
        "late child": (
            "import subprocess; p = subprocess.Popen('sleep .05; cat', shell=True, "
            "stdin=subprocess.PIPE); p.stdin.write(s.encode()); p.stdin.close()"
        ),
        "!echo": "!echo $K",
        "%%bash": "get_ipython().run_cell_magic('bash', '', 'echo $K; echo $K >&2')",
        "os.system": "import os; _ = os.system('echo $K')",
        "os.system to stderr": "import os; _ = os.system('echo $K >&2')",
        "descriptor of its own": "import os; n = os.dup(1); os.write(n, s.encode()); os.close(n)",
        "open of /dev/stdout": "with open('/dev/stdout', 'w') as f: _ = f.write(s)",
        "faulthandler beside": (
            "import faulthandler, sys, os; faulthandler.dump_traceback(file=sys.__stderr__)\n"
            "_ = os.write(2, s.encode())"
        ),
    },
    before="import os; os.environ['K'] = s",
    wait=0.12,
)

LATE = table(
    "late",
    {
        "thread": "import threading; threading.Thread(target=print, args=(s,)).start()",
        "timer": "import threading; threading.Timer(.02, print, (s,)).start()",
        "task": (
            "import asyncio\nasync def f():\n    await asyncio.sleep(.02); print(s)\n"
            "t = asyncio.ensure_future(f())"
        ),
        "exception in a thread": (
            "import threading\ndef f(): raise ValueError(s)\nthreading.Thread(target=f).start()"
        ),
        "exception in a task": (
            "import asyncio\nasync def f(): raise ValueError(s)\nt = asyncio.ensure_future(f())\n"
            "await asyncio.sleep(.05); del t"
        ),
        "fork": (
            "import os\np = os.fork()\nif not p:\n    print(s, flush=True); os._exit(0)\n"
            "_ = os.waitpid(p, 0)"
        ),
        "fork in pieces": (
            "import os, sys\np = os.fork()\nif not p:\n    for c in s: print(c, flush=True)\n"
            "    os._exit(0)\n_ = os.waitpid(p, 0)"
        ),
        "multiprocessing": (
            "import multiprocessing as m; c = m.get_context('fork'); "
            "p = c.Process(target=print, args=(s,)); p.start(); p.join()"
        ),
        "pool": (
            "from concurrent.futures import ThreadPoolExecutor as T\n"
            "with T() as t: _ = list(t.map(print, [s] * 3))"
        ),
        "__del__": "class D:\n    def __del__(self): print(s)\nD(); None",
        "unraisable": "class D:\n    def __del__(self): raise ValueError(s)\nD(); None",
        "finalizer": "import weakref\nclass W: ...\nw = W(); weakref.finalize(w, print, s); del w",
        "event of a later cell": (
            "def f(*a): print(s)\nget_ipython().events.register('post_execute', f)\n"
            "get_ipython().events.unregister('post_execute', f); f()"
        ),
    },
    wait=0.32,  # ipykernel flushes 0.2 s after the first write
)

CHANNELS = (*PRINTED, *SPLIT, *OPEN_SPLIT, *DESCRIPTORS, *LATE)
