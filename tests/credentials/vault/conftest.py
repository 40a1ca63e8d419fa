from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jupyter_mlsec.credentials.vault.provider import VaultProvider
from tests.credentials.vault.server import Server, running

Open = Callable[..., VaultProvider]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with running() as one:
        yield one


@pytest.fixture
def opened(server: Server, tmp_path: Path) -> Iterator[Open]:
    """Makes providers whose environment is the server's address and what is given, nothing else:
    by default with the root token. They are closed at the end."""
    made = []

    def make(**environment: str) -> VaultProvider:
        options = {}
        if not any(name.startswith(("VAULT_", "BAO_")) for name in environment):
            environment["VAULT_TOKEN"] = server.root
        for name in ("ask", "tell", "method", "token"):
            if name in environment:
                options[name] = environment.pop(name)
        known = {"VAULT_ADDR": server.address, "HOME": str(tmp_path), **environment}
        made.append(VaultProvider(known, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()
