"""What git starts: the filter process, and its one-shot forms. See `git.driver` for the command.

    process    all files of one git command, by git's long-running protocol
    clean      one file, from standard input to standard output
    textconv   one file as `git diff` shows it
    check      refuse a commit of what is not fit for it

Words `key=value` behind are options of `mlsec strip`; what they leave open, the configuration of
the repository says. The path from git to the answer imports what it needs and no more: bare
Python without its `site` module takes 8 ms, and one notebook's `git add` has 30 ms in all.
"""

import os
import sys

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.git.outputs import Outputs, git_folder

TYPE_CHECKING = False  # importing typing, or __future__, costs more than the rest
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jupyter_mlsec.core.config import Config
    from jupyter_mlsec.core.strip import Options, Stripped
    from jupyter_mlsec.git.results import Results

_PENDING = 64 << 20  # bytes of notebooks whose outputs wait to be kept
_DEFAULT = "sensitive"  # the mode, as in `core.strip.options`, which is imported when needed
_FEW = 1 << 18  # bytes up to which mode `all` does not look for results from before


def main(arguments: "Sequence[str]") -> int:
    """Run one of the commands; the exit code is 0, or 1 where something is refused."""
    given = list(arguments)
    command = given.pop(0) if given else ""
    run = {"process": _process, "clean": _clean, "textconv": _textconv, "check": _check}
    if command not in run:
        return _say("git runs `mlsec git filter` by itself, after `mlsec git install`")
    at = given.index("--") if "--" in given else len(given)
    settings = dict(word.partition("=")[::2] for word in given[:at])
    try:
        return run[command](Session(settings), given[at + 1 :])
    except MlsecError as error:
        return _say(error.full)
    except OSError as error:
        return _say(f"{error.filename or command}: {error.strerror}")


