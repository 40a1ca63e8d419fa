"""The broker in a Jupyter server: it holds the logins, and its kernels ask it for secrets.

    c.MlsecSecrets.default = "allow"
    c.MlsecSecrets.policy = [{"notebook": "*", "reference": "kv/prod/*", "allow": False}]

What the broker does is in `credentials.broker`; here it is given the server's kernels, sessions,
events and, for the line of defence between kernel and browser, the redactor.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from jupyter_core.paths import jupyter_runtime_dir
from jupyter_server.auth.decorator import authorized
from tornado.web import HTTPError, authenticated
from traitlets import Bool, Dict, Enum, Float, List
from traitlets.config import LoggingConfigurable

from jupyter_mlsec import wire
from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.broker.asking import SECONDS, Asking
from jupyter_mlsec.credentials.broker.grants import Default, Grants, Rule, file_of
from jupyter_mlsec.credentials.broker.server import Broker
from jupyter_mlsec.credentials.reference import VAULT, parse
from jupyter_mlsec.faces.server.handlers import RESOURCE
from jupyter_mlsec.faces.server.storing import StoreHandler

if TYPE_CHECKING:
    from jupyter_mlsec.faces.server.app import MlsecApp


class MlsecSecrets(LoggingConfigurable):
    """Which notebooks may have which secrets."""

    default = Enum(
        ("allow", "ask", "forbid"),
        "ask",
        help="What happens where no rule and no grant says anything. ask: JupyterLab asks the "
        "user; where none is connected, the kernel is refused.",
    ).tag(config=True)
    ask_seconds = Float(SECONDS, help="How long a kernel waits for the user's answer.").tag(
        config=True
    )
    policy = List(
        Dict(),
        help="Rules: notebook and reference as globs, and allow. One that forbids goes first.",
    ).tag(config=True)

    keep_login = Bool(
        False,
        help="Leave VAULT_TOKEN and the like in the environment of kernels, for code that talks "
        "to Vault by itself.",
    ).tag(config=True)

    def grants(self) -> Grants:
        """Raises MlsecError for a rule that is none."""
        wanted = {"notebook", "reference", "allow"}
        for rule in self.policy:
            if set(rule) != wanted or not isinstance(rule["allow"], bool):
                raise MlsecError(
                    "a rule of MlsecSecrets.policy is wrong",
                    'write {"notebook": "*", "reference": "kv/prod/*", "allow": False}',
                )
        rules = [Rule(r["notebook"], r["reference"], r["allow"]) for r in self.policy]
        return Grants(rules, cast(Default, self.default), file_of(os.environ))


class SecretsHandler(StoreHandler):
    """The names in a store, and a new value for one. Values go into a store, never out of it."""

    @authenticated
    @authorized("read", RESOURCE)
    async def get(self) -> None:
        prefix = self.get_query_argument("prefix", "")
        scheme, found, rest = prefix.partition("://")
        name, rest = (scheme, rest) if found else (VAULT, prefix)
        names = await self.apart(lambda: self.app.provider(name).list(rest))
        self.answer(wire.NamesResponse(names))

    @authenticated
    @authorized("write", RESOURCE)
    async def post(self) -> None:
        given = self.body(wire.SecretRequest)
        version = await self.apart(lambda: self._put(given))
        self.answer(wire.SecretResponse(given.reference, version))

    def _put(self, given: wire.SecretRequest) -> int:
        ref = parse(given.reference)
        self.app.redactor.learn(ref.label, given.value)
        try:
            version = self.app.provider(ref.provider).put(ref, given.value, given.cas)
        except MlsecError as error:
            self.record("refusal", ref, problem=error)
            raise
        self.record("put", ref, version=version)
        return version


def make_broker(app: MlsecApp) -> Broker:
    """The broker of a server: it knows kernels' notebooks, and tells what was done as events.

    Raises MlsecError where the policy is wrong.
    """
    server: Any = app.serverapp

    async def notebook(kernel: str) -> str | None:
        try:
            session = await server.session_manager.get_session(kernel_id=kernel)
        except HTTPError:
            return None  # a kernel without a session: nbclient's, or a console's
        path: str | None = session.get("path")
        return path

    def hear(line: dict[str, Any]) -> None:
        server.io_loop.add_callback(app.events.secret, line)

    secrets = MlsecSecrets(parent=app)
    return Broker(
        Path(jupyter_runtime_dir()),
        secrets.grants(),
        Asking(secrets.ask_seconds),
        notebook=notebook,
        hear=hear,
        learn=lambda kernel, label, value: app.redactor.learn(label, value),
    )


def hand_out(manager: Any, broker: Broker, without: Collection[str]) -> None:
    """Kernels of this manager are started with a pass and without the variables named, and lose
    the pass when they are removed. Without a broker that listens they are started as ever."""
    start, remove = manager.start_kernel, manager.remove_kernel
    running: set[asyncio.Future[None]] = set()  # or they could be collected before they are done

    async def start_kernel(*, kernel_id: str | None = None, **more: Any) -> str:
        if broker.listens and (kernel_id is None or kernel_id not in manager):
            kernel_id = kernel_id or manager.new_kernel_id(**more)
            given = more.get("env") or os.environ
            kept = {name: value for name, value in given.items() if name not in without}
            more["env"] = {**kept, **broker.admit(kernel_id)}
        started: str = await start(kernel_id=kernel_id, **more)
        return started

    def remove_kernel(kernel_id: str) -> Any:
        task = asyncio.ensure_future(broker.dismiss(kernel_id))
        running.add(task)
        task.add_done_callback(running.discard)
        return remove(kernel_id)

    manager.start_kernel = start_kernel
    manager.remove_kernel = remove_kernel
