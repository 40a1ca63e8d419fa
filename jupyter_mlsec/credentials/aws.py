"""AWS: Secrets Manager and Systems Manager's Parameter Store. Login as boto3 finds it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.edge import guarded
from jupyter_mlsec.credentials.provider import Fetched
from jupyter_mlsec.credentials.reference import Reference
from jupyter_mlsec.credentials.single import chosen, exists, one

_TIMEOUT = 5  # seconds
_MISSING = ("ResourceNotFoundException", "ParameterNotFound")
_THERE = ("ResourceExistsException", "ParameterAlreadyExists")
# What botocore calls its exceptions and AWS its error codes, and what to say of each
_FAILURES = {
    "NoCredentialsError": ("no AWS login is set up", "run `aws configure` or `aws sso login`"),
    "PartialCredentialsError": ("the AWS login is incomplete", "run `aws configure`"),
    "NoRegionError": ("no AWS region is set", "set AWS_DEFAULT_REGION"),
    "ProfileNotFound": ("the AWS profile does not exist", "check AWS_PROFILE"),
    "EndpointConnectionError": ("AWS can't be reached", "check the network, and AWS_REGION"),
    "ConnectTimeoutError": ("AWS did not answer in time", "check the network, and AWS_REGION"),
    "ReadTimeoutError": ("AWS did not answer in time", "try again"),
    "SSOTokenLoadError": ("the AWS login has expired", "run `aws sso login`"),
    "UnauthorizedSSOTokenError": ("the AWS login has expired", "run `aws sso login`"),
    "ExpiredTokenException": ("the AWS login has expired", "log in again (`aws sso login`)"),
    "ExpiredToken": ("the AWS login has expired", "log in again (`aws sso login`)"),
    "UnrecognizedClientException": (
        "AWS does not know this login",
        "see `aws sts get-caller-identity`",
    ),
    "InvalidSignatureException": ("AWS does not accept this login", "check the secret access key"),
    "AccessDeniedException": (
        "AWS does not let this login do that with {name}",
        "ask for {action}",
    ),
    "ThrottlingException": ("AWS takes no more requests just now", "wait a little"),
    "DecryptionFailure": ("AWS can't decrypt {name}", "ask for kms:Decrypt on its key"),
    "InvalidRequestException": ("AWS can't do that with {name}", "is it marked for deletion?"),
}


class _Aws:
    def __init__(self) -> None:
        self._client: Any = None

    def _asked(self, service: str, call: str, name: str, **parameters: Any) -> Any:
        """The answer of a call; MlsecError, or _Gone and _There, for what fails."""
        try:
            if self._client is None:
                self._client = _client(service)
            return getattr(self._client, call)(**parameters)
        except MlsecError:
            raise
        except Exception as error:  # boto3 makes its classes at run time
            raise _failure(error, name, f"{service}:{call.title().replace('_', '')}") from None


class SecretsManagerProvider(_Aws):
    """`aws-sm://name#key`: a key of a secret that is a JSON object; without `#key` all of them,
    or the whole of a secret that is plain text."""

    name = "aws-sm"

    @guarded
    def get(self, ref: Reference) -> Fetched:
        text = self._text(ref.path)
        values = _object(text)
        if values is not None:
            return chosen(ref, values)
        if ref.key is not None:
            raise MlsecError(
                f"{ref.path} is plain text and has no keys", f"write aws-sm://{ref.path}"
            )
        return one(ref, text)

    @guarded
    def put(self, ref: Reference, value: str, cas: int | None = None) -> int:
        try:
            before = self._text(ref.path)
        except _Gone:
            text = value if ref.key is None else json.dumps({ref.key: value})
            self._asked(
                "secretsmanager", "create_secret", ref.path, Name=ref.path, SecretString=text
            )
            return 1
        if cas == 0:
            raise exists(f"{ref.path} in AWS Secrets Manager")
        text = value
        if ref.key is not None:
            values = _object(before)
            if values is None:
                raise MlsecError(f"{ref.path} is plain text and has no keys", "choose another name")
            text = json.dumps({**json.loads(before), ref.key: value})
        self._asked(
            "secretsmanager", "put_secret_value", ref.path, SecretId=ref.path, SecretString=text
        )
        return 1

    @guarded
    def list(self, prefix: str = "") -> list[str]:
        path, hash_, start = prefix.partition("#")
        if hash_:
            keys = sorted(_object(self._text(path)) or ())
            return [f"aws-sm://{path}#{key}" for key in keys if key.startswith(start)]
        names = _pages(
            lambda **more: self._asked("secretsmanager", "list_secrets", "the list", **more),
            "SecretList",
        )
        return [f"aws-sm://{name}" for name in names if name.startswith(prefix)]

    def _text(self, path: str) -> str:
        answer = self._asked("secretsmanager", "get_secret_value", path, SecretId=path)
        if "SecretString" not in answer:
            raise MlsecError(f"{path} holds bytes, not text", "keep it as text")
        return str(answer["SecretString"])


class ParameterStoreProvider(_Aws):
    """`aws-ssm://ml/openai`: the parameter `/ml/openai`; one without a slash has none before it."""

    name = "aws-ssm"

    @guarded
    def get(self, ref: Reference) -> Fetched:
        name = _parameter(ref.path)
        answer = self._asked("ssm", "get_parameter", name, Name=name, WithDecryption=True)
        found = answer["Parameter"]
        return Fetched({ref.path.rpartition("/")[2]: found["Value"]}, found["Version"])

    @guarded
    def put(self, ref: Reference, value: str, cas: int | None = None) -> int:
        """Kept encrypted (SecureString). The new version."""
        name = _parameter(ref.path)
        try:
            answer = self._asked(
                *("ssm", "put_parameter", name),
                Name=name,
                Value=value,
                Type="SecureString",
                Overwrite=cas != 0,
            )
        except _There:
            raise exists(f"{name} in the Parameter Store") from None
        return int(answer["Version"])

    @guarded
    def list(self, prefix: str = "") -> list[str]:
        names = _pages(
            lambda **more: self._asked("ssm", "describe_parameters", "the list", **more),
            "Parameters",
        )
        plain = (name.removeprefix("/") for name in names)
        return [f"aws-ssm://{name}" for name in plain if name.startswith(prefix)]


class _Gone(MlsecError):
    """Nothing is there."""


class _There(MlsecError):
    """Something is there."""


def _client(service: str) -> Any:
    try:
        from boto3.session import Session
        from botocore.config import Config
    except ImportError:
        raise MlsecError(
            "AWS needs the package boto3, which is not installed", "pip install boto3"
        ) from None
    retries = {"max_attempts": 3, "mode": "standard"}
    config = Config(connect_timeout=_TIMEOUT, read_timeout=_TIMEOUT, retries=retries)
    # a session of its own: the default one keeps the login that it found first
    return Session().client(service, config=config)


def _failure(error: Exception, name: str, action: str) -> MlsecError:
    response = getattr(error, "response", None) or {}
    code = response.get("Error", {}).get("Code") or type(error).__name__
    if code in _MISSING:
        return _Gone(f"AWS has nothing called {name} here", "check name, region and account")
    if code in _THERE:
        return _There(f"{name} exists already", "choose another name")
    if code not in _FAILURES:
        return MlsecError(
            f"AWS refused {action} for {name} ({code})", "AWS's documentation says why"
        )
    message, hint = _FAILURES[code]
    return MlsecError(message.format(name=name), hint.format(action=action))


def _object(text: str) -> Mapping[str, str] | None:
    """The values of a JSON object, as text; None if the text is none."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    return {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in found.items()
    }


def _parameter(path: str) -> str:
    return f"/{path}" if "/" in path else path


def _pages(asked: Callable[..., Any], field: str) -> list[str]:
    """The names on all pages of a list."""
    names: list[str] = []
    more: dict[str, str] = {}
    while True:
        answer = asked(MaxResults=50, **more)
        names += [one["Name"] for one in answer[field]]
        if not answer.get("NextToken"):
            return sorted(names)
        more = {"NextToken": answer["NextToken"]}
