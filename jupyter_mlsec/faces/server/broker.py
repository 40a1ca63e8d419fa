"""The Jupyter server's extension: the broker of its kernels' secrets.

c.MlsecSecrets.default = "ask"
c.MlsecSecrets.policy = [{"notebook": "*", "reference": "kv/prod/*", "allow": False}]
"""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_runtime_dir
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import url_path_join
from tornado import web
from traitlets import Dict, Enum, List
from traitlets.config import LoggingConfigurable

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials import audit
from jupyter_mlsec.credentials.broker.grants import Grants, Rule, file_of
from jupyter_mlsec.credentials.broker.server import Broker

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
        return Grants(rules, self.default, file_of(os.environ))


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


def _load_jupyter_server_extension(app: ServerApp) -> None:
    """Start the broker, and give each kernel that starts from now on its pass."""
    broker = make_broker(app)
    app.web_app.settings["mlsec_broker"] = broker
    app.web_app.add_handlers(
        ".*$", [(url_path_join(app.base_url, "mlsec/api/grants"), GrantsHandler)]
    )
    app.io_loop.add_callback(broker.start)
    hand_out(app.kernel_manager, broker)


async def _stop_jupyter_server_extension(app: ServerApp) -> None:
    """What was leased is given back before the server ends."""
    await app.web_app.settings["mlsec_broker"].stop()


def make_broker(app: ServerApp) -> Broker:
    """The broker of a server: it knows kernels' notebooks, and tells what was done as events."""
    app.event_logger.register_event_schema(SCHEMA)

    async def notebook(kernel: str) -> str | None:
        try:
            session = await app.session_manager.get_session(kernel_id=kernel)
        except web.HTTPError:
            return None  # a kernel without a session: nbclient's, or a console's
        path: str | None = session.get("path")
        return path

    def hear(line: dict[str, Any]) -> None:
        app.io_loop.add_callback(lambda: app.event_logger.emit(schema_id=EVENT, data=line))

    return Broker(
        Path(jupyter_runtime_dir()),
        MlsecSecrets(parent=app).grants(),
        notebook=notebook,
        hear=hear,
    )


def hand_out(manager: Any, broker: Broker) -> None:
    """Kernels of this manager are started with a pass, and lose it when they are removed."""
    start, remove = manager.start_kernel, manager.remove_kernel

    async def start_kernel(*, kernel_id: str | None = None, **more: Any) -> str:
        if kernel_id is None or kernel_id not in manager:
            kernel_id = kernel_id or manager.new_kernel_id(**more)
            more["env"] = {**(more.get("env") or os.environ), **broker.admit(kernel_id)}
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
