"""Rules about code that is fetched and run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.model import Confidence, Hit, Severity, Span, Text
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import Bad, Good, Hint
from jupyter_mlsec.core.shellwords import Command, Word
from jupyter_mlsec.rules.installs.family import IN_COMMANDS, rule

if TYPE_CHECKING:
    from jupyter_mlsec.core.view import Context, View

DOWNLOAD = Hint("download-command", r"(?:curl|wget)[ \t\"']", literals=("curl", "wget"))
CLONE = Hint("git-clone", r"git[\"', \t][^\n]{0,60}clone", literals=("clone",))

_FETCHERS = frozenset(("curl", "wget"))
_SHELLS = frozenset(("sh", "bash", "zsh", "ksh", "dash"))
_INTERPRETER = lazy(r"(?:python|pypy|perl|ruby|node|php)[\d.]*")
_URL = lazy(r"(?:https?|ftp)://")
_SUBSTITUTED = lazy(r"(?:\$\(|<\(|`)\s*(?:sudo\s+)?(?:curl|wget)\b")
_COMMIT = lazy(r"(?:^|[/@=])[0-9a-f]{40}(?:[/?&#.]|$)")
_CHECKED = lazy(
    r"sha(?:256|384|512|1)sum|shasum|b2sum|md5sum|hashlib|gpgv?\b[^\n]*--verify|cosign verify"
)


def _program(command: Command) -> str:
    argv = command.argv
    return argv[0].text.rpartition("/")[2] if argv else ""


def _reads_program(command: Command) -> bool:
    """Whether a command runs what comes in on its standard input."""
    program = _program(command)
    words = [word.text for word in command.argv[1:]]
    operands = [word for word in words if not word.startswith("-")]
    if program in _SHELLS:
        flags = [word for word in words if re.fullmatch(r"-[a-z]+", word)]
        if any("c" in flag for flag in flags):
            return False
        return not operands or any("s" in flag for flag in flags) or operands[0] == "/dev/stdin"
    if program in ("source", "."):
        return operands[:1] == ["/dev/stdin"]
    return bool(_INTERPRETER.fullmatch(program)) and (not words or words[0] == "-")


@rule(
    "curl-pipe-shell",
    "What is downloaded runs at once",
    severity=Severity.HIGH,
    hints=(DOWNLOAD,),
    languages=IN_COMMANDS,
    references=("CWE-494", "AML.T0011", "AML.T0050"),
    examples=(
        Bad(
            "!curl -fsSL https://example.org/install.sh | bash",
            at="curl -fsSL https://example.org/install.sh | bash",
        ),
        Bad(
            '%%bash\nsh -c "$(wget -qO- https://example.org/i.sh)"',
            at='sh -c "$(wget -qO- https://example.org/i.sh)"',
        ),
        Bad(
            "FROM scratch\nRUN curl https://example.org/get.py \\\n  | sudo python3 -",
            at="curl https://example.org/get.py \\\n  | sudo python3 -",
            language="dockerfile",
        ),
        Good("!curl -s https://example.org/a.json | python -m json.tool", because="it is data"),
        Good("!curl -sO https://example.org/data.csv", because="nothing runs"),
        Good("!curl https://example.org/list | bash count.sh", because="the script is at hand"),
        Bad(
            "import os\nos.system('curl -s https://example.org/i.sh | sh')",
            at="curl -s https://example.org/i.sh | sh",
        ),
        Good("!cat install.sh | bash", because="the script is at hand"),
    ),
)
def curl_pipe_shell(view: View) -> Iterator[Hit]:
    """Whoever controls the server, its domain or the way to it runs commands here, and can serve
    other content to a pipe than to a browser. Download the script, compare its hash
    (`sha256sum -c`), read it, then run it.
    """
    found = view.commands
    for number, command in enumerate(found):
        if _program(command) in _FETCHERS:
            last = _runner(found, number)
            if last is not None:
                span = Span(command.span.start, max(command.span.end, last.span.end))
                yield Hit(span, _message(last))
        elif _runs_text(command) and any(_SUBSTITUTED.search(w.text) for w in command.argv[1:]):
            yield Hit(command.span, _message(command))


def _message(command: Command) -> str:
    program = _program(command)
    return f"what is downloaded goes straight into {program}; download it, check its hash, run it"


def _runner(found: tuple[Command, ...], number: int) -> Command | None:
    """The later stage of the same pipe that runs what comes in."""
    while number + 1 < len(found) and found[number].operator in ("|", "|&"):
        number += 1
        if _reads_program(found[number]):
            return found[number]
    return None


def _runs_text(command: Command) -> bool:
    """Whether a command runs a text or a file that it is given."""
    program = _program(command)
    if program in ("eval", "source", "."):
        return True
    return program in _SHELLS or bool(_INTERPRETER.fullmatch(program))


_RUN_MAGIC = lazy(r"^[ \t]*%run[ \t]+(?:-\w+[ \t]+)*[\"']?([^\s\"']+)", re.MULTILINE)


@rule(
    "shell-fetched-code-executed",
    "A downloaded script is run without a check",
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    hints=(DOWNLOAD,),
    languages=IN_COMMANDS,
    references=("CWE-494", "AML.T0011"),
    examples=(
        Bad(
            "!wget -q https://example.org/utils.py\n%run utils.py",
            at="https://example.org/utils.py",
        ),
        Bad(
            "!curl -L https://example.org/s -o setup.sh && bash setup.sh",
            at="https://example.org/s",
        ),
        Bad(
            "!wget https://example.org/helpers.py\nfrom helpers import plot",
            at="https://example.org/helpers.py",
        ),
        Good(
            "!wget https://example.org/s.sh && sha256sum -c s.sh.sha256 && bash s.sh",
            because="the hash is compared",
        ),
        Good("!wget https://example.org/data.csv\n!python train.py", because="it is data"),
        Good(
            f"!wget https://example.org/{'0a1b2c3d' * 5}/u.py\n%run u.py",
            because="the address holds a full commit",
        ),
        Bad(
            "%%bash\ncurl -sO https://example.org/setup.sh\nsh setup.sh",
            at="https://example.org/setup.sh",
        ),
        Good("!wget https://example.org/helpers.py", because="nothing runs it"),
    ),
)
def shell_fetched_code_executed(view: View) -> Iterator[Hit]:
    """The file behind the address decides what runs here, and it may be another one tomorrow.
    Pin the address to a commit where there is one, and compare the file's hash before it runs.

    Silent where the document compares a hash or a signature at all.
    """
    for command in view.commands:
        if _program(command) not in _FETCHERS:
            continue
        for url, file in _downloads(command):
            if _COMMIT.search(url.text) or not re.search(r"\w", file):
                continue
            how = _execution(view, file, command.span.end)
            if how and not view.context.once(_checks_a_hash):
                message = f"{file} is downloaded and run ({how}) without a check of its hash"
                yield Hit(url.span, message, subject=file)


def _downloads(command: Command) -> Iterator[tuple[Word, str]]:
    """The URLs that a curl or wget command saves, with the names of the files."""
    words = command.argv[1:]
    urls = [word for word in words if _URL.match(word.text)]
    name = next((word.text for word in command.writes), "")
    own_name = _program(command) == "wget"
    flag = "-O" if own_name else "-o"
    for number, word in enumerate(words):
        if word.text in (flag, "--output", "--output-document") and number + 1 < len(words):
            name = words[number + 1].text
        elif word.text.startswith(("--output=", "--output-document=")):
            name = word.text.partition("=")[2]
        elif not own_name and re.fullmatch(r"-[A-Za-z]*O|--remote-name", word.text):
            own_name = True
    for url in urls:
        path = re.split(r"[?#]", url.text)[0]
        saved = name or (path.rpartition("/")[2] if own_name else "")
        if saved not in ("", "-"):
            yield url, saved.rpartition("/")[2]


def _checks_out(context: Context) -> bool:
    """Whether the document checks out a commit of anything."""
    return any(_CHECKOUT.search(text.text) for text in _sources(context))


def _checks_a_hash(context: Context) -> bool:
    """Whether the document checks the hash of anything, which may be of this file."""
    return any(_CHECKED.search(text.text) for text in _sources(context))


def _sources(context: Context) -> Iterator[Text]:
    return (t for t in context.document.texts if t.part in ("source", "file"))


def _execution(view: View, file: str, after: int) -> str | None:
    """How the document runs a file, from a place in this text on; None if it does not."""
    later = False
    for text in _sources(view.context):
        if text is view.text:
            later = True
        if not later or text.language not in IN_COMMANDS:
            continue
        start = after if text is view.text else 0
        stem = file.removesuffix(".py")
        if stem not in text.text[start:]:
            continue
        for run in _RUN_MAGIC.finditer(text.text, start):
            if run[1].rpartition("/")[2] == file:
                return run[0].strip()
        imported = re.compile(rf"^[ \t]*(?:from|import)[ \t]+{re.escape(stem)}\b", re.MULTILINE)
        if file.endswith(".py") and text.language == "python":
            statement = imported.search(text.text, start)
            if statement:
                return statement[0].strip()
        for command in view.context.commands(text):
            if command.span.start >= start and _runs_file(command, file):
                return " ".join(word.text for word in command.argv[:2])
    return None


def _runs_file(command: Command, file: str) -> bool:
    """Whether a command runs a file of this name: `bash x.sh`, `python3 x.py`, `./x`."""
    argv = [word.text for word in command.argv]
    if not argv:
        return False
    if argv[0].endswith("/" + file):
        return True
    operand = next((word for word in argv[1:] if not word.startswith("-")), "")
    return _runs_text(command) and operand.rpartition("/")[2] == file


_CHECKOUT = lazy(
    r"(?:checkout|reset|switch|--revision)[\"', \t][^\n]*?\b[0-9a-f]{7,40}\b|submodule update"
)


@rule(
    "git-clone-unpinned",
    "A repository is cloned without checking out a commit",
    severity=Severity.MEDIUM,
    hints=(CLONE,),
    languages=IN_COMMANDS,
    references=("CWE-829", "ML06"),
    aggregate="{count} repositories are cloned without checking out a commit: {subjects}",
    examples=(
        Bad(
            "!git clone --depth 1 https://github.com/acme/tool",
            at="https://github.com/acme/tool",
        ),
        Bad("!git clone -b v1.2 git@github.com:acme/tool.git", at="git@github.com:acme/tool.git"),
        Good(
            "!git clone https://github.com/acme/tool\n!cd tool && git checkout 0a1b2c3d",
            because="a commit is checked out",
        ),
        Good("!git clone ../tool copy", because="the repository is on this machine"),
        Good("!git clone $REPOSITORY", because="what is cloned is not known here"),
        Bad(
            "%%bash\nset -e\ngit clone https://github.com/acme/tool src",
            at="https://github.com/acme/tool",
        ),
        Bad(
            'import subprocess\nsubprocess.run(["git", "clone", "https://github.com/acme/tool"])',
            at="https://github.com/acme/tool",
        ),
        Good("# git clone https://github.com/acme/tool", because="a comment"),
    ),
)
def git_clone_unpinned(view: View) -> Iterator[Hit]:
    """The notebook runs with whatever the default branch holds that day. Check out the full
    commit after cloning: `git clone URL && git -C DIR checkout COMMIT`.

    A clone of a named branch or tag is reported as low. Silent where the document checks out
    any commit.
    """
    for command in view.commands:
        words = command.argv
        if _program(command) != "git" or "clone" not in [w.text for w in words[1:4]]:
            continue
        url = next(
            (w for w in words[2:] if re.match(r"https?://|ssh://|git@|git://", w.text)), None
        )
        if url is None or (url.dynamic and not re.match(r"\w+://[\w.@:-]+/\w", url.text)):
            continue
        if view.context.once(_checks_out):
            continue
        named = any(w.text in ("-b", "--branch") or w.text.startswith("--branch=") for w in words)
        name = re.split(r"[/:]", url.text.removesuffix("/").removesuffix(".git"))[-1]
        message = f"{name} is cloned at whatever commit is newest; check out a full commit"
        yield Hit(url.span, message, subject=name, severity=Severity.LOW if named else None)


_FETCHES = lazy(r"\b(?:requests\.\w+|urlopen|urllib\.request\.\w+|httpx\.\w+)\(")


@rule(
    "remote-module-execution",
    "Python code from a server or a repository is run at once",
    severity=Severity.HIGH,
    hints=(
        Hint("hub-load", r"hub\.(?:load|help|list)\(|hub[ \t]+import[ \t]+load", ("hub",)),
        Hint(
            "exec-remote",
            r"(?:exec|eval)\([^\n]{0,80}(?:requests\.|urlopen|urllib|httpx)",
            ("exec(", "eval("),
        ),
    ),
    languages=("python",),
    references=("CWE-94", "CWE-829", "AML.T0011.000"),
    examples=(
        Bad(
            'import torch\nm = torch.hub.load("acme/models", "small")',
            at='torch.hub.load("acme/models", "small")',
        ),
        Bad(
            'import requests\nexec(requests.get("https://example.org/u.py").text)',
            at='exec(requests.get("https://example.org/u.py").text)',
        ),
        Good(
            'import torch\nm = torch.hub.load("./models", "small", source="local")',
            because="the code is on this machine",
        ),
        Good(
            f'import torch\nm = torch.hub.load("acme/models:{"0a1b2c3d" * 5}", "small")',
            because="a commit can't be moved",
        ),
        Good(
            'import tensorflow_hub as hub\nm = hub.load("https://example.org/m/1")',
            because="that is a saved model, no Python code",
        ),
        Bad(
            'import torch.hub as hub\nm = hub.load("acme/models", "small", trust_repo=True)',
            at='hub.load("acme/models", "small", trust_repo=True)',
        ),
        Bad(
            "from urllib.request import urlopen\nexec(urlopen(url).read())",
            at="exec(urlopen(url).read())",
        ),
        Good("import requests\nprint(requests.get(url).text)", because="it is shown, not run"),
    ),
)
def remote_module_execution(view: View) -> Iterator[Hit]:
    """`torch.hub.load` downloads a repository and runs its hubconf.py; `exec` of what a server
    sends runs whatever it sends. Name the repository's full commit ("owner/name:COMMIT"), or keep
    the code beside the notebook. A repository at a tag is reported as medium.
    """
    if view.marked("hub-load"):
        for call in view.calls("torch.hub.load"):
            repository = (
                view.code.constant(call.args[0], view.context.constants) if call.args else None
            )
            source = call.keyword("source")
            if repository is None or (source and view.code.constant(source) == "local"):
                continue
            reference = repository.partition(":")[2]
            if re.fullmatch(r"[0-9a-f]{40}", reference) or not re.match(r"[\w.-]+/", repository):
                continue
            what = "its default branch" if not reference else f"the tag or branch {reference}"
            message = f"runs the code of {repository.partition(':')[0]} at {what}; name the commit"
            yield Hit(call.span, message, severity=Severity.MEDIUM if reference else None)
    if view.marked("exec-remote"):
        for call in view.calls("exec", "eval"):
            code = view.source[call.span.start : call.span.end]
            if _FETCHES.search(code):
                yield Hit(call.span, "runs what a server sends; keep the code beside the notebook")
