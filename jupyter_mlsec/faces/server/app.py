"""The extension: its settings, the administrator's policy, and what the routes share."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, cast

from jupyter_core import paths
from jupyter_server.extension.application import ExtensionApp
from msgspec import ValidationError, convert
from traitlets import Bool, Enum, Float, Int, List, Unicode
from traitlets.config.loader import ConfigFileNotFound, JSONFileConfigLoader

from jupyter_mlsec import wire
from jupyter_mlsec.credentials import audit
from jupyter_mlsec.credentials.provider import Provider, open_provider
from jupyter_mlsec.credentials.vault.logins import CREDENTIALS
from jupyter_mlsec.faces.server import broker, grants, handlers, moves, streaming, work
from jupyter_mlsec.faces.server.contents import Contents, Refused
from jupyter_mlsec.faces.server.documents import Documents
from jupyter_mlsec.faces.server.events import Events
from jupyter_mlsec.faces.server.line import Learned, redacting
from jupyter_mlsec.faces.server.pool import Pool
from jupyter_mlsec.faces.server.saving import POLICIES, Saving
from jupyter_mlsec.faces.server.terminal import Terminal

_AUDITED = 500  # lines of the audit log that a browser gets
POLICY_FILE = "jupyter_mlsec_policy.json"
_ROUTES: dict[str, type[handlers.Handler] | type[grants.GrantsSocket]] = {
    "health": handlers.HealthHandler,
    "rules": handlers.RulesHandler,
    "scan": handlers.ScanHandler,
    "scan/paths": streaming.PathsHandler,
    "fix": handlers.FixHandler,
    "move": moves.MoveHandler,
    "strip/preview": handlers.StripHandler,
    "baseline": handlers.BaselineHandler,
    "audit": handlers.AuditHandler,
    "grants": grants.GrantsHandler,
    "grants/live": grants.GrantsSocket,
    "secrets": broker.SecretsHandler,
}


class MlsecApp(ExtensionApp):
    """jupyter-mlsec in a Jupyter server.

    Settings stand in `jupyter_mlsec_config.{py,json}` or behind `--MlsecApp.` on the command
    line. What an administrator writes into `jupyter_mlsec_policy.json` in one of Jupyter's
    system-wide configuration folders (`jupyter --paths`, the last ones) holds over all others.
    """

    name = "jupyter_mlsec"
    classes = [broker.MlsecSecrets]  # noqa: RUF012 - as its base has it
    load_other_extensions = True
    extension_url = "/mlsec/api/health"

    routes = _ROUTES

    on_save = Enum(
        POLICIES,
        default_value="warn",
        help="""What to do when a notebook with a credential beyond doubt is saved. off: nothing.
        warn: an event, for the browser to tell the user. redact: outputs and metadata are saved
        without what is sensitive in them, and the event says so. refuse: the notebook is not
        saved; the browser keeps it, and so does a private copy.""",
    ).tag(config=True)
    keep_refused = Bool(
        True,
        help="""Keep a copy of what was refused, readable by the server's user only, until the
        notebook is saved: with collaboration nothing tells the user in time.""",
    ).tag(config=True)
    required_rules = List(
        Unicode(), help="Rules that run whatever the project and the user ignore."
    ).tag(config=True)
    ignored_rules = List(Unicode(), help="Rules, families or kinds that never run.").tag(
        config=True
    )
    profile = Enum(
        [None, "regular", "pedantic", "auditor"],
        default_value=None,
        allow_none=True,
        help="The profile for all, whatever the project and the user set.",
    ).tag(config=True)
    workers = Int(2, min=1, help="Worker processes; each takes about 70 MB.").tag(config=True)
    time_limit = Float(
        5.0, help="Seconds for one document; a worker that takes longer is killed."
    ).tag(config=True)
    save_time_limit = Float(
        1.0, help="Seconds that a save waits for a scan under `redact` and `refuse`."
    ).tag(config=True)
    max_body = Int(32, help="Megabytes of a request.").tag(config=True)
    max_size = Int(64, help="Megabytes of a file.").tag(config=True)

    def initialize(self) -> None:  # type: ignore[override]
        """As the base class, with the policy over all other settings."""
        for folder in [*reversed(paths.ENV_CONFIG_PATH), *reversed(paths.SYSTEM_CONFIG_PATH)]:
            with suppress(ConfigFileNotFound):
                self.update_config(JSONFileConfigLoader(POLICY_FILE, folder).load_config())
        super().initialize()  # type: ignore[no-untyped-call]

    def initialize_settings(self) -> None:
        """Make what the routes share."""
        server: Any = self.serverapp
        manager = server.contents_manager
        self.locked = wire.Settings(
            self.required_rules or None, self.ignored_rules or None, cast(Any, self.profile)
        )
        self.contents = Contents(manager, self.max_size)
        self.documents = Documents()
        self.events = Events(server.event_logger)
        self.pool = Pool(self.workers, self.time_limit)
        self.saving = Saving(self)
        self._facts: work.Reply | None = None
        manager.register_pre_save_hook(self.saving.before)
        self._give_out_secrets(server)

    def _give_out_secrets(self, server: Any) -> None:
        """Let kernels ask the broker, and put the line between them and browsers."""
        self.redactor = Learned()
        self.broker = broker.make_broker(self)
        self._providers: dict[str, Provider] = {}
        keep = broker.MlsecSecrets(parent=self).keep_login
        broker.hand_out(server.kernel_manager, self.broker, () if keep else CREDENTIALS)
        self.terminal = Terminal(server.kernel_manager, self.redactor)
        server.io_loop.add_callback(self._begin)
        plain = self.settings["kernel_websocket_connection_class"]
        self.settings["kernel_websocket_connection_class"] = redacting(plain, self.redactor)

    def initialize_handlers(self) -> None:
        self.handlers.extend(
            (f"/mlsec/api/{route}", handler) for route, handler in self.routes.items()
        )

    async def _begin(self) -> None:
        """What needs the server's loop."""
        self.pool.warm()
        try:
            await self.broker.start()
        except OSError as error:
            self.log.warning("no broker for secrets, kernels log in themselves: %s", error.strerror)

    async def stop_extension(self) -> None:
        self.saving.close()
        self.pool.close()
        self.terminal.close()
        await self.broker.stop()

    def where(self, path: str, settings: wire.Settings | None = None) -> work.Where:
        """Where a document is, and which settings hold. Raises Problem for what is outside."""
        try:
            full = self.contents.absolute(path)
        except Refused as refused:
            raise handlers.Problem(refused.status, refused.full) from None
        return work.Where(full, self.contents.root, settings or wire.Settings(), self.locked)

    async def facts(self) -> work.Reply:
        """What the workers know of the rules; asked for once."""
        if self._facts is None:
            self._facts = await self.pool.run(lambda known: work.Facts())
        return self._facts

    def audit(self) -> list[wire.AuditEntry]:
        """The last lines of the audit log; none where no secret was ever asked for."""
        entries = []
        for line in audit.last(_AUDITED):
            with suppress(ValidationError):  # written by another version
                entries.append(convert(line, wire.AuditEntry))
        return entries

    def provider(self, name: str) -> Provider:
        """A store, by the login of the server's own user. Raises MlsecError if there is none."""
        if name not in self._providers:
            self._providers[name] = open_provider(name)
        return self._providers[name]
