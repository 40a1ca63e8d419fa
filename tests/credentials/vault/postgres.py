"""A PostgreSQL of the tests' own, for credentials that a database engine makes."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.credentials.vault.server import Server, free_port


def _programs() -> dict[str, str] | None:
    """`initdb` and `pg_ctl`, from PATH or where Debian has them beside it; None without them."""
    folders = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
    path = os.pathsep.join([os.environ.get("PATH", ""), *folders])
    found = {name: shutil.which(name, path=path) for name in ("initdb", "pg_ctl")}
    return {k: v for k, v in found.items() if v} if all(found.values()) else None


_PROGRAMS = _programs()
INSTALLED = _PROGRAMS is not None


class Database(NamedTuple):
    port: int
    password: str

    def refuses(self, user: str, password: str) -> bool:
        """Whether a login fails, as the database itself says."""
        import psycopg

        try:
            psycopg.connect(
                host="127.0.0.1", port=self.port, user=user, password=password, dbname="postgres"
            ).close()
        except psycopg.OperationalError:
            return True
        return False

    def roles(self) -> list[str]:
        """The logins that a database engine has made and not ended."""
        import psycopg

        asked = "select rolname from pg_roles where rolname like 'v-%'"
        where = f"host=127.0.0.1 port={self.port} dbname=postgres user=postgres"
        with psycopg.connect(where, password=self.password) as connection:
            return [str(name) for (name,) in connection.execute(asked)]

    def mount(self, server: Server, ttl: str = "1h") -> None:
        """`database/creds/ro` of a server gives logins of this database."""
        server("POST", "sys/mounts/database", {"type": "database"})
        config = {
            "plugin_name": "postgresql-database-plugin",
            "allowed_roles": "*",
            "connection_url": f"postgresql://{{{{username}}}}:{{{{password}}}}@127.0.0.1:{self.port}"
            "/postgres?sslmode=disable",
            "username": "postgres",
            "password": self.password,
        }
        server("POST", "database/config/pg", config)
        create = (
            'CREATE ROLE "{{name}}" WITH LOGIN '
            "PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'"
        )
        role = {"db_name": "pg", "creation_statements": create, "default_ttl": ttl, "max_ttl": "2h"}
        server("POST", "database/roles/ro", role)


@contextmanager
def running() -> Iterator[Database]:
    """A database in a folder of its own, stopped and removed at the end.

    Where none is installed the test is skipped; with MLSEC_E2E=required, as in CI, it fails.
    """
    if _PROGRAMS is None:
        required = os.environ.get("MLSEC_E2E") == "required"
        (pytest.fail if required else pytest.skip)("PostgreSQL (initdb, pg_ctl) is not installed")
    root = os.getuid() == 0
    folder = Path(tempfile.mkdtemp(prefix="mlsec-pg-"))
    database = Database(free_port(), secrets.token_hex())
    (folder / "password").write_text(database.password)
    if root:  # which PostgreSQL refuses to run as
        for one in (folder, folder / "password"):
            shutil.chown(one, "postgres")
    user = {"user": "postgres"} if root else {}

    def run(program: str, *arguments: str) -> None:
        command = [_PROGRAMS[program], *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd="/", **user)  # type: ignore[call-overload]

    data = str(folder / "data")
    try:
        run(
            *("initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256", "--no-sync"),
            *("--pwfile", str(folder / "password"), "-E", "UTF8", "--locale=C"),
        )
        options = f"-p {database.port} -c listen_addresses=127.0.0.1 -c fsync=off -k ''"
        log = str(folder / "log")
        run("pg_ctl", "-D", data, "-o", options, "-l", log, "-w", "start")
        try:
            yield database
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