class Session:
    """The filter with its settings, for as many files as come.

    `settings` are those of the installation. The configuration of the repository says what they
    leave open, and what it says of single paths counts more; `always` is a mode that counts most.
    """

    def __init__(self, settings: "Mapping[str, str]") -> None:
        given = dict(settings)
        always = given.pop("always", "")
        self._forced = {"mode": always} if always else {}
        self._keeps = given.pop("local-outputs", "yes") != "no"
        self._hooks = given.pop("hooks", "")  # the script of a set-up for all repositories
        self._settings = given
        self._folder = git_folder()
        self._outputs = Outputs(self._folder) if self._folder and self._keeps else None
        self._config: Config | None = None
        self._plans: dict[str, Plan] = {}
        self._by_options: dict[Options, Plan] = {}
        self._pending: list[tuple[str, bytes, bytes]] = []
        self._waiting = 0
        self._seen = 0
        self._restores: bool | None = None

    def plan(self, path: str) -> "Plan":
        """What holds for a path. Raises MlsecError for what is wrong in the configuration."""
        if not self._plans:
            self._config = _configuration()
        key = path if self._config else ""
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = self._plan_for(path)
        return plan

    def strip(self, data: bytes, path: str) -> "Stripped":
        """Raises MlsecError for what is no notebook, or no JSON at all."""
        return self._strip(self.plan(path), data, path)

    def clean(self, path: str, data: bytes) -> bytes:
        """What git is to have of a notebook. Raises MlsecError for what must not get in."""
        if len(data) < 64 and not data.strip():
            return data  # a new, empty file
        plan = self.plan(path)
        results = self._remembered(plan, len(data))
        known = results.get(path, data) if results else None
        if known is not None:
            return known
        try:
            result = self._strip(plan, data, path)
        except MlsecError:
            from jupyter_mlsec.core.strip import has_conflict_markers, strip_conflicted

            if has_conflict_markers(data):
                return strip_conflicted(data, plan.options)
            raise
        if result.source:
            _name_secrets(path, result, plan.options)
        elif self._outputs and plan.mode == "all":
            if results or result.data is not data or self._outputs.has(path):
                self._keep(path, data, result.data)
        elif results:
            results.put(path, data, result.data)
        return result.data

    def smudge(self, path: str, data: bytes) -> bytes:
        """What the working tree is to have: the notebook, with the outputs it had here."""
        if self._restores is None:
            # most checkouts have nothing to restore, and are not to wait for finding that out
            outputs = self._outputs
            self._restores = bool(outputs and os.path.isdir(outputs.folder))
            if self._restores:
                from jupyter_mlsec.git.asking import for_archive

                self._restores = not for_archive()
        if not self._restores or self._outputs is None or self.plan(path).mode != "all":
            return data
        return self._outputs.restore(path, data, lambda data: self.strip(data, path).data)

    def close(self) -> None:
        """Remember what came of the notebooks that were cleaned, and keep their outputs.

        Outputs are looked through first, and git is not to wait for that.
        """
        pending, self._pending, self._waiting = self._pending, [], 0
        if self._hooks and self._folder and not os.path.exists(f"{self._folder}/mlsec/hooks"):
            self._set_up_hooks(self._folder)
        if self._outputs is None or not any(map(self._has_outputs, pending)):
            self._remember(pending)
            return
        try:
            lock = self._outputs.saving()
        except OSError:
            return  # no space, or no right to write there: git has what it needs
        try:
            if not hasattr(os, "fork"):
                self._save(pending)
            elif os.fork() == 0:
                self._save_aside(pending)
        finally:
            os.close(lock)

    def _set_up_hooks(self, folder: str) -> None:
        _find_packages()
        from jupyter_mlsec.git.hook import install_once

        for note in install_once(folder, self._hooks):
            _say(note)

    def _has_outputs(self, cleaned: "tuple[str, bytes, bytes]") -> bool:
        """Whether a notebook lost outputs, in mode `all`, that have not been kept yet, or has had
        outputs kept that somebody has cleared."""
        path, data, result = cleaned
        if self._outputs is None or self.plan(path).mode != "all":
            return False
        if result is data and not self._outputs.has(path):
            return False
        return not self._outputs.knows(path, data)

    def _plan_for(self, path: str) -> "Plan":
        if self._config is None:
            return Plan({**self._settings, **self._forced})
        from jupyter_mlsec.files.stripping import options_for

        # the installation's settings between the configuration's general ones and those of paths
        said = dict(self._config.strip) | self._settings
        config = self._config._replace(strip=tuple(said.items()))
        return self._plan_of(options_for(path, config, self._forced))

    def _plan_of(self, options: "Options") -> "Plan":
        return self._by_options.setdefault(options, Plan(options=options))

    def _strip(self, plan: "Plan", data: bytes, path: str) -> "Stripped":
        if plan.strip is None:
            from jupyter_mlsec.files.stripping import stripper

            if plan.mode == "sensitive":
                _find_packages()
            plan.strip = stripper(plan.options, self._config)
        return plan.strip(data, path)

    def _remembered(self, plan: "Plan", size: int) -> "Results | None":
        """Results from before, where they save something: one small notebook in mode `all` is
        stripped in less time than it takes to look."""
        self._seen += size
        if not self._folder or (plan.mode == "all" and self._seen <= _FEW):
            return None
        if plan.results is None:
            from jupyter_mlsec.git.results import Results, code_stamp

            plan.results = Results(self._folder, f"{plan.key} {code_stamp()}")
        return plan.results

    def _keep(self, path: str, data: bytes, result: bytes) -> None:
        self._pending.append((path, data, result))
        self._waiting += len(data)
        if self._waiting > _PENDING:
            self.close()

    def _save_aside(self, pending: "list[tuple[str, bytes, bytes]]") -> None:
        """In a process of its own, out of everybody's way."""
        try:
            os.setsid()
            nothing = os.open(os.devnull, os.O_RDWR)
            for descriptor in (0, 1, 2):
                os.dup2(nothing, descriptor)
            self._save(pending)
        finally:
            os._exit(0)

    def _save(self, pending: "list[tuple[str, bytes, bytes]]") -> None:
        """Only outputs in which nothing sensitive is found are kept."""
        assert self._outputs is not None  # noqa: S101 - for the type checker
        lost: set[str] = set()
        for path, data, _ in filter(self._has_outputs, pending):
            plan = self.plan(path)
            sensitive = self._plan_of(plan.options.but(mode="sensitive"))
            try:
                self._outputs.save(path, data, self._strip(sensitive, data, path).data)
            except OSError:
                lost.add(path)  # no space, say: to be kept when git asks again
            except (MlsecError, ValueError):
                continue
        self._outputs.prune()
        self._seen = _FEW  # what has been looked through so thoroughly is worth remembering
        self._remember([cleaned for cleaned in pending if cleaned[0] not in lost])

    def _remember(self, pending: "list[tuple[str, bytes, bytes]]") -> None:
        for path, data, result in pending:
            results = self._remembered(self.plan(path), len(data))
            if results:
                results.put(path, data, result)


