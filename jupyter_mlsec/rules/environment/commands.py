"""Command lines that others have a say in, or that cannot be undone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.calling import calls, string
from jupyter_mlsec.core.mentions import speaks_of
from jupyter_mlsec.core.model import Confidence, Hit, Severity
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import Bad, Good, Hint
from jupyter_mlsec.rules.environment.family import IN_COMMANDS, program, rule

if TYPE_CHECKING:
    from jupyter_mlsec.core.shellwords import Command
    from jupyter_mlsec.core.view import Context, View


@rule(
    "shell-injection",
    "A shell reads a value that comes from outside",
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    hints=(
        Hint("shell-values", r"(?:^|[= \t])!!?(?:[{$]|[^=\n{$][^\n{$]*[{$])", ("!",)),
        Hint(
            "shell-values",
            r"\b(?:system|popen|getoutput|getstatusoutput|create_subprocess_shell"
            r"|exec_command|system_raw)\b[ \t]*\(",
            ("system", "popen", "getoutput", "getstatusoutput", "subprocess", "exec_command"),
        ),
        Hint("shell-values", r"shell[\"']?[ \t]*[=:]|[\"']-l?c[\"']", ("shell", "-c", "-lc")),
    ),
    languages=("python",),
    references=("CWE-78", "AML.T0050"),
    examples=(
        Bad('name = input("file? ")\n!cat {name}', at="cat {name}"),
        Bad(
            'import os, requests\nurl = requests.get(api).json()["url"]\nos.system(f"wget {url}")',
            at='os.system(f"wget {url}")',
        ),
        Bad(
            "import sys, subprocess as sp\nsp.run('ls ' + sys.argv[1], shell=True)",
            at="sp.run('ls ' + sys.argv[1], shell=True)",
        ),
        Bad(
            "import pandas as pd\ndf = pd.read_csv('a.csv')\nfor path in df['path']:\n"
            "    !rm $path",
            at="rm $path",
        ),
        Bad(
            'import subprocess\ncmd = "tar xf %s" % input()\nsubprocess.run(["bash", "-c", cmd])',
            at='subprocess.run(["bash", "-c", cmd])',
        ),
        Good('path = "data.csv"\n!head {path}', because="a constant"),
        Good("!pip install {package}", because="nothing says where it comes from"),
        Good(
            "import shlex\nname = input()\n!cat {shlex.quote(name)}",
            because="it is quoted",
        ),
        Good(
            "import subprocess\nname = input()\nsubprocess.run(['cat', name])",
            because="no shell reads it",
        ),
        Good("n = int(input())\n!head -n {n} a.csv", because="a number"),
        Good('path = hf_hub_download("acme/a", "a.tgz")\n!tar xf {path}', because="its own path"),
        Good("import requests\nr = requests.get(u)\n!ls -l", because="nothing is filled in"),
    ),
)
def shell_injection(view: View) -> Iterator[Hit]:
    """A shell reads `;`, `|`, `$(…)` and quotes in the value too, so that whoever chooses it (what
    is typed, a server's answer, a row of a table) adds commands of his own. Pass a list of
    arguments without a shell (`subprocess.run(["cat", name])`), or quote it (`shlex.quote`).

    Reported only where the notebook shows that the value comes from outside.
    """
    if not view.context.once(_takes_in):
        return
    from jupyter_mlsec.core.flow.origins import Origins
    from jupyter_mlsec.core.flow.sources import from_outside
    from jupyter_mlsec.core.shellvalues import filled

    origins = Origins(view.context, from_outside)
    seen = set()
    for node, span in filled(view):
        if span not in seen and origins.has(node, view.code):
            seen.add(span)
            yield Hit(span, "a value from outside is read by a shell; pass a list, or quote it")


_TAKES_IN = (
    *("input(", "argv", "requests", "httpx", "urlopen", "urlretrieve", "request.", "read_"),
    *("json.load", "load_dataset", "fetch", "text_input", "text_area", "Text", "prompt(", "csv."),
    *("get_object", "download", "recv", "feedparser", "getpass", "safe_load", "questionary"),
    *("session.", "client."),
)


def _takes_in(context: Context) -> bool:
    """Whether the document takes in anything from outside."""
    return speaks_of(context, _TAKES_IN)


_ROOTS = lazy(
    r"/|/\*|~/?|\*|\.\.?/?|(?:/(?:etc|usr|var|home|root|opt|lib|boot|bin|sbin|dev|mnt|content)/?\*?)"
    r"|\$\{?HOME\}?/?\*?|/home/[\w.-]+/?"
)
_VARIABLE = lazy(r"\$|\{[^{}]+\}")
_DEVICE = lazy(r"(?:of=)?/dev/(?:sd|hd|nvme|vd|xvd|disk|mapper)\w*")


@rule(
    "destructive-shell",
    "A command deletes or opens more than may be meant",
    severity=Severity.LOW,
    hints=(
        Hint("destructive", r"\brm\b[^\n]{0,40}[ \t\"']-", ("rm",)),
        Hint(
            "destructive",
            r"chmod[^\n]{0,20}(?:777|a\+|o\+w)|\bmkfs|\bdd[ \t\"',]|/dev/[shnvx]d|shred|rmtree",
            ("chmod", "mkfs", "dd", "/dev/", "shred", "rmtree"),
        ),
    ),
    languages=IN_COMMANDS,
    references=("CWE-73", "CWE-732"),
    aggregate="{count} commands delete or open more than may be meant: {subjects}",
    examples=(
        Bad("!rm -rf $OUT", at="rm -rf $OUT"),
        Bad("%%bash\nrm -rf /home/*", at="rm -rf /home/*"),
        Bad("!chmod -R 777 /data", at="chmod -R 777 /data"),
        Bad(
            'import os\nos.system("dd if=/dev/zero of=/dev/sda")', at="dd if=/dev/zero of=/dev/sda"
        ),
        Bad(
            'import subprocess\nsubprocess.run(["rm", "-r", "-f", path])',
            at='rm", "-r", "-f", path',
        ),
        Bad("!mkfs.ext4 /dev/nvme1n1", at="mkfs.ext4 /dev/nvme1n1"),
        Good("!rm -rf build", because="one folder, by its name"),
        Good('OUT = "results"\n!rm -rf {OUT}', because="one folder, by its name"),
        Good("!rm notes.txt", because="one file"),
        Good("!chmod 755 run.sh", because="others may not change it"),
        Good("!dd if=a.img of=b.img", because="a file"),
        Good("# !rm -rf /", because="a comment"),
        Good('print("rm -rf /")', because="a string"),
    ),
)
def destructive_shell(view: View) -> Iterator[Hit]:
    """`rm -rf` of a variable that is empty or another folder than was thought, of a root, or of a
    whole disk, can't be undone; `chmod 777` lets every user of the machine change what others
    run."""
    for command in view.commands:
        what = _destroys(command)
        if what:
            yield Hit(command.span, f"{what}; name exactly what is meant", subject=what)
    if view.text.language == "python":
        for call in calls(view, "shutil.rmtree"):
            path = string(view, call.args[0]) if call.args else None
            if path is not None and _ROOTS.fullmatch(path):
                what = f"{path} is deleted with all in it"
                yield Hit(call.span, f"{what}; name exactly what is meant", subject=what)


def _destroys(command: Command) -> str | None:
    """What a command does that may be more than is meant, in words."""
    name = program(command)
    words = command.argv[1:]
    options = "".join(w.text for w in words if re.fullmatch(r"-\w+|--(?:recursive|force)", w.text))
    operands = [w for w in words if not w.text.startswith("-")]
    if name == "rm" and re.search(r"[rR]|recursive", options.replace("--force", "")):
        for word in operands:
            if _ROOTS.fullmatch(word.text):
                return f"{word.text} is deleted with all in it"
            if word.dynamic and _VARIABLE.match(word.text):
                return "what a variable names is deleted with all in it"
    elif name == "chmod":
        if any(re.fullmatch(r"0?777|(?:a|o|ugo)\+\w*w\w*", w.text) for w in operands):
            return "every user of the machine may change this"
    elif name.startswith("mkfs") or name == "shred":
        return f"{name} cannot be undone"
    elif name == "dd" and any(w.text.startswith("of=") and _DEVICE.match(w.text) for w in words):
        return "a whole disk is written over"
    if any(_DEVICE.fullmatch(word.text) for word in command.writes):
        return "a whole disk is written over"
    return None
