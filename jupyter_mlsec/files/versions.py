"""Which version of each package to pin to: from an environment, or from a lock file."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from typing import NamedTuple

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.files.source import read

_PIN = lazy(
    r"^[ \t]*(?:-[ \t]+)?([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?[ \t]*={1,3}[ \t]*([0-9][\w.!+-]*)",
    re.M,
)
_PYTHON = lazy(r"(?i)^(?:python|pypy)[0-9.]*(?:\.exe)?$")
_LIST = """
import json
from importlib.metadata import distributions
print(json.dumps({d.metadata["Name"]: d.version for d in distributions() if d.metadata["Name"]}))
"""


class Versions(NamedTuple):
    """Canonical name to version, and where they are from, as messages say it."""

    versions: Mapping[str, str]
    source: str


def canonical(name: str) -> str:
    """A package's name as the index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def from_choice(choice: str, kernel: str | None) -> Versions:
    """The versions that `--pin-from` names.

    `environment` is the one that runs this; `kernel` that of the notebook's kernel, by the name
    of its kernelspec; anything else is a lock or requirements file, or an interpreter. Raises
    MlsecError where there is no such thing.
    """
    if choice == "environment":
        return Versions(_installed(sys.executable), f"the environment {sys.prefix}")
    if choice == "kernel":
        return Versions(_installed(_interpreter(kernel)), f"the environment of kernel {kernel}")
    if os.path.basename(choice).startswith("python") and os.access(choice, os.X_OK):
        return Versions(_installed(choice), f"the environment of {choice}")
    return Versions(from_file(choice), choice)


def from_file(path: str) -> dict[str, str]:
    """The exact versions in a requirements file, an environment.yml, or a lock file of uv, Poetry,
    Pipenv or the standard (pylock.toml)."""
    try:
        text = read(path).decode("utf-8", "replace")
    except MlsecError as error:
        raise MlsecError(f"{path}: {error.message}", error.hint) from None
    if os.path.basename(path) == "Pipfile.lock":
        return _from_pipfile(path, text)
    if path.endswith((".lock", ".toml")):
        return _from_toml(path, text)
    found = {canonical(name): version for name, version in _PIN.findall(text)}
    if not found:
        raise MlsecError(f"{path} pins no package to an exact version", "name a lock file")
    return found


def _from_pipfile(path: str, text: str) -> dict[str, str]:
    """The packages of Pipenv's lock: JSON, `{"default": {"numpy": {"version": "==2.1.0"}}}`."""
    try:
        lock = json.loads(text)
        sections = [lock[name].items() for name in ("develop", "default") if name in lock]
        entries = [(name, entry["version"]) for section in sections for name, entry in section
                   if "version" in entry]  # fmt: skip
        return {canonical(name): version.removeprefix("==") for name, version in entries}
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise MlsecError(f"{path} is no lock file of Pipenv", "make it anew") from None


def _from_toml(path: str, text: str) -> dict[str, str]:
    """The packages of uv.lock, poetry.lock (`[[package]]`) or pylock.toml (`[[packages]]`)."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        lock = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MlsecError(f"{path} is not valid TOML: {error}") from None
    packages = lock.get("package") or lock.get("packages")
    listed = [p for p in packages if isinstance(p, dict)] if isinstance(packages, list) else []
    named = [(package.get("name"), package.get("version")) for package in listed]
    found = {
        canonical(name): version
        for name, version in named
        if isinstance(name, str) and isinstance(version, str)
    }
    if not found:
        raise MlsecError(f"{path} lists no packages", "name a lock or requirements file")
    return found


def _installed(python: str) -> dict[str, str]:
    """The distributions that an interpreter sees."""
    from subprocess import DEVNULL, CalledProcessError, run

    try:
        done = run(  # noqa: S603 - the interpreter that the user named, and a script of ours
            [python, "-I", "-c", _LIST], stdin=DEVNULL, capture_output=True, check=True, timeout=60
        )
        found = json.loads(done.stdout)
    except (OSError, CalledProcessError, ValueError) as error:
        raise MlsecError(f"{python} doesn't list its packages: {type(error).__name__}") from None
    return {canonical(name): version for name, version in found.items()}


def _interpreter(kernel: str | None) -> str:
    """The Python that a kernelspec starts."""
    if not kernel:
        raise MlsecError(
            "the notebook doesn't say which kernel it uses", "give --pin-from environment or a file"
        )
    for folder in _kernel_folders():
        path = os.path.join(folder, "kernels", kernel, "kernel.json")
        try:
            with open(path, encoding="utf-8") as file:
                command = json.load(file)["argv"][0]
        except (OSError, ValueError, KeyError, IndexError, TypeError):
            continue
        if not _PYTHON.search(os.path.basename(str(command))):
            raise MlsecError(
                f"kernel {kernel} does not start Python itself", "give --pin-from environment"
            )
        # a bare name means the environment that Jupyter itself runs in
        return str(command) if os.path.isabs(command) else sys.executable
    raise MlsecError(
        f"no kernel called {kernel} is installed here", "give --pin-from environment or a file"
    )


def _kernel_folders() -> list[str]:
    """Where Jupyter looks for kernels, in its order (jupyter_core.paths, without its import)."""
    folders = [f for f in os.environ.get("JUPYTER_PATH", "").split(os.pathsep) if f]
    home = os.path.expanduser("~")
    if sys.platform == "darwin":
        folders.append(os.path.join(home, "Library", "Jupyter"))
    elif sys.platform == "win32":
        folders.append(os.path.join(os.environ.get("APPDATA", home), "jupyter"))
    else:
        data = os.environ.get("XDG_DATA_HOME", os.path.join(home, ".local", "share"))
        folders.append(os.path.join(data, "jupyter"))
    folders.append(os.path.join(sys.prefix, "share", "jupyter"))
    return [*folders, "/usr/local/share/jupyter", "/usr/share/jupyter"]
