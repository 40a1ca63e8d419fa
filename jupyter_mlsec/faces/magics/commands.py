"""The subcommands of `%mlsec_secret`. They print names, never values."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials import ci
from jupyter_mlsec.credentials.reference import VAULT, parse
from jupyter_mlsec.credentials.store import store

if TYPE_CHECKING:
    from jupyter_mlsec.credentials.reference import Reference
    from jupyter_mlsec.credentials.store import Binding

_LAST_EVENTS = 20


def run(shell: Any, command: str, words: list[str]) -> None:
    """Run one of COMMANDS."""
    COMMANDS[command](shell, words)


def set_value(shell: Any, text: str) -> None:
    """Ask for a value and write it, unless there is one."""
    ref = _writable(text)
    whole = store().present(ref)
    if whole is not None and whole.has_key:
        raise MlsecError(
            f"{ref.label} is there already", f"`%mlsec_secret rotate {ref.label}` replaces it"
        )
    value = _asked(f"Value of {ref.label}: ")
    version = store().put(ref, value, cas=whole.version if whole else 0)
    print(f"{ref.label} is written (version {version})")


def _rotate(shell: Any, words: list[str]) -> None:
    given = _one(words, "rotate NAME, or rotate REFERENCE")
    bound = store().bindings.get(given)
    ref = _writable(bound.reference.label if bound else given)
    whole = store().present(ref)
    if whole is None or not whole.has_key:
        raise MlsecError(f"{ref.label} is not there", f"`%mlsec_secret --set {ref.label}` makes it")
    value = _asked(f"New value of {ref.label}: ")
    version = store().put(ref, value, cas=whole.version)
    names = [
        name
        for name, binding in store().bindings.items()
        if binding.reference == ref and name in shell.user_ns
    ]
    shell.push(store().bind(dict.fromkeys(names, ref)), interactive=False)
    again = f", and {', '.join(names)} bound to it" if names else ""
    print(f"{ref.label} is written (version {version}){again}; now end the old one at its issuer")


def _status(shell: Any, words: list[str]) -> None:
    from jupyter_mlsec.credentials.kernel import kernel

    try:
        provider: Any = store().provider(VAULT)
        told = {"vault": "the Jupyter server holds the login"}
        for name, value in (told if store().broker else provider.status()).items():
            if value:
                print(f"{name + ':':<12}{_shown(value)}")
    except MlsecError as error:
        print(f"vault:      {error.full}")
    kind = "all that this kernel sends" if kernel() else "logs and history, not the terminal"
    known = len(store().redactor.labels)
    print(f"masked:     {known} values, in {kind}" if known else "masked:     no values yet")
    for name, binding in store().bindings.items():
        print(f"  {name} = {binding.reference.label}{_age(binding)}")


def _list(shell: Any, words: list[str]) -> None:
    prefix = words[0] if words else ""
    scheme, _, rest = prefix.rpartition("://")
    found = store().provider(scheme or VAULT).list(rest)
    for name in found:
        print(name)
    if not found:
        print(f"nothing begins with {prefix!r}, or you may not see it")


def _login(shell: Any, words: list[str]) -> None:
    from jupyter_mlsec.credentials.vault.provider import VaultProvider

    if ci.active(os.environ):
        raise MlsecError(f"no server is asked while {ci.MODE}=env")
    if store().broker is not None:
        raise MlsecError("the Jupyter server holds the login", "log in where it runs")
    provider = VaultProvider(method=words[0] if words else None, ask=_asked, tell=print)
    where = provider.log_in()
    store().use(provider)
    print(f"logged in: {where}")


def _revoke(shell: Any, words: list[str]) -> None:
    names = list(store().bindings) if words == ["--all"] else words
    if not words:
        raise MlsecError("nothing to revoke", "write `%mlsec_secret revoke NAME`, or --all")
    for name in names:
        binding = store().revoke(name)
        if binding is None:
            raise MlsecError(f"{name} stands for no secret", _bound())
        shell.user_ns.pop(name, None)
        ended = ", its lease is ended" if binding.lease else ""
        print(f"{name} ({binding.reference.label}) is forgotten{ended}")


def _why(shell: Any, words: list[str]) -> None:
    name = _one(words, "why NAME")
    binding = store().bindings.get(name)
    if binding is None:
        raise MlsecError(f"{name} stands for no secret", _bound())
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(binding.fetched))
    print(f"{name} = {binding.reference.label}{_age(binding)}")
    print(f"fetched {when}" + (f" in cell {binding.cell}" if binding.cell else ""))
    label = binding.reference.label
    if binding.reference.is_mapping or label in store().redactor.labels:
        masked = store().redactor.problem(label) or "the value, its pieces and its encodings"
        print(f"masked: {masked}")
    else:
        print("masked: no, as its key says that it is no secret")
    if name not in shell.user_ns:
        print("the name is deleted or was bound in another namespace")


def _audit(shell: Any, words: list[str]) -> None:
    from jupyter_mlsec.credentials.audit import file_of

    events = list(store().events)[-_LAST_EVENTS:]
    for event in events:
        cell = f"  (cell {event['cell']})" if event["cell"] else ""
        print(
            f"{event['time'][11:19]}  {event['event']:<7}  {event['reference']}  "
            f"{event['result']}{cell}"
        )
    if not events:
        print("nothing was done with secrets in this session")
    print(f"all of it: {file_of()}")


def _help(shell: Any, words: list[str]) -> None:
    from inspect import getdoc

    from jupyter_mlsec.faces.magics.secret import mlsec_secret

    print(getdoc(mlsec_secret))


COMMANDS: dict[str, Callable[[Any, list[str]], None]] = {
    "status": _status,
    "ls": _list,
    "login": _login,
    "revoke": _revoke,
    "rotate": _rotate,
    "audit": _audit,
    "why": _why,
    "help": _help,
}


def _writable(text: str) -> Reference:
    if not text:
        raise MlsecError("there is no reference", "write it as kv/ml/openai#api_key")
    ref = parse(text)
    if ref.version is not None or ref.is_mapping:
        raise MlsecError("a value is written to one key, without a version", f"{ref.path}#key")
    return ref


def _one(words: list[str], usage: str) -> str:
    if len(words) != 1:
        raise MlsecError("one name is needed", f"write `%mlsec_secret {usage}`")
    return words[0]


def _asked(prompt: str) -> str:
    """What the user types, which no cell and no output shows."""
    from getpass import getpass

    if ci.unattended(os.environ):
        raise MlsecError("nobody is asked in CI", "write it with `mlsec secret set` elsewhere")
    try:
        value = getpass(prompt)
    except Exception as error:  # ipykernel's own, where no one can be asked
        if type(error).__name__ != "StdinNotImplementedError" and not isinstance(error, EOFError):
            raise
        value = ""
    if not value:
        raise MlsecError("no value was given, and nothing is written")
    return value


def _bound() -> str:
    names = ", ".join(store().bindings)
    return f"bound are {names}" if names else "nothing is bound yet"


def _age(binding: Binding) -> str:
    version = f", version {binding.version}" if binding.version is not None else ""
    lease = ""
    if binding.lease:
        left = int(binding.fetched + binding.lease.seconds - time.time())
        lease = f", lease for {binding.lease.seconds} s"
        lease += " (renewed)" if binding.lease.renewable else f" ({max(left, 0)} left)"
    return version + lease


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
