"""Install commands: which tool, which options, which packages.

Each tool's options that take a value are listed, so that `-r file` or `-c conda-forge` is not
read as a package. Taken from the tools' own command references (pip, uv, conda, mamba, pixi,
Poetry, PDM, pipx).
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from jupyter_mlsec.core.model import Span
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.shellwords import Command, Word
from jupyter_mlsec.rules.installs.requirement import Requirement, parse, parse_conda


class Target(NamedTuple):
    """Something that is to be installed, and where it stands. `fixed` tells whether the file
    pins it by a hash of its own."""

    requirement: Requirement
    span: Span
    raw: str
    hashed: bool = False


class Option(NamedTuple):
    """An option with its value ("" for a flag). `span` covers the option's words."""

    name: str
    value: str
    span: Span


class Install(NamedTuple):
    """An install command, or a file that lists requirements (`tool` is then its language)."""

    tool: str
    targets: tuple[Target, ...]
    options: tuple[Option, ...]
    span: Span
    command: Command | None = None

    def has(self, *names: str) -> bool:
        return any(option.name in names for option in self.options)


_PIP_VALUES = frozenset(
    "-r --requirement -c --constraint --constraints -i --index-url --pypi-url --extra-index-url"
    " -f --find-links -t --target -e --editable --root --prefix --src --platform --python-version"
    " --implementation --abi --no-binary --only-binary --progress-bar --proxy --retries --timeout"
    " --exists-action --trusted-host --cert --client-cert --cache-dir --log --global-option"
    " --build-option --config-settings --config-setting -C --install-option --report --group"
    " --root-user-action --upgrade-strategy --use-feature --use-deprecated --python"
    " --keyring-provider --no-build-isolation-package -b --build --hash --resume-retries".split()
)
_UV_VALUES = _PIP_VALUES | frozenset(
    "--index --default-index --index-strategy --exclude-newer --resolution --prerelease -p"
    " --link-mode --extra --overrides --override --build-constraint --build-constraints -P"
    " --upgrade-package --refresh-package --reinstall-package --torch-backend --rev --tag --branch"
    " --optional --package --script --bounds --directory --project --config-file --python-platform"
    " --allow-insecure-host --with --color -w --with-requirements --with-editable".split()
)
_CONDA_VALUES = frozenset(
    "-c --channel -n --name -p --prefix --file -f --repodata-fn --solver --experimental-solver"
    " --revision --subdir --platform --clone --console --freeze-installed-file -r"
    " --root-prefix --rc-file".split()
)
_ADD_VALUES = frozenset(
    "-G --group -E --extras --source --python --platform -C --directory -P --project -p"
    " -L --lockfile -e --editable --markers --index-url --pip-args --suffix --spec -i"
    " --preinstall --allow-prereleases-for --skip -s --venv".split()
)
# tool: (subcommands that install, options with a value)
_TOOLS: dict[str, tuple[tuple[tuple[str, ...], ...], frozenset[str]]] = {
    "pip": ((("install",),), _PIP_VALUES),
    "uv": (
        (("pip", "install"), ("add",), ("tool", "install"), ("run",), ("tool", "run")),
        _UV_VALUES,
    ),
    "uvx": (((),), _UV_VALUES | frozenset(("--from",))),
    "pixi": ((("add",), ("global", "install")), _ADD_VALUES | _CONDA_VALUES | {"--feature"}),
    "conda": ((("install",), ("create",)), _CONDA_VALUES),
    "poetry": ((("add",),), _ADD_VALUES),
    "pdm": ((("add",),), _ADD_VALUES),
    "pipenv": ((("install",),), _ADD_VALUES | frozenset(("-r", "--requirements", "--categories"))),
    "pipx": ((("install",),), _ADD_VALUES),
    "easy_install": (((),), frozenset(("-i", "--index-url", "-f", "--find-links", "-d"))),
}
# Subcommands that run a program: packages stand in options only, but for what uvx itself fetches.
_RUN = (("run",), ("tool", "run"))
_PACKAGES = frozenset(("-e", "--editable", "--with", "-w", "--from", "--with-editable"))
_NAMES = {"micromamba": "conda", "mamba": "conda"}
_PIP_NAME = lazy(r"pip(?:\d+(?:\.\d+)?)?(?:\.exe)?")
_PYTHON_NAME = lazy(
    r"(?:python|pypy)\d*(?:\.\d+)*w?(?:\.exe)?|py|\{[^}]*executable[^}]*\}|\$sys\.executable"
)
_EASY_NAME = lazy(r"easy_install(?:-\d.*)?")
_CLUSTER = lazy(r"-[A-Za-z]+")
_DYNAMIC = lazy(r"[{}$`]")


@lru_cache(maxsize=512)
def install(command: Command) -> Install | None:
    """What a command installs, or None if it is no install command."""
    tool, words = _tool(command.argv)
    if not tool:
        return None
    subcommands, values = _TOOLS[tool]
    after = _after_subcommand(words, subcommands, values)
    if after is None:
        return None
    subcommand, rest = after
    options, operands = _split(rest, values)
    if subcommand in _RUN or tool == "uvx":
        options, operands = _of_run(rest, values, fetches=tool == "uvx" or len(subcommand) == 2)
        if not operands and not any(option.name in _PACKAGES for option in options):
            return None
    tool = {"pixi": "pip" if _has(options, "--pypi") else "conda", "uvx": "uv"}.get(tool, tool)
    targets = [target for word in operands if (target := _target(word, tool))]
    targets += [
        Target(found, option.span, option.value)
        for option in options
        if option.name in _PACKAGES and (found := _parse(option.value, tool))
    ]
    return Install(tool, tuple(targets), tuple(options), command.span, command)


