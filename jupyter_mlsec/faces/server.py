"""The Jupyter server's extension: the broker of its kernels' secrets.

c.MlsecSecrets.default = "ask"
c.MlsecSecrets.policy = [{"notebook": "*", "reference": "kv/prod/*", "allow": False}]
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any, cast

from jupyter_core.paths import jupyter_runtime_dir
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.extension.application import ExtensionApp
from jupyter_server.serverapp import ServerApp
from tornado import web
from traitlets import Bool, Dict, Enum, List
from traitlets.config import LoggingConfigurable

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials import audit
from jupyter_mlsec.credentials.broker.grants import Default, Grants, Rule, file_of
from jupyter_mlsec.credentials.broker.server import Broker
from jupyter_mlsec.credentials.vault.logins import CREDENTIALS

EVENT = "https://events.jupyter-mlsec.org/secrets/v1"
SCHEMA = {
    "$id": EVENT,
    "version": "1",
    "title": "Secrets",
    "description": "What was done with a secret; never its value.",
    "type": "object",
    "required": ["event", "result"],
    "properties": {
        "event": {"type": "string", "enum": list(audit.EVENTS)},
        **{
            name: {"type": ["string", "null"]}
            for name in ("time", "who", "host", "notebook", "cell", "reference", "provider")
        },
        "pid": {"type": "integer"},
        "version": {"type": ["integer", "null"]},
        "result": {"type": "string"},
    },
}


class MlsecSecrets(LoggingConfigurable):
    """Which notebooks may have which secrets."""

    default = Enum(
        ("allow", "ask", "forbid"),
        "allow",
        help="What happens where no rule and no grant says anything.",
    ).tag(config=True)
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
        return Grants(rules, cast("Default", self.default), file_of(os.environ))


class GrantsHandler(APIHandler):
    """What was granted and what waits to be; granting, refusing, and forgetting the answer."""

    auth_resource = "mlsec"

    @property
    def broker(self) -> Broker:
        broker: Broker = self.settings["mlsec_broker"]
        return broker

    @web.authenticated
    @authorized
    def get(self) -> None:
        known = [
            {"notebook": notebook, "reference": reference, "allow": allow}
            for notebook, reference, allow in self.broker.grants.all()
        ]
        waiting = [
            {"notebook": notebook, "reference": reference}
            for notebook, reference in sorted(self.broker.waiting)
        ]
        self.finish(json.dumps({"grants": known, "waiting": waiting}))

    @web.authenticated
    @authorized
    def post(self) -> None:
        body = self._body("notebook", "reference", allow=True)
        self.broker.decide(body["notebook"], body["reference"], allow=body["allow"] is True)
        self.set_status(204)

    @web.authenticated
    @authorized
    def delete(self) -> None:
        body = self._body("notebook", "reference")
        self.broker.decide(body["notebook"], body["reference"], allow=None)
        self.set_status(204)

    def _body(self, *names: str, **others: Any) -> dict[str, Any]:
        body = self.get_json_body()
        if not isinstance(body, dict) or not all(isinstance(body.get(n), str) for n in names):
            raise web.HTTPError(400, f"the body lacks {' or '.join(names)}")
        return {**others, **body}


class MlsecExtension(ExtensionApp):
    """Starts the broker with the server, gives each kernel its pass, and stops with the server."""

    name = "jupyter_mlsec"
    classes = [MlsecSecrets]  # noqa: RUF012  # as its base has it

    def initialize_settings(self) -> None:
        """Before the handlers, and before any kernel starts."""
        server = cast("ServerApp", self.serverapp)
        broker = make_broker(server)
        self.settings["mlsec_broker"] = broker
        keep = MlsecSecrets(parent=server).keep_login
        hand_out(server.kernel_manager, broker, () if keep else CREDENTIALS)
        server.io_loop.add_callback(self._begin, broker)

    def initialize_handlers(self) -> None:
        self.handlers.append(("/mlsec/api/grants", GrantsHandler))

    async def _begin(self, broker: Broker) -> None:
        try:
            await broker.start()
        except OSError as error:
            self.log.warning("no broker for secrets, kernels log in themselves: %s", error.strerror)

    async def stop_extension(self) -> None:
        """What was leased is given back before the server ends."""
        await self.settings["mlsec_broker"].stop()


def make_broker(app: ServerApp) -> Broker:
    """The broker of a server: it knows kernels' notebooks, and tells what was done as events."""
    events: Any = app.event_logger
    events.register_event_schema(SCHEMA)

    async def notebook(kernel: str) -> str | None:
        try:
            session = await app.session_manager.get_session(kernel_id=kernel)
        except web.HTTPError:
            return None  # a kernel without a session: nbclient's, or a console's
        path: str | None = session.get("path")
        return path

    def hear(line: dict[str, Any]) -> None:
        app.io_loop.add_callback(lambda: events.emit(schema_id=EVENT, data=line))

    return Broker(
        Path(jupyter_runtime_dir()),
        MlsecSecrets(parent=app).grants(),
        notebook=notebook,
        hear=hear,
    )


def hand_out(manager: Any, broker: Broker, without: Collection[str]) -> None:
    """Kernels of this manager are started with a pass and without the variables named, and lose
    the pass when they are removed. Without a broker that listens they are started as ever."""
    start, remove = manager.start_kernel, manager.remove_kernel

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
        _running.add(task)
        task.add_done_callback(_running.discard)
        return remove(kernel_id)

    manager.start_kernel = start_kernel
    manager.remove_kernel = remove_kernel


_running: set[asyncio.Future[None]] = set()  # or they could be collected before they are done
