"""`mlsec secret`: secrets by reference, on the command line. Values are not shown."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from functools import cache
from typing import Any

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials import audit, ci, many
from jupyter_mlsec.credentials.provider import Fetched, Provider, open_provider
from jupyter_mlsec.credentials.reference import VAULT, Reference, parse
from jupyter_mlsec.faces.cli import options

_EPILOG = """\
A reference names a secret and where it is kept, never its value: kv/ml/openai#api_key (Vault),
kv/ml/openai#api_key@3, env://NAME, dotenv://.env#NAME, keyring://service/name, aws-sm://name#key,
aws-ssm://name, databricks://scope/key, k8s://namespace/secret#key. docs/secrets.md tells all.

With MLSEC_SECRETS=env, for CI, references are read from environment variables; exit code 3 says
that one is missing.
"""


def run(arguments: Sequence[str]) -> int:
    """Run an action; 3 where a variable is missing in CI."""
    given = _arguments(arguments)
    actions: dict[str, Callable[[argparse.Namespace], int]] = {
        "ls": _ls,
        "get": _get,
        "set": _set,
        "check": _check,
        "why": _why,
        "run": _run,
        "grant": _grant,
        "grants": _grants,
    }
    try:
        return actions[given.action](given)
    except ci.MissingError as error:
        print(f"mlsec: {error.full}", file=sys.stderr)
        return ci.EXIT_CODE


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="mlsec secret",
        description="Secrets by reference. No value is shown unless you ask for it.",
        epilog=_EPILOG,
        formatter_class=options.Formatter,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    ls = actions.add_parser("ls", help="names below a prefix: mounts, paths, keys after #")
    ls.add_argument("prefix", nargs="?", default="", help="such as kv/, kv/ml/openai#, aws-sm://")
    get = actions.add_parser("get", help="whether it is there, and its version")
    get.add_argument("reference")
    get.add_argument("--show", action="store_true", help="show the value, on a terminal only")
    put = actions.add_parser("set", help="write a value: typed unseen, or from standard input")
    put.add_argument("reference")
    expected = put.add_mutually_exclusive_group()
    expected.add_argument("--new", action="store_true", help="refuse to write over anything")
    expected.add_argument("--cas", type=int, metavar="VERSION", help="write over this version only")
    check = actions.add_parser("check", help="whether all of these can be had")
    check.add_argument("references", nargs="+", metavar="reference")
    why = actions.add_parser("why", help="where a reference leads, and with which login")
    why.add_argument("reference")
    start = actions.add_parser("run", help="run a command with secrets in its environment")
    start.add_argument("variables", nargs="+", metavar="NAME=REFERENCE", help="then -- COMMAND")
    grant = actions.add_parser("grant", help="let a notebook have a secret, through the server")
    grant.add_argument("notebook", help="its path, as the Jupyter server shows it")
    grant.add_argument("reference")
    answer = grant.add_mutually_exclusive_group()
    answer.add_argument("--refuse", action="store_true", help="remember that it may not")
    answer.add_argument("--forget", action="store_true", help="forget what was answered")
    actions.add_parser("grants", help="what was granted and refused")
    before, command = _split(arguments)
    given = parser.parse_args(before)
    given.command = command
    if (given.action == "run") != bool(command):
        parser.error("`run NAME=REFERENCE -- COMMAND` needs a command, the others take none")
    return given


def _split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    given = list(arguments)
    at = given.index("--") if "--" in given else len(given)
    return given[:at], given[at + 1 :]


def _ls(given: argparse.Namespace) -> int:
    scheme, found, rest = given.prefix.partition("://")
    name, prefix = (scheme, rest) if found else (VAULT, given.prefix)
    with _closed(open_provider(name)) as provider:
        for one in provider.list(prefix):
            print(one)
    return 0


def _get(given: argparse.Namespace) -> int:
    if given.show and not sys.stdout.isatty():
        raise MlsecError(
            "values are shown on a terminal only",
            "`mlsec secret run NAME=REFERENCE -- COMMAND` hands one to a command",
        )
    ref = parse(given.reference)
    with _closed(open_provider(ref.provider)) as provider:
        fetched = _fetched(ref, provider)
        if given.show:
            print(many.value_of(ref, fetched))
        else:
            version = f", version {fetched.version}" if fetched.version else ""
            print(f"{ref}: {', '.join(fetched.data)}{version}")
    return 0


def _fetched(ref: Reference, provider: Provider) -> Fetched:
    """What was fetched, with its line in the audit log."""
    try:
        found = provider.get(ref)
    except MlsecError as error:
        audit.record("refusal", ref, problem=error)
        raise
    audit.record("fetch", ref, version=found.version)
    return found


def _set(given: argparse.Namespace) -> int:
    ref = parse(given.reference)
    value = _typed(ref) if sys.stdin.isatty() else sys.stdin.read().removesuffix("\n")
    if not value:
        raise MlsecError("there is no value to write", "type one, or give it on standard input")
    with _closed(open_provider(ref.provider)) as provider:
        try:
            version = provider.put(ref, value, 0 if given.new else given.cas)
        except MlsecError as error:
            audit.record("refusal", ref, problem=error)
            raise
    audit.record("put", ref, version=version)
    print(f"{ref}: written, version {version}")
    return 0


def _typed(ref: Reference) -> str:
    from getpass import getpass

    if ci.unattended(os.environ):
        raise MlsecError("nobody is asked in CI", "give the value on standard input")
    return getpass(f"Value of {ref} (not shown): ")


def _check(given: argparse.Namespace) -> int:
    """Each reference is tried; all that can't be had are named. 3 if one is missing in CI."""
    provider = cache(open_provider)
    codes = {0}
    with ExitStack() as stack:
        for text in given.references:
            try:
                ref = parse(text)
                made = provider(ref.provider)
                stack.callback(getattr(made, "close", lambda: None))
                _fetched(ref, made)
                print(f"{ref}: can be had")
            except MlsecError as error:
                print(f"mlsec: {error.full}", file=sys.stderr)
                codes.add(ci.EXIT_CODE if isinstance(error, ci.MissingError) else 2)
    return max(codes)