def _of_run(
    words: tuple[Word, ...], values: frozenset[str], *, fetches: bool
) -> tuple[list[Option], list[Word]]:
    """Of `uv run --with x program …` and `uvx program …` the options before the program, and the
    program where it is itself a package that is fetched."""
    end = 0
    while end < len(words) and words[end].text.startswith("-"):
        end += 2 if words[end].text in values else 1
    options, _ = _split(words[:end], values)
    return options, list(words[end : end + 1]) if fetches and not _has(options, "--from") else []


def _has(options: list[Option], name: str) -> bool:
    return any(option.name == name for option in options)


def _tool(argv: tuple[Word, ...]) -> tuple[str, tuple[Word, ...]]:
    """The name of the installer, and the words behind it."""
    while argv:
        name = argv[0].text.replace("\\", "/").rpartition("/")[2]
        if _PYTHON_NAME.fullmatch(name):
            module = next((i for i, w in enumerate(argv) if w.text == "-m"), None)
            if module is None or module + 1 >= len(argv):
                return "", ()
            argv = argv[module + 1 :]
        elif (
            len(argv) > 2
            and name in ("uv", "poetry", "pdm", "conda", "pipenv", "hatch")
            and (argv[1].text == "run")
        ):
            inner = next((i for i, w in enumerate(argv[2:], 2) if _is_program(w.text)), None)
            if name == "uv" and (inner is None or any(w.text in _PACKAGES for w in argv[:inner])):
                break
            argv = argv[len(argv) if inner is None else inner :]
        else:
            break
    if not argv:
        return "", ()
    if _PIP_NAME.fullmatch(name):
        return "pip", argv[1:]
    if _EASY_NAME.fullmatch(name):
        return "easy_install", argv[1:]
    name = _NAMES.get(name, name)
    return (name, argv[1:]) if name in _TOOLS else ("", ())


def _is_program(text: str) -> bool:
    name = text.rpartition("/")[2]
    return bool(_PIP_NAME.fullmatch(name) or _PYTHON_NAME.fullmatch(name))


def _after_subcommand(
    words: tuple[Word, ...], subcommands: tuple[tuple[str, ...], ...], values: frozenset[str]
) -> tuple[tuple[str, ...], tuple[Word, ...]] | None:
    """The subcommand, and the words behind it with the options that stand before it."""
    position = 0
    while position < len(words) and words[position].text.startswith("-"):
        position += 2 if words[position].text in values else 1
    for subcommand in subcommands:
        end = position + len(subcommand)
        if tuple(word.text for word in words[position:end]) == subcommand:
            return subcommand, words[:position] + words[end:]
    return None


def _split(words: tuple[Word, ...], values: frozenset[str]) -> tuple[list[Option], list[Word]]:
    """Options and operands."""
    options: list[Option] = []
    operands: list[Word] = []
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        text = word.text
        if text == "--":
            operands += words[position:]
            break
        if not text.startswith("-") or text == "-":
            operands.append(word)
            continue
        name, equals, value = text.partition("=")
        if name in values and not equals and position < len(words):
            following = words[position]
            position += 1
            span = Span(word.span.start, max(word.span.end, following.span.end))
            options.append(Option(name, following.text, span))
        elif name.startswith("--") or name in values or not _CLUSTER.fullmatch(name):
            options.append(_option(name, value, text, word.span, values))
        else:
            options += _cluster(name, word, values)
    return options, operands


def _option(name: str, value: str, text: str, span: Span, values: frozenset[str]) -> Option:
    if not name.startswith("--") and text[:2] in values:  # -rrequirements.txt, -ihttps://…
        return Option(text[:2], text[2:], span)
    return Option(name, value, span)


def _cluster(name: str, word: Word, values: frozenset[str]) -> list[Option]:
    """`-qU` is `-q -U`; in `-rfile` the rest is the value of `-r`."""
    found: list[Option] = []
    for number, letter in enumerate(name[1:], 1):
        if f"-{letter}" in values:
            found.append(Option(f"-{letter}", name[number + 1 :], word.span))
            break
        found.append(Option(f"-{letter}", "", word.span))
    return found


def _target(word: Word, tool: str) -> Target | None:
    if word.dynamic or _DYNAMIC.search(word.text):
        return None
    requirement = parse_conda(word.text) if tool == "conda" else _parse(word.text, tool)
    return Target(requirement, word.span, word.text) if requirement else None


def _parse(text: str, tool: str) -> Requirement | None:
    if tool in ("poetry", "uv", "pdm") and "@" in text and "//" not in text:
        name, _, version = text.partition("@")  # poetry add django@^4.0, uv add ruff@latest
        found = parse(name)
        loose = version in ("", "latest", "*")
        return found._replace(pin="none" if loose else "bounded") if found else None
    return parse(text)
