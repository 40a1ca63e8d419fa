"""Child processes, whose arguments every user of a machine can read."""

from __future__ import annotations

from tests.leaks.channel import Channel, table

# a child that writes its own arguments to a file, as `ps` would show them
_CHILD = "import sys; open('argv.txt', 'w').write(' '.join(sys.argv))"

ARGUMENTS = table(
    "arguments",
    {
        "subprocess.run": (
            f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_CHILD!r}, s])"
        ),
        "with a header": (
            f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_CHILD!r}, "
            "f'Authorization: Bearer {s}'])"
        ),
        "as basic authentication": (
            f"import subprocess, sys, base64; subprocess.run([sys.executable, '-c', {_CHILD!r}, "
            "'Basic ' + base64.b64encode(f'me:{s}'.encode()).decode()])"
        ),
        "Popen with a shell": "import subprocess; subprocess.Popen(f'echo {s} > argv.txt', shell=True).wait()",
        "os.system": "import os; os.system(f'echo {s} > argv.txt')",
        "!": "!echo {s} > argv.txt",
        "!!": "x = !echo {s} > argv.txt",
        "%sx": "%sx echo {s} > argv.txt",
        "os.popen": "import os; os.popen(f'echo {s} > argv.txt').read()",
        "os.spawnv": "import os; os.spawnv(os.P_WAIT, '/bin/sh', ['sh', '-c', f'echo {s} > argv.txt'])",
        "os.posix_spawn": (
            "import os; os.waitpid(os.posix_spawn('/bin/sh', ['sh', '-c', f'echo {s} > argv.txt'], "
            "os.environ), 0)"
        ),
        "asyncio": (
            "import asyncio; p = await asyncio.create_subprocess_exec('sh', '-c', "
            "f'echo {s} > argv.txt'); await p.wait()"
        ),
        "fork and exec": (
            "import os\np = os.fork()\nif not p:\n    try:\n"
            "        os.execv('/bin/sh', ['sh', '-c', f'echo {s} > argv.txt'])\n"
            "    finally:\n        os._exit(1)\n_ = os.waitpid(p, 0)"
        ),
        "a piece of it": (
            f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_CHILD!r}, s[:25]])"
        ),
        "bytes": (
            f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_CHILD!r}, s.encode()])"
        ),
    },
    unseen=True,
)
NAME = table(
    "arguments",
    {
        "a child's name": (
            "import ctypes; ctypes.CDLL(None).prctl(15, b'python', 0, 0, 0) and None; print(s)"
        ),
    },
)

OPEN = (
    Channel(
        "environment of a child",
        "arguments",
        "import os, subprocess; subprocess.run(['sh', '-c', 'tr \"\\\\0\" \"\\\\n\" "
        "< /proc/self/environ > environ.txt'], env={**os.environ, 'K': s})",
        open="environments are how secrets are given to children; only processes of the same "
        "user can read them",
        unseen=True,
    ),
    Channel(
        "a child writes a file",
        "arguments",
        "import subprocess; subprocess.run(['sh', '-c', 'cat > child.txt'], input=s.encode())",
        open="what a child does with what it was given is not seen",
        unseen=True,
    ),
)

CHANNELS = (*ARGUMENTS, *NAME, *OPEN)