def _why(given: argparse.Namespace) -> int:
    ref = parse(given.reference)
    print(f"provider: {ref.provider}")
    if ci.active(os.environ):
        print(f"read from: the environment variable {ci.variable(ref)} ({ci.MODE}=env)")
    with _closed(open_provider(ref.provider)) as provider:
        status = getattr(provider, "status", None)
        for name, value in (status() if status else {}).items():
            shown = ", ".join(value) if isinstance(value, list) else value
            if shown or name == "policies":
                print(f"{name}: {shown}")
        fetched = _fetched(ref, provider)
        print(f"keys: {', '.join(fetched.data)}")
        if fetched.version:
            print(f"version: {fetched.version}")
        for number, state in _versions(provider, ref).items():
            print(f"version {number}: {state}")
        if fetched.lease:
            print(f"lease: {fetched.lease.seconds} s, ended with this command")
    return 0


def _versions(provider: Provider, ref: Reference) -> dict[int, str]:
    """The versions at a path and their states, if there are several and this login sees them."""
    asked = getattr(provider, "versions", None)
    try:
        found: dict[int, str] = asked(ref) if asked else {}
    except MlsecError:
        found = {}
    return found if len(found) > 1 else {}


def _grant(given: argparse.Namespace) -> int:
    from jupyter_mlsec.credentials.broker.grants import Grants, file_of

    ref = parse(given.reference)
    known = Grants(file=file_of(os.environ))
    if given.forget:
        known.revoke(given.notebook, ref.label)
    else:
        known.grant(given.notebook, ref.label, allow=not given.refuse)
    event: audit.Event = "revoke" if given.forget else "refusal" if given.refuse else "grant"
    audit.record(event, ref, notebook=given.notebook)
    return 0


def _grants(given: argparse.Namespace) -> int:
    from jupyter_mlsec.credentials.broker.grants import Grants, file_of

    for notebook, reference, allow in Grants(file=file_of(os.environ)).all():
        print(f"{notebook}: {reference}{'' if allow else ' (refused)'}")
    return 0


def _run(given: argparse.Namespace) -> int:
    """Run a command; its exit code. Leases live as long as it does."""
    import subprocess

    names, references = _variables(given.variables)
    provider = cache(open_provider)
    with ExitStack() as stack:

        def fetch(ref: Reference) -> Fetched:
            made = provider(ref.provider)
            stack.callback(getattr(made, "close", lambda: None))
            return _fetched(ref, made)

        found = many.fetch(references, fetch)
        values = [many.value_of(ref, one) for ref, one in zip(references, found, strict=True)]
        environment = {**os.environ, **dict(zip(names, values, strict=True))}
        try:
            return subprocess.run(given.command, env=environment).returncode  # noqa: S603
        except OSError as error:
            problem = error.strerror
    raise MlsecError(f"{given.command[0]} can't be run: {problem}", "check its name")


def _variables(texts: Sequence[str]) -> tuple[list[str], list[Reference]]:
    names, references = [], []
    for text in texts:
        name, equals, reference = text.partition("=")
        if not equals or not name.isidentifier():
            raise MlsecError(
                "a variable is written as NAME=REFERENCE", "such as OPENAI_API_KEY=kv/ml/openai#key"
            )
        names.append(name)
        references.append(parse(reference))
    return names, references


def _closed(provider: Provider) -> Any:
    """The provider, closed at the end if it can be: its leases and login end then."""
    if hasattr(provider, "close"):
        return closing(provider)
    from contextlib import nullcontext

    return nullcontext(provider)
