"""Endpoints and roles in the cloud."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.calling import flag, given, string
from jupyter_mlsec.core.model import Confidence, Hit, Severity, Span
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import Bad, Good, Hint
from jupyter_mlsec.rules.endpoints.family import IN_COMMANDS, program, rule

if TYPE_CHECKING:
    import ast

    from jupyter_mlsec.core.view import View

# Keyword to the values that open a network: a flag, or a text in lower case.
_OPEN: dict[str, tuple[bool | str, ...]] = {
    "enable_network_isolation": (False,),
    "EnableNetworkIsolation": (False,),
    "DirectInternetAccess": ("enabled",),
    "direct_internet_access": ("enabled",),
    "AppNetworkAccessType": ("publicinternetonly",),
    "app_network_access_type": ("publicinternetonly",),
    "public_network_access": ("enabled", True),
    "public_network_access_enabled": (True,),
    "publicNetworkAccess": ("enabled",),
    "PubliclyAccessible": (True,),
    "publicly_accessible": (True,),
    "CidrIp": ("0.0.0.0/0",),
    "no_public_ip": (False,),
    "noPublicIp": (False,),
    "allow_public_access": (True,),
}
_OPTIONS = lazy(
    r"--(?:direct-internet-access|public-network-access)[= ]+enabled"
    r"|--app-network-access-type[= ]+publicinternetonly|--publicly-accessible"
    r"|--cidr[= ]+0\.0\.0\.0/0|--source-ranges[= ]+0\.0\.0\.0/0|--no-enable-network-isolation",
    2,
)


@rule(
    "public-endpoint-network",
    "A managed endpoint or notebook is open to the internet",
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    hints=(
        Hint(
            "public-network",
            r"network_?isolation|internet_?access|network_?access_?|public_?ip"
            r"|publicly_?accessible|public_access|CidrIp",
            ("isolation", "access", "public", "cidrip"),
            ignore_case=True,
        ),
        Hint(
            "public-network",
            r"internet-access|network-access|publicly-accessible|0\.0\.0\.0/0"
            r"|network-isolation",
            ("internet-access", "network-access", "accessible", "0.0.0.0/0", "isolation"),
        ),
    ),
    languages=IN_COMMANDS,
    references=("CWE-284", "AML.T0040"),
    examples=(
        Bad(
            'sm.create_notebook_instance(Name="n", DirectInternetAccess="Enabled")',
            at='DirectInternetAccess="Enabled"',
        ),
        Bad("Model(image, enable_network_isolation=False)", at="enable_network_isolation=False"),
        Bad(
            'ManagedOnlineEndpoint(name="e", public_network_access="enabled")',
            at='public_network_access="enabled"',
        ),
        Bad(
            "%%bash\naws ec2 authorize-security-group-ingress --group-id g --port 22 --cidr "
            "0.0.0.0/0",
            at="aws ec2 authorize-security-group-ingress --group-id g --port 22 --cidr 0.0.0.0/0",
        ),
        Bad(
            'rds.create_db_instance(**{"PubliclyAccessible": True})',
            at='"PubliclyAccessible": True',
        ),
        Good("Model(image, enable_network_isolation=True)", because="it is closed"),
        Good("Model(image, enable_network_isolation=isolate)", because="it is not known here"),
        Good(
            'sm.create_notebook_instance(DirectInternetAccess="Disabled")', because="it is closed"
        ),
        Good('ec2.authorize_security_group_ingress(CidrIp="10.0.0.0/8")', because="one network"),
        Good("# enable_network_isolation=False", because="a comment"),
        Good('print("DirectInternetAccess=Enabled")', because="a string"),
    ),
)
def public_endpoint_network(view: View) -> Iterator[Hit]:
    """Whoever knows or scans for the address reaches the model or the notebook, and what runs in it
    sends data wherever it likes. Put both into a private network, and let people in through a
    gateway."""
    message = "{} opens this to the internet; use a private network"
    if view.text.language == "python":
        for name, opening in _OPEN.items():
            if name in view.source:
                for _, value, span in given(view, name):
                    known = string(view, value)
                    state = flag(view, value) if known is None else known.lower()
                    if state in opening:
                        yield Hit(span, message.format(name))
    for command in view.commands:
        line = " ".join(word.text for word in command.argv)
        option = _OPTIONS.search(line)
        if option and program(command) in ("aws", "az", "gcloud"):
            yield Hit(command.span, message.format(option[0]))


_BROAD = lazy(
    r"(?:arn:aws[\w-]*:iam::aws:policy/)?(?P<aws>AdministratorAccess|PowerUserAccess|IAMFullAccess"
    r"|AmazonSageMakerFullAccess|AmazonS3FullAccess|AmazonBedrockFullAccess|AmazonEC2FullAccess)"
    r"|(?P<gcp>roles/(?:owner|editor|iam\.securityAdmin|resourcemanager\.projectIamAdmin))"
)
_BLOCK = lazy(r"\{[^{}]*\}")
_ALLOWS = lazy(r"[\"']Effect[\"']\s*:\s*[\"']Allow[\"']")
_EVERYTHING = lazy(r"[\"']Action[\"']\s*:\s*\[?\s*[\"']\*(?::\*)?[\"']")
_SHOWS = frozenset(
    "print info debug warning error startswith endswith replace Markdown get".split()
)
_AZURE = frozenset(("Owner", "Contributor", "User Access Administrator"))


@rule(
    "over-broad-iam",
    "A role may do nearly everything",
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    hints=(
        Hint(
            "broad-iam",
            r"FullAccess|AdministratorAccess|PowerUserAccess|roles/\w|projectIamAdmin",
            ("fullaccess", "administratoraccess", "poweruseraccess", "roles/", "projectiamadmin"),
        ),
        Hint(
            "broad-iam", r"Action[\"'][ \t]*:[^\n]*\*|^[ \t]*[\"']\*(?::\*)?[\"']", ("action", "*")
        ),
        Hint("broad-iam", r"role[ \t]+assignment|PolicyArn=[A-Za-z_]", ("assignment", "policyarn")),
    ),
    parts=("source", "file"),
    languages=("python", "shell", "dockerfile"),
    references=("CWE-250", "CWE-732", "AML.T0012"),
    examples=(
        Bad(
            "iam.attach_role_policy(RoleName=r, "
            'PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")',
            at='"arn:aws:iam::aws:policy/AdministratorAccess"',
        ),
        Bad(
            "!gcloud projects add-iam-policy-binding p --member=m --role=roles/owner",
            at="--role=roles/owner",
        ),
        Bad('policy = {"Effect": "Allow", "Action": "*", "Resource": "*"}', at='"Action": "*"'),
        Bad(
            'ARN = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"\n'
            "iam.attach_role_policy(PolicyArn=ARN)",
            at="ARN",
        ),
        Bad("%%bash\naz role assignment create --assignee a --role Owner", at="Owner"),
        Good(
            'iam.attach_role_policy(PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")',
            because="it may only read",
        ),
        Good('policy = {"Effect": "Deny", "Action": "*", "Resource": "*"}', because="it forbids"),
        Good('policy = {"Effect": "Allow", "Action": "s3:GetObject"}', because="one action"),
        Good('print("attach AmazonSageMakerFullAccess to the role")', because="a string"),
        Good('assert "AdministratorAccess" not in policies', because="a check"),
        Good(
            "!gcloud projects add-iam-policy-binding p --role=roles/aiplatform.user",
            because="one service",
        ),
        Good("# roles/owner", because="a comment"),
    ),
)
def over_broad_iam(view: View) -> Iterator[Hit]:
    """Code in the notebook, in its dependencies and in the models that it loads has all that the
    role may do. A role for training needs one bucket, one registry and one job type."""
    if view.text.language == "python":
        for node in _arguments(view):
            text = string(view, node)
            broad = _BROAD.fullmatch(text) if text else None
            if broad:
                yield _hit(view.code.span(node), broad["aws"] or broad["gcp"])
    for command in view.commands:
        if program(command) in ("aws", "gcloud", "eksctl", "gsutil"):
            for word in command.argv:
                found = _BROAD.fullmatch(word.text.rpartition("=")[2])
                if found:
                    yield _hit(word.span, found["aws"] or found["gcp"])
        elif program(command) == "az" and "assignment" in [w.text for w in command.argv]:
            for before, word in zip(command.argv, command.argv[1:], strict=False):
                if before.text == "--role" and word.text in _AZURE:
                    yield _hit(word.span, word.text)
    for block in _BLOCK.finditer(view.source):
        everything = _EVERYTHING.search(view.source, *block.span())
        if everything and _ALLOWS.search(view.source, *block.span()):
            line = view.source.rfind("\n", 0, everything.start()) + 1
            if not view.source[line:].lstrip().startswith("#"):
                yield _hit(Span(*everything.span()), "every action")


def _hit(span: Span, what: str) -> Hit:
    return Hit(span, f"{what} is far more than a notebook needs; allow the few actions it takes")


def _arguments(view: View) -> Iterator[ast.expr]:
    """What is handed to calls, or stands in a dict, but for what is only shown or compared."""
    import ast

    for call in view.code.calls(imports=view.context.imports):
        if call.name.rpartition(".")[2] not in _SHOWS:
            for node in (*call.args, *(k.value for k in call.node.keywords)):
                yield from node.elts if isinstance(node, ast.List | ast.Tuple) else (node,)
    for other in view.code.nodes:
        if isinstance(other, ast.Dict):
            for value in other.values:
                yield from value.elts if isinstance(value, ast.List | ast.Tuple) else (value,)