class Plan:
    """What is done with the notebooks of some options. The rest comes when it is needed.

    Of either `settings`, by their names in git's configuration, or `options`. `key` names them.
    """

    __slots__ = ("_options", "_settings", "key", "mode", "results", "strip")

    def __init__(
        self, settings: "Mapping[str, str] | None" = None, options: "Options | None" = None
    ) -> None:
        self._settings = settings or {}
        self._options = options
        self.mode: str = options.mode if options else self._settings.get("mode", _DEFAULT)
        self.key = repr(options or sorted(self._settings.items()))
        self.strip: Callable[[bytes, str], Stripped] | None = None
        self.results: Results | None = None

    @property
    def options(self) -> "Options":
        """Raises MlsecError for what is wrong in the settings."""
        if self._options is None:
            from jupyter_mlsec.core.strip import Options

            self._options = Options.from_mapping(self._settings)
        return self._options


def _name_secrets(path: str, result: "Stripped", options: "Options") -> None:
    """Tell of secrets in sources, which the filter never changes. Raises MlsecError to block."""
    for secret in result.source:
        cell = "" if secret.cell is None else f" cell {secret.cell + 1}:"
        _say(f"{path}:{cell} {secret.what} in the source, which stays as it is")
    if options.block:
        raise MlsecError("not staged: a secret in a source is blocked here", "remove it")


def _process(session: Session, paths: "Sequence[str]") -> int:
    import gc

    from jupyter_mlsec.git.protocol import Broken, Refused, serve

    gc.set_threshold(1_000_000, 20, 100)  # hardly a value here is part of a cycle

    def answer(verb: str, path: str, data: bytes) -> bytes:
        try:
            return session.clean(path, data) if verb == "clean" else session.smudge(path, data)
        except Exception as error:
            _complain(path, error)
            from jupyter_mlsec.git.asking import only_looks

            if verb == "smudge" or only_looks():
                return data  # from git, or for nobody but who asks what has changed
            raise Refused from None

    try:
        serve(("clean", "smudge"), answer)
    except (Broken, OSError) as error:
        return _say(f"the filter ends early: {error}")
    session.close()
    return 0


def _clean(session: Session, paths: "Sequence[str]") -> int:
    path = paths[0] if paths else "<stdin>"
    data = sys.stdin.buffer.read()
    try:
        data = session.clean(path, data)
    except Exception as error:
        _complain(path, error)
        from jupyter_mlsec.git.asking import only_looks

        if not only_looks():
            return 1
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
    return 0


def _textconv(session: Session, paths: "Sequence[str]") -> int:
    with open(paths[0], "rb") as file:
        data = file.read()
    try:
        shown = session.strip(data, paths[0]).data
    except MlsecError:
        shown = data  # only shown, and to who has the file
    sys.stdout.buffer.write(shown)
    sys.stdout.buffer.flush()
    return 0


def _check(session: Session, paths: "Sequence[str]") -> int:
    from jupyter_mlsec.faces.git_check import check

    _find_packages()
    complaints = check(os.getcwd())
    for complaint in complaints:
        _say(complaint)
    return int(bool(complaints))


def _configuration() -> "Config | None":
    """What the repository says of stripping; None where it says nothing, as most.

    Looked for in its top folder only, and not parsed without a need: reading TOML takes 10 ms.
    """
    for name in ("mlsec.toml", "pyproject.toml"):
        try:
            with open(name, "rb") as file:
                data = file.read()
        except OSError:
            continue
        if b"strip" in data and (name == "mlsec.toml" or b"mlsec" in data):
            _find_packages()
            from jupyter_mlsec.files.configuration import load
            from jupyter_mlsec.files.scanner import RuleNames

            return load(RuleNames())
    return None


def _find_packages() -> None:
    """Have installed packages found, which the start without `site` leaves out."""
    if sys.flags.no_site and "site" not in sys.modules:
        import site

        site.main()


def _complain(path: str, error: Exception) -> int:
    """One line for a file that is refused. Foreign errors may quote it: only their type is said."""
    if isinstance(error, MlsecError):
        place = f":{error.line}:{error.column or 1}" if error.line else ""
        return _say(f"{path}{place}: {error.full}")
    if os.environ.get("MLSEC_DEBUG"):
        raise error
    return _say(f"{path}: internal error ({type(error).__name__}); please report it; not staged")


def _say(text: str) -> int:
    os.write(2, f"mlsec: {text}\n".encode("utf-8", "backslashreplace"))
    return 1
