"""Logging in with who a machine is in its cloud.

Only the requests are tested, against stand-ins for the clouds' metadata servers: the server in
the tests (OpenBao) has none of these methods.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.vault.logins import Auth, Context

_IDENTITY = "Action=GetCallerIdentity&Version=2011-06-15"
_TIMEOUT = 2.0  # seconds: a metadata server is next door, or there is none


def aws(api: Any, context: Context) -> Auth:
    """A signed request for the caller's identity, which Vault sends to AWS
    (developer.hashicorp.com, "AWS auth method", IAM). Credentials as boto3 finds them.

    It is signed for AWS's global endpoint, as `vault login -method=aws` does: that one takes no
    signature of another region, whatever AWS_REGION says. VAULT_AWS_REGION is for a Vault that
    has a regional `sts_endpoint`.
    """
    try:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.session import Session
    except ImportError:
        raise MlsecError("the login by AWS needs boto3", "pip install boto3") from None
    found = Session().get_credentials()
    if found is None:
        raise MlsecError("no AWS credentials are set up here", "see `aws sts get-caller-identity`")
    region, header = context.variable("AWS_REGION"), context.variable("AWS_HEADER")
    host = f"sts.{region}.amazonaws.com" if region else "sts.amazonaws.com"
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    if header:
        headers["X-Vault-AWS-IAM-Server-ID"] = header
    request = AWSRequest("POST", f"https://{host}/", headers, _IDENTITY)
    SigV4Auth(found.get_frozen_credentials(), "sts", region or "us-east-1").add_auth(request)
    body = {
        "role": context.variable("AUTH_ROLE"),
        "iam_http_request_method": request.method,
        "iam_request_url": _base64(request.url),
        "iam_request_body": _base64(_IDENTITY),
        "iam_request_headers": _base64(json.dumps(dict(request.headers))),
    }
    return api.adapter.login(f"/v1/auth/{context.mount('aws')}/login", json=body)["auth"]


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def gcp(api: Any, context: Context) -> Auth:
    """The machine's identity token (cloud.google.com, "Verify VM identity")."""
    role = context.need("AUTH_ROLE", "GCP")
    host = context.environment.get("GCE_METADATA_HOST") or "metadata.google.internal"
    token = _asked(
        "GCP",
        f"http://{host}/computeMetadata/v1/instance/service-accounts/default/identity",
        {"audience": f"vault/{role}", "format": "full"},
        {"Metadata-Flavor": "Google"},
    ).text
    return api.auth.gcp.login(role, token, mount_point=context.mount("gcp"))["auth"]


def azure(api: Any, context: Context) -> Auth:
    """The machine's managed identity (learn.microsoft.com, "Azure Instance Metadata Service")."""
    role = context.need("AUTH_ROLE", "Azure")
    # the name that azure-identity knows for another host
    host = context.environment.get("AZURE_POD_IDENTITY_AUTHORITY_HOST") or "http://169.254.169.254"
    headers = {"Metadata": "true"}
    token = _asked(
        "Azure",
        f"{host}/metadata/identity/oauth2/token",
        {
            "api-version": "2018-02-01",
            "resource": context.variable("AZURE_RESOURCE") or "https://management.azure.com/",
        },
        headers,
    ).json()["access_token"]
    about = _asked("Azure", f"{host}/metadata/instance", {"api-version": "2021-02-01"}, headers)
    machine = about.json()["compute"]
    return api.auth.azure.login(
        role,
        token,
        subscription_id=machine.get("subscriptionId"),
        resource_group_name=machine.get("resourceGroupName"),
        vm_name=machine.get("name"),
        vmss_name=machine.get("vmScaleSetName"),
        mount_point=context.mount("azure"),
    )["auth"]


def _asked(cloud: str, url: str, parameters: Mapping[str, str], headers: Mapping[str, str]) -> Any:
    """The answer of a metadata server; no proxy, no redirect."""
    import requests

    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.get(
                url,
                params=dict(parameters),
                headers=dict(headers),
                timeout=_TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException:
            answer = None
    if answer is None or not answer.ok:
        raise MlsecError(
            f"the metadata server of {cloud} does not say who this machine is",
            f"is this a machine in {cloud}, with an identity of its own?",
        )
    return answer
