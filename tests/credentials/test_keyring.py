"""Real keyrings: the desktop's, which encrypts, and those of the package keyrings.alt, which keep
plain text or call that encryption, and are refused."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = ("dbus-run-session", "gnome-keyring-daemon")
MISSING = [name for name in PROGRAMS if shutil.which(name) is None]

_UNLOCK = "printf own | gnome-keyring-daemon --unlock --components=secrets > /dev/null 2>&1; "
_KEPT = """
import os
from pathlib import Path
from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials import embedded
from jupyter_mlsec.credentials.local import KeyringProvider
from jupyter_mlsec.credentials.reference import parse
from jupyter_mlsec.credentials.vault.provider import VaultProvider
store, ref = KeyringProvider(), parse("keyring://my/service/me")
store.put(ref, "kept", 0)
print(store.get(ref).data["me"])
try: store.put(ref, "other", 0)
except MlsecError as e: print(e.full)
# the keys of one's own Vault
started = embedded.start()
print(started.keys_in, Path(started.folder, "keys.json").exists())
VaultProvider().put(parse("kv/a#k"), "value")
embedded.stop(); embedded.start()
print(VaultProvider().get(parse("kv/a#k")).data["k"], embedded.stop())
"""
_REFUSED = """
from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials import keyrings
from jupyter_mlsec.credentials.local import KeyringProvider
from jupyter_mlsec.credentials.reference import parse
print(keyrings.safe())
try: KeyringProvider().put(parse("keyring://a/b"), "value")
except MlsecError as e: print(e.full)
"""


def _run(home: Path, *command: str, **given: str) -> list[str]:
    """The lines that a process prints, whose home is that folder and which has no desktop."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("VAULT_", "BAO_", "XDG_", "DBUS_", "DISPLAY", "MLSEC_"))
    }
    (home / "run").mkdir(mode=0o700, exist_ok=True)
    environment = {**kept, "HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run"), **given}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


def test_the_desktop_s_keyring_keeps_secrets_and_the_keys_of_one_s_own_vault(
    tmp_path: Path,
) -> None:
    if MISSING:
        (pytest.fail if os.environ.get("MLSEC_E2E") == "required" else pytest.skip)(
            f"not installed: {', '.join(MISSING)}"
        )
    script = tmp_path / "kept.py"
    script.write_text(_KEPT)
    command = f"{_UNLOCK}exec {sys.executable} {script}"
    lines = _run(
        tmp_path, "dbus-run-session", "--", "sh", "-c", command,
        MLSEC_VAULT_DIR=str(tmp_path / "vault"), MLSEC_AUDIT_LOG=str(tmp_path / "log"),
    )  # fmt: skip
    assert lines == [
        "kept",
        "me at my/service in the keyring exists already; choose another name, or write over it",
        "the OS keyring False",
        "value True",
    ]


@pytest.mark.parametrize(
    "backend",
    [
        "",
        "keyrings.alt.file.PlaintextKeyring",
        "keyrings.alt.file.EncryptedKeyring",  # which fails by itself without its library
        "keyring.backends.null.Keyring",
        "nothing.like.that",
    ],
)
def test_what_keeps_plain_text_is_refused(tmp_path: Path, backend: str) -> None:
    """Where it is the only one, and where the user has chosen it."""
    given = {"PYTHON_KEYRING_BACKEND": backend} if backend else {}
    safe, said = _run(tmp_path, sys.executable, "-c", _REFUSED, **given)
    assert safe == "None"
    assert said.startswith("this machine has no keyring that encrypts what it keeps; ")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_keyrings_that_keep_plain_text_are_what_others_would_take(tmp_path: Path) -> None:
    """Or the refusals prove nothing."""
    code = "import keyring; keyring.set_password('a', 'b', 'value')"
    _run(tmp_path, sys.executable, "-c", code)
    assert [path.name for path in tmp_path.rglob("*.cfg")] == ["keyring_pass.cfg"]
