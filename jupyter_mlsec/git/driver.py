"""What stands in git's configuration: the filter's names, and the commands that start it.

Each command runs one small script, below .git or in the user's configuration. The script starts
the interpreter that installed it, without its `site` module (20 ms that a filter has no use for);
where that is gone, the `mlsec` on the PATH, or it says what to do. The interpreter ends without
taking itself apart, for which git would wait 3 ms.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import NamedTuple

import jupyter_mlsec
from jupyter_mlsec.core.errors import MlsecError

NAME = "mlsec"
# What a .gitattributes file may name: by the repository's settings, or always in one mode.
DRIVERS: Mapping[str, Mapping[str, str]] = {
    NAME: {},
    f"{NAME}-sensitive": {"always": "sensitive"},
    f"{NAME}-all": {"always": "all"},
}
ATTRIBUTES = f"*.ipynb filter={NAME} diff={NAME}"

# A clone or move of the working tree must not break it, nor a linked tree, whose .git is a file.
FIND_LOCAL = "f=.git/mlsec/filter; test -f $f || f=$(git rev-parse --git-common-dir)/mlsec/filter; "
_RUN_LOCAL = FIND_LOCAL + 'exec sh "$f"'
HOOKS = "hooks"  # a setting: the script whose hooks each repository gets

_SCRIPT = """\
# Written by `mlsec git install`; git's configuration names this file.
py={python}
lib={library}
others={others}
if test -x "$py" && test -d "$lib/jupyter_mlsec"; then
  # glibc 2.35 and newer: memory in large pages, with a quarter of the page faults
  GLIBC_TUNABLES=glibc.malloc.hugetlb=1; export GLIBC_TUNABLES
  exec "$py" -I -S -c 'import os, sys; sys.path += sys.argv[1:3]
from jupyter_mlsec.faces.git_filter import main
os._exit(main(sys.argv[3:]))' "$lib" "$others" "$@"
fi
if command -v mlsec >/dev/null; then exec mlsec git filter "$@"; fi
echo "mlsec: the Python environment that set up this filter is gone ($py)" >&2
echo "mlsec: install jupyter-mlsec again, then run: mlsec git doctor" >&2
exit 1
"""


class Interpreter(NamedTuple):
    """What a script starts: a Python, the folder that holds the package, and the one that holds
    what the package needs, which is another where it is installed to be worked on."""

    python: str
    library: str
    others: str

    @property
    def exists(self) -> bool:
        package = os.path.join(self.library, "jupyter_mlsec")
        return os.access(self.python, os.X_OK) and os.path.isdir(package)


def this() -> Interpreter:
    """The running interpreter and package."""
    from importlib.util import find_spec

    library = os.path.dirname(os.path.dirname(os.path.abspath(jupyter_mlsec.__file__)))
    needed = find_spec("msgspec")
    others = os.path.dirname(os.path.dirname((needed and needed.origin) or "")) or library
    return Interpreter(*map(_slashes, (sys.executable, library, others)))


def write(file: str) -> None:
    """Write the script that starts this interpreter. Raises MlsecError."""
    python, library, others = map(quoted, this())
    part = f"{file}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with open(part, "w", encoding="utf-8", errors="surrogateescape", newline="\n") as opened:
            opened.write(_SCRIPT.format(python=python, library=library, others=others))
        os.replace(part, file)
    except OSError as error:
        raise MlsecError(f"{file} can't be written: {error.strerror}") from None


def read(file: str) -> Interpreter | None:
    """What a script starts; None if there is no script of ours."""
    import shlex

    try:
        with open(file, encoding="utf-8", errors="surrogateescape") as opened:
            lines = opened.read().splitlines()
    except OSError:
        return None
    found = dict(line.partition("=")[::2] for line in lines[:4])
    try:
        return Interpreter(*("".join(shlex.split(found[key])) for key in ("py", "lib", "others")))
    except (KeyError, ValueError):
        return None


def entries(script: str | None, settings: Mapping[str, str]) -> dict[str, str]:
    """git's configuration, key by key, for a filter with these settings (`mode`, options).

    `script` is the script's path, None for the repository's own. git itself uses `process`;
    `clean` is for what knows only that (nbdime, old clients).
    """
    run = _RUN_LOCAL if script is None else f"exec sh {quoted(script)}"
    found = {}
    for name, mode in DRIVERS.items():
        words = _words({**settings, **mode})
        found[f"filter.{name}.process"] = f"{run} process{words}"
        # git puts the path in the place of %f; a % of ours is not to be read as that
        found[f"filter.{name}.clean"] = f"{run} clean{words}".replace("%", "%%") + " -- %f"
        found[f"filter.{name}.smudge"] = "cat"
        found[f"filter.{name}.required"] = "true"
    found[f"diff.{NAME}.textconv"] = f"{run} textconv{_words(settings)} --"
    return found


def settings_of(command: str) -> dict[str, str]:
    """The settings in a `process` command of ours."""
    import shlex

    words = shlex.split(command.rpartition(" process")[2])
    return dict(word.partition("=")[::2] for word in words)


def sections() -> list[str]:
    """The sections of git's configuration that are ours."""
    return [*(f"filter.{name}" for name in DRIVERS), f"diff.{NAME}"]


def quoted(word: str) -> str:
    """A word as the shell reads it back."""
    return "'" + word.replace("'", "'\\''") + "'"


def _words(settings: Mapping[str, str]) -> str:
    import shlex

    return "".join(f" {key}={shlex.quote(value)}" for key, value in settings.items())


def _slashes(path: str) -> str:
    return path.replace(os.sep, "/")
